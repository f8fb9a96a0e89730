"""Detections come in here: each is stored and folded into exactly one incident, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from core.clock import Clock
from core.detections import Detection
from core.ids import new_id
from core.incidents import REQUESTED, Incident
from core.severity import Severity
from core.states import FIRST, State
from core.symptoms import Symptom
from store.database import Database, Tx
from store.incidents import Incidents, hold_hosts, incident_of
from store.journal import Journal
from store.tables import detections, incidents, mutes

_LATEST_SHOWN = 200


class Accepted(NamedTuple):
    """Where a detection went. `opened`: it began a new incident, which the loop has to be told of."""

    detection: Detection
    incident_id: str
    opened: bool


class Detections:
    """Accepts detections."""

    def __init__(self, database: Database, clock: Clock, journal: Journal, all_incidents: Incidents) -> None:
        self._database, self._clock, self._journal, self._incidents = database, clock, journal, all_incidents

    def accept(self, tx: Tx, found: Sequence[Detection], symptoms: Mapping[str, Symptom]) -> list[Accepted]:
        """Store *found* and fold each into a live incident, or the one that mutes it, or a new one.

        A live incident of a symptom that explains it, on the same host (and the same service, if both name one),
        takes a detection in; so does one whose remedy is at work on the service or the whole host, if the symptom is
        transient.
        """
        hold_hosts(tx, ((detection.fleet, detection.host) for detection in found))
        return [self._accept_one(tx, detection, symptoms.get(detection.symptom)) for detection in found]

    def _accept_one(self, tx: Tx, detection: Detection, symptom: Symptom | None) -> Accepted:
        causes = () if symptom is None else symptom.explained_by
        incident = self._same_problem(tx, detection) or self._cause(tx, detection, causes)
        if incident is None and symptom is not None and symptom.transient:
            incident = self._treatment(tx, detection)
        if incident is not None:
            self._fold(tx, incident, detection)
            return Accepted(detection, incident.id, opened=False)
        mended = self._mended_since(tx, detection, causes)
        if mended is not None:
            self._insert(tx, detection, mended)
            return Accepted(detection, mended, opened=False)
        muting = tx.one(select(mutes).where(mutes.c.fingerprint == detection.fingerprint))
        if muting is not None and muting["until"] > self._clock.now():
            self._insert(tx, detection, muting["incident_id"])
            body = {"detection": detection.id, "source": detection.source}
            self._journal.append(tx, "detection.muted", detection.source, body, muting["incident_id"])
            return Accepted(detection, muting["incident_id"], opened=False)
        self._incidents.unmute(tx, detection.fingerprint)
        opened = self._new_incident(detection)
        self._incidents.open(tx, opened, detection.source)
        self._insert(tx, detection, opened.id)
        return Accepted(detection, opened.id, opened=True)

    def _same_problem(self, tx: Tx, detection: Detection) -> Incident | None:
        live = (incidents.c.fingerprint == detection.fingerprint) & incidents.c.ended_at.is_(None)
        row = tx.one(select(incidents).where(live).with_for_update(key_share=True))
        return None if row is None else incident_of(row)

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
            incidents.c.state.in_([State.RUNNING.value, State.VERIFYING.value]),
        )
        row = tx.one(query.order_by(incidents.c.opened_at).with_for_update(key_share=True))
        return None if row is None else incident_of(row)

    def _mended_since(self, tx: Tx, detection: Detection, causes: Sequence[str]) -> str | None:
        """The incident that was resolved after this was seen: a sweep that looked before the fix reports late."""
        same = (incidents.c.symptom == detection.symptom) & (incidents.c.subject == detection.subject)
        caused = incidents.c.symptom.in_(causes)
        query = select(incidents.c.id).where(
            incidents.c.fleet == detection.fleet,
            incidents.c.host == detection.host,
            same | caused,
            incidents.c.state == State.RESOLVED.value,
            incidents.c.ended_at >= detection.seen_at,
        )
        row = tx.one(query.order_by(incidents.c.ended_at.desc()))
        return None if row is None else str(row["id"])

    def _fold(self, tx: Tx, incident: Incident, detection: Detection) -> None:
        self._insert(tx, detection, incident.id)
        values = {
            "detections": incidents.c.detections + 1,
            "last_seen_at": max(incident.last_seen_at, detection.seen_at),
            "severity": max(incident.severity, detection.severity, key=lambda severity: Severity(severity).rank),
        }
        tx.execute(update(incidents).where(incidents.c.id == incident.id).values(**values))
        body = {"detection": detection.id, "symptom": detection.symptom, "subject": detection.subject}
        self._journal.append(tx, "detection.folded", detection.source, body, incident.id)

    def _new_incident(self, detection: Detection) -> Incident:
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
            opened_at=now,
            changed_at=now,
            last_seen_at=detection.seen_at,
            due_at=now,
        )

    def _insert(self, tx: Tx, detection: Detection, incident_id: str) -> None:
        values = detection.model_dump()
        values |= {"fingerprint": detection.fingerprint, "incident_id": incident_id, "accepted_at": self._clock.now()}
        tx.execute(insert(detections).values(**values))

    def of(self, incident_id: str) -> list[Detection]:
        """The incident's detections, oldest first (the latest 200)."""
        query = select(detections).where(detections.c.incident_id == incident_id)
        with self._database.read() as tx:
            rows = tx.all(query.order_by(detections.c.accepted_at.desc(), detections.c.id.desc()).limit(_LATEST_SHOWN))
        return [_detection_of(dict(row)) for row in reversed(rows)]

    def count(self) -> int:
        """How many were accepted, ever."""
        with self._database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(detections)).scalar_one())


def _detection_of(row: dict[str, object]) -> Detection:
    return Detection.model_validate({name: row[name] for name in Detection.model_fields})
