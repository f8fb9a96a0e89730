"""The module folder_trim: what it decides, and what it refuses to touch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "folder_trim" / "library" / "folder_trim.py"
spec = importlib.util.spec_from_file_location("folder_trim", SOURCE)
assert spec and spec.loader
trim: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trim)

sizes = st.lists(st.integers(0, 10_000), max_size=12)


@given(sizes, st.integers(0, 50_000))
def test_cut_to_the_common_length_everything_fits_and_no_length_is_wasted(given_sizes: list[int], room: int) -> None:
    length = trim.common_length(given_sizes, room)
    used = sum(min(size, length) for size in given_sizes)
    assert used <= room
    if sum(given_sizes) > room:
        assert sum(min(size, length + 1) for size in given_sizes) > room


names = st.sampled_from(["web.log", "app.log", "web.log.1", "web.log.2.gz", "core", "notes.txt"])
paths = st.builds("{}/{}".format, st.integers(0, 5), names)
files = st.dictionaries(paths, st.tuples(st.integers(0, 5000), st.integers(0, 100)), max_size=10)


@given(files, st.integers(0, 20_000))
def test_the_work_is_just_enough_and_spares_what_it_must(given_files: dict[str, tuple[int, int]], target: int) -> None:
    seen = [trim.File(path, size, at, 0) for path, (size, at) in given_files.items()]
    work = trim.work_for(seen, ["*.log", "*.log.*"], ["*.log"], target, 50)
    touched = {file.path for file in work.deleted} | {file.path for file, _ in work.shortened}
    assert all(".log" in path for path in touched)
    assert all(not file.path.endswith(".log") and file.written <= 50 for file in work.deleted)
    total = sum(file.size for file in seen)
    if total <= target:
        assert not touched
    left = total - sum(file.size for file in work.deleted)
    if work.deleted:
        assert left + work.deleted[-1].size > target, "one file more than needed"
    if work.shortened:
        after = left - sum(file.size - length for file, length in work.shortened)
        spare = [file for file in seen if file not in work.deleted and not file.path.endswith(".log")]
        assert after <= max(target, sum(file.size for file in spare))


def test_the_oldest_goes_first() -> None:
    seen = [trim.File(f"web.log.{age}", 10, 100 - age, 0) for age in (1, 3, 2)]
    work = trim.work_for(seen, ["*.log.*"], [], 10, 1000)
    assert [file.path for file in work.deleted] == ["web.log.3", "web.log.2"]


@pytest.mark.parametrize("path", ["/", "//", "/etc", "/usr/lib/", "/var/.", "logs", "./logs", "", "/tmp/../etc/x"])
def test_paths_that_are_never_cleaned(path: str) -> None:
    with pytest.raises(trim.Refused):
        trim.check_folder(path)


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "logs")
    (tmp_path / "up").symlink_to("/")
    assert trim.check_folder(f"{tmp_path}/logs/") == str(tmp_path / "logs")
    for name in ("link", "link/", "up/etc", "missing"):
        with pytest.raises(trim.Refused):
            trim.check_folder(f"{tmp_path}/{name}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in it, and links that lead out of it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept.log.1").write_text("kept")
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    (inside / "sub" / "old.log.1").write_text("old")
    (inside / "away").symlink_to(tmp_path / "outside")
    (inside / "link.log.1").symlink_to(tmp_path / "outside" / "kept.log.1")
    return inside


def run(folder: Path, *, check: bool = False, **options: Any) -> dict[str, Any]:
    root = os.open(trim.check_folder(str(folder)), trim.FOLDER)
    try:
        defaults = {"patterns": ["*.log", "*.log.*"], "current": ["*.log"], "target": 0, "older_than": 0}
        result: dict[str, Any] = trim.trim(root, defaults | options, check)
        return result
    finally:
        os.close(root)


def test_links_are_neither_followed_nor_deleted(folder: Path) -> None:
    result = run(folder, target=None)
    assert result["deleted"] == ["sub/old.log.1"] and result["after_bytes"] == 0
    assert (folder.parent / "outside" / "kept.log.1").read_text() == "kept"
    assert (folder / "link.log.1").is_symlink()


def test_a_folder_swapped_for_a_link_in_between_is_not_followed(folder: Path) -> None:
    root = os.open(folder, trim.FOLDER)
    (seen,) = trim.seen_in(root).files
    (folder / "sub").rename(folder.parent / "moved")
    (folder / "sub").symlink_to(folder.parent / "moved")
    with pytest.raises(OSError):
        trim.delete(root, seen)
    os.close(root)
    assert (folder.parent / "moved" / "old.log.1").exists()


def test_a_file_swapped_for_another_in_between_is_spared(folder: Path) -> None:
    root = os.open(folder, trim.FOLDER)
    (seen,) = trim.seen_in(root).files
    new = folder / "sub" / "new"
    new.write_text("new")
    new.rename(folder / "sub" / "old.log.1")
    trim.delete(root, seen)
    trim.shorten(root, seen, 0)
    os.close(root)
    assert (folder / "sub" / "old.log.1").read_text() == "new"


@pytest.mark.parametrize(
    ("content", "length", "left"),
    [
        (b"one\ntwo\nthree\n", 6, b"three\n"),
        (b"one\ntwo\nthree\n", 8, b"three\n"),
        (b"one\ntwo\nthree\n", 10, b"two\nthree\n"),
        (b"one\ntwo\nthree\n", 0, b""),
        (b"no line ends here", 4, b"here"),
    ],
)
def test_a_log_keeps_whole_lines_and_its_inode(tmp_path: Path, content: bytes, length: int, left: bytes) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(content)
    with log.open("ab") as writer:
        result = run(tmp_path, target=length)
        writer.write(b"next\n")
    assert result["shortened"] == ["web.log"] and log.read_bytes() == left + b"next\n"


def test_check_mode_foretells_what_then_happens(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_bytes(b"123456789\n" * 100)
    (tmp_path / "web.log.1").write_bytes(b"123456789\n" * 100)
    foretold = run(tmp_path, target=500, check=True)
    assert sorted(path.stat().st_size for path in tmp_path.iterdir()) == [1000, 1000]
    done = run(tmp_path, target=500)
    assert foretold == done and done["after_bytes"] == 500 and done["freed_bytes"] == 1500
    assert run(tmp_path, target=500)["changed"] is False


def test_empty_old_folders_go_and_others_stay(tmp_path: Path) -> None:
    root = tmp_path / "place"
    for name in ("gone/inner", "young", "kept", "bare"):
        (root / name).mkdir(parents=True)
    for name in ("gone/inner/a.tmp", "gone/b.tmp", "young/c.tmp", "kept/d.tmp", "kept/e.keep"):
        (root / name).write_text("x")
        os.utime(root / name, (1000, 1000))
    for name in ("gone/inner", "gone", "kept", "bare"):
        os.utime(root / name, (1000, 1000))
    options = {"patterns": ["*.tmp"], "target": None, "older_than": 60, "empty_folders": True}
    foretold = run(root, check=True, **options)
    done = run(root, **options)
    assert foretold == done and (done["deleted_count"], done["folder_count"]) == (4, 3)
    assert sorted(path.name for path in root.rglob("*")) == ["e.keep", "kept", "young"]
    assert run(root, **options)["changed"] is False


@pytest.mark.parametrize("name", ["lost+found", "systemd-private-1234-web.service-ab/tmp"])
def test_what_is_the_systems_own_is_spared(tmp_path: Path, name: str) -> None:
    inner = tmp_path / name
    inner.mkdir(parents=True)
    (inner / "old.tmp").write_text("x")
    for path in (inner / "old.tmp", inner, tmp_path / name.split("/", maxsplit=1)[0]):
        os.utime(path, (1000, 1000))
    result = run(tmp_path, patterns=["*"], target=None, older_than=60, empty_folders=True)
    assert result["changed"] is False and (inner / "old.tmp").exists()


def test_a_folder_that_something_was_put_into_stays(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "new").write_text("new")
    root = os.open(tmp_path, trim.FOLDER)
    assert trim.remove_empty(root, "inner") is False
    os.close(root)
    assert (tmp_path / "inner" / "new").exists()


def test_a_folder_that_another_process_has_locked_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("")
    holder = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+'); fcntl.lockf(file, fcntl.LOCK_EX);"
        "print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path / "lock")]
    root = os.open(tmp_path, trim.FOLDER)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(trim.Refused, match="locked"), trim.locked(root, "lock"):
            raise AssertionError("it was let in")
        process.communicate()
    for name in ("lock", "none", None):
        with trim.locked(root, name):
            pass
    os.close(root)
