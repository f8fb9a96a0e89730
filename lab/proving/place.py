"""Where a trial takes place: a content folder with the lab's fleet as the scenario wants it, and a state of its own.

The lab's own fleet is copied, never changed. The policy is the prover's: everything needs an approval, and the prover
gives it only to a plan that the scenario calls acceptable.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from catalog.catalog import Catalog
from core.fleets import Fleet
from core.settings import Settings
from core.yaml_files import YamlFile
from fleets.sources import FLEET_FILE
from lab.proving.scenario import Scenario

FLEET = "lab"
MACHINE_WIDE = ("cpu_saturated", "load_high", "memory_full", "swap_full")
"""All hosts of a lab show the processor and the memory of the machine that it stands on."""

_OWN_SWEEP = "5s"


def settings_for(place: Path) -> Settings:
    """Settings for a loop in *place*, whatever the environment says: no server, no model."""
    return Settings(
        content=place / "content",
        state=place / "state",
        database_url=None,
        broker_url=None,
        journal_key_file=None,
        url=None,
        model="rules",
        probe_timeout=timedelta(seconds=60),  # a machine that holds a lab may be a small one
    )


def lay_out(place: Path, lab_content: Path, scenario: Scenario, catalog: Catalog) -> Path:
    """Copy the lab's fleet into *place*, with the scenario's policy, levels and sweeps. Return the fleet's folder."""
    fleet = place / "content" / "inventory" / FLEET
    shutil.copytree(lab_content / "inventory" / FLEET, fleet)
    file = YamlFile.read(fleet / FLEET_FILE).data or {}
    (fleet / FLEET_FILE).write_text(yaml.safe_dump(fleet_file(file, scenario, catalog), sort_keys=False))
    return fleet


def lay_over(folder: Path, fleet: Fleet, scenario: Scenario) -> None:
    """Write the scenario's variables over those of its host: mappings are joined, all else takes the other's place."""
    host = fleet.host(scenario.host)
    known = {} if host is None else host.variables
    values = {name: joined(known.get(name), value) for name, value in scenario.variables.items()}
    if values:
        (folder / "host_vars").mkdir(exist_ok=True)
        (folder / "host_vars" / f"{scenario.host}.yml").write_text(yaml.safe_dump(values, sort_keys=False))


def fleet_file(file: Mapping[str, Any], scenario: Scenario, catalog: Catalog) -> dict[str, Any]:
    """The `fleet.yml` of a trial, made of the lab's."""
    watched = None if scenario.detected is None else scenario.detected.symptom
    levels = {name: "off" if level is False else level for name, level in (file.get("symptoms") or {}).items()}
    levels |= {name: "off" for name in MACHINE_WIDE if name != watched}
    levels |= _dumped(scenario)["symptoms"]
    sweeps = list(file.get("sweeps") or ())
    probe = None if watched is None else catalog.symptom(watched).probe
    if probe is not None and not any(probe in sweep["probes"] for sweep in sweeps):
        sweeps.append({"every": _OWN_SWEEP, "probes": [probe]})
    verify = dict(file.get("verify") or {}) | {k: v for k, v in _dumped(scenario)["verify"].items() if v is not None}
    return {
        **{key: file[key] for key in ("inventory", "inventory_ttl") if key in file},
        "mode": "approve",
        "sweeps": sweeps,
        "symptoms": levels,
        "policy": {
            "approve": {"risk": "high", "approvers": 1, "expires": "1h"},
            "require_proof": "never",  # the proof is what comes of it
            "never": list(scenario.never),
        },
        "cooldown": "0s",
        "verify": verify,
    }


def joined(before: object, value: object) -> object:
    """*value* over *before*."""
    return {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value


def _dumped(scenario: Scenario) -> dict[str, Any]:
    found: dict[str, Any] = scenario.model_dump(
        mode="json", by_alias=True, exclude_unset=True, include={"symptoms", "verify"}
    )
    return {"symptoms": {}, "verify": {}} | found
