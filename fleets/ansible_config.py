"""Ansible's settings in force: the `ansible.cfg`, as a run gets it, and the folders that plugins would come from.

A run gets a copy of the file in its private folder, so that a change after the approval can't reach it. Relative paths
in it are made absolute, since Ansible reads them from where the file lies; what fleetmend decides itself is left out.
"""

from __future__ import annotations

import configparser
import importlib.util
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.ansible_environment import config_in_force

_PATH_TYPES = ("path", "pathspec", "pathlist", "tmppath")
_OURS = frozenset(
    {
        # Which tasks run is the remedy's matter, and which inventory is the fleet's.
        ("tags", "run"),
        ("tags", "skip"),
        ("defaults", "inventory"),
        # Host keys are FLEETMEND_SSH_HOST_KEYS. The arguments of ssh travel in the environment, with that rule in them.
        ("defaults", "host_key_checking"),
        ("ssh_connection", "host_key_checking"),
        ("paramiko_connection", "host_key_checking"),
        ("paramiko_connection", "host_key_auto_add"),
        ("ssh_connection", "ssh_args"),
        ("ssh_connection", "ssh_common_args"),
        ("ssh_connection", "ssh_extra_args"),
    }
)
_PASSWORDS = ("DEFAULT_VAULT_PASSWORD_FILE", "BECOME_PASSWORD_FILE", "CONNECTION_PASSWORD_FILE")
_SET_FOR_EACH_RUN = frozenset({"DEFAULT_ROLES_PATH", "DEFAULT_CALLBACK_PLUGIN_PATH"})
"""The runner sets these itself, so that what the user's settings say of them reaches no run."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of Ansible's that is a path: its names in the environment and in `ansible.cfg`, and its default."""

    name: str
    environment: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    kind: str
    default: str


class AnsibleConfig:
    """The settings that hold in *environment*, which is the whole environment of an Ansible process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.file = config_in_force(environment)
        self.text = b"" if self.file is None else _bytes_of(self.file)
        self._parser = _parsed(self.text)

    def frozen(self) -> bytes:
        """What a run gets as its `ansible.cfg`. One that can't be parsed stays as it is: Ansible says what is wrong."""
        if self._parser is None or self.file is None:
            return self.text
        copy = configparser.RawConfigParser(interpolation=None)
        kinds = {key: setting.kind for setting in path_settings() for key in setting.keys}
        for section in self._parser.sections():
            copy.add_section(section)
            for key, value in self._parser.items(section):
                if (section, key) not in _OURS:
                    copy.set(section, key, self._absolute(value, kinds.get((section, key), "")))
        written = io.StringIO()
        copy.write(written)
        return written.getvalue().encode()

    def get(self, section: str, key: str) -> str | None:
        """What the file says of *key*, or None."""
        return None if self._parser is None else self._parser.get(section, key, fallback=None)

    def plugin_folders(self) -> Iterator[tuple[str, Path]]:
        """Yield (name of the setting, folder) for every folder that Ansible would load code from in a run."""
        for setting in path_settings():
            if setting.kind == "pathspec" and setting.name not in _SET_FOR_EACH_RUN:
                for number, text in enumerate(self._value(setting).split(":")):
                    if text:
                        name = setting.keys[0][1] if setting.keys else setting.name.lower()
                        yield f"{name}[{number}]", self._path(text)

    def programs(self) -> Iterator[Path]:
        """Yield the programs of this machine that the settings have Ansible run: ssh's own, and what gives passwords.

        A file with a password that is no program is left out: a password may be renewed at any time.
        """
        for tool in ("ssh", "scp", "sftp"):
            key = f"{tool}_executable"
            text = self._environment.get(f"ANSIBLE_{key.upper()}") or self.get("ssh_connection", key)
            if text:
                yield Path(text)
        identities = self._environment.get("ANSIBLE_VAULT_IDENTITY_LIST") or self.get("defaults", "vault_identity_list")
        given = [one.strip().rpartition("@")[2] for one in (identities or "").split(",")]
        for setting in path_settings():
            if setting.name in _PASSWORDS:
                given.append(self._value(setting))
        for path in (self._path(text) for text in given if text):
            if path.is_file() and path.stat().st_mode & 0o111:
                yield path

    def _value(self, setting: Setting) -> str:
        for name in setting.environment:
            if name in self._environment:
                return self._environment[name]
        for section, key in setting.keys:
            value = self.get(section, key)
            if value is not None:
                return value
        return setting.default

    def _path(self, text: str) -> Path:
        home = self._environment.get("HOME", "/nonexistent")
        ansible_home = self._environment.get("ANSIBLE_HOME") or self.get("defaults", "home") or "~/.ansible"
        text = text.replace("{{ANSIBLE_HOME}}", ansible_home)
        text = home + text[1:] if text == "~" or text.startswith("~/") else text
        base = Path("/") if self.file is None else self.file.parent
        return base / text

    def _absolute(self, value: str, kind: str) -> str:
        if self.file is None or kind not in _PATH_TYPES:
            return value
        parting = {"pathspec": ":", "pathlist": ","}.get(kind)
        parts = [value] if parting is None else value.split(parting)
        base = self.file.parent
        absolute = [part if not part or part.startswith(("/", "~", "$", "{{")) else str(base / part) for part in parts]
        return absolute[0] if parting is None else parting.join(absolute)


@lru_cache(maxsize=1)
def path_settings() -> tuple[Setting, ...]:
    """Ansible's settings that are paths, as the installed Ansible itself lists them (`ansible/config/base.yml`)."""
    spec = importlib.util.find_spec("ansible")
    if spec is None or spec.origin is None:
        return ()
    text = (Path(spec.origin).parent / "config" / "base.yml").read_bytes()
    # In C where there is one: the file has thousands of lines.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    listed: dict[str, dict[str, Any]] = loader.get_single_data()
    return tuple(_setting(name, entry) for name, entry in listed.items() if entry.get("type") in _PATH_TYPES)


def _setting(name: str, entry: Mapping[str, Any]) -> Setting:
    default = entry.get("default")
    text = default if isinstance(default, str) else ""
    # `{{ ANSIBLE_HOME ~ "/plugins/action:/usr/share/ansible/plugins/action" }}` is the one form of template there.
    if text.startswith("{{ ANSIBLE_HOME ~ "):
        text = "{{ANSIBLE_HOME}}" + text.removeprefix('{{ ANSIBLE_HOME ~ "').removesuffix('" }}')
    return Setting(
        name=name,
        environment=tuple(one["name"] for one in entry.get("env") or ()),
        keys=tuple((one["section"], one["key"]) for one in entry.get("ini") or ()),
        kind=str(entry["type"]),
        default=text,
    )


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _parsed(text: bytes) -> configparser.RawConfigParser | None:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    try:
        parser.read_string(text.decode("utf-8"))
    except (UnicodeDecodeError, configparser.Error):
        return None
    return parser
