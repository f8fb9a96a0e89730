"""The policy's ruling on a final plan, with every rule that it met in words. It trusts nothing that the planner claims.

Budgets are not reserved here: the store does that when a run starts. Here they are only said.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from approver.usage import cooling
from catalog.catalog import Catalog
from catalog.proof_rule import barred, lacking
from core.approvals import Decision, Ruling, Usage
from core.durations import format_duration
from core.fleets import Fleet
from core.incidents import Incident
from core.plans import Plan, Proposal
from core.policies import Mode, RequireProof
from core.remedies import Remedy
from core.severity import Risk

Rule = tuple[Ruling | None, str]
"""What a rule asks for (None: it only has to be known), in words."""

_STRICTEST_FIRST = (Ruling.STOP, Ruling.HOLD, Ruling.ASK)


def decide(
    plan: Proposal | Plan, incident: Incident, fleet: Fleet, catalog: Catalog, usage: Usage, *, now: datetime
) -> Decision:
    """Rule on *plan*: the strictest rule that it meets counts, and all are listed, that one's kind first.

    In mode `observe` nothing is done at all, so the ruling is HOLD whatever else is met.
    """
    rules = [
        *_vetted(plan, fleet, catalog),
        *_proven(plan, fleet, catalog),
        *_reach(plan, incident, fleet, catalog),
        *_attempts(fleet, usage),
        *_mode(fleet),
        *_risk(_risk_of(plan, catalog), fleet),
        *_confidence(plan, fleet),
        *_cooldown(plan, fleet, catalog, usage, now),
        *_health(fleet, usage),
        *_known(plan, fleet, usage),
    ]
    met = {ruling for ruling, _ in rules}
    ruling = next((ruling for ruling in _STRICTEST_FIRST if ruling in met), Ruling.RUN)
    if fleet.file.mode is Mode.OBSERVE:
        ruling = Ruling.HOLD
    return Decision(ruling=ruling, rules=tuple(words for _, words in sorted(rules, key=lambda rule: _place(rule[0]))))


def expiry(fleet: Fleet, now: datetime) -> datetime:
    """Until when an approval that is given *now* holds."""
    return now + fleet.file.policy.approve.expires


def max_hosts(remedy: Remedy, fleet: Fleet) -> int:
    """How many of *fleet*'s hosts a run of *remedy* may touch: the card's number, or share of the fleet."""
    limit = remedy.reach.max_hosts
    return limit if isinstance(limit, int) else max(1, math.floor(limit * len(fleet.hosts) + 1e-9))


def _vetted(plan: Proposal, fleet: Fleet, catalog: Catalog) -> list[Rule]:
    rules: list[Rule] = []
    for step in plan.steps:
        remedy = catalog.remedies.get(step.remedy)
        if remedy is None:
            rules.append((Ruling.STOP, f"{step.remedy} is not in the catalog"))
        elif not remedy.vetted:
            rules.append((Ruling.STOP, f"{step.remedy} is not vetted"))
        elif remedy.digest != step.digest:
            rules.append((Ruling.STOP, f"{step.remedy} was changed after the plan was made"))
        if step.remedy in fleet.file.policy.never:
            rules.append((Ruling.STOP, f"policy.never names {step.remedy}"))
    return rules


def _proven(plan: Proposal, fleet: Fleet, catalog: Catalog) -> list[Rule]:
    required, rules = fleet.file.policy.require_proof, list[Rule]()
    remedies = [catalog.remedies[step.remedy] for step in plan.steps if step.remedy in catalog.remedies]
    for remedy in remedies:
        if (stop := barred(remedy, fleet)) is not None:
            rules.append((Ruling.STOP, stop))
        elif (words := lacking(remedy)) is not None:
            asks = required is RequireProof.AUTO and fleet.file.mode is Mode.AUTO
            rules.append((Ruling.ASK, f"{words}; policy.require_proof is auto") if asks else (None, words))
    return rules


def _reach(plan: Proposal, incident: Incident, fleet: Fleet, catalog: Catalog) -> list[Rule]:
    rules: list[Rule] = []
    for step in plan.steps:
        for host in step.hosts:
            if fleet.host(host) is None:
                rules.append((Ruling.STOP, f"{host} is not a host of the fleet {fleet.name}"))
            elif host not in incident.scope:
                rules.append((Ruling.STOP, f"{host} is outside the incident's scope"))
        remedy = catalog.remedies.get(step.remedy)
        if remedy is not None and len(step.hosts) > (most := max_hosts(remedy, fleet)):
            rules.append((Ruling.STOP, f"{len(step.hosts)} hosts at once; the card of {remedy.id} allows {most}"))
    return rules


def _attempts(fleet: Fleet, usage: Usage) -> list[Rule]:
    most = fleet.file.policy.max_attempts
    return [(Ruling.STOP, f"{usage.attempts} plans ran already; policy.max_attempts is {most}")] * (
        usage.attempts >= most
    )


def _mode(fleet: Fleet) -> list[Rule]:
    if not fleet.file.enabled:
        return [(Ruling.HOLD, "the fleet is not enabled")]
    match fleet.file.mode:
        case Mode.OBSERVE:
            return [(Ruling.HOLD, "mode observe: problems are only watched")]
        case Mode.SUGGEST:
            return [(Ruling.HOLD, "mode suggest: plans are only shown")]
        case Mode.APPROVE:
            return [(Ruling.ASK, "mode approve: a person decides")]
        case Mode.AUTO:
            return [(None, "mode auto: what the policy allows runs by itself")]


def _risk_of(plan: Proposal, catalog: Catalog) -> Risk:
    """The highest risk that the plan or one of its remedies' cards states."""
    cards = [remedy.risk for step in plan.steps if (remedy := catalog.remedies.get(step.remedy)) is not None]
    return max([plan.risk, *cards])


