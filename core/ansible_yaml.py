"""YAML that is Ansible's rather than ours: playbooks, task files, vaulted variables. Read for what it says, never run.

Unlike `core.yaml_files` this takes tags such as `!unsafe` and `!vault` for the plain values that they mark, because
what they mean is Ansible's business. Nothing in such a file can make Python do anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.errors import BadInput
from core.yaml_bounds import check_bounds


class Mapping(dict[Any, Any]):
    """A mapping that knows the line (from 1) on which it begins."""

    line: int = 0


def parse_ansible_yaml(text: str) -> Any:
    """Return the single document in *text*; mappings are `Mapping`s. Raises yaml.YAMLError."""
    check_bounds(text)
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read_ansible_yaml(path: Path) -> Any:
    """Read and parse *path*. Raises BadInput if it is missing, not UTF-8 or not YAML."""
    try:
        return parse_ansible_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"can't be read: {error}", file=path) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(f"not valid YAML: {error.problem or error}", file=path, line=line) from None
    except yaml.YAMLError as error:
        raise BadInput(f"not valid YAML: {error}", file=path) from None


class _Loader(yaml.SafeLoader):
    """A SafeLoader that keeps lines and knows no tags of its own."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Mapping:
    loader.flatten_mapping(node)
    result = Mapping(loader.construct_mapping(node, deep=True))
    result.line = node.start_mark.line + 1
    return result


def _untagged(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_multi_constructor("!", _untagged)
