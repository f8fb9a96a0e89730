"""The alert names that many people have, and what they mean here: data in `names.yml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.errors import BadInput
from core.model import Model, Name
from core.sources import IGNORE, Label
from core.yaml_files import YamlFile

_FILE = Path(__file__).parent / "names.yml"
_NODE_JOB = re.compile(r"(^|[_\-./])node([_\-./]|$)|node[_\-]?exporter")
_NODE_PORT = ":9100"

SUBJECT_LABELS: Mapping[str, tuple[str, ...]] = {
    "disk_full": ("mountpoint", "path", "filesystem"),
    "inodes_exhausted": ("mountpoint", "path", "filesystem"),
    "mount_missing": ("mountpoint", "path"),
    "mount_readonly": ("mountpoint", "path"),
    "folder_over_budget": ("path", "folder"),
    "service_failed": ("name", "unit", "service"),
    "service_down": ("name", "unit", "service"),
    "http_unhealthy": ("url", "instance", "target"),
    "certificate_expiring": ("path", "certificate"),
    "cpu_runaway": ("process", "groupname"),
    "memory_runaway": ("process", "groupname"),
}
"""Symptom -> the labels that usually say what on the host it is about."""


class ShippedAlert(Model):
    """What an alert name stands for."""

    symptom: Name
    subject: Label | None = None
    node_only: bool = False
    """It is about whatever its job watches: only if that is node_exporter, it is about the host."""

    def fits(self, facts: Mapping[str, str]) -> bool:
        """True if an alert with these labels is about that."""
        if not self.node_only:
            return True
        said = " ".join((facts.get("job", ""), facts.get("exporter", ""))).lower()
        return _NODE_JOB.search(said) is not None or facts.get("instance", "").endswith(_NODE_PORT)


@cache
def shipped() -> Mapping[str, ShippedAlert | str]:
    """Alert name -> what it means, or `ignore`."""
    yaml = YamlFile.read(_FILE)
    found: dict[str, ShippedAlert | str] = {}
    for name, entry in yaml.data.items():
        if isinstance(entry, str):
            if entry != IGNORE:
                raise BadInput(f"{entry!r} is no entry", file=_FILE, key=name)
            found[name] = entry
        else:
            found[name] = yaml.as_model(ShippedAlert, at=(name,))
    return found
