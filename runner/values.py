"""Values on their way into Ansible: data, never templates (law 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def mark_unsafe(value: Any) -> Any:
    """Return JSON-like *value* with every string in it, however deep, marked so that Ansible never templates it.

    Ansible reads `{"__ansible_unsafe": "…"}` in a JSON variables file as an untrusted string. Keys are left alone:
    Ansible does not template the keys of variables.
    """
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, Mapping):
        return {str(key): mark_unsafe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mark_unsafe(item) for item in value]
    return value


def role_variables(remedy: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a remedy's role reads: for `service` of `service_restart`, `service_restart_service`."""
    return {f"{remedy}_{name}": value for name, value in parameters.items()}


def write_variables(path: Path, variables: Mapping[str, Any]) -> None:
    """Write *variables*, marked unsafe, as the extra-vars file *path* (mode 0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({name: mark_unsafe(value) for name, value in variables.items()}), encoding="utf-8")
