"""The fleet of a trial: the lab's own, with the prover's policy and the scenario's levels, variables and sweeps."""

from __future__ import annotations

import pytest
import yaml

from core.fleets import Fleet, FleetFile, Host
from core.policies import RequireProof
from core.symptoms import Symptom
from fleets.reading import read_fleet_file
from lab.proving.place import FLEET, lay_out, lay_over, settings_for
from lab.proving.scenario import Scenario
from tests.planning import SERVICE_RESTART, make_catalog
from tests.unit.content import write

LAB = {
    "mode": "auto",
    "sweeps": [{"every": "5s", "probes": ["host", "services"]}],
    "symptoms": {"disk_full": {"above": "80%"}},
    "policy": {"auto": {"risk": "high"}, "require_proof": "always"},
    "schedules": {"nightly": {"remedy": "service_restart", "every": "1h"}},
    "budget": {"concurrent_runs": 1},
    "verify": {"within": "60s", "hold": "5s"},
}


def catalog():
    known = make_catalog(SERVICE_RESTART)
    more = {
        "load_high": Symptom(id="load_high", title="Busy", probe="host", sample="load", above=1),
        "stale_lock": Symptom(id="stale_lock", title="Stale", probe="lock_age", sample="lock.age", above=1),
    }
    return known.__class__(remedies=known.remedies, symptoms={**known.symptoms, **more})


def scenario(**given):
    sound = {
        "name": "it",
        "title": "It heals",
        "remedy": "service_restart",
        "fault": "killed",
        "host": "web1",
        "detected": {"symptom": "service_down"},
        "healed": [{"ssh": {"host": "web1", "run": ["true"]}}],
    }
    return Scenario.model_validate(sound | given)


def laid_out(tmp_path, **given) -> tuple[FleetFile, str]:
    content = tmp_path / "lab"
    write(content / "inventory" / FLEET / "fleet.yml", LAB)
    write(content / "inventory" / FLEET / "hosts.yml", {"all": {"hosts": {"web1": {}}}})
    folder = lay_out(tmp_path / "place", content, scenario(**given), catalog())
    assert (folder / "hosts.yml").exists()
    assert yaml.safe_load((content / "inventory" / FLEET / "fleet.yml").read_text()) == LAB
    return read_fleet_file(folder)[0], str(folder)


def test_everything_needs_an_approval_and_no_proof(tmp_path):
    file, _ = laid_out(tmp_path, never=["process_stop"])
    assert file.mode == "approve"
    assert file.policy.require_proof is RequireProof.NEVER
    assert file.policy.never == ("process_stop",)
    assert (file.schedules, file.cooldown.total_seconds()) == ({}, 0)
    assert file.sweeps[0].probes == ("host", "services")
    assert len(file.sweeps) == 1


def test_what_all_hosts_share_is_watched_only_where_it_is_what_has_to_be_found(tmp_path):
    file, _ = laid_out(tmp_path)
    assert {name for name, level in file.symptoms.items() if level == "off"} == {
        "cpu_saturated",
        "load_high",
        "memory_full",
        "swap_full",
    }
    file, _ = laid_out(tmp_path / "other", detected={"symptom": "load_high"})
    assert "load_high" not in file.symptoms


def test_levels_and_times_are_laid_over_and_a_missing_probe_is_swept(tmp_path):
    file, _ = laid_out(
        tmp_path,
        detected={"symptom": "stale_lock"},
        symptoms={"stale_lock": {"above": 2}, "disk_full": "off"},
        verify={"hold": "1s"},
    )
    assert file.symptoms["disk_full"] == "off"
    assert file.symptoms["stale_lock"].above == 2  # type: ignore[union-attr]
    assert (file.verify.within.total_seconds(), file.verify.hold.total_seconds()) == (60, 1)
    assert [sweep.probes for sweep in file.sweeps] == [("host", "services"), ("lock_age",)]


def test_variables_are_laid_over_those_of_the_host(tmp_path):
    _, folder = laid_out(tmp_path)
    known = {"fleetmend_services": {"web": {"unit": "web.service"}}, "fleetmend_protected": ["sshd"]}
    from pathlib import Path

    fleet = Fleet(
        name=FLEET,
        folder=Path(folder),
        file=FleetFile(),
        hosts=(Host(name="web1", variables=known),),
        policy_digest="p",
    )
    lay_over(Path(folder), fleet, scenario(variables={"fleetmend_services": {"db": {}}, "fleetmend_protected": ["x"]}))
    written = yaml.safe_load((Path(folder) / "host_vars" / "web1.yml").read_text())
    assert written == {
        "fleetmend_services": {"web": {"unit": "web.service"}, "db": {}},
        "fleetmend_protected": ["x"],
    }


def test_no_variables_no_file(tmp_path):
    _, folder = laid_out(tmp_path)
    from pathlib import Path

    fleet = Fleet(name=FLEET, folder=Path(folder), file=FleetFile(), hosts=(), policy_digest="p")
    lay_over(Path(folder), fleet, scenario())
    assert not (Path(folder) / "host_vars").exists()


def test_the_environment_can_t_lead_a_trial_elsewhere(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLEETMEND_DATABASE_URL", "postgresql+psycopg://nobody@nowhere/none")
    monkeypatch.setenv("FLEETMEND_MODEL", "ollama:x")
    settings = settings_for(tmp_path)
    assert (settings.database_url, settings.model) == (None, "rules")
    assert settings.state == tmp_path / "state"
