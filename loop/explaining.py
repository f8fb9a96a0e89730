"""Why the policy says what it says: what is on record of a plan, what would be ruled now, what a policy lacks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from approver.policy import decide
from approver.quorum import askers, needed, voices
from core.approvals import Decision
from core.cases import Ruled
from core.durations import format_duration
from core.errors import BadInput
from core.fleets import Fleet
from core.incidents import Incident
from core.model import Model
from core.people import Act
from core.plans import Plan
from core.policies import Mode, RequireProof
from fleets.check_file import check_names
from loop.cases import case_of
from loop.context import Context

_MOST_DIFFERENT = 20


class Explanation(Model):
    """What the policy says about a plan, and who else has a say in it."""

    plan: Plan
    on_record: tuple[Ruled, ...]
    """Every ruling on it, oldest first, each with its whole case."""
    now: Decision | None
    """What would be ruled at this moment; None if the incident has ended or stands on another plan."""
    needed: int
    approved_by: tuple[str, ...]
    may_not_approve: tuple[str, ...]
    """Who asked for it."""


class PolicyFinding(Model):
    """Something about a fleet's policy that somebody should know. `error`: it can't be meant so."""

    level: str
    """`ok`, `note`, `warning` or `error`."""
    key: str
    words: str


class Replay(Model):
    """Every ruling on record, judged again by the rules as they are now."""

    judged: int
    different: int
    first_different: tuple[str, ...]
    """At most twenty, each in a line."""


class PolicyDesk:
    """Answers questions about policies. It decides nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def explain(self, incident: Incident, plan: Plan) -> Explanation:
        """Everything about *plan*, which is one of *incident*'s."""
        store, now = self._context.store, self._context.clock.now()
        fleet, catalog = self._context.fleet(incident.fleet), self._context.catalog
        current = None
        if not incident.state.terminal and incident.plan_id == plan.id:
            current = decide(case_of(store, plan, incident, fleet, catalog, now=now))
        return Explanation(
            plan=plan,
            on_record=tuple(store.rulings.of(plan_id=plan.id)),
            now=current,
            needed=needed(plan, fleet, catalog),
            approved_by=tuple(sorted(voices(incident, plan, fleet, store.approvals.of(plan.id), now))),
            may_not_approve=() if fleet.file.policy.approve.own else tuple(sorted(askers(incident, plan))),
        )

    def replay(self) -> Replay:
        """Judge every ruling on record again. What differs was right by other rules than today's."""
        judged, different = 0, []
        for ruled in self._context.store.rulings.all():
            judged += 1
            again = decide(ruled.case)
            if again.ruling is not ruled.decision.ruling:
                words = f"{ruled.id} ({ruled.case.plan_id}, {ruled.at:%Y-%m-%d %H:%M:%S} UTC)"
                different.append(f"{words}: it was {ruled.decision.ruling}, and would be {again.ruling}")
        return Replay(judged=judged, different=len(different), first_different=tuple(different[:_MOST_DIFFERENT]))

    def check(self, name: str) -> tuple[PolicyFinding, ...]:
        """What is to be said about the policy of the fleet *name*. Raises NotFound."""
        source, catalog = self._context.fleet_source, self._context.catalog
        source.folder(name)
        try:
            file, yaml = source.file_with_lines(name)
            names = {"symptoms": catalog.symptoms, "remedies": catalog.remedies, "probes": catalog.probe_names}
            check_names(yaml, file, **names)
            fleet = self._context.fleet(name)
        except BadInput as problem:
            return (PolicyFinding(level="error", key=problem.key or "fleet.yml", words=str(problem)),)
        found = [PolicyFinding(level=level, key=key, words=words) for level, key, words in self._concerns(fleet)]
        return tuple(found) or (PolicyFinding(level="ok", key="policy", words="nothing speaks against it"),)

    def _concerns(self, fleet: Fleet) -> list[tuple[str, str, str]]:
        file, found = fleet.file, list[tuple[str, str, str]]()
        auto, approve = file.policy.auto, file.policy.approve
        modes = {file.mode, *file.modes.groups.values(), *file.modes.remedies.values()}
        if Mode.AUTO in modes and auto.risk > approve.risk:
            words = f"{auto.risk} is above policy.approve.risk {approve.risk}, above which nothing runs"
            found.append(("warning", "policy.auto.risk", words))
        if Mode.AUTO in modes and file.policy.require_proof is not RequireProof.NEVER:
            bare = [one.id for one in self._context.catalog.remedies.values() if one.vetted and not one.proven]
            if bare:
                words = f"{len(bare)} remedies have no valid proof and ask a person: {', '.join(sorted(bare)[:5])}"
                found.append(("note", "policy.require_proof", words))
        for key, time in (("remind", approve.remind), ("widen", approve.widen)):
            if time is not None and time >= approve.expires:
                words = f"{format_duration(time)} is not before policy.approve.expires: it never comes to that"
                found.append(("warning", f"policy.approve.{key}", words))
        if modes - {Mode.OBSERVE, Mode.SUGGEST}:
            found += self._people(fleet)
        now = self._context.clock.now()
        found += [
            ("note", "policy.freezes", f"{freeze.reason!r} is over since {freeze.to:%Y-%m-%d %H:%M}; take it out")
            for freeze in file.policy.freezes
            if _over(freeze.to, freeze.zone, now)
        ]
        return found

    def _people(self, fleet: Fleet) -> list[tuple[str, str, str]]:
        """Is there anybody to ask, and are there enough of them?"""
        found, notify, rule = list[tuple[str, str, str]](), fleet.file.notify, fleet.file.policy.approve
        if notify.slack is None and not notify.webhook:
            found.append(("note", "notify", "nobody is told of what waits for an answer: set notify.slack or .webhook"))
        permitted = [
            person
            for person in self._context.store.people.all()
            if person.disabled_at is None and any(grant.allows(Act.DECIDE, fleet.name) for grant in person.grants)
        ]
        most = max(rule.approvers.low, rule.approvers.medium, rule.approvers.high)
        if len(permitted) < most:
            words = f"up to {most} people have to approve, and {len(permitted)} may: fleetmend people add NAME --role"
            found.append(("warning", "policy.approve.approvers", f"{words} approver --fleet {fleet.name}"))
        return found


def _over(local: datetime, zone: str, now: datetime) -> bool:
    return local.replace(tzinfo=ZoneInfo(zone)) <= now
