"""The demo as a newcomer runs it: four faults healed, one document told, nothing left behind, Ctrl-C at any point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import CHECKOUT
from tests.integration.demo_traces import processes_of

pytestmark = pytest.mark.ansible


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the demo makes its folders, so that what it leaves can be told from everybody else's."""
    with tempfile.TemporaryDirectory(prefix="fleetmend-test-") as folder:
        yield Path(folder).resolve()


def start(temporary: Path, *options: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLEETMEND_")}
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "demo", "--planner", "rules", "--timeout", "200", *options],
        cwd=CHECKOUT,
        env=environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_four_faults_are_measured_as_healed(temporary: Path) -> None:
    process = start(temporary, "--json")
    out, said = process.communicate()
    assert process.returncode == 0, said
    told = json.loads(out)
    assert told["ok"]
    assert told["planner"]["used"] == "rules"
    assert told["journal"]["violation"] is None
    found = {story["fault"]["name"]: (story["verdict"], story["planned"]["remedies"]) for story in told["faults"]}
    assert found == {
        "killed_service": ("healed", ["service_restart"]),
        "grown_logs": ("healed", ["log_cleanup"]),
        "broken_config": ("healed", ["config_restore"]),
        "runaway_process": ("healed", ["process_stop"]),
    }
    for story in told["faults"]:
        assert not story["fault"]["still_there"]
        assert story["runs"][-1]["status"] == "successful"
        assert story["learnt"]
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("moment", ["put up", "The loop is started", "finds everything well", "running ["])
def test_ctrl_c_leaves_nothing(temporary: Path, moment: str) -> None:
    process = start(temporary)
    assert process.stdout is not None
    while moment not in (line := process.stdout.readline()):
        assert line, process.communicate()[1]
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []


def test_kept_it_serves_the_api_until_it_is_told_to_end(temporary: Path) -> None:
    process = start(temporary, "--keep")
    assert process.stdout is not None
    given: dict[str, str] = {}
    while "FLEETMEND_DEMO" not in given:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        name, _, value = line.strip().removeprefix("export ").partition("=")
        given[name] = value
    head = {"Authorization": f"Bearer {given['FLEETMEND_TOKEN']}"}
    with httpx.Client(base_url=given["FLEETMEND_URL"], headers=head, trust_env=False) as api:
        incidents = api.get("/api/v1/incidents").raise_for_status().json()
    assert {one["state"] for one in incidents} == {"resolved"}
    assert Path(given["FLEETMEND_DEMO"], "demo1", "web", "web.conf").is_file()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []
