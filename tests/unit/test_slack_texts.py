"""Whatever hosts, alerts, models and people say: what is sent has no mention, no link, and is within the limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approver.account import VERDICT
from approver.slack import modals
from approver.slack.head import head, summary
from approver.slack.replies import account, reminder
from approver.slack.texts import notice, said, said_lines
from core.approvals import Approval, Ask, Foreseen
from core.incidents import Incident, Request
from core.journal import GENESIS, Entry
from core.messages import Story
from core.plans import Plan, Step
from core.runs import HostDiff, Preview, RunResult, RunStatus
from core.severity import Risk, Severity
from core.states import State
from tests.slack_limits import hostile_in, modal_problem, problem_of
from tests.slack_text import shown

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEEDS = (
    "<!channel>", "<!here|x>", "<@U123>", "<#C1|ops>", "<https://evil.example.com|click>", "http://a.b", "HTTPS://A.B",
    "<mailto:a@b.c>", "@here", ":fire:", "*b* _i_ ~s~ `c`", "&lt;!channel&gt;", "\u202eevil", "\u200b", "\x1b[31m",
    "<\u200b!channel>", "<\n!channel>", "1http://x", "```", "<<!channel>>", "ht\u200btp://x", "MAILTO:x@y",
)  # fmt: skip
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(SEEDS), min_size=1, max_size=8).map("".join),
    st.text().map(lambda text: text * 900),
)
UNHURRIED = settings(deadline=None, max_examples=60)


@given(HOSTILE)
def test_a_text_is_inert_bounded_and_never_empty(text: str) -> None:
    for made in (said(text), said_lines(text)):
        assert 0 < len(made) <= 3000
        assert hostile_in({"text": made}) == []
    assert "\n" not in said(text)
    parsed = notice(text)
    assert parsed
    assert not any(mark in parsed for mark in ("<", ">", "@", "://", "*", "`"))


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("nginx: failed (code=exited)", "nginx: failed (code=exited)"),
        ("<VirtualHost *:80> a < b && c", "<VirtualHost *:80> a < b && c"),
        ("see http://127.0.0.1:8080/x", "see http[:]//127.0.0.1:8080/x"),
        ("<!channel>", "< !channel>"),
        ("", "-"),
    ],
)
def test_an_honest_text_stays_readable(text: str, reads: str) -> None:
    assert said(text) == reads


@UNHURRIED
@given(texts=st.lists(HOSTILE, min_size=12, max_size=12), state=st.sampled_from(State), steps=st.integers(1, 9))
def test_no_message_says_what_others_wanted_it_to_say(texts: list[str], state: State, steps: int) -> None:
    story = story_with(texts, state, steps)
    messages = [{"text": notice(summary(story)), "blocks": head(story)}]
    for reply in (account(story.entries, story.link), reminder(story)):
        assert reply is not None
        messages.append({"text": notice(reply[0]), "blocks": reply[1]})
    for message in messages:
        assert problem_of(message) is None
        assert hostile_in(message) == []


@UNHURRIED
@given(texts=st.lists(HOSTILE, min_size=8, max_size=8), count=st.integers(1, 120), number=st.integers(-5, 5))
def test_no_modal_breaks_a_limit(texts: list[str], count: int, number: int) -> None:
    hosts = tuple(f"h{one:03}" for one in range(count))
    step = Step(remedy="mend", digest="d", parameters={"s": texts[0], "i": number, "b": True, "e": "x"}, hosts=hosts)
    plan = plan_with((step,), texts)
    schema: dict[str, Any] = {
        "properties": {
            "s": {"type": "string", "maxLength": 200, "description": texts[1]},
            "i": {"type": "integer", "minimum": -5, "maximum": 5},
            "n": {"type": "number", "minimum": 0.5},
            "b": {"type": "boolean"},
            "e": {"enum": ["x", *texts[2:5]]},
            "c": {"const": texts[5]},
        },
        "required": ["s"],
    }
    about = {"incident": "inc-1", "hash": plan.hash, "channel": "C1", "thread": "1.1"}
    for view in (modals.change_modal(about, plan, schema, texts[6]), modals.reject_modal(about, texts[7])):
        assert modal_problem(view) is None
        assert hostile_in({"blocks": view["blocks"], "title": view["title"]}) == []


@pytest.mark.parametrize(
    ("text", "rules", "value"),
    [
        ("5", {"type": "integer"}, 5),
        ("5.5", {"type": "number"}, 5.5),
        ("five", {"type": "integer"}, "five"),
        ("true", {"type": "boolean"}, True),
        ("maybe", {"type": "boolean"}, "maybe"),
        ("3", {"enum": [1, 3]}, 3),
        ("3", {"type": "string"}, "3"),
    ],
)
def test_what_was_typed_becomes_what_the_schema_means(text: str, rules: dict[str, Any], value: object) -> None:
    step = Step(remedy="mend", digest="d", parameters={}, hosts=("h1",))
    found = modals.typed(step, {"properties": {"x": rules}}, {"x": text, "unknown": "1"})
    assert found == {"x": value}
    assert type(found["x"]) is type(value)


def test_what_was_not_changed_is_not_sent() -> None:
    step = Step(remedy="mend", digest="d", parameters={"x": 5, "y": "a"}, hosts=("h1",))
    schema = {"properties": {"x": {"type": "integer"}, "y": {"type": "string"}}}
    assert modals.typed(step, schema, {"x": "5", "y": None}) == {}


def test_a_reason_is_told_once() -> None:
    told = (
        ("run.ended", {"status": "failed", "problem": "no bus"}),
        (VERDICT, {"verdict": "unknown", "reason": "no bus"}),
    )
    end = ("incident.state", {"to": "escalated", "reason": "no bus"})
    entries = [
        Entry(seq=n, at=NOW, kind=kind, incident_id="i", actor="a", body=body, previous=GENESIS, hash=GENESIS)
        for n, (kind, body) in enumerate((*told, end), 1)
    ]
    reply = account(entries, None)
    assert reply is not None
    lines = [line.split("  ", 1)[1] for line in shown({"blocks": reply[1]}).splitlines()]
    assert lines == ["Run ended: failed. no bus", "Verdict: unknown", "Escalated, people take over"]


def plan_with(steps: tuple[Step, ...], texts: list[str]) -> Plan:
    return Plan(
        steps=steps,
        risk=Risk.HIGH,
        proposer=texts[0] or "rules",
        confidence=0.5,
        reasons=tuple(texts),
        id="pln-1",
        incident_id="inc-1",
        number=1,
        policy_digest="p",
        bound={"host h1": "i"},
        created_at=NOW,
    )


def story_with(texts: list[str], state: State, steps: int) -> Story:
    """A story in which everything that others say is hostile."""
    hosts = tuple(f"h{one:02}" for one in range(20))
    made = tuple(Step(remedy="mend", digest="d", parameters={"x": text, "y": 1}, hosts=hosts) for text in texts[:steps])
    plan = plan_with(made, texts)
    incident = Incident(
        id="inc-1", fingerprint="f", fleet="demo", symptom="service_down", subject="web", host="h00", service="web",
        severity=Severity.CRITICAL, state=state, reason=texts[1], version=3, detections=5,
        evidence={text[:20] or "k": text for text in texts}, plan_id="pln-1", opened_at=NOW, changed_at=NOW,
        last_seen_at=NOW, due_at=None, request=Request(by=texts[2], text=texts[3][:2000]) if steps % 2 else None,
    )  # fmt: skip
    diffs = tuple(HostDiff(host=host, diff=texts[4] + host, unforeseen=tuple(texts)) for host in hosts)
    body = {"title": texts[5], "reason": texts[6], "reasons": texts, "hosts": texts, "problem": texts[7], "to": state}
    kinds = (
        "incident.opened",
        "plan.made",
        "approval.given",
        "run.began",
        "run.ended",
        "outcome.recorded",
        "ask.snoozed",
    )
    return Story(
        incident=incident,
        symptom=texts[8],
        held=state is State.PLANNED,
        plan=plan,
        remedies={"mend": texts[9]},
        ask=Ask(plan_id="pln-1", incident_id="inc-1", needed=2, asked_at=NOW, expires_at=NOW + timedelta(hours=1),
                snoozed_until=NOW, snoozed_by=texts[10]),
        foreseen=Foreseen(plan_id="pln-1", at=NOW, digest="d", problem=texts[11],
                          previews=(Preview(result=RunResult(status=RunStatus.SUCCESSFUL), hosts=diffs),)),
        approvals=tuple(
            Approval(id="a", incident_id="inc-1", plan_id="pln-1", plan_hash=plan.hash, answer="approve", by=text,
                     reasons=(), at=NOW, expires_at=NOW) for text in texts
        ),
        entries=tuple(
            Entry(seq=number, at=NOW, kind=kinds[number % len(kinds)], incident_id="inc-1", actor=texts[0], body=body,
                  previous=GENESIS, hash=GENESIS) for number in range(1, 60)
        ),
        link="https://fleetmend.example.com/incidents/inc-1",
    )  # fmt: skip
