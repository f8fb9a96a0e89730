"""What an inventory is made of on disk: is it still, byte for byte, what a fleet was resolved from?

A fleet whose answer depends on its files alone need not be resolved again while they are the same. One that asks a
script, a cloud or a lookup has to be: only its answer says what it answers now.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.digests import digest_of
from core.file_signatures import files_below
from fleets.ansible_config import AnsibleConfig

_PLUGIN = re.compile(rb"^[\s{,]*[\"']?plugin[\"']?\s*[:=]", re.MULTILINE)
_OTHER_ANSWERS = (
    ("inventory", "enable_plugins", "ANSIBLE_INVENTORY_ENABLED"),
    ("defaults", "inventory_plugins", "ANSIBLE_INVENTORY_PLUGINS"),
    ("defaults", "vars_plugins_enabled", "ANSIBLE_VARS_ENABLED"),
    ("defaults", "vars_plugins", "ANSIBLE_VARS_PLUGINS"),
    ("defaults", "playbook_dir", "ANSIBLE_PLAYBOOK_DIR"),
    ("defaults", "jinja2_extensions", "ANSIBLE_JINJA2_EXTENSIONS"),
    ("defaults", "filter_plugins", "ANSIBLE_FILTER_PLUGINS"),
    ("defaults", "test_plugins", "ANSIBLE_TEST_PLUGINS"),
)
"""Settings that bring code of somebody else into how an inventory is read."""
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_FILTER = re.compile(r"\|\s*([A-Za-z_][\w.]*)")
_TEST = re.compile(r"\bis\s+(?:not\s+)?(\w+)")
_QUIET_CALLS = frozenset(
    {"default", "d", "int", "float", "string", "bool", "lower", "upper", "join", "replace", "trim", "combine", "list"}
    | {"first", "last", "length", "unique", "sort", "dict2items", "items2dict", "split", "regex_replace", "range"}
    | {"union", "intersect", "difference", "ternary", "quote", "title"}
)
_QUIET_TESTS = frozenset({"defined", "undefined", "none", "string", "number", "mapping", "sequence", "in", "sameas"})


def input_files(folder: Path, sources: Iterable[Path], config: Path | None) -> Iterator[Path]:
    """Yield the files that resolving reads: the *sources*, `group_vars/` and `host_vars/` beside them, and *config*.

    Links are followed: what they lead to is what is read. *folder* is the fleet's own.
    """
    places: dict[Path, None] = {folder / "fleet.yml": None}
    if config is not None:
        places[config] = None
    for source in sources:
        beside = source if source.is_dir() else source.parent
        places |= dict.fromkeys((source, beside / "group_vars", beside / "host_vars"))
    for place in (*places, folder / "group_vars", folder / "host_vars"):
        yield from files_below(place)


def digest_of_inputs(folder: Path, sources: Iterable[Path], config: Path | None) -> str:
    """The digest over those files, by path and content. One that can't be read counts as such."""
    return digest_of({str(path): _content(path) for path in input_files(folder, sources, config)})


def depends_on_files_alone(sources: Iterable[Path], environment: Mapping[str, str], values: Iterable[Any]) -> bool:
    """True if Ansible would resolve *sources* to the same again while their files are the same.

    *values* are the variables as listed. What is not known to be quiet (a script, a plugin, a lookup, a filter that
    looks elsewhere) counts as something that may answer differently.
    """
    config = AnsibleConfig(environment)
    if any(name in environment or config.get(section, key) is not None for section, key, name in _OTHER_ANSWERS):
        return False
    if not all(_is_plain(path) for source in sources for path in files_below(source)):
        return False
    return all(map(is_quiet, values))


def _is_plain(source: Path) -> bool:
    try:
        content = source.read_bytes()
        script = os.access(source, os.X_OK) or content.startswith(b"#!")
        return not script and _PLUGIN.search(content) is None
    except OSError:
        return False


def is_quiet(value: Any) -> bool:
    """True if evaluating *value* looks at nothing but other variables: no lookup, and no filter that reads files."""
    if isinstance(value, str):
        if "{" not in value:
            return True
        return "{%" not in value and all(map(_is_quiet_expression, _EXPRESSION.findall(value)))
    if isinstance(value, Mapping):
        return all(is_quiet(item) for item in (*value.keys(), *value.values()))
    return all(map(is_quiet, value)) if isinstance(value, list) else True


def _is_quiet_expression(text: str) -> bool:
    called = {*_CALL.findall(text), *_FILTER.findall(text)}
    return called <= _QUIET_CALLS and set(_TEST.findall(text)) <= _QUIET_TESTS


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"can't be read: {error.strerror}"
