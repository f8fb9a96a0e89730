"""Values on their way into Ansible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.no_templates import as_no_template
from runner.values import role_variables, write_variables

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_every_string_is_marked_and_nothing_else_changes(value: Any) -> None:
    marked = as_no_template(value)
    assert _plain(marked) == value
    assert not list(_bare_strings(marked))


def test_names_carry_the_role() -> None:
    assert role_variables("service_restart", {"service": "web"}) == {"service_restart_service": "web"}


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "env" / "extravars"
    write_variables(path, {"a": "x", "b": 1, "c": True})
    assert json.loads(path.read_text()) == {"a": {"__ansible_unsafe": "x"}, "b": 1, "c": True}
    assert path.stat().st_mode & 0o077 == 0


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"} and isinstance(value["__ansible_unsafe"], str):
            return value["__ansible_unsafe"]
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _bare_strings(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _bare_strings(item)
    elif isinstance(value, dict) and set(value) != {"__ansible_unsafe"}:
        for item in value.values():
            yield from _bare_strings(item)
