"""What comes in: detections are checked against fleets and symptoms, and stored before they are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.detections import Detection, fingerprint
from core.errors import Conflict, NotFound, Refused
from core.ids import new_id
from core.incidents import REQUESTED, Incident, Request
from core.model import Scalar
from core.points import Point
from core.severity import Severity
from core.states import FIRST
from loop.context import Context
from store.database import Tx
from store.detections import Accepted


class Intake:
    """Accepts detections and requests, and rings for the incidents that they open."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def accept(self, detections: Sequence[Detection]) -> list[Accepted]:
        """Store all of *detections*, or none. Raises Refused for an unknown fleet, host or symptom."""
        for number, detection in enumerate(detections):
            try:
                self._check(detection)
            except (NotFound, Refused) as error:
                raise Refused(f"detection {number + 1} of {len(detections)}: {error}; nothing was stored") from None
        with self._context.store.write(Point.INTAKE_ACCEPT) as tx:
            accepted = self.fold(tx, detections)
        self.ring(accepted)
        return accepted

    def fold(self, tx: Tx, detections: Sequence[Detection]) -> list[Accepted]:
        """Store checked *detections* within the caller's transaction; `ring` for them after it."""
        return self._context.store.detections.accept(tx, detections, self._context.catalog.symptoms)

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
            opened_at=now,
            changed_at=now,
            last_seen_at=now,
            due_at=now,
        )
        if self._context.store.incidents.is_live(tx, incident.fingerprint):
            raise Conflict(f"{subject} is still under way on {host}; `fleetmend incidents` shows it")
        self._context.store.incidents.open(tx, incident, request.by)
        return incident

    def _check(self, detection: Detection) -> None:
        fleet = self._context.fleet(detection.fleet)
        if fleet.host(detection.host) is None:
            raise Refused(f"the fleet {fleet.name} has no host {detection.host!r}")
        if detection.symptom not in self._context.catalog.symptoms:
            raise Refused(f"there is no symptom {detection.symptom!r}; `fleetmend catalog symptoms` lists them")
