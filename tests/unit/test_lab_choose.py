"""Which scenarios show a remedy, and why one can't be proven."""

from __future__ import annotations

import pytest

from core.errors import BadInput, NotFound, Refused
from lab.proving.choose import check_wanted, scenarios_of, wanted_remedies, why_not
from lab.proving.scenario import Scenario
from tests.planning import SERVICE_RESTART, make_catalog, make_remedy

LOCK = make_remedy("lock", undo="unlock")
UNLOCK = make_remedy("unlock")
CATALOG = make_catalog(SERVICE_RESTART, LOCK, UNLOCK)


def scenario(name: str, remedy: str, **given) -> Scenario:
    sound = {
        "title": "It heals",
        "host": "web1",
        "asked": {},
        "healed": [{"ssh": {"host": "web1", "run": ["true"]}}],
    }
    return Scenario.model_validate(sound | given | {"name": name, "remedy": remedy})


UNDO = {"undo": {"holds": [{"ssh": {"host": "web1", "run": ["false"]}}]}}
SCENARIOS = {
    one.name: one
    for one in (
        scenario("web_wedged", "service_restart"),
        scenario("web_killed", "service_restart"),
        scenario("locked", "lock", **UNDO),
        scenario("locked_twice", "lock"),
    )
}


def names(remedy):
    return [one.name for one in scenarios_of(remedy, SCENARIOS, CATALOG)]


def test_a_remedy_is_shown_by_its_own_scenarios_and_as_an_undo_by_those_of_the_other():
    assert names(SERVICE_RESTART) == ["web_killed", "web_wedged"]
    assert names(LOCK) == ["locked", "locked_twice"]
    assert names(UNLOCK) == ["locked"]


def test_what_keeps_a_remedy_from_being_proven():
    def why(remedy, *scenarios):
        return why_not(remedy, scenarios) or ""

    assert why(SERVICE_RESTART, SCENARIOS["web_killed"]) == ""
    assert why(UNLOCK, SCENARIOS["locked"]) == ""
    assert why(LOCK, SCENARIOS["locked"], SCENARIOS["locked_twice"]) == ""
    assert "names the undo unlock, and none of its scenarios shows that" in why(LOCK, SCENARIOS["locked_twice"])
    assert "no scenario shows service_restart" in why(SERVICE_RESTART)
    assert "fleetmend catalog vet lock" in why(LOCK.evolve(vetted=False), SCENARIOS["locked"])


def test_what_is_asked_for_has_to_be_there_vetted_and_shown():
    assert [one.id for one in wanted_remedies([], CATALOG)] == ["service_restart", "lock", "unlock"]
    assert [one.id for one in wanted_remedies(["lock", "lock"], CATALOG)] == ["lock"]
    with pytest.raises(NotFound, match="no remedy 'look'"):
        wanted_remedies(["look"], CATALOG)
    with pytest.raises(BadInput, match="no scenario shows unlock"):
        check_wanted([UNLOCK], {}, CATALOG)
    with pytest.raises(Refused, match="not vetted"):
        check_wanted([UNLOCK.evolve(vetted=False)], SCENARIOS, CATALOG)
    check_wanted([LOCK, UNLOCK], SCENARIOS, CATALOG)


def test_a_remedy_that_can_t_be_loaded_says_why():
    broken = BadInput("the key is given twice", file=CATALOG.remedy("lock").root / "mine.remedy.yml")
    catalog = CATALOG.__class__(remedies=CATALOG.remedies, symptoms=CATALOG.symptoms, problems=(broken,))
    with pytest.raises(BadInput, match="given twice"):
        wanted_remedies(["mine"], catalog)
