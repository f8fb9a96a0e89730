"""Which values of an inventory must never be shown. Only the redactor gets to see them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from core.ansible_yaml import parse_ansible_yaml
from core.redaction import SECRET_NAME

SHORTEST = 4
"""Shorter values are not secrets: masking them would mask half of every text."""
_HEADER = b"$ANSIBLE_VAULT;"


def secret_values(raw: Any, rendered: Any, *, secret: bool) -> Iterator[str]:
    """Yield the secrets in a variable: all text under a secret-sounding name, and whatever was vaulted.

    *raw* is the value as listed, *rendered* the same as evaluated; *secret* says that the variable's name tells.
    """
    if secret or (isinstance(raw, dict) and "__ansible_vault" in raw):
        yield from texts_in(rendered, numbers=True)
    elif isinstance(raw, dict) and isinstance(rendered, dict):
        for key, value in raw.items():
            yield from secret_values(value, rendered.get(key), secret=SECRET_NAME.search(str(key)) is not None)
    elif isinstance(raw, list) and isinstance(rendered, list):
        for one, other in zip(raw, rendered, strict=False):
            yield from secret_values(one, other, secret=False)


def texts_in(value: Any, *, numbers: bool = False) -> Iterator[str]:
    """Yield every text in *value* that is long enough to be a secret; with *numbers*, whole numbers too, as text."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "__ansible_vault":
                yield from texts_in(item, numbers=numbers)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item, numbers=numbers)
    elif isinstance(value, str) or (numbers and isinstance(value, int) and not isinstance(value, bool)):
        text = str(value)
        if len(text) >= SHORTEST:
            yield text


def vaulted_files(sources: Iterable[Path]) -> tuple[Path, ...]:
    """The files that are vaulted as a whole: inventory *sources*, and `group_vars/` and `host_vars/` beside them."""
    found: set[Path] = set()
    for source in sources:
        beside = source if source.is_dir() else source.parent
        for place in (source, beside / "group_vars", beside / "host_vars"):
            found.update(path for path in _files_in(place) if _is_vaulted(path))
    return tuple(sorted(found))


def vaulted_variables(files: Sequence[Path], view: Callable[[Path], str]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the variables in vaulted *files*, and all text in them. *view* decrypts one file."""
    names: set[str] = set()
    texts: set[str] = set()
    for path in files:
        try:
            content = parse_ansible_yaml(view(path))
        except yaml.YAMLError:
            continue  # an inventory in another format; its values are found by their names
        if isinstance(content, dict):
            names.update(map(str, content))
            texts.update(texts_in(content))
    return frozenset(names), frozenset(texts)


def _files_in(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, _folders, names in os.walk(place):
        yield from (Path(folder) / name for name in names)


def _is_vaulted(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER
    except OSError:
        return False
