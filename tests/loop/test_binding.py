"""A yes, by people or by the policy, is to what runs: whatever changed on the controller since, nothing runs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import BadInput
from core.fleets import Host
from core.incidents import Incident
from core.states import State
from fleets.resolve import Resolved
from tests.people import ME, YOU
from tests.world import HOSTS, House, open_house, write_fleet

CARDS = {"copies": {"fleetmend_services": "source"}}
FLEET = {"mode": "approve", "inventory_ttl": "10h"}


def host(name: str, **variables: object) -> Host:
    entries = {"web": {"source": "files/web.conf"}, "db": {}}
    return Host(name=name, groups=("all",), variables={"fleetmend_services": entries, "ansible_host": name} | variables)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, hosts=[host("h1"), host("h2")], cards=CARDS, **FLEET) as opened:
        yield opened


def write(house: House, name: str, text: str) -> None:
    path = house.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def approved(house: House) -> Incident:
    incident = house.report()
    house.loop.engine.advance(incident.id)
    house.loop.context.store.pauses.pause("demo", ME.by, "not yet")
    house.loop.decisions.approve(incident.id, ME)
    return house.incident(incident.id)


def let_go(house: House, incident: Incident) -> Incident:
    house.loop.context.store.pauses.resume("demo", ME.by)
    house.loop.engine.advance(incident.id)
    return house.incident(incident.id)


CHANGES: dict[str, tuple[str, Callable[[House], None]]] = {
    "a file": ("file files/web.conf", lambda house: write(house, "inventory/demo/files/web.conf", "other\n")),
    "a variable of the connection": ("host h1", lambda house: answer(house, host("h1", ansible_shell_executable="/x"))),
    "Ansible's settings": ("ansible.cfg", lambda house: write(house, "ansible.cfg", "[defaults]\ntimeout = 1\n")),
    "a plugin": ("plugins", lambda house: write(house, "plugins/own.py", "x = 2\n")),
}


def answer(house: House, *hosts: Host) -> None:
    """Have the inventory answer otherwise from now on, with no file changed, and long before its time is up."""
    house.loop.context.fleet_source._resolve = lambda _resolver: Resolved(hosts, frozenset())


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_after_the_yes_voids_it(house: House, change: str) -> None:
    part, make = CHANGES[change]
    write(house, "inventory/demo/files/web.conf", "good\n")
    write(house, "plugins/own.py", "x = 1\n")
    write(house, "ansible.cfg", "[defaults]\nconnection_plugins = plugins\n")
    incident = approved(house)
    make(house)
    after = let_go(house, incident)
    assert house.world.executed == []
    assert after.state in (State.PLANNED, State.AWAITING_APPROVAL)
    assert after.plan_id != incident.plan_id
    [void] = house.journal("approval.void")
    assert part in void["reason"]


def test_the_policys_own_yes_is_bound_like_a_persons(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=[host("h1")], cards=CARDS) as house:
        write(house, "inventory/demo/files/web.conf", "good\n")
        house.loop.context.store.pauses.pause("demo", ME.by, "not yet")
        incident = house.report()
        for _ in range(3):
            house.loop.engine.advance(incident.id)
        assert house.incident(incident.id).state is State.APPROVED
        write(house, "inventory/demo/files/web.conf", "other\n")
        let_go(house, incident)
        house.settle_down()
        assert "file files/web.conf" in house.journal("approval.void")[0]["reason"]
        assert [frozen.files["files/web.conf"] for frozen in house.world.frozen] == [b"other\n"]


def test_the_run_gets_the_very_bytes_that_were_hashed(house: House) -> None:
    write(house, "inventory/demo/files/web.conf", "good\n")
    incident = approved(house)
    let_go(house, incident)
    [frozen] = house.world.frozen
    assert frozen.files["files/web.conf"] == b"good\n"
    plan = house.loop.context.store.plans.get(str(incident.plan_id))
    assert dict(frozen.parts) == plan.bound


def test_an_inventory_that_cannot_be_read_for_a_while_is_waited_for(house: House) -> None:
    incident = approved(house)

    def unreadable(_resolver: object) -> Resolved:
        raise BadInput("did not find expected key", file=Path("hosts.yml"), line=3)

    good = house.loop.context.fleet_source._resolve
    house.loop.context.fleet_source._resolve = unreadable
    waits = let_go(house, incident)
    assert (waits.state, waits.plan_id) == (State.APPROVED, incident.plan_id)
    assert "waits until its inventory can be read: hosts.yml:3: did not find expected key" in waits.reason
    house.loop.context.fleet_source._resolve = good
    house.settle_down()
    assert house.incident(incident.id).state is State.RESOLVED
    assert house.journal("approval.void") == []


def test_a_change_before_anybody_was_asked_is_planned_anew(house: House) -> None:
    write_fleet(house.content, mode="suggest", inventory_ttl="10h")
    incident = house.report()
    house.loop.engine.advance(incident.id)
    suggested = house.incident(incident.id)
    write(house, "inventory/demo/files/web.conf", "other\n")
    write_fleet(house.content, **FLEET)
    house.settle_down()
    plan = house.loop.context.store.plans.get(str(house.incident(incident.id).plan_id))
    assert plan.id != suggested.plan_id
    assert "file files/web.conf" in plan.bound


def test_a_yes_to_fewer_hosts_is_to_what_was_looked_at(tmp_path: Path) -> None:
    with open_house(tmp_path, hosts=list(HOSTS), cards={"reach": {"max_hosts": 3}}, **FLEET) as house:
        context = house.loop.context
        incident = house.loop.desk.ask("demo", YOU, remedy="restart", hosts=["h1", "h2"], parameters={"service": "web"})
        house.loop.engine.advance(incident.id)
        moved = [one.evolve(variables=one.variables | {"ansible_host": "elsewhere"}) for one in HOSTS]
        answer(house, *moved)
        context.fleet_source._shelves.clear()
        house.loop.decisions.approve(incident.id, ME, hosts=["h1"])
        house.loop.engine.advance(incident.id)
        assert house.world.executed == []
        assert "host h1" in house.journal("approval.void")[0]["reason"]
