"""Law 2, of a run by the runner: Ansible opens its frozen copy, its installation, and what was hashed in place.

The inventory, the settings and the files of the fleet lie on the controller as they do for a user. A run must open none
of them: what was approved is what was copied.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from catalog.source import CatalogSource
from core.ansible_environment import AnsibleEnvironment
from core.clock import SystemClock
from core.plans import Step
from core.runs import RunStatus
from core.settings import CHECKOUT, Settings
from fleets.freezer import Freezer
from fleets.source import FleetSource
from loop.binding import Binder
from runner.executor import AnsibleExecutor
from tests.tracing import OF_CTYPES, OF_THE_FLEET, write_hook

pytestmark = pytest.mark.ansible


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def test_a_run_opens_none_of_the_live_files(tmp_path: Path) -> None:
    content, state, home, hook = (tmp_path / name for name in ("content", "state", "home", "hook"))
    fleet_folder, record = content / "inventory" / "prod", tmp_path / "opened"
    write_hook(hook)
    (tmp_path / "tmp").mkdir()
    write(fleet_folder / "fleet.yml", {"mode": "approve"})
    write(fleet_folder / "hosts.yml", {"all": {"children": {"web": {"hosts": {"web1": {}}}}}})
    write(
        fleet_folder / "group_vars" / "all.yml",
        {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_remote_tmp": str(tmp_path / "remote-tmp"),
            "fleetmend_files": {"conf": {"path": str(tmp_path / "host" / "conf"), "source": "files/conf"}},
        },
    )
    write(fleet_folder / "host_vars" / "web1.yml", {"owner": "web"})
    write(fleet_folder / "files" / "conf", "good\n")
    write(tmp_path / "host" / "conf", "bad\n")
    write(content / "ansible.cfg", "[defaults]\nconnection_plugins = plugins\nlookup_plugins = lookups\n")
    write(content / "plugins" / "own.py", "")
    write(content / "lookups" / "file.py", "raise SystemExit('not the one that was vetted')\n")
    write(home / ".ansible" / "plugins" / "action" / "copy.py", "raise SystemExit('not the one that was vetted')\n")
    write(home / ".ansible.cfg", "[defaults]\nstrategy = free\n")

    given = {
        "HOME": str(home),
        "PYTHONPATH": str(hook),
        "TRACE": str(record),
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    environment = AnsibleEnvironment(
        environ=given,
        content=content,
        state=state,
        python_bin=Path(sys.executable).parent,
        pass_variables=("PYTHONPATH", "TRACE"),
    )
    catalog = CatalogSource(CHECKOUT)
    fleet = FleetSource(content, environment=environment).get("prod")
    record.unlink(missing_ok=True)  # resolving reads the live inventory, and should
    remedy = catalog.current().remedy("config_restore")
    step = Step(remedy=remedy.id, digest=remedy.digest, parameters={"file": "conf"}, hosts=("web1",))
    frozen = Binder(Freezer(environment), catalog).freeze(fleet, catalog.current(), (step,))
    result = AnsibleExecutor(catalog, Settings(content=content, state=state), SystemClock()).execute(
        "run-1",
        fleet,
        step,
        frozen,
        on_event=lambda _event: None,
        on_process=lambda _process: None,
        cancelled=lambda: False,
    )
    assert result.status is RunStatus.SUCCESSFUL, result.problem
    assert (tmp_path / "host" / "conf").read_text() == "good\n"

    opened = {Path(line.split(" ", 1)[1]) for line in record.read_text(errors="surrogateescape").splitlines()}
    assert state / "runs" / "run-1" / "fleet" / "files" / "conf" in opened, "nothing was traced"
    installed = (sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent), "/usr/lib")
    bound = (content / "plugins", *(home / ".ansible" / "plugins" / kind for kind in OF_THE_FLEET))
    shared = tuple(f"/usr/share/ansible/plugins/{kind}" for kind in OF_THE_FLEET)
    own = (state / "runs" / "run-1", tmp_path / "remote-tmp", tmp_path / "tmp", hook)
    allowed = tuple(map(Path, (*own, *installed, *bound, *shared, "/dev", "/proc", "/usr/share/zoneinfo")))
    on_path = {Path(entry or ".").resolve() for entry in sys.path} | {CHECKOUT, Path("/bin/sh")}
    outside = sorted(
        str(path)
        for path in opened - on_path
        if path.name not in OF_CTYPES and not any(path.is_relative_to(folder) for folder in allowed)
    )
    assert outside == [], outside
