"""Law 2: digests, the lock, and the copy that the runner makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.allowlist import RULES
from catalog.load import load_catalog
from catalog.lock import Lock, lock_path, read_lock, write_lock
from catalog.source import CatalogSource
from catalog.vetting import vet
from core.errors import BadInput, NotFound, Unvetted
from tests.unit.content import load_remedy_from, vet_all, write, write_remedy, write_role, write_shipped


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder with one vetted remedy, whose role reaches another one."""
    write_shipped(tmp_path)
    write_remedy(tmp_path, tasks=[{"name": "Go on", "ansible.builtin.include_role": {"name": "inner"}}])
    role = write_role(tmp_path, "inner")
    write(role / "files/blob", "one\n")
    vet_all(tmp_path)
    return tmp_path


def append(name: str) -> Callable[[Path], None]:
    return lambda content: write(content / name, (content / name).read_text() + "# changed\n") and None


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("playbook", append("playbooks/restart.yml")),
    ("card", append("playbooks/restart.remedy.yml")),
    ("tasks", append("roles/restart/tasks/main.yml")),
    ("file of an inner role", append("roles/inner/files/blob")),
    ("added file", lambda content: write(content / "roles/inner/library/evil.py", "x = 1\n")),
    ("removed file", lambda content: (content / "roles/inner/files/blob").unlink()),
    ("renamed file", lambda content: (content / "roles/inner/files/blob").rename(content / "roles/inner/files/blub")),
    ("new dependency", lambda content: write(content / "roles/inner/meta/main.yml", {"dependencies": []})),
]


