"""An inventory, resolved: hosts with their variables as Ansible sees them, and the values that must stay secret.

Ansible does the work (`ansible-inventory`, and `ansible-playbook` and `ansible-vault` only where something needs them);
nothing connects to a host, so that a fleet resolves while its hosts are down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.fleets import FleetFile, Host
from core.no_templates import UNSAFE, as_no_template
from core.redaction import SECRET_NAME, Redactor
from fleets.inputs import depends_on_files_alone, is_quiet
from fleets.listing import ListedHost, read_listing
from fleets.programs import run_program
from fleets.rendering import Rendered, Wanted, has_template, has_vault, render
from fleets.secrets import secret_values, vaulted_files, vaulted_variables
from fleets.sources import inventory_sources

_NEEDED = frozenset(
    {
        "ansible_host",
        "ansible_port",
        "ansible_user",
        "ansible_connection",
        "ansible_python_interpreter",
        "ansible_become",
    }
)
"""Beside `fleetmend_*`: without these fleetmend can't tell how a host is reached, so that they must evaluate."""


@dataclass(frozen=True)
class Resolved:
    """The hosts of a fleet, in inventory order, and its secrets."""

    hosts: tuple[Host, ...]
    secrets: frozenset[str] = field(repr=False)
    from_files_alone: bool = False
    """True if Ansible would answer the same again while the files are the same."""


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Resolves the inventory of one fleet. *environment* is the whole environment of the Ansible processes."""

    folder: Path
    file: FleetFile
    environment: Mapping[str, str]
    timeout: timedelta

    def resolve(self) -> Resolved:
        """Return hosts and secrets. Raises BadInput if Ansible can't read the inventory, or it holds no usable host."""
        folder = self.folder
        sources = inventory_sources(folder, self.file)
        if not sources:
            raise BadInput("the fleet has no inventory, so it resolves to no host; add a hosts.yml", file=folder)
        listed = read_listing(self._run("ansible-inventory", *_as_options(sources), "--list"), folder)
        vaulted, texts = vaulted_variables(vaulted_files(sources), self._view)
        wanted = _wanted(listed, vaulted)
        environment = self._environment()
        rendered = render(wanted, sources=sources, environment=environment, folder=folder, timeout=self.timeout)
        secrets = texts | _secrets(listed, vaulted, rendered)
        hosts = tuple(_host(one, rendered, Redactor(secrets), folder) for one in listed)
        values = (value for one in listed for value in one.variables.values())
        return Resolved(hosts, secrets, depends_on_files_alone(sources, environment, values))

    def _run(self, program: str, *arguments: str) -> str:
        environment = self._environment()
        return run_program(program, arguments, environment=environment, folder=self.folder, timeout=self.timeout)

    def _view(self, path: Path) -> str:
        return self._run("ansible-vault", "view", str(path))

    def _environment(self) -> dict[str, str]:
        # A source that can't be read must not silently mean fewer hosts.
        return {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **self.environment}


def _as_options(sources: Sequence[Path]) -> list[str]:
    return [argument for source in sources for argument in ("-i", str(source))]


def _is_ours(name: str) -> bool:
    return name.startswith("fleetmend_") or name in _NEEDED


def _is_secret(name: str, vaulted: frozenset[str]) -> bool:
    return name in vaulted or SECRET_NAME.search(name) is not None


def _wanted(listed: Sequence[ListedHost], vaulted: frozenset[str]) -> list[Wanted]:
    """What has to be evaluated: our own variables and Ansible's with Jinja, and all that is vaulted or secret."""
    wanted: list[Wanted] = []
    seen: set[tuple[str, str]] = set()
    for host in listed:
        for name, value in host.variables.items():
            template, vault = has_template(value), has_vault(value)
            if not name.isidentifier() or not (template or vault):
                continue
            shown = _is_ours(name) or name.startswith("ansible_")
            # What looks elsewhere is evaluated now, whoever reads it: its value is what an approval has to bind.
            elsewhere = not is_quiet(value)
            if not (shown or vault or elsewhere or _is_secret(name, vaulted) or _nested_secret(value)):
                continue
            if not template and not shown:
                # The same vaulted text is the same on every host: once is enough.
                key = (name, json.dumps(value, sort_keys=True))
                if key in seen:
                    continue
                seen.add(key)
            wanted.append(Wanted(host.name, name))
    return wanted


def _nested_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(SECRET_NAME.search(str(key)) or _nested_secret(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_nested_secret, value))


def _secrets(listed: Sequence[ListedHost], vaulted: frozenset[str], rendered: Rendered) -> frozenset[str]:
    found: set[str] = set()
    for host in listed:
        for name, raw in host.variables.items():
            value = rendered.values.get(Wanted(host.name, name), raw)
            found.update(secret_values(raw, value, secret=_is_secret(name, vaulted)))
    return frozenset(found)


def _host(listed: ListedHost, rendered: Rendered, redactor: Redactor, folder: Path) -> Host:
    variables = {name: _plain(value) for name, value in listed.variables.items()}
    given = {name: value for name, value in listed.variables.items() if variables[name] is not value}
    for name, raw in listed.variables.items():
        one = Wanted(listed.name, name)
        if _is_ours(name) and one in rendered.problems:
            problem = redactor.text(f"host {listed.name}: it can't be evaluated: {rendered.problems[one]}")
            raise BadInput(problem, file=folder, key=name)
        # Passwords and the like stay as they stand in the inventory: vaulted, or as Jinja.
        public = _is_ours(name) or (name.startswith("ansible_") and not SECRET_NAME.search(name))
        bound = not public and not SECRET_NAME.search(name)  # passwords may be renewed at any time
        if bound and one in rendered.values and not is_quiet(raw) and not has_vault(raw):
            given[name] = as_no_template(rendered.values[one])
        if public and one in rendered.values:
            variables[name] = rendered.values[one]
            # Ansible gets what it was evaluated to, as text that is no template; what is vaulted stays vaulted.
            given[name] = raw if has_vault(raw) else as_no_template(rendered.values[one])
    return Host(name=listed.name, groups=listed.groups, variables=variables, given=given)


def _plain(value: Any) -> Any:
    """*value* as listed, less the marks of text that is no template; the same object where there is none."""
    if isinstance(value, dict):
        if set(value) == {UNSAFE}:
            return value[UNSAFE]
        plain = {key: _plain(item) for key, item in value.items()}
        return value if all(plain[key] is value[key] for key in value) else plain
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value
