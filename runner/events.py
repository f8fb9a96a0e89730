"""ansible-runner's raw events, read: what happened, to which host, in which task. Nothing here is redacted yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from core.runs import HostResult

Event = Mapping[str, Any]
Data = Mapping[str, Any]
"""The `event_data` of an event."""

_CHECK_MODE = "ansible_check_mode"
_NO_FAULT_OF_ITS_OWN = ("All items completed", "One or more items failed")
_EXIT_CODE = "non-zero return code"
_ERROR_LINES = ("[ERROR]:", "ERROR!", "ERROR:")
_NOT_SAID = frozenset({"changed", "failed", "skipped", "item", "ansible_loop_var", "invocation"})
"""What the result of a `debug` task holds beside its message."""


class Happening(NamedTuple):
    """One thing worth telling. `text` is raw: a string, or JSON-like data to be shown; `diff` is a module's `diff`."""

    kind: str
    host: str | None
    task: str | None
    text: Any = None
    diff: Any = None


def read_event(event: Event) -> tuple[Happening, ...]:
    """What *event* tells of, in order; empty for the many events that say nothing to people."""
    reader = _READERS.get(str(event.get("event")))
    return reader(_data(event)) if reader else ()


def message_of(result: Mapping[str, Any]) -> str:
    """Why a task failed, in its module's own words; for a loop, those of the first item that failed."""
    message = str(result.get("msg") or "").strip()
    if not message or message in _NO_FAULT_OF_ITS_OWN:
        items = [item for item in result.get("results") or () if isinstance(item, Mapping)]
        failed = [item for item in items if item.get("failed") or item.get("unreachable")]
        if failed:
            return message_of(failed[0])
    said = _last_line(result, "stderr", "module_stderr", "stdout", "module_stdout")
    if message == _EXIT_CODE and "rc" in result:
        message = f"exit status {result['rc']}"
    if said and said not in message and (not message or "rc" in result or "module_stderr" in result):
        return f"{message}: {said}" if message else said
    return message or "no reason was given"


def results_of(event: Event) -> dict[str, HostResult] | None:
    """What Ansible counted for each host, if *event* is its final account; else None."""
    if event.get("event") != "playbook_on_stats":
        return None
    data = _data(event)
    names = {"ok": "ok", "changed": "changed", "failed": "failures", "unreachable": "dark", "skipped": "skipped"}
    hosts = {host for name in ("processed", *names.values()) for host in data.get(name) or {}}
    return {
        host: HostResult(**{field: int((data.get(name) or {}).get(host, 0)) for field, name in names.items()})
        for host in sorted(hosts)
    }


def error_of(event: Event) -> str | None:
    """Ansible's own error (no inventory, no such module, a syntax error), if *event* tells of one."""
    text = str(event.get("stdout") or "").strip()
    if event.get("event") == "error" or (event.get("event") == "verbose" and text.startswith(_ERROR_LINES)):
        first = text.splitlines()[0] if text else ""
        for mark in _ERROR_LINES:
            first = first.removeprefix(mark)
        return first.strip() or None
    return None


def is_unforeseen(event: Event) -> bool:
    """True if check mode skipped the task, so that what it would have done can't be foreseen.

    A task whose own condition was false is foreseen: it would do nothing. Ansible leaves the reason out of the event of
    a skipped task, but shows it (with `-v`) in the text beside it.
    """
    if event.get("event") == "runner_item_on_skipped":
        return _skipped_by_check_mode(_result(_data(event)))
    if event.get("event") != "runner_on_skipped":
        return False
    shown = str(event.get("stdout") or "").partition(" => ")[2]
    try:
        result = json.loads(shown)
    except ValueError:
        return True
    return not isinstance(result, dict) or _skipped_by_check_mode(result)


def _skipped_by_check_mode(result: Mapping[str, Any]) -> bool:
    if "false_condition" in result:
        return _CHECK_MODE in str(result["false_condition"])
    return "skipped_reason" not in result and result.get("msg") != "All items skipped"


def _happening(data: Data, kind: str, text: Any = None, diff: Any = None) -> tuple[Happening, ...]:
    return (Happening(kind, data.get("host"), data.get("task"), text, diff),)


def _ok(data: Data) -> tuple[Happening, ...]:
    return _debug(data) + _diff(data) + _happening(data, "changed" if _result(data).get("changed") else "ok")


def _failed(data: Data) -> tuple[Happening, ...]:
    text = message_of(_result(data))
    if data.get("ignore_errors"):
        return _happening(data, "progress", f"failed, which the remedy ignores: {text}")
    return _happening(data, "failed", text)


def _item_failed(data: Data) -> tuple[Happening, ...]:
    return _happening(data, "progress", f"an item failed: {message_of(_result(data))}")


def _retry(data: Data) -> tuple[Happening, ...]:
    result = _result(data)
    text = f"try {result.get('attempts', '?')} of {result.get('retries', '?')}: {message_of(result)}"
    return _happening(data, "progress", text)


def _diff(data: Data) -> tuple[Happening, ...]:
    """What a task changed. The result is read, not Ansible's event of a diff: only it says where a new file goes."""
    result = _result(data)
    diff = result.get("diff")
    if not diff:
        return ()
    place = _place_of(result)
    parts = diff if isinstance(diff, list) else [diff]
    return _happening(data, "progress", diff=[_with_place(part, place) for part in parts if isinstance(part, Mapping)])


def _place_of(result: Mapping[str, Any]) -> str | None:
    """Where on the host a module worked, in its own words."""
    invocation = result.get("invocation")
    given = invocation.get("module_args") if isinstance(invocation, Mapping) else None
    for said in (result, given, invocation):
        if isinstance(said, Mapping):
            for name in ("dest", "path", "name"):
                if isinstance(said.get(name), str) and said[name]:
                    return str(said[name])
    return None


def _with_place(part: Mapping[str, Any], place: str | None) -> Mapping[str, Any]:
    return part if place is None or part.get("before_header") else {**part, "before_header": place}


def _debug(data: Data) -> tuple[Happening, ...]:
    """What a `debug` task says."""
    result = _result(data)
    if str(data.get("task_action") or "").rpartition(".")[2] != "debug" or "results" in result:
        return ()
    said = {key: value for key, value in result.items() if not key.startswith("_") and key not in _NOT_SAID}
    if not said:
        return ()
    return _happening(data, "progress", said["msg"] if set(said) == {"msg"} else said)


def _last_line(result: Mapping[str, Any], *names: str) -> str:
    for name in names:
        lines = str(result.get(name) or "").strip().splitlines()
        if lines:
            return lines[-1].strip()
    return ""


def _data(event: Event) -> Data:
    data = event.get("event_data")
    return data if isinstance(data, Mapping) else {}


def _result(data: Data) -> Mapping[str, Any]:
    result = data.get("res")
    return result if isinstance(result, Mapping) else {}


_READERS: dict[str, Callable[[Data], tuple[Happening, ...]]] = {
    "playbook_on_task_start": lambda data: _happening(data, "task"),
    "runner_on_ok": _ok,
    "runner_item_on_ok": lambda data: _debug(data) + _diff(data),
    "runner_on_failed": _failed,
    "runner_item_on_failed": _item_failed,
    "runner_on_unreachable": lambda data: _happening(data, "unreachable", message_of(_result(data))),
    "runner_on_skipped": lambda data: _happening(data, "skipped"),
    "runner_retry": _retry,
}
