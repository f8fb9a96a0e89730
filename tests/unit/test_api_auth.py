"""Nobody gets in without a token, and whoever gets in acts under the token's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Request

from api.app import OPEN_PATHS, SELF_AUTHENTICATED, create_app
from core.errors import BadInput, Refused
from tests.api_client import BEGINNING, DOWN, Api, client_of, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="approve") as opened:
        yield opened


def test_every_route_but_health_and_documentation_needs_a_token(api: Api) -> None:
    paths = api.get("/openapi.json")["paths"]
    asked = 0
    with api.without_token() as nobody:
        for path, operations in paths.items():
            for method in operations:
                answer = nobody.request(method, path.replace("{", "").replace("}", ""), content=b"{")
                if path in OPEN_PATHS:
                    assert answer.status_code == 200, path
                    continue
                asked += 1
                if path.endswith("/hooks/{source}"):
                    assert answer.status_code == 404, "there is no source of this name"
                    continue
                assert (answer.status_code, answer.json()["type"]) == (401, "urn:fleetmend:unauthorized"), path
                if not path.startswith(SELF_AUTHENTICATED):
                    assert answer.headers["www-authenticate"] == "Bearer"
        assert nobody.get("/api/v1/nothing").status_code == 401
        assert nobody.post("/healthz").status_code == 405
    assert asked > 25
    assert {one for one in OPEN_PATHS if not one.startswith("/static/")} == {
        "/healthz",
        "/readyz",
        "/sign-in",
        "/api/v1/openapi.json",
        "/api/v1/docs",
    }
    assert api.house.loop.context.store.detections.count() == 0


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Bearer fm_wrong")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Bearer")],
        [("Authorization", "{token}")],
        [("Authorization", "Basic {token}")],
        [("Authorization", "Bearer {token}x")],
        [("Authorization", "Bearer  {token}")],
        [("Authorization", "Bearer " + "x" * 10_000)],
        [("Authorization", b"Bearer \xff\xfe")],
        [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
        [("Cookie", "token={token}")],
    ],
)
def test_a_wrong_token_is_none(api: Api, headers: list[tuple[str, str | bytes]]) -> None:
    filled = [
        (name.encode(), (value.replace("{token}", api.token).encode() if isinstance(value, str) else value))
        for name, value in headers
    ]
    with api.without_token() as nobody:
        assert nobody.get("/api/v1/incidents", headers=filled).status_code == 401
        assert nobody.get("/api/v1/incidents", params={"token": api.token}).status_code == 401


def test_the_scheme_may_be_written_as_one_likes(api: Api) -> None:
    with api.without_token() as http:
        assert http.get("/api/v1/incidents", headers={"Authorization": f"bearer {api.token}"}).status_code == 200


def test_a_token_is_made_shown_once_and_ended(api: Api) -> None:
    made = api.post("/tokens", {"name": "ann"}, 201)
    assert made["token"].startswith("fm_")
    assert [one["name"] for one in api.get("/tokens")] == ["ann", "ops"]
    assert made["token"] not in str(api.get("/tokens"))
    assert "ann" in api.post("/tokens", {"name": "ann"}, 409)["detail"]
    with client_of(api.app, api.house, made["token"]) as ann:
        assert ann.get("/api/v1/tokens").status_code == 200
        api.delete("/tokens/ann")
        assert ann.get("/api/v1/tokens").status_code == 401
    assert "fleetmend tokens" in api.delete("/tokens/ann", 404)["detail"]
    assert [(entry["kind"], entry["actor"]) for entry in api.get("/journal")[len(BEGINNING) :]] == [
        ("token.made", "person:ops"),
        ("token.revoked", "person:ops"),
        ("request.unauthorized", "somebody"),
    ]
    assert made["token"] not in str(api.get("/journal"))


@pytest.mark.parametrize("name", ["", "x" * 64, "a b", "a/b", "-a", "ann\n", "ä", 5, None])
def test_a_token_has_a_plain_name(api: Api, name: object) -> None:
    assert api.post("/tokens", {"name": name}, 422)["detail"].startswith("name: ")


def test_the_owner_of_the_state_needs_no_token(api: Api) -> None:
    app = create_app(api.house.loop, person="root")
    with client_of(app, api.house) as root:
        assert root.put("/api/v1/pauses/demo", json={"reason": "to look"}).json()["by"] == "person:root"
        [accepted] = root.post("/api/v1/detections", json=DOWN).json()["accepted"]
        detail = root.get(f"/api/v1/incidents/{accepted['incident']}").json()
    assert [one["source"] for one in detail["detections_list"]] == ["api:root"]


@pytest.mark.parametrize("name", ["", "x" * 91])
def test_the_owner_has_a_name(api: Api, name: str) -> None:
    with pytest.raises(BadInput, match="person: "):
        create_app(api.house.loop, person=name)


def test_paths_that_ask_for_secrets_of_their_own_let_nobody_in_for_a_token(api: Api) -> None:
    @api.app.post("/api/v1/hooks/of/mine")
    def hook(request: Request) -> None:
        assert not hasattr(request.state, "actor")
        raise Refused("that is not the hook's secret")

    with api.without_token() as nobody:
        assert nobody.post("/api/v1/hooks/of/mine").status_code == 403
        assert nobody.post("/api/v1/slack/nothing").status_code == 404
        for path in ("/api/v1/hooks", "/api/v1/hooksmith", "/api/v1/slack", "/api/v1/hooks/../incidents"):
            assert nobody.get(path).status_code == 401, path
        assert nobody.get("/api/v1/hooks/%2e%2e/incidents").status_code in {401, 404}
    api.post("/hooks/of/mine", status=403)
    entries = [entry for entry in api.get("/journal") if entry["kind"] == "request.refused"]
    assert [(entry["actor"], entry["body"]["path"]) for entry in entries] == [("somebody", "/api/v1/hooks/of/mine")]
