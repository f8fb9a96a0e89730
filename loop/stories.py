"""How an incident stands, gathered for a message: what is wrong, what is planned, what was decided, what came of it."""

from __future__ import annotations

from core.approvals import Ruling
from core.incidents import REQUESTED, Incident
from core.messages import Story
from core.states import State
from loop.context import Context

_MOST_ENTRIES = 1000


def story_of(context: Context, incident_id: str, *, after: int = 0) -> Story:
    """The incident's story, with the journal's entries behind *after*. Raises NotFound."""
    store = context.store
    with store.read():
        incident = store.incidents.get(incident_id)
        plan = store.plans.get(incident.plan_id) if incident.plan_id is not None else None
        ask = store.asks.get(plan.id) if plan is not None else None
        foreseen = store.foreseen.get(plan.id) if plan is not None else None
        approvals = store.approvals.of(plan.id) if plan is not None else []
        held = plan is not None and incident.state is State.PLANNED and _held(context, plan.id)
        outcomes = store.outcomes.newest(incident_id=incident.id, limit=1)
        entries = tuple(store.journal.entries(after=after, incident_id=incident.id, limit=_MOST_ENTRIES))
    remedies = context.catalog.remedies
    titles = (
        {step.remedy: remedies[step.remedy].title for step in plan.steps if step.remedy in remedies} if plan else {}
    )
    return Story(
        incident=incident,
        symptom=_in_words(context, incident),
        plan=plan,
        remedies=titles,
        ask=ask,
        foreseen=foreseen,
        approvals=tuple(approvals),
        held=held,
        verdict=outcomes[0].verdict if outcomes else None,
        entries=entries,
        link=link_of(context, incident.id),
    )


def link_of(context: Context, incident_id: str) -> str | None:
    """Where people read all of an incident, if the settings say where they reach us."""
    base = context.settings.public_url
    return None if base is None else f"{base}/incidents/{incident_id}"


def _held(context: Context, plan_id: str) -> bool:
    rulings = context.store.rulings.of(plan_id=plan_id)
    return bool(rulings) and rulings[-1].decision.ruling is Ruling.HOLD


def _in_words(context: Context, incident: Incident) -> str:
    if incident.symptom == REQUESTED:
        return "asked for"
    known = context.catalog.symptoms.get(incident.symptom)
    return known.title if known is not None else incident.symptom.replace("_", " ")
