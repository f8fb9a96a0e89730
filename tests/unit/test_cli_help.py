"""`--help` answers at once, for every command, and the reference pages say all of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.app import app
from cli.demo.command import demo
from cli.settings import reference
from core.settings import CHECKOUT
from tests.cli_runs import Cli

SLOW = ("fastapi", "starlette", "ansible", "ansible_runner", "celery", "sqlalchemy", "langchain", "langchain_core")
SLOW += ("rich", "pydantic", "httpx", "yaml", "jsonschema", "api", "loop", "store")
PAGE = (CHECKOUT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    for name, one in (inner or {}).items():
        yield from commands(one, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))
_demo = typer.Typer(add_completion=False)
_demo.command()(demo)
ALL["demo",] = typer.main.get_command(_demo)  # ours only passes its arguments on


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_all_commands_are_there() -> None:
    promised = "up api worker beat demo init detect incidents incident plan approve reject change snooze escalate"
    promised += " policy close runs cancel catalog fleets lessons journal pause resume ask undo tokens db backup"
    promised += " restore settings agents lab people me slack silence silences sources"
    assert {path[0] for path in ALL} == set(promised.split())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help(cli: Cli, path: tuple[str, ...]) -> None:
    text = cli.ok(*path, "--help")
    assert text.startswith(f"Usage: fleetmend {' '.join(path)}")
    assert len(text.splitlines()[2].split()) >= 3
    undocumented = [one.name for one in ALL[path].params if not getattr(one, "help", None) and one.name not in _PLAIN]
    assert undocumented == []


_PLAIN = {"fleet", "remedy"}
"""Arguments that their metavar explains."""


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_page_mentions_every_command_and_option(path: tuple[str, ...]) -> None:
    parts = re.split(r"^### ", PAGE, flags=re.MULTILINE)
    heading = re.compile(rf"`fleetmend {re.escape(' '.join(path))}(?: |`)")
    [part] = [one for one in parts if heading.match(one)]
    options = [name for one in ALL[path].params for name in one.opts if name.startswith("--")]
    missing = [name for name in options if f"`{name}" not in part and f"| `{name}" not in parts[0]]
    assert missing == []


def test_the_page_mentions_no_other_command() -> None:
    headings = re.findall(r"^### `fleetmend ([a-z ]+[a-z])", PAGE, flags=re.MULTILINE)
    assert sorted(headings) == sorted(" ".join(path) for path in ALL)


def test_the_settings_page_is_up_to_date() -> None:
    page = (CHECKOUT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert page == reference(), "run `fleetmend settings --markdown > docs/reference/settings.md`"


def test_help_imports_nothing_slow(tmp_path: Path) -> None:
    program = (
        "import sys; from cli.main import main; code = main(['--help']);"
        f"print(code, [name for name in {SLOW!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_version(cli: Cli) -> None:
    assert re.fullmatch(r"fleetmend (\d+\.\d+\.\d+|unknown)\n", cli.ok("--version"))
