"""Sweeps: one Ansible call for all hosts, and an answer for each of them."""

from __future__ import annotations

import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from runner_house import House, is_running

from core.samples import Reading
from core.settings import Settings
from runner.prober import AnsibleProber

pytestmark = pytest.mark.ansible


def test_every_host_has_a_reading_whatever_became_of_it(tmp_path: Path) -> None:
    if shutil.which("ssh") is None:
        pytest.skip("the unreachable host needs an SSH client")
    house = House(tmp_path)
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        gone = {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": nobody_listens.getsockname()[1],
            "ansible_ssh_timeout": 2,
        }
        fleet = house.fleet(good={}, fails={}, gone=gone, not_asked={})
        programs = {
            "good": "# a comment\necho '{{ 1 + 1 }}'; printf '%s\\n' \"two words\"",
            "fails": "echo partly; echo 'df: no such file' >&2; exit 3",
            "gone": "echo never",
            "elsewhere": "echo never",
        }
        readings = AnsibleProber(house.settings, house.freezer).probe(fleet, programs)
    assert set(readings) == set(programs)
    assert readings["good"] == Reading(host="good", reachable=True, output="{{ 1 + 1 }}\ntwo words\n")
    fails = Reading(host="fails", reachable=True, output="partly\n", problem="exit status 3: df: no such file")
    assert readings["fails"] == fails
    assert not readings["gone"].reachable
    assert "refused" in (readings["gone"].problem or "").lower()
    assert "\n" not in (readings["gone"].problem or "")
    assert readings["elsewhere"].problem == "it is no host of fleet lab"
    assert not list((house.state / "looks").iterdir())


def test_a_program_that_hangs_costs_only_its_own_host(tmp_path: Path) -> None:
    house = House(tmp_path)
    fleet = house.fleet(good={}, hangs={})
    settings = Settings(content=house.content, state=house.state, probe_timeout=timedelta(seconds=6))
    mark = tmp_path / "hanging"
    programs = {"good": "echo fine", "hangs": f"echo $$ > {mark}; exec sleep 300"}
    readings = AnsibleProber(settings, house.freezer).probe(fleet, programs)
    assert readings["good"].output == "fine\n"
    assert readings["hangs"].reachable
    assert "Timed out" in (readings["hangs"].problem or "")
    assert not is_running(int(mark.read_text())), "the program that hung was left behind"


def test_a_fleet_that_ansible_cannot_read_is_silent_with_a_reason(tmp_path: Path) -> None:
    house = House(tmp_path)
    fleet = house.fleet(h1={}, h2={})
    (fleet.folder / "ansible.cfg").write_text("no section\n")
    readings = AnsibleProber(house.settings, house.freezer).probe(fleet, {"h1": "true", "h2": "true"})
    assert not readings["h1"].reachable
    assert readings["h1"].problem != "no answer within 20s"


def test_no_programs_start_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert AnsibleProber(house.settings, house.freezer).probe(house.fleet(h1={}), {}) == {}
    assert not house.state.exists()