@pytest.mark.parametrize("change", [case[1] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_any_change_makes_a_remedy_unvetted_until_it_is_vetted_again(
    content: Path, change: Callable[[Path], object]
) -> None:
    before = load_remedy_from(content)
    assert before.vetted
    change(content)
    after = load_remedy_from(content)
    assert not after.vetted
    assert after.digest != before.digest
    assert vet(content, ["restart"], shipped=content) == ("restart",)
    assert load_remedy_from(content).vetted


def test_what_python_leaves_behind_and_other_roles_do_not_count(content: Path) -> None:
    write(content / "roles/inner/library/__pycache__/x.cpython-311.pyc", "x")
    write(content / "roles/inner/library/x.pyc", "x")
    write_role(content, "unrelated")
    assert load_remedy_from(content).vetted


@pytest.mark.parametrize("name", ["playbooks/restart.yml", "roles/inner/files/blob", "roles/inner"])
def test_links_are_refused(content: Path, name: str) -> None:
    place, aside = content / name, content / "aside"
    place.rename(aside)
    place.symlink_to(aside)
    with pytest.raises(BadInput, match="a symbolic link"):
        load_remedy_from(content)


def test_the_lock_is_stable_text_that_says_how_to_change_it(content: Path) -> None:
    write_remedy(content, "another")
    assert vet(content, shipped=content) == ("another",)
    text = lock_path(content).read_text()
    assert text.startswith("#")
    assert "fleetmend catalog vet" in text
    assert text.index("another:") < text.index("restart:")
    assert vet(content, shipped=content) == ()
    assert lock_path(content).read_text() == text
    write_lock(content, read_lock(content))
    assert lock_path(content).read_text() == text
    assert [path.name for path in (content / "playbooks").glob(".catalog*")] == []


def test_vetting_one_leaves_the_others_as_they_are(content: Path) -> None:
    write_remedy(content, "another")
    append("playbooks/restart.yml")(content)
    vet(content, ["another"], shipped=content)
    catalog = load_catalog(content, content)
    assert catalog.remedy("another").vetted
    assert not catalog.remedy("restart").vetted


@pytest.mark.parametrize("digest", ["0" * 64, "12345678" * 8, "1e" + "0" * 62])
def test_digests_that_look_like_numbers_survive(tmp_path: Path, digest: str) -> None:
    write_lock(tmp_path, Lock(remedies={"x": digest}))
    assert read_lock(tmp_path).remedies == {"x": digest}


def test_without_a_lock_nothing_is_vetted_and_a_broken_one_is_a_problem(content: Path) -> None:
    lock_path(content).unlink()
    assert not load_catalog(content, content).remedy("restart").vetted
    write(lock_path(content), "remedies: {restart: yes}\n")
    catalog = load_catalog(content, content)
    assert not catalog.remedy("restart").vetted
    assert [problem.file for problem in catalog.problems] == [lock_path(content)]
    with pytest.raises(BadInput, match=r"catalog\.lock:1"):
        vet(content, ["restart"], shipped=content)


def test_vetting_needs_something_that_is_there_and_loads(tmp_path: Path) -> None:
    shipped, own = write_shipped(tmp_path / "shipped"), tmp_path / "own"
    write_remedy(shipped)
    write_remedy(own, "broken", card={"risk": "tiny"})
    with pytest.raises(NotFound, match="fleetmend catalog list"):
        vet(own, ["nothing"], shipped=shipped)
    with pytest.raises(NotFound, match="is shipped"):
        vet(own, ["restart"], shipped=shipped)
    with pytest.raises(BadInput, match="risk"):
        vet(own, ["broken"], shipped=shipped)
    assert not lock_path(own).exists()


def test_the_copy_has_exactly_the_files_and_their_digest(content: Path, tmp_path: Path) -> None:
    write(content / "roles/inner/library/__pycache__/x.pyc", "x")
    source, target = CatalogSource(content, content), tmp_path / "private"
    remedy = source.current().remedy("restart")
    assert source.copy_remedy(remedy, target) == remedy.digest
    copied = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert copied == sorted(remedy.files)
    assert "roles/inner/files/blob" in copied


def test_the_copy_shows_a_change_after_the_plan(content: Path, tmp_path: Path) -> None:
    source = CatalogSource(content, content)
    remedy = source.current().remedy("restart")
    append("roles/inner/files/blob")(content)
    assert source.copy_remedy(remedy, tmp_path / "one") != remedy.digest
    (content / "roles/inner/files/blob").unlink()
    with pytest.raises(Unvetted, match="can't be copied"):
        source.copy_remedy(remedy, tmp_path / "two")
    (content / "roles/inner/files/blob").symlink_to(content / "playbooks/restart.yml")
    with pytest.raises(Unvetted, match="symbolic link"):
        source.copy_remedy(remedy, tmp_path / "three")


def test_a_users_remedy_may_use_shipped_roles(tmp_path: Path) -> None:
    shipped, own = write_shipped(tmp_path / "shipped"), tmp_path / "own"
    write_role(shipped, "inner")
    write_remedy(own, tasks=[{"name": "Go on", "ansible.builtin.include_role": {"name": "inner"}}])
    vet(own, shipped=shipped)
    source = CatalogSource(own, shipped)
    remedy = source.current().remedy("restart")
    assert remedy.vetted
    assert remedy.root == own
    assert source.copy_remedy(remedy, tmp_path / "private") == remedy.digest
    append("roles/inner/tasks/main.yml")(shipped)
    assert not source.current().remedy("restart").vetted


def test_what_was_vetted_under_other_rules_is_not_vetted(content: Path) -> None:
    lock = read_lock(content)
    for rules in ({}, {"restart": RULES - 1}, {"restart": RULES + 1}):
        write_lock(content, lock.evolve(rules=rules))
        assert not load_remedy_from(content).vetted
    assert vet(content, ["restart"], shipped=content) == ("restart",)
    assert load_remedy_from(content).vetted


def test_a_lock_from_before_the_rules_is_read_and_vouches_for_no_remedy(content: Path) -> None:
    text = lock_path(content).read_text()
    write(lock_path(content), text[: text.index("rules:")])
    catalog = load_catalog(content, content)
    assert catalog.problems == ()
    assert not catalog.remedy("restart").vetted


def test_what_is_not_admitted_or_does_not_load_is_not_vetted(content: Path) -> None:
    before = lock_path(content).read_text()
    problem = BadInput("Ansible can't load it", file=content / "playbooks/restart.yml", line=3)
    with pytest.raises(BadInput, match=r"restart\.yml:3: Ansible can't load it"):
        vet(content, ["restart"], shipped=content, loads=lambda remedy: (problem,))
    write(content / "roles/inner/tasks/main.yml", "- name: x\n  ansible.builtin.script: /opt/x\n")
    with pytest.raises(BadInput, match=r"inner/tasks/main\.yml:2: script: name a file in files/"):
        vet(content, ["restart"], shipped=content)
    assert lock_path(content).read_text() == before
