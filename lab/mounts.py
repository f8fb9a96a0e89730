"""A host's file system: the base tree, and a small disk of its own on top, which can be filled without harm."""

from __future__ import annotations

import os
from pathlib import Path

from lab.folders import HostFolder
from lab.programs import LabFailed, attempt, run

DISK_BYTES = 512 * 1024 * 1024
"""How much a host can write. The file behind it takes up only what was written."""


def mount_host(base: Path, folder: HostFolder) -> None:
    """Mount the host's file system, unless it is mounted. Raises LabFailed where the kernel can't layer here."""
    mounted = mounted_below(folder.path)
    for place in (folder.root, folder.disk):
        place.mkdir(parents=True, exist_ok=True)
    if str(folder.disk) not in mounted:
        if not folder.image.exists():
            _make_disk(folder.image)
        run("mount", "-t", "ext4", "-o", "loop,discard,noatime", folder.image, folder.disk)
    if str(folder.root) not in mounted:
        for place in (folder.upper, folder.work):
            place.mkdir(exist_ok=True)
        layers = f"lowerdir={base},upperdir={folder.upper},workdir={folder.work}"
        run("mount", "-t", "overlay", "disk", "-o", layers, folder.root)


def unmount_below(folder: Path) -> list[str]:
    """Unmount everything below *folder*, the last one first. Returns what is still mounted."""
    for place in reversed(mounted_below(folder)):
        if attempt("umount", place).returncode != 0:
            attempt("umount", "--lazy", place)
    return mounted_below(folder)


def mounted_below(folder: Path) -> list[str]:
    """The mount points at and below *folder*, in the order in which they were mounted."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    places = (line.split()[1].replace("\\040", " ") for line in text.splitlines())
    return [place for place in places if place == str(folder) or place.startswith(f"{folder}/")]


def _make_disk(image: Path) -> None:
    aside = image.with_suffix(".new")
    with aside.open("wb") as file:
        os.truncate(file.fileno(), DISK_BYTES)
    try:
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", aside)
    except LabFailed:
        aside.unlink()
        raise
    aside.replace(image)
