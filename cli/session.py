"""What one invocation works with: the settings after its options, the API, and where it prints."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from cli.client import Client, open_client
from cli.page import Page

if TYPE_CHECKING:
    from core.settings import Settings


class Session:
    """Made once, at the root of the command line; settings and API are opened when they are first asked for."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        """Settings that were given as options, by name."""
        self.as_json = False
        self.page = Page()
        self._open = ExitStack()

    @cached_property
    def settings(self) -> Settings:
        """The settings: options before environment before defaults. Raises BadInput."""
        from core.settings import read_settings

        return read_settings(**self.given)

    @cached_property
    def client(self) -> Client:
        """The API, over the network or in this process. Raises BadInput."""
        client = open_client(self.settings, person())
        self._open.callback(client.close)
        return client

    def show(self, data: Any, as_text: Callable[[Page], None]) -> None:
        """Print *data* as JSON if that was asked for, else whatever *as_text* makes of it."""
        if self.as_json:
            self.page.json(data)
        else:
            as_text(self.page)

    def close(self) -> None:
        """Give back what was opened."""
        self._open.close()


def session(ctx: typer.Context) -> Session:
    """The invocation's session, made at the first call."""
    root = ctx.find_root()
    if not isinstance(root.obj, Session):
        root.obj = Session()
        root.call_on_close(root.obj.close)
    return root.obj


def person() -> str:
    """The login name of whoever sits in front of the terminal. Raises BadInput where there is none."""
    from core.errors import BadInput

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise BadInput("your user has no login name; set LOGNAME", key="LOGNAME") from None
