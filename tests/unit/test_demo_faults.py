"""The faults of the demo agree with its inventory, and what they leave on disk is seen and unseen again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.demo.faults import _BUDGET_BYTES, GrownLogs, four_faults
from cli.demo.hosts import NAMES, DemoHost
from core.settings import CHECKOUT
from monitor.sizes import parse_size

DEMO = CHECKOUT / "inventory" / "demo"
VARIABLES = yaml.safe_load((DEMO / "group_vars" / "all.yml").read_text())


@pytest.fixture
def host(tmp_path: Path) -> DemoHost:
    made = DemoHost("demo1", tmp_path / "100%", DEMO / "app", port=1, socket_path=tmp_path / "socket")
    made.lay_out()
    return made


def test_every_fault_is_one_that_the_inventory_lets_the_loop_see(host: DemoHost) -> None:
    faults = four_faults(dict.fromkeys(NAMES, host))
    watched = {"service_down": "services", "folder_over_budget": "folders", "cpu_runaway": "processes"}
    watched["config_drift"] = "files"
    assert {fault.symptom for fault in faults} == watched.keys()
    for fault in faults:
        assert fault.subject in VARIABLES[f"fleetmend_{watched[fault.symptom]}"]


def test_every_host_has_a_fault_and_one_has_two(tmp_path: Path) -> None:
    app, socket = DEMO / "app", tmp_path / "socket"
    hosts = {name: DemoHost(name, tmp_path / name, app, port=1, socket_path=socket) for name in NAMES}
    broken = [fault.host.name for fault in four_faults(hosts)]
    assert len(broken) == 4
    assert set(broken) == set(NAMES)


def test_no_fault_can_pass_for_what_the_remedy_of_another_one_causes() -> None:
    """While a remedy works on a service, what comes up on that service counts as caused by it."""
    assert "service" not in VARIABLES["fleetmend_folders"]["logs"]
    assert "service" not in VARIABLES["fleetmend_processes"]["jobs"]


def test_the_log_folder_is_over_its_budget_until_it_is_cleaned(host: DemoHost) -> None:
    assert parse_size(VARIABLES["fleetmend_folders"]["logs"]["budget"]) == _BUDGET_BYTES
    fault = GrownLogs(host)
    assert not fault.still_there()
    assert "3.4 MB" in fault.put_in()
    assert fault.still_there()
    for rotated in host.logs.glob("web.log.*"):
        rotated.unlink()
    assert not fault.still_there()


def test_a_host_that_answers_nothing_is_not_up(host: DemoHost) -> None:
    (host.folder / "supervisord.log").write_text("success: web entered RUNNING state\n")
    assert host.answer() is None
    assert not host.is_up


def test_a_percent_sign_in_a_path_is_written_as_supervisor_reads_it(host: DemoHost) -> None:
    assert f"directory = {str(host.folder).replace('%', '%%')}\n" in (host.folder / "supervisord.conf").read_text()


def test_the_last_word_of_a_host_that_fails_is_found(host: DemoHost) -> None:
    assert host.complaint() == "it has logged nothing"
    (host.folder / "supervisord.out").write_text("Error: no such option\n")
    assert host.complaint() == "supervisord.out: Error: no such option"
    (host.folder / "web.out").write_text("Traceback\nOSError: Address already in use\n\n")
    assert host.complaint() == "web.out: OSError: Address already in use"
