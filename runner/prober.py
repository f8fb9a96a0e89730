"""The prober: one read-only program per host, over all of them in one Ansible call (the `Prober` port).

Reads only. Thresholds, probes and what their output means live in `monitor/`; this room carries programs out and
answers home, and says of every host whether it answered at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.durations import format_duration
from core.fleets import Fleet
from core.ids import new_id
from core.redaction import Redactor
from core.samples import Reading
from core.settings import Settings
from fleets.freezer import Freezer
from runner.events import Event, error_of, message_of
from runner.job import prepare_job, project_of, whole_seconds
from runner.launch import End, Ending, launch
from runner.private_folder import LOOKS, folder_of, private_folder
from runner.processes import end_strays
from runner.words import one_line, redactor_of

_OUTPUT = 1_000_000
"""Characters of output kept for each host."""
_SHARE_OF_A_HOST = 0.5
"""Part of the sweep's time limit that one host may take, so that hosts behind a hanging one still get their turn."""
_CONNECT = 10
"""Most seconds for a connection to open: Ansible's own default."""


class AnsibleProber:
    """Sends probe programs through ansible-playbook. Safe to use from many threads at once."""

    def __init__(self, settings: Settings, freezer: Freezer) -> None:
        self._settings, self._freezer = settings, freezer

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        """Run *programs* (host name -> shell program); the answer has a Reading for every host asked for.

        A host that could not be reached, or gave no answer within `probe_timeout`, has `reachable` False and a one-line
        `problem`; one whose program failed has `reachable` True, a `problem`, and what was printed.
        """
        hosts = tuple(sorted(set(programs) & set(fleet.host_names)))
        readings = {host: _silent(host, f"it is no host of fleet {fleet.name}") for host in programs}
        if not hosts:
            return readings
        frozen, unsafe = self._freezer.freeze_connections(fleet, hosts)
        readings |= {host: _silent(host, why) for host, why in unsafe.items() if host in programs}
        hosts = tuple(host for host in hosts if host not in unsafe)
        if not hosts:
            return readings
        limit = self._settings.probe_timeout
        look_id = new_id("look")
        answers = _Answers(redactor_of(fleet))
        with private_folder(folder_of(self._settings.state, LOOKS, look_id)) as folder:
            playbook = project_of(folder) / "probe.yml"
            playbook.parent.mkdir(mode=0o700)
            per_host = whole_seconds(limit.total_seconds() * _SHARE_OF_A_HOST)
            playbook.write_text(json.dumps(_playbook(per_host)), encoding="utf-8")
            job = prepare_job(
                self._settings,
                frozen,
                run_id=look_id,
                folder=folder,
                playbook=playbook,
                hosts=hosts,
                variables={"fleetmend_programs": {host: programs[host] for host in hosts}},
                timeout=limit.total_seconds(),
                more_environment={
                    # A terminal would mix errors into the output. The connection has to give up before the task does,
                    # or an unreachable host could not be told from a program that hangs.
                    "ANSIBLE_SSH_USETTY": "false",
                    "ANSIBLE_TIMEOUT": str(max(1, min(_CONNECT, per_host - 2))),
                },
            )
            try:
                ending = launch(job, on_event=answers.add)
            finally:
                end_strays(look_id)
        silence = answers.error or _why_silent(ending, limit)
        return readings | {host: answers.readings.get(host) or _silent(host, silence) for host in hosts}


def _playbook(seconds: int) -> list[dict[str, Any]]:
    task = {
        "name": "Run the probes of this host",
        "ansible.builtin.raw": "{{ fleetmend_programs[inventory_hostname] }}",
        "args": {"executable": "/bin/sh"},
        "changed_when": False,
        "timeout": seconds,
    }
    play = {"name": "Probe", "hosts": "all", "gather_facts": False, "ignore_unreachable": True, "tasks": [task]}
    return [play | {"any_errors_fatal": False, "strategy": "ansible.builtin.linear"}]


class _Answers:
    """Readings by host, as the events come in."""

    def __init__(self, redactor: Redactor) -> None:
        self.readings: dict[str, Reading] = {}
        self.error: str | None = None
        """Ansible's own first error: why there may be no answer from any host."""
        self._redactor = redactor

    def add(self, event: Event) -> None:
        """Take in one raw event."""
        data = event.get("event_data") or {}
        host, result = str(data.get("host")), data.get("res") or {}
        match event.get("event"):
            case "runner_on_ok" if "stdout" in result:
                self._put(host, result, None)
            case "runner_on_ok":
                self._put(host, result, f"the answer is too large; a probe may print {_OUTPUT} characters")
            case "runner_on_failed":
                self._put(host, result, one_line(self._redactor, message_of(result)))
            case "runner_on_unreachable":
                problem = one_line(self._redactor, message_of(result))
                self.readings[host] = Reading(host=host, reachable=False, problem=problem)
            case _:
                error = error_of(event)
                if error is not None and self.error is None:
                    self.error = one_line(self._redactor, error)

    def _put(self, host: str, result: Mapping[str, Any], problem: str | None) -> None:
        output = str(result.get("stdout") or "").replace("\r\n", "\n")
        if len(output) > _OUTPUT:
            output, problem = output[:_OUTPUT], problem or f"the answer was cut at {_OUTPUT} characters"
        self.readings[host] = Reading(host=host, reachable=True, output=output, problem=problem)


def _why_silent(ending: Ending, limit: timedelta) -> str:
    if ending.end is End.EXITED and ending.code:
        return f"Ansible ended before it asked any host (exit status {ending.code}); run `fleetmend fleets check`"
    return f"no answer within {format_duration(limit)}"


def _silent(host: str, why: str) -> Reading:
    return Reading(host=host, reachable=False, problem=why)
