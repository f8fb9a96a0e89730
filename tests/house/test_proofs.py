"""Which shipped remedies no lab has shown to heal as their files are now, so that no proof is lost in silence.

Prove a remedy, and take it off the list; change one, and it is on the list until it is proven again.
"""

from __future__ import annotations

from catalog.load import load_catalog
from core.settings import CHECKOUT
from lab.faults import read_faults
from lab.proving.choose import scenarios_of, why_not
from lab.proving.load import load_scenarios, scenario_folders

UNPROVEN = {
    "config_restore",
    "disk_cleanup",
    "log_cleanup",
}
CATALOG = load_catalog(CHECKOUT)
SCENARIOS, PROBLEMS = load_scenarios(scenario_folders(CHECKOUT), CATALOG, read_faults())


def test_every_scenario_is_sound() -> None:
    assert [str(problem) for _, problem in PROBLEMS] == []


def test_every_other_remedy_has_a_valid_proof() -> None:
    assert {id for id, remedy in CATALOG.remedies.items() if not remedy.proven} == UNPROVEN


def test_a_proof_is_one_of_every_scenario_of_its_remedy() -> None:
    for remedy in CATALOG.remedies.values():
        if remedy.proven and remedy.proof is not None:
            shown = scenarios_of(remedy, SCENARIOS, CATALOG)
            assert {trial.name for trial in remedy.proof.scenarios} == {one.name for one in shown}, remedy.id
            assert why_not(remedy, shown) is None


def test_every_proof_is_of_a_remedy_that_is_there() -> None:
    proofs = {path.stem for path in (CHECKOUT / "playbooks" / "proofs").glob("*.yml")}
    assert proofs <= CATALOG.remedies.keys()
