"""Bounds on YAML before it is read: a few hundred bytes of aliases can stand for more than any memory holds."""

from __future__ import annotations

import yaml

LARGEST = 8 * 1024 * 1024
"""Characters of one file."""
DEEPEST = 100
"""Lists and mappings within each other."""
MOST = 200_000
"""Values, each counted as often as aliases repeat it."""


def check_bounds(text: str) -> None:
    """Raise yaml.YAMLError for *text* that is too large, too deep, or too much once its aliases are followed.

    Text that is no YAML passes: whoever reads it says what is wrong, and where.
    """
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"it is larger than {LARGEST // 1024 // 1024} MiB; part it into several files")
    try:
        problem = _problem(text)
    except yaml.YAMLError:
        return
    if problem is not None:
        raise yaml.YAMLError(problem)


def _problem(text: str) -> str | None:
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    # In C where there is one: it is a second look at every file.
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        match event:
            case yaml.CollectionStartEvent():
                open_nodes.append((event.anchor, 1))
                if len(open_nodes) > DEEPEST:
                    return f"it has more than {DEEPEST} lists and mappings within each other, at line {_line(event)}"
                continue
            case yaml.CollectionEndEvent():
                anchor, size = open_nodes.pop()
            case yaml.ScalarEvent():
                anchor, size = event.anchor, 1
            case yaml.AliasEvent():
                # One that leads back into itself has no size yet; a reader refuses it, or goes round in circles.
                if event.anchor not in sizes:
                    return f"the alias *{event.anchor} at line {_line(event)} stands for what it is part of"
                anchor, size = None, sizes[event.anchor]
            case _:
                continue
        if anchor is not None:
            sizes[anchor] = size
        above, so_far = open_nodes[-1]
        open_nodes[-1] = (above, so_far + size)
        if so_far + size > MOST:
            return f"it has more than {MOST:,} values once its aliases are followed, at line {_line(event)}"
    return None


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1
