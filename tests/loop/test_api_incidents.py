"""People decide through the API: what they see is what they approve, and a no is answered and written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.outcomes import Verdict
from core.runs import RunEvent, RunStatus
from core.states import State
from tests.api_client import Api, client_of, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="approve", cooldown="0s") as opened:
        yield opened


def test_a_problem_is_told_from_its_detection_to_its_lesson(api: Api) -> None:
    incident_id = api.report()
    waiting = api.get(f"/incidents/{incident_id}")
    assert waiting["state"] == "awaiting_approval"
    [plan] = waiting["plans"]
    assert (plan["title"], len(plan["hash"]), plan["approvals"]) == ("restart service=web on h1", 64, [])
    assert api.get(f"/plans/{plan['id']}") == plan

    approved = api.post(f"/incidents/{incident_id}/approve", {"plan_hash": plan["hash"], "reason": "go"})
    assert (approved["state"], approved["reason"]) == ("approved", "approved by person:ops")
    [approval] = api.get(f"/plans/{plan['id']}/approvals")
    assert (approval["by"], approval["answer"], approval["reasons"]) == ("person:ops", "approve", ["go"])

    api.house.settle_down()
    told = api.get(f"/incidents/{incident_id[-8:]}")
    assert (told["id"], told["state"]) == (incident_id, "resolved")
    [run], [outcome] = told["runs"], told["outcomes"]
    assert (run["status"], run["results"]["h1"]["ok"]) == ("successful", 1)
    assert outcome["verdict"] == Verdict.HEALED
    assert told["plans"][0]["approvals"] == [approval]
    kinds = [entry["kind"] for entry in told["journal"]]
    assert kinds[0] == "incident.opened"
    assert {"plan.made", "approval.given", "run.began", "run.ended", "outcome.recorded"} <= set(kinds)

    assert api.get("/runs") == api.get("/runs", incident=incident_id[-8:]) == [run] == [api.get(f"/runs/{run['id']}")]
    assert api.get("/runs", open=True) == []
    assert api.get(f"/runs/{run['id']}/events") == []
    assert api.get("/outcomes") == api.get("/outcomes", symptom="service_down") == [outcome]
    assert {(one["fleet"], one["healed"]) for one in api.get("/lessons")} == {(None, 1), ("demo", 1)}
    assert api.get("/lessons", symptom="disk_full") == api.get("/outcomes", symptom="disk_full") == []
    assert api.get("/journal/verify")["violation"] is None


def test_an_approval_needs_no_body(api: Api) -> None:
    assert api.post(f"/incidents/{api.report()}/approve")["state"] == "approved"


def test_only_the_plan_that_was_seen_is_approved(api: Api) -> None:
    incident_id = api.report()
    assert "changed since" in api.post(f"/incidents/{incident_id}/approve", {"plan_hash": "0" * 64}, 409)["detail"]
    assert api.post(f"/incidents/{incident_id}/approve", {"plan_hash": "latest"}, 422)["detail"].startswith("plan_hash")
    assert "unknown field" in api.post(f"/incidents/{incident_id}/approve", {"hash": "0" * 64}, 422)["detail"]
    assert api.get(f"/incidents/{incident_id}")["state"] == "awaiting_approval"


def test_two_approvers_are_two_people(tmp_path: Path) -> None:
    with open_api(tmp_path, mode="approve", policy={"approve": {"approvers": 2}}) as api:
        incident_id = api.report()
        first = api.post(f"/incidents/{incident_id}/approve")
        assert (first["state"], first["reason"]) == ("awaiting_approval", "1 of 2 approvals are there (person:ops)")
        assert "already decided" in api.post(f"/incidents/{incident_id}/approve", status=409)["detail"]
        again = api.post("/tokens", {"name": "another"}, 201)["token"]
        with client_of(api.app, api.house, again) as http:
            assert http.post(f"/api/v1/incidents/{incident_id}/approve").status_code == 409
        api.post("/people", {"name": "ann", "grants": [{"role": "approver", "fleet": "demo"}]}, 201)
        refused = api.post("/tokens", {"name": "of-ann", "person": "ann", "role": "approver"}, 403)
        assert "who asks or decides makes the token for it" in refused["detail"]
        ann = api.house.loop.context.store.tokens.make("of-ann", "person:root", person="ann")
        with client_of(api.app, api.house, ann) as http:
            second = http.post(f"/api/v1/incidents/{incident_id}/approve").json()
        assert (second["state"], second["reason"]) == ("approved", "approved by person:ann, person:ops")


def test_a_no_needs_a_reason(api: Api) -> None:
    incident_id = api.report()
    for body in ({}, {"reason": ""}, {"reason": " \n"}, {"reason": "x" * 501}, {"reason": 5}):
        api.post(f"/incidents/{incident_id}/reject", body, 422)
    rejected = api.post(f"/incidents/{incident_id}/reject", {"reason": "not today"})
    assert (rejected["state"], rejected["reason"]) == ("rejected", "rejected by person:ops: not today")
    assert "nothing to decide" in api.post(f"/incidents/{incident_id}/approve", status=409)["detail"]


def test_what_the_policy_refuses_is_written_down(tmp_path: Path) -> None:
    with open_api(tmp_path, mode="approve") as api:
        wish = {"fleet": "demo", "host": "h1", "remedy": "repair", "parameters": {"service": "web"}}
        incident_id = api.post("/requests", wish, 201)["id"]
        api.house.loop.engine.advance(incident_id)
        api.house.rewrite_fleet(mode="approve", policy={"approve": {"risk": "low"}})
        answer = api.post(f"/incidents/{incident_id[-8:]}/approve", {"reason": "please"}, 403)
        assert answer["type"] == "urn:fleetmend:refused"
        assert "risk medium is above policy.approve.risk low" in answer["detail"]
        [entry] = [one for one in api.get("/journal", incident=incident_id) if one["kind"] == "request.refused"]
        assert entry["actor"] == "person:ops"
        path = f"/api/v1/incidents/{incident_id[-8:]}/approve"
        assert entry["body"] == {"path": path, "reason": answer["detail"], "address": "127.0.0.1", "count": 1}
        assert api.get(f"/incidents/{incident_id}")["plans"][0]["approvals"] == []


def test_an_escalated_incident_is_closed_by_hand(api: Api) -> None:
    api.house.world.cures = {}
    incident_id = api.report()
    assert "only an escalated" in api.post(f"/incidents/{incident_id}/close", {"reason": "done"}, 409)["detail"]
    while api.house.incident(incident_id).state is not State.ESCALATED:
        api.post(f"/incidents/{incident_id}/approve")
        api.house.settle_down(timedelta(minutes=5))
    closed = api.post(f"/incidents/{incident_id}/close", {"reason": "replaced the host"})
    assert (closed["state"], closed["reason"]) == ("closed", "closed by person:ops: replaced the host")


def test_a_preview_shows_the_plan_and_each_step(api: Api) -> None:
    incident_id = api.report()
    preview = api.get(f"/incidents/{incident_id}/preview")
    assert preview["plan"] == api.get(f"/incidents/{incident_id}")["plans"][0]
    assert [one["result"]["status"] for one in preview["previews"]] == ["successful"]
    assert api.house.world.executed == []


def test_a_run_is_cancelled_while_it_is_under_way(api: Api) -> None:
    seen: list[dict[str, Any]] = []

    def cancel(_step: object) -> None:
        [run] = api.get("/runs", open=True)
        seen.append(api.post(f"/runs/{run['id']}/cancel", status=202))

    incident_id = api.report()
    api.post(f"/incidents/{incident_id}/approve")
    api.house.world.while_running = cancel
    api.house.settle_down(timedelta(minutes=5))
    assert [one["cancelled_by"] for one in seen] == ["person:ops"]
    [run] = api.get("/runs", incident=incident_id)
    assert run["status"] == RunStatus.CANCELLED
    assert "has ended" in api.post(f"/runs/{run['id']}/cancel", status=409)["detail"]


def test_events_are_followed(api: Api) -> None:
    incident_id = api.report()
    api.post(f"/incidents/{incident_id}/approve")
    api.house.settle_down(timedelta(minutes=5))
    [run] = api.get("/runs", incident=incident_id)
    for number in (1, 2, 3):
        event = RunEvent(run_id=run["id"], seq=number, at=api.house.clock.now(), kind="ok", host="h1", task="<b>")
        api.house.loop.context.store.runs.record(event)
    assert [one["seq"] for one in api.get(f"/runs/{run['id']}/events")] == [1, 2, 3]
    assert [one["seq"] for one in api.get(f"/runs/{run['id']}/events", after=2)] == [3]
    api.get(f"/runs/{run['id']}/events", 422, after=-1)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"fleet": "demo", "host": "h1"}, 422, "say what you want in words, or name a remedy"),
        ({"fleet": "demo", "host": "h1", "text": "x", "remedy": "restart"}, 422, "say what you want in words"),
        ({"fleet": "demo", "text": "restart web"}, 422, "name exactly one host of demo"),
        ({"fleet": "prod", "host": "h1", "text": "restart web"}, 404, "no fleet 'prod'"),
        ({"fleet": "demo", "host": "h9", "remedy": "restart"}, 404, "the fleet demo has no host 'h9'"),
        ({"fleet": "demo", "host": "h1", "remedy": "reboot"}, 404, "no remedy 'reboot'"),
        ({"fleet": "demo", "host": "h1", "text": "x", "parameters": {"a": 1}}, 422, "the body: parameters go with"),
        ({"fleet": "demo", "host": "h1", "remedy": "restart", "parameters": {"a": []}}, 422, "parameters: 'a' must be"),
        ({"fleet": "demo", "host": "h1", "remedy": "restart", "by": "person:ann"}, 422, "by: unknown field"),
        ({"fleet": "demo", "host": "h1", "text": "x" * 2001}, 422, "text: "),
    ],
)
def test_what_can_not_be_asked_for(api: Api, body: dict[str, Any], status: int, words: str) -> None:
    assert api.post("/requests", body, status)["detail"].startswith(words)
    assert api.get("/incidents") == []


def test_what_is_asked_for_is_signed(api: Api) -> None:
    asked = api.post("/requests", {"fleet": "demo", "text": "restart web on h2"}, 201)
    assert (asked["host"], asked["request"]["by"], asked["state"]) == ("h2", "person:ops", "open")
    assert asked["title"] == api.get(f"/incidents/{asked['id']}")["title"]


@pytest.mark.parametrize(
    "path", ["/incidents/inc-none", "/incidents/inc-none/preview", "/plans/pln-none", "/runs/none"]
)
def test_what_is_not_there(api: Api, path: str) -> None:
    assert api.get(path, 404)["type"] == "urn:fleetmend:not-found"


@pytest.mark.parametrize("bad", ["%00", "a%20b", "%27", "x" * 41, "%F0%9F%98%80"])
def test_ids_have_a_shape(api: Api, bad: str) -> None:
    for path in (f"/incidents/{bad}", f"/plans/{bad}", f"/runs/{bad}"):
        assert api.get(path, 422)["detail"].startswith(("incident_id: ", "plan_id: ", "run_id: "))


def test_incidents_are_narrowed_down(api: Api) -> None:
    first = api.report()
    second = api.report(host="h2", symptom="disk_full", subject="/")
    assert [one["id"] for one in api.get("/incidents")] == [second, first]
    assert [one["id"] for one in api.get("/incidents", state="awaiting_approval")] == [first]
    assert [one["id"] for one in api.get("/incidents", limit=1)] == [second]
    assert len(api.get("/incidents", fleet="demo", live=True)) == 2
    assert api.get("/incidents", live=False) == api.get("/incidents", fleet="prod") == []
    for query in ({"stat": "open"}, {"state": "opened"}, {"limit": 0}, {"limit": 1001}, {"live": "perhaps"}):
        assert api.get("/incidents", 422, **query)["detail"].startswith(next(iter(query)))


def test_an_undo_is_asked_for_and_refused_in_words(api: Api) -> None:
    incident_id = api.report()
    assert "wait for its end" in api.post(f"/incidents/{incident_id}/undo", status=409)["detail"]
    api.post(f"/incidents/{incident_id}/approve")
    api.house.settle_down()
    assert "names no undo" in api.post(f"/incidents/{incident_id}/undo", status=403)["detail"]
    assert "no run" in api.post(f"/incidents/{incident_id}/undo", {"run": "run-nowhere"}, 404)["detail"]
    assert "unknown field" in api.post(f"/incidents/{incident_id}/undo", {"runs": "x"}, 422)["detail"]
