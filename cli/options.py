"""The options that every command has, before or after its name: which content, state and API, and JSON or text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.session import session

Setter = Callable[[typer.Context, typer.CallbackParam, Any], Any]


def _setting(name: str) -> Setter:
    """A callback that makes the option's value the setting *name*."""

    def take(ctx: typer.Context, _param: typer.CallbackParam, value: Any) -> Any:
        if value is not None:
            session(ctx).given[name] = value.absolute() if isinstance(value, Path) else value
        return value

    return take


def _json(ctx: typer.Context, _param: typer.CallbackParam, value: bool) -> bool:
    if value:
        session(ctx).as_json = True
    return value


Content = Annotated[
    Path | None,
    typer.Option(
        "--content", metavar="DIR", help="Your content folder (FLEETMEND_CONTENT).", callback=_setting("content")
    ),
]
State = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="The state folder (FLEETMEND_STATE).", callback=_setting("state")),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A fleetmend API elsewhere (FLEETMEND_URL).", callback=_setting("url")),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.", callback=_json)]


def common(content: Content = None, state: State = None, url: Url = None, as_json: Json = False) -> None:
    """Only declares the options: their callbacks hand the values to the session."""


class Command(TyperCommand):
    """A command that takes the common options too, so that they may stand behind its name."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        taken = {name for own in self.params for name in own.opts}
        self.params += [parameter for parameter in _common_parameters() if taken.isdisjoint(parameter.opts)]


@cache
def _common_parameters() -> tuple[Any, ...]:
    prototype = typer.Typer(add_completion=False)
    prototype.command()(common)
    parameters = [one for one in typer.main.get_command(prototype).params if one.name in common.__annotations__]
    for parameter in parameters:
        parameter.expose_value = False
    return tuple(parameters)


class Noun(TyperGroup):
    """A noun with verbs. Its first one is meant where none is given: `runs --open` is `runs list --open`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first verb in front where none is given."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = [self.list_commands(ctx)[0], *args]
        return super().parse_args(ctx, args)
