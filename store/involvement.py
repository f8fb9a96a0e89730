"""Who was involved in an incident, as the tables say: asked before somebody's yes counts."""

from __future__ import annotations

from sqlalchemy import select

from core.incidents import Incident
from core.involved import Involved
from core.states import State
from store.database import Tx
from store.lendings import Lendings, Way
from store.tables import detections, plans

_FROM_API, _PERSON = "api:", "person:"
_WHERE_A_YES_COUNTS = frozenset({State.PLANNED, State.AWAITING_APPROVAL, State.APPROVED})


def involved_in(tx: Tx, incident: Incident) -> Involved:
    """Who was involved in *incident* so far; nobody in a state in which no yes is counted."""
    if incident.state not in _WHERE_A_YES_COUNTS:
        return Involved()
    own = (detections.c.incident_id == incident.id) & detections.c.source.startswith(_FROM_API)
    sources = tx.all(select(detections.c.source).where(own).distinct())
    reporters = {str(row["source"]).removeprefix(_FROM_API) for row in sources}
    people, pairs = {_PERSON + one for one in reporters}, set()
    for person, way, lender in Lendings.since(tx, incident.opened_at):
        if way is not Way.TOKEN:
            pairs.add((_PERSON + person, _PERSON + lender))
        elif person in reporters:
            people.add(_PERSON + lender)
    people |= _changers(tx, incident)
    return Involved(people=tuple(sorted(people)), pairs=tuple(sorted(pairs)))


def _changers(tx: Tx, incident: Incident) -> set[str]:
    """The people who chose parameters of the plan, one after the other, since it was proposed by nobody of them."""
    proposers = select(plans.c.id, plans.c.proposer).where(plans.c.incident_id == incident.id)
    found: set[str] = set()
    begun = False
    for row in tx.all(proposers.order_by(plans.c.number.desc())):
        begun = begun or row["id"] == incident.plan_id
        if begun and not str(row["proposer"]).startswith(_PERSON):
            break
        if begun:
            found.add(str(row["proposer"]))
    return found
