"""What one invocation works with: the settings after its options, the API, and where it prints."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import typer

from cli.client import Client, open_client
from cli.page import Page
from core.errors import BadInput

if TYPE_CHECKING:
    from core.settings import Settings


class Session:
    """Made once, at the root of the command line; settings and API are opened when they are first asked for."""

    def __init__(
        self,
        *,
        open_client: Callable[[Settings, str], Client] = open_client,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open_client, self.sleep = open_client, sleep
        self.given: dict[str, Any] = {}
        """Settings that were given as options, by name."""
        self.as_json = False
        self.page = Page()
        self._open = ExitStack()

    @cached_property
    def settings(self) -> Settings:
        """The settings: options before environment before defaults. Raises BadInput."""
        from core.settings import read_settings

        settings = read_settings(**self.given)
        if not settings.content.is_dir():
            problem = "there is no such folder; `fleetmend init DIR` lays one out"
            raise BadInput(problem, file=settings.content, key="FLEETMEND_CONTENT")
        return settings

    @cached_property
    def client(self) -> Client:
        """The API, over the network or in this process. Raises BadInput."""
        client = self._open_client(self.settings, person())
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
    """The session that `main` handed to Typer."""
    return cast(Session, ctx.find_root().obj)


def person() -> str:
    """The login name of whoever sits in front of the terminal. Raises BadInput where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise BadInput("your user has no login name; set LOGNAME", key="LOGNAME") from None
