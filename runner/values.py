"""The variables of a run, written as the extra-vars file that Ansible reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.no_templates import as_no_template


def role_variables(remedy: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a remedy's role reads: for `service` of `service_restart`, `service_restart_service`."""
    return {f"{remedy}_{name}": value for name, value in parameters.items()}


def write_variables(path: Path, variables: Mapping[str, Any]) -> None:
    """Write *variables*, marked unsafe, as the extra-vars file *path* (mode 0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({name: as_no_template(value) for name, value in variables.items()}), encoding="utf-8")
