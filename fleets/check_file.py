"""Do the names in a `fleet.yml` exist? They are the catalog's, which this room does not know: it gets plain names."""

from __future__ import annotations

from collections.abc import Collection

from core.fleets import Fleet, FleetFile
from core.yaml_files import Loc, YamlFile


def check_names(
    yaml: YamlFile,
    file: FleetFile,
    *,
    symptoms: Collection[str],
    remedies: Collection[str],
    probes: Collection[str],
) -> None:
    """Check the names of symptoms, remedies and probes in *file*. Raises BadInput: file, line, key, what is allowed."""
    for number, sweep in enumerate(file.sweeps):
        for place, probe in enumerate(sweep.probes):
            _check(yaml, "probe", probe, probes, ("sweeps", number, "probes", place))
    for symptom in file.symptoms:
        _check(yaml, "symptom", symptom, symptoms, ("symptoms", symptom))
    for place, remedy in enumerate(file.policy.never):
        _check(yaml, "remedy", remedy, remedies, ("policy", "never", place))
    for remedy in file.modes.remedies:
        _check(yaml, "remedy", remedy, remedies, ("modes", "remedies", remedy))
    for name, schedule in file.schedules.items():
        _check(yaml, "remedy", schedule.remedy, remedies, ("schedules", name, "remedy"))


def check_hosts(yaml: YamlFile, fleet: Fleet) -> None:
    """Check the hosts and groups that the file names. Raises BadInput: a typo must not mean 'none'."""
    known = {*fleet.host_names, *(group for host in fleet.hosts for group in host.groups)}
    places: list[tuple[Loc, tuple[str, ...]]] = [
        *((("sweeps", number, "hosts"), sweep.hosts) for number, sweep in enumerate(fleet.file.sweeps)),
        *((("schedules", name, "hosts"), schedule.hosts) for name, schedule in fleet.file.schedules.items()),
    ]
    groups = [("budget", "group_at_once", group) for group in fleet.file.budget.group_at_once]
    groups += [("modes", "groups", group) for group in fleet.file.modes.groups]
    for *place_of, group in groups:
        if not any(group in host.groups for host in fleet.hosts):
            raise yaml.error(f"{group!r} is no group of this fleet", *place_of, group)
    for loc, names in places:
        for place, name in enumerate(names):
            if name not in known:
                raise yaml.error(f"{name!r} is neither a host nor a group of this fleet", *loc, place)


def _check(yaml: YamlFile, kind: str, name: str, known: Collection[str], loc: Loc) -> None:
    if name not in known:
        raise yaml.error(f"unknown {kind} {name!r}; allowed here: {', '.join(sorted(known)) or 'none'}", *loc)
