"""The remedy `heal`, laid out from a case of `cases/remedy_files/` and judged by the closed list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog.allowlist.check import refusals
from catalog.remedies import locate
from core.errors import BadInput
from core.remedies import Remedy
from tests.unit.content import load_remedy_from, write

_FOLDER = Path(__file__).parent / "cases" / "remedy_files"
CASES: dict[str, list[dict[str, Any]]] = {
    name: yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8")) for name in ("refused", "admitted")
}
_CARD = {
    "title": "Heal it",
    "treats": ["service_down"],
    "risk": "low",
    "parameters": {"file": {"from": "fleetmend_files"}},
    "needs": ["fleetmend_files"],
    "copies": {"fleetmend_files": "source"},
}
_OPTION = {"type": "str", "required": True, "description": "The file."}
_SPECS = {"argument_specs": {"main": {"short_description": "x", "options": {"heal_file": _OPTION}}}}
_HARMLESS = "- name: Say it\n  ansible.builtin.debug: {msg: done}\n"
_PARTS = {
    "tasks": "roles/heal/tasks/main.yml",
    "play": "playbooks/heal.yml",
    "vars": "roles/heal/vars/main.yml",
    "defaults": "roles/heal/defaults/main.yml",
    "template": "roles/heal/templates/x.j2",
}


@dataclass(frozen=True)
class LaidOut:
    """Where the files of the case are."""

    content: Path

    @property
    def role(self) -> Path:
        return self.content / "roles" / "heal"

    @property
    def playbook(self) -> Path:
        return self.content / "playbooks" / "heal.yml"

    def remedy(self) -> Remedy:
        """The remedy; raises BadInput if it can't be loaded."""
        return load_remedy_from(self.content, "heal")


def case_of(**parts: str) -> dict[str, Any]:
    """A case that differs from the harmless one in *parts*."""
    return {"name": "made here", **parts}


def lay_out(content: Path, case: dict[str, Any]) -> LaidOut:
    """Write the files of *case* into *content*."""
    files: dict[str, Any] = {
        "playbooks/heal.remedy.yml": _CARD | case.get("card", {}),
        "playbooks/heal.yml": "- name: Heal it\n  hosts: all\n  gather_facts: false\n  roles: [heal]\n",
        "roles/heal/meta/argument_specs.yml": _SPECS,
        "roles/heal/tasks/main.yml": _HARMLESS,
        "roles/heal/tasks/more.yml": _HARMLESS,
        "roles/heal/files/known.txt": "x\n",
    }
    files |= {path: case[part] for part, path in _PARTS.items() if part in case} | case.get("files", {})
    for path, text in files.items():
        write(content / path, text)
    return LaidOut(content)


def judge(laid_out: LaidOut) -> tuple[BadInput, ...]:
    """What is refused of it; what the catalog itself can't load counts too."""
    try:
        remedy = laid_out.remedy()
    except BadInput as problem:
        return (problem,)
    return refusals(remedy, locate(remedy, laid_out.content))
