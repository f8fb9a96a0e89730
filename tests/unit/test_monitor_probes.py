"""The registry of shipped probes: each has its program, and what it asks of a host follows from its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import monitor.on_host
from catalog.catalog import SHIPPED_PROBES
from core.fleets import Host
from fleets.files import FleetFiles
from monitor.entries.fields import Entry, Place
from monitor.probes import ON_HOST, PROBES, Probe

FOLDER = Path(monitor.on_host.__file__).parent


class DoorEntry(Entry):
    """A door that is to be closed. The one with the number 13 can't be watched."""

    number: int

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        if self.number == 13:
            raise ValueError("there is no such door")
        return super().sent(key, place)


def request(probe: Probe, **variables: Any) -> Any:
    return probe.request(Host(name="h1", variables=variables), FleetFiles(Path("/nowhere")))


DOORS = Probe("doors", "door.open", "fleetmend_doors", DoorEntry, about=lambda place: {"host": place.host.name})


def test_every_program_has_its_line_and_every_line_its_program() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "main", "user_script"} == ON_HOST.keys()


def test_the_catalog_knows_the_same_probes() -> None:
    assert {probe.name for probe in PROBES} == SHIPPED_PROBES


def test_no_sample_comes_from_two_probes() -> None:
    samples = [sample for probe in PROBES if probe.name != "node_exporter" for sample in probe.samples]
    assert len(samples) == len(set(samples))


def test_entries_travel_and_belong_to_services() -> None:
    doors = {"front": {"number": 1, "service": "shop"}, "web": {"number": 2}, "odd": {"number": 13}, "bad": {}}
    arguments, subjects, problems = request(DOORS, fleetmend_doors=doors, fleetmend_services={"web": {}})
    assert arguments == {"doors": {"front": {"number": 1}, "web": {"number": 2}}, "host": "h1"}
    assert subjects == {"front": "shop", "web": "web"}
    assert [problem.split(":")[0] for problem in problems] == ["fleetmend_doors.bad", "fleetmend_doors.odd"]


def test_without_entries_there_is_nothing_to_measure() -> None:
    assert request(DOORS) == (None, {}, ())


def test_a_probe_without_a_variable_is_sent_to_every_host() -> None:
    assert request(Probe("hinges", "hinge.rust")) == ({}, None, ())


def test_a_probe_may_find_its_subjects_itself() -> None:
    finder = Probe("doors", "door.open", "fleetmend_doors", DoorEntry, finds_subjects=True)
    assert request(finder, fleetmend_doors={"front": {"number": 1}}).subjects is None


def test_what_does_not_fit_the_host_is_a_problem_and_sends_nothing() -> None:
    def refuse(place: Place) -> dict[str, Any]:
        raise ValueError(f"{place.host.name} has no doors")

    assert request(Probe("hinges", "hinge.rust", about=refuse)) == (None, None, ("h1 has no doors",))


def test_a_fleets_file_is_read_once_and_only_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "outside").write_text("x")
    (tmp_path / "fleet" / "it").write_text("one")
    files = FleetFiles(tmp_path / "fleet")
    assert files.content_of("it") == b"one"
    (tmp_path / "fleet" / "it").write_text("two")
    assert files.content_of("it") == b"one"
    for source, said in (("../outside", "lies outside"), ("gone", "can't be read"), ("a\0b", "can't be read")):
        for read in (files.content_of, files.digest_of):
            with pytest.raises(ValueError, match=said):
                read(source)
