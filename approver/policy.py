"""The policy's ruling on a case, with every rule that it met in words. It trusts nothing that the planner claims.

It is a pure function of the case: judged again later, a recorded case gets the same ruling, or the rules have changed.
Budgets are not reserved here: the store does that when a run starts. Here they are only said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from approver.modes import mode_for
from approver.times import freeze_words, frozen, is_open, window_words
from core.approvals import Decision, Ruling
from core.cases import Case
from core.durations import format_duration
from core.fleets import Fleet
from core.policies import Mode, RequireProof
from core.severity import Risk

Rule = tuple[Ruling | None, str]
"""What a rule asks for (None: it only has to be known), in words."""

_STRICTEST_FIRST = (Ruling.STOP, Ruling.HOLD, Ruling.ASK)


def decide(case: Case) -> Decision:
    """Rule on *case*: the strictest rule that it meets counts, and all are listed, that one's kind first.

    In mode `observe` nothing is done at all, so the ruling is HOLD whatever else is met.
    """
    mode, of = mode_for(case.mode, case.modes, case.groups.values(), [step.remedy for step in case.steps])
    rules = [
        *_vetted(case),
        *_proven(case, mode),
        *_reach(case),
        *_attempts(case),
        *_mode(case, mode, of),
        *_risk(case, mode),
        *_confidence(case, mode),
        *_own_word(case, mode),
        *_times(case, mode),
        *_cooldown(case),
        *_health(case),
        *_known(case),
    ]
    met = {ruling for ruling, _ in rules}
    ruling = next((ruling for ruling in _STRICTEST_FIRST if ruling in met), Ruling.RUN)
    if mode is Mode.OBSERVE:
        ruling = Ruling.HOLD
    if ruling is Ruling.ASK:
        rules.append((None, _quorum(case)))
    return Decision(ruling=ruling, rules=tuple(words for _, words in sorted(rules, key=lambda rule: _place(rule[0]))))


def expiry(fleet: Fleet, now: datetime) -> datetime:
    """Until when an approval that is given *now* holds."""
    return now + fleet.file.policy.approve.expires


def risk_in(case: Case) -> Risk:
    """The highest risk that the plan or one of its remedies' cards states."""
    return max([case.risk, *(remedy.risk for remedy in case.remedies.values())])


def _vetted(case: Case) -> Iterator[Rule]:
    for step in case.steps:
        remedy = case.remedies.get(step.remedy)
        if remedy is None:
            yield Ruling.STOP, f"{step.remedy} is not in the catalog"
        elif not remedy.vetted:
            yield Ruling.STOP, f"{step.remedy} is not vetted"
        elif remedy.digest != step.digest:
            yield Ruling.STOP, f"{step.remedy} was changed after the plan was made"
        if step.remedy in case.policy.never:
            yield Ruling.STOP, f"policy.never names {step.remedy}"


def _proven(case: Case, mode: Mode) -> Iterator[Rule]:
    required = case.policy.require_proof
    for remedy in case.remedies.values():
        if remedy.unproven is None:
            continue
        if required is RequireProof.ALWAYS:
            yield Ruling.STOP, f"{remedy.unproven}; policy.require_proof is always"
        elif required is RequireProof.AUTO and mode is Mode.AUTO:
            yield Ruling.ASK, f"{remedy.unproven}; policy.require_proof is auto"
        else:
            yield None, remedy.unproven


def _reach(case: Case) -> Iterator[Rule]:
    for step in case.steps:
        for host in step.hosts:
            if host not in case.groups:
                yield Ruling.STOP, f"{host} is not a host of the fleet {case.fleet}"
            elif host not in case.scope:
                yield Ruling.STOP, f"{host} is outside the incident's scope"
        remedy = case.remedies.get(step.remedy)
        if remedy is not None and len(step.hosts) > remedy.most_hosts:
            words = f"{len(step.hosts)} hosts at once; the card of {step.remedy} allows {remedy.most_hosts}"
            yield Ruling.STOP, words


def _attempts(case: Case) -> Iterator[Rule]:
    most = case.policy.max_attempts
    if case.usage.attempts >= most:
        yield Ruling.STOP, f"{case.usage.attempts} plans ran already; policy.max_attempts is {most}"


def _mode(case: Case, mode: Mode, of: str) -> Iterator[Rule]:
    if not case.enabled:
        yield Ruling.HOLD, "the fleet is not enabled"
        return
    ruling, words = {
        Mode.OBSERVE: (Ruling.HOLD, "problems are only watched"),
        Mode.SUGGEST: (Ruling.HOLD, "plans are only shown"),
        Mode.APPROVE: (Ruling.ASK, "a person decides"),
        Mode.AUTO: (None, "what the policy allows runs by itself"),
    }[mode]
    yield ruling, " ".join(filter(None, ("mode", mode, of))) + f": {words}"


