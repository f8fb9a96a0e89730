"""What lies in deploy/ is checked as far as the tools at hand go; what could not be checked is said as a warning."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import warnings
from pathlib import Path, PurePosixPath

import pytest
import yaml

from cli.app import app
from core.settings import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BIN = Path(sys.executable).parent
"""Where the linters are, out of wheels: they are never left out."""
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PARTS = ("api", "beat", "worker")
SETTINGS = {f"FLEETMEND_{name.upper()}" for name in Settings.model_fields}
COMMANDS = {command.name for command in app.registered_commands}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())


def variables(text: str) -> set[str]:
    """The names that the lines of an environment file set."""
    return {line.split("=")[0] for line in text.splitlines() if line and not line.startswith("#")}


def test_compose_has_every_part_with_settings_that_exist() -> None:
    services = COMPOSE["services"]
    assert set(services) == {*PARTS, "postgres", "redis", "ollama"}
    for part in PARTS:
        assert services[part]["command"] == [part]
        assert part in COMMANDS
        assert set(services[part]["environment"]) <= SETTINGS
        assert set(services[part]["depends_on"]) == {"postgres", "redis"}
    named = {volume.split(":")[0] for one in services.values() for volume in one.get("volumes", ())}
    assert {name for name in named if "$" not in name} == set(COMPOSE["volumes"])


def test_compose_is_what_docker_takes(tmp_path: Path) -> None:
    example = tmp_path / "compose.env"
    names = variables((DEPLOY / "compose.env.example").read_text())
    example.write_text("".join(f"{name}=x\n" for name in sorted(names)))
    command = [BIN / "docker-compose", "--env-file", example, "--file", DEPLOY / "compose.yml", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_says_what_is_not_set(tmp_path: Path) -> None:
    command = [BIN / "docker-compose", "--env-file", "/dev/null", "--file", DEPLOY / "compose.yml", "config", "--quiet"]
    done = subprocess.run(command, env={}, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "set it in compose.env" in done.stderr


def test_the_example_sets_what_compose_asks_for() -> None:
    text = (DEPLOY / "compose.yml").read_text()
    asked = {part.split("}")[0].split(":")[0] for part in text.split("${")[1:]}
    assert asked == variables((DEPLOY / "compose.env.example").read_text())


def test_the_image_copies_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert copied
    assert [name for name in copied if not (DEPLOY.parent / name).exists()] == []
    done = subprocess.run([BIN / "hadolint", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_there_is_a_unit_for_every_part() -> None:
    assert [unit.stem for unit in UNITS] == [f"fleetmend-{part}" for part in PARTS]
    assert variables((DEPLOY / "systemd" / "fleetmend.env.example").read_text()) <= SETTINGS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_what_systemd_takes(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text)
    program, command = parsed["Service"]["ExecStart"].split()
    assert unit.stem == f"fleetmend-{command}"
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        warnings.warn(f"{unit.name} was only parsed: there is no systemd-analyze here", stacklevel=1)
        return
    # The program has to be there.
    copy = tmp_path / unit.name
    copy.write_text(text.replace(program, "/bin/true"))
    done = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, []), done.stderr


def test_every_image_is_asked_for_by_digest() -> None:
    images = [one["image"] for one in COMPOSE["services"].values() if one["image"] != "fleetmend"]
    assert all("_IMAGE:?" in image for image in images), images
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM")] == ["FROM ${PYTHON_IMAGE}"]
    assert "ARG PYTHON_IMAGE" in lines[: lines.index("FROM ${PYTHON_IMAGE}")], "without a value, the build stops there"
    assert any("*@sha256:*) ;;" in line and "exit 2" in line for line in lines)


SECRET = ("deploy/compose.env", ".env", "journal.key", "server.pem", "fleetmend.db", "fleetmend.db-wal")


@pytest.mark.parametrize("name", SECRET)
def test_secrets_get_neither_into_git_nor_into_the_image(name: str, tmp_path: Path) -> None:
    root = DEPLOY.parent
    shutil.copy(root / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    ignored = subprocess.run(["git", "-C", tmp_path, "check-ignore", "--quiet", name], check=False).returncode == 0
    patterns = (root / ".dockerignore").read_text().splitlines()
    kept_out = [one for one in patterns if PurePosixPath(name).match(one.removeprefix("**/"))]
    assert (ignored, bool(kept_out)) == (True, True)


def test_what_is_kept_for_people_is_not_ignored() -> None:
    kept = subprocess.run(
        ["git", "-C", DEPLOY.parent, "ls-files", "--cached", "--ignored", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert kept.stdout == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_not_exposed(unit: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        warnings.warn("there is no systemd-analyze here: how exposed the units are was not measured", stacklevel=1)
        return
    command = [analyze, "security", "--offline=true", "--threshold=30", unit]  # in tenths
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
