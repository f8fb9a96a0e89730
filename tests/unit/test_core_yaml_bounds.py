"""No file that people write can take more time or memory to read than it is worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.ansible_yaml import parse_ansible_yaml, read_ansible_yaml
from core.errors import BadInput
from core.yaml_bounds import LARGEST, check_bounds
from core.yaml_files import YamlFile

LINES = [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(9)]
BOMBS = {
    "a billion by aliases": ("a0: &a0 [x]\n" + "\n".join(LINES), "values once its aliases are followed"),
    "deep lists": ("a: " + "[" * 5000 + "]" * 5000, "within each other"),
    "deep mappings": ("{a: " * 5000 + "1" + "}" * 5000, "within each other"),
    "deep by indentation": ("".join(f"{' ' * n}a:\n" for n in range(500)), "within each other"),
    "an alias to itself": ("a: &a [*a]", "stands for what it is part of"),
    "large": ("a: " + "x" * LARGEST, "larger than 8 MiB"),
}
READERS: dict[str, Callable[[Path], Any]] = {"ours": YamlFile.read, "Ansible's": read_ansible_yaml}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_one_clear_line(tmp_path: Path, bomb: str, reader: str) -> None:
    text, words = BOMBS[bomb]
    path = tmp_path / "fleet.yml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        READERS[reader](path)
    assert str(path) in str(caught.value)


def test_ordinary_aliases_and_merges_pass() -> None:
    text = "base: &base {a: 1}\none: {<<: *base, b: 2}\ntwo: *base\n"
    assert parse_ansible_yaml(text)["one"] == {"a": 1, "b": 2}


@given(st.recursive(st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4), max_leaves=40))
def test_what_is_small_passes(value: Any) -> None:
    check_bounds(yaml.safe_dump({"a": value}))