def _risk(case: Case, mode: Mode) -> Iterator[Rule]:
    policy, risk = case.policy, risk_in(case)
    if risk > policy.approve.risk:
        words = f"risk {risk} is above policy.approve.risk {policy.approve.risk}: nobody may approve it"
        yield Ruling.STOP, words
    elif mode is not Mode.AUTO:
        yield None, f"risk {risk}"
    elif risk > policy.auto.risk:
        yield Ruling.ASK, f"risk {risk} is above policy.auto.risk {policy.auto.risk}"
    else:
        yield None, f"risk {risk} is within policy.auto.risk {policy.auto.risk}"


def _confidence(case: Case, mode: Mode) -> Iterator[Rule]:
    least, confidence = case.policy.auto.confidence, case.confidence
    if mode is not Mode.AUTO:
        yield None, f"confidence {confidence:.2f}"
    elif confidence < least:
        yield Ruling.ASK, f"confidence {confidence:.2f} is below policy.auto.confidence {least:.2f}"
    else:
        yield None, f"confidence {confidence:.2f} meets policy.auto.confidence {least:.2f}"


def _own_word(case: Case, mode: Mode) -> Iterator[Rule]:
    """A host that lies about itself must not get more than little done to it."""
    most, risk = case.policy.auto.own_word, risk_in(case)
    if mode is Mode.AUTO and not case.vouched:
        words = f"it rests on nothing but what {', '.join(case.scope)} says about itself"
        if risk > most:
            yield Ruling.ASK, f"{words}; above risk {most} (policy.auto.own_word) a person decides"
        else:
            yield None, words


def _times(case: Case, mode: Mode) -> Iterator[Rule]:
    stop = frozen(case.policy.freezes, case.at, everything=True)
    if stop is not None:
        yield Ruling.HOLD, freeze_words(stop)
        return
    freeze = frozen(case.policy.freezes, case.at, everything=False)
    if mode is Mode.AUTO and freeze is not None:
        yield Ruling.ASK, f"{freeze_words(freeze)}; nothing runs by itself"
    windows = case.policy.auto.windows
    if mode is Mode.AUTO and not is_open(windows, case.at):
        yield Ruling.ASK, f"outside of policy.auto.windows ({'; '.join(map(window_words, windows))})"


def _cooldown(case: Case) -> Iterator[Rule]:
    for step in case.steps:
        remedy = case.remedies.get(step.remedy)
        if remedy is None:
            continue
        cooldown = remedy.cooldown if case.cooldown is None else case.cooldown
        for host in step.hosts:
            last = case.usage.last_runs.get(f"{step.remedy}@{host}")
            if last is not None and case.at - last < cooldown:
                ago = format_duration(timedelta(seconds=max(0, int((case.at - last).total_seconds()))))
                yield Ruling.ASK, f"{step.remedy} ran on {host} {ago} ago; its cooldown is {format_duration(cooldown)}"


def _health(case: Case) -> Iterator[Rule]:
    limit, share = case.budget.stop_when_unhealthy, case.usage.unhealthy_share
    if share > limit:
        words = f"{share:.0%} of the fleet's hosts are unhealthy; budget.stop_when_unhealthy is {limit:.0%}"
        yield Ruling.ASK, words


def _known(case: Case) -> Iterator[Rule]:
    """What changes no ruling, but whether and when the run starts, and who chose."""
    usage, budget = case.usage, case.budget
    yield None, f"proposed by {case.proposer}"
    if case.proposer.startswith("model:"):
        words = "a language model chose, out of vetted remedies; its own words are no reason for the policy"
        yield None, words
    if usage.paused is not None:
        yield None, f"paused ({usage.paused}): nothing starts before it is resumed"
    if usage.running >= budget.concurrent_runs:
        words = f"{usage.running} runs go on; the run waits, as budget.concurrent_runs is {budget.concurrent_runs}"
        yield None, words
    if budget.hosts_per_hour is not None and usage.hosts_touched > budget.hosts_per_hour:
        yield None, f"the run waits, as budget.hosts_per_hour is {budget.hosts_per_hour}"


def _quorum(case: Case) -> str:
    risk = risk_in(case)
    number = case.policy.approve.approvers.needed(risk)
    people = "one person has to approve" if number == 1 else f"{number} different people have to approve"
    return f"{people} at risk {risk}" + ("" if case.policy.approve.own else ", other than who asked for it")


def _place(ruling: Ruling | None) -> int:
    return _STRICTEST_FIRST.index(ruling) if ruling in _STRICTEST_FIRST else len(_STRICTEST_FIRST)
