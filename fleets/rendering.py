"""Variables with Jinja or vaulted values, evaluated by Ansible itself: on the controller, without touching a host.

One `ansible-playbook` run serves all of them. It asks for everything at once, and only if something in it fails, for
each value by itself, so that a broken one can be named and does not take the others with it. The values travel encoded
in the task's message, because that is the one part of Ansible's output that no setting changes.
"""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from fleets.programs import run_program

_VALUES = re.compile(r"FLEETMEND<([A-Za-z0-9+/=]*)>")
_FAILED = re.compile(r"^failed: \[[^\]]+\] \(item=(\d+)\) => (\{.*)$", re.MULTILINE)
_MESSAGE = (
    "FLEETMEND<{% set found = [] %}{% for host, name in item %}"
    "{% set _ = found.append([host, name, hostvars[host][name]]) %}{% endfor %}{{ found | to_json | b64encode }}>"
)
_QUIET = {
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default",
    "ANSIBLE_DISPLAY_FAILED_STDERR": "false",
    "ANSIBLE_STRATEGY": "ansible.builtin.linear",
}
"""A user's own callbacks would report this as a run, and other settings would change what is read here."""


class Wanted(NamedTuple):
    """One variable of one host."""

    host: str
    name: str


@dataclass
class Rendered:
    """What came of it: the values, and for those that failed, why (not redacted)."""

    values: dict[Wanted, Any] = field(default_factory=dict)
    problems: dict[Wanted, str] = field(default_factory=dict)


def has_template(value: object) -> bool:
    """True if *value* holds Jinja anywhere."""
    if isinstance(value, Mapping):
        return any(has_template(item) for item in (*value.keys(), *value.values()))
    if isinstance(value, list):
        return any(map(has_template, value))
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def has_vault(value: object) -> bool:
    """True if *value* holds a vaulted value anywhere, as `ansible-inventory` prints it."""
    if isinstance(value, Mapping):
        return "__ansible_vault" in value or any(map(has_vault, value.values()))
    return isinstance(value, list) and any(map(has_vault, value))


def render(
    wanted: Sequence[Wanted],
    *,
    sources: Sequence[Path],
    environment: Mapping[str, str],
    folder: Path,
    timeout: timedelta,
) -> Rendered:
    """Evaluate *wanted* against the inventory *sources*. Raises ProgramFailed if Ansible itself can't run."""

    def attempt(batches: Sequence[Sequence[Wanted]]) -> Rendered:
        with tempfile.TemporaryDirectory(prefix="fleetmend-") as private:
            playbook = Path(private) / "render.json"
            playbook.write_text(json.dumps(_playbook(batches)), encoding="utf-8")
            inventory = [argument for source in sources for argument in ("-i", str(source))]
            output = run_program(
                "ansible-playbook",
                [*inventory, str(playbook)],
                environment={**environment, **_QUIET},
                folder=folder,
                timeout=timeout,
            )
        return _read(output, batches)

    if not wanted:
        return Rendered()
    together = attempt([list(wanted)])
    return attempt([[one] for one in wanted]) if together.problems else together


def _playbook(batches: Sequence[Sequence[Wanted]]) -> list[dict[str, Any]]:
    task = {
        "name": "Evaluate inventory variables",
        "ansible.builtin.debug": {"msg": _MESSAGE},
        "loop": [[list(one) for one in batch] for batch in batches],
        "loop_control": {"index_var": "fleetmend_batch", "label": "{{ fleetmend_batch }}"},
        "ignore_errors": True,
    }
    return [{"name": "Evaluate", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]


def _read(output: str, batches: Sequence[Sequence[Wanted]]) -> Rendered:
    result = Rendered()
    for encoded in _VALUES.findall(output):
        for host, name, value in json.loads(base64.b64decode(encoded)):
            result.values[Wanted(host, name)] = value
    for number, text in _FAILED.findall(output):
        for one in batches[int(number)]:
            result.problems[one] = _reason(text)
    for batch in batches:
        for one in batch:
            if one not in result.values:
                result.problems.setdefault(one, "Ansible gave no value for it")
    return result


def _reason(text: str) -> str:
    try:
        message = str(json.loads(text).get("msg", text))
    except json.JSONDecodeError:
        message = text
    return message.rpartition("Error while resolving value for 'msg': ")[2].partition("\n")[0]
