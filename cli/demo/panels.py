"""The report for people: a panel for each fault, and a table of how long each step took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.clean import clean
from cli.demo.report import Report, Told
from cli.demo.words import shortened

_STEPS = ("detected", "planned", "approved", "waited", "run", "verified", "total")


def print_report(console: Console, report: Report) -> None:
    """Print *report*. Whatever came from a host or a model is shown as it is, never read as markup."""
    for number, story in enumerate(report.faults, start=1):
        console.print(_panel(number, story))
    console.print(_times(report))
    for line in _last_lines(report):
        console.print(line)


def _panel(number: int, story: Told) -> Panel:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for name, text in _story(story):
        grid.add_row(name, Text(shortened(clean(text))))
    mark, colour = ("healed", "green") if story.healed else ("NOT healed", "red")
    title = Text(
        f"{number}. {story.fault.name.replace('_', ' ')} on {story.fault.host}: {mark}", style=f"bold {colour}"
    )
    return Panel(grid, title=title, title_align="left", border_style=colour)


def _story(story: Told) -> Iterator[tuple[str, str]]:
    yield "fault", story.fault.words
    if story.detected is not None:
        yield "detected", f"{story.detected.symptom} {story.detected.subject}: {story.detected.evidence}"
        if story.detected.folded:
            yield "folded in", ", ".join(story.detected.folded)
    if story.planned is not None:
        confidence = f"risk {story.planned.risk}, confidence {story.planned.confidence:.2f}"
        yield "planned", story.planned.title
        yield "by", f"{story.planned.by}, {confidence}"
        yield "why", "; ".join(story.planned.reasons)
        if story.planned.alternatives:
            yield "else", ", ".join(story.planned.alternatives)
    if story.approved is not None:
        yield "approved", f"by {story.approved.by}: {'; '.join(story.approved.rules)}"
    for run in story.runs:
        took = "" if run.seconds is None else f" in {run.seconds:.1f} s"
        problem = f"; {run.problem}" if run.problem else ""
        yield "run", f"{run.remedy}: {run.status}{took}, {len(run.tasks)} tasks{problem}"
    yield "verdict", story.reason if story.verdict is None else f"{story.verdict}: {story.reason}"
    yield "looked at", "by other means than the probes: " + ("still there" if story.fault.still_there else "gone")
    for lesson in story.learnt:
        yield "learnt", lesson


def _times(report: Report) -> Table:
    table = Table(title="Seconds that each step took", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("fault", no_wrap=True)
    for step in _STEPS:
        table.add_column(step, justify="right", no_wrap=True)
    for story in report.faults:
        times = story.seconds.model_dump()
        table.add_row(
            story.fault.name.replace("_", " "),
            *("–" if times[step] is None else f"{times[step]:.1f}" for step in _STEPS),
        )
    return table


def _last_lines(report: Report) -> Iterator[Text]:
    for aside in report.asides:
        yield Text(clean(f"Beside these: {aside.title}: {aside.state} ({aside.reason})"), style="dim")
    by = Counter(story.planned.by for story in report.faults if story.planned is not None)
    plans = ", ".join(f"{count} by {who}" for who, count in sorted(by.items())) or "none"
    yield Text(clean(f"The planner was {report.planner.used}: {report.planner.why}. Plans: {plans}."))
    chain = "its chain is whole" if report.journal.violation is None else f"BROKEN: {report.journal.violation}"
    yield Text(f"The journal has {report.journal.entries} entries; {chain}.")
    words = f"{report.healed} of {len(report.faults)} faults were measured as healed, in {report.seconds:.0f} s."
    yield Text(words, style="bold green" if report.ok else "bold red")
