"""The journal of every decision, and the proof that nothing in it was changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.filters import JournalFilter
from api.given import READER_OF_ALL, TheSlots, TheStore, Who
from api.views import ProofView
from core.journal import Entry
from core.people import Act

router = APIRouter(prefix="/journal", tags=["journal"])


@router.get("", summary="Read the journal", response_model=list[Entry])
def read_journal(wanted: Annotated[JournalFilter, Query()], store: TheStore, who: Who) -> list[Entry]:
    """Entries in order: behind `after`, or of one incident from its beginning, or else the newest ones.

    Who may not read every fleet sees those of incidents that are there, in the fleets that he may read.
    """
    fleets = who.access.fleets(Act.READ)
    if wanted.after is None and wanted.incident is None:
        return store.journal.last(wanted.limit, fleets=fleets)
    incident_id = None if wanted.incident is None else store.incidents.get(wanted.incident, fleets=fleets).id
    after = wanted.after or 0
    return list(store.journal.entries(after=after, incident_id=incident_id, limit=wanted.limit, fleets=fleets))


@router.get("/verify", summary="Verify the journal", response_model=ProofView, dependencies=[READER_OF_ALL])
def verify_journal(store: TheStore, slots: TheSlots) -> ProofView:
    """Checks the whole chain, that every incident took legal steps only, and that no step ran twice."""
    with slots.taken("proof of the journal"):
        return ProofView(**store.proof()._asdict())
