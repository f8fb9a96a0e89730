"""Deliveries that come at the same time share a transaction: each has its own answer, and their order counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import CHECKOUT
from loop.deliveries import Taken
from tests.hooks import KUMA, TOKEN, Door, alert, group, open_door

EXAMPLES = CHECKOUT / "docs" / "examples" / "alerts"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as one:
        yield one


def together(door: Door, *bodies: Any, source: str = "alertmanager", token: str = TOKEN) -> list[Taken]:
    hooks = door.house.loop.hooks
    headers = [("Authorization", f"Bearer {token}"), ("X-Fleetmend-Token", token)]
    return hooks.deliveries.store([hooks.understand(source, headers, json.dumps(one).encode()) for one in bodies])


def over(**changes: Any) -> dict[str, Any]:
    return group(alert(status="resolved", endsAt="2026-01-01T00:05:00Z", **changes))


def test_each_has_an_answer_of_its_own(door: Door) -> None:
    taken = together(door, group(alert(host="h1")), group(alert(host="h2"), alert("Watchdog")), group(alert("Odd")))
    told = [{"fires": 1}, {"fires": 1, "ignored": 1}, {"fires": 1, "unmapped": 1}]
    assert [dict(one.counts) for one in taken] == told
    assert [one.alerts for one in taken] == [1, 2, 1]
    opened = [one.incidents for one in taken]
    assert sorted(incident for some in opened for incident in some) == sorted(one.id for one in door.incidents())
    assert [len(some) for some in opened] == [1, 1, 1]
    tally = door.house.loop.context.store.sources.all()["alertmanager"]
    assert (tally.deliveries, tally.alerts, tally.unmapped) == (3, 4, 1)
    door.holds_together()


@pytest.mark.parametrize(
    ("bodies", "counts", "states"),
    [
        ([group(alert()), group(alert())], ["fires", "repeated"], ["open"]),
        ([group(alert()), over()], ["fires", "resolved"], ["resolved"]),
        ([over(), group(alert())], ["over", "over"], []),
        ([group(alert()), group(alert(host="h2")), over()], ["fires", "fires", "resolved"], ["open", "resolved"]),
    ],
    ids=["again", "begins and ends", "late", "another between"],
)
def test_what_is_told_of_one_alert_counts_in_its_order(
    bodies: list[Any], counts: list[str], states: list[str], door: Door
) -> None:
    taken = together(door, *bodies)
    assert [list(one.counts) for one in taken] == [[one] for one in counts]
    assert sorted(one.state.value for one in door.incidents()) == states
    one_by_one = [one.counts for one in taken]
    with open_door(door.house.content.parent / "one by one") as other:
        assert [together(other, body)[0].counts for body in bodies] == one_by_one
        assert sorted(one.state.value for one in other.incidents()) == states
    door.holds_together()


def test_a_replay_is_told_from_its_first_within_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTIME_KUMA_TOKEN", KUMA)
    sources = yaml.safe_load((EXAMPLES / "sources.yml").read_text())
    body = json.loads((EXAMPLES / "uptime-kuma.json").read_text())
    with open_door(tmp_path, {"uptime-kuma": sources["uptime-kuma"]}) as door:
        first, second = together(door, body, body, source="uptime-kuma", token=KUMA)
        assert (first.again, second.again) == (False, True)
        assert door.incident().detections == 1