def _risk(risk: Risk, fleet: Fleet) -> list[Rule]:
    policy = fleet.file.policy
    if risk > policy.approve.risk:
        return [(Ruling.STOP, f"risk {risk} is above policy.approve.risk {policy.approve.risk}: nobody may approve it")]
    if fleet.file.mode is not Mode.AUTO:
        return [(None, f"risk {risk}")]
    if risk > policy.auto.risk:
        return [(Ruling.ASK, f"risk {risk} is above policy.auto.risk {policy.auto.risk}")]
    return [(None, f"risk {risk} is within policy.auto.risk {policy.auto.risk}")]


def _confidence(plan: Proposal, fleet: Fleet) -> list[Rule]:
    least = fleet.file.policy.auto.confidence
    if fleet.file.mode is not Mode.AUTO:
        return [(None, f"confidence {plan.confidence:.2f}")]
    if plan.confidence < least:
        return [(Ruling.ASK, f"confidence {plan.confidence:.2f} is below policy.auto.confidence {least:.2f}")]
    return [(None, f"confidence {plan.confidence:.2f} meets policy.auto.confidence {least:.2f}")]


def _cooldown(plan: Proposal, fleet: Fleet, catalog: Catalog, usage: Usage, now: datetime) -> list[Rule]:
    rules: list[Rule] = []
    for step in plan.steps:
        remedy = catalog.remedies.get(step.remedy)
        if remedy is None:
            continue
        cooldown = fleet.file.cooldown if fleet.file.cooldown is not None else remedy.cooldown
        for host, ago in cooling(step, usage, cooldown, now):
            words = f"{remedy.id} ran on {host} {_rounded(ago)} ago; its cooldown is {format_duration(cooldown)}"
            rules.append((Ruling.ASK, words))
    return rules


def _health(fleet: Fleet, usage: Usage) -> list[Rule]:
    limit = fleet.file.budget.stop_when_unhealthy
    if usage.unhealthy_share <= limit:
        return []
    words = f"{usage.unhealthy_share:.0%} of the fleet's hosts are unhealthy; budget.stop_when_unhealthy is {limit:.0%}"
    return [(Ruling.ASK, words)]


def _known(plan: Proposal, fleet: Fleet, usage: Usage) -> list[Rule]:
    """What changes no ruling, but whether and when the run starts, and who chose."""
    words = [f"proposed by {plan.proposer}"]
    if plan.proposer.startswith("model:"):
        words.append("a language model chose, out of vetted remedies; its own words are no reason for the policy")
    if usage.paused is not None:
        words.append(f"paused ({usage.paused}): nothing starts before it is resumed")
    budget = fleet.file.budget
    if usage.running >= budget.concurrent_runs:
        words.append(
            f"{usage.running} runs go on; the run waits, as budget.concurrent_runs is {budget.concurrent_runs}"
        )
    touched = usage.hosts_last_hour | {host for step in plan.steps for host in step.hosts}
    if budget.hosts_per_hour is not None and len(touched) > budget.hosts_per_hour:
        words.append(f"the run waits, as budget.hosts_per_hour is {budget.hosts_per_hour}")
    return [(None, sentence) for sentence in words]


def _place(ruling: Ruling | None) -> int:
    return _STRICTEST_FIRST.index(ruling) if ruling in _STRICTEST_FIRST else len(_STRICTEST_FIRST)


def _rounded(time: timedelta) -> str:
    return format_duration(timedelta(seconds=int(time.total_seconds())))
