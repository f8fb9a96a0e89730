"""The API documents itself, wholly and validly."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import api.routes
from api.app import SELF_AUTHENTICATED
from tests.api_client import open_api

ROUTES = {
    "POST /api/v1/sources/{source}/test",
    "GET /api/v1/sources",
    "GET /api/v1/alerts",
    "GET /api/v1/silences",
    "POST /api/v1/silences",
    "DELETE /api/v1/silences/{silence_id}",
    "POST /api/v1/hooks/{source}",
    "POST /api/v1/detections",
    "GET /api/v1/incidents",
    "GET /api/v1/incidents/{incident_id}",
    "GET /api/v1/incidents/{incident_id}/preview",
    "POST /api/v1/incidents/{incident_id}/approve",
    "POST /api/v1/incidents/{incident_id}/reject",
    "POST /api/v1/incidents/{incident_id}/close",
    "POST /api/v1/incidents/{incident_id}/undo",
    "POST /api/v1/requests",
    "GET /api/v1/plans/{plan_id}",
    "GET /api/v1/plans/{plan_id}/approvals",
    "GET /api/v1/runs",
    "GET /api/v1/runs/{run_id}",
    "GET /api/v1/runs/{run_id}/events",
    "POST /api/v1/runs/{run_id}/cancel",
    "GET /api/v1/catalog",
    "GET /api/v1/catalog/{remedy_id}",
    "GET /api/v1/symptoms",
    "GET /api/v1/fleets",
    "GET /api/v1/fleets/{fleet_name}",
    "GET /api/v1/fleets/{fleet_name}/check",
    "GET /api/v1/lessons",
    "GET /api/v1/outcomes",
    "GET /api/v1/journal",
    "GET /api/v1/journal/verify",
    "GET /api/v1/agents",
    "GET /api/v1/pauses",
    "PUT /api/v1/pauses/{scope}",
    "DELETE /api/v1/pauses/{scope}",
    "GET /api/v1/me",
    "POST /api/v1/incidents/{incident_id}/change",
    "POST /api/v1/incidents/{incident_id}/snooze",
    "POST /api/v1/incidents/{incident_id}/escalate",
    "GET /api/v1/incidents/{incident_id}/policy",
    "GET /api/v1/plans/{plan_id}/policy",
    "GET /api/v1/plans/{plan_id}/foreseen",
    "GET /api/v1/fleets/{fleet_name}/policy",
    "GET /api/v1/rulings/replay",
    "GET /api/v1/people",
    "POST /api/v1/people",
    "POST /api/v1/people/{person_name}/disable",
    "POST /api/v1/people/{person_name}/enable",
    "PUT /api/v1/people/{person_name}/grants/{scope}",
    "DELETE /api/v1/people/{person_name}/grants/{scope}",
    "PUT /api/v1/people/{person_name}/password",
    "PUT /api/v1/people/{person_name}/slack",
    "DELETE /api/v1/people/{person_name}/slack",
    "GET /api/v1/messages/check",
    "POST /api/v1/messages/test",
    "POST /api/v1/slack/actions",
    "POST /api/v1/slack/commands",
    "GET /api/v1/tokens",
    "POST /api/v1/tokens",
    "DELETE /api/v1/tokens/{token_name}",
    "GET /metrics",
    "GET /healthz",
    "GET /readyz",
}
"""Programs rely on these: one that goes, or changes its name, is a new version of the API."""
OPEN = {"/healthz", "/readyz"}
SIGNED = {"/api/v1/slack/actions", "/api/v1/slack/commands"}
"""Let in by a signature of their sender's."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with open_api(tmp_path_factory.mktemp("api")) as opened, opened.without_token() as nobody:
        return nobody.get("/api/v1/openapi.json").json()


def operations(schema: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def declared_routes() -> Iterator[APIRoute]:
    for module in pkgutil.iter_modules(api.routes.__path__, "api.routes."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, APIRouter):
                yield from (route for route in value.routes if isinstance(route, APIRoute))


def walk(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def test_the_routes_are_the_documented_ones(schema: Any) -> None:
    assert {name for name, _ in operations(schema)} == ROUTES
    documented = {operation["operationId"] for _, operation in operations(schema)}
    assert {route.name for route in declared_routes()} == documented
    assert len(documented) == len(ROUTES)


def test_every_route_says_what_it_does(schema: Any) -> None:
    for name, operation in operations(schema):
        assert operation["summary"][0].isupper(), name
        assert not operation["summary"].endswith("."), name
        assert operation["description"].rstrip().endswith("."), name
        assert operation["tags"], name
        for parameter in operation.get("parameters", ()):
            described = parameter.get("description") or parameter["schema"].get("description")
            assert described or parameter["name"] in {"fleet", "state", "incident", "symptom"}, (name, parameter)


def test_every_route_says_who_may_and_what_goes_wrong(schema: Any) -> None:
    for name, operation in operations(schema):
        if name.split()[1] in OPEN or name.split()[1].startswith(SELF_AUTHENTICATED):
            assert "security" not in operation
            continue
        if name.split()[1] in SIGNED:
            assert "security" not in operation
            for status in ("401", "409", "413", "422", "503"):
                assert "application/problem+json" in operation["responses"][status]["content"], (name, status)
            continue
        assert operation["security"] == [{"HTTPBearer": []}], name
        for status in ("401", "403", "404", "409", "413", "422", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"], (name, status)


def test_the_document_is_sound(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    for value in walk(schema):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            target = schema
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
    for model in schema["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(model)
    for name, operation in operations(schema):
        placeholders = {part[1:-1] for part in name.split()[1].split("/") if part.startswith("{")}
        in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert in_path == placeholders, name


def test_what_may_be_sent_is_closed(schema: Any) -> None:
    for name, operation in operations(schema):
        for value in walk(operation.get("requestBody", {})):
            if isinstance(value, dict) and "$ref" in value:
                model = schema["components"]["schemas"][value["$ref"].rpartition("/")[2]]
                assert model["additionalProperties"] is False, name


def test_a_detection_is_documented_alone_and_in_a_list(schema: Any) -> None:
    body = schema["paths"]["/api/v1/detections"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    kinds = [one.get("type", "object") for one in body["anyOf"]]
    assert kinds == ["object", "array"]


def test_files_of_the_room_stay_small() -> None:
    for path in Path(api.routes.__path__[0]).parent.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 250, path
