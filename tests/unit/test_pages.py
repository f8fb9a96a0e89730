"""The pages behind the sign-in: what they show and let one do, and that nobody's text is more than text there."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.approvals import Foreseen
from core.detections import Signal
from core.people import Grant, Role
from core.runs import HostDiff, Preview, RunResult, RunStatus
from tests.browsing import Browser
from tests.two_fleets import MINE, ONLY_THEIRS, PASSWORD, THEIRS, TwoFleets, two_fleets

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\u202e"
TAGS = (
    "html head meta title link body header a span form input button main h1 h2 h3 p dl dt dd ul ol li b small br "
    "section pre code label fieldset legend"
)
ATTRIBUTES = (
    "lang charset name content rel href class method action type value role autocomplete autocapitalize spellcheck "
    "required maxlength autofocus checked"
)


class Tags(HTMLParser):
    """Collects what is not text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoFleets]:
    with two_fleets(tmp_path) as opened:
        for name in ("approver", "viewer"):
            opened.house.loop.context.store.passwords.set(name, PASSWORD, "test")
        yield opened


def as_person(two: TwoFleets, name: str) -> Browser:
    one = Browser(two.app, two.house)
    assert one.sign_in(name, PASSWORD).status_code == 303
    return one


def plan_hash(two: TwoFleets) -> str:
    return two.house.loop.context.store.plans.get(two.ids[MINE]["plan_id"]).hash


def test_an_incident_is_shown_with_all_that_a_yes_would_mean(two: TwoFleets) -> None:
    text = as_person(two, "approver").see(f"/incidents/{two.ids[MINE]['incident_id']}")
    for word in ("service_down web on h1", "restart", "service=web", plan_hash(two), "+ok", "-moving racks"):
        assert word in text
    assert "Can't be foreseen: Restart it" in text
    assert "1 approval" not in text or "until" in text
    assert 'action="/incidents/' in text


def test_the_whole_diff_is_shown(two: TwoFleets) -> None:
    store, incident = two.house.loop.context.store, two.ids[MINE]["incident_id"]
    lines = "\n".join(f"+line {number}" for number in range(5000))
    plan_id, now = two.ids[MINE]["plan_id"], two.house.clock.now()
    preview = Preview(
        result=RunResult(status=RunStatus.FAILED, problem="h2 is away"),
        hosts=(HostDiff(host="h1", diff=lines), HostDiff(host="h2", diff="", tasks=("Restart it",))),
    )
    with store.write() as tx:
        found = Foreseen(plan_id=plan_id, at=now, previews=(preview,), problem="not all", digest="d")
        store.foreseen.put(tx, incident, found)
    text = as_person(two, "viewer").see(f"/incidents/{incident}")
    for word in (
        "+line 0<",
        "+line 4999<",
        "h2 is away",
        "not all",
        "No file would change",
    ):
        assert word in text


def test_the_live_incidents_are_listed_and_those_of_other_fleets_are_not(two: TwoFleets) -> None:
    one = as_person(two, "viewer")
    assert one.http.get("/").headers["location"] == "/incidents"
    text = one.see("/incidents")
    assert two.ids[MINE]["incident_id"] in text
    assert two.ids[MINE]["healed"] not in text
    assert [word for word in ONLY_THEIRS if word in text] == []
    missing = one.see(f"/incidents/{two.ids[THEIRS]['incident_id']}", 404)
    assert "That did not work" in missing
    assert [word for word in ONLY_THEIRS if word in missing] == []


def test_a_viewer_sees_no_form_and_is_refused_without_one(two: TwoFleets) -> None:
    one, page = as_person(two, "viewer"), f"/incidents/{two.ids[MINE]['incident_id']}"
    assert "Your decision" not in one.see(page)
    answer = one.send(f"{page}/approve", csrf_token=one.secret(page), plan_hash=plan_hash(two), hosts="h1")
    assert (answer.status_code, "it takes the role approver there" in answer.text) == (403, True)
    refused = [one for one in two.house.loop.context.store.journal.entries() if one.kind == "request.refused"]
    assert [(one.actor, one.incident_id) for one in refused] == [("person:viewer", two.ids[MINE]["incident_id"])]


