"""Windows, freezes, modes by part and provenance: when a plan runs by itself, and when it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from approver.policy import decide
from core.approvals import Ruling
from core.cases import Case
from core.fleets import FleetFile
from core.severity import Risk
from tests.planning import make_fleet, make_host, make_plan, make_request
from tests.unit.test_approver_policy import case, rule

NIGHT = {"days": ["mon", "tue"], "from": "22:00", "to": "05:00", "zone": "Europe/Berlin"}
"""2026-03-02 is a Monday; Berlin is an hour ahead of UTC until 2026-03-29."""

TIMES = [
    ("2026-03-02 20:59", False),
    ("2026-03-02 21:00", True),
    ("2026-03-03 03:59", True),
    ("2026-03-03 04:00", False),
    ("2026-03-04 03:59", True),  # the night that began on Tuesday
    ("2026-03-04 21:30", False),
    ("2026-03-02 03:00", False),  # the night that began on Sunday
    ("2026-07-06 20:00", True),  # in summer Berlin is two hours ahead
]


@pytest.mark.parametrize(("at", "open_"), TIMES)
def test_a_window_follows_the_clocks_of_its_zone(at, open_):
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    decision = rule(fleet={"policy": {"auto": {"windows": [NIGHT]}}}, now=now)
    assert decision.ruling is (Ruling.RUN if open_ else Ruling.ASK)
    assert open_ == (not any("outside of policy.auto.windows (mon,tue 22:00-05:00" in said for said in decision.rules))


FREEZE = {"from": "2026-03-01 18:00", "to": "2026-03-02 06:00", "zone": "Europe/Berlin", "reason": "inventory"}


@pytest.mark.parametrize(
    ("at", "kind", "mode", "ruling"),
    [
        ("2026-03-01 16:59", "auto", "auto", Ruling.RUN),
        ("2026-03-01 17:00", "auto", "auto", Ruling.ASK),
        ("2026-03-02 04:59", "auto", "auto", Ruling.ASK),
        ("2026-03-02 05:00", "auto", "auto", Ruling.RUN),
        ("2026-03-01 17:00", "all", "auto", Ruling.HOLD),
        ("2026-03-01 17:00", "all", "approve", Ruling.HOLD),
        ("2026-03-01 17:00", "auto", "approve", Ruling.ASK),
    ],
)
def test_a_freeze_stops_what_runs_by_itself_or_everything(at, kind, mode, ruling):
    fleet = {"mode": mode, "policy": {"freezes": [FREEZE | {"for": kind}]}}
    assert rule(fleet=fleet, now=datetime.fromisoformat(at).replace(tzinfo=UTC)).ruling is ruling


@pytest.mark.parametrize(
    ("modes", "ruling", "words"),
    [
        ({}, Ruling.ASK, "mode approve: "),
        ({"remedies": {"service_restart": "auto"}}, Ruling.RUN, "mode auto of service_restart: "),
        ({"groups": {"web": "auto"}}, Ruling.RUN, "mode auto of the group web: "),
        ({"groups": {"web": "auto", "old": "suggest"}}, Ruling.HOLD, "mode suggest of the group old: "),
        (
            {"groups": {"web": "approve"}, "remedies": {"service_restart": "auto"}},
            Ruling.ASK,
            "mode approve of the group web: a person decides",
        ),
        ({"groups": {"old": "observe"}}, Ruling.HOLD, "mode observe of the group old"),
        ({"groups": {"db": "observe"}}, Ruling.ASK, "mode approve: "),
    ],
)
def test_a_part_has_a_mode_of_its_own_and_the_strictest_holds(modes, ruling, words):
    fleet = make_fleet(make_host("alpha").evolve(groups=("all", "web", "old")), mode="approve", modes=modes)
    found = case()
    groups = {"alpha": fleet.hosts[0].groups}
    decision = decide(found.evolve(mode=fleet.file.mode, modes=fleet.file.modes, groups=groups))
    assert decision.ruling is ruling
    assert any(said.startswith(words) for said in decision.rules)


@pytest.mark.parametrize(
    ("risk", "vouched", "policy", "ruling"),
    [
        (Risk.LOW, False, {}, Ruling.RUN),
        (Risk.MEDIUM, False, {}, Ruling.ASK),
        (Risk.MEDIUM, True, {}, Ruling.RUN),
        (Risk.MEDIUM, False, {"own_word": "medium"}, Ruling.RUN),
        (Risk.HIGH, False, {"own_word": "medium"}, Ruling.ASK),
    ],
)
def test_a_hosts_own_word_is_good_for_little(risk, vouched, policy, ruling):
    fleet = {"policy": {"auto": {"risk": "high"} | policy}}
    decision = rule(make_plan(risk=risk), fleet=fleet, vouched=vouched)
    assert decision.ruling is ruling
    said = any("rests on nothing but what alpha says about itself" in words for words in decision.rules)
    assert said == (not vouched)


def test_what_somebody_asked_for_rests_on_their_word():
    decision = rule(make_plan(risk=Risk.MEDIUM), fleet={"policy": {"auto": {"risk": "high"}}}, vouched=False,
                    incident=make_request("please"))  # fmt: skip
    assert decision.ruling is Ruling.RUN


@pytest.mark.parametrize(
    ("risk", "approvers", "words"),
    [
        (Risk.LOW, 1, "one person has to approve at risk low, other than who asked for it"),
        (Risk.HIGH, {"high": 3}, "3 different people have to approve at risk high, other than who asked for it"),
        (Risk.MEDIUM, 2, "2 different people have to approve at risk medium"),
    ],
)
def test_how_many_have_to_approve_is_said(risk, approvers, words):
    decision = rule(make_plan(risk=risk), fleet={"mode": "approve", "policy": {"approve": {"approvers": approvers}}})
    assert any(said.startswith(words) for said in decision.rules)


EARLY = {"from": "01:30", "to": "02:00"}
WHOLE = {
    "mode": "auto",
    "modes": {"groups": {"web": "auto"}, "remedies": {"service_restart": "approve"}},
    "cooldown": "90s",
    "policy": {
        "auto": {"risk": "high", "confidence": 0.25, "own_word": "medium", "windows": [NIGHT, EARLY]},
        "approve": {"approvers": {"medium": 2}, "remind": None, "expires": "1h30m", "unanswered": "expire"},
        "freezes": [FREEZE],
    },
    "budget": {"hosts_per_hour": 4, "at_once": "33%", "group_at_once": {"web": 0.125}},
}


def test_a_case_on_record_is_the_case():
    found = case(fleet=WHOLE)
    again = Case.model_validate_json(found.model_dump_json())
    assert again == found
    assert decide(again) == decide(found)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"auto": {"windows": [{"from": "9:00", "to": "17:00"}]}}, "is no time of day"),
        ({"auto": {"windows": [{"from": 540, "to": "17:00"}]}}, "in quotes"),
        ({"auto": {"windows": [{"from": "09:00", "to": "09:00"}]}}, "from and to are the same"),
        ({"auto": {"windows": [{"from": "09:00", "to": "17:00", "zone": "Berlin"}]}}, "is no time zone"),
        ({"auto": {"windows": [{"from": "09:00", "to": "17:00", "zone": "../../etc/passwd"}]}}, "is no time zone"),
        ({"auto": {"windows": [{"days": ["monday"], "from": "09:00", "to": "17:00"}]}}, "'mon'"),
        ({"freezes": [FREEZE | {"to": "2026-02-01 00:00"}]}, "to must lie after from"),
        ({"freezes": [FREEZE | {"to": "2027-02-01T00:00Z"}]}, "without a zone"),
        ({"freezes": [FREEZE | {"to": "soon"}]}, "is no point in time"),
        ({"approve": {"approvers": 0}}, "greater than or equal to 1"),
        ({"approve": {"approvers": {"low": 11}}}, "less than or equal to 10"),
        ({"approve": {"approvers": {"huge": 1}}}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_meant_is_refused(policy, words):
    with pytest.raises(ValueError, match=words):
        FleetFile.model_validate({"policy": policy})
