"""The journal of every decision, and the proof that nothing in it was changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.filters import JournalFilter
from api.given import TheStore
from api.views import ProofView
from core.journal import Entry

router = APIRouter(prefix="/journal", tags=["journal"])


@router.get("", summary="Read the journal", response_model=list[Entry])
def read_journal(wanted: Annotated[JournalFilter, Query()], store: TheStore) -> list[Entry]:
    """Entries in order: behind `after`, or of one incident from its beginning, or else the newest ones."""
    if wanted.after is None and wanted.incident is None:
        return store.journal.last(wanted.limit)
    incident_id = None if wanted.incident is None else store.incidents.get(wanted.incident).id
    return list(store.journal.entries(after=wanted.after or 0, incident_id=incident_id, limit=wanted.limit))


@router.get("/verify", summary="Verify the journal", response_model=ProofView)
def verify_journal(store: TheStore) -> ProofView:
    """Checks the whole chain, that every incident took legal steps only, and that no step ran twice."""
    return ProofView(**store.proof()._asdict())
