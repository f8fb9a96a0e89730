"""Which hosts a lab has, and what runs on each of them: `lab/layout.yml`, read strictly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from core.errors import BadInput
from core.model import Model, Name
from core.yaml_files import YamlFile

HERE = Path(__file__).resolve().parent
EVERY = "all"
"""The group of every host."""

LabHostName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,14}$")]


class Service(Model):
    """What a host runs; `lab/services/<name>.sh` sets it up."""

    groups: tuple[Name, ...] = Field(min_length=1)
    needs: tuple[Name, ...] = ()
    """Groups that must have a host in this lab; without one, the service is left out."""
    starts: bool = False
    """The script also has something to do once the host is up (`start`)."""


class HostPlan(Model):
    """One host: its name, its group, and its services in the order in which they are set up."""

    name: LabHostName
    group: Name
    services: tuple[str, ...] = ()


class Layout(Model):
    """`lab/layout.yml`."""

    hosts: dict[LabHostName, Name] = Field(min_length=1)
    services: dict[Name, Service]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group that a host may be in, `all` left out."""
        return tuple(dict.fromkeys(self.hosts.values()))

    def choose(self, wanted: Sequence[str] = ()) -> tuple[HostPlan, ...]:
        """The hosts of a lab: *wanted*, or all. `web7` is a host of the group `web` too. Raises BadInput."""
        names = list(dict.fromkeys(wanted or self.hosts))
        groups = {name: self._group_of(name) for name in names}
        there = set(groups.values())
        return tuple(
            HostPlan(name=name, group=group, services=self._services_of(group, there)) for name, group in groups.items()
        )

    def _group_of(self, name: str) -> str:
        if name in self.hosts:
            return self.hosts[name]
        match = re.fullmatch(r"([a-z]+)([0-9]{1,3})", name)
        if match and match[1] in self.groups:
            return match[1]
        like = ", ".join(f"{group}1" for group in self.groups)
        raise BadInput(f"no host {name!r} is planned for a lab; there are {', '.join(self.hosts)}, or more of {like}")

    def _services_of(self, group: str, there: set[str]) -> tuple[str, ...]:
        return tuple(
            name
            for name, service in self.services.items()
            if {EVERY, group} & set(service.groups) and set(service.needs) <= there
        )


def read_layout(folder: Path = HERE) -> Layout:
    """Read `layout.yml` in *folder*. Raises BadInput: file, line, key; also for a service without a script."""
    file = YamlFile.read(folder / "layout.yml")
    layout = file.as_model(Layout)
    known = {EVERY, *layout.groups}
    for name, service in layout.services.items():
        if not (folder / "services" / f"{name}.sh").is_file():
            raise file.error(f"there is no {folder.name}/services/{name}.sh", "services", name)
        for key, groups in (("groups", service.groups), ("needs", service.needs)):
            for place, group in enumerate(groups):
                if group not in known:
                    problem = f"unknown group {group!r}; allowed here: {', '.join(sorted(known))}"
                    raise file.error(problem, "services", name, key, place)
    return layout
