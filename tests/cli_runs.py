"""The command line over a small world (see `tests/world.py`): what it prints and how it ends, without a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.app import create_app
from api.in_process import InProcess
from cli.client import Client
from cli.main import main
from cli.session import Session
from tests.world import House


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Cli:
    """Runs commands, answered by the loop of *house*, else by one over the state that the environment names."""

    capture: pytest.CaptureFixture[str]
    house: House | None = None

    def __call__(self, *arguments: str, sleep: Callable[[float], None] | None = None) -> Result:
        """Run `fleetmend` with *arguments*. *sleep* is called where a command would wait."""
        code = main(arguments, self._session(sleep or _never))
        captured = self.capture.readouterr()
        return Result(code, captured.out, captured.err)

    def ok(self, *arguments: str) -> str:
        """Run a command that must succeed in silence, and return what it printed."""
        result = self(*arguments)
        assert (result.code, result.err) == (0, "")
        return result.out

    def _session(self, sleep: Callable[[float], None]) -> Session:
        house = self.house
        if house is None:
            return Session(sleep=sleep)
        return Session(open_client=lambda _settings, person: _client(house, person), sleep=sleep)


def empty_place(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Point the settings at a content folder without fleets and a state folder of the test's own."""
    (folder / "content" / "inventory").mkdir(parents=True, exist_ok=True)
    patch.setenv("FLEETMEND_CONTENT", str(folder / "content"))
    patch.setenv("FLEETMEND_STATE", str(folder / "state"))
    for name in ("FLEETMEND_URL", "FLEETMEND_TOKEN", "FLEETMEND_MODEL"):
        patch.delenv(name, raising=False)


def _client(house: House, person: str) -> Client:
    import httpx

    class StaysOpen(InProcess):
        """The house outlives the command."""

        def close(self) -> None:
            """Leave the loop as it is."""

    app = create_app(house.loop, person=person)
    return Client(httpx.Client(transport=StaysOpen(app, house.loop), base_url="http://fleetmend"))


def _never(_seconds: float) -> None:
    raise AssertionError("this command must not wait")
