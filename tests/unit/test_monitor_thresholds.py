"""Thresholds: stories as data in `tests/cases/thresholds.yml`, and the two laws as properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.samples import Condition, Phase, Sample, SignalState
from core.symptoms import Symptom
from monitor.thresholds import evaluate, raw_state

CASES = yaml.safe_load((Path(__file__).parent.parent / "cases" / "thresholds.yml").read_text(encoding="utf-8"))
START = datetime(2026, 1, 1, tzinfo=UTC)


def symptom(**threshold: Any) -> Symptom:
    return Symptom(id="thing_wrong", title="A thing is wrong", probe="host", sample="thing.level", **threshold)


def sample(value: float | str, at: datetime = START) -> Sample:
    return Sample(host="h1", name="thing.level", value=value, at=at)


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if "looks" in case], ids=lambda case: str(case["symptom"])
)
def test_a_story(case: dict[str, Any]) -> None:
    condition: Condition | None = None
    for seconds, value, phase in case["looks"]:
        now = START + timedelta(seconds=seconds)
        condition = evaluate(symptom(**case["symptom"]), sample(value, now), condition, now, fleet="demo")
        assert condition.phase == phase, (seconds, value)
    if "since" in case:
        assert condition is not None
        assert condition.since == START + timedelta(seconds=case["since"])


@pytest.mark.parametrize("case", [case for case in CASES.values() if "raw" in case])
def test_what_verification_says(case: dict[str, Any]) -> None:
    for value, state in case["raw"]:
        assert raw_state(symptom(**case["symptom"]), sample(value), currently_firing=True) == state


def test_without_firing_the_clear_level_does_not_count() -> None:
    assert raw_state(symptom(above=0.9, clear=0.5), sample(0.7), currently_firing=False) is SignalState.CLEAR


def test_the_time_of_the_last_report_is_kept_while_it_fires_and_dropped_when_it_ends() -> None:
    fires = symptom(above=0.9)
    first = evaluate(fires, sample(1), None, START, fleet="demo").evolve(reported_at=START)
    second = evaluate(fires, sample(1), first, START + timedelta(seconds=5), fleet="demo")
    assert second.reported_at == START
    assert evaluate(fires, sample(0), second, START, fleet="demo").reported_at is None


LOOKS = st.lists(st.tuples(st.integers(1, 100), st.floats(0, 2)), min_size=1, max_size=30)


@given(looks=LOOKS, for_=st.integers(0, 120), gap=st.floats(0, 0.5))
def test_laws_of_above(looks: list[tuple[int, float]], for_: int, gap: float) -> None:
    judged = symptom(above=1.0, clear=1.0 - gap, **{"for": timedelta(seconds=for_)})
    now, condition, beyond_since = START, None, None
    for step, value in looks:
        now += timedelta(seconds=step)
        was = condition.phase if condition else Phase.CLEAR
        if value > 1.0:
            beyond_since = beyond_since or now
        elif was is not Phase.FIRING:
            beyond_since = None
        condition = evaluate(judged, sample(value, now), condition, now, fleet="demo")
        if was is Phase.FIRING:
            assert (condition.phase is Phase.FIRING) == (value > 1.0 - gap)
        elif condition.phase is Phase.FIRING:
            assert beyond_since is not None
            assert now - beyond_since >= timedelta(seconds=for_)
        if condition.phase is Phase.CLEAR:
            beyond_since = None


@given(value=st.floats(allow_nan=True) | st.text(max_size=5), firing=st.booleans())
def test_a_raw_state_is_always_given(value: float | str, firing: bool) -> None:
    assert raw_state(symptom(below=1), sample(value), firing) in set(SignalState)
