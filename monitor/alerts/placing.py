"""Which host, symptom and subject of ours an alert means. What can't be said for sure is `unmapped`, and says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.alerts import FROM_HOOK, UNMAPPED, Placed, Told
from core.detections import Detection
from core.fleets import Host
from core.model import Scalar
from core.redaction import Redactor
from core.severity import Severity
from core.sources import IGNORE, HookSource
from core.symptoms import Symptom
from monitor.alerts import values
from monitor.alerts.directory import Directory, Found, name_in

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,252}")
_UNFIT = re.compile(r"[^A-Za-z0-9_./@:\-]")
_MOST_EVIDENCE = 40
_LONGEST_KEPT = 8000
_ENTRIES: Mapping[str, tuple[str, str]] = {
    "mount_missing": ("fleetmend_mounts", "path"),
    "mount_readonly": ("fleetmend_mounts", "path"),
    "folder_over_budget": ("fleetmend_folders", "path"),
    "http_unhealthy": ("fleetmend_http", "url"),
    "port_closed": ("fleetmend_tcp", "port"),
    "certificate_expiring": ("fleetmend_certificates", "path"),
    "clock_drift": ("fleetmend_time", "unit"),
    "database_connections_exhausted": ("fleetmend_databases", "socket"),
    "cpu_runaway": ("fleetmend_processes", "name"),
    "memory_runaway": ("fleetmend_processes", "name"),
    "config_drift": ("fleetmend_files", "path"),
    "backup_stale": ("fleetmend_backups", "tag"),
}
"""Symptom -> the variable whose key is its subject, and what in an entry an alert may call it by."""
_SERVICES = frozenset({"service_failed", "service_down"})
_PATHS = frozenset({"disk_full", "inodes_exhausted"})
_WHOLE_HOST = frozenset(
    {
        "host_unreachable",
        "host_wedged",
        "memory_full",
        "swap_full",
        "cpu_saturated",
        "load_high",
        "reboot_required",
        "process_oom_killed",
    }
)


class _Unmapped(Exception):
    """The message says why, for people."""


class Placer:
    """Places the alerts of one source."""

    def __init__(
        self, name: str, source: HookSource, directory: Directory, symptoms: Mapping[str, Symptom], now: datetime
    ) -> None:
        self._name, self._source, self._directory = name, source, directory
        self._symptoms, self._now = symptoms, now
        self._redactors: dict[str, Redactor] = {}

    def place(self, told: Iterable[Told]) -> list[Placed]:
        """What each alert means."""
        return [self._place(one) for one in told]

    def _place(self, told: Told) -> Placed:
        if told.symptom == IGNORE:
            return Placed(told, self._unmapped(told, None), None, ignored=True)
        found: Found | None = None
        try:
            found = self._host(told)
            if told.problem is not None:
                raise _Unmapped(told.problem)
            symptom = self._symptom(told)
            subject, service = _subject(symptom.id, told.subject, found.host)
        except _Unmapped as why:
            words = str(why) if told.problem is None else told.problem
            kept = told._replace(raw=_kept(told.raw, self._redactor(found)))
            return Placed(kept, self._unmapped(told, found), words)
        severity = values.severity(told.severity, self._source.severities) or symptom.severity
        return Placed(
            told,
            Detection(
                fleet=found.fleet.name,
                host=found.host.name,
                symptom=symptom.id,
                subject=subject,
                service=service,
                severity=severity,
                evidence=self._evidence(told, found),
                source=FROM_HOOK + self._name,
                seen_at=self._now,
            ),
        )

    def _host(self, told: Told) -> Found:
        fleet = self._source.fleet or told.fleet
        if fleet is not None and fleet not in self._directory.fleets:
            readable = "can't be read now" if fleet in self._directory.unreadable else "is not there"
            raise _Unmapped(f"the fleet {fleet[:60]!r} {readable}")
        if not told.hosts:
            raise _Unmapped("it names no host: no label that usually does is there")
        for said in told.hosts:
            found = self._directory.find(said, fleet)
            if len(found) > 1:
                some = ", ".join(f"{one.host.name} in {one.fleet.name}" for one in found[:3])
                raise _Unmapped(f"{said[:80]!r} may be {some}{' and others' if len(found) > 3 else ''}")
            if found:
                return found[0]
        where = f"the fleet {fleet}" if fleet is not None else "any fleet"
        missing = f" (not readable now: {', '.join(self._directory.unreadable)})" if self._directory.unreadable else ""
        raise _Unmapped(f"no host of {where} is called {told.hosts[0][:80]!r}{missing}")

    def _symptom(self, told: Told) -> Symptom:
        if told.symptom is None:
            raise _Unmapped(f"no symptom is known for the alert {told.name[:80]!r}; give it one in sources.yml")
        symptom = self._symptoms.get(told.symptom)
        if symptom is None or symptom.id == UNMAPPED:
            raise _Unmapped(f"there is no symptom {told.symptom[:60]!r}; `fleetmend catalog symptoms` lists them")
        return symptom

    def _unmapped(self, told: Told, found: Found | None) -> Detection:
        """A detection that people see: on the host, if it is known, else on whatever was said."""
        fleet = self._source.fleet or told.fleet
        known = fleet if fleet in self._directory.fleets else None
        host = next((name_in(said) for said in told.hosts if _HOST.fullmatch(name_in(said))), "unknown")
        return Detection(
            fleet=found.fleet.name if found else known or UNMAPPED,
            host=found.host.name if found else host,
            symptom=UNMAPPED,
            subject=_plain(f"{self._name}/{told.name}"),
            severity=values.severity(told.severity, self._source.severities) or Severity.WARNING,
            evidence=self._evidence(told, found),
            source=FROM_HOOK + self._name,
            seen_at=self._now,
        )

    def _redactor(self, found: Found | None) -> Redactor:
        fleet = found.fleet.name if found else ""
        if fleet not in self._redactors:
            self._redactors[fleet] = Redactor(found.fleet.secrets if found else ())
        return self._redactors[fleet]

    def _evidence(self, told: Told, found: Found | None) -> dict[str, Scalar]:
        evidence: dict[str, Scalar] = dict(told.evidence)
        for name, value in told.facts.items():
            key = values.evidence_key(f"label_{name}")
            if len(evidence) < _MOST_EVIDENCE:
                evidence.setdefault(key, value)
        redactor = self._redactor(found)
        whole = "\n".join(f"{key}: {value}" for key, value in evidence.items())
        return evidence if redactor.text(whole) == whole else dict(redactor.value(evidence))


def _kept(raw: Any, redactor: Redactor) -> Any:
    """*raw* for another try later, if it is small; its secrets are not kept."""
    try:
        return redactor.value(raw) if len(json.dumps(raw)) <= _LONGEST_KEPT else None
    except (ValueError, RecursionError):
        return None


def _subject(symptom: str, said: str | None, host: Host) -> tuple[str, str | None]:
    """(subject, service) as our own probes call them."""
    services = host.names_in("fleetmend_services")
    if symptom in _WHOLE_HOST:
        return "", None
    if symptom in _SERVICES:
        if said is None:
            raise _Unmapped("it names no unit or service")
        key = _service(said, host)
        return (key, key) if key is not None else (_plain(said), None)
    if symptom in _PATHS:
        if said is None or not said.startswith("/"):
            raise _Unmapped("it names no mount point")
        return _plain(said), None
    if symptom not in _ENTRIES:
        subject = _plain(said or "")
        return subject, subject if subject in services else None
    variable, by = _ENTRIES[symptom]
    entries = host.entries_in(variable)
    named = [key for key, entry in entries.items() if said in (key, str(entry.get(by)), str(entry.get(by)).rstrip("/"))]
    if said is not None and not named:
        raise _Unmapped(f"no entry of {variable} on {host.name} is or has the {by} {said[:80]!r}")
    keys: Sequence[str] = named or list(entries)
    if len(keys) != 1:
        raise _Unmapped(f"{host.name} has {len(keys)} entries in {variable}, and it does not say which")
    own = entries[keys[0]].get("service")
    service = own if isinstance(own, str) else keys[0] if keys[0] in services else None
    return _plain(keys[0]), service


def _service(said: str, host: Host) -> str | None:
    """The key of the service whose unit *said* is."""
    unit = said.removesuffix(".service")
    entries = host.entries_in("fleetmend_services")
    for key in host.names_in("fleetmend_services"):
        own = str(entries.get(key, {}).get("unit") or key).removesuffix(".service")
        if unit == own:
            return key
    return unit if unit in host.names_in("fleetmend_services") else None


def _plain(text: str) -> str:
    return _UNFIT.sub("_", text)[:200]
