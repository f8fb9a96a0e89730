"""Agents give signs of life, the reconciler says what it did, and the heartbeat never holds anything up."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest

from api.metrics import make_registry
from core.agents import Agent, Role
from core.clock import ManualClock
from core.plans import Step
from core.states import State
from loop.heartbeat import Heartbeat
from loop.presence import Presence
from store.store import Store
from tests.world import House, open_house

LEASE = timedelta(seconds=30)


def agent(house: House, role: Role) -> Agent:
    [found] = [one for one in house.loop.context.presence.everybody() if one.role is role]
    return found


def test_an_agent_says_what_it_does_and_what_waits(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        presence, seen = house.loop.context.presence, list[Agent]()
        assert presence.everybody() == []
        incident = house.report()

        def look(_step: Step) -> None:
            presence.beat()
            seen.append(agent(house, Role.RUNNER))

        house.world.while_running = look
        presence.beat()
        assert [one.role for one in presence.everybody()] == list(Role)
        assert agent(house, Role.PLANNER).queue == 1
        house.loop.engine.advance(incident.id)
        [running] = seen
        assert running.doing == (f"{incident.id} service_down web on h1",)
        assert running.alive
        presence.beat()
        assert agent(house, Role.RUNNER).doing == ()


def test_an_error_is_remembered(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        incident = house.report()
        (house.content / "inventory" / "demo" / "fleet.yml").write_text("mode: nonsense\n")
        house.loop.engine.advance(incident.id)
        house.loop.context.presence.beat()
        assert "nonsense" in str(agent(house, Role.PLANNER).last_error)
        assert agent(house, Role.PLANNER).last_error_at == house.clock.now()
        assert agent(house, Role.RUNNER).last_error is None


def test_one_that_gives_no_sign_is_dead_and_is_forgotten_later(store: Store, clock: ManualClock) -> None:
    dead, alive = (Presence(store, clock, name, LEASE) for name in ("w1", "w2"))
    dead.beat()
    clock.advance(LEASE)
    alive.beat()
    assert {one.worker: one.alive for one in alive.everybody()} == {"w1": False, "w2": True}
    clock.advance(timedelta(days=2))
    Presence(store, clock, "w3", LEASE).beat()
    assert {one.worker for one in alive.everybody()} == {"w3"}


def test_an_idle_process_writes_rarely(store: Store, clock: ManualClock) -> None:
    presence = Presence(store, clock, "w1", LEASE)
    beats = 0
    for _ in range(60):
        beats += presence.beat()
        clock.advance(timedelta(seconds=1))
    assert beats == 6


def test_one_that_stops_in_order_is_gone(store: Store, clock: ManualClock) -> None:
    with Presence(store, clock, "w1", LEASE) as presence:
        presence.beat()
    assert presence.everybody() == []


def metrics(house: House) -> str:
    return generate_latest(make_registry(house.loop.context.store, house.clock)).decode()


def test_the_reconciler_says_what_it_did(tmp_path: Path) -> None:
    with open_house(tmp_path, mode="approve") as house:
        assert "fleetmend_reconciler_last_look_timestamp_seconds 0.0" in metrics(house)
        incident = house.report()
        for _ in range(3):
            house.loop.reconciler.look()
        assert 'fleetmend_reconciled_total{kind="rung"} 1.0' in metrics(house)
        house.clock.advance(timedelta(seconds=5))
        house.loop.reconciler.look()
        assert 'fleetmend_reconciled_total{kind="rung"} 2.0' in metrics(house)
        [looked] = [line for line in metrics(house).splitlines() if line.startswith("fleetmend_reconciler_last")]
        assert float(looked.split()[1]) == house.clock.now().timestamp()
        house.settle_down(timedelta(hours=1))
        assert house.incident(incident.id).state is State.ESCALATED
        assert 'fleetmend_reconciled_total{kind="expired"} 1.0' in metrics(house)


def test_the_heartbeat_comes_once_a_minute_from_all_processes_together(store: Store, clock: ManualClock) -> None:
    called: list[str] = []
    hearts = [Heartbeat("https://example.org/x", clock, store.ticks, called.append) for _ in range(2)]
    for _ in range(180):
        for heart in hearts:
            heart.beat()
            heart.wait()
        clock.advance(timedelta(seconds=1))
    assert called == ["https://example.org/x"] * 3
    Heartbeat(None, clock, store.ticks, called.append).beat()
    assert len(called) == 3


def test_a_slow_heartbeat_holds_nothing_up(store: Store, clock: ManualClock) -> None:
    go_on, called = threading.Event(), list[str]()

    def slow(url: str) -> None:
        called.append(url)
        go_on.wait()

    heart = Heartbeat("https://example.org/x", clock, store.ticks, slow)
    for _ in range(3):
        heart.beat()
        clock.advance(timedelta(minutes=1))
    go_on.set()
    heart.wait()
    heart.beat()
    heart.wait()
    assert len(called) == 2


def test_a_failing_heartbeat_is_told_once_and_keeps_its_secret(
    store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True]

    def fails(url: str) -> None:
        if broken[0]:
            raise httpx.ConnectError(f"no route to {url}")

    heart = Heartbeat("https://example.org/secret", clock, store.ticks, fails)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            broken[0] = number < 3
            heart.beat()
            heart.wait()
            clock.advance(timedelta(minutes=1))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "told once" in said[0]
    assert "can be called again" in said[1]
    assert "secret" not in caplog.text
