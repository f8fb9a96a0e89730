"""`fleetmend init` lays out a sound content folder and never overwrites; `catalog check` and `vet` look after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.load import load_catalog
from core.errors import BadInput
from core.policies import Mode
from core.settings import Settings
from fleets.check_file import check_names
from fleets.reading import read_fleet_file
from tests.cli_runs import Cli, empty_place
from tests.unit.content import write, write_remedy


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    empty_place(tmp_path, monkeypatch)
    return Cli(capsys)


@pytest.fixture
def content(tmp_path: Path, cli: Cli) -> Path:
    return tmp_path / "content"


def test_what_is_laid_out_is_sound(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    text = cli.ok("init", str(folder), "--fleet", "web_shop")
    assert f"fleetmend --content {folder} fleets check" in text
    assert f"fleetmend --content {folder} up" in text
    file, yaml = read_fleet_file(folder / "inventory" / "web_shop")
    catalog = load_catalog(folder)
    assert catalog.problems == ()
    check_names(yaml, file, symptoms=catalog.symptoms, remedies=catalog.remedies, probes=catalog.probe_names)
    assert file.mode is Mode.SUGGEST
    assert {"playbooks", "roles", "probes"} <= {path.name for path in folder.iterdir() if path.is_dir()}


def test_the_commented_examples_are_sound_too(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    cli.ok("init", str(folder))
    path = folder / "inventory" / "example" / "fleet.yml"
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines()[1:]]
    path.write_text("\n".join(lines))
    file, yaml = read_fleet_file(path.parent)
    catalog = load_catalog(folder)
    check_names(yaml, file, symptoms=catalog.symptoms, remedies=catalog.remedies, probes=catalog.probe_names)
    assert file.budget.hosts_per_hour == 10
    assert file.schedules


def test_nothing_is_overwritten(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write(folder / ".git" / "HEAD", "ref")
    write(folder / "README.md", "my own")
    write(folder / "inventory" / "shop" / "fleet.yml", {"mode": "observe"})
    write(folder / "roles" / "mine" / "tasks" / "main.yml", [])
    found = cli("init", str(folder), "--json").json
    assert found["kept"] == ["README.md"]
    assert "ansible.cfg" in found["made"]
    assert (folder / "README.md").read_text() == "my own"
    assert [path.parent.name for path in folder.glob("inventory/*/fleet.yml")] == ["shop"]
    assert not (folder / "roles" / ".gitkeep").exists()
    assert cli("init", str(folder), "--json").json["made"] == []


def test_a_folder_with_other_things_is_refused(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "full" / "thesis.tex", "text")
    result = cli("init", str(tmp_path / "full"))
    assert result.code == 2
    assert "it holds other things already (thesis.tex)" in result.err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def test_a_fleet_needs_a_fit_name(cli: Cli, tmp_path: Path) -> None:
    result = cli("init", str(tmp_path / "mine"), "--fleet", "../../etc")
    assert result.code == 2
    assert "is no fleet's name" in result.err
    assert not (tmp_path / "mine").exists()


def test_vetting_is_what_makes_the_check_pass(cli: Cli, content: Path) -> None:
    write_remedy(content, "flush")
    said = " ".join(cli("catalog", "check").out.split())
    assert "flush remedy not vetted nobody has vetted it yet" in said
    text = cli.ok("catalog", "vet", "flush")
    digest = load_catalog(content).remedy("flush").digest
    assert digest in text
    assert "new" in text
    assert cli("catalog", "check").code == 0
    assert "as before" in cli.ok("catalog", "vet", "--all")
    write(content / "roles" / "flush" / "tasks" / "main.yml", [])
    result = cli("catalog", "check")
    assert result.code == 1
    assert "its files differ from what was vetted" in result.out
    assert "roles/flush/tasks/main.yml" in result.out


def test_a_broken_card_fails_the_check_and_is_not_vetted_in_silence(cli: Cli, content: Path) -> None:
    card = write_remedy(content, "flush", card={"risk": "tiny"})
    result = cli("catalog", "check")
    assert result.code == 1
    assert f"problem: {card}:" in result.out
    vetted = cli("catalog", "vet", "--all")
    assert vetted.code == BadInput.exit_code
    assert str(card) in vetted.err
    assert cli("catalog", "check", "--json").json["problems"][0].startswith(str(card))


def test_up_tells_every_problem_and_starts_nothing(cli: Cli, content: Path, tmp_path: Path) -> None:
    card = write_remedy(content, "flush", card={"risk": "tiny"})
    one = write(content / "inventory" / "one" / "fleet.yml", "mode: sometimes\n")
    two = write(content / "inventory" / "two" / "fleet.yml", "enabled: false\npolicy: {never: [no_such_remedy]}\n")
    result = cli("up")
    assert result.code == 2
    lines = result.err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == [str(card), str(one), str(two)]
    assert "unknown remedy 'no_such_remedy'; allowed here:" in lines[2]
    assert not (tmp_path / "state").exists()
    assert result.out == ""


def test_up_needs_an_inventory(cli: Cli, content: Path) -> None:
    (content / "inventory").rmdir()
    result = cli("up")
    assert result.code == 2
    assert "there is no inventory/ in it; `fleetmend init DIR` lays one out" in result.err


def test_a_content_folder_can_be_relative(cli: Cli, content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(content.parent)
    found = {one["variable"]: one["value"] for one in cli("--content", "content", "settings", "--json").json}
    assert found["FLEETMEND_CONTENT"] == str(content)
    assert Settings(content=content).content == content
