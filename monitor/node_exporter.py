"""Reads node_exporter's page into the samples that our own probes take on hosts, so that symptoms hold unchanged.

A page has a thousand lines, of which a dozen matter: they are found by their first characters, and nothing else of the
page is looked at. `cpu.used` needs two looks, and compares with the one before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from core.model import Scalar
from monitor.on_host.host import IMAGES, PSEUDO

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_SIMPLE = frozenset(
    {
        "node_load1",
        "node_memory_MemTotal_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_SwapTotal_bytes",
        "node_memory_SwapFree_bytes",
        "node_timex_sync_status",
        "node_timex_offset_seconds",
        "node_reboot_required",
    }
)
_FILESYSTEM = frozenset(
    f"node_filesystem_{name}" for name in ("size_bytes", "free_bytes", "avail_bytes", "files", "files_free")
)
_CPU, _UNIT = "node_cpu_seconds_total", "node_systemd_unit_state"
_WANTED = _SIMPLE | _FILESYSTEM | {_CPU, _UNIT}
_LINES = re.compile(
    rb"\nnode_(" + b"|".join(sorted(name.removeprefix("node_").encode() for name in _WANTED)) + rb")([ {].*)"
)
"""Begins with what is always the same: that is what makes it fast."""
_NOT_THIS = b"} 0"
"""How a line ends that says that a unit is not in a state, as four of five lines of a unit do."""
_IDLE = ("idle", "iowait")
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_MOST_UNITS = 2_000


class Item(NamedTuple):
    """One sample of a host: as `Sample`, without host and time."""

    name: str
    subject: str
    value: float
    evidence: dict[str, Scalar]


class Cpu(NamedTuple):
    """Seconds that all processors together were idle, and passed in all, since the host started."""

    idle: float
    total: float


class Page(NamedTuple):
    """What of a page matters."""

    simple: Mapping[str, float]
    filesystems: Mapping[str, Mapping[str, Any]]
    """Mount point -> its numbers, `fstype` and `device`."""
    units: Mapping[str, str]
    """Unit -> state."""
    cpu: Cpu | None
    cores: int


def read(page: bytes) -> Page:
    """The few metrics of *page* that matter. Lines that can't be read are left out."""
    simple: dict[str, float] = {}
    mounts: dict[str, dict[str, Any]] = {}
    units: dict[str, str] = {}
    idle = total = 0.0
    cores: set[str] = set()
    for found in _LINES.finditer(b"\n" + page):
        name, rest = "node_" + found[1].decode(), found[2]
        if name == _UNIT and rest.endswith(_NOT_THIS):
            continue
        labels, value = _labels_and_value(rest.decode("utf-8", "replace"))
        if value is None:
            continue
        if name in _SIMPLE:
            simple[name] = value
        elif name == _CPU:
            mode = labels.get("mode")
            if mode in _MODES:
                total += value
                idle += value if mode in _IDLE else 0.0
                cores.add(labels.get("cpu", ""))
        elif name == _UNIT:
            if value == 1 and len(units) < _MOST_UNITS:
                units[labels.get("name", "")] = labels.get("state", "")
        elif mount := labels.get("mountpoint"):
            known = mounts.setdefault(mount, {"fstype": labels.get("fstype", ""), "device": labels.get("device", "")})
            known[name.removeprefix("node_filesystem_")] = value
    return Page(simple, mounts, units, Cpu(idle, total) if total else None, len(cores))


def _labels_and_value(text: str) -> tuple[Mapping[str, str], float | None]:
    """What comes behind a metric's name. None for a value that can't be read, or is no finite number."""
    end = text.rfind("}") + 1
    try:
        value = float(text[end:].split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return {}, None
    labels = (_remembered if end <= _OFTEN else _labels)(text[:end])
    return labels, value if math.isfinite(value) else None


def _labels(text: str) -> Mapping[str, str]:
    return {key: value.replace('\\"', '"').replace("\\\\", "\\") for key, value in _LABEL.findall(text)}


_OFTEN = 200
"""Characters of labels that may well be the same on other hosts."""
_remembered = lru_cache(maxsize=4096)(_labels)


def items(page: Page, before: Cpu | None, services: Mapping[str, str], clocks: tuple[str, ...]) -> list[Item]:
    """The samples in *page*. *services*: unit -> key; *clocks*: keys of `fleetmend_time`; *before*: the last look."""
    found: list[Item] = []
    simple = page.simple
    if page.cpu is not None and before is not None and page.cpu.total > before.total:
        used = 1 - (page.cpu.idle - before.idle) / (page.cpu.total - before.total)
        found.append(Item("cpu.used", "", min(1.0, max(0.0, used)), {}))
    load = simple.get("node_load1")
    if load is not None and page.cores:
        found.append(Item("load.per_core", "", load / page.cores, {"load": load, "cores": page.cores}))
    total, available = simple.get("node_memory_MemTotal_bytes"), simple.get("node_memory_MemAvailable_bytes")
    if total and available is not None:
        evidence: dict[str, Scalar] = {"total_bytes": int(total), "available_bytes": int(available)}
        found.append(Item("memory.used", "", 1 - available / total, evidence))
    swap, swap_free = simple.get("node_memory_SwapTotal_bytes"), simple.get("node_memory_SwapFree_bytes")
    if swap is not None and swap_free is not None:
        share = (swap - swap_free) / swap if swap else 0.0
        found.append(Item("swap.used", "", share, {"total_bytes": int(swap)}))
    found += _disks(page.filesystems)
    for unit, key in services.items():
        state = page.units.get(unit)
        if state is not None:
            about: dict[str, Scalar] = {"state": state, "backend": "systemd", "unit": unit}
            found.append(Item("service.up", key, float(state in ("active", "reloading")), about))
            found.append(Item("service.failed", key, float(state == "failed"), about))
    kept = simple.get("node_timex_sync_status")
    if kept is not None:
        off = simple.get("node_timex_offset_seconds")
        for key in clocks:
            found.append(Item("clock.kept", key, float(kept == 1), {} if off is None else {"offset": off}))
    return found


def _disks(filesystems: Mapping[str, Mapping[str, Any]]) -> list[Item]:
    """Each device once, as our own probe does: by the shortest of its mount points."""
    chosen: dict[str, str] = {}
    for mount, numbers in filesystems.items():
        kind, device = str(numbers["fstype"]), str(numbers["device"])
        if PSEUDO.fullmatch(kind) or IMAGES.fullmatch(kind) or (kind == "overlay" and mount != "/"):
            continue
        place = device if device.startswith("/") else mount
        if place not in chosen or (len(mount), mount) < (len(chosen[place]), chosen[place]):
            chosen[place] = mount
    found = []
    for mount in sorted(chosen.values()):
        numbers = filesystems[mount]
        evidence: dict[str, Scalar] = {"mount": mount, "filesystem": numbers["fstype"], "device": numbers["device"]}
        size, free, avail = (numbers.get(name) for name in ("size_bytes", "free_bytes", "avail_bytes"))
        if size is not None and free is not None and avail is not None and size - free + avail > 0:
            share = (size - free) / (size - free + avail)
            found.append(Item("disk.used", mount, share, evidence | {"free_bytes": int(avail)}))
        files, files_free = numbers.get("files"), numbers.get("files_free")
        if files and files_free is not None:
            found.append(Item("inodes.used", mount, (files - files_free) / files, evidence | {"free": int(files_free)}))
    return found
