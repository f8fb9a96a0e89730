"""The demo's hosts and faults are real, and go away whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.demo.faults import BrokenConfig, KilledService, RunawayProcess
from cli.demo.hosts import NAMES, DemoHost, demo_hosts
from cli.demo.sessions import Session, end_sessions
from core.errors import FleetmendError
from core.settings import CHECKOUT
from tests.integration.demo_traces import processes_of, wait_until_gone
from tests.integration.local_hosts import wait_until

APP = CHECKOUT / "inventory" / "demo" / "app"


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that any user can make."""
    with tempfile.TemporaryDirectory(prefix="fleetmend-test-") as folder:
        yield Path(folder).resolve()


def test_faults_are_real_and_seen_and_everything_goes_away(root: Path) -> None:
    with demo_hosts(root, APP) as hosts:
        assert tuple(hosts) == NAMES
        assert [host.answer() for host in hosts.values()] == [200, 200, 200]
        quiet = [host.sessions[1] for host in hosts.values()]

        killed = KilledService(hosts["demo1"])
        assert not killed.still_there()
        killed.put_in()
        wait_until(killed.still_there)
        assert hosts["demo1"].answer() is None

        changed = BrokenConfig(hosts["demo2"])
        sane = hosts["demo2"].config.read_text()
        assert "answers 500" in changed.put_in()
        assert changed.still_there()
        hosts["demo2"].config.write_text(sane)
        assert not changed.still_there()

        runaway = RunawayProcess(hosts["demo3"])
        assert not runaway.still_there()
        runaway.put_in()
        wait_until(runaway.still_there)
        os.kill(hosts["demo3"].sessions[-1].pid, signal.SIGKILL)
        wait_until(lambda: not runaway.still_there())
        assert all(session.runs for session in quiet)
    assert processes_of(root) == []
    assert list(root.iterdir()) == []


class Stopped(Exception):
    """Stands in for a signal."""


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_an_interrupted_start_up_leaves_nothing(root: Path, looks: int) -> None:
    left = [looks]

    def pause(_seconds: float) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped

    with pytest.raises(Stopped), demo_hosts(root, APP, pause=pause):
        pytest.fail("it came up although nobody waited for it")
    assert processes_of(root) == []
    assert list(root.iterdir()) == []


def test_a_service_whose_supervisor_was_killed_is_ended_too(root: Path) -> None:
    with demo_hosts(root, APP) as hosts:
        host = hosts["demo1"]
        [web] = host.web_pids
        os.kill(host.sessions[0].pid, signal.SIGKILL)
        wait_until(lambda: not host.sessions[0].runs)
        assert any(found.startswith(f"{web} ") for found in processes_of(root))
    assert processes_of(root) == []


def test_what_is_left_of_an_earlier_host_is_replaced(root: Path) -> None:
    (root / "demo2" / "logs").mkdir(parents=True)
    (root / "demo2" / "logs" / "old.log").touch()
    with demo_hosts(root, APP) as hosts:
        assert not (hosts["demo2"].logs / "old.log").exists()


def test_a_host_that_does_not_come_up_says_why(root: Path) -> None:
    demo = root / "demo"
    shutil.copytree(APP.parent, demo)
    (demo / "app" / "supervisord.conf.template").write_text("[supervisord]\nlogfile = /proc/no\n")
    with pytest.raises(FleetmendError, match=r"demo\d of the demo does not come up; supervisord.out: "):
        demo_hosts(root / "hosts", demo / "app").__enter__()
    assert processes_of(root / "hosts") == []


def test_a_program_ends_with_whoever_started_it(root: Path) -> None:
    script = f"""
import os, sys
from pathlib import Path
from cli.demo.sessions import Session
folder = Path({str(root)!r})
Session([sys.executable, "-c", "import time; time.sleep(3600)", str(folder)], folder=folder, output=folder / "out",
        environment={{}})
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    wait_until_gone(root)


def test_a_program_that_ignores_term_is_killed_with_its_children(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.demo.sessions._TERM_SECONDS", 0.2)
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, {str(root)!r}])"
    session = Session(
        [sys.executable, "-c", parent, str(root)], folder=root, output=root / "out", environment=dict(os.environ)
    )
    wait_until(lambda: "up" in (root / "out").read_text())
    assert len(processes_of(root)) == 2
    end_sessions([session])
    assert processes_of(root) == []
    assert not session.runs


def test_the_web_service_is_found_by_its_supervisor(root: Path) -> None:
    with demo_hosts(root, APP) as hosts:
        host: DemoHost = hosts["demo3"]
        [web] = host.web_pids
        assert any("web.py" in word for word in psutil.Process(web).cmdline())
