"""Healed means measured, and held (law 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.detections import Signal
from core.fleets import VerifyOverride
from core.outcomes import Verdict
from core.remedies import VerifySettings
from core.samples import SignalState
from verifier.judge import begin, look, poll

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WEB, PORT = Signal("alpha", "service_down", "web"), Signal("alpha", "port_closed", "web")
CLEAR, FIRING, UNKNOWN = SignalState.CLEAR, SignalState.FIRING, SignalState.UNKNOWN


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def start(within="20s", hold="10s", **override):
    return begin("inc-1", "plan-1", [VerifySettings(within=within, hold=hold)], VerifyOverride(**override), NOW)


def follow(verification, *looks):
    """The last of *looks*: (seconds, state or states, trouble)."""
    for seconds, states, *trouble in looks:
        measured = states if isinstance(states, dict) else {WEB: states}
        last = look(verification, measured, trouble, at(seconds))
        verification = last.verification
    return last


CASES = [
    ("clear at once, and holds", [(0, CLEAR), (5, CLEAR), (10, CLEAR)], Verdict.HEALED),
    ("clear, still holding", [(0, CLEAR), (9, CLEAR)], None),
    ("a slow starter", [(0, FIRING), (15, FIRING), (18, CLEAR), (28, CLEAR)], Verdict.HEALED),
    ("may go on holding after the deadline", [(15, CLEAR), (20, CLEAR)], None),
    ("clear only just at the deadline", [(15, FIRING), (20, CLEAR), (30, CLEAR)], Verdict.HEALED),
    ("falls back while holding", [(0, CLEAR), (5, FIRING), (10, CLEAR)], None),
    ("falls back after the deadline", [(15, CLEAR), (21, FIRING)], Verdict.NOT_HEALED),
    ("fires within its grace", [(0, FIRING), (19, FIRING)], None),
    ("fires at the deadline", [(0, FIRING), (20, FIRING)], Verdict.NOT_HEALED),
    ("never measured", [(0, UNKNOWN), (20, UNKNOWN)], Verdict.UNKNOWN),
    ("measured, then lost", [(0, CLEAR), (20, UNKNOWN)], Verdict.NOT_HEALED),
    ("unknown breaks a hold", [(0, CLEAR), (5, UNKNOWN), (10, CLEAR)], None),
    ("worse", [(0, FIRING), (20, FIRING, "disk_full / on alpha")], Verdict.WORSE),
    ("trouble within the grace", [(5, FIRING, "port_closed web on alpha")], None),
    ("clear with other trouble", [(0, CLEAR, "x"), (10, CLEAR, "x")], Verdict.HEALED),
    ("one of two still fires", [(0, {WEB: CLEAR, PORT: FIRING}), (20, {WEB: CLEAR, PORT: FIRING})], Verdict.NOT_HEALED),
    ("one of two unknown", [(0, {WEB: CLEAR, PORT: UNKNOWN}), (20, {WEB: CLEAR, PORT: UNKNOWN})], Verdict.UNKNOWN),
    ("nothing to measure", [(0, {})], Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("looks", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_verdicts(looks, verdict):
    last = follow(start(), *looks)
    assert last.verdict is verdict
    assert (last.next_at is None) == (verdict is not None)
    assert last.reason


def test_the_reason_names_what_is_wrong():
    assert follow(start(), (20, FIRING)).reason == "service_down web on alpha still fires; it had 20s to clear"
    assert follow(start(), (20, {})).reason == "nothing to measure"
    assert "measured clear" in follow(start(hold="0s"), (3, CLEAR)).reason
    worse = follow(start(), (20, FIRING, "disk_full / on alpha"))
    assert "disk_full / on alpha" in worse.reason


def test_no_hold_heals_at_the_first_clear_look():
    assert follow(start(hold="0s"), (3, CLEAR)).verdict is Verdict.HEALED


def test_a_fleet_may_set_its_own_times():
    verification = start(within=timedelta(seconds=7), hold=timedelta(seconds=3))
    assert (verification.deadline, verification.hold_seconds) == (at(7), 3)
    own = begin("i", "p", [VerifySettings()], VerifyOverride(hold="1s"), NOW)
    assert (own.deadline, own.hold_seconds) == (at(60), 1)


def test_of_several_remedies_the_longest_times_count():
    settings = [VerifySettings(within="5s", hold="9s"), VerifySettings(within="8s", hold="1s")]
    verification = begin("i", "p", settings, VerifyOverride(), NOW)
    assert (verification.deadline, verification.hold_seconds) == (at(8), 9)


@pytest.mark.parametrize(("within", "seconds"), [("5s", 1), ("20s", 2), ("10m", 5)])
def test_how_often_is_looked(within, seconds):
    assert poll(start(within=within)) == timedelta(seconds=seconds)


def test_the_next_look_is_never_later_than_it_has_to_be():
    assert follow(start(), (19.5, FIRING)).next_at == at(20)
    assert follow(start(hold="1s"), (0, CLEAR)).next_at == at(1)
    assert follow(start(), (0, CLEAR)).next_at == at(2)


STATES = st.dictionaries(st.sampled_from([WEB, PORT]), st.sampled_from(SignalState), min_size=1)
LOOKS = st.lists(st.tuples(st.integers(0, 15), STATES, st.booleans()), min_size=1, max_size=25)


@given(LOOKS, st.integers(0, 30), st.integers(0, 20))
def test_never_healed_unless_clear_was_measured_through_the_whole_hold(looks, within, hold):
    verification = start(within=timedelta(seconds=within), hold=timedelta(seconds=hold))
    now, clear_since = 0, None
    for gap, states, trouble in looks:
        now += gap
        seen = look(verification, states, ["trouble"] if trouble else [], at(now))
        clear = all(state is CLEAR for state in states.values())
        clear_since = (now if clear_since is None else clear_since) if clear else None
        held = clear_since is not None and now - clear_since >= hold
        assert (seen.verdict is Verdict.HEALED) == held
        assert seen.verdict is not None or seen.next_at > at(now)
        if not clear and now >= within:
            assert seen.verdict is not None
        if seen.verdict is not None:
            break
        verification = seen.verification
