"""Ansible's YAML, read so narrowly that two readers can't take it for two different things.

Anchors, merges, repeated keys, tags but `!unsafe`, several documents and JSON are refused: each has been read in more
than one way by somebody. What is left is read by the same rules as in Ansible's own loader, and `dry_load` compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.errors import BadInput
from core.yaml_bounds import check_bounds

UNSAFE = "!unsafe"
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_ODD_VALUES = frozenset({"tag:yaml.org,2002:binary", "tag:yaml.org,2002:timestamp"})


class Unsafe(str):
    """A string under `!unsafe`: Ansible never takes it for a template."""

    __slots__ = ()


class Block(dict[str, Any]):
    """A mapping, with the line (from 1) of each of its keys in `lines`."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """The line of *key*, or of the mapping itself if it has no such key."""
        return self.lines.get(key, self.line)


class Items(list[Any]):
    """A list, with the line of each of its items in `lines`."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_document(path: Path) -> Any:
    """Return what *path* holds: `Block`s, `Items` and scalars. Raises BadInput with the line of what is refused."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"can't be read: {error}", file=path) from None
    return parse_document(text, path)


def parse_document(text: str, path: Path) -> Any:
    """Like `read_document`, for *text* that *path* holds."""
    if text.lstrip().startswith(("{", "[", '"')):
        raise BadInput("JSON is read by another parser; write it as a YAML list or mapping", file=path, line=1)
    if text.startswith("\ufeff"):
        raise BadInput("it begins with a byte order mark; save it as UTF-8 without one", file=path, line=1)
    try:
        check_bounds(text)
        _check_events(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _Reader(path).value(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(f"not valid YAML: {error.problem or error}", file=path, line=line) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(f"not valid YAML: {' '.join(str(error).split())}", file=path) from None


def _check_events(text: str, path: Path) -> None:
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise BadInput(
                    "a second document is not read by all; put it into a file of its own", file=path, line=line
                )
            if event.version or event.tags:
                raise BadInput("a YAML directive is not read by all; take it out", file=path, line=line)
        elif getattr(event, "anchor", None) is not None:
            raise BadInput("anchors and aliases hide what is meant; write it out", file=path, line=line)
        elif (tag := getattr(event, "tag", None)) is not None and tag != UNSAFE:
            problem = f"the tag {tag} is not read here; write the plain value (`{UNSAFE}` is the only tag)"
            raise BadInput(problem, file=path, line=line)


class _Reader:
    """Makes values of nodes as PyYAML's safe loader does, which Ansible's is built on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node) -> Any:
        """The value of *node*, with lines."""
        if isinstance(node, yaml.MappingNode):
            return self._block(node)
        if isinstance(node, yaml.SequenceNode):
            items = Items(node.start_mark.line + 1)
            for inner in node.value:
                items.append(self.value(inner))
                items.lines.append(inner.start_mark.line + 1)
            return items
        if node.tag == UNSAFE and isinstance(node, yaml.ScalarNode):
            plain = yaml.ScalarNode(self._resolved(node), node.value, node.start_mark, node.end_mark, node.style)
            value = self.value(plain)
            return Unsafe(value) if isinstance(value, str) else value
        if node.tag in _ODD_VALUES:
            raise BadInput("a date is not read by all; quote it", file=self._path, line=node.start_mark.line + 1)
        return self._scalars.construct_object(node)

    def _resolved(self, node: yaml.ScalarNode) -> str:
        """What a scalar under `!unsafe` would be without its tag; what is quoted stays a string in Ansible, too."""
        resolve: Any = self._scalars.resolve
        return str(resolve(yaml.ScalarNode, node.value, (True, False)))

    def _block(self, node: yaml.MappingNode) -> Block:
        block = Block(node.start_mark.line + 1)
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                raise BadInput("a merge hides what is meant; write it out", file=self._path, line=line)
            if not isinstance(key, yaml.ScalarNode) or key.tag != _STR:
                raise BadInput("a key that is no string; quote it", file=self._path, line=line)
            if key.value in block:
                raise BadInput("the key is given twice", file=self._path, line=line, key=key.value)
            block[key.value] = self.value(value)
            block.lines[key.value] = line
        return block


def strings_in(value: Any, line: int) -> list[tuple[str, int]]:
    """Every string in *value* that Ansible may template, keys too, with its line; *line* is that of *value*."""
    if isinstance(value, Unsafe):
        return []
    if isinstance(value, str):
        return [(value, line)]
    found: list[tuple[str, int]] = []
    if isinstance(value, Block):
        for key, inner in value.items():
            found += [(key, value.lines[key]), *strings_in(inner, value.lines[key])]
    elif isinstance(value, Items):
        for inner, at in zip(value, value.lines, strict=True):
            found += strings_in(inner, at)
    return found
