# Copyright: the fleetmend authors. Apache-2.0.
"""Stops one process, and can hit no other: it is held by a pidfd, then identified, and only then signalled.

A pid alone names whatever runs under it now. Here the start time and the command line must be those that were measured,
and the inventory must allow that command line to be stopped.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import select
import signal
import time
from pathlib import Path
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: process_signal
short_description: Stop a process that is exactly the one measured before
description:
  - Sends TERM, waits for C(grace) seconds, then sends KILL.
  - A process that is gone already (or is a zombie) is no change.
  - One that differs in any way is a failure, and gets no signal.
options:
  pid: {type: int, required: true, description: Process id.}
  started: {type: int, required: true, description: Field 22 of /proc/PID/stat (clock ticks since boot).}
  command_digest: {type: str, required: true, description: SHA-256 of the raw bytes of /proc/PID/cmdline.}
  match: {type: str, required: true, description: Regular expression that must be found in the command line.}
  protected: {type: list, elements: str, default: [], description: Expressions for what is never stopped.}
  grace: {type: int, default: 5, description: Seconds from 0 to 60 between TERM and KILL.}
"""

EXAMPLES = r"""
- name: Stop the runaway job
  process_signal:
    pid: 4711
    started: 123456
    command_digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    match: /srv/jobs/
"""

RETURN = r"""
outcome: {description: gone or terminated or killed., type: str, returned: success}
command: {description: The command line in at most 200 characters., type: str, returned: when the process was there}
"""

AFTER_KILL = 5.0  # seconds until a killed process must be gone
POLL = 0.05  # seconds between two looks, where there are no pidfds


class Refused(Exception):
    """The process must not be signalled; the message says why."""


class Identity(NamedTuple):
    """What tells a process from every other: pid, state, parent, start time in ticks, and raw command line."""

    pid: int
    state: str
    parent: int
    started: int
    cmdline: bytes

    @property
    def digest(self):
        return hashlib.sha256(self.cmdline).hexdigest()

    @property
    def command(self):
        return self.cmdline.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")

    @property
    def gone(self):
        return self.state in "ZXx"


def parse_identity(pid, stat_line, cmdline):
    """Read a line of /proc/PID/stat, from the last bracket on: the name before it may hold anything. Pure."""
    fields = stat_line.rpartition(b")")[2].split()
    return Identity(pid, fields[0].decode(), int(fields[1]), int(fields[19]), cmdline)


def identity_of(pid):
    """The identity of *pid*, or None if there is no such process to be seen."""
    try:
        # the command line first: a process that dies in between is then seen as dead, not as changed
        cmdline = Path(f"/proc/{pid}/cmdline").read_bytes()
        return parse_identity(pid, Path(f"/proc/{pid}/stat").read_bytes(), cmdline)
    except (FileNotFoundError, ProcessLookupError):
        return None


def ancestors_of(pid):
    """*pid* and every process above it."""
    line = set()
    while pid > 0 and pid not in line:
        line.add(pid)
        identity = identity_of(pid)
        pid = identity.parent if identity else 0
    return line


def check(identity, options, untouchable):
    """Raise Refused unless *identity* is the process asked for and may be stopped. Pure."""
    pid, command = identity.pid, identity.command
    if pid <= 1 or pid in untouchable:
        raise Refused(f"process {pid} is init, or Ansible itself, or started it")
    if identity.started != options["started"]:
        raise Refused(f"process {pid} started at {identity.started}, not {options['started']}: it is another one")
    if identity.digest != options["command_digest"]:
        raise Refused(f"process {pid} has another command line than the one measured")
    for pattern in [options["match"], *options["protected"]]:
        try:
            re.compile(pattern)
        except re.error as error:
            raise Refused(f"the inventory's {pattern!r} is no regular expression: {error}") from None
    if re.search(options["match"], ""):
        raise Refused(f"the inventory's match {options['match']!r} fits every process; make it say which")
    if not command or not re.search(options["match"], command):
        raise Refused(f"the command line of process {pid} does not match the inventory's {options['match']!r}")
    for pattern in options["protected"]:
        if re.search(pattern, command):
            raise Refused(f"process {pid} is protected by the inventory's {pattern!r}")


class Target:
    """One process, held so that its pid can't be given to another. Raises ProcessLookupError if it is gone."""

    def __init__(self, pid, options):
        self.pid, self._options = pid, options
        self._handle = None
        if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
            try:
                self._handle = os.pidfd_open(pid)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOENT):
                    raise Refused(f"{pid} is a thread, not a process") from None
                # an old kernel or a container's filter: compare again before each signal instead
                if error.errno not in (errno.ENOSYS, errno.EPERM):
                    raise

    def identify(self):
        """Return the identity, checked. Raises ProcessLookupError if the process is gone, Refused if it differs."""
        identity = identity_of(self.pid)
        if identity is None and not self._ended(0.0):
            raise Refused(f"process {self.pid} can't be seen in /proc (is become needed?)")
        if identity is None or identity.gone:
            raise ProcessLookupError(self.pid)
        check(identity, self._options, ancestors_of(os.getpid()))
        return identity

    def send(self, number):
        """Send signal *number* to this process and no other. Raises ProcessLookupError if it is gone."""
        if self._handle is not None:
            signal.pidfd_send_signal(self._handle, number)
        else:
            self.identify()
            os.kill(self.pid, number)

    def wait(self, seconds):
        """True once the process has ended, False if it has not within *seconds*."""
        deadline = time.monotonic() + seconds
        while not self._ended(POLL):
            if time.monotonic() >= deadline:
                return False
        return True

    def _ended(self, seconds):
        """True if the process has ended, looking for *seconds* at most."""
        if self._handle is not None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            return bool(poll.poll(int(seconds * 1000)))
        time.sleep(seconds)
        identity = identity_of(self.pid)
        if identity is not None:
            return identity.gone or identity.started != self._options["started"]
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def stop(options, check_mode):
    """Stop the process that *options* describe; returns the module's result. Raises Refused and OSError."""
    try:
        target = Target(options["pid"], options)
        identity = target.identify()
    except ProcessLookupError:
        return {"changed": False, "outcome": "gone"}
    before = f"{identity.pid} {identity.command[:200]}\n"
    result = {"changed": True, "command": identity.command[:200], "diff": {"before": before, "after": ""}}
    if check_mode:
        return dict(result, outcome="terminated")
    try:
        target.send(signal.SIGTERM)
        if target.wait(options["grace"]):
            return dict(result, outcome="terminated")
        target.send(signal.SIGKILL)
    except ProcessLookupError:
        return dict(result, outcome="terminated")
    if not target.wait(AFTER_KILL):
        raise Refused(f"process {identity.pid} was killed and is still there (uninterruptible?)")
    return dict(result, outcome="killed")


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "pid": {"type": "int", "required": True},
            "started": {"type": "int", "required": True},
            "command_digest": {"type": "str", "required": True},
            "match": {"type": "str", "required": True},
            "protected": {"type": "list", "elements": "str", "default": []},
            "grace": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    if module.params["pid"] <= 1:
        module.fail_json(msg="pid must be above 1. Nothing was signalled.")
    if not 0 <= module.params["grace"] <= 60:
        module.fail_json(msg="grace must lie between 0 and 60 seconds. Nothing was signalled.")
    try:
        module.exit_json(**stop(module.params, module.check_mode))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except OSError as error:
        module.fail_json(msg=f"process {module.params['pid']} can't be signalled (is become needed?): {error}")


if __name__ == "__main__":
    main()
