"""Detections come in here: each is stored and folded into exactly one incident, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from core.clock import Clock
from core.detections import Detection
from core.ids import new_id
from core.incidents import REQUESTED, Incident
from core.silences import Aside
from core.states import FIRST, State
from core.storms import StormRule, storm_key
from core.symptoms import Symptom
from store.counters import Counter
from store.database import Database, Tx
from store.folding import Batch, Target
from store.incidents import Incidents, hold_hosts, incident_of
from store.journal import Journal
from store.silences import Silences, aside_of
from store.storms import Gathering
from store.tables import detections, incidents, mutes
from store.work_tables import counters

_LATEST_SHOWN = 200


class Accepted(NamedTuple):
    """Where a detection went. `opened`: it began a new incident, which the loop has to be told of."""

    detection: Detection
    incident_id: str
    opened: bool


class Detections:
    """Accepts detections."""

    def __init__(
        self, database: Database, clock: Clock, journal: Journal, all_incidents: Incidents, silences: Silences
    ) -> None:
        self._database, self._clock, self._journal, self._incidents = database, clock, journal, all_incidents
        self._silences = silences

    def accept(
        self,
        tx: Tx,
        found: Sequence[Detection],
        symptoms: Mapping[str, Symptom],
        importance: Mapping[str, int] | None = None,
        aside: Mapping[str, Aside] | None = None,
        storms: Mapping[str, StormRule] | None = None,
    ) -> list[Accepted]:
        """Store *found* and fold each into a live incident, or the one that mutes it, or a new one.

        A live incident of a symptom that explains it, on the same host (and the same service, if both name one),
        takes a detection in; so does one whose remedy is at work on the service or the whole host, if the symptom is
        transient. *importance*: id of a detection -> how much what it speaks of matters. *aside*: id of a detection ->
        what becomes of the incident that it opens; what is silenced is set aside here. *storms*: fleet -> when many
        hosts with one symptom are one incident.
        """
        hold_hosts(tx, ((one.fleet, one.host) for one in found))
        # Before any row is held, so that two transactions can't wait for each other.
        gathering = Gathering(tx, self._incidents, self._journal, found, storms or {}, self._clock.now())
        batch = Batch(tx, found, self._clock.now(), importance or {}, aside or {})
        silences = self._silences.over(tx, sorted({one.fleet for one in found}))
        for one in found if silences else ():
            covering = next((silence for silence in silences if silence.covers(one)), None)
            if covering is not None:
                batch.aside[one.id] = aside_of(covering)
        accepted = [self._accept_one(tx, one, symptoms.get(one.symptom), batch, gathering) for one in found]
        batch.flush()
        gathering.flush()
        return accepted

    def _accept_one(
        self, tx: Tx, detection: Detection, symptom: Symptom | None, batch: Batch, gathering: Gathering
    ) -> Accepted:
        causes = () if symptom is None else symptom.explained_by
        target = batch.live(detection.fingerprint)
        if target is None and detection.id not in batch.aside:
            storm = gathering.storm_of(detection)
            target = None if storm is None else Target.of(storm)
        if target is None:
            other = self._cause(tx, detection, causes)
            if other is None and symptom is not None and symptom.transient:
                other = self._treatment(tx, detection)
            target = None if other is None else Target.of(other)
        if target is not None:
            self._fold(tx, target, detection, batch)
            return Accepted(detection, target.id, opened=False)
        mended = self._mended_since(tx, detection, causes)
        if mended is not None:
            batch.insert(detection, mended)
            return Accepted(detection, mended, opened=False)
        mutable = (detection.fingerprint, storm_key(detection.fleet, detection.symptom, detection.subject))
        muted = mutes.c.fingerprint.in_(mutable) & (mutes.c.until > self._clock.now())
        muting = tx.one(select(mutes).where(muted))
        if muting is not None:
            batch.insert(detection, muting["incident_id"])
            body = {"detection": detection.id, "source": detection.source}
            self._journal.append(tx, "detection.muted", detection.source, body, muting["incident_id"])
            return Accepted(detection, muting["incident_id"], opened=False)
        self._incidents.unmute(tx, detection.fingerprint)
        storm = None if detection.id in batch.aside else gathering.begin(detection)
        if storm is not None:
            batch.redirect(gathering.parts, Target.of(storm))
            self._fold(tx, Target.of(storm), detection, batch)
            return Accepted(detection, storm.id, opened=True)
        opened = self._new_incident(detection, batch.importance(detection))
        self._incidents.open(tx, opened, detection.source)
        aside = batch.aside.get(detection.id)
        if aside is not None:
            opened = self._set_aside(tx, opened, aside)
        if not opened.state.terminal:
            batch.opened(opened)
            gathering.opened(opened)
        batch.insert(detection, opened.id)
        return Accepted(detection, opened.id, opened=True)

    def _set_aside(self, tx: Tx, opened: Incident, aside: Aside) -> Incident:
        moved = self._incidents.move(tx, opened, aside.state, aside.reason, actor="monitor", mute_until=aside.until)
        if aside.state is State.SUPPRESSED:
            self._silences.suppress(tx, moved.id, moved.fingerprint, aside)
        return moved

    def _cause(self, tx: Tx, detection: Detection, causes: Sequence[str]) -> Incident | None:
        query = select(incidents).where(
            incidents.c.fleet == detection.fleet,
            incidents.c.host == detection.host,
            incidents.c.symptom.in_(causes),
            incidents.c.ended_at.is_(None),
        )
        held = query.order_by(incidents.c.opened_at).with_for_update(key_share=True)
        for row in tx.all(held) if causes else ():
            if row["service"] is None or row["service"] == detection.service:
                return incident_of(row)
        return None

    def _treatment(self, tx: Tx, detection: Detection) -> Incident | None:
        """An incident whose remedy is at work on the same service, or on the host as a whole.

        What comes up there now has to clear with it.
        """
        measured = incidents.c.symptom != REQUESTED  # a request is not verified, so that nothing would wait for this
        whole_host = incidents.c.service.is_(None) & (incidents.c.subject == "") & measured
        query = select(incidents).where(
            incidents.c.fleet == detection.fleet,
            incidents.c.host == detection.host,
            whole_host | (incidents.c.service == detection.service) if detection.service is not None else whole_host,
            incidents.c.ended_at.is_(None),
            incidents.c.state.in_([State.RUNNING.value, State.VERIFYING.value]),
        )
        row = tx.one(query.order_by(incidents.c.opened_at).with_for_update(key_share=True))
        return None if row is None else incident_of(row)

    def _mended_since(self, tx: Tx, detection: Detection, causes: Sequence[str]) -> str | None:
        """The incident that was resolved after this was seen: a sweep that looked before the fix reports late."""
        same = (incidents.c.symptom == detection.symptom) & (incidents.c.subject == detection.subject)
        on_host = (incidents.c.fleet == detection.fleet) & (incidents.c.host == detection.host)
        storm = incidents.c.fingerprint == storm_key(detection.fleet, detection.symptom, detection.subject)
        late = (incidents.c.state == State.RESOLVED.value) & (incidents.c.ended_at >= detection.seen_at)
        # Two questions, each with an index of its own; joined by OR they would read every incident of the fleet.
        for which in (on_host & (same | incidents.c.symptom.in_(causes)), storm):
            row = tx.one(select(incidents.c.id).where(which, late).order_by(incidents.c.ended_at.desc()))
            if row is not None:
                return str(row["id"])
        return None

    def _fold(self, tx: Tx, target: Target, detection: Detection, batch: Batch) -> None:
        batch.fold(target, detection)
        body = {"detection": detection.id, "symptom": detection.symptom, "subject": detection.subject}
        self._journal.append(tx, "detection.folded", detection.source, body, target.id)

    def _new_incident(self, detection: Detection, importance: int) -> Incident:
        now = self._clock.now()
        return Incident(
            id=new_id("inc"),
            fingerprint=detection.fingerprint,
            fleet=detection.fleet,
            symptom=detection.symptom,
            subject=detection.subject,
            host=detection.host,
            service=detection.service,
            severity=detection.severity,
            state=FIRST,
            reason=f"seen by {detection.source}",
            version=1,
            detections=1,
            evidence=detection.evidence,
            importance=importance,
            opened_at=now,
            changed_at=now,
            last_seen_at=detection.seen_at,
            due_at=now,
        )

    def of(self, incident_id: str) -> list[Detection]:
        """The incident's detections, oldest first (the latest 200)."""
        query = select(detections).where(detections.c.incident_id == incident_id)
        with self._database.read() as tx:
            rows = tx.all(query.order_by(detections.c.accepted_at.desc(), detections.c.id.desc()).limit(_LATEST_SHOWN))
        return [_detection_of(dict(row)) for row in reversed(rows)]

    def count(self) -> int:
        """How many were accepted, ever: those that were pruned since are counted on."""
        with self._database.read() as tx:
            kept = int(tx.execute(select(func.count()).select_from(detections)).scalar_one())
            pruned = tx.one(select(counters.c.value).where(counters.c.name == Counter.PRUNED_DETECTIONS.value))
        return kept + (0 if pruned is None else int(pruned["value"]))


def _detection_of(row: dict[str, object]) -> Detection:
    return Detection.model_validate({name: row[name] for name in Detection.model_fields})
