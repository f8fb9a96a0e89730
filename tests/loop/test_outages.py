"""The servers go away in the middle: a run goes on, what it said is stored afterwards, and nobody is woken in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import ManualClock
from core.runs import RunEvent, RunStatus
from core.settings import Settings
from core.states import State
from loop.celery_app import CeleryDoorbell, make_app
from tests.postgres import Postgres
from tests.world import World, open_house


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_run_outlasts_a_database_that_restarts(tmp_path: Path, engine: str, postgres_server: Postgres) -> None:
    class Talks(World):
        """Says something while the database is away."""

        def execute(self, run_id, fleet, step, frozen, *, on_event, **more):  # type: ignore[no-untyped-def]
            postgres_server.stop()
            for seq in (1, 2):
                on_event(RunEvent(run_id=run_id, seq=seq, at=ManualClock().now(), kind="ok", host="h1", task="t"))
            result = super().execute(run_id, fleet, step, frozen, on_event=on_event, **more)
            postgres_server.start()
            return result

    with open_house(tmp_path, world=Talks()) as house:
        incident = house.healed()
        store = house.loop.context.store
        [run] = store.runs.newest(incident_id=incident.id)
        assert (incident.state, run.status) == (State.RESOLVED, RunStatus.SUCCESSFUL)
        assert run.process is not None
        assert [event.seq for event in store.runs.events(run.id)] == [1, 2]
        assert store.proof().violation is None


def test_a_broker_that_is_away_is_left_alone_for_a_while(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bell = CeleryDoorbell(make_app(Settings(state=tmp_path, broker_url="redis://127.0.0.1:1/0")))
    for _ in range(5):
        bell.ring("inc-x")
    assert len(caplog.records) == 1
    assert "nothing is lost" in caplog.text
