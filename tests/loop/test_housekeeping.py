"""Housekeeping: prunes by the settings, once an hour however many beats fire it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.states import State
from tests.world import open_house


def test_the_hour_is_kept_once_and_old_incidents_go(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        healed = house.healed()
        assert healed.state is State.RESOLVED
        house.clock.advance(timedelta(days=91))
        assert [house.loop.housekeeping.tick() for _ in range(3)] == [True, False, False]
        store = house.loop.context.store
        assert store.incidents.newest() == []
        assert len(store.outcomes.newest(symptom="service_down")) == 1
        assert [entry["state"] for entry in house.journal("incident.pruned")] == ["resolved"]
        assert store.proof().violation is None
        assert sum(house.loop.housekeeping.prune().values()) == 0


def test_what_is_young_stays(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        healed = house.healed()
        house.clock.advance(timedelta(days=13))
        assert house.loop.housekeeping.tick()
        assert house.incident(healed.id) == healed
        assert house.loop.context.store.detections.of(healed.id)
