"""What is shown while the loop works."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cli.demo.live import COLOURS, LineView, LiveView, table_of, view_on
from cli.demo.rows import Row, settled
from core.states import LIVE, State

ROW = Row(
    incident_id="inc-1",
    host="h1",
    symptom="service_down",
    subject="web",
    state=State.RUNNING,
    remedy="service_restart",
    progress="Start the program",
    age=3.25,
)


def console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=terminal)


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def test_without_a_terminal_only_what_changed_is_printed() -> None:
    on = console()
    with view_on(on) as view:
        assert isinstance(view, LineView)
        view.say("they are up")
        view.show([ROW])
        view.show([replace(ROW, age=4.0)])
        view.show([replace(ROW, age=5.0, state=State.VERIFYING, progress="measuring")])
    assert printed(on).splitlines() == [
        "they are up",
        "  3.2 s  h1: service_down web: running [service_restart]: Start the program",
        "  5.0 s  h1: service_down web: verifying [service_restart]: measuring",
    ]


def test_on_a_terminal_a_table_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    on = console(terminal=True)
    with view_on(on) as view:
        assert isinstance(view, LiveView)
        view.say("they are up")
        view.show([ROW])
    assert "they are up" in printed(on)
    assert "Start the program" in printed(on)


@pytest.mark.parametrize("progress", ["[red]hostile[/red]", "\x1b[2Jhostile", "host\x07ile"])
def test_what_hosts_say_is_neither_markup_nor_a_command(progress: str) -> None:
    on = console()
    with LineView(on) as view:
        view.show([replace(ROW, progress=progress)])
    on.print(table_of([replace(ROW, progress=progress)]))
    assert printed(on).count("hostile") == 2
    assert "\x1b" not in printed(on)
    assert "\x07" not in printed(on)
    assert ("[red]" in printed(on)) == ("[red]" in progress)


def test_every_live_state_has_a_colour() -> None:
    assert set(COLOURS) >= LIVE | {State.RESOLVED}


@pytest.mark.parametrize(
    ("states", "done"),
    [
        ((), True),
        ((State.RESOLVED, State.ESCALATED), True),
        ((State.RESOLVED, State.VERIFYING), False),
        ((State.OPEN,), False),
    ],
)
def test_it_is_settled_when_the_loop_has_nothing_left_to_do(states: tuple[State, ...], done: bool) -> None:
    assert settled([replace(ROW, state=state) for state in states]) is done
