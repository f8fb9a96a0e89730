"""Small content folders for tests: a valid remedy, probe or fleet in one line, to be changed where a test needs it.

content = tmp_path / "content"
write_remedy(content)                                        # restart: one parameter, from fleetmend_services
write_remedy(content, "trim", card={"risk": "medium"})
write_fleet(content, inventory={"all": {"hosts": {"web1": {}}}})
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from catalog.load import load_catalog
from catalog.proofs import write_proof
from catalog.vetting import vet
from core.ansible_environment import AnsibleEnvironment
from core.fleets import Host
from core.proofs import Proof, Trial
from core.remedies import Remedy

SERVICE_OPTION = {"type": "str", "required": True, "description": "The service, by its name in fleetmend_services."}
SYMPTOMS = {
    "service_down": {"title": "A service is down", "probe": "services", "sample": "service.up", "below": 1},
    "disk_full": {"title": "A disk is full", "probe": "host", "sample": "disk.used", "above": "90%", "clear": "85%"},
}


def write(path: Path, content: Any) -> Path:
    """Write text as it stands, and anything else as YAML, making the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def write_remedy(
    content: Path,
    id: str = "restart",
    *,
    card: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    plays: list[dict[str, Any]] | None = None,
    tasks: list[dict[str, Any]] | None = None,
) -> Path:
    """Write playbook, card and role of a valid remedy, and return the card's path. *card* is laid over a valid one.

    *options* are the role's, by parameter name; the card lists them all, unless it is given its own `parameters`.
    """
    if options is None:
        options = {"service": SERVICE_OPTION}
    parameters = {name: {"from": "fleetmend_services"} if name == "service" else {} for name in options}
    whole = {"title": "Restart it", "treats": ["service_down"], "risk": "low", "parameters": parameters} | (card or {})
    write(content / "playbooks" / f"{id}.yml", plays or [{"name": "Do it", "hosts": "all", "roles": [id]}])
    write_role(content, id, options=options, tasks=tasks)
    return write(content / "playbooks" / f"{id}.remedy.yml", whole)


def write_role(
    content: Path,
    name: str,
    *,
    options: dict[str, Any] | None = None,
    tasks: list[dict[str, Any]] | None = None,
) -> Path:
    """Write a role with one harmless task, and return its folder."""
    role = content / "roles" / name
    spec = {"short_description": name, "options": {f"{name}_{key}": value for key, value in (options or {}).items()}}
    write(role / "meta" / "argument_specs.yml", {"argument_specs": {"main": spec}})
    write(role / "tasks" / "main.yml", tasks or [{"name": "Say it", "ansible.builtin.debug": {"msg": "done"}}])
    return role


def write_shipped(shipped: Path, symptoms: dict[str, Any] | None = None) -> Path:
    """Write a stand-in for the checkout: two symptoms and no remedy. Return its folder."""
    write(shipped / "catalog" / "symptoms.yml", SYMPTOMS if symptoms is None else symptoms)
    return shipped


def load_remedy_from(content: Path, id: str = "restart") -> Remedy:
    """Load one remedy of *content*, which is its own shipped folder here; raises the problem that kept it out."""
    if not (content / "catalog" / "symptoms.yml").exists():
        write_shipped(content)
    catalog = load_catalog(content, content)
    for problem in catalog.problems:
        raise problem
    return catalog.remedy(id)


def vet_all(content: Path) -> None:
    """Vet everything in *content*, which is its own shipped folder here."""
    vet(content, shipped=content)


def prove_all(content: Path, shipped: Path | None = None) -> None:
    """Write a proof for every remedy of *content* as it is now, as a lab on which everything held would."""
    for remedy in load_catalog(content, shipped or content).remedies.values():
        trial = Trial(name="shown", title="It healed", host="web1", plan=f"{remedy.id} on web1", again="unchanged")
        at = datetime(2026, 1, 1, tzinfo=UTC)
        write_proof(remedy.root, Proof(remedy=remedy.id, digest=remedy.digest, date=at, scenarios=(trial,)))


def write_fleet(content: Path, name: str = "prod", *, file: Any = None, inventory: Any = None) -> Path:
    """Write `fleet.yml` and `hosts.yml` of a fleet with the local host web1, and return its folder."""
    folder = content / "inventory" / name
    write(folder / "fleet.yml", {"mode": "approve"} if file is None else file)
    default = {"web": {"hosts": {"web1": {"ansible_connection": "local"}}}}
    write(folder / "hosts.yml", default if inventory is None else inventory)
    return folder


def host(name: str = "web1", **variables: Any) -> Host:
    """A host with variables; a plain JSON round trip shows that they are what an inventory can hold."""
    return Host(name=name, groups=("all",), variables=json.loads(json.dumps(variables)))


def own_environment(content: Path, state: Path) -> AnsibleEnvironment:
    """An environment for real Ansible, with a home of its own so that parallel tests don't meet."""
    environ = {"PATH": os.environ.get("PATH", ""), "HOME": str(state)}
    return AnsibleEnvironment(environ=environ, content=content, state=state, python_bin=Path(sys.executable).parent)
