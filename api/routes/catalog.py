"""The catalog: remedies to choose from, and the symptoms that they treat."""

from __future__ import annotations

from fastapi import APIRouter

from api.given import READER, RemedyId, TheLoop
from api.views import CatalogView, RemedyDetail
from core.symptoms import Symptom

router = APIRouter(tags=["catalog"], dependencies=[READER])


@router.get("/catalog", summary="List the remedies", response_model=CatalogView)
def list_catalog(loop: TheLoop) -> CatalogView:
    """Every remedy, and in `problems` what could not be loaded and why."""
    return CatalogView.of(loop.context.catalog)


@router.get("/catalog/{remedy_id}", summary="Show a remedy", response_model=RemedyDetail)
def show_remedy(remedy_id: RemedyId, loop: TheLoop) -> RemedyDetail:
    """The remedy with the JSON Schema of its parameters, and the files that its digest covers."""
    return RemedyDetail.of(loop.context.catalog.remedy(remedy_id))


@router.get("/symptoms", summary="List the symptoms", response_model=list[Symptom])
def list_symptoms(loop: TheLoop) -> list[Symptom]:
    """What can be wrong, and from which level on; a fleet may have levels of its own."""
    return list(loop.context.catalog.symptoms.values())
