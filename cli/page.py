"""What a command prints: tables by Rich on a terminal, plain aligned text when piped. Everything is cleaned here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from cli.clean import clean, clean_lines

_STYLES = {
    **dict.fromkeys(("resolved", "successful", "healed", "ok", "vetted", "proven", "ready", "auto"), "green"),
    **dict.fromkeys(
        ("escalated", "failed", "timeout", "worse", "error", "not vetted", "void", "critical", "lost"), "red"
    ),
    **dict.fromkeys(("awaiting_approval", "warning", "not_healed", "unknown", "cancelled", "high"), "yellow"),
    **dict.fromkeys(("running", "starting", "verifying", "approved"), "cyan"),
}
"""The colour of a cell that consists of exactly this word."""
_NEVER_WRAPPED = 20
"""Columns up to this width keep their lines on a terminal."""


def complain(text: str) -> None:
    """Print one line on standard error, as every error of the command line looks."""
    sys.stderr.write(f"fleetmend: {clean(text)}\n")


class Page:
    """Prints to *stream* (standard output by default). *terminal* tells whether people look at it right now."""

    def __init__(self, stream: TextIO | None = None, *, terminal: bool | None = None) -> None:
        self._stream = stream or sys.stdout
        self.terminal = self._stream.isatty() if terminal is None else terminal

    def json(self, data: Any, *, indent: int | None = 2) -> None:
        """Print *data* as one JSON document, in ASCII, so that no terminal can be driven by it."""
        self._stream.write(json.dumps(data, indent=indent) + "\n")
        self._stream.flush()

    def line(self, *words: object) -> None:
        """Print one line; empty words are left out."""
        self._stream.write(" ".join(text for word in words if (text := clean(word))) + "\n")
        self._stream.flush()

    def block(self, text: str, indent: str = "    ") -> None:
        """Print text of several lines, each cleaned and indented."""
        for line in clean_lines(text.rstrip("\n")):
            self._stream.write(f"{indent}{line}".rstrip() + "\n")

    def fields(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Print names and values, one pair a line; pairs with an empty value are left out."""
        shown = [(name, clean(value)) for name, value in pairs if value not in (None, "")]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self._stream.write(f"  {name.ljust(width)}  {value}\n")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
        """Print a table, or the line *empty* if it has no rows."""
        cells = [[clean("-" if value in (None, "") else value) for value in row] for row in rows]
        if not cells:
            self.line(empty)
        elif self.terminal:
            self._rich_table(headings, cells)
        else:
            self._plain_table([[heading.upper() for heading in headings], *cells])

    def _plain_table(self, cells: list[list[str]]) -> None:
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._stream.write(line.rstrip() + "\n")

    def _rich_table(self, headings: Sequence[str], cells: list[list[str]]) -> None:
        # Rich costs a tenth of a second to import, and piped output does without.
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for heading, *column in zip(headings, *cells, strict=True):
            # Nothing is cut off: an id that was could not be copied.
            table.add_column(heading, overflow="fold", no_wrap=max(map(len, column)) <= _NEVER_WRAPPED)
        for row in cells:
            # A Text is never read as markup.
            table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
        Console(file=self._stream, highlight=False, markup=False).print(table)
