"""process_stop, on real processes that the test starts itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_hosts import LocalHost, identity_of, local_host, running, wait_until

pytestmark = pytest.mark.ansible
JOB = "import signal, time\n{stubborn}print('ready', flush=True)\nwhile True:\n    time.sleep(60)\n"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with local_host() as made:
        yield made


def job(host: LocalHost, name: str = "jobs/burn.py", *, stubborn: bool = False) -> list[str]:
    """The command of a job script below the host's folder."""
    script = host.folder / name
    script.write_text(JOB.format(stubborn=STUBBORN if stubborn else ""))
    return [sys.executable, str(script)]


def test_a_job_is_stopped_and_a_second_run_changes_nothing(host: LocalHost) -> None:
    with running(job(host)) as process:
        asked = {"process": "jobs", **identity_of(process.pid)}
        foretold = host.play("process_stop", "--check", "--diff", **asked)
        assert (foretold.rc, foretold.changed, process.poll()) == (0, True, None), foretold.output
        assert "burn.py" in foretold.diff

        done = host.play("process_stop", **asked)
        assert (done.rc, done.changed) == (0, True), done.output
        assert process.wait(10) == -15

        again = host.play("process_stop", **asked)
        assert (again.rc, again.changed) == (0, False), again.output


def test_one_that_ignores_term_is_killed_after_the_grace(host: LocalHost) -> None:
    with running(job(host, stubborn=True)) as process:
        done = host.play("process_stop", process="jobs", grace=0, **identity_of(process.pid))
        assert (done.rc, done.changed) == (0, True), done.output
        assert process.wait(10) == -9


@pytest.mark.parametrize(
    ("script", "change", "why"),
    [
        ("jobs/burn.py", {"started": 1}, "another one"),
        ("jobs/burn.py", {"command_digest": "0" * 64}, "another command line"),
        ("logs/burn.py", {}, "does not match"),
        ("jobs/web.py", {}, "protected"),
        ("jobs/burn.py", {"process": "nothing"}, "nothing is no process"),
        ("jobs/burn.py", {"pid": 1}, "pid must be above 1"),
        ("jobs/burn.py", {"grace": 61}, "grace 0 to 60"),
    ],
)
def test_whatever_is_not_exactly_the_process_asked_for_is_left_alone(
    host: LocalHost, script: str, change: dict[str, object], why: str
) -> None:
    with running(job(host, script)) as process:
        done = host.play("process_stop", **({"process": "jobs", **identity_of(process.pid)} | change))
        assert done.rc != 0 and why in done.messages, done.output
        assert done.stats["changed"] == 0
        assert Path(f"/proc/{process.pid}").exists() and process.poll() is None


def test_a_zombie_counts_as_gone(host: LocalHost) -> None:
    with running(job(host)) as process:
        asked = {"process": "jobs", **identity_of(process.pid)}
        process.kill()
        wait_until(lambda: " Z " in Path(f"/proc/{process.pid}/stat").read_text())
        done = host.play("process_stop", **asked)
        assert (done.rc, done.changed) == (0, False), done.output
