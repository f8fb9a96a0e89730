"""What comes in: detections are checked against fleets and symptoms, and stored before they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from core.detections import Detection, fingerprint
from core.errors import BadInput, Conflict, NotFound, Refused
from core.fleets import Fleet
from core.ids import new_id
from core.importance import importance_of
from core.incidents import REQUESTED, Incident, Request
from core.model import Scalar
from core.points import Point
from core.severity import Severity
from core.silences import Aside
from core.states import FIRST
from core.storms import StormRule
from core.symptoms import Symptom
from loop.context import Context
from loop.group_commit import GroupCommit
from loop.lately import Lately
from loop.maintenance import maintained
from store.database import Tx
from store.detections import Accepted

_ALL = "all"
"""The catalog's symptoms are read all at once."""


class Intake:
    """Accepts detections and requests, and rings for the incidents that they open."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._fleets = Lately(context.fleet)
        self._symptoms = Lately(lambda _all: context.catalog.symptoms)
        self._group = GroupCommit(self._store)

    @property
    def symptoms(self) -> Mapping[str, Symptom]:
        """The catalog's symptoms, as they were a moment ago."""
        return self._symptoms.get(_ALL)

    @property
    def knows_symptoms(self) -> bool:
        """True if `symptoms` reads nothing now."""
        return self._symptoms.known(_ALL) is not None

    async def accept_soon(self, detections: Sequence[Detection]) -> list[Accepted]:
        """`accept` for a caller on an event loop: what waits at the same time is stored in one transaction."""
        if not self.knows_symptoms or any(
            self._fleets.known(name) is None for name in {one.fleet for one in detections}
        ):
            await asyncio.to_thread(self._check_all, detections)  # a fleet may have to be resolved, which takes long
        else:
            self._check_all(detections)
        accepted = await self._group.submit(detections)
        self.ring(accepted)
        return accepted

    def accept(self, detections: Sequence[Detection]) -> list[Accepted]:
        """Store all of *detections*, or none. Raises Refused for an unknown fleet, host or symptom."""
        self._check_all(detections)
        accepted = self._store(detections)
        self.ring(accepted)
        return accepted

    def _store(self, detections: Sequence[Detection]) -> list[Accepted]:
        importance = {
            one.id: importance_of(self._fleets.get(one.fleet).host(one.host), one.service) for one in detections
        }
        aside = maintained(detections, self._fleets.get, self._context.clock.now())
        with self._context.store.write(Point.INTAKE_ACCEPT, urgent=True) as tx:
            return self.fold(tx, detections, importance, aside)

    def fleet(self, name: str) -> Fleet:
        """The fleet as it was a moment ago. Raises NotFound, BadInput."""
        return self._fleets.get(name)

    def fold(
        self,
        tx: Tx,
        detections: Sequence[Detection],
        importance: Mapping[str, int],
        aside: Mapping[str, Aside] | None = None,
    ) -> list[Accepted]:
        """Store checked *detections* within the caller's transaction; `ring` for them after it.

        *importance*: id of a detection -> what `importance_of` says; no inventory is read within a transaction.
        *aside*: id of a detection -> what becomes of the incident that it opens (see `maintained`).
        """
        return self._context.store.detections.accept(
            tx, detections, self.symptoms, importance, aside, self._storms(detections)
        )

    def _storms(self, detections: Sequence[Detection]) -> dict[str, StormRule]:
        """Fleet -> when many hosts are one problem there; a fleet that wants none is left out."""
        rules: dict[str, StormRule] = {}
        for name in {one.fleet for one in detections}:
            with suppress(NotFound, BadInput):  # what could not be mapped to a fleet is no storm
                rule = self._fleets.get(name).file.storms
                if isinstance(rule, StormRule):
                    rules[name] = rule
        return rules

    def ring(self, accepted: Sequence[Accepted]) -> None:
        """Wake the loop for the incidents that were opened."""
        for incident_id in dict.fromkeys(one.incident_id for one in accepted if one.opened):
            self._context.doorbell.ring(incident_id)

    def request(
        self,
        fleet_name: str,
        host: str,
        subject: str,
        request: Request,
        evidence: Mapping[str, Scalar] | None = None,
    ) -> Incident:
        """Open an incident for something that was asked for. Raises Conflict if the same is still being done.

        *evidence* are facts that were measured before; parameters that the card pins to them have to agree.
        """
        with self._context.store.write(Point.INTAKE_REQUEST) as tx:
            incident = self.open_request(tx, fleet_name, host, subject, request, evidence)
        self._context.doorbell.ring(incident.id)
        return incident

    def open_request(
        self,
        tx: Tx,
        fleet_name: str,
        host: str,
        subject: str,
        request: Request,
        evidence: Mapping[str, Scalar] | None = None,
    ) -> Incident:
        """`request` within the caller's transaction; ring for the incident after it."""
        fleet = self._context.fleet(fleet_name)
        if fleet.host(host) is None:
            raise NotFound(
                f"the fleet {fleet_name} has no host {host!r}; `fleetmend fleets show {fleet_name}` lists them"
            )
        now = self._context.clock.now()
        incident = Incident(
            id=new_id("inc"),
            fingerprint=fingerprint(fleet_name, REQUESTED, subject, host),
            fleet=fleet_name,
            symptom=REQUESTED,
            subject=subject,
            host=host,
            service=None,
            severity=Severity.INFO,
            state=FIRST,
            reason=f"asked for by {request.by}",
            version=1,
            detections=0,
            evidence=dict(evidence or {}),
            request=request,
            importance=importance_of(fleet.host(host), None),
            opened_at=now,
            changed_at=now,
            last_seen_at=now,
            due_at=now,
        )
        if self._context.store.incidents.is_live(tx, incident.fingerprint):
            raise Conflict(f"{subject} is still under way on {host}; `fleetmend incidents` shows it")
        self._context.store.incidents.open(tx, incident, request.by)
        return incident

    def _check_all(self, detections: Sequence[Detection]) -> None:
        for number, detection in enumerate(detections):
            try:
                self._check(detection)
            except (NotFound, Refused) as error:
                raise Refused(f"detection {number + 1} of {len(detections)}: {error}; nothing was stored") from None

    def _check(self, detection: Detection) -> None:
        fleet = self._fleets.get(detection.fleet)
        if fleet.host(detection.host) is None:
            raise Refused(f"the fleet {fleet.name} has no host {detection.host!r}")
        if detection.symptom not in self.symptoms:
            raise Refused(f"there is no symptom {detection.symptom!r}; `fleetmend catalog symptoms` lists them")
