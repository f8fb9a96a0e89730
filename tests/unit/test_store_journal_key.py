"""One key for a journal, on every machine: another one is turned away before anything is written with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import BadInput, Retryable
from store.store import Store, open_store
from tests.engines import execute_raw, url_in


def another_machine(first: Path, state: Path, clock: ManualClock, key_file: Path | None = None) -> None:
    state.mkdir(exist_ok=True)
    open_store(url_in(first), state, clock, key_file=key_file).close()


def test_a_machine_with_a_copy_works(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    state = tmp_path / "second"
    state.mkdir()
    (state / "journal.key").write_text((tmp_path / "journal.key").read_text() + "\n")
    another_machine(tmp_path, state, clock)
    another_machine(tmp_path, tmp_path / "third", clock, key_file=state / "journal.key")
    assert not (tmp_path / "third" / "journal.key").exists()


def test_a_machine_without_one_is_turned_away_and_makes_none(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(BadInput, match=r"its key is not here; copy journal\.key"):
        another_machine(tmp_path, tmp_path / "second", clock)
    assert not (tmp_path / "second" / "journal.key").exists()


UNFIT: dict[str, tuple[str, str]] = {
    "another one": ("ab" * 32, "not the key of this database"),
    "half of one": ("ab" * 16, "has 64 hexadecimal digits"),
    "nothing": ("", "has 64 hexadecimal digits"),
    "no number": ("secret", "can't be read"),
}


@pytest.mark.parametrize(("text", "words"), UNFIT.values(), ids=UNFIT.keys())
def test_a_key_that_does_not_fit_is_refused(
    store: Store, tmp_path: Path, clock: ManualClock, text: str, words: str
) -> None:
    (tmp_path / "unfit.key").write_text(text)
    with pytest.raises(BadInput, match=words):
        another_machine(tmp_path, tmp_path / "second", clock, key_file=tmp_path / "unfit.key")


def test_a_journal_from_before_takes_only_its_own_key(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    """A database of the first revision does not know which key it has."""
    store.pauses.pause("demo", "me", "x")
    execute_raw(tmp_path, "DELETE FROM journal_key")
    (tmp_path / "other.key").write_text("ab" * 32)
    with pytest.raises(BadInput, match="not the key"):
        another_machine(tmp_path, tmp_path / "second", clock, key_file=tmp_path / "other.key")
    another_machine(tmp_path, tmp_path / "second", clock, key_file=tmp_path / "journal.key")


def test_a_setting_never_makes_a_key(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(BadInput, match="openssl rand -hex 32"):
        open_store(url_in(tmp_path), tmp_path, clock, key_file=tmp_path / "none.key")


URLS: dict[str, tuple[str, type[Exception], str]] = {
    "no driver": ("postgresql+nothing://x/y", BadInput, "FLEETMEND_DATABASE_URL"),
    "no URL": ("somewhere", BadInput, "FLEETMEND_DATABASE_URL"),
    "nobody there": ("postgresql+psycopg://x@127.0.0.1:1/y", Retryable, "can't be used right now"),
}


@pytest.mark.parametrize(("url", "kind", "words"), URLS.values(), ids=URLS.keys())
def test_a_database_that_can_not_be_used_is_said_in_one_line(
    tmp_path: Path, clock: ManualClock, url: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as raised:
        open_store(url, tmp_path, clock)
    assert "\n" not in str(raised.value)


def test_heads_of_two_processes_never_go_back(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    other = open_store(url_in(tmp_path), tmp_path, clock)
    writes: list[Callable[[], object]] = [
        lambda: store.pauses.pause("a", "me", "x"),
        lambda: other.pauses.pause("b", "me", "x"),
    ]
    for write in writes * 3:
        write()
    late, newest = store.journal.head_file, store.journal.last(1)[0]
    head = late.read()
    assert head is not None
    other.journal.head_file.advance(head.model_copy(update={"seq": newest.seq - 1}))
    assert late.read() == head
    other.close()
