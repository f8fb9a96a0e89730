"""Values on their way into Ansible: data, never templates (law 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSAFE = "__ansible_unsafe"
"""The key of Ansible's own form, in JSON, of a text that it never templates."""


def as_no_template(value: Any) -> Any:
    """Return JSON-like *value* with every string in it, however deep, marked so that Ansible never templates it.

    Ansible reads `{"__ansible_unsafe": "…"}` in a JSON file as an untrusted string. Keys are left alone: Ansible does
    not template the keys of variables.
    """
    if isinstance(value, str):
        return {UNSAFE: value}
    if isinstance(value, Mapping):
        return {str(key): as_no_template(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_no_template(item) for item in value]
    return value
