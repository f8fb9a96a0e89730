"""Plans, and what was decided about them."""

from __future__ import annotations

from fastapi import APIRouter

from api.given import ThePlan, TheStore
from api.views import PlanView
from core.approvals import Approval

router = APIRouter(prefix="/plans", tags=["plans"])


@router.get("/{plan_id}", summary="Show a plan", response_model=PlanView)
def show_plan(plan: ThePlan, store: TheStore) -> PlanView:
    """The plan's steps, reasons and alternatives, and the hash that an approval binds."""
    return PlanView.of(plan, store)


@router.get("/{plan_id}/approvals", summary="List the decisions about a plan", response_model=list[Approval])
def list_approvals(plan: ThePlan, store: TheStore) -> list[Approval]:
    """The decisions of the policy and of people, oldest first."""
    return store.approvals.of(plan.id)
