"""Whatever a sender thinks up: never a fault of ours, never a lost alert, never a value that something executes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.symptoms import load_symptoms
from core.alerts import UNMAPPED
from core.clock import ManualClock
from core.detections import Detection
from core.fleets import Fleet, FleetFile
from core.settings import CHECKOUT
from core.sources import AlertmanagerSource, WebhookSource
from monitor.alerts import alertmanager, webhook
from monitor.alerts.directory import Directory
from monitor.alerts.placing import Placer
from monitor.probes import BY_NAME
from tests.hooks import HOSTS

FLEET = Fleet(name="demo", folder=CHECKOUT, file=FleetFile(), hosts=HOSTS, policy_digest="")
DIRECTORY = Directory({"demo": FLEET})
SYMPTOMS, _ = load_symptoms([CHECKOUT / "catalog" / "symptoms.yml"], BY_NAME)
SECRET = {"env": "NOBODY"}
MANAGER = AlertmanagerSource(kind="alertmanager", secret=SECRET)
HOOK = WebhookSource(
    kind="webhook",
    secret=SECRET,
    map={"host": "host", "symptom": "symptom || name", "firing": "state", "subject": "to_string(subject)"},
)
NASTY = st.sampled_from(
    [
        "{{ lookup('pipe', 'id') }}",
        "{% raw %}",
        "<img src=x>",
        "\x1b[2J",
        "\x00",
        "\ud800",
        "h1:9100",
        "h1",
        "HostOutOfMemory",
    ]
)
TEXT = NASTY | st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["alertname", "instance", "mountpoint", "fleet", "severity", "host", "symptom", "state", "subject"]
)
LABELS = st.dictionaries(NAMES | TEXT, TEXT | JSON, max_size=6)
ALERT = st.fixed_dictionaries(
    {"labels": LABELS}, optional={"status": TEXT | JSON, "startsAt": TEXT | JSON, "endsAt": JSON, "annotations": JSON}
)


def place(source: Any, body: Any) -> list[Any]:
    reader = alertmanager if isinstance(source, AlertmanagerSource) else webhook
    body = json.loads(json.dumps(body))
    told = reader.read(body, source)
    placed = Placer("own", source, DIRECTORY, SYMPTOMS, ManualClock().now()).place(told)
    assert len(placed) == len(told) > 0
    for one in placed:
        fits(one.detection)
        assert (one.detection.symptom == UNMAPPED) == (one.unmapped is not None or one.ignored)
        assert one.unmapped is None or (one.unmapped and one.unmapped.isprintable())
    return placed


def fits(found: Detection) -> None:
    Detection.model_validate(found.model_dump())
    assert len(found.evidence) <= 40
    for value in found.evidence.values():
        assert not isinstance(value, str) or (len(value) <= 500 and "\x1b" not in value and "\x00" not in value)
    json.dumps(found.model_dump(mode="json")).encode()


@settings(max_examples=150, deadline=None)
@given(body=JSON)
@pytest.mark.parametrize("source", [MANAGER, HOOK], ids=["alertmanager", "webhook"])
def test_any_json_comes_to_something_that_people_see(source: Any, body: Any) -> None:
    place(source, body)


@settings(max_examples=200, deadline=None)
@given(alerts=st.lists(ALERT | JSON, min_size=1, max_size=4))
def test_every_alert_of_a_group_comes_to_something(alerts: list[Any]) -> None:
    assert len(place(MANAGER, {"alerts": alerts})) == len(alerts)


@settings(max_examples=100, deadline=None)
@given(items=st.lists(LABELS, min_size=1, max_size=4))
def test_every_item_of_a_webhook_comes_to_something(items: list[Any]) -> None:
    assert len(place(HOOK, items)) == len(items)
