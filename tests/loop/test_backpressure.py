"""What gives way when there is too much to do: sweeps first, visibly; and nobody waits for a slow probe or model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from core.states import State
from loop.backpressure import LEFT_OUT, NoPlace
from loop.lately import HOLDS_SECONDS, Lately
from loop.places import Places, half_of
from tests.stores import detection
from tests.world import AUTO, House, open_house

SWEPT = {"sweeps": [{"every": "30s", "probes": ["host"]}]}


def left_out(house: House) -> dict[str, int]:
    counted = house.loop.context.store.counters.all()
    return {one.value: counted[one].value for one in LEFT_OUT.values() if counted[one].value}


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which fleets were swept; nothing is measured."""
    done: list[str] = []
    monkeypatch.setattr("loop.sweeps.Sweeps.run", lambda _self, fleet, _sweep: done.append(fleet.name))
    return done


def tick(house: House) -> bool:
    house.clock.advance(timedelta(seconds=30))
    return house.loop.sweeps.tick("demo", 0, house.clock.now())


def test_sweeps_give_way_to_what_waits(tmp_path: Path, swept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with open_house(tmp_path, **(AUTO | SWEPT)) as house:
        bound = house.loop.context.settings.most_due
        house.loop.intake.accept([detection(house.clock, subject=f"s{number}") for number in range(bound)])
        assert tick(house)
        house.loop.intake.accept([detection(house.clock, subject="one-more")])
        assert not tick(house)
        assert left_out(house) == {"sweeps_left_out_busy": 1}
        assert len(house.loop.context.store.incidents.due(house.clock.now(), 1000)) == bound + 1, "nothing was dropped"
        for incident_id in house.loop.context.store.incidents.due(house.clock.now()):
            house.loop.engine.advance(incident_id)
        assert tick(house)
        assert swept == ["demo", "demo"]


def test_a_sweep_that_overlaps_is_counted(tmp_path: Path, swept: list[str]) -> None:
    with open_house(tmp_path, **(AUTO | SWEPT)) as house:
        house.loop.context.store.leases.take_now("sweep:demo/0", "another", timedelta(hours=1))
        assert not tick(house)
        assert left_out(house) == {"sweeps_left_out_overlap": 1}
        assert swept == []


def test_sweeps_take_half_of_the_workers(tmp_path: Path, swept: list[str]) -> None:
    with open_house(tmp_path, **(AUTO | SWEPT)) as house:
        places = house.loop.context.sweep_places
        held = [places.taken() for _ in range(half_of(Settings().workers))]
        assert all(one.__enter__() for one in held)
        with pytest.raises(NoPlace):
            tick(house)
        due_at = house.clock.now()
        held.pop().__exit__(None, None, None)
        assert house.loop.sweeps.tick("demo", 0, due_at), "nothing was claimed by the one that found no place"


class StuckModel:
    """A model that does not answer until it is let go."""

    name = "model:stuck"

    def __init__(self) -> None:
        self.asked, self.go = threading.Semaphore(0), threading.Event()

    def choose(self, *_question: Any, **_more: Any) -> Any:
        self.asked.release()
        assert self.go.wait(60)
        raise AssertionError("no answer is needed")


def test_a_stuck_model_leaves_half_of_the_workers_free(tmp_path: Path) -> None:
    model = StuckModel()
    most = half_of(Settings().workers)
    with open_house(tmp_path, chooser=model, **AUTO) as house:  # type: ignore[arg-type]
        found = [detection(house.clock, subject=f"s{number}", service=None) for number in range(most + 1)]
        ids = [one.incident_id for one in house.loop.intake.accept(found)]
        threads = [threading.Thread(target=_quietly(house.loop.engine.advance, one)) for one in ids[:most]]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert model.asked.acquire(timeout=60)
        house.loop.engine.advance(ids[-1])
        waiting = house.incident(ids[-1])
        assert waiting.state is State.OPEN
        assert "wait for the model" in waiting.reason
        assert waiting.due_at is not None
        model.go.set()
        for thread in threads:
            thread.join()


def _quietly(advance: Callable[[str], None], incident_id: str) -> Callable[[], None]:
    return lambda: advance(incident_id)


def test_places_are_bounded() -> None:
    places = Places(1)
    with places.taken() as first, places.taken() as second:
        assert (first, second) == (True, False)
    with places.taken() as again:
        assert again
    assert [half_of(workers) for workers in (1, 2, 8)] == [1, 1, 4]


def test_what_was_read_lately_holds_for_a_moment_only() -> None:
    now, read = [0.0], []
    lately = Lately(lambda key: read.append(key) or len(read), lambda: now[0])
    assert (lately.known("a"), lately.get("a"), lately.get("a"), lately.known("a")) == (None, 1, 1, 1)
    now[0] += HOLDS_SECONDS
    assert (lately.known("a"), lately.get("a")) == (None, 2)
