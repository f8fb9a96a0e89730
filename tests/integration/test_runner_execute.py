"""Runs of real playbooks on local hosts: how they end, and what they leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runner_house import House, Ran, everything_below, processes_of

from catalog.source import CatalogSource
from core.errors import LeaseLost, Refused, Unvetted
from core.ids import new_id
from core.plans import Step
from core.remedies import Remedy
from core.runs import RunEvent, RunStatus

pytestmark = pytest.mark.ansible

TOUCH = """
- name: Make the file
  ansible.builtin.copy: {content: "made\\n", dest: "ROOT/{{ inventory_hostname }}", mode: "0600"}
- name: Look at it
  ansible.builtin.stat: {path: "ROOT/{{ inventory_hostname }}"}
"""
HANG = """
- name: Hang
  ansible.builtin.command: sleep 300
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    assert not [path for path in house.state.rglob("*") if path.is_file()], "a run leaves no file behind"


def test_a_run_that_changes_something_is_told_and_counted(house: House) -> None:
    fleet = house.fleet(h1={}, h2={}, h3={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    ran = house.run(fleet, house.step(remedy, "h1", "h2"))
    assert ran.result.status is RunStatus.SUCCESSFUL
    assert ran.result.problem is None
    assert {host: (r.ok, r.changed, r.failed) for host, r in ran.result.results.items()} == {
        "h1": (2, 1, 0),
        "h2": (2, 1, 0),
    }
    assert ran.kinds("h1") == ["progress", "changed", "ok"]
    assert [event.task for event in ran.events if event.kind == "task"] == ["Make the file", "Look at it"]
    assert [event.seq for event in ran.events] == list(range(1, len(ran.events) + 1))
    assert "+made" in next(event.detail or "" for event in ran.events if event.kind == "progress")
    assert (house.root / "h1").exists()
    assert not (house.root / "h3").exists(), "a host that is no host of the step was touched"
    assert ran.process is not None


def test_a_failure_names_host_task_and_message_on_one_line(house: House) -> None:
    fleet = house.fleet(h1={}, h2={})
    tasks = """
    - name: Give up
      ansible.builtin.fail: {msg: "the disk is\\non fire"}
      when: inventory_hostname == "h2"
    """
    ran = house.run(fleet, house.step(house.remedy("fails", tasks), "h1", "h2"))
    assert ran.result.status is RunStatus.FAILED
    assert ran.result.problem == "h2: Give up: the disk is on fire"
    assert ran.result.results["h2"].failed == 1
    assert ran.result.results["h1"].good
    failed = [event for event in ran.events if event.kind == "failed"]
    assert [(event.host, event.detail) for event in failed] == [("h2", "the disk is on fire")]


def test_a_host_that_left_the_inventory_fails_the_run(house: House) -> None:
    fleet = house.fleet(h1={}, h2={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    step = house.step(remedy, "h1", "h2")
    ran = house.run(fleet, step, frozen=house.frozen(house.fleet(h1={}), step))
    assert ran.result.status is RunStatus.FAILED
    assert ran.result.problem is not None
    assert ran.result.problem.startswith("h2: Ansible did not run there")


def test_a_broken_playbook_says_what_ansible_said(house: House) -> None:
    fleet = house.fleet(h1={})
    tasks = "- name: Broken\n  ansible.builtin.import_tasks: main.yml\n  loop: [1]\n"
    remedy = house.remedy("broken", tasks)  # vetted by the list alone: Ansible was not asked whether it loads
    ran = house.run(fleet, house.step(remedy, "h1"))
    assert ran.result.status is RunStatus.FAILED
    assert "cannot use loops on 'import_tasks'" in (ran.result.problem or "")


def test_hosts_that_could_mean_more_than_one_host_are_refused(house: House) -> None:
    fleet = house.fleet(h1={}, h2={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    nobody = Step.model_construct(remedy=remedy.id, digest=remedy.digest, parameters={}, hosts=())
    a_group = fleet.evolve(hosts=(fleet.hosts[0], fleet.hosts[1].evolve(groups=("h1",))))
    for asked, step in (
        (fleet, nobody),
        (fleet, house.step(remedy, "h1", "elsewhere")),
        (a_group, house.step(remedy, "h1")),
    ):
        with pytest.raises(Refused):
            house.run(asked, step)
    assert not list(house.root.glob("h?"))


def test_a_remedy_that_changed_since_the_plan_does_not_run(house: House) -> None:
    fleet = house.fleet(h1={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    step = house.step(remedy, "h1")
    tasks = house.content / "roles" / "touch" / "tasks" / "main.yml"
    tasks.write_text(tasks.read_text() + "# harmless\n")
    with pytest.raises(Unvetted):
        house.run(fleet, step)
    house.vet("touch")
    with pytest.raises(Unvetted, match="plan again"):
        house.run(fleet, step)
    assert not (house.root / "h1").exists()


def test_a_remedy_that_changes_while_it_is_copied_does_not_run(house: House) -> None:
    class Meddled(CatalogSource):
        def copy_remedy(self, remedy: Remedy, target: Path) -> str:
            tasks = remedy.root / "roles" / remedy.id / "tasks" / "main.yml"
            tasks.write_text(tasks.read_text() + "# harmless\n")
            return super().copy_remedy(remedy, target)

    fleet = house.fleet(h1={})
    step = house.step(house.remedy("touch", TOUCH.replace("ROOT", str(house.root))), "h1")
    house.catalog = Meddled(house.content, house.shipped)
    with pytest.raises(Unvetted, match="while it was copied"):
        house.run(fleet, step)
    assert not (house.root / "h1").exists()
    assert not list((house.state / "runs").iterdir())


@pytest.mark.parametrize("value", ["{{ 1 }}", "two\nlines", "-x", "@x"])
def test_a_value_that_is_more_than_a_value_is_refused(house: House, value: str) -> None:
    fleet = house.fleet(h1={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)), parameters=("text",))
    with pytest.raises(Refused):
        house.run(fleet, house.step(remedy, "h1", text=value))
    assert not (house.root / "h1").exists()


def test_a_run_with_a_folder_is_not_run_again(house: House) -> None:
    fleet = house.fleet(h1={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    (house.state / "runs" / "run-1").mkdir(parents=True)
    with pytest.raises(Refused, match="nothing runs twice"):
        house.run(fleet, house.step(remedy, "h1"))
    assert not (house.root / "h1").exists()


def test_the_time_limit_ends_the_run_and_its_processes(house: House) -> None:
    fleet = house.fleet(h1={}, h2={})
    run_id = new_id("run")
    ran = house.run(fleet, house.step(house.remedy("hangs", HANG, timeout="3s"), "h1", "h2"), run_id=run_id)
    assert ran.result.status is RunStatus.TIMEOUT
    assert ran.result.problem == "it was ended at its time limit of 3s, during the task Hang"
    assert processes_of(run_id) == []


def test_a_cancelled_run_ends_with_its_processes(house: House) -> None:
    fleet = house.fleet(h1={})
    run_id = new_id("run")
    ran = house.run(fleet, house.step(house.remedy("hangs", HANG), "h1"), run_id=run_id, cancel_at="Hang")
    assert ran.result.status is RunStatus.CANCELLED
    assert processes_of(run_id) == []


@pytest.mark.parametrize("callback", ["on_event", "on_process", "cancelled"])
def test_what_a_callback_raises_ends_the_run(house: House, callback: str) -> None:
    fleet = house.fleet(h1={})
    run_id = new_id("run")

    def lost(*_: object) -> bool:
        raise LeaseLost("another worker has it")

    callbacks: dict[str, Any] = {"on_event": _ignore, "on_process": _ignore, "cancelled": _ignore} | {callback: lost}
    with pytest.raises(LeaseLost):
        step = house.step(house.remedy("hangs", HANG), "h1")
        house.executor().execute(run_id, fleet, step, house.frozen(fleet, step), **callbacks)
    assert processes_of(run_id) == []


def test_two_runs_in_threads_do_not_mix(house: House) -> None:
    fleet = house.fleet(h1={}, h2={})
    tasks = "- name: Say\n  ansible.builtin.debug: {msg: '{{ says_text }}'}\n"
    remedy = house.remedy("says", tasks, parameters=("text",))
    ran: dict[str, Ran] = {}

    def run(host: str) -> None:
        ran[host] = house.run(fleet, house.step(remedy, host, text=f"this is {host}"), run_id=f"run-{host}")

    threads = [threading.Thread(target=run, args=(host,)) for host in ("h1", "h2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for host in ("h1", "h2"):
        assert ran[host].result.status is RunStatus.SUCCESSFUL
        assert set(ran[host].result.results) == {host}
        assert [event.detail for event in ran[host].events if event.kind == "progress"] == [f"this is {host}"]
        assert {event.run_id for event in ran[host].events} == {f"run-{host}"}


def test_the_folder_is_private_while_the_run_lasts(house: House) -> None:
    fleet = house.fleet(h1={})
    remedy = house.remedy("touch", TOUCH.replace("ROOT", str(house.root)))
    modes: set[int] = set()
    command: list[bytes] = []

    def look(event: RunEvent) -> None:
        folder = house.state / "runs" / event.run_id
        modes.add(folder.stat().st_mode & 0o777)
        command.append(everything_below(folder))

    house.executor().execute(
        "run-1",
        fleet,
        house.step(remedy, "h1"),
        house.frozen(fleet, house.step(remedy, "h1")),
        on_event=look,
        on_process=lambda process: None,
        cancelled=lambda: False,
    )
    assert modes == {0o700}
    assert b"FLEETMEND_RUN" in command[0], "the folder holds ansible-runner's artifacts"


def _ignore(*_: object) -> bool:
    return False
