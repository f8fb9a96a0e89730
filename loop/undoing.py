"""What takes a run back: the undo that the remedy's card names, with the parameters that both have by the same name.

Border: it only says what to ask for. The request goes the way of every other: schema, policy, approval, run.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.catalog import Catalog
from core.errors import Conflict, NotFound, Refused
from core.incidents import Incident, Request
from core.runs import Run
from core.states import State


def undo_of(incident: Incident, runs: Sequence[Run], catalog: Catalog, by: str, *, run_id: str | None) -> Request:
    """The request that takes back the newest of *runs* (newest first), or the one called *run_id*.

    Raises Conflict while the loop is at work on *incident* or if nothing ran, NotFound for a run that is not its own,
    Refused if the remedy can't be taken back.
    """
    if not (incident.state.terminal or incident.state is State.ESCALATED):
        raise Conflict(f"{incident.id} is {incident.state}: wait for its end, or stop its run with `fleetmend cancel`")
    if not runs:
        raise Conflict(f"nothing ran for {incident.id}, so there is nothing to undo")
    run = runs[0] if run_id is None else next((one for one in runs if one.id == run_id), None)
    if run is None:
        raise NotFound(f"{incident.id} has no run {run_id}; `fleetmend runs --incident {incident.id}` lists them")
    done = catalog.remedy(run.remedy)
    if done.undo is None:
        by_hand = "it can be taken back by hand" if done.reversible else "it can't be taken back"
        raise Refused(f"the card of {done.id} names no undo; {by_hand}")
    undo = catalog.remedy(done.undo)
    shared = {one.name: run.parameters[one.name] for one in undo.parameters if one.name in run.parameters}
    return Request(by=by, remedy=undo.id, hosts=run.hosts, parameters=shared, undoes=incident.id)
