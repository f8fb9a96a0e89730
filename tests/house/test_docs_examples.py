"""What the documentation shows is tried: links lead somewhere, files exist, and the code reads every marked block."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.argument_specs import read_argument_spec
from catalog.cards import read_card
from catalog.catalog import SHIPPED_PROBES
from catalog.load import load_catalog
from catalog.probe_scripts import ProbeCard
from catalog.symptoms import load_symptoms
from catalog.vetting import vet
from core.ansible_yaml import parse_ansible_yaml
from core.fleets import FleetFile, Host
from core.settings import CHECKOUT, PREFIX, Settings
from core.yaml_files import YamlFile
from fleets.check_file import check_names
from fleets.reading import read_fleet_file
from lab.faults import read_faults
from lab.proving.load import read_scenario
from monitor.entries.reading import read_entries
from tests.house.pages import DOCS, PAGES, ROOT, Block, anchor, blocks, headings, links
from tests.house.test_docs import ENTRIES

OURS = [path for path in PAGES if path.is_relative_to(DOCS)]
MARKED = [block for path in PAGES for block in blocks(path) if block.kind is not None]
WRITTEN = [block for path in PAGES for block in blocks(path) if block.file is not None]
"""Blocks that say where they belong in a content folder. Together they are one, and it works."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in links(path):
        file, _, part = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{target} leads nowhere"
        assert there.is_relative_to(ROOT)
        if part:
            assert part in map(anchor, headings(there.read_text(encoding="utf-8"))), f"there is no heading for {target}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_names_a_path_of_somebodys_machine(path: Path) -> None:
    assert re.findall(r"(?:/home/|/Users/|/root\b|/work\b|[A-Z]:\\)\S*", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_files_and_settings_that_a_page_names_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rooms = "|".join(sorted(entry.name for entry in ROOT.iterdir() if (entry / "__init__.py").exists()))
    for name in re.findall(rf"`((?:{rooms})/[\w./]*)`", text):
        assert (ROOT / name).exists(), f"{name} is not there any more"
    for name in re.findall(rf"{PREFIX}([A-Z_]+)", text):
        assert name in {one.upper() for one in Settings.model_fields}, f"there is no setting {PREFIX}{name}"


def read_as_fleet_file(block: Block, folder: Path) -> None:
    (folder / "fleet.yml").write_text(block.text)
    file, lines = read_fleet_file(folder)
    catalog = content_of_the_docs(folder / "content")
    check_names(lines, file, symptoms=catalog.symptoms, remedies=catalog.remedies, probes=catalog.probe_names)


def read_as_card(block: Block, folder: Path) -> None:
    (folder / "it.remedy.yml").write_text(block.text)
    read_card(folder / "it.remedy.yml")


def read_as_symptoms(block: Block, folder: Path) -> None:
    (folder / "symptoms.yml").write_text(block.text)
    probes = {*SHIPPED_PROBES, *content_of_the_docs(folder / "content").probes}
    found, problems = load_symptoms([CHECKOUT / "catalog" / "symptoms.yml", folder / "symptoms.yml"], probes)
    assert problems == []
    assert yaml.safe_load(block.text).keys() <= found.keys()


def read_as_probe(block: Block, folder: Path) -> None:
    (folder / "it.probe.yml").write_text(block.text)
    YamlFile.read(folder / "it.probe.yml").as_model(ProbeCard)


def read_as_variables(block: Block, _folder: Path) -> None:
    host = Host(name="web1", variables=yaml.safe_load(block.text))
    for variable, model in ENTRIES.items():
        assert read_entries(host, variable, model)[1] == ()


def read_as_argument_specs(block: Block, folder: Path) -> None:
    (folder / "meta").mkdir()
    (folder / "meta" / "argument_specs.yml").write_text(block.text)
    assert read_argument_spec(folder).options


def read_as_ansible(block: Block, _folder: Path) -> None:
    assert all("name" in entry for entry in parse_ansible_yaml(block.text))


def read_as_scenario(block: Block, folder: Path) -> None:
    path = folder / "it.yml"
    path.write_text(block.text)
    read_scenario(path, content_of_the_docs(folder / "content"), {yaml.safe_load(block.text)["fault"]})


def read_as_fault(block: Block, folder: Path) -> None:
    (folder / "it.yml").write_text(block.text)
    (folder / "it.sh").touch()
    assert read_faults(folder)["it"].file.title


READERS: dict[str, Callable[[Block, Path], None]] = {
    "fleet.yml": read_as_fleet_file,
    "card": read_as_card,
    "symptoms": read_as_symptoms,
    "probe": read_as_probe,
    "variables": read_as_variables,
    "argument_specs": read_as_argument_specs,
    "tasks": read_as_ansible,
    "playbook": read_as_ansible,
    "scenario": read_as_scenario,
    "fault": read_as_fault,
}


@pytest.mark.parametrize("block", MARKED, ids=str)
def test_marked_blocks_are_what_they_say(block: Block, tmp_path: Path) -> None:
    assert block.kind in READERS, f"{block}: a block is one of {', '.join(READERS)}"
    READERS[block.kind](block, tmp_path)


def test_every_kind_of_block_is_shown() -> None:
    assert {block.kind for block in MARKED} == READERS.keys()


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_yaml_says_what_it_is(path: Path) -> None:
    unmarked = [str(block) for block in blocks(path) if block.language == "yaml" and block.kind is None]
    assert unmarked == []


def content_of_the_docs(content: Path) -> Any:
    """Lay out what the how-tos have a reader write, vet it as they say, and load the catalog."""
    for block in WRITTEN:
        path = content / str(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
    vet(content)
    return load_catalog(content)


def test_a_reader_of_the_howtos_gets_what_they_promise(tmp_path: Path) -> None:
    catalog = content_of_the_docs(tmp_path)
    assert catalog.problems == ()
    own = {"lock_remove"}
    assert own == {id for id, remedy in catalog.remedies.items() if remedy.root == tmp_path}
    assert all(remedy.vetted for remedy in catalog.remedies.values())
    assert catalog.probes["lock_age"].vetted
    assert catalog.remedy("lock_remove").treats == ("stale_lock",)
    assert catalog.symptom("stale_lock").sample == "lock.age"
    file: FleetFile = read_fleet_file(tmp_path / "inventory" / "prod")[0]
    assert file.sweeps[0].probes == ("lock_age",)
    assert not catalog.probes["lock_age"].path.stat().st_mode & stat.S_IXUSR  # no need for `chmod +x`
