"""What is shown while the loop works: a live table on a terminal, else a line for each thing that happens."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.clean import clean
from cli.demo.rows import Row
from cli.demo.words import shortened
from core.states import State

COLOURS = {
    State.OPEN: "red",
    State.PLANNED: "magenta",
    State.AWAITING_APPROVAL: "yellow",
    State.APPROVED: "cyan",
    State.RUNNING: "bold blue",
    State.VERIFYING: "yellow",
    State.RESOLVED: "bold green",
    State.ESCALATED: "bold red",
}
_LAST_LINES = 6


class View(Protocol):
    """Shows what goes on, while its block lasts."""

    def say(self, text: str) -> None:
        """Tell one thing that happened."""
        ...

    def show(self, rows: Sequence[Row]) -> None:
        """Bring the picture of the incidents up to date."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_on(console: Console) -> View:
    """The view that fits *console*."""
    return LiveView(console) if console.is_terminal and not console.is_dumb_terminal else LineView(console)


class LiveView:
    """A table that is drawn anew in its place."""

    def __init__(self, console: Console) -> None:
        self._lines: list[str] = []
        self._rows: Sequence[Row] = ()
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def say(self, text: str) -> None:
        """Put *text* above the table."""
        self._lines.append(text)
        self._draw()

    def show(self, rows: Sequence[Row]) -> None:
        """Draw the table."""
        self._rows = rows
        self._draw()

    def _draw(self) -> None:
        said = [Text(f"· {line}", style="dim", overflow="fold") for line in self._lines[-_LAST_LINES:]]
        self._live.update(Group(*said, table_of(self._rows)) if self._rows else Group(*said), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class LineView:
    """A log: one line whenever something is said, or an incident changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, tuple[State, str]] = {}

    def say(self, text: str) -> None:
        """Print *text*."""
        self._line(text)

    def show(self, rows: Sequence[Row]) -> None:
        """Print what is new since the last time."""
        for row in rows:
            now = (row.state, row.progress)
            if self._shown.get(row.incident_id) != now:
                self._shown[row.incident_id] = now
                remedy = f" [{row.remedy}]" if row.remedy else ""
                words = shortened(clean(row.progress))
                self._line(f"{row.age:5.1f} s  {row.host}: {row.problem}: {row.state}{remedy}: {words}")

    def _line(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def table_of(rows: Sequence[Row]) -> Table:
    """*rows* as a table. What comes from a host is shown as it is, never read as markup."""
    table = Table(title="Incidents", title_justify="left", expand=True)
    for heading, ratio in (("host", None), ("problem", None), ("state", None), ("remedy", None), ("now", 1)):
        table.add_column(heading, ratio=ratio, no_wrap=True, overflow="ellipsis")
    table.add_column("age", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            Text(row.host),
            Text(row.problem),
            Text(row.state, style=COLOURS.get(row.state, "")),
            Text(row.remedy),
            Text(shortened(clean(row.progress)), style="dim"),
            f"{row.age:.0f} s",
        )
    return table
