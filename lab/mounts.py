"""A host's file system: the base tree with a layer of its own on top."""

from __future__ import annotations

from pathlib import Path

from lab.folders import HostFolder
from lab.programs import LabFailed, attempt, run


def mount_host(base: Path, folder: HostFolder) -> None:
    """Mount the host's file system, unless it is mounted. Raises LabFailed where the kernel can't layer here."""
    for part in (folder.root, folder.upper, folder.work):
        part.mkdir(parents=True, exist_ok=True)
    if str(folder.root) in mounted_below(folder.path):
        return
    layers = f"lowerdir={base},upperdir={folder.upper},workdir={folder.work}"
    try:
        run("mount", "-t", "overlay", "fleetmend-lab", "-o", layers, folder.root)
    except LabFailed as error:
        hint = "FLEETMEND_LAB has to lie on a file system that overlayfs can write to, such as ext4 or xfs"
        raise LabFailed(f"{error}; {hint}") from None


def unmount_below(folder: Path) -> list[str]:
    """Unmount everything below *folder*, the innermost first. Returns what is still mounted."""
    for place in sorted(mounted_below(folder), key=len, reverse=True):
        if attempt("umount", place).returncode != 0:
            attempt("umount", "--lazy", place)
    return mounted_below(folder)


def mounted_below(folder: Path) -> list[str]:
    """The mount points at and below *folder*."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    places = (line.split()[1].replace("\\040", " ") for line in text.splitlines())
    return [place for place in places if place == str(folder) or place.startswith(f"{folder}/")]
