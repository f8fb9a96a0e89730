"""Starting Ansible's own command-line programs on the controller, and saying in one line why one of them failed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from core.durations import format_duration
from core.errors import BadInput
from core.redaction import Redactor

_ERROR = re.compile(r"^\[ERROR\]: (.+)$|^ERROR! (.+)$", re.MULTILINE)
_CAUSE = re.compile(r"^\[WARNING\]: (Failed to parse inventory with .+)$", re.MULTILINE)
_LONGEST = 400


class ProgramFailed(BadInput):
    """An Ansible program ended with an error. The message holds its own words, redacted; nothing was changed."""


def run_program(
    name: str, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, timeout: timedelta
) -> str:
    """Run the Ansible program *name* in *folder*, with no input, and return what it printed.

    It is searched on the PATH of *environment*. Raises ProgramFailed if it is missing, takes longer than *timeout* (it
    is then ended with its children) or exits with an error.
    """
    program = shutil.which(name, path=environment.get("PATH"))
    if program is None:
        raise ProgramFailed(f"{name} is not installed beside Python, nor on PATH; run `make setup`")
    with subprocess.Popen(
        [program, *arguments],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=timeout.total_seconds())
        except subprocess.TimeoutExpired:
            raise ProgramFailed(f"{name} took longer than {format_duration(timeout)}", file=folder) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        raise ProgramFailed(f"{name} says: {why_it_failed(errors or output)}", file=folder)
    return output


def why_it_failed(text: str) -> str:
    """The one line of a failed program's *text* that says most, redacted."""
    errors = [first or second for first, second in _ERROR.findall(text)]
    lines = errors or [line for line in map(str.strip, text.splitlines()) if line]
    reason = lines[-1] if lines else "nothing"
    cause = _CAUSE.search(text)
    if cause is not None:
        reason = f"{reason} ({cause.group(1)})"
    reason = Redactor().text(reason)
    return reason if len(reason) <= _LONGEST else reason[: _LONGEST - 1] + "…"
