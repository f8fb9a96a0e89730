"""A worker that was killed in the middle of a run: what it leaves, and how that is settled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from runner_house import House, processes_of

from core.clock import SystemClock
from core.ids import new_id
from core.runs import ProcessRef
from runner.executor import AnsibleExecutor

pytestmark = pytest.mark.ansible

HERE = Path(__file__).resolve().parent
DRIVER = """
import sys
from pathlib import Path
from runner_house import House

house = House(Path(sys.argv[1]))
fleet = house.fleet(h1={}, h2={})
step = house.step(house.catalog.current().remedy("hangs"), "h1", "h2")
house.executor().execute(
    sys.argv[2],
    fleet,
    step,
    house.frozen(fleet, step),
    on_event=lambda event: None,
    on_process=lambda process: print(process.pid, process.started, flush=True),
    cancelled=lambda: False,
)
"""
DAEMON = (
    "import os, time\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "for fd in (0, 1, 2): os.dup2(os.open(os.devnull, os.O_RDWR), fd)\n"
    "time.sleep(321)\n"
)


def test_what_a_killed_worker_left_is_ended_and_daemons_are_not(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fleet(h1={}, h2={})
    (tmp_path / "daemon.py").write_text(DAEMON)
    tasks = f"""
    - name: Start a daemon
      ansible.builtin.command: "{sys.executable} {tmp_path / "daemon.py"}"
      when: inventory_hostname == "h1"
    - name: Hang
      ansible.builtin.command: sleep 322
    """
    house.remedy("hangs", tasks)
    run_id = new_id("run")
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path), run_id],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{HERE.parents[1]}:{HERE}"},
    )
    try:
        assert driver.stdout is not None
        pid, started = driver.stdout.readline().split()
        until(lambda: len(named(run_id, "322")) == 2)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        assert (house.state / "runs" / run_id).exists()
        assert len(named(run_id, "322")) == 2, "the modules outlived the worker"
        daemons = named(run_id, "daemon.py")
        assert len(daemons) == 1

        executor = AnsibleExecutor(house.catalog, house.settings, SystemClock())
        executor.settle(run_id, ProcessRef(pid=int(pid), started=float(started)))

        assert processes_of(run_id) == daemons, "only the daemon lives on"
        assert not (house.state / "runs" / run_id).exists()
        executor.settle(run_id, ProcessRef(pid=int(pid), started=float(started)))
        assert processes_of(run_id) == daemons
    finally:
        driver.kill()
        for process in processes_of(run_id):
            process.kill()


def test_a_run_is_settled_even_if_its_process_was_never_recorded(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fleet(h1={}, h2={})
    house.remedy("hangs", "- name: Hang\n  ansible.builtin.command: sleep 323\n")
    run_id = new_id("run")
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path), run_id],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": f"{HERE.parents[1]}:{HERE}"},
    )
    try:
        until(lambda: len(named(run_id, "323")) == 2)
        driver.kill()
        driver.wait()
        # Without ansible-playbook itself, only its workers are left to be found.
        for process in [
            p for p in processes_of(run_id) if p.ppid() == 1 and "ansible-playbook" in " ".join(p.cmdline())
        ]:
            process.kill()
        house.executor().settle(run_id, None)
        assert processes_of(run_id) == []
    finally:
        driver.kill()
        for process in processes_of(run_id):
            process.kill()


def test_a_process_with_the_same_pid_and_another_start_is_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        process = psutil.Process(bystander.pid)
        house.executor().settle("run-1", ProcessRef(pid=bystander.pid, started=process.create_time() - 60))
        assert bystander.poll() is None
        assert process.status() != psutil.STATUS_STOPPED
    finally:
        bystander.kill()
        bystander.wait()


def named(run_id: str, word: str) -> list[psutil.Process]:
    """The processes of *run_id* with *word* at the end of their command line."""
    found = []
    for process in processes_of(run_id):
        try:
            if process.cmdline() and process.cmdline()[-1].endswith(word):
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition*; the limit only bounds how long a failing test takes."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.05)