def test_a_plan_is_approved_by_the_form(two: TwoFleets) -> None:
    one, page = as_person(two, "approver"), f"/incidents/{two.ids[MINE]['incident_id']}"
    form = {"csrf_token": one.secret(page), "plan_hash": plan_hash(two), "hosts": "h1", "reason": "do it"}
    assert one.send(f"{page}/approve", **form | {"plan_hash": "0" * 64}).status_code == 409
    assert one.send(f"{page}/approve", **form | {"plan_hash": "latest"}).status_code == 422
    assert one.send(f"{page}/approve", **form | {"hosts": []}).status_code == 422
    assert one.send(f"{page}/approve", **form | {"hosts": "h9"}).status_code == 422
    answer = one.send(f"{page}/approve", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    text = one.see(page)
    assert "Approved by person:approver" in text
    assert "do it" in text
    assert "Your decision" not in text
    [approval] = two.house.loop.context.store.approvals.of(two.ids[MINE]["plan_id"])
    assert (approval.by, approval.via, approval.plan_hash) == ("person:approver", "session", plan_hash(two))


def test_a_plan_is_rejected_with_a_reason(two: TwoFleets) -> None:
    one, page = as_person(two, "approver"), f"/incidents/{two.ids[MINE]['incident_id']}"
    form = {"csrf_token": one.secret(page), "plan_hash": plan_hash(two)}
    for reason in ("", "  "):
        assert "say why" in one.send(f"{page}/reject", **form, reason=reason).text
    assert one.send(f"{page}/reject", **form | {"plan_hash": "0" * 64}, reason="no").status_code == 409
    assert one.send(f"{page}/reject", **form, reason="not today").status_code == 303
    assert "rejected by person:approver: not today" in one.see(page)


def test_what_anybody_wrote_is_only_text(two: TwoFleets) -> None:
    store, house = two.house.loop.context.store, two.house
    said = {"fleet": MINE, "host": "h2", "symptom": "service_down", "subject": "db", "service": "db"}
    house.world.broken.add(Signal("h2", "service_down", "db"))
    answer = two.ask("admin", "POST", "/detections", said | {"evidence": {"last_log": EVIL}})
    [accepted] = answer.json()["accepted"]
    house.loop.engine.advance(accepted["incident"])
    incident = store.incidents.get(accepted["incident"])
    assert incident.plan_id is not None
    preview = Preview(
        result=RunResult(status=RunStatus.FAILED, problem=EVIL),
        hosts=(HostDiff(host="h2", diff=f"+{EVIL}", tasks=(EVIL,), unforeseen=(EVIL,)),),
    )
    with store.write() as tx:
        found = Foreseen(plan_id=incident.plan_id, at=house.clock.now(), previews=(preview,), problem=EVIL, digest="d")
        store.foreseen.put(tx, incident.id, found)
    one = as_person(two, "approver")
    pages = [one.see("/incidents"), one.see(f"/incidents/{incident.id}")]
    form = {"csrf_token": one.secret("/incidents"), "plan_hash": store.plans.get(incident.plan_id).hash, "reason": EVIL}
    assert one.send(f"/incidents/{incident.id}/reject", **form).status_code == 303
    pages += [one.see(f"/incidents/{incident.id}"), one.see(f"/sign-in?next={EVIL}")]
    pages += [one.send(f"/incidents/{incident.id}/reject", **form | {"plan_hash": EVIL}).text]
    assert "&lt;script&gt;alert(1)" in pages[1]
    assert "{{7*7}}" in pages[1]
    assert "&lt;script&gt;alert(1)" in pages[2]
    for text in pages:
        found_tags = Tags(text)
        assert found_tags.tags <= set(TAGS.split())
        assert found_tags.attributes <= set(ATTRIBUTES.split()), "neither styles nor scripts"
        assert "\u202e" not in text


def test_the_browser_is_told_to_run_nothing(two: TwoFleets) -> None:
    one = as_person(two, "viewer")
    for path in ("/incidents", f"/incidents/{two.ids[MINE]['incident_id']}", "/incidents/inc-none", "/sign-in"):
        headers = one.http.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert headers["referrer-policy"] == "same-origin"
    api = one.http.get("/api/v1/me").headers["content-security-policy"]
    assert api == "default-src 'none'; frame-ancestors 'none'"
    docs = one.http.get("/api/v1/docs").headers["content-security-policy"]
    assert docs.startswith("sandbox allow-scripts; "), "scripts that are not ours are in no session"


@pytest.mark.parametrize(
    ("path", "kind"), [("/static/style.css", "text/css; charset=utf-8"), ("/static/icon.svg", "image/svg+xml")]
)
def test_how_pages_look_is_open(two: TwoFleets, path: str, kind: str) -> None:
    answer = Browser(two.app, two.house).http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/looks.py", "/static/templates", "/static/"])
def test_nothing_else_is(two: TwoFleets, path: str) -> None:
    assert Browser(two.app, two.house).http.get(path).status_code == 401
    assert as_person(two, "viewer").http.get(path).status_code == 404


def test_somebody_without_a_role_sees_an_empty_list(two: TwoFleets) -> None:
    store = two.house.loop.context.store
    store.people.add("eve", "test", [Grant(role=Role.REPORTER)])
    store.passwords.set("eve", PASSWORD, "test")
    one = as_person(two, "eve")
    assert "Nothing is wrong that you may see." in one.see("/incidents")
    one.see(f"/incidents/{two.ids[MINE]['incident_id']}", 404)
