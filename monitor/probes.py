"""The shipped probes, all of them, a line each: what a probe reads from the inventory, and what it alone may yield.

A probe that runs on hosts is `on_host/<name>.py`, its entry a model in `entries/`, and one line here. See
docs/howto/add-a-probe.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from core.fleets import Fleet, Host
from fleets.files import FleetFiles
from monitor.entries.access import AuthEntry, SshEntry
from monitor.entries.databases import DatabaseEntry
from monitor.entries.fields import Place, Watched
from monitor.entries.files import FileEntry, FolderEntry, LogEntry, MountEntry
from monitor.entries.keeping import BackupEntry, CertificateEntry
from monitor.entries.metrics import NodeExporterEntry
from monitor.entries.network import FirewallEntry, ResolverEntry
from monitor.entries.outside import HttpEntry, TcpEntry
from monitor.entries.processes import ProcessEntry
from monitor.entries.reading import read_entries
from monitor.entries.services import ScaledEntry, ServiceEntry
from monitor.entries.signed_logs import SignatureEntry
from monitor.entries.upkeep import ClockEntry, PackageEntry
from monitor.signatures import Cursors, patterns, samples_of

REACHABLE = "host.reachable"
"""1 or 0 for each host that the Prober was asked for, whatever the probe."""
PROBE_OK = "probe.ok"
"""1 or 0 for each probe (the subject) on each host: 0 if any part of it could not be measured."""
REACH = "reach"
"""Asks nothing of a host but that it answers: enough to know `host.reachable`."""


class Request(NamedTuple):
    """What a probe is to measure on one host."""

    arguments: dict[str, Any] | None
    """For `probe()` of `on_host/<name>.py`; None if there is nothing to measure."""
    subjects: dict[str, str | None] | None
    """Subject -> service, of all that the probe has to speak of and may; None if it finds its subjects itself."""
    problems: tuple[str, ...]
    """What of the inventory does not fit, one line each."""


class Probe:
    """A shipped probe.

    `samples` are the names, parted by spaces, of what it yields: nobody else may. With `variable`, it measures the
    entries of that variable, each an `entry`: it gets `{<variable without fleetmend_>: {<key>: <entry.sent()>}}`, is
    not sent without entries, and speaks of exactly their keys, each of which belongs to the service that
    `entry.owner()` says. `about` adds arguments that concern the host as a whole (it raises ValueError where they don't
    fit). A probe without a variable, or with `finds_subjects`, names its subjects itself; they belong to no service.
    """

    def __init__(
        self,
        name: str,
        samples: str,
        variable: str | None = None,
        entry: type[Watched] | None = None,
        *,
        about: Callable[[Place], dict[str, Any]] | None = None,
        finds_subjects: bool = False,
        from_controller: bool = False,
    ) -> None:
        self.name, self.samples = name, frozenset(samples.split())
        self.variable, self.entry = variable, entry
        self.from_controller = from_controller
        self._about, self._finds_subjects = about, finds_subjects or variable is None

    def request(self, host: Host, files: FleetFiles, cursors: Cursors = MappingProxyType({})) -> Request:
        """What to ask of *host*. Raises nothing."""
        place = Place(host, files, cursors)
        arguments: dict[str, Any] = {}
        subjects: dict[str, str | None] = {}
        problems: tuple[str, ...] = ()
        if self.variable is not None and self.entry is not None:
            entries, problems = read_entries(host, self.variable, self.entry)
            sent = {}
            for key, entry in entries.items():
                try:
                    sent[key] = entry.sent(key, place)
                    subjects[key] = entry.owner(host, key)
                except ValueError as error:
                    problems = (*problems, f"{self.variable}.{key}: {error}")
            if not sent:
                return Request(None, None if self._finds_subjects else {}, problems)
            arguments = {self.variable.removeprefix("fleetmend_"): sent}
        try:
            arguments |= self._about(place) if self._about else {}
        except ValueError as error:
            return Request(None, None, (*problems, str(error)))
        return Request(arguments, None if self._finds_subjects else subjects, problems)


PROBES: tuple[Probe, ...] = (
    Probe("host", "cpu.used load.per_core memory.used swap.used disk.used inodes.used network.errors"),
    Probe("reboot", "reboot.required"),
    Probe("services", "service.up service.failed", "fleetmend_services", ServiceEntry),
    Probe("scaled", "scaled.busy scaled.spare scaled.running", "fleetmend_scaled", ScaledEntry),
    Probe("folders", "folder.used", "fleetmend_folders", FolderEntry),
    Probe("logs", "log.rate", "fleetmend_logs", LogEntry),
    Probe(
        "signatures",
        samples_of(),
        "fleetmend_signatures",
        SignatureEntry,
        about=lambda _place: {"patterns": patterns()},
    ),
    Probe("mounts", "mount.present mount.writable", "fleetmend_mounts", MountEntry),
    Probe("certificates", "certificate.days", "fleetmend_certificates", CertificateEntry),
    Probe("backups", "backup.age", "fleetmend_backups", BackupEntry),
    Probe("process", "process.cpu process.memory process.count", "fleetmend_processes", ProcessEntry),
    Probe("file", "file.drift", "fleetmend_files", FileEntry),
    Probe("databases", "database.connections database.idle", "fleetmend_databases", DatabaseEntry),
    Probe("firewall", "firewall.drift", "fleetmend_firewall", FirewallEntry),
    Probe("auth", "auth.failures auth.sources", "fleetmend_auth", AuthEntry, finds_subjects=True),
    Probe("ssh", "ssh.drift", "fleetmend_ssh", SshEntry),
    Probe("packages", "package.vulnerable", "fleetmend_packages", PackageEntry),
    Probe("clock", "clock.kept clock.offset", "fleetmend_time", ClockEntry),
    Probe("dns", "dns.ok", "fleetmend_dns", ResolverEntry),
    Probe("http", "http.ok http.seconds", "fleetmend_http", HttpEntry, from_controller=True),
    Probe("tcp", "tcp.open", "fleetmend_tcp", TcpEntry, from_controller=True),
    Probe(
        "node_exporter",
        "cpu.used load.per_core memory.used swap.used disk.used inodes.used service.up service.failed clock.kept",
        "fleetmend_node_exporter",
        NodeExporterEntry,
        from_controller=True,
    ),
    Probe("prometheus", "", from_controller=True),
)


def _by_name(probes: Iterable[Probe]) -> Mapping[str, Probe]:
    return {probe.name: probe for probe in probes}


ON_HOST: Mapping[str, Probe] = _by_name(probe for probe in PROBES if not probe.from_controller)
"""What runs on the hosts."""
FROM_CONTROLLER: Mapping[str, Probe] = _by_name(probe for probe in PROBES if probe.from_controller)
"""What the controller measures from outside (`controller_probes`)."""
BY_NAME: Mapping[str, Probe] = _by_name(PROBES)
RESERVED = frozenset({REACHABLE, PROBE_OK}).union(*(probe.samples for probe in PROBES))
"""Samples that no probe of a user's may yield, so that none can speak for a shipped one."""


def measuring(fleet: Fleet, host: str, probe: str | None, sample: str | None) -> str | None:
    """The probe that yields *sample* on *host*: the symptom's own, or what stands in for it in the fleet's sweeps."""
    if probe is None or sample is None:
        return None
    taken = [
        name
        for sweep in fleet.file.sweeps
        if not sweep.hosts or fleet.is_among(host, sweep.hosts)
        for name in sweep.probes
    ]
    if probe in taken:
        return probe
    return next((name for name in taken if name in BY_NAME and sample in BY_NAME[name].samples), probe)
