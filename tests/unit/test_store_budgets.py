"""The ledger of the budgets: never exceeded by one, whoever asks and however many ask at once."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from core.clock import ManualClock
from core.plans import Plan
from core.states import State
from store.store import Store, open_store
from tests.engines import url_in
from tests.ledger import HOSTS, REMEDIES, begin, end, fleet, opened, planned, remedy

HOUR = timedelta(hours=1)


def test_parallel_workers_never_take_one_place_too_many(store: Store, clock: ManualClock) -> None:
    where = fleet(concurrent_runs=3, hosts_per_hour=4, runs_per_hour=5)
    plans = [planned(store, clock, ("restart", (host,))) for host in HOSTS for _ in range(2)]
    barrier, begun = threading.Barrier(len(plans)), []

    def work(number: int) -> None:
        barrier.wait()
        if begin(store, clock, plans[number], where).obstacle is None:
            begun.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 3
    hosts = [plans[number].hosts for number in begun]
    assert len(set(hosts)) == 3


def test_hosts_of_the_last_hour_count(store: Store, clock: ManualClock) -> None:
    where = fleet(hosts_per_hour=1)
    first, second, third = (planned(store, clock, ("restart", (host,))) for host in ("h1", "h2", "h1"))
    assert begin(store, clock, first, where).obstacle is None
    end(store, first, then=State.RESOLVED)
    assert "1 hosts an hour" in str(begin(store, clock, second, where).obstacle)
    assert begin(store, clock, third, where).obstacle is None
    end(store, third, then=State.RESOLVED)
    clock.advance(HOUR)
    assert begin(store, clock, second, where).obstacle is None


def test_a_ceiling_on_runs_holds_where_no_budget_is_set(store: Store, clock: ManualClock) -> None:
    where = fleet()
    for number in range(where.file.budget.runs_per_hour):
        plan = planned(store, clock, ("restart", (HOSTS[number % len(HOSTS)],)))
        assert begin(store, clock, plan, where).obstacle is None
        end(store, plan, then=State.RESOLVED)
        clock.advance(timedelta(seconds=1))
    late = planned(store, clock, ("look", ("h1",)))
    assert begin(store, clock, late, where).obstacle == "the budget of 100 runs an hour is used up"
    clock.advance(HOUR - timedelta(seconds=99))
    assert begin(store, clock, late, where).obstacle is None


def test_a_plan_takes_the_places_of_all_its_steps(store: Store, clock: ManualClock) -> None:
    where = fleet(runs_per_hour=3, hosts_per_hour=3)
    two_steps = planned(store, clock, ("look", ("h1",)), ("restart", ("h1", "h2")))
    other, third = (planned(store, clock, ("restart", (host,))) for host in ("h3", "h4"))
    assert begin(store, clock, two_steps, where).obstacle is None
    assert store.budgets.hosts_last_hour("demo") == {"h1", "h2"}
    assert begin(store, clock, other, where).obstacle is None
    assert "3 runs an hour" in str(begin(store, clock, third, where).obstacle)


def test_a_run_holds_its_hosts_until_it_has_ended(store: Store, clock: ManualClock) -> None:
    """Also when its worker died long ago: its processes may be at work until it is settled."""
    first, second = (planned(store, clock, ("restart", ("h1",))) for _ in range(2))
    assert begin(store, clock, first, fleet()).obstacle is None
    clock.advance(HOUR * 24)
    assert begin(store, clock, second, fleet()).obstacle == "another run is under way on h1"
    end(store, first)
    assert begin(store, clock, second, fleet()).obstacle is None


def test_runs_that_only_read_share_a_host(store: Store, clock: ManualClock) -> None:
    readers = [planned(store, clock, ("look", ("h1",))) for _ in range(2)]
    writer = planned(store, clock, ("look", ("h1",)), ("restart", ("h1",)))
    for reader in readers:
        assert begin(store, clock, reader, fleet()).obstacle is None
    assert begin(store, clock, writer, fleet()).obstacle == "another run is under way on h1"


def test_fleets_have_budgets_of_their_own(store: Store, clock: ManualClock) -> None:
    for name in ("demo", "other"):
        plan = planned(store, clock, ("restart", ("h1",)), fleet=name)
        assert begin(store, clock, plan, fleet(name, concurrent_runs=1)).obstacle is None


def test_only_a_share_is_touched_at_once(store: Store, clock: ManualClock) -> None:
    """Until it is proven healed, a host counts as touched."""
    where = fleet(at_once=0.5, group_at_once={"web": 0.4})
    web, web2, h4, h5, h6 = (planned(store, clock, ("restart", (host,))) for host in ("h1", "h2", "h4", "h5", "h6"))
    for plan in (web, h4, h5):
        assert begin(store, clock, plan, where).obstacle is None
    assert "more than 3 of the 6 hosts of the fleet demo" in str(begin(store, clock, h6, where).obstacle)
    end(store, h4, then=State.VERIFYING)
    assert "the fleet demo" in str(begin(store, clock, h6, where).obstacle)
    end(store, h5, then=State.RESOLVED)
    words = "more than 1 of the 3 hosts of the group web would be down or touched at once"
    assert begin(store, clock, web2, where).obstacle == words
    assert begin(store, clock, h6, where).obstacle is None


def test_what_is_down_counts_for_the_sound_but_may_itself_be_mended(store: Store, clock: ManualClock) -> None:
    where = fleet(at_once=0.5)
    broken = [planned(store, clock, ("restart", (host,)), severity="critical") for host in ("h1", "h2", "h3")]
    sound = planned(store, clock, ("restart", ("h4",)))
    assert "down or touched" in str(begin(store, clock, sound, where).obstacle)
    look = planned(store, clock, ("look", ("h4",)))
    assert begin(store, clock, look, where).obstacle is None
    for plan in broken:
        assert begin(store, clock, plan, where).obstacle is None


def test_a_cooldown_is_told_and_ends(store: Store, clock: ManualClock) -> None:
    first, other, again = (planned(store, clock, (name, ("h1",))) for name in ("restart", "repair", "restart"))
    slow = REMEDIES | {name: remedy(name, cooldown=timedelta(minutes=10)) for name in ("restart", "repair")}
    begin(store, clock, first, fleet())
    end(store, first)
    clock.advance(timedelta(minutes=3))
    with store.write() as tx:
        room = store.budgets.reserve(tx, again, fleet(), slow)
        assert room.cooling == ("restart ran on h1 3m ago; its cooldown is 10m",)
        assert room.obstacle is None
        assert store.budgets.reserve(tx, other, fleet(), slow).cooling == ()
        clock.advance(timedelta(minutes=7))
        third = planned_elsewhere(again)
        assert store.budgets.reserve(tx, third, fleet(), slow).cooling == ()


def planned_elsewhere(plan: Plan) -> Plan:
    return plan.evolve(id="plan-other")


def test_an_incident_moves_up_with_what_is_folded_into_it(store: Store, clock: ManualClock) -> None:
    first = opened(store, clock, "h1", subject="a")
    second = opened(store, clock, "h2", subject="a")
    assert store.incidents.due(clock.now()) == [first.id, second.id]
    opened(store, clock, "h2", subject="a", severity="critical")
    assert store.incidents.due(clock.now()) == [second.id, first.id]


def test_parallel_processes_never_take_one_place_too_many(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    plans = [planned(store, clock, ("restart", (host,))) for host in HOSTS for _ in range(2)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=spawn) as pool:
        shares = [[plan.id for plan in plans[number::3]] for number in range(3)]
        begun = sum(pool.map(begin_some, [url_in(tmp_path)] * 3, [tmp_path] * 3, shares))
    assert begun == 4
    assert len(store.runs.newest(open_only=True)) == 4


def begin_some(url: str, folder: Path, plan_ids: list[str]) -> int:
    """How many of the plans could begin, in a process of its own."""
    clock = ManualClock()
    with closing(open_store(url, folder, clock)) as own:
        where = fleet(concurrent_runs=5, hosts_per_hour=4)
        return sum(begin(own, clock, own.plans.get(plan_id), where).obstacle is None for plan_id in plan_ids)
