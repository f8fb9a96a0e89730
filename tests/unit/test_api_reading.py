"""What can be looked at: catalog, fleets, journal, pauses; never a variable, a path of the server or a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from core.fleets import Fleet
from core.samples import Condition, Phase, Reading
from tests.api_client import BEGINNING, DOWN, Api, client_of, open_api
from tests.unit.content import write, write_fleet


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="observe", sweeps=[{"every": "30s", "probes": ["services"]}]) as opened:
        yield opened


def test_the_catalog_is_listed_with_what_is_wrong_in_it(api: Api) -> None:
    listed = api.get("/catalog")
    assert [(one["id"], one["vetted"], one["risk"]) for one in listed["remedies"]] == [
        ("repair", True, "medium"),
        ("restart", True, "low"),
    ]
    assert listed["problems"] == []
    write(api.house.content / "roles/restart/tasks/main.yml", "[]")
    write(api.house.content / "playbooks/repair.remedy.yml", {"title": "x"})
    listed = api.get("/catalog")
    assert [(one["id"], one["vetted"]) for one in listed["remedies"]] == [("restart", False)]
    [problem] = listed["problems"]
    assert "repair.remedy.yml" in problem


def test_a_remedy_is_shown_with_its_schema_and_files(api: Api) -> None:
    shown = api.get("/catalog/restart")
    assert shown["schema"]["required"] == ["service"]
    assert shown["parameters"][0]["from_inventory"] == "fleetmend_services"
    assert (shown["cooldown"], shown["verify"]) == ("10m", {"within": "1m", "hold": "30s"})
    assert "roles/restart/tasks/main.yml" in shown["files"]
    assert str(api.house.content) not in str(shown)
    assert "did you mean restart?" in api.get("/catalog/restrat", 404)["detail"]
    api.get("/catalog/..", 404)
    api.get("/catalog/No", 422)


def test_symptoms_are_written_as_in_their_file(api: Api) -> None:
    symptoms = {one["id"]: one for one in api.get("/symptoms")}
    assert (symptoms["disk_full"]["above"], symptoms["disk_full"]["for"]) == (0.9, "0s")


def test_fleets_are_listed_even_if_one_is_broken(api: Api) -> None:
    write_fleet(api.house.content, "broken", file={"mode": "reckless"})
    broken, demo = api.get("/fleets")
    assert demo == {
        "name": "demo",
        "mode": "observe",
        "enabled": True,
        "hosts": 3,
        "sweeps": [{"every": "30s", "probes": ["services"], "hosts": []}],
        "problems": [],
    }
    assert (broken["name"], broken["mode"], broken["hosts"]) == ("broken", None, None)
    assert "reckless" in broken["problems"][0]
    assert "reckless" in api.get("/fleets/broken", 422)["detail"]


def test_a_fleet_is_shown_without_its_variables(api: Api) -> None:
    condition = Condition(
        fleet="demo",
        host="h1",
        symptom="disk_full",
        subject="/",
        phase=Phase.PENDING,
        since=api.house.clock.now(),
        value=0.95,
        at=api.house.clock.now(),
    )
    store = api.house.loop.context.store
    with store.write() as tx:
        well = {"subject": "/home", "phase": Phase.CLEAR}
        store.conditions.put(tx, "demo", [condition, condition.evolve(**well)])
    shown = api.get("/fleets/demo")
    assert shown["hosts"] == [{"name": name, "groups": ["all"]} for name in ("h1", "h2", "h3")]
    assert [(one["host"], one["subject"], one["phase"]) for one in shown["conditions"]] == [("h1", "/", "pending")]
    assert "fleetmend_services" not in str(shown)
    assert "ansible_host" not in str(shown)
    assert "no fleet 'prod'" in api.get("/fleets/prod", 404)["detail"]


class Answering:
    """A prober whose hosts answer as root, but for `h2`."""

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        assert all("id -u" in program for program in programs.values())
        output = "uid=0\npython=3.11\n"
        return {name: Reading(host=name, reachable=name != "h2", output=output) for name in programs}


def test_a_fleet_is_checked_down_to_its_hosts(api: Api) -> None:
    house = api.house
    house.loop = replace(house.loop, context=replace(house.loop.context, prober=Answering()))
    api.app.state.loop = house.loop
    findings = {one["what"]: (one["level"], one["detail"]) for one in api.get("/fleets/demo/check")}
    assert findings["host h1"] == ("ok", "reached as root, Python 3.11")
    assert findings["host h2"] == ("error", "can't be reached: no answer")
    house.rewrite_fleet(symptoms={"disk_fool": {"above": "5%"}})
    [finding] = api.get("/fleets/demo/check")
    assert (finding["what"], finding["level"]) == ("fleet.yml", "error")
    assert "disk_fool" in finding["detail"]


def test_the_journal_is_read_forwards_backwards_and_by_incident(api: Api) -> None:
    ids = [api.report(host=host) for host in ("h1", "h2")]
    entries = api.get("/journal")
    assert [one["seq"] for one in entries] == list(range(1, len(entries) + 1))
    assert api.get("/journal", limit=2) == entries[-2:]
    assert api.get("/journal", after=1, limit=2) == entries[1:3]
    assert api.get("/journal", after=0, limit=1) == entries[:1]
    assert {one["incident_id"] for one in api.get("/journal", incident=ids[1][-6:])} == {ids[1]}
    api.get("/journal", 404, incident="inc-none")
    proof = api.get("/journal/verify")
    assert proof == {"entries": len(entries), "incidents": 2, "runs": 0, "violation": None}


def test_fleets_are_paused_and_resumed(api: Api) -> None:
    paused = api.put("/pauses/demo", {"reason": " migration "})
    assert (paused["scope"], paused["by"], paused["reason"]) == ("demo", "person:ops", "migration")
    everything = api.put("/pauses/*", {"reason": "storm"})
    assert api.get("/pauses") == [everything, paused]
    assert api.delete("/pauses/*") is None
    assert api.get("/pauses") == [paused]
    assert "paused" in api.delete("/pauses/*", 409)["detail"]
    assert [one["kind"] for one in api.get("/journal")][len(BEGINNING) :] == [
        "switch.paused",
        "switch.paused",
        "switch.resumed",
    ]


def test_a_pause_needs_a_reason_and_a_fleet_that_exists(api: Api) -> None:
    assert "no fleet 'demmo'" in api.put("/pauses/demmo", {"reason": "x"}, 404)["detail"]
    assert api.put("/pauses/demo", {}, 422)["detail"] == "the field 'reason' is missing"
    assert api.put("/pauses/Demo", {"reason": "x"}, 422)["detail"].startswith("scope: ")
    assert api.get("/pauses") == []


def test_metrics_count_what_the_database_holds(api: Api) -> None:
    assert "fleetmend_detections_accepted_total 0.0" in metrics(api)
    api.report()
    api.post("/detections", [DOWN, DOWN | {"host": "h2"}], 201)
    lines = metrics(api)
    entries = len(api.get("/journal"))
    for line in (
        'fleetmend_incidents{fleet="demo",state="open"} 2.0',
        'fleetmend_incidents{fleet="demo",state="resolved"} 0.0',
        'fleetmend_runs_open{fleet="demo"} 0.0',
        "fleetmend_detections_accepted_total 3.0",
        f"fleetmend_journal_entries_total {float(entries)}",
    ):
        assert line in lines


def test_two_applications_share_no_metrics(api: Api, tmp_path: Path) -> None:
    api.report()
    with open_api(tmp_path / "other", mode="observe") as other:
        assert "fleetmend_detections_accepted_total 0.0" in metrics(other)


def test_health_tells_nothing_of_the_inside(api: Api) -> None:
    with api.without_token() as nobody:
        assert nobody.get("/healthz").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ready"}
        write_fleet(api.house.content, "broken", file={"mode": "reckless"})
        answer = nobody.get("/readyz")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["detail"] == "a fleet can't be read; `fleetmend fleets` says which one, and why"
        assert nobody.get("/healthz").status_code == 200


def test_it_is_not_ready_without_a_remedy(api: Api) -> None:
    for card in (api.house.content / "playbooks").glob("*.remedy.yml"):
        card.unlink()
    with api.without_token() as nobody:
        assert nobody.get("/readyz").json()["detail"].startswith("no remedy could be loaded")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/incidents", 405)])
def test_what_no_route_answers(api: Api, method: str, path: str, status: int) -> None:
    answer = api.http.request(method, f"/api/v1{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_a_trailing_slash_is_another_path(api: Api) -> None:
    api.get("/incidents/", 404)


def test_answers_are_not_kept_by_caches(api: Api) -> None:
    with client_of(api.app, api.house, api.token) as http:
        assert http.get("/api/v1/incidents").headers["cache-control"] == "no-store"


def metrics(api: Api) -> list[str]:
    answer = api.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text.splitlines()
