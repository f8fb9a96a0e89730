"""The reference pages against the code: whatever people can write down has its line, and no line is stale."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from catalog.argument_specs import read_argument_spec
from catalog.cards import Card
from catalog.load import load_catalog
from catalog.probe_scripts import ProbeCard
from core.durations import format_duration
from core.fleets import FleetFile
from core.remedies import Remedy
from core.settings import CHECKOUT, PREFIX, Settings
from core.symptoms import Symptom
from lab.faults import FaultFile
from monitor.probes import PROBE_OK, PROBES, REACHABLE
from planner.models import DEFAULT_MODEL
from tests.house.pages import first_cells, in_words, keys_of, page, rows, section

CATALOG = load_catalog(CHECKOUT)
ENTRIES = {probe.variable: probe.entry for probe in PROBES if probe.variable and probe.entry}


def defaults(text: str) -> dict[str, str]:
    """Key -> default, of tables with the columns key, type, default, meaning."""
    found = {row[0].strip("`"): row[2] for row in rows(text) if len(row) == 4}
    assert all(row[3] for row in rows(text) if len(row) == 4)
    return found


def test_every_setting_has_its_heading() -> None:
    settings = page("reference/settings.md")
    for name in Settings.model_fields:
        assert section(settings, f"`{PREFIX}{name.upper()}`").strip()


@pytest.mark.parametrize(
    ("model", "name", "heading"),
    [
        (FleetFile, "reference/fleet-yml.md", "fleet.yml"),
        (Card, "reference/card.md", "Cards"),
        (Symptom, "reference/symptoms.md", "symptoms.yml"),
        (ProbeCard, "reference/probes.md", "Your own"),
        (FaultFile, "howto/lab.md", "Add a fault"),
        *((model, "reference/inventory-variables.md", variable) for variable, model in sorted(ENTRIES.items())),
    ],
    ids=str,
)
def test_every_key_has_its_line_with_its_default(model: type[BaseModel], name: str, heading: str) -> None:
    written = defaults(section(page(name), heading))
    known = dict(keys_of(model))
    known.pop("id", None)  # the key of a symptom's entry
    assert written == known


def test_every_inventory_variable_has_its_section() -> None:
    places = (
        "monitor/**/*.py",
        "planner/*.py",
        "roles/**/*.yml",
        "roles/**/*.py",
        "playbooks/*.yml",
        "core/importance.py",
        "fleets/dependencies.py",
    )
    used = {
        variable
        for place in places
        for path in CHECKOUT.glob(place)
        for variable in re.findall(r"\bfleetmend_[a-z]+(?:_[a-z]+)*\b", path.read_text())
    }
    text = page("reference/inventory-variables.md")
    assert ENTRIES.keys() < used
    assert set(re.findall(r"^## (fleetmend_\w+)$", text, re.MULTILINE)) == used
    for variable in used:
        assert section(text, variable).strip()


@pytest.mark.parametrize(
    ("variable", "role", "entry"),
    [
        ("fleetmend_cleanup", "place_cleanup", r"place_cleanup_(?:entry|own)"),
        ("fleetmend_balancers", "balancer_members", r"item\.value"),
        ("fleetmend_throttles", "unit_quota", r"fleetmend_throttles\[unit_quota_process\]"),
    ],
)
def test_the_keys_of_what_no_probe_reads_are_those_that_the_role_reads(variable: str, role: str, entry: str) -> None:
    texts = [path.read_text() for path in (CHECKOUT / "roles" / role).rglob("*.yml")]
    read = {key for text in texts for key in re.findall(rf"{entry}\.(\w+)", text)}
    assert defaults(section(page("reference/inventory-variables.md"), variable)).keys() == read


def test_every_option_of_a_role_that_no_planner_sets_has_its_line() -> None:
    chosen = {f"{remedy.id}_{one.name}" for remedy in CATALOG.remedies.values() for one in remedy.parameters}
    known = {
        name: in_words(option.default)
        for role in ("service_control", *CATALOG.remedies)
        for name, option in read_argument_spec(CHECKOUT / "roles" / role).options.items()
        if name not in chosen and not option.required
    }
    assert defaults(section(page("reference/inventory-variables.md"), "Options of the roles")) == known


def test_every_symptom_has_its_line() -> None:
    def level(symptom: Symptom) -> str:
        levels = (("above", symptom.above), ("below", symptom.below), ("clear", symptom.clear))
        words = [f"{name} {value:g}" for name, value in levels if value is not None]
        words += [f"for {format_duration(symptom.for_)}"] if symptom.for_ else []
        return ", ".join(words) or "from outside"

    assert rows(section(page("reference/symptoms.md"), "Shipped")) == [
        (
            f"`{one.id}`",
            one.title,
            one.severity,
            f"`{one.sample}`" if one.sample else "none",
            one.probe or "none",
            level(one),
            ", ".join(one.explained_by) or "none",
        )
        for one in CATALOG.symptoms.values()
    ]


def test_every_remedy_has_its_line() -> None:
    def line(remedy: Remedy) -> tuple[str, ...]:
        most = remedy.reach.max_hosts
        return (
            f"[`{remedy.id}`](#{remedy.id})",
            remedy.risk,
            ", ".join(remedy.treats),
            ", ".join(one.name for one in remedy.parameters) or "none",
            str(most) if isinstance(most, int) else f"{most:.0%}",
            f"{format_duration(remedy.verify.within)}, {format_duration(remedy.verify.hold)}",
            format_duration(remedy.cooldown),
            format_duration(remedy.timeout),
        )

    summary = section(page("reference/remedies.md"), "Remedies").split("\n## ")[0]
    assert rows(summary) == [line(remedy) for remedy in CATALOG.remedies.values()]


@pytest.mark.parametrize("remedy", CATALOG.remedies.values(), ids=lambda remedy: remedy.id)
def test_every_parameter_has_its_line(remedy: Remedy) -> None:
    written = {row[0].strip("`"): row[1:] for row in rows(section(page("reference/remedies.md"), remedy.id))}
    assert list(written) == [one.name for one in remedy.parameters]
    for one in remedy.parameters:
        kind, required, values = written[one.name]
        assert (kind, required) == (one.type.value, "yes" if one.required else "no")
        for said in (one.from_inventory, one.from_evidence, one.default):
            assert said is None or str(said) in values


def test_every_probe_and_sample_has_its_line() -> None:
    text = page("reference/probes.md")
    for probe in PROBES:
        assert set(first_cells(section(text, probe.name))) == probe.samples
    assert first_cells(section(text, "In every sweep")) == [REACHABLE, PROBE_OK]


def test_the_default_model_is_the_documented_one() -> None:
    assert f"FLEETMEND_MODEL={DEFAULT_MODEL}" in page("howto/ollama.md")
    assert f"ollama pull {DEFAULT_MODEL.removeprefix('ollama:')}" in page("howto/ollama.md")
