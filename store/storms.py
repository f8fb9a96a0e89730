"""Gathering a storm: when one more host would open an incident like many others, all of them become one.

Border: it is asked by `Detections`, within the transaction that accepts a batch, and writes nothing by itself before a
storm begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from core.detections import Detection
from core.durations import format_duration
from core.ids import new_id
from core.incidents import Incident
from core.states import FIRST, State
from core.storms import StormRule, storm_key
from store.database import Tx
from store.incidents import Incidents, incident_of
from store.journal import Journal
from store.tables import detections, incident_hosts, incidents

_NOT_AT_WORK = (State.OPEN.value, State.PLANNED.value, State.AWAITING_APPROVAL.value)
_AT_ONCE = 500
_TOLD = 20


class _Kind(NamedTuple):
    fleet: str
    symptom: str
    subject: str

    @property
    def key(self) -> str:
        return storm_key(*self)


class Gathering:
    """The storms of one batch of detections. *rules*: fleet -> its rule; a fleet without one has no storms."""

    def __init__(
        self,
        tx: Tx,
        all_incidents: Incidents,
        journal: Journal,
        found: Sequence[Detection],
        rules: Mapping[str, StormRule],
        now: datetime,
    ) -> None:
        self._tx, self._incidents, self._journal, self._rules, self._now = tx, all_incidents, journal, rules, now
        self._live: dict[str, Incident | None] = {}
        self._alike: dict[_Kind, list[Incident]] = {}
        self._joining: dict[str, set[str]] = {}
        self.parts: frozenset[str] = frozenset()
        """The incidents that became the storm which began last."""
        kinds = {_kind_of(one) for one in found if one.fleet in rules}
        for key in sorted(kind.key for kind in kinds):
            tx.serialise(f"storm:{key}")

    def storm_of(self, detection: Detection) -> Incident | None:
        """The live storm that *detection* belongs to; its host joins it."""
        if detection.fleet not in self._rules:
            return None
        key = _kind_of(detection).key
        if key not in self._live:
            live = select(incidents).where(incidents.c.fingerprint == key, incidents.c.ended_at.is_(None))
            row = self._tx.one(live.with_for_update(key_share=True))
            self._live[key] = None if row is None else incident_of(row)
        storm = self._live[key]
        if storm is not None:
            self._joining.setdefault(storm.id, set()).add(detection.host)
        return storm

    def begin(self, detection: Detection) -> Incident | None:
        """The storm that begins with *detection*, or None: then it opens an incident of its own (tell `opened`)."""
        rule = self._rules.get(detection.fleet)
        if rule is None:
            return None
        kind = _kind_of(detection)
        alike = self._like(kind, rule)
        if len({one.host for one in alike} | {detection.host}) < rule.hosts:
            return None
        storm = self._open(kind, alike, detection, rule)
        self.parts = frozenset(one.id for one in alike)
        self._live[kind.key], self._alike[kind] = storm, []
        return storm

    def opened(self, incident: Incident) -> None:
        """*incident* was opened in this batch: it counts for a storm to come."""
        kind = _Kind(incident.fleet, incident.symptom, incident.subject)
        if kind in self._alike:
            self._alike[kind].append(incident)

    def flush(self) -> None:
        """Write down which hosts joined."""
        for storm_id, hosts in sorted(self._joining.items()):
            new = sorted(hosts - self._known(storm_id, sorted(hosts)))
            if new:
                self._join(storm_id, new)

    def _like(self, kind: _Kind, rule: StormRule) -> list[Incident]:
        """Live incidents of the same kind that nobody is at work on, and that are not older than the rule says."""
        if kind not in self._alike:
            query = select(incidents).where(
                incidents.c.fleet == kind.fleet,
                incidents.c.symptom == kind.symptom,
                incidents.c.subject == kind.subject,
                incidents.c.ended_at.is_(None),
                incidents.c.request.is_(None),
                incidents.c.state.in_(_NOT_AT_WORK),
            )
            self._alike[kind] = [incident_of(row) for row in self._tx.all(query.order_by(incidents.c.id))]
        return [one for one in self._alike[kind] if self._now - one.opened_at <= rule.within]

    def _open(self, kind: _Kind, alike: Sequence[Incident], last: Detection, rule: StormRule) -> Incident:
        """Begin a storm out of *alike*: their detections become its own, and they end as parts of it."""
        hosts = sorted({one.host for one in alike} | {last.host})
        least = min(alike, key=lambda one: (one.importance, one.host))
        worst = max([last.severity, *(one.severity for one in alike)])
        storm = least.evolve(
            id=new_id("inc"),
            fingerprint=kind.key,
            severity=worst,
            state=FIRST,
            reason=f"{len(hosts)} hosts within {format_duration(rule.within)}: one problem",
            version=1,
            detections=sum(one.detections for one in alike),
            importance=max(one.importance for one in alike),
            host_count=len(hosts),
            plan_id=None,
            opened_at=min(one.opened_at for one in alike),
            changed_at=self._now,
            last_seen_at=max(one.last_seen_at for one in alike),
            due_at=self._now,
        )
        self._incidents.open(self._tx, storm, "monitor")
        self._tx.execute(insert(incident_hosts), [_row(storm.id, host, self._now) for host in hosts])
        for one in alike:
            belongs = detections.c.incident_id == one.id
            self._tx.execute(update(detections).where(belongs).values(incident_id=storm.id))
            words = f"part of {storm.id}: {storm.symptom} on {len(hosts)} hosts"
            self._incidents.move(self._tx, one, State.SUPPRESSED, words, actor="monitor", detections=0)
        body = {"hosts": len(hosts), "first": hosts[:_TOLD], "incidents": [one.id for one in alike][:_TOLD]}
        tx = self._tx
        self._journal.append(tx, "storm.gathered", "monitor", body, storm.id)
        return storm

    def _known(self, storm_id: str, hosts: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for begin in range(0, len(hosts), _AT_ONCE):
            own = incident_hosts.c.incident_id == storm_id
            query = select(incident_hosts.c.host).where(own, incident_hosts.c.host.in_(hosts[begin : begin + _AT_ONCE]))
            known |= {str(row["host"]) for row in self._tx.all(query)}
        return known

    def _join(self, storm_id: str, hosts: Sequence[str]) -> None:
        self._tx.execute(insert(incident_hosts), [_row(storm_id, host, self._now) for host in hosts])
        count = select(func.count()).where(incident_hosts.c.incident_id == storm_id).scalar_subquery()
        self._tx.execute(update(incidents).where(incidents.c.id == storm_id).values(host_count=count))
        tx, body = self._tx, {"hosts": len(hosts), "first": list(hosts[:_TOLD])}
        self._journal.append(tx, "storm.joined", "monitor", body, storm_id)


def _row(incident_id: str, host: str, at: datetime) -> dict[str, object]:
    return {"incident_id": incident_id, "host": host, "joined_at": at}


def _kind_of(detection: Detection) -> _Kind:
    return _Kind(detection.fleet, detection.symptom, detection.subject)
