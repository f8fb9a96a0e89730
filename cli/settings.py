"""`fleetmend settings`: every setting with its value, where that comes from, and what it means. Secrets are hidden."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.page import Page
from cli.session import session

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from core.settings import Settings

_HIDDEN = frozenset({"token", "heartbeat_url", "slack_token", "slack_signing_secret", "webhook_url", "webhook_secret"})
_DEFAULTS_IN_WORDS = {"content": "the checkout", "state": "`$XDG_STATE_HOME/fleetmend` or `~/.local/state/fleetmend`"}
"""Defaults that are not the same on every machine."""

_HEAD = """\
# Settings

Settings are read once, at the start, from the environment. An unknown `FLEETMEND_…` is an error, so that a typo can't
go unseen. `fleetmend settings` shows what is in force. This page is written by `fleetmend settings --markdown`.
"""


def settings(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page of all settings.")] = False,
) -> None:
    """Show the settings in force, and what they mean."""
    one = session(ctx)
    if markdown:
        one.page.block(reference(), indent="")
        return
    found = effective(one.settings, frozenset(one.given))
    one.show(found, lambda page: _print(page, found))


def effective(chosen: Settings, options: frozenset[str]) -> list[dict[str, Any]]:
    """Each setting as `{variable, value, from, description}`; *options* are those given on the command line."""
    from core.redaction import MASK, Redactor
    from core.settings import PREFIX

    values = chosen.model_dump(mode="json")
    found = []
    for name, field in type(chosen).model_fields.items():
        variable = PREFIX + name.upper()
        origin = "option" if name in options else "environment" if variable in os.environ else "default"
        value = MASK if name in _HIDDEN and values[name] is not None else Redactor().value(values[name])
        found.append({"variable": variable, "value": value, "from": origin, "description": field.description})
    return found


def reference() -> str:
    """`docs/reference/settings.md`, out of the descriptions in `core.settings`."""
    from core.settings import PREFIX, Settings

    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        lines += [f"## `{PREFIX}{name.upper()}`", "", str(field.description), ""]
        lines += [f"Default: {_DEFAULTS_IN_WORDS.get(name) or _default(name, field)}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _default(name: str, field: FieldInfo) -> str:
    from core.settings import Settings

    if field.default is None:
        return "not set"
    value = Settings.model_construct(**{name: field.default}).model_dump(mode="json", include={name})[name]
    return f"`{value}`" if value != [] else "none"


def _print(page: Page, found: list[dict[str, Any]]) -> None:
    for number, one in enumerate(found):
        if number:
            page.line()
        value = "not set" if one["value"] is None else one["value"]
        page.line(f"{one['variable']}={value}", "" if one["from"] == "default" else f"(from the {one['from']})")
        page.block(one["description"])
