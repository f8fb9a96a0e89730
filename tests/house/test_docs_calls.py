"""The pages about the API and the command line against the code: whatever people can call has its line."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from fastapi import FastAPI

from api.app import create_app
from api.bodies import ApproveBody, ChangeBody, DetectionBody, ReasonBody, RequestBody, SnoozeBody, TokenBody, UndoBody
from api.filters import IncidentFilter, JournalFilter, LessonFilter, OutcomeFilter, RunFilter
from api.people_bodies import PasswordBody, PersonBody, RoleBody, SlackBody
from api.problems import FAULT, NOT_READY, TOO_LARGE, UNAUTHORIZED
from cli.app import app as command_line
from cli.demo.command import demo
from core import errors
from core.settings import CHECKOUT
from tests.house.pages import first_cells, page, rows, section
from tests.world import open_house


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with open_house(tmp_path_factory.mktemp("docs")) as house:
        yield create_app(house.loop)


def test_every_route_has_its_line(application: FastAPI) -> None:
    routes = {(method.upper(), path) for path, found in application.openapi()["paths"].items() for method in found}
    written = {row[0:2] for row in rows(section(page("reference/api.md"), "Routes"))}
    assert {(method, path.strip("`")) for method, path in written} == routes
    for path in (application.openapi_url, application.docs_url):
        assert f"`{path}`" in page("reference/api.md")


def test_every_field_of_the_api_has_its_line() -> None:
    text = page("reference/api.md")
    assert first_cells(section(text, "A detection")) == list(DetectionBody.model_fields)
    bodies = (ApproveBody, ChangeBody, ReasonBody, RequestBody, SnoozeBody, TokenBody, UndoBody)
    bodies += (PasswordBody, PersonBody, RoleBody, SlackBody)
    filters = (IncidentFilter, JournalFilter, LessonFilter, OutcomeFilter, RunFilter)
    for model in (*bodies, *filters):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in section(text, "Routes")


def test_every_problem_of_the_api_has_its_line() -> None:
    named = re.findall(r'Kind\(\d+, "([a-z-]+)"', (CHECKOUT / "api" / "problems.py").read_text())
    kinds = {FAULT.name, NOT_READY.name, TOO_LARGE.name, UNAUTHORIZED.name, *named}
    written = {row[1].strip("`") for row in rows(section(page("reference/api.md"), "Errors"))}
    assert written == {f"urn:fleetmend:{kind}" for kind in kinds}


def commands(found: Any, path: str) -> dict[str, Any]:
    """Every command below *found*, by its words."""
    inner = getattr(found, "commands", None)
    if inner is None:
        return {path: found}
    return {words: one for name, sub in inner.items() for words, one in commands(sub, f"{path} {name}").items()}


def test_every_command_and_option_has_its_line() -> None:
    every = commands(typer.main.get_command(command_line), "fleetmend")
    of_the_demo = typer.Typer(add_completion=False)
    of_the_demo.command()(demo)
    every["fleetmend demo"] = typer.main.get_command(of_the_demo)
    text = page("reference/cli.md")
    found = re.findall(r"^### (`(fleetmend(?: [a-z]+)+)\b.*`)$", text, re.MULTILINE)
    written = {words: section(text, heading) for heading, words in found}
    assert written.keys() == every.keys()
    common = section(text, "Options of every command")
    for words, command in every.items():
        for option in (name for one in command.params for name in (*one.opts, *one.secondary_opts)):
            if option.startswith("--"):
                assert f"`{option}" in written[words] + common, f"{words} {option}"


def test_every_exit_code_has_its_line() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.FleetmendError)]
    written = first_cells(section(page("reference/cli.md"), "Exit codes"))
    assert {"0", *(str(kind.exit_code) for kind in kinds)} <= set(written)
