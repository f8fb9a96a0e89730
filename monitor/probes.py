"""The shipped probes: where each is taken, what it reads from the inventory, and which samples it alone may yield."""

from __future__ import annotations

from collections.abc import Mapping

REACHABLE = "host.reachable"
"""1 or 0 for each host that the Prober was asked for, whatever the probe."""
PROBE_OK = "probe.ok"
"""1 or 0 for each probe (the subject) on each host: 0 if any part of it could not be measured."""

ON_HOST: Mapping[str, frozenset[str]] = {
    "host": frozenset(
        {"cpu.used", "load.per_core", "memory.used", "swap.used", "disk.used", "inodes.used", "network.errors"}
    ),
    "services": frozenset({"service.up"}),
    "folders": frozenset({"folder.used"}),
    "process": frozenset({"process.cpu", "process.memory", "process.count"}),
    "file": frozenset({"file.drift"}),
}
"""Probe -> samples, of what runs on the host."""

FROM_CONTROLLER: Mapping[str, frozenset[str]] = {
    "http": frozenset({"http.ok", "http.seconds"}),
    "tcp": frozenset({"tcp.open"}),
}
"""Probe -> samples, of what the controller measures from outside."""

REACH = "reach"
"""Asks nothing of a host but that it answers: enough to know `host.reachable`."""

RESERVED = frozenset({REACHABLE, PROBE_OK}).union(*ON_HOST.values(), *FROM_CONTROLLER.values())
"""Samples that no probe of a user's may yield, so that none can speak for a shipped one."""
