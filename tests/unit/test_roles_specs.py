"""Argument specs, defaults, cards and READMEs of the shipped roles say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent for path in CHECKOUT.glob("roles/*/tasks/main.yml"))
CARDS = sorted(CHECKOUT.glob("playbooks/*.remedy.yml"))
OWN_MODULES = sorted(path.stem for path in CHECKOUT.glob("roles/*/library/*.py"))
MODULE = re.compile(rf"^(ansible\.builtin|ansible\.posix|community\.general)\.\w+$|^({'|'.join(OWN_MODULES)})$")
IN_THE_DEMO = ("config_restore", "disk_cleanup", "log_cleanup", "process_stop", "service_restart")
BLOCKS = ("block", "rescue", "always")
KEYWORDS = {
    "name",
    "when",
    "vars",
    "register",
    "until",
    "retries",
    "delay",
    "environment",
    "notify",
    "no_log",
    "become",
}
KEYWORDS |= {"failed_when", "changed_when", "check_mode", "diff", "loop", "loop_control", "delegate_to", "become_user"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def text_of(role: str) -> str:
    """Tasks and variables of *role* and of every role that it includes."""
    text = "".join(path.read_text() for path in (CHECKOUT / "roles" / role).glob("[tv]a*/*.yml"))
    included = re.findall(r"(?:include|import)_role:\s+name: (\w+)", text)
    return text + "".join(text_of(name) for name in included)


def options_of(role: Path) -> dict[str, dict[str, Any]]:
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert isinstance(options, dict)
    return options


def tasks_in(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every task of a file, those within blocks too."""
    for task in tasks:
        if "block" in task:
            assert set(task) - {*BLOCKS, "name", "when", "vars"} == set()
            for part in BLOCKS:
                yield from tasks_in(task.get(part, []))
        else:
            yield task


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_argument_spec(role: Path) -> None:
    documented = {name: option["default"] for name, option in options_of(role).items() if "default" in option}
    assert load(role / "defaults" / "main.yml") == documented


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_option_is_typed_described_prefixed_and_in_the_readme(role: Path) -> None:
    readme = (role / "README.md").read_text()
    for name, option in options_of(role).items():
        assert name.startswith(f"{role.name}_") and f"`{name}`" in readme
        assert option["type"] and len(option["description"]) > 5
        assert not (option.get("required") and "default" in option)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_tasks_use_qualified_modules_and_hide_no_failure(role: Path) -> None:
    for file in [*role.glob("tasks/*.yml"), *role.glob("handlers/*.yml")]:
        for task in tasks_in(load(file)):
            actions = set(task) - KEYWORDS
            assert len(actions) == 1 and MODULE.match(actions.pop()), (file.name, task["name"])
            command = task.get("ansible.builtin.command")
            assert command is None or "{{" not in str(command), "a command line is built from a variable"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_nothing_waits_for_a_pager(role: Path) -> None:
    for file in role.glob("tasks/*.yml"):
        for task in tasks_in(load(file)):
            words = str(next(value for key, value in task.items() if key not in KEYWORDS))
            pages = re.search(r"systemctl\W+(show|status|list|cat)|journalctl", words)
            assert not pages or "--no-pager" in words, (file.name, task["name"])


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_belongs_to_a_playbook_and_to_options_of_its_role(card: Path) -> None:
    remedy = card.name.removesuffix(".remedy.yml")
    (play,) = load(card.with_name(f"{remedy}.yml"))
    assert play["roles"] == [{"role": remedy}] and play["hosts"] == "all" and play["gather_facts"] is False
    options = options_of(CHECKOUT / "roles" / remedy)
    for parameter, source in load(card)["parameters"].items():
        option = options[f"{remedy}_{parameter}"]
        # a pattern alone will do where no planner chooses: for what people ask for, and for an undo
        bound = {"from", "evidence"} if load(card)["treats"] else {"from", "evidence", "pattern"}
        assert option["type"] != "str" or source.keys() & bound, "free text is no parameter"
    listed = {f"{remedy}_{parameter}" for parameter in load(card)["parameters"]}
    assert {name for name, option in options.items() if option.get("required")} <= listed
    preflight = load(CHECKOUT / "roles" / remedy / "tasks" / "preflight.yml")
    assert all("ansible.builtin.assert" in task for task in preflight)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_lists_every_inventory_variable_that_its_roles_read(card: Path) -> None:
    remedy = card.name.removesuffix(".remedy.yml")
    read = set(re.findall(r"\bfleetmend_[a-z]+(?:_[a-z]+)*\b", text_of(remedy)))
    known = load(card)
    settable = options_of(CHECKOUT / "roles" / remedy).keys() - {f"{remedy}_{name}" for name in known["parameters"]}
    if known.get("copies"):
        settable -= {
            f"{remedy}_root"
        }  # where the fleet's files lie is the run's matter: the inventory's word is withheld
    if not known.get("read_only"):
        assert set(known["reads"]) == read | settable


def test_the_demo_has_everything_that_its_remedies_need() -> None:
    variables = load(CHECKOUT / "inventory" / "demo" / "group_vars" / "all.yml")
    cards = [CHECKOUT / "playbooks" / f"{remedy}.remedy.yml" for remedy in IN_THE_DEMO]
    assert {need for card in cards for need in load(card).get("needs", ())} <= variables.keys()
    source = variables["fleetmend_files"]["web_conf"]["source"]
    assert (CHECKOUT / "inventory" / "demo" / source).is_file()
