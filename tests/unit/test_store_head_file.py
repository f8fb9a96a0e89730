"""The journal's head outside the database: it follows behind, it never goes back, and it never makes a commit fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.journal import Head
from store.head_file import HeadFile


def head(seq: int) -> Head:
    return Head(seq=seq, hash=f"{seq:064d}")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[HeadFile]:
    made = HeadFile(tmp_path / "journal.head")
    yield made
    made.close()


def test_it_moves_forward_only(file: HeadFile, tmp_path: Path) -> None:
    other = HeadFile(tmp_path / "journal.head")
    for one, seq in ((file, 3), (other, 2), (file, 1)):
        one.advance(head(seq))
        one.flush()
    assert file.read() == other.read() == head(3)
    other.close()


def test_it_is_written_when_it_is_closed_and_after_that(file: HeadFile, tmp_path: Path) -> None:
    for seq in range(1, 200):
        file.advance(head(seq))
    file.close()
    assert HeadFile(tmp_path / "journal.head").read() == head(199)
    file.advance(head(200))
    assert file.read() == HeadFile(tmp_path / "journal.head").read() == head(200)


def test_a_place_that_cannot_be_written_stays_at_an_older_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = HeadFile(tmp_path / "gone" / "journal.head")
    file.advance(head(1))
    assert file.read() is None
    assert "stays at an older entry" in caplog.text
    file.close()
