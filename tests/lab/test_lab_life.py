"""A lab goes up and down as it should, also when somebody kills what is at it, and beside another lab."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from core.errors import BadInput, Conflict, NotFound
from core.settings import CHECKOUT
from lab.clearing import take_down
from lab.folders import LabsFolder
from lab.lab import Lab
from lab.locks import held
from lab.machines import keepers, leader
from lab.raising import bring_up
from lab.status import status_of
from tests.lab.labs import FLEETMEND, LABS, a_lab, fleetmend, real, traces

pytestmark = real
NAME = "mortal"


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def powers(lab: Lab) -> dict[str, str]:
    return {one.name: one.power for one in status_of(lab)}


def booted(lab: Lab, host: str) -> str:
    return lab.ssh(host, ["stat", "--format=%y", "/proc/1"]).out


def test_a_host_comes_back_from_whatever_befalls_it() -> None:
    with a_lab(NAME, "web1", "lb1") as lab:
        folder = lab.folder.host("web1")
        assert lab.ssh("web1", ["sh", "-c", "echo kept >/root/mark; sync"]).ok

        before = booted(lab, "web1")
        lab.ssh("web1", ["reboot"])
        until(lambda: booted(lab, "web1") not in ("", before))
        assert lab.ssh("web1", ["cat", "/root/mark", "/srv/data/README"]).ok

        os.kill(int(folder.nspawn_pid.read_text()), signal.SIGKILL)
        until(lambda: powers(lab) == {"web1": "off", "lb1": "on"})
        assert bring_up(LABS, NAME).ssh("web1", ["cat", "/root/mark"]).ok

        os.kill(keepers(folder.path)[0], signal.SIGKILL)
        until(lambda: powers(lab)["web1"] == "unkept")
        bring_up(LABS, NAME)
        assert powers(lab) == {"web1": "on", "lb1": "on"}

        lab.power_cut("web1")
        assert powers(lab)["web1"] == "off"
        assert lab.ssh("web1", ["true"]).code == 255
        lab.power_on("web1")
        until(lambda: lab.ssh("web1", ["true"]).ok)

        lab.ssh("web1", ["poweroff"])
        until(lambda: powers(lab)["web1"] == "off")
        subprocess.run(["ip", "link", "delete", lab.record.bridge], check=True)
        subprocess.run(["ip", "netns", "delete", lab.record.namespace(lab.host("web1"))], check=True)
        bring_up(LABS, NAME)
        assert lab.ssh("web1", ["cat", "/root/mark"]).ok
        assert lab.ssh("lb1", ["true"]).ok


def test_nothing_is_left_when_up_is_killed_at_any_moment() -> None:
    moments = (0.5, 0.8, 1.2, 2, 3, 5)
    for seconds in moments:
        command = [*FLEETMEND, "lab", "up", "--name", NAME, "--hosts", "web1,backup1"]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            time.sleep(seconds)
            up.kill()
        take_down(LABS, NAME)
        assert traces(NAME) == [], f"after {seconds} s"


def test_nothing_is_left_when_everything_is_killed_but_the_hosts() -> None:
    lab = bring_up(LABS, NAME, hosts=["web1"])
    folder = lab.folder.host("web1")
    os.kill(keepers(folder.path)[0], signal.SIGKILL)
    os.kill(int(folder.nspawn_pid.read_text()), signal.SIGKILL)
    assert take_down(LABS, NAME) is True
    assert traces(NAME) == []
    assert take_down(LABS, NAME) is False


def test_nothing_is_left_when_up_is_interrupted() -> None:
    command = [*FLEETMEND, "lab", "up", "--name", NAME, "--hosts", "web1"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        until(lambda: bool(traces(NAME)))
        until(lambda: leader(LabsFolder(LABS).lab(NAME).host("web1")) is not None)
        up.send_signal(signal.SIGINT)
    assert up.returncode == 130
    assert traces(NAME) == []


def test_labs_stand_side_by_side() -> None:
    with a_lab(NAME, "web1") as one, a_lab("other", "web1") as other:
        assert not one.record.network.overlaps(other.record.network)
        assert one.ssh("web1", ["hostname"]).ok
        assert other.ssh("web1", ["hostname"]).ok
        with pytest.raises(BadInput, match=r"--network: .* clashes with fm-mortal"):
            bring_up(LABS, "third", hosts=["web1"], network=str(one.record.network))
        assert traces("third") == []
        with pytest.raises(BadInput, match="is there with web1; take it down first"):
            bring_up(LABS, NAME, hosts=["web2"])
        take_down(LABS, "other")
        assert one.ssh("web1", ["hostname"]).ok


def test_one_command_at_a_time_works_on_a_lab() -> None:
    def never() -> None:
        raise AssertionError

    with held(LabsFolder(LABS).lock(NAME), busy=never):
        with pytest.raises(Conflict, match="another command is at work"):
            bring_up(LABS, NAME)
        with pytest.raises(Conflict, match="another command is at work"):
            take_down(LABS, NAME)


def test_a_bridge_of_somebody_else_is_left_alone() -> None:
    subprocess.run(["ip", "link", "add", f"fm-{NAME}", "type", "bridge"], check=True)
    try:
        with pytest.raises(BadInput, match=rf"--name: fm-{NAME} is there already"):
            bring_up(LABS, NAME, hosts=["web1"])
    finally:
        subprocess.run(["ip", "link", "delete", f"fm-{NAME}"], check=True)


def test_a_lab_that_was_never_brought_up_is_no_lab() -> None:
    with pytest.raises(NotFound, match="there is no lab 'mortal'; `fleetmend lab up --name mortal` makes one"):
        Lab.open(LABS, NAME)
    done = fleetmend("lab", "status", "--name", NAME)
    assert (done.returncode, done.stdout) == (4, "")
    assert re.fullmatch(r"fleetmend: there is no lab 'mortal'; .*\n", done.stderr)
