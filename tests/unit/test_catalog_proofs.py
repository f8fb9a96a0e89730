"""Proofs: read, written, voided by a changed file, and never worth a remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.load import load_catalog
from catalog.proofs import proof_path, read_proof, write_proof
from catalog.source import CatalogSource
from core.errors import BadInput
from core.proofs import Proof, ProofState, Trial
from tests.unit.content import load_remedy_from, prove_all, write, write_remedy, write_shipped

TRIAL = Trial(
    name="web_killed",
    title="A killed service is started",
    host="web1",
    fault="service_killed",
    plan="restart service=web on web1",
    again="changed: A restart restarts.",
    undo="start",
    seconds={"detect": 1.25, "run": 3.0},
)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    write_shipped(tmp_path)
    write_remedy(tmp_path)
    return tmp_path


def proof(digest: str, **changes) -> Proof:
    given = {"date": datetime(2026, 1, 31, tzinfo=UTC), "versions": {"ansible-core": "2.19"}, "scenarios": (TRIAL,)}
    return Proof(remedy="restart", digest=digest, **(given | {"not_shown": ("The clock can't be set.",)} | changes))


def test_a_remedy_without_a_proof_is_unproven(content):
    remedy = load_remedy_from(content)
    assert (remedy.proof_state, remedy.proven) == (ProofState.MISSING, False)


def test_a_proof_comes_back_as_it_was_written_and_lies_beside_the_lock(content):
    written = proof(load_remedy_from(content).digest)
    path = write_proof(content, written)
    assert path == proof_path(content, "restart") == content / "playbooks" / "proofs" / "restart.yml"
    assert "Don't edit it by hand" in path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == ["restart.yml"]
    assert read_proof(content, "restart") == written
    remedy = load_remedy_from(content)
    assert (remedy.proof, remedy.proof_state, remedy.proven) == (written, ProofState.PROVEN, True)


@pytest.mark.parametrize(
    "file", ["playbooks/restart.yml", "playbooks/restart.remedy.yml", "roles/restart/tasks/main.yml"]
)
def test_one_changed_byte_voids_it_and_the_running_process_sees_that(content, file):
    prove_all(content)
    source = CatalogSource(content, content)
    assert source.current().remedy("restart").proven
    write(content / file, (content / file).read_text() + "#\n")
    assert source.current().remedy("restart").proof_state is ProofState.VOID
    proof_path(content, "restart").unlink()
    assert source.current().remedy("restart").proof_state is ProofState.MISSING


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("remedy: restart\n", "restart.yml:1: digest: the key 'digest' is missing"),
        ("remedy: other\ndigest: x\ndate: 2026-01-31T00:00:00Z\nscenarios: [{}]\n", "scenarios.0"),
        ("remedy: restart\ndigest: x\ndate: '2026-01-31T00:00:00Z'\nscenarios: []\n", "scenarios"),
        ("{", "not valid YAML"),
    ],
)
def test_a_proof_that_is_none_proves_nothing_and_costs_no_remedy(content, text, words):
    write(proof_path(content, "restart"), text)
    catalog = load_catalog(content, content)
    assert catalog.remedy("restart").proof_state is ProofState.MISSING
    assert words in str(catalog.problems[0])


def test_the_proof_of_another_remedy_is_none(content):
    write_proof(content, proof("d").evolve(remedy="other"))
    proof_path(content, "other").rename(proof_path(content, "restart"))
    with pytest.raises(BadInput, match="this is the proof of other, and not of restart"):
        read_proof(content, "restart")


def test_what_can_t_be_written_is_said(content):
    write(content / "playbooks" / "proofs", "in the way")
    with pytest.raises(BadInput, match="can't be written"):
        write_proof(content, proof("d"))
