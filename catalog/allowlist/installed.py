"""The modules that come with Ansible, and which of them act on this machine: by their files, without importing any."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FULL_NAME = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+\.[A-Za-z0-9_.]+")


def unknown_module(action: str, name: str, admitted: Collection[str]) -> str | None:
    """Why *action* is not admitted, or None. *name* is its short name; *admitted* are those of ansible-core by name."""
    if "." in name:
        return _of_collection(action)
    if name in admitted:
        return None
    modules, actions = _core()
    if name in modules and name not in actions:
        return None
    if name in actions:
        return (
            "its action plugin may read files of this machine; use one that is listed in docs/reference/remedy-files.md"
        )
    return "no module of this name is installed with Ansible, or lies in library/ of the role; correct the name"


@cache
def _core() -> tuple[frozenset[str], frozenset[str]]:
    """The modules and the action plugins of ansible-core, by the names of their files. Nothing is imported."""
    root = _installed("ansible")
    if root is None:
        return frozenset(), frozenset()
    return _stems(root / "modules"), _stems(root / "plugins" / "action")


def _stems(folder: Path) -> frozenset[str]:
    return frozenset(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def installation() -> tuple[Path, ...]:
    """The folders of Ansible's own installation: ansible-core and the collections that come with it."""
    root = _installed("ansible")
    return () if root is None else (root.resolve(), (root.parent / "ansible_collections").resolve())


def _installed(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    return Path(places[0]) if places else None


@cache
def _of_collection(action: str) -> str | None:
    if not _FULL_NAME.fullmatch(action):
        return "this is no name of a module; write it as namespace.collection.module"
    namespace, collection, module = action.split(".", 2)
    root = _installed("ansible")
    folder = root.parent / "ansible_collections" / namespace / collection if root is not None else None
    path = module.replace(".", "/")
    if folder is None or not (folder / "plugins" / "modules" / f"{path}.py").is_file():
        return "it does not come with the ansible package; put the module into library/ of the role"
    routing = _routing(folder)
    told = routing.get("modules", {}).get(module) or {}
    acts = (folder / "plugins" / "action" / f"{path}.py").is_file() or module in routing.get("action", {})
    if acts or "action_plugin" in told:
        return "its action plugin may read files of this machine; use a module without one"
    if "redirect" in told:
        return f"it is another module's old name; write {told['redirect']}"
    return None


@cache
def _routing(collection: Path) -> Mapping[str, Mapping[str, Any]]:
    path = collection / "meta" / "runtime.yml"
    if not path.is_file():
        return {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader, in C
    return dict((content or {}).get("plugin_routing") or {})
