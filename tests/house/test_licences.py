"""`docs/reference/licences.md` is what the lock says: every package, in exactly its version, with a licence."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = re.findall(
    r"^\| (\S+) \| (\S+) \| (.+) \|$", (ROOT / "docs" / "reference" / "licences.md").read_text(), re.MULTILINE
)


def test_what_is_locked_is_listed() -> None:
    lock = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", (ROOT / "requirements" / "run.lock").read_text(), re.MULTILINE)
    assert len(lock) > 50
    listed = [(name, version) for name, version, _ in LISTED if name not in ("package", "---")]
    assert listed == lock, "run: .venv/bin/python tools/licences > docs/reference/licences.md"


def test_every_package_states_a_licence() -> None:
    assert [name for name, _, licence in LISTED if licence in ("", "not stated")] == []
