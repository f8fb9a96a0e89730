"""Outcomes and lessons (law 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outcomes import Outcome, Verdict
from core.runs import Run, RunStatus
from knowledge.lessons import Memory, add_up
from knowledge.outcomes import make_outcome
from tests.planning import NOW, make_incident, make_plan


def outcome(remedy="service_restart", *, verdict=Verdict.HEALED, fleet="shop", symptom="service_down", heal=1.0, day=0):
    return Outcome(
        id="out-1",
        incident_id="inc-1",
        plan_id="plan-1",
        fleet=fleet,
        host="alpha",
        symptom=symptom,
        subject="web",
        remedy=remedy,
        parameters={"service": "web"},
        proposer="rules",
        verdict=verdict,
        reason="",
        detect_seconds=1,
        run_seconds=1,
        heal_seconds=heal,
        at=NOW + timedelta(days=day),
    )


def test_outcomes_add_up_for_each_fleet_and_over_all():
    lessons = add_up(
        [
            outcome(heal=2.0),
            outcome(heal=4.0, day=3),
            outcome(verdict=Verdict.NOT_HEALED, heal=0.0),
            outcome(verdict=Verdict.WORSE, fleet="lab", heal=0.0),
        ]
    )
    assert [(one.fleet, one.tried, one.healed, one.worse) for one in lessons] == [
        (None, 4, 2, 1),
        ("lab", 1, 0, 1),
        ("shop", 3, 2, 0),
    ]
    overall, lab, _ = lessons
    assert (overall.median_heal_seconds, lab.median_heal_seconds) == (3.0, None)
    assert overall.last_at == NOW + timedelta(days=3)


def test_what_is_not_known_teaches_nothing():
    assert add_up([outcome(verdict=Verdict.UNKNOWN)]) == ()
    (overall, _) = add_up([outcome(), outcome(verdict=Verdict.UNKNOWN, day=9)])
    assert (overall.tried, overall.last_at) == (1, NOW)


@given(st.lists(st.builds(outcome, remedy=st.sampled_from(["a", "b"]), verdict=st.sampled_from(Verdict),
                          fleet=st.sampled_from(["shop", "lab"]))))  # fmt: skip
def test_lessons_count_every_known_verdict_once(outcomes):
    lessons = add_up(outcomes)
    known = [one for one in outcomes if one.verdict is not Verdict.UNKNOWN]
    assert sum(one.tried for one in lessons if one.fleet is None) == len(known)
    assert sum(one.tried for one in lessons if one.fleet is not None) == len(known)
    assert all(0 <= one.healed + one.worse <= one.tried for one in lessons)


def test_a_fleets_own_lesson_is_recalled_before_the_one_over_all():
    kept = [
        outcome(),
        outcome(fleet="lab", verdict=Verdict.NOT_HEALED),
        outcome("config_restore", fleet="lab"),
        outcome("log_cleanup", symptom="disk_full"),
    ]
    asked = []

    def load(symptom):
        asked.append(symptom)
        return kept

    lessons = Memory(load).lessons("shop", "service_down")
    assert asked == ["service_down"]
    assert set(lessons) == {"service_restart", "config_restore"}
    assert (lessons["service_restart"].fleet, lessons["service_restart"].tried) == ("shop", 1)
    assert lessons["config_restore"].fleet is None


def run(started, ended):
    return Run(
        id="run-1",
        incident_id="inc-1",
        plan_id="plan-1",
        step=0,
        remedy="service_restart",
        fleet="shop",
        hosts=("alpha",),
        parameters={},
        status=RunStatus.SUCCESSFUL,
        worker="w",
        started_at=NOW + timedelta(seconds=started),
        ended_at=None if ended is None else NOW + timedelta(seconds=ended),
    )


def test_an_outcome_says_what_took_how_long():
    made = make_outcome(
        make_incident(),
        make_plan(),
        [run(5, 7)],
        Verdict.HEALED,
        "measured clear",
        cleared_at=NOW + timedelta(seconds=10),
        at=NOW + timedelta(seconds=40),
    )
    assert (made.detect_seconds, made.run_seconds, made.heal_seconds) == (3, 2, 3)
    assert (made.remedy, made.parameters, made.host, made.subject) == (
        "service_restart",
        {"service": "web"},
        "alpha",
        "web",
    )
    assert (made.verdict, made.proposer, made.symptom) == (Verdict.HEALED, "rules", "service_down")


@pytest.mark.parametrize(
    ("runs", "cleared", "ran", "healing"),
    [([], 10, 0, 0), ([run(5, None)], 10, 0, 0), ([run(5, 7)], None, 2, 0), ([run(5, 7)], 6, 2, 0)],
)
def test_times_that_are_not_known_are_zero(runs, cleared, ran, healing):
    cleared_at = None if cleared is None else NOW + timedelta(seconds=cleared)
    made = make_outcome(make_incident(), make_plan(), runs, Verdict.UNKNOWN, "", cleared_at=cleared_at, at=NOW)
    assert (made.run_seconds, made.heal_seconds) == (ran, healing)
