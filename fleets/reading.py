"""Reading `fleet.yml`. What its names refer to is checked in `check_file.py`, because that takes the catalog."""

from __future__ import annotations

from pathlib import Path

from core.digests import digest_of
from core.fleets import FleetFile
from core.yaml_files import YamlFile
from fleets.sources import FLEET_FILE


def read_fleet_file(folder: Path) -> tuple[FleetFile, YamlFile]:
    """Read `fleet.yml` in *folder*: its content, and the file itself for later messages. Raises BadInput."""
    yaml = YamlFile.read(folder / FLEET_FILE)
    if isinstance(yaml.data, dict) and isinstance(symptoms := yaml.data.get("symptoms"), dict):
        # YAML reads a bare `off` as false; in this place it can only mean the word.
        yaml.data["symptoms"] = {name: "off" if value is False else value for name, value in symptoms.items()}
    if isinstance(yaml.data, dict) and yaml.data.get("storms") is False:
        yaml.data["storms"] = "off"
    return yaml.as_model(FleetFile), yaml


def policy_digest(file: FleetFile) -> str:
    """The digest over what the approver reads."""
    return digest_of(file.model_dump(mode="json", include={"mode", "modes", "policy", "budget", "cooldown"}))
