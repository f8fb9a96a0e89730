"""`docs/architecture.md` and what hangs on it against the code: words, rooms, states, laws, journal, state folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from api.refusals import Kind as Refusal
from core.approvals import Ruling
from core.settings import CHECKOUT
from core.states import TRANSITIONS, State
from runner.private_folder import LOOKS, RUNS
from store.journal import ROWS_CHANGED
from store.resealing import ADOPTED
from store.sealing import CHECKPOINT, PRUNED
from tests.house.pages import first_cells, page, rows, section
from tests.world import open_house

WORDS = ["fleet", "symptom", "probe", "detection", "incident", "remedy", "plan", "approval", "run", "verdict"]
WORDS += ["outcome", "lesson", "journal", "proof"]


def test_the_glossary_has_the_words_of_the_house() -> None:
    assert first_cells(section(page("architecture.md"), "Words")) == WORDS


def test_the_table_of_states_is_the_code() -> None:
    text = section(page("architecture.md"), "States of an incident")
    written = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2])) for row in rows(text)}
    assert written == {state.value: {one.value for one in TRANSITIONS[state]} for state in State}
    for before, after in re.findall(r"^ +(\w+) --> (\w+)$", text, re.MULTILINE):
        assert State(after) in TRANSITIONS[State(before)]


def test_every_kind_of_journal_entry_has_its_line() -> None:
    appended = {
        kind
        for room in ("api", "loop", "store")
        for path in (CHECKOUT / room).rglob("*.py")
        for kind in re.findall(r'(?:append|note)\(\s*tx, "([a-z_.]+)"', path.read_text())
    }
    appended |= {CHECKPOINT, PRUNED, ROWS_CHANGED, ADOPTED, *map(str, Refusal)}
    assert len(appended) > 15
    assert set(first_cells(section(page("howto/when-it-escalates.md"), "The journal"))) == appended


def test_the_state_folder_is_documented(tmp_path: Path) -> None:
    with open_house(tmp_path):
        made = {path.name.removesuffix("-wal").removesuffix("-shm") for path in (tmp_path / "state").iterdir()}
    written = section(page("architecture.md"), "Where state lives")
    for name in made | {RUNS, LOOKS}:
        assert f"`{name}" in written


def test_the_rooms_and_their_order_are_the_import_contract() -> None:
    importlinter = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    text = section(page("architecture.md"), "Rooms")
    order = next(contract["layers"] for contract in importlinter["contracts"] if contract["type"] == "layers")
    assert " → ".join(f"`{layer}`" for layer in order) in text
    assert {f"{room}/" for room in importlinter["root_packages"]} <= set(first_cells(text))


def test_every_law_says_where_it_is_enforced() -> None:
    laws = rows(section(page("architecture.md"), "The laws, and where they are enforced"))
    assert [row[0] for row in laws] == [str(number) for number in range(1, 11)]
    assert all(re.search(r"`\w+/[\w/]+\.py`", row[2]) for row in laws)


def test_every_ruling_has_its_line() -> None:
    written = section(page("reference/fleet-yml.md"), "How the policy rules")
    assert set(first_cells(written)) == {ruling.value for ruling in Ruling}
