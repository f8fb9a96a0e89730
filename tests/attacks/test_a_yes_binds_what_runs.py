"""Approve, change one thing that Ansible reads, resume: whatever it was, nothing runs and the approval is void.

On a real `fleetmend up`, over its API, with Ansible, for every kind of thing on the controller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.integration.live_up import Place, Up

pytestmark = [pytest.mark.ansible, pytest.mark.timeout(600)]

SCRIPT = """#!/usr/bin/env python3
import json
files = {{"conf": {entry}}}
print(json.dumps({{"cloud": {{"hosts": ["h1"]}}, "_meta": {{"hostvars": {{"h1": {{"fleetmend_files": files}}}}}}}}))
"""


class Attacked:
    """A fleet of one local host, whose inventory comes from everywhere: files, links, a script, plugins."""

    def __init__(self, root: Path) -> None:
        self.root, self.content = root, root / "content"
        self.fleet = self.content / "inventory" / "prod"
        self.shared, self.linked = root / "shared", root / "linked"
        self.target = root / "host" / "conf"
        self.elsewhere = root / "host" / "elsewhere"

    def lay_out(self) -> None:
        """Put everything as it was approved."""
        self.write("content/inventory/prod/fleet.yml", self.fleet_file())
        self.write("shared/hosts.yml", {"all": {"hosts": {"h1": {"ansible_connection": "local"}}}})
        self.write("shared/group_vars/all.yml", {"ansible_remote_tmp": str(self.root / "tmp"), "a_mode": "0644"})
        self.write("linked/h1.yml", {"ansible_python_interpreter": "{{ ansible_playbook_python }}"})
        if not (self.shared / "host_vars").exists():
            (self.shared / "host_vars").symlink_to(self.linked)
        self.write("shared/cloud.py", SCRIPT.format(entry=json.dumps(self.entry(self.target)))).chmod(0o755)
        self.write("content/inventory/prod/files/conf", "good\n")
        self.write("content/ansible.cfg", "[defaults]\nconnection_plugins = plugins\ntimeout = 9\n")
        self.write("content/plugins/own.py", "X = 1\n")
        self.write(".ansible/plugins/become/own.py", "X = 1\n")
        self.write(".ssh/config", "Host *\n")
        self.write("host/conf", "bad\n")
        self.elsewhere.unlink(missing_ok=True)

    def fleet_file(self, **more: Any) -> dict[str, Any]:
        approve = {"risk": "high", "own": True, "approvers": 1, "expires": "1h"} | more
        sources = ["../../../shared/hosts.yml", "../../../shared/cloud.py"]
        return {"mode": "approve", "inventory": sources, "policy": {"approve": approve}}

    def entry(self, path: Path) -> dict[str, str]:
        return {"path": str(path), "source": "files/conf", "mode": "{{ a_mode }}"}

    def write(self, name: str, content: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path


ATTACKS: dict[str, tuple[str, Callable[[Attacked], object]]] = {
    "the file that is copied": ("file files/conf", lambda a: a.write("content/inventory/prod/files/conf", "evil\n")),
    "a variable beside an outside inventory": (
        "host h1",
        lambda a: a.write("shared/group_vars/all.yml", {"ansible_remote_tmp": str(a.root / "tmp"), "a_mode": "0777"}),
    ),
    "a new file beside it": (
        "host h1",
        lambda a: a.write("shared/group_vars/cloud.yml", {"ansible_shell_executable": "/bin/bash"}),
    ),
    "what a link leads to": (
        "host h1",
        lambda a: a.write(
            "linked/h1.yml",
            {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "ansible_ssh_args": "-C", "a_mode": "0777"},
        ),
    ),
    "what a script answers": (
        "host h1",
        lambda a: a.write("shared/cloud.py", SCRIPT.format(entry=json.dumps(a.entry(a.elsewhere)))),
    ),
    "a setting of Ansible's": ("ansible.cfg", lambda a: a.write("content/ansible.cfg", "[defaults]\ntimeout = 9\n")),
    "a plugin that it names": ("plugins", lambda a: a.write("content/plugins/own.py", "X = 2\n")),
    "a plugin in the home": ("plugins", lambda a: a.write(".ansible/plugins/become/own.py", "X = 2\n")),
    "ssh's configuration": ("ssh configuration", lambda a: a.write(".ssh/config", "Host *\n  ProxyCommand evil\n")),
    "the policy": ("policy", lambda a: a.write("content/inventory/prod/fleet.yml", a.fleet_file(remind="5m"))),
}


class Approver:
    """Somebody with every right, at the API."""

    def __init__(self, up: Up) -> None:
        said = up.read_until("Ctrl-C stops it")
        [url] = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", said)
        [token] = re.findall(r"fm_[\w-]+", said)
        self.up = up
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def ask(self) -> str:
        """Ask for the change, and wait until people are asked about it."""
        body = {"fleet": "prod", "host": "h1", "remedy": "config_restore", "parameters": {"file": "conf"}}
        incident = str(self.call("POST", "/requests", body)["id"])
        self.up.read_until("awaiting_approval")
        return incident

    def approve_and(self, incident: str, change: Callable[[], object]) -> None:
        """Say yes while everything is paused, *change* something, and let it go on."""
        self.call("PUT", "/pauses/*", {"reason": "not yet"})
        self.call("POST", f"/incidents/{incident}/approve")
        change()
        self.call("DELETE", "/pauses/*")

    def reject(self, incident: str) -> None:
        self.call("POST", f"/incidents/{incident}/reject", {"reason": "done with it"})


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    found = Attacked(tmp_path_factory.mktemp("attacked"))
    place = Place(found.root)
    made = place.run("init", str(found.content))
    assert made.returncode == 0, made.stderr
    (found.content / "inventory" / "example" / "fleet.yml").write_text("enabled: false\n")
    found.lay_out()
    return found


@pytest.fixture(scope="module")
def approver(attacked: Attacked) -> Iterator[Approver]:
    with Place(attacked.root).up(FLEETMEND_URL="") as up:
        yield Approver(up)


def test_without_a_change_it_runs_and_does_what_was_shown(attacked: Attacked, approver: Approver) -> None:
    attacked.lay_out()
    incident = approver.ask()
    approver.approve_and(incident, lambda: None)
    approver.up.read_until("resolved")
    assert attacked.target.read_text() == "good\n"


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_change_after_the_yes_voids_it_and_nothing_runs(attacked: Attacked, approver: Approver, attack: str) -> None:
    part, change = ATTACKS[attack]
    attacked.lay_out()
    incident = approver.ask()
    approver.approve_and(incident, lambda: change(attacked))
    approver.up.read_until("the approval is void")
    approver.up.read_until("awaiting_approval")
    shown = approver.call("GET", f"/incidents/{incident}")
    [void] = [entry["body"]["reason"] for entry in shown["journal"] if entry["kind"] == "approval.void"]
    assert part in void
    assert shown["runs"] == []
    assert attacked.target.read_text() == "bad\n"
    assert not attacked.elsewhere.exists()
    approver.reject(incident)
