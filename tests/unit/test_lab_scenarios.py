"""Scenarios: what is read, and what is refused with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput
from lab.proving.choose import check_sound
from lab.proving.load import load_scenarios, read_scenario, scenario_folders
from lab.proving.scenario import Change, Check, Kind
from tests.planning import PROCESS_STOP, SERVICE_RESTART, make_catalog, make_remedy

CATALOG = make_catalog(
    SERVICE_RESTART,
    PROCESS_STOP,
    make_remedy("look", read_only=True),
    make_remedy("lock", undo="unlock"),
    make_remedy("unlock"),
)
FAULTS = {"service_killed"}
SOUND = """\
title: A service that was killed is started again
remedy: service_restart
fault: service_killed
host: web1
detected: {symptom: service_down, subject: web}
healed:
  - http: {from: lb1, url: "http://web1/"}
"""


def read(folder: Path, text: str, name: str = "web_killed"):
    path = folder / f"{name}.yml"
    path.write_text(text)
    return read_scenario(path, CATALOG, FAULTS)


def test_what_is_left_out_has_a_strict_default(tmp_path):
    scenario = read(tmp_path, SOUND)
    assert scenario.name == "web_killed"
    assert [plan.remedy for plan in scenario.plans] == ["service_restart"]
    assert scenario.again.expect == "unchanged"
    assert (scenario.changes, scenario.undo, scenario.never) == ((), None, ())
    assert scenario.needed_hosts == ("lb1", "web1")


def test_a_plan_matches_by_the_parameters_that_matter(tmp_path):
    [plan] = read(tmp_path, SOUND + "acceptable: [{remedy: service_restart, parameters: {service: web}}]\n").plans
    assert plan.matches("service_restart", {"service": "web", "more": 1})
    assert not plan.matches("service_restart", {"service": "db"})
    assert not plan.matches("process_stop", {"service": "web"})


def test_a_change_has_a_kind_and_a_name():
    change = Change(unit="web@*.service")
    assert (change.kind, change.name) == (Kind.UNIT, "web@*.service")


def test_a_check_knows_the_hosts_that_take_part():
    assert Check.model_validate({"ssh": {"host": "web1", "run": ["true"]}}).hosts == ("web1",)


REFUSED = [
    ("unknown key", SOUND + "heald: []\n", "it.yml:8: heald: unknown key; allowed here: acceptable, again"),
    ("unknown key inside", SOUND.replace("url:", "uri:"), "it.yml:7: healed.0.http"),
    ("twice", SOUND + "host: web2\n", "it.yml:8: host: the key is given twice"),
    ("a name", SOUND + "name: x\n", "it.yml:8: name: the name of a scenario is its file's"),
    ("remedy", SOUND.replace("service_restart", "service_reboot"), "unknown remedy 'service_reboot'; allowed here: lo"),
    ("fault", SOUND.replace("service_killed", "meteor"), "it.yml:3: fault: unknown fault 'meteor'"),
    ("symptom", SOUND.replace("service_down", "service_sad"), "it.yml:5: detected.symptom: unknown symptom"),
    ("plan", SOUND + "wrong: [{remedy: pray}]\n", "it.yml:8: wrong.0.remedy: unknown remedy 'pray'"),
    ("never", SOUND + "never: [service_restart]\n", "`never` names service_restart, which is to be proven"),
    ("neither", SOUND.replace("detected: {symptom: service_down, subject: web}\n", ""), "either `detected`"),
    ("both", SOUND + "asked: {}\n", "either `detected`"),
    ("no fault", SOUND.replace("fault: service_killed\n", ""), "without a fault, a sweep finds nothing"),
    ("evidence of a sweep", SOUND.replace("subject: web}", "evidence: {a: 1}}"), "go with `by: outside`"),
    ("nobody sees it", SOUND.split("healed", maxsplit=1)[0], "say how an outside observer knows"),
    ("only says", SOUND.split("healed", maxsplit=1)[0] + "says: [restarted]\n", "service_restart is not read_only"),
    ("two ways", SOUND + "  - {http: {from: a, url: 'http://b'}, ssh: {host: a, run: [b]}}\n", "exactly one of http"),
    ("pattern", SOUND + "says: ['(']\n", "not a regular expression"),
    ("no reason", SOUND + "again: {expect: changed}\n", "`expect: changed` needs a `why`"),
    ("two kinds", SOUND + "changes: [{unit: a, file: b}]\n", "give exactly one of unit, port"),
    ("no kind", SOUND + "changes: [{host: web1}]\n", "give exactly one of unit, port"),
    ("no undo", SOUND + "undo: {holds: [{ssh: {host: web1, run: [id]}}]}\n", "the card of service_restart names no"),
]


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, text, words):
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text, "it")
    assert words in str(refused.value)
    assert "it.yml" in str(refused.value)


def test_a_remedy_that_only_looks_needs_no_observer_but_has_to_say_something(tmp_path):
    text = SOUND.split("healed", maxsplit=1)[0].replace("service_restart", "look") + "says: [load average]\n"
    assert read(tmp_path, text).healed == ()


def test_an_undo_is_declared_where_the_card_has_one(tmp_path):
    text = SOUND.replace("service_restart", "lock") + "undo: {holds: [{ssh: {host: web2, run: [id]}}]}\n"
    scenario = read(tmp_path, text)
    assert scenario.undo is not None
    assert scenario.needed_hosts == ("lb1", "web1", "web2")


def test_own_scenarios_stand_beside_the_shipped_ones(tmp_path):
    shipped, content = tmp_path / "shipped", tmp_path / "content"
    for root, name in ((shipped, "one"), (content, "two")):
        folder = root / "lab" / "scenarios"
        folder.mkdir(parents=True)
        (folder / f"{name}.yml").write_text(SOUND)
    folders = scenario_folders(content, shipped)
    assert load_scenarios(folders, CATALOG, FAULTS).sound.keys() == {"one", "two"}
    (content / "lab" / "scenarios" / "one.yml").write_text(SOUND)
    loaded = load_scenarios(folders, CATALOG, FAULTS)
    assert loaded.sound.keys() == {"one", "two"}
    [(remedy, problem)] = loaded.problems
    assert remedy == "service_restart"
    assert "another scenario of this name" in str(problem)
    assert len(scenario_folders(content, content)) == 1


def test_a_scenario_that_is_not_sound_costs_itself_and_stops_those_who_want_its_remedy(tmp_path):
    folder = tmp_path / "lab" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "good.yml").write_text(SOUND)
    (folder / "bad.yml").write_text(SOUND.replace("service_restart", "lock").replace("service_killed", "meteor"))
    loaded = load_scenarios([folder], CATALOG, FAULTS)
    assert loaded.sound.keys() == {"good"}
    [words] = check_sound([CATALOG.remedy("service_restart")], loaded, CATALOG)
    assert "unknown fault 'meteor'" in words
    for wanted in ("lock", "unlock"):
        with pytest.raises(BadInput, match="unknown fault 'meteor'"):
            check_sound([CATALOG.remedy(wanted)], loaded, CATALOG)
    (folder / "bad.yml").write_text("{")
    with pytest.raises(BadInput, match="not valid YAML"):
        check_sound([CATALOG.remedy("service_restart")], load_scenarios([folder], CATALOG, FAULTS), CATALOG)


def test_the_name_of_a_scenario_is_a_name(tmp_path):
    with pytest.raises(BadInput, match="lower-case letters"):
        read(tmp_path, SOUND, "Web-Killed")
