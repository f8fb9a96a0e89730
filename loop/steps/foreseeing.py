"""Before people are asked: what exactly would it change? By `--check --diff` on the hosts, within a bound."""

from __future__ import annotations

from datetime import timedelta

from core.approvals import Foreseen
from core.errors import FleetmendError
from core.frozen import Frozen
from core.plans import Plan
from core.runs import Preview, RunStatus
from loop.narrowing import diffs_digest
from loop.work import Work

_LEAST = timedelta(seconds=1)


def foresee(work: Work, plan: Plan, frozen: Frozen) -> Foreseen:
    """Ask check mode about every step of *plan*, with what is *frozen* for it.

    Never raises for what went wrong there: people are told instead.
    """
    deadline = work.now + work.fleet.file.policy.approve.foresee
    previews: list[Preview] = []
    problem: str | None = None
    for step in plan.steps:
        left = deadline - work.now
        if left < _LEAST:
            problem = "there was no time left to foresee every step"
            break
        try:
            preview = work.context.executor.preview(work.fleet, step, frozen, timeout=left)
        except FleetmendError as error:
            problem = str(error)
            break
        previews.append(preview)
        if preview.result.status is not RunStatus.SUCCESSFUL:
            problem = f"check mode: {preview.result.problem or preview.result.status}"
            break
    kept = tuple(previews)
    return Foreseen(plan_id=plan.id, at=work.now, previews=kept, problem=problem, digest=diffs_digest(kept))


def binds_diff(work: Work, plan: Plan) -> bool:
    """True if a card says that its diff is stable, so that an approval binds it, too."""
    return any(work.catalog.remedy(step.remedy).bind_diff for step in plan.steps)
