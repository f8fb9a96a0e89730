"""The house itself: import order, style, types, names and sizes. A change that breaks the plan fails here."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LONGEST_FILE = 300


@pytest.mark.parametrize(
    "command",
    [
        ("lint-imports",),
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
    ],
    ids=" ".join,
)
def test_tool_is_content(command: tuple[str, ...]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_room_is_packaged_and_layered() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms - {"tests"} == set(PACKAGES)
    assert set(PYPROJECT["tool"]["mypy"]["packages"]) == set(PACKAGES)
    assert set(PYPROJECT["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)


def test_no_installed_distribution_owns_one_of_our_names() -> None:
    """Flat top-level packages are only safe while nobody else brings a module of the same name."""
    owners = {
        (distribution.name, Path(file).parts[0].removesuffix(".py"))
        for distribution in distributions()
        if distribution.name != "fleetmend"
        for file in distribution.files or ()
        if len(Path(file).parts) > 1 or Path(file).suffix == ".py"
    }
    assert [owner for owner in sorted(owners) if owner[1] in PACKAGES] == []


def test_no_file_is_about_two_things() -> None:
    tracked = [path for room in (*PACKAGES, "tests") for path in (ROOT / room).rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_locks_have_hashes_and_name_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
