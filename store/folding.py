"""Folding many detections at once: what they fold into is looked up together, and written together at the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from core.detections import Detection
from core.importance import ORDINARY, turn
from core.incidents import Incident
from core.severity import Severity
from core.silences import Aside
from store.database import Tx
from store.tables import detections, incidents

_AT_ONCE = 500
_LIVE = (
    select(
        incidents.c.fingerprint, incidents.c.id, incidents.c.severity, incidents.c.importance, incidents.c.last_seen_at
    )
    .where(incidents.c.ended_at.is_(None))
    .order_by(incidents.c.id)
    .with_for_update(key_share=True)  # it must not end while something is folded into it
)
_FOLD = (
    update(incidents)
    .where(incidents.c.id == bindparam("of"))
    .values(
        detections=incidents.c.detections + bindparam("more"),
        last_seen_at=bindparam("seen"),
        severity=bindparam("worst"),
        importance=bindparam("weight"),
        turn=bindparam("place"),
    )
)


class Target(NamedTuple):
    """A live incident, as far as folding needs to know it."""

    id: str
    severity: Severity
    importance: int
    last_seen_at: datetime

    @classmethod
    def of(cls, incident: Incident) -> Target:
        """What folding needs of *incident*."""
        return cls(incident.id, incident.severity, incident.importance, incident.last_seen_at)


class Batch:
    """Detections that are accepted in one transaction. Nothing but new incidents is written before `flush`."""

    def __init__(
        self,
        tx: Tx,
        found: Sequence[Detection],
        accepted_at: datetime,
        importance: Mapping[str, int],
        aside: Mapping[str, Aside],
    ) -> None:
        self._tx, self._accepted_at, self._importance = tx, accepted_at, importance
        self.aside = dict(aside)
        """What becomes of an incident that a detection opens, by its id."""
        self._rows: list[dict[str, Any]] = []
        self._folds: dict[str, dict[str, Any]] = {}
        self._live = self._look_up(list({one.fingerprint for one in found}))

    def _look_up(self, wanted: Sequence[str]) -> dict[str, Target]:
        live: dict[str, Target] = {}
        for begin in range(0, len(wanted), _AT_ONCE):
            same = incidents.c.fingerprint.in_(wanted[begin : begin + _AT_ONCE])
            for row in self._tx.execute(_LIVE.where(same)).all():
                live[row.fingerprint] = Target(row.id, Severity(row.severity), row.importance, row.last_seen_at)
        return live

    def importance(self, detection: Detection) -> int:
        """How much what *detection* speaks of matters."""
        return self._importance.get(detection.id, ORDINARY)

    def live(self, fingerprint: str) -> Target | None:
        """The live incident of this very problem."""
        return self._live.get(fingerprint)

    def opened(self, incident: Incident) -> None:
        """*incident* was opened: what comes behind may fold into it."""
        self._live[incident.fingerprint] = Target.of(incident)

    def insert(self, detection: Detection, incident_id: str) -> None:
        """Store *detection* as the incident's."""
        values = {name: getattr(detection, name) for name in Detection.model_fields}
        values |= {
            "fingerprint": detection.fingerprint,
            "incident_id": incident_id,
            "accepted_at": self._accepted_at,
            "severity": detection.severity.value,
        }
        self._rows.append(values)

    def fold(self, target: Target, detection: Detection) -> None:
        """Store *detection* as the incident's, and count it there."""
        self.insert(detection, target.id)
        known = self._fold_of(target)
        known["more"] += 1
        known["seen"] = max(known["seen"], detection.seen_at)
        if detection.severity != known["worst"] and detection.severity > known["worst"]:
            known["worst"] = detection.severity
        known["weight"] = max(known["weight"], self.importance(detection))

    def _fold_of(self, target: Target) -> dict[str, Any]:
        known = self._folds.get(target.id)
        if known is None:
            known = {"of": target.id, "more": 0, "seen": target.last_seen_at, "worst": target.severity}
            known["weight"] = target.importance
            self._folds[target.id] = known
        return known

    def redirect(self, parts: Collection[str], target: Target) -> None:
        """What is pending for the incidents *parts* is *target*'s from now on: they became one."""
        for values in self._rows:
            if values["incident_id"] in parts:
                values["incident_id"] = target.id
        for fingerprint, known in self._live.items():
            if known.id in parts:
                self._live[fingerprint] = target
        for fold in [self._folds.pop(part) for part in sorted(parts) if part in self._folds]:
            own = self._fold_of(target)
            own["more"] += fold["more"]
            for name in ("seen", "worst", "weight"):
                own[name] = max(own[name], fold[name])

    def flush(self) -> None:
        """Write what is pending."""
        if self._rows:
            self._tx.execute(insert(detections), self._rows)
        if self._folds:
            # In one order everywhere, so that two transactions never wait for each other.
            folds = [self._folds[name] for name in sorted(self._folds)]
            self._tx.execute(
                _FOLD, [one | {"place": turn(one["worst"], one["weight"])} for one in folds], unproven=True
            )
