"""The whole catalog: shipped and the user's together, symptoms, probes, and what a broken file costs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from catalog.catalog import SHIPPED_PROBES, Catalog
from catalog.load import load_catalog
from catalog.probe_scripts import read_script
from catalog.source import CatalogSource
from catalog.vetting import vet
from core.errors import NotFound, Unvetted
from core.settings import CHECKOUT
from tests.unit.content import SYMPTOMS, write, write_remedy, write_shipped


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = write_shipped(tmp_path / "shipped")
    write_remedy(folder)
    vet(folder, shipped=folder)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def texts(catalog: Catalog) -> list[str]:
    return [str(problem) for problem in catalog.problems]


def test_the_users_remedies_stand_beside_the_shipped_ones(shipped: Path, own: Path) -> None:
    write_remedy(own, "flush")
    catalog = load_catalog(own, shipped)
    assert list(catalog.remedies) == ["flush", "restart"]
    assert catalog.remedy("restart").vetted
    assert not catalog.remedy("flush").vetted
    assert catalog.problems == ()


def test_a_shipped_id_can_not_be_taken(shipped: Path, own: Path) -> None:
    path = write_remedy(own, card={"title": "Mine instead"})
    catalog = load_catalog(own, shipped)
    assert catalog.remedy("restart").title == "Restart it"
    assert texts(catalog) == [f"{path}: a shipped remedy has this name; call yours something else"]


def test_not_found_helps(shipped: Path, own: Path) -> None:
    catalog = load_catalog(own, shipped)
    with pytest.raises(NotFound, match=r"no remedy 'restrat'; did you mean restart\?"):
        catalog.remedy("restrat")
    with pytest.raises(NotFound, match="fleetmend catalog list"):
        catalog.remedy("zzz")
    with pytest.raises(NotFound, match="known: disk_full, service_down"):
        catalog.symptom("zzz")


def test_one_broken_remedy_costs_only_itself_and_those_it_undoes(shipped: Path, own: Path) -> None:
    write_remedy(own, "good")
    write_remedy(own, "bad", card={"risk": "tiny"})
    write_remedy(own, "needs_bad", card={"undo": "bad"})
    write_remedy(own, "needs_needs_bad", card={"undo": "needs_bad"})
    write_remedy(own, "undoable", card={"undo": "good"})
    catalog = load_catalog(own, shipped)
    assert list(catalog.remedies) == ["good", "restart", "undoable"]
    assert [Path(problem.file or "").name.partition(".")[0] for problem in catalog.problems] == [
        "bad",
        "needs_bad",
        "needs_needs_bad",
    ]


def test_the_users_symptoms_add_and_override(shipped: Path, own: Path) -> None:
    symptoms = {
        "disk_full": SYMPTOMS["disk_full"] | {"above": "80%", "clear": "70%"},
        "queue_long": {"title": "Queue long", "probe": "queue", "sample": "queue.length", "above": 100, "for": "2m"},
    }
    write(own / "symptoms.yml", symptoms)
    write(own / "probes/queue.probe.yml", {"title": "The queue"})
    write(own / "probes/queue", "#!/bin/sh\n")
    catalog = load_catalog(own, shipped)
    assert catalog.problems == ()
    assert catalog.symptom("disk_full").above == 0.8
    assert catalog.symptom("queue_long").for_.total_seconds() == 120
    assert catalog.symptom("service_down").below == 1
    assert catalog.probe_names == SHIPPED_PROBES | {"queue"}


def test_bad_symptoms_are_left_out_with_line_and_key(shipped: Path, own: Path) -> None:
    path = write(
        own / "symptoms.yml",
        "ok: {title: Fine so far}\n"
        "no_probe: {title: Some title, probe: nope, sample: a.b, above: 1}\n"
        "no_cause: {title: Some title, explained_by: [ok, nope]}\n"
        "follows: {title: Some title, explained_by: [no_cause]}\n"
        "two: {title: Some title, probe: host, sample: a.b, above: 1, below: 0}\n"
        "typo: {titel: Some title}\n",
    )
    catalog = load_catalog(own, shipped)
    assert set(catalog.symptoms) == {"service_down", "disk_full", "ok"}
    assert {problem.line for problem in catalog.problems} == {2, 3, 4, 5, 6}
    assert any(text.startswith(f"{path}:2: no_probe.probe: unknown probe 'nope'; allowed") for text in texts(catalog))
    assert any("no_cause.explained_by.1: unknown symptom 'nope'" in text for text in texts(catalog))


def test_user_probes_are_vetted_by_digest(shipped: Path, own: Path) -> None:
    write(own / "probes/queue.probe.yml", {"title": "The queue", "script": "queue.sh", "timeout": "3s"})
    script = write(own / "probes/queue.sh", "#!/bin/sh\necho\n")
    probe = load_catalog(own, shipped).probes["queue"]
    assert (probe.vetted, probe.path, probe.timeout.total_seconds()) == (False, script, 3)
    assert vet(own, ["queue"], shipped=shipped) == ("queue",)
    with pytest.raises(Unvetted, match="fleetmend catalog vet queue"):
        read_script(probe)
    vetted = load_catalog(own, shipped).probes["queue"]
    assert vetted.vetted
    assert read_script(vetted) == "#!/bin/sh\necho\n"
    write(script, "#!/bin/sh\nrm -rf /\n")
    assert not load_catalog(own, shipped).probes["queue"].vetted
    with pytest.raises(Unvetted, match="differs from what was vetted"):
        read_script(vetted)


def test_bad_probes_are_problems(shipped: Path, own: Path) -> None:
    write(own / "probes/host.probe.yml", {"title": "Mine"})
    write(own / "probes/gone.probe.yml", {"title": "Gone"})
    write(own / "probes/up.probe.yml", {"title": "Upward", "script": "../../up.sh"})
    write(own / "probes/No.probe.yml", {"title": "No"})
    found = texts(load_catalog(own, shipped))
    assert len(found) == 4
    for message in (
        "is a shipped probe",
        "there is no script 'gone'",
        "up.probe.yml:2: script: ",
        "the name of a probe",
    ):
        assert any(message in text for text in found), message


def test_the_source_follows_the_files(shipped: Path, own: Path) -> None:
    source = CatalogSource(own, shipped)
    first = source.current()
    assert source.current() is first
    card = write_remedy(own, "flush")
    assert list(source.current().remedies) == ["flush", "restart"]
    write(card, "title: [")
    broken = source.current()
    assert list(broken.remedies) == ["restart"]
    assert len(broken.problems) == 1
    card.unlink()
    assert source.current().problems == ()


def test_the_source_sees_an_edit_that_hides_its_time_and_size(shipped: Path, own: Path) -> None:
    source = CatalogSource(own, shipped)
    assert source.current().remedy("restart").vetted
    path = shipped / "roles/restart/tasks/main.yml"
    before = path.stat()
    write(path, path.read_text().replace("done", "evil"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not source.current().remedy("restart").vetted


def test_the_source_may_be_asked_from_many_threads(shipped: Path, own: Path) -> None:
    source = CatalogSource(own, shipped)
    answers: list[Catalog] = []
    threads = [threading.Thread(target=lambda: answers.append(source.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(answer) for answer in answers}) == 1
    assert len(answers) == 8


def test_the_shipped_catalog_has_no_problem() -> None:
    catalog = load_catalog(CHECKOUT)
    assert texts(catalog) == []
    assert {"service_down", "disk_full", "host_unreachable", "log_flood"} <= catalog.symptoms.keys()
    for symptom in catalog.symptoms.values():
        assert symptom.compares == (symptom.sample is not None), symptom.id
