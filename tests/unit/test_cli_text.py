"""What hosts say reaches a terminal as plain text, and times, durations and pairs read as people write them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.clean import clean, clean_lines
from cli.page import Page
from cli.pairs import read_pairs
from cli.times import between, moment, relative, seconds
from core.errors import BadInput

HOSTILE = "\x1b[2J\x1b]0;owned\x07 [bold red]web[/] \u202egnp.exe\r\n"


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    cleaned = clean(text)
    assert all(one.isprintable() for one in cleaned)
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_stays(text: str) -> None:
    assert clean(text) == text


def test_lines_keep_their_indentation() -> None:
    assert clean_lines("--- a\n\tx\x1b[0m\r\n  y") == ["--- a", "    x[0m ", "  y"]


@pytest.mark.parametrize("terminal", [True, False])
def test_hostile_cells_are_shown_and_do_nothing(terminal: bool) -> None:
    stream = io.StringIO()
    Page(stream, terminal=terminal).table(("what",), [[HOSTILE]], empty="none")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "[bold red]web[/]" in text
    assert "\u202e" not in text


def test_every_way_to_print_is_clean() -> None:
    stream = io.StringIO()
    page = Page(stream, terminal=False)
    page.line("a", "", HOSTILE)
    page.block(HOSTILE)
    page.fields([("note", HOSTILE), ("none", None), ("empty", "")])
    page.json({"note": HOSTILE + "\x9b"})
    assert all(one == "\n" or (one.isprintable() and one.isascii()) or one == " " for one in stream.getvalue())
    assert "empty" not in stream.getvalue()


def test_piped_tables_are_aligned_and_whole() -> None:
    stream = io.StringIO()
    rows = [("inc-1", "open", None), ("inc-22", "awaiting_approval", "x" * 200)]
    Page(stream, terminal=False).table(("incident", "state", "why"), rows, empty="none")
    heading, first, second = stream.getvalue().splitlines()
    assert heading == "INCIDENT  STATE              WHY"
    assert first == "inc-1     open               -"
    assert second == f"inc-22    awaiting_approval  {'x' * 200}"


def test_an_empty_table_says_so() -> None:
    stream = io.StringIO()
    Page(stream, terminal=True).table(("incident",), [], empty="no live incidents")
    assert stream.getvalue() == "no live incidents\n"


def test_nothing_is_cut_off_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = io.StringIO()
    Page(stream, terminal=True).table(("incident", "why"), [("inc-m7ybyq4cfc9rh", "word " * 40)], empty="none")
    assert "inc-m7ybyq4cfc9rh" in stream.getvalue()
    assert stream.getvalue().count("word") == 40
    assert "…" not in stream.getvalue()


@pytest.mark.parametrize(
    ("past", "words"),
    [(0, "now"), (0.4, "now"), (3, "3s ago"), (-90, "in 1m"), (7300, "2h ago"), (-1, "in 1s"), (200_000, "2d ago")],
)
def test_how_long_ago(past: float, words: str) -> None:
    assert relative(timedelta(seconds=past)) == words


def test_moments_are_local_and_have_a_date_on_other_days() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    at = now - timedelta(seconds=180)
    assert moment(at.isoformat(), now) == f"{at.astimezone():%H:%M:%S} (3m ago)"
    earlier = now - timedelta(days=3)
    assert moment(earlier, now) == f"{earlier.astimezone():%Y-%m-%d %H:%M} (3d ago)"
    assert moment(None) == "-"


@pytest.mark.parametrize(
    ("value", "words"), [(None, "-"), (0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"), (185, "3m05s")]
)
def test_durations(value: float | None, words: str) -> None:
    assert seconds(value) == words


def test_what_has_no_end_took_no_time_yet() -> None:
    assert between("2026-01-01T00:00:00Z", None) == "-"
    assert between("2026-01-01T00:00:00Z", "2026-01-01T00:00:01.5+00:00") == "1.5s"


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("-5", -5), ("0.5", 0.5), ("true", True), ("false", False), ("web", "web"), ('"5"', "5"), ("", "")],
)
def test_values_are_typed(text: str, value: object) -> None:
    found = read_pairs([f"name={text}"], "--set")["name"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("pairs", [["name"], ["=5"], ["a=1", "a=2"]])
def test_pairs_that_are_none_are_refused(pairs: list[str]) -> None:
    with pytest.raises(BadInput, match="--set"):
        read_pairs(pairs, "--set")


@given(st.text(min_size=1).filter(lambda text: "=" not in text), st.text())
def test_a_pair_is_split_at_its_first_sign(name: str, value: str) -> None:
    assert list(read_pairs([f"{name}={value}"], "--set")) == [name]
