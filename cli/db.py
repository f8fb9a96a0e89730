"""`fleetmend db`, `backup`, `restore`: the store as files and tables, also where `up` does not start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

if TYPE_CHECKING:
    from core.settings import Settings

app = typer.Typer(cls=Noun, help="Check the database, or bring its tables up to date.")


@app.command("check", cls=Command)
def check(ctx: typer.Context) -> None:
    """Say which revision the database has and whether it is whole; exit 1 if something is to be done."""
    from store import health

    one = session(ctx)
    found = health.check(one.settings.effective_database_url)
    rows = [
        ("database", found.kind),
        ("revision", found.current or "none"),
        ("newest", found.newest),
        ("pending", ", ".join(found.pending) or "nothing"),
        *(("problem", problem) for problem in found.problems),
    ]
    one.show(found._asdict(), lambda page: page.fields(rows))
    if not found.good:
        raise typer.Exit(1)


@app.command("upgrade", cls=Command)
def upgrade(ctx: typer.Context) -> None:
    """Bring the tables up to date, with their rows in place. `up` does so by itself; back up first."""
    from core.clock import SystemClock
    from core.settings import ensure_state
    from store import health

    one = session(ctx)
    state = ensure_state(one.settings.state)
    url, key_file = one.settings.effective_database_url, one.settings.journal_key_file
    applied = health.upgrade(url, state, SystemClock(), key_file=key_file)
    words = f"applied {', '.join(applied)}" if applied else "the database is up to date"
    one.show({"applied": list(applied)}, lambda page: page.line(words))


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to make, for example fleetmend.tar.gz.")],
) -> None:
    """Write the database and the journal's key into one archive, also while `up` runs. Keep it as you keep a key."""
    from core.clock import SystemClock
    from store.backup import back_up

    one = session(ctx)
    made = back_up(_embedded(one.settings), file.absolute(), SystemClock())
    data = {"file": str(file), "size": made.size, "revision": made.revision}
    one.show(data, lambda page: page.line(f"backed up into {file}, {made.size:,} bytes, revision {made.revision}"))


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `fleetmend backup` made.")],
    force: Annotated[bool, typer.Option("--force", help="Move aside the store that is there.")] = False,
) -> None:
    """Put the store of an archive in place, once its checksums and its journal hold. Stop `up` before."""
    from core.clock import SystemClock
    from core.settings import ensure_state
    from store import backup

    one = session(ctx)
    state = ensure_state(_embedded(one.settings))
    done = backup.restore(file.absolute(), state, SystemClock(), force=force)
    counted = f"{done.entries} entries, {done.incidents} incidents, {done.runs} runs; the journal is whole"
    data = {
        "made_at": done.backup.made_at.isoformat(),
        "revision": done.backup.revision,
        "entries": done.entries,
        "incidents": done.incidents,
        "runs": done.runs,
        "aside": None if done.aside is None else str(done.aside),
    }
    fields = [
        ("restored", f"as of {moment(done.backup.made_at)}: {counted}"),
        ("before", f"the store that was there lies in {done.aside}" if done.aside else None),
    ]
    one.show(data, lambda page: page.fields(fields))


def _embedded(settings: Settings) -> Path:
    """The state folder. Raises BadInput if the database is not in it."""
    from core.errors import BadInput

    if settings.database_url is not None:
        problem = "only the embedded store is backed up here; use the database's own tools (pg_dump, pg_restore), and"
        raise BadInput(f"{problem} keep journal.key and journal.head of {settings.state}", key="FLEETMEND_DATABASE_URL")
    return settings.state
