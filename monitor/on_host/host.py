"""The machine as a whole: processor, load, memory, swap, disks, inodes, network; from /proc and statvfs alone."""

import errno
import os
import re
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

LOOK = 0.3  # seconds between two looks at the processor
TOP = 3  # busiest processes that are named as evidence
PATIENCE = 2.0  # seconds for a mount to answer; a dead network mount never does
PAGE = os.sysconf("SC_PAGE_SIZE")

PSEUDO = re.compile(
    "autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse[.](gvfsd-fuse|lxcfs|portal)|fusectl"
    "|hugetlbfs|mqueue|nsfs|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|sysfs|tracefs"
)
IMAGES = re.compile("cramfs|erofs|fuse[.]snapfuse|iso9660|squashfs|udf")
"""Read-only images: full by nature."""

Item = Dict[str, Any]


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """Samples of this machine. Shares are 0 to 1; `network.errors` counts since the interface came up."""
    return _busy() + _load() + _memory() + _disks() + _network()


def _sample(name: str, subject: str, value: float, **evidence: Any) -> Item:
    return {"name": name, "subject": subject, "value": value, "evidence": evidence}


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _busy() -> List[Item]:
    """`cpu.used` over LOOK seconds, with the processes that used most of it."""
    idle_before, all_before = cpu_times(_read("/proc/stat"))
    before = {process[:2]: process[3] for process in _processes()}
    time.sleep(LOOK)
    idle, everything = cpu_times(_read("/proc/stat"))
    after = _processes()
    passed = max(1, everything - all_before)
    used = [(max(0, process[3] - before.get(process[:2], process[3])), process) for process in after]
    evidence: Dict[str, Any] = {}
    for rank, (ticks, process) in enumerate(sorted(used, reverse=True)[:TOP], 1):
        evidence.update(_top(rank, process, round(ticks / passed, 3)))
    return [_sample("cpu.used", "", min(1.0, max(0.0, 1 - (idle - idle_before) / passed)), **evidence)]


def cpu_times(stat: str) -> Tuple[int, int]:
    """(idle, all) ticks of all processors together, out of the text of /proc/stat."""
    fields = [int(field) for field in stat.split("\n", 1)[0].split()[1:9]]  # guest time is part of user time
    return fields[3] + fields[4], sum(fields)


def _processes() -> List[Tuple[int, int, str, int, int]]:
    """(pid, start, name, processor ticks, resident bytes) of each process but this one."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            line = _read("/proc/" + name + "/stat")
        except OSError:
            continue  # it ended meanwhile
        head, _, tail = line.rpartition(")")
        fields = tail.split()
        ticks = int(fields[11]) + int(fields[12])
        found.append((int(name), int(fields[19]), head.partition("(")[2], ticks, int(fields[21]) * PAGE))
    return found


def _top(rank: int, process: Tuple[int, int, str, int, int], share: float) -> Dict[str, Any]:
    key = f"top{rank}"
    return {key: process[2], key + "_pid": process[0], key + "_share": share}


def _load() -> List[Item]:
    processors = sum(1 for line in _read("/proc/stat").splitlines() if line[:3] == "cpu" and line[3:4].isdigit()) or 1
    load = float(_read("/proc/loadavg").split()[0])
    return [_sample("load.per_core", "", load / processors, load=load, cores=processors)]


def _memory() -> List[Item]:
    amounts = memory_amounts(_read("/proc/meminfo"))
    total, swap = amounts["MemTotal"], amounts.get("SwapTotal", 0)
    available = amounts.get("MemAvailable", sum(amounts.get(part, 0) for part in ("MemFree", "Buffers", "Cached")))
    evidence: Dict[str, Any] = {"total_bytes": total, "available_bytes": available}
    largest = sorted(_processes(), key=lambda process: process[4], reverse=True)
    for rank, process in enumerate(largest[:TOP], 1):
        evidence.update(_top(rank, process, round(process[4] / total, 3)))
    used = (swap - amounts.get("SwapFree", 0)) / swap if swap else 0.0
    return [
        _sample("memory.used", "", 1 - available / total, **evidence),
        _sample("swap.used", "", used, total_bytes=swap),
    ]


def memory_amounts(meminfo: str) -> Dict[str, int]:
    """Bytes by name, out of the text of /proc/meminfo."""
    lines = (line.split() for line in meminfo.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) == 3}


def _disks() -> List[Item]:
    items: List[Item] = []
    for mount, kind, device in real_mounts(_read("/proc/self/mountinfo")):
        try:
            numbers = _statvfs(mount)
        except PermissionError:
            continue  # somebody's private mount
        except OSError as error:
            items.append({"problem": f"the mount {mount} can't be read: {error.strerror}"})
            continue
        if numbers is None:
            continue
        evidence = {"mount": mount, "filesystem": kind, "device": device}
        used, usable = numbers.f_blocks - numbers.f_bfree, numbers.f_blocks - numbers.f_bfree + numbers.f_bavail
        if usable > 0:
            free = numbers.f_bavail * numbers.f_frsize
            items.append(_sample("disk.used", mount, used / usable, free_bytes=free, **evidence))
        if numbers.f_files > 0:
            share = (numbers.f_files - numbers.f_ffree) / numbers.f_files
            items.append(_sample("inodes.used", mount, share, free=numbers.f_ffree, **evidence))
    return items


def real_mounts(mountinfo: str) -> List[Tuple[str, str, str]]:
    """(mount point, filesystem, device) of what can fill up: no pseudo filesystem or image, and each device once."""
    chosen: Dict[str, Tuple[Tuple[bool, int, str], Tuple[str, str, str]]] = {}
    visible = {line.split()[4]: line for line in mountinfo.splitlines()}  # the last one mounted there hides the others
    for line in visible.values():
        left, _, right = line.partition(" - ")
        fields, (kind, source) = left.split(), right.split()[:2]
        mount = _plain(fields[4])
        read_only = "ro" in fields[5].split(",")
        if PSEUDO.fullmatch(kind) or IMAGES.fullmatch(kind) or (read_only and kind in ("tmpfs", "overlay")):
            continue
        if kind == "overlay" and mount != "/":
            continue  # a container's layer: the same space as the disk below it
        device = source if source.startswith("/") else fields[2]
        rank = (_plain(fields[3]) != "/", len(mount), mount)  # of bind mounts, the one of the whole device
        if device not in chosen or rank < chosen[device][0]:
            chosen[device] = (rank, (mount, kind, _plain(source)))
    return sorted(mount for _, mount in chosen.values())


def _plain(field: str) -> str:
    """Undo the octal escapes of /proc/self/mountinfo."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def _statvfs(mount: str) -> Optional[os.statvfs_result]:
    """The numbers of a mount; None for a file that is mounted alone. Raises OSError if it does not answer."""
    answers: List[Optional[os.statvfs_result]] = []
    errors: List[OSError] = []

    def ask() -> None:
        try:
            answers.append(os.statvfs(mount) if os.path.isdir(mount) else None)
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer")
    return answers[0]


def _network() -> List[Item]:
    items = []
    for line in _read("/proc/net/dev").splitlines()[2:]:
        name, _, rest = line.partition(":")
        name, numbers = name.strip(), [int(field) for field in rest.split()]
        if name != "lo" and not name.startswith("veth"):
            errors, dropped = numbers[2] + numbers[10], numbers[3] + numbers[11]
            items.append(_sample("network.errors", name, errors, dropped=dropped))
    return items
