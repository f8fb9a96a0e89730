"""Scripts rely on exit codes: each error has its own, and says in one line what to do, without a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.client import error_of
from core.errors import BadInput, Conflict, FleetmendError, NeedsHuman, NotFound, Refused, Retryable
from core.settings import CHECKOUT
from tests.cli_runs import Cli, empty_place

CASES = yaml.safe_load((CHECKOUT / "tests" / "cases" / "cli_exit_codes.yml").read_text(encoding="utf-8"))


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    empty_place(tmp_path, monkeypatch)
    return Cli(capsys)


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case["run"]))
def test_what_goes_wrong_has_its_code_and_one_line(cli: Cli, case: dict[str, Any]) -> None:
    result = cli(*case["run"])
    assert result.code == case["exit"], result.err
    assert case["says"] in result.err
    assert "Traceback" not in result.err
    if not result.err.startswith("Usage:") and result.err:
        assert result.err.startswith("fleetmend: ")
        assert result.err.count("\n") == 1


def test_an_unknown_setting_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETMEND_PROT", "1")
    result = cli("incidents")
    assert result.code == 2
    assert result.err == "fleetmend: FLEETMEND_PROT: unknown setting in the environment; did you mean FLEETMEND_PORT?\n"


def test_nobody_answers(cli: Cli) -> None:
    with socket.socket() as bound:  # held, but nobody listens
        bound.bind(("127.0.0.1", 0))
        result = cli("--url", f"http://127.0.0.1:{bound.getsockname()[1]}", "incidents")
    assert result.code == 75
    assert "does not answer" in result.err
    assert "is `fleetmend up` running?" in result.err


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (422, {"type": "urn:fleetmend:bad-input", "detail": "no"}, BadInput, 2),
        (403, {"type": "urn:fleetmend:refused", "detail": "no"}, Refused, 3),
        (401, {"type": "urn:fleetmend:unauthorized", "detail": "no"}, Refused, 3),
        (404, {"type": "urn:fleetmend:not-found", "detail": "no"}, NotFound, 4),
        (409, {"type": "urn:fleetmend:conflict", "detail": "no"}, Conflict, 5),
        (409, {"type": "urn:fleetmend:needs-human", "detail": "no"}, NeedsHuman, 1),
        (503, {"type": "urn:fleetmend:retry", "detail": "no"}, Retryable, 75),
        (502, "<html>Bad gateway</html>", Retryable, 75),
        (404, "<html>Not found</html>", FleetmendError, 1),
        (500, {"type": "urn:fleetmend:fault", "detail": "no"}, FleetmendError, 1),
        (500, ["odd"], FleetmendError, 1),
    ],
)
def test_the_apis_problems_are_errors_again(status: int, body: Any, error: type[FleetmendError], code: int) -> None:
    found = error_of(status, body if isinstance(body, str) else json.dumps(body))
    assert type(found) is error
    assert found.exit_code == code
    assert "\n" not in str(found)


@pytest.mark.parametrize("options", [(), ("--markdown",)], ids=["while it prints", "at the end"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, options: tuple[str, ...]) -> None:
    """As in `fleetmend … | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "FLEETMEND_STATE": str(tmp_path / "state")}
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "settings", *options],
            cwd=CHECKOUT,
            env=environment,
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""
