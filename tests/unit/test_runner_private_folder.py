"""Private folders: made once, closed to others, gone afterwards; and found again when their maker died."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import Refused
from runner.private_folder import LOOKS, abandoned, folder_of, private_folder
from runner.settle import settle_looks, settle_run


def test_a_folder_is_private_and_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with private_folder(tmp_path / "runs" / "run-1") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
    assert not folder.exists()


def test_a_folder_goes_even_if_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="oh"), private_folder(tmp_path / "run-1") as folder:
        raise ValueError("oh")
    assert not folder.exists()


def test_a_folder_that_exists_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    (tmp_path / "run-1" / "file").write_text("x")
    with pytest.raises(Refused, match="nothing runs twice"), private_folder(tmp_path / "run-1"):
        pytest.fail("it was entered")
    assert (tmp_path / "run-1" / "file").exists()


@pytest.mark.parametrize("run_id", ["", ".", "..", "../x", "/x", "a/b", "-x", "x\n", "x y", "x" * 100])
def test_an_id_that_leads_elsewhere_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(Refused):
        folder_of(tmp_path, LOOKS, run_id)
    with pytest.raises(Refused):
        settle_run(tmp_path, run_id, None)


def test_a_look_is_cleared_away_once_its_maker_is_dead(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with private_folder(tmp_path / LOOKS / "look-dead"):
            os._exit(0)  # as if it was killed: nothing is tidied up
    os.waitpid(child, 0)
    with private_folder(tmp_path / LOOKS / "look-live"):
        assert [folder.name for folder in abandoned(tmp_path / LOOKS)] == ["look-dead"]
        assert settle_looks(tmp_path) == ("look-dead",)
        assert [folder.name for folder in (tmp_path / LOOKS).iterdir()] == ["look-live"]


def test_settling_what_left_nothing_does_no_harm(tmp_path: Path) -> None:
    settle_run(tmp_path, "run-1", None)
    assert settle_looks(tmp_path) == ()
