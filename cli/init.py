"""`fleetmend init`: lays out a content folder of the user's own. What is there already is never touched."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from cli.session import session
from core.errors import BadInput

SKELETON = Path(__file__).parent / "skeleton"
"""The files as they are laid out; `example` stands for the fleet's name."""
_EXAMPLE = PurePosixPath("inventory", "example")


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, made if it is not there.")],
    fleet: Annotated[str, typer.Option(help="The name of the first fleet.")] = "example",
) -> None:
    """Lay out a content folder of your own.

    It has a first fleet, and places for playbooks, roles, probes and symptoms. What is there already is kept as it is.
    """
    one = session(ctx)
    made, kept = lay_out(folder, fleet)
    given = shlex.quote(str(folder))
    steps = ("fleets check", "up", "incidents")
    commands = [f"fleetmend --content {given} {step}" for step in steps]
    if one.as_json:
        one.page.json({"made": made, "kept": kept, "next": commands})
        return
    for name in made:
        one.page.line("made", folder / name)
    for name in kept:
        one.page.line("kept", folder / name)
    one.page.line()
    one.page.line("Next:")
    for command in commands:
        one.page.line(" ", command)


def lay_out(folder: Path, fleet: str) -> tuple[list[str], list[str]]:
    """Copy what is missing into *folder*. Returns the files that were made, and those that were there already.

    Raises BadInput, having written nothing, if *folder* holds something else than such content.
    """
    _check_fleet_name(fleet)
    wanted = {_target(path, fleet): path for path in sorted(SKELETON.rglob("*")) if path.is_file()}
    _check_folder(folder, {name.parts[0] for name in wanted})
    if _has_fleets(folder):
        wanted = {name: path for name, path in wanted.items() if name.parts[0] != _EXAMPLE.parts[0]}
    made, kept = [], []
    for name, source in wanted.items():
        target = folder / name
        if target.exists() or _keeps_nothing(target):
            kept += [str(name)] if target.name != ".gitkeep" else []
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as content, target.open("xb") as file:
                shutil.copyfileobj(content, file)
        except OSError as error:
            raise BadInput(f"can't be written: {error.strerror}", file=target) from None
        made.append(str(name))
    return made, kept


def _check_fleet_name(fleet: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from core.model import Name

    try:
        TypeAdapter(Name).validate_python(fleet)
    except ValidationError:
        problem = f"{fleet!r} is no fleet's name: lower-case letters, digits and '_', beginning with a letter"
        raise BadInput(problem, key="--fleet") from None


def _check_folder(folder: Path, ours: set[str]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadInput("it is not a folder", file=folder)
    others = sorted(entry.name for entry in folder.iterdir() if entry.name not in ours and not _beside(entry.name))
    if others:
        raise BadInput(f"it holds other things already ({', '.join(others[:3])}); choose a new folder", file=folder)


def _beside(name: str) -> bool:
    """True for what a fresh repository has: `.git`, a licence and the like."""
    return name.startswith(".") or name.upper().startswith("LICENSE")


def _has_fleets(folder: Path) -> bool:
    return any((folder / "inventory").glob("*/fleet.yml"))


def _keeps_nothing(target: Path) -> bool:
    """True for a `.gitkeep` in a folder that has something in it."""
    return target.name == ".gitkeep" and target.parent.is_dir() and any(target.parent.iterdir())


def _target(path: Path, fleet: str) -> PurePosixPath:
    name = PurePosixPath(path.relative_to(SKELETON).as_posix())
    if name.is_relative_to(_EXAMPLE):
        return PurePosixPath("inventory", fleet) / name.relative_to(_EXAMPLE)
    return name
