"""What no string that reaches Ansible may look like, whatever else it satisfies: the hard core of law 3."""

from __future__ import annotations

import unicodedata

LONGEST = 500
_TEMPLATES = ("{{", "{%", "{#")
_LEADERS = ("-", "@", "!")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's controls, formats, surrogates, private and unassigned characters, line and paragraph separators."""


def string_problem(value: str) -> str | None:
    """Say in words why *value* may never be passed on, or None if nothing speaks against it."""
    if len(value) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    for mark in _TEMPLATES:
        if mark in value:
            return f"it contains {mark}, which Ansible would evaluate"
    if any(unicodedata.category(character) in _UNSEEN for character in value):
        return "it contains a line break or control character"
    if value.lstrip().startswith(_LEADERS):
        return f"it begins with {value.lstrip()[0]}, which programs take for an option, a file or a tag"
    return None
