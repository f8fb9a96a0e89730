"""Is a fleet ready? What `fleetmend fleets check` finds, in typed form.

This room knows files and inventories. Reaching the hosts takes Ansible, so that half is split: `readiness_programs`
says what to run on each host, somebody runs it, and `connection_findings` reads the answers.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from core.errors import BadInput
from core.fleets import Fleet, Host
from core.importance import MOST, ORDINARY, VARIABLE, read_importance
from core.model import Model
from core.samples import Reading
from fleets.check_file import check_names
from fleets.source import FleetSource

OLDEST_PYTHON = (3, 8)
"""The oldest Python that modules of ansible-core 2.19 run on."""

READINESS_PROGRAM = """\
printf 'uid=%s\\n' "$(id -u)"
for python in {interpreter} python3 /usr/bin/python3 /usr/libexec/platform-python; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    printf 'python=%s\\n' "$version"
    break
done
"""
"""POSIX sh. It runs as modules do: with become, where the host's variables ask for it."""

_FACT = re.compile(r"^(uid|python)=([0-9.]+)\s*$", re.MULTILINE)


class Level(StrEnum):
    """Whether a finding stands in the way."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(Model):
    """One thing that was checked: `what` names it (`inventory`, `host web1`), `detail` says how it stands."""

    level: Level
    what: str
    detail: str


def file_findings(
    source: FleetSource, name: str, *, symptoms: Collection[str], remedies: Collection[str], probes: Collection[str]
) -> tuple[Finding, ...]:
    """Check that the fleet's file parses, that its names exist, and that its inventory resolves. Raises NotFound."""
    findings = []
    try:
        file, yaml = source.file_with_lines(name)
        check_names(yaml, file, symptoms=symptoms, remedies=remedies, probes=probes)
    except BadInput as problem:
        return (Finding(level=Level.ERROR, what="fleet.yml", detail=str(problem)),)
    findings.append(Finding(level=Level.OK, what="fleet.yml", detail=f"mode {file.mode}, {len(file.sweeps)} sweeps"))
    if not file.enabled:
        findings.append(
            Finding(level=Level.WARNING, what="fleet.yml", detail="enabled is false, so nothing watches it")
        )
    elif not file.sweeps:
        findings.append(
            Finding(level=Level.WARNING, what="fleet.yml", detail="it has no sweeps, so nothing is detected")
        )
    try:
        fleet = source.get(name)
    except BadInput as problem:
        return (*findings, Finding(level=Level.ERROR, what="inventory", detail=str(problem)))
    groups = {group for host in fleet.hosts for group in host.groups} - {"all", "ungrouped"}
    detail = f"{len(fleet.hosts)} hosts in {len(groups)} groups"
    return (*findings, Finding(level=Level.OK, what="inventory", detail=detail), *_importance_findings(fleet))


def _importance_findings(fleet: Fleet) -> Iterator[Finding]:
    for host in fleet.hosts:
        said = host.variables.get(VARIABLE)
        if said is not None and read_importance(said) is None:
            detail = f"{VARIABLE} is no whole number from 0 to {MOST}, so it counts as {ORDINARY}"
            yield Finding(level=Level.WARNING, what=f"host {host.name}", detail=detail)


def readiness_programs(fleet: Fleet) -> dict[str, str]:
    """The command for each host (host name -> POSIX sh), for a Prober to run."""
    return {host.name: READINESS_PROGRAM.format(interpreter=shlex.quote(_interpreter(host))) for host in fleet.hosts}


def connection_findings(fleet: Fleet, readings: Mapping[str, Reading]) -> tuple[Finding, ...]:
    """Read what the programs printed: one finding a host, the worst of what there is to say about it."""
    return tuple(_finding(host, readings.get(host.name)) for host in fleet.hosts)


def _interpreter(host: Host) -> str:
    given = str(host.variables.get("ansible_python_interpreter") or "python3")
    return "python3" if given.startswith("auto") else given


def _finding(host: Host, reading: Reading | None) -> Finding:
    facts = dict(_FACT.findall(reading.output)) if reading is not None else {}
    problem = _obstacle(host, reading, facts)
    if problem is not None:
        return Finding(level=Level.ERROR, what=f"host {host.name}", detail=problem)
    as_whom = "root" if facts["uid"] == "0" else f"uid {facts['uid']}"
    level, detail = Level.OK, f"reached as {as_whom}, Python {facts['python']}"
    if facts["uid"] != "0" and not _becomes(host) and host.variables.get("ansible_connection") != "local":
        level, detail = Level.WARNING, f"{detail}; remedies that need root want `ansible_become: true`"
    return Finding(level=level, what=f"host {host.name}", detail=detail)


def _obstacle(host: Host, reading: Reading | None, facts: Mapping[str, str]) -> str | None:
    """What keeps remedies from working on *host* at all, or None."""
    if reading is None or not reading.reachable:
        return f"can't be reached: {(reading and reading.problem) or 'no answer'}"
    if reading.problem is not None or "uid" not in facts:
        return f"reached, but a command can't be run: {reading.problem or 'it printed nothing'}"
    if _becomes(host) and facts["uid"] != "0" and host.variables.get("ansible_become_user", "root") == "root":
        return f"ansible_become is set, but commands run as uid {facts['uid']}; check sudo"
    if "python" not in facts:
        return f"has no Python at {_interpreter(host)}; install python3 or set ansible_python_interpreter"
    if tuple(int(part) for part in facts["python"].split(".")) < OLDEST_PYTHON:
        return f"has Python {facts['python']}; Ansible's modules need 3.8 or later"
    return None


def _becomes(host: Host) -> bool:
    return str(host.variables.get("ansible_become", False)).lower() in ("true", "yes", "on", "1")
