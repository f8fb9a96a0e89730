"""Secrets and templates: what goes into a run as a value stays a value, and what is secret stays inside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runner_house import House, everything_below

from core.runs import RunEvent, RunStatus
from fleets.source import FleetSource
from runner.job import prepare_job, project_of
from runner.launch import launch
from runner.private_folder import private_folder
from runner.values import write_variables

pytestmark = pytest.mark.ansible

ENVIRONMENT_LOOKUP = """
import os

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **options):
        return ["\\n".join(f"{name}={value}" for name, value in os.environ.items())]
"""
"""A plugin of the role: the digest covers it, and it runs on the controller."""
BECOME = "correct-horse-battery"
VAULTED = "vaulted-treasure\nof two lines"


def test_a_template_that_got_through_is_not_executed(tmp_path: Path) -> None:
    house = House(tmp_path)
    fleet = house.fleet(h1={})
    evil = "{{ lookup('pipe', 'touch " + str(tmp_path / "executed") + "') }}"
    tasks = """
    - name: Say
      ansible.builtin.debug:
        msg: "{{ says_text }} {{ says_deep.list[0] }} {{ says_deep.list | join(' ') }}"
    - name: Write
      ansible.builtin.copy: {content: "{{ says_text }}", dest: "ROOT/written", mode: "0600"}
    """
    house.remedy("says", tasks.replace("ROOT", str(tmp_path)))
    said = []
    with private_folder(house.state / "runs" / "run-1") as folder:
        remedy = house.catalog.current().remedy("says")
        house.catalog.copy_remedy(remedy, project_of(folder))
        job = prepare_job(
            house.settings,
            house.frozen(fleet, house.step(remedy, "h1")),
            run_id="run-1",
            folder=folder,
            playbook=project_of(folder) / "playbooks" / "says.yml",
            hosts=("h1",),
            variables={"says_text": evil, "says_deep": {"list": [evil]}},
            timeout=60,
        )
        launch(job, on_event=lambda event: said.append(event.get("event_data", {}).get("res", {}).get("msg")))
    assert f"{evil} {evil} {evil}" in said
    assert (tmp_path / "written").read_text() == evil
    assert not (tmp_path / "executed").exists()


def test_without_the_mark_the_same_template_would_be_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: this is the trap that it guards against."""
    variables = tmp_path / "variables"
    write_variables(variables, {"text": "{{ 40 + 2 }}"})
    marked = variables.read_text()
    plain = json.dumps({"text": json.loads(marked)["text"]["__ansible_unsafe"]})
    playbook = tmp_path / "play.yml"
    playbook.write_text("- {hosts: localhost, gather_facts: false, tasks: [{debug: {msg: 'it is {{ text }}'}}]}\n")
    program = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-e"]

    def said(text: str) -> str:
        variables.write_text(text)
        done = subprocess.run(
            [*program, f"@{variables}"],
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
        )
        return done.stdout

    assert "it is 42" in said(plain)
    assert "it is {{ 40 + 2 }}" in said(marked)


def test_secrets_stay_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vaulted variables, passwords in the inventory, in diffs and in our own environment."""
    monkeypatch.setenv("FLEETMEND_DATABASE_URL", "postgresql://fleetmend:dbsecret@db/x")
    monkeypatch.setenv("FLEETMEND_TOKEN", "fm_oursecret")
    house = House(tmp_path)
    _write_vaulted(house, house.fleet(h1={"ansible_become_password": BECOME}).folder)
    fleet = FleetSource(house.content, environment=house.environment).get("lab")
    tasks = """
    - name: Print the vaulted variable
      ansible.builtin.debug: {var: treasure}
    - name: Print it in a sentence
      ansible.builtin.debug: {msg: "it is {{ treasure }} and {{ ansible_become_password }}"}
    - name: Change a password
      ansible.builtin.copy:
        content: "user=web\\npassword=hunter-{{ inventory_hostname }}\\nkey={{ treasure }}\\n"
        dest: "ROOT/web.conf"
        mode: "0600"
    - name: Print the environment
      ansible.builtin.command: env
      changed_when: false
      register: environment_of_the_module
    - name: Show it
      ansible.builtin.debug: {var: environment_of_the_module.stdout}
    - name: Show the controller's
      ansible.builtin.debug: {msg: "{{ lookup('controller_environment') }}"}
    - name: Fail with it
      ansible.builtin.fail: {msg: "no luck with {{ treasure }} and {{ ansible_become_password }}"}
    """
    plugin = house.content / "roles" / "leaks" / "lookup_plugins" / "controller_environment.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(ENVIRONMENT_LOOKUP)
    remedy = house.remedy("leaks", tasks.replace("ROOT", str(tmp_path)))
    step = house.step(remedy, "h1")
    while_it_ran: list[bytes] = []
    events: list[RunEvent] = []

    def follow(event: RunEvent) -> None:
        events.append(event)
        while_it_ran.append(everything_below(house.state))

    result = house.executor().execute(
        "run-1",
        fleet,
        step,
        house.frozen(fleet, step),
        on_event=follow,
        on_process=lambda process: None,
        cancelled=lambda: False,
    )
    seen = "\n".join([result.model_dump_json(), *(event.model_dump_json() for event in events)])
    assert result.status is RunStatus.FAILED
    assert "no luck with «redacted»" in (result.problem or "")
    assert "password=«redacted»" in seen
    for secret in (BECOME, "vaulted-treasure", "of two lines", "hunter-h1", "dbsecret", "oursecret"):
        assert secret not in seen, f"{secret} is in an event"
        assert secret.encode() not in everything_below(house.state), f"{secret} lies in the state folder"
    for ours_alone in (b"dbsecret", b"oursecret"):
        assert not any(ours_alone in content for content in while_it_ran), "our secrets were in ansible-runner's files"
    assert "FLEETMEND_RUN=run-1" in seen, "the environment was printed"
    (tmp_path / "web.conf").unlink()
    preview = house.executor().preview(fleet, step, house.frozen(fleet, step)).model_dump_json()
    assert "password=«redacted»" in preview
    for secret in (BECOME, "vaulted-treasure", "of two lines", "hunter-h1"):
        assert secret not in preview


def _write_vaulted(house: House, folder: Path) -> None:
    """Put the vaulted variable `treasure` into group_vars, and the vault's password where ansible.cfg says."""
    password = house.root / "vault-password"
    password.write_text("open sesame\n")
    (folder / "ansible.cfg").write_text(f"[defaults]\nvault_password_file = {password}\n")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-vault"),
            "encrypt_string",
            "--vault-password-file",
            str(password),
            "--name",
            "treasure",
            VAULTED,
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(house.root)},
    )
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.yml").write_text(done.stdout)
