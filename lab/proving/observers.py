"""The outside observer: an HTTP request from another host, or a command over plain SSH. Never fleetmend's probes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from lab.lab import Lab
from lab.proving.scenario import Check, HttpCheck, SshCheck
from lab.ssh import NO_CONNECTION, Said

_ASK = Path(__file__).parent / "on_host" / "http_get.py"
_SECONDS = 10
_LIMIT = 30
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SHOWN = 120


def look(lab: Lab, check: Check) -> str | None:
    """Ask once. None if *check* holds, else in words what was seen instead."""
    if check.http is not None:
        return _http(lab, check.http)
    return None if check.ssh is None else _ssh(lab, check.ssh)


def _ssh(lab: Lab, check: SshCheck) -> str | None:
    problem = judge_ssh(check, lab.ssh(check.host, check.run, sudo=check.root, timeout=_LIMIT))
    return None if problem is None else f"{' '.join(check.run)} on {check.host}: {problem}"


def _http(lab: Lab, check: HttpCheck) -> str | None:
    name = urlsplit(check.url).hostname or ""
    address = next((host.address for host in lab.hosts if host.name == name), name)
    command = ["python3", "-I", "-", check.url, address, str(_SECONDS)]
    program = _ASK.read_text(encoding="utf-8")
    said = lab.ssh(check.from_, command, sudo=False, stdin=program, timeout=_LIMIT)
    problem = judge_http(check, said)
    return None if problem is None else f"{check.url} from {check.from_}: {problem}"


def judge_http(check: HttpCheck, said: Said) -> str | None:
    """What speaks against *check* in the answer of the host that asked."""
    try:
        answer = json.loads(said.out)
    except ValueError:
        return f"{check.from_} could not ask: {_short(said.err or said.out)}"
    if answer.get("error"):
        return f"no answer ({_short(answer['error'])})"
    if answer["status"] != check.status:
        return f"status {answer['status']}, and not {check.status}"
    if check.body is not None and not re.search(check.body, answer["body"], re.MULTILINE):
        return f"nothing like {check.body!r} in {_short(answer['body'])!r}"
    return None


def judge_ssh(check: SshCheck, said: Said) -> str | None:
    """What speaks against *check* in what a command came to."""
    if said.code == NO_CONNECTION and check.exit != NO_CONNECTION:
        return f"no SSH connection: {_short(said.err)}"
    if said.code != check.exit:
        return f"exit status {said.code}, and not {check.exit}: {_short(said.err or said.out)}"
    if check.stdout is not None and not re.search(check.stdout, said.out, re.MULTILINE):
        return f"nothing like {check.stdout!r} in {_short(said.out)!r}"
    return _number(check, said.out)


def _number(check: SshCheck, out: str) -> str | None:
    if check.at_least is None and check.at_most is None:
        return None
    found = _NUMBER.search(out)
    if found is None:
        return f"no number in {_short(out)!r}"
    number = float(found.group())
    if check.at_least is not None and number < check.at_least:
        return f"{number:g} is below {check.at_least:g}"
    if check.at_most is not None and number > check.at_most:
        return f"{number:g} is above {check.at_most:g}"
    return None


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "…"
