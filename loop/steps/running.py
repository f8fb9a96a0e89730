"""RUN: an approved plan is checked once more, gets its places and its hosts, and is executed step by step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from approver.start import POLICY, RanOut, may_start
from approver.times import freeze_words, frozen
from core.approvals import Answer, Approval, Ruling
from core.errors import BadInput, FleetmendError, Refused
from core.frozen import Frozen, same_as_bound
from core.ids import new_id
from core.leases import Lease
from core.people import OWNER, Act
from core.plans import Plan, Step, step_title
from core.points import Point
from core.runs import Run, RunResult, RunStatus
from core.samples import SignalState
from core.states import State
from loop.narrowing import diffs_digest
from loop.steps.approving import ask_people, current_plan
from loop.steps.foreseeing import binds_diff, foresee
from loop.steps.planning import replan
from loop.steps.storming import wave_of
from loop.steps.through_outages import Follower, while_ours
from loop.work import Work
from store.database import Tx

_NO_ROOM = timedelta(seconds=2)
_UNREADABLE = timedelta(seconds=5)


class _Wait(Exception):
    pass


class _Cooling(Exception):
    pass


def run(work: Work) -> None:
    """The step for `approved`."""
    try:
        # What was read a moment ago does not count here: what runs is what is there now, and what was approved.
        work.sight.look_afresh(work.incident.fleet)
    except BadInput as unreadable:
        _wait(work, _UNREADABLE, f"waits until its inventory can be read: {unreadable}")
        return
    with work.context.store.read():
        plan = current_plan(work)
        approvals = work.context.store.approvals.of(plan.id)
    if _already_clear(work):
        with work.context.store.write(Point.RUNNING_ALREADY_CLEAR) as tx:
            work.move(tx, State.RESOLVED, "it cleared before anything was done: an earlier run on the host mended it")
        return
    try:
        fleet, catalog = work.fleet, work.catalog
        frozen = work.context.binder.freeze(fleet, catalog, plan.steps)
        same_as_bound(plan.bound, frozen.parts)
        plan_now = plan.evolve(policy_digest=fleet.policy_digest, bound=dict(frozen.parts))
        by = may_start(
            plan,
            plan_now.hash,
            approvals,
            work.incident,
            fleet,
            catalog,
            permitted=partial(_still_permitted, work),
            now=work.now,
        )
        if by != POLICY:
            _same_diff(work, plan, frozen)
    except RanOut as ran_out:
        _ask_anew(work, plan, str(ran_out))
        return
    except FleetmendError as error:
        _void(work, approvals, str(error))
        return
    try:
        running, hosts, first = _begin(work, plan, by)
    except _Cooling as cooling:
        _ask_person(work, plan, approvals, str(cooling))
        return
    except _Wait as wait:
        _wait(work, _NO_ROOM, str(wait))
        return
    work.keeper.add(hosts)
    _execute_all(running, plan, first, frozen)
    work.keeper.drop(hosts)


def _wait(work: Work, time: timedelta, why: str) -> None:
    with work.context.store.write(Point.RUNNING_WAIT) as tx:
        work.postpone(tx, work.now + time, f"approved; {why}")


def _still_permitted(work: Work, approval: Approval) -> bool:
    """True if whoever gave *approval* may still give it: people leave, and roles are taken away."""
    if approval.via == OWNER:
        return True
    access = work.context.store.people.access(approval.by.removeprefix("person:"))
    return access is not None and access.may(Act.DECIDE, work.incident.fleet)


def _same_diff(work: Work, plan: Plan, frozen: Frozen) -> None:
    """Where the card says that its diff is stable, what was shown to people is what they approved. Raises Refused."""
    shown = work.context.store.foreseen.get(plan.id)
    if not binds_diff(work, plan) or shown is None or shown.problem is not None:
        return
    wave = wave_of(work, plan) or 0  # the hosts of earlier waves have changed, as they should
    left = plan.evolve(steps=plan.steps[wave:])
    if foresee(work, left, frozen).digest != diffs_digest(shown.previews[wave:]):
        raise Refused("it would change something else now than what was shown to whoever approved it")


def _ask_anew(work: Work, plan: Plan, why: str) -> None:
    with work.context.store.write(Point.RUNNING_ASK_ANEW) as tx:
        ask_people(work, tx, plan, f"{why}: it ran out before the run could start", None, actor="loop")


def _ask_person(work: Work, plan: Plan, approvals: Sequence[Approval], why: str) -> None:
    """The policy's own yes does not reach below a cooldown; a person's does."""
    found = foresee(work, plan, work.context.binder.freeze(work.fleet, work.catalog, plan.steps))
    with work.context.store.write(Point.RUNNING_ASK_PERSON) as tx:
        body = {"plan": work.incident.plan_id, "ruling": Ruling.ASK, "rules": [why]}
        work.note(tx, "policy.ruled", POLICY, body)
        for approval in approvals:
            if approval.by == POLICY and approval.expires_at > work.now:
                work.context.store.approvals.void(tx, approval, why)
        ask_people(work, tx, plan, why, found)


def _void(work: Work, approvals: Sequence[Approval], why: str) -> None:
    """What was approved is not what would run now: the approvals are void, and a new plan is asked for."""
    with work.context.store.write(Point.RUNNING_VOID) as tx:
        for approval in approvals:
            if approval.answer is Answer.APPROVE and approval.expires_at > work.now:
                work.context.store.approvals.void(tx, approval, why)
    replan(work, f"the approval is void ({why}); planned anew")


def _already_clear(work: Work) -> bool:
    """True if another run touched the host since the symptom was last seen, and the symptom is gone by now."""
    incident, store = work.incident, work.context.store
    if incident.request is not None:
        return False
    if not store.runs.ended_on(incident.fleet, incident.host, incident.last_seen_at):
        return False
    states = work.context.recheck.check(work.fleet, store.incidents.signals(incident.id))
    return bool(states) and all(state is SignalState.CLEAR for state in states.values())


def _begin(work: Work, plan: Plan, by: str) -> tuple[Work, list[Lease], Run]:
    """In one transaction: nothing is paused, the budgets have room, the hosts are ours, the run exists.

    Raises _Wait, or _Cooling if the policy alone approved what ran on a host just before.
    """
    fleet, store, remedies = work.fleet, work.context.store, work.catalog.remedies
    with store.write(Point.RUNNING_BEGIN) as tx:
        paused = store.pauses.on(tx, fleet.name)
        if paused is not None:
            raise _Wait(paused)
        freeze = frozen(fleet.file.policy.freezes, work.now, everything=True)
        if freeze is not None:
            raise _Wait(freeze_words(freeze))
        wave = wave_of(work, plan)
        room = store.budgets.reserve(tx, plan, fleet, remedies, only=wave)
        if room.cooling and by == POLICY:
            raise _Cooling("; ".join(room.cooling))
        if room.obstacle is not None:
            raise _Wait(room.obstacle)
        for words in room.cooling:
            work.note(tx, "cooldown.overridden", by, {"plan": plan.id, "reason": words})
        steps = plan.steps if wave is None else plan.steps[wave : wave + 1]
        read_only = all(remedies[step.remedy].read_only for step in steps)
        targets = {host for step in steps for host in step.hosts}
        needed = sorted({*targets, *_beside(work, steps)})
        hosts = [_lease_host(work, tx, host, read_only=read_only) for host in needed]
        first = _begin_step(work, tx, plan, wave or 0)
        title = "; ".join(map(step_title, steps))
        running = work.move(tx, State.RUNNING, f"running {title}", due_at=work.now)
    return running, hosts, first


def _beside(work: Work, steps: Sequence[Step]) -> tuple[str, ...]:
    """Hosts that the steps' remedies act on beside the steps' own: nobody else may be at work there meanwhile."""
    reads = {variable for step in steps for variable in work.catalog.remedy(step.remedy).reads}
    return work.fleet.beside([host for step in steps for host in step.hosts], reads)


def _lease_host(work: Work, tx: Tx, host: str, *, read_only: bool) -> Lease:
    """The host for ourselves, or shared with others that only read."""
    leases, incident = work.context.store.leases, work.incident
    holder, reader = work.keeper.lease.holder, incident.id if read_only else None
    lease = leases.take_host(tx, incident.fleet, host, holder, work.context.settings.lease, reader=reader)
    if lease is None:
        raise _Wait(f"another run is under way on {host}")
    return lease


def _begin_step(work: Work, tx: Tx, plan: Plan, number: int) -> Run:
    step = plan.steps[number]
    begun = Run(
        id=new_id("run"),
        incident_id=work.incident.id,
        plan_id=plan.id,
        step=number,
        remedy=step.remedy,
        fleet=work.incident.fleet,
        hosts=step.hosts,
        parameters=step.parameters,
        read_only=work.catalog.remedy(step.remedy).read_only,
        status=RunStatus.STARTING,
        worker=work.context.worker,
        started_at=work.now,
    )
    work.context.store.runs.begin(tx, begun)
    return begun


def _execute_all(work: Work, plan: Plan, begun: Run, frozen: Frozen) -> None:
    """Execute the steps in order until one fails; then the incident is verified, however they ended."""
    while True:
        result = _execute(work, plan, begun, frozen)
        following = while_ours(work, partial(_end, work, plan, begun, result))
        if following is None:
            return
        begun = following
        try:
            frozen = _frozen_anew(work, plan)
        except FleetmendError as error:
            problem = f"the step before took its time, and meanwhile: {error}; this step was not run"
            result = RunResult(status=RunStatus.FAILED, problem=problem)
            while_ours(work, partial(_end, work, plan, begun, result))
            return


def _frozen_anew(work: Work, plan: Plan) -> Frozen:
    """What the next step gets, as it is now: the same as what was approved. Raises Refused or BadInput."""
    fleet = work.sight.look_afresh(work.incident.fleet)
    frozen = work.context.binder.freeze(fleet, work.sight.catalog(), plan.steps)
    same_as_bound(plan.bound, frozen.parts)
    return frozen


def _end(work: Work, plan: Plan, begun: Run, result: RunResult) -> Run | None:
    """In one transaction: the run is over, and the next one has begun, or the incident is verified (None)."""
    more = result.status is RunStatus.SUCCESSFUL and begun.step + 1 < len(plan.steps) and not work.incident.is_storm
    with work.context.store.write(Point.RUNNING_END) as tx:
        work.context.store.leases.check(tx, work.keeper.lease)
        work.context.store.runs.end(tx, begun, result)
        if not more:
            words = result.problem or "ran without an error; measuring now"
            work.move(tx, State.VERIFYING, words, due_at=work.now)
            return None
        return _begin_step(work, tx, plan, begun.step + 1)


def _execute(work: Work, plan: Plan, begun: Run, frozen: Frozen) -> RunResult:
    runs, follower = work.context.store.runs, Follower(work, begun.id)
    fleet = work.sight.fleet(work.incident.fleet)
    work.sight.forget()  # this takes its time
    try:
        result = work.context.executor.execute(
            begun.id,
            fleet,
            plan.steps[begun.step],
            frozen,
            on_event=follower.on_event,
            on_process=follower.on_process,
            cancelled=follower.cancelled,
        )
    except FleetmendError as error:
        with work.context.store.write(Point.RUNNING_REFUSED) as tx:
            work.note(tx, "run.refused", "runner", {"run": begun.id, "reason": str(error)})
        return RunResult(status=RunStatus.FAILED, problem=str(error))
    follower.end()
    if result.status is RunStatus.CANCELLED and not while_ours(work, partial(runs.cancelled, begun.id)):
        words = "it was stopped with its worker; what it achieved is measured"
        return result.evolve(status=RunStatus.LOST, problem=words)
    return result
