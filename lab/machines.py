"""Hosts that run: a systemd-nspawn for each, kept by a shell loop that outlives the command that started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from lab.cgroups import end_groups, groups_of, make_groups, members
from lab.folders import HostFolder, LabFolder
from lab.layout import HERE
from lab.programs import LabFailed, program
from lab.record import LabHost, LabRecord, namespace_of

KEEPER = HERE / "keep-host.sh"
_RUN = Path("/run/systemd/nspawn")
_WAIT = 10.0
_LOOK = 0.02


def power_on(record: LabRecord, host: LabHost, folder: HostFolder) -> None:
    """Start the host's systemd, and a keeper that starts it again after a reboot."""
    power_cut(record.name, host.name, folder)
    groups = make_groups(record.name, host.name)
    (folder.path / "groups").write_text("".join(f"{group}\n" for group in groups), encoding="utf-8")
    namespace = record.namespace(host)
    command = [
        program("systemd-nspawn"),
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        f"--directory={folder.root}",
        f"--machine={namespace}",
        f"--hostname={host.name}",
        f"--network-namespace-path=/run/netns/{namespace}",
        "--capability=CAP_NET_ADMIN",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
        "--bind=/dev/loop-control",
    ]
    with folder.console.open("ab") as console:
        subprocess.Popen(
            ["/bin/sh", str(KEEPER), str(folder.path), *command],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            cwd="/",
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )


def power_cut(lab: str, host: str, folder: HostFolder) -> None:
    """End a host at once: its keeper, and every process in it. Raises LabFailed if one won't go."""
    for keeper in keepers(folder.path):
        _kill(keeper)
    left = end_groups(groups_of(lab, host))
    if left:
        raise LabFailed(f"processes of {host} can't be ended: {', '.join(map(str, left))}")
    _forget(folder, namespace_of(lab, host))


def end_lab(lab: str, folder: LabFolder) -> None:
    """End all hosts of a lab, whatever a record says. Raises LabFailed if a process won't go."""
    for keeper in keepers(folder.hosts):
        _kill(keeper)
    left = end_groups(groups_of(lab))
    if left:
        raise LabFailed(f"processes of the lab {lab!r} can't be ended: {', '.join(map(str, left))}")
    for place in (_RUN / "propagate").glob(f"{namespace_of(lab, '')}*"):
        shutil.rmtree(place, ignore_errors=True)
    for place in folder.hosts.glob("*"):
        _forget(HostFolder(place), namespace_of(lab, place.name))


def keepers(folder: Path) -> list[int]:
    """The keepers of the hosts at or below *folder*."""
    return [pid for pid, words in _command_lines() if _keeps(words, str(folder))]


def is_running(lab: str, host: str) -> bool:
    """Is any process in the host?"""
    return any(True for group in groups_of(lab, host) for _ in members(group))


def leader(folder: HostFolder) -> int | None:
    """The process id, on this machine, of the host's systemd; None while there is none."""
    try:
        nspawn = int(folder.nspawn_pid.read_text(encoding="utf-8"))
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text(encoding="utf-8").split()
        return next((int(child) for child in children if _name(int(child)) == "systemd"), None)
    except (OSError, ValueError):
        return None


def wait_for_leader(folder: HostFolder, seconds: float = _WAIT) -> int:
    """The host's systemd, as soon as it is there. Raises LabFailed with the console's last line if it never is."""
    deadline = time.monotonic() + seconds
    while (found := leader(folder)) is None:
        if time.monotonic() > deadline:
            lines = folder.console.read_text(encoding="utf-8", errors="replace").splitlines()
            raise LabFailed(f"{folder.path.name} does not boot: {lines[-1] if lines else 'nothing on its console'}")
        time.sleep(_LOOK)
    return found


def _forget(folder: HostFolder, namespace: str) -> None:
    """Remove what a systemd-nspawn that was killed leaves of itself in /run."""
    shutil.rmtree(_RUN / "propagate" / namespace, ignore_errors=True)
    if folder.root.exists():
        root = folder.root.stat()
        (_RUN / "locks" / f"inode-{root.st_dev}:{root.st_ino}").unlink(missing_ok=True)


def _keeps(words: list[str], folder: str) -> bool:
    return len(words) > 2 and words[1].endswith(f"/{KEEPER.name}") and (words[2] + "/").startswith(f"{folder}/")


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _WAIT
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(_LOOK)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
