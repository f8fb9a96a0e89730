# Copyright: the fleetmend authors. Apache-2.0.
"""Limits the systemd units of some processes to a share of the processor until the next reboot, or lifts that again.

Which units were limited, and what held before, is kept under /run like the limit: both are gone after a reboot.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: unit_quota
short_description: Limit the units of processes to a share of one processor
description:
  - C(set) finds the processes that C(match) fits, and sets CPUQuota of their system units at run time.
  - C(lifted) brings back what held before C(set), for the units that it was set for.
options:
  name: {type: str, required: true, description: What the limit is remembered by.}
  state: {type: str, required: true, choices: [set, lifted], description: What to bring about.}
  match: {type: str, default: "", description: Regular expression that must be found in the command line.}
  protected: {type: list, elements: str, default: [], description: Expressions for what is never limited.}
  percent: {type: int, default: 20, description: Percent of one processor from 1 to 100.}
"""

EXAMPLES = r"""
- name: Let the jobs have a fifth of a processor
  unit_quota:
    name: jobs
    state: set
    match: /srv/jobs/
    percent: 20
"""

RETURN = r"""
units: {description: The units that have the limit now or had it., type: list, returned: success}
enforced: {description: Whether the kernel holds them to it., type: bool, returned: when set}
"""

MEMORY = Path("/run/fleetmend/quotas")
UNIT = re.compile(r"/system\.slice/(?:[^/]+\.slice/)*([^/]+\.service)(?:/|$)")
NEVER = re.compile(r"^(systemd-.*|dbus|ssh|sshd(@.*)?|user@.*|init|getty@.*)\.service$")
"""Units that a host, or whoever looks after it, can't do without."""
FOREVER = "infinity"
MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000}
PATIENCE = 20.0


class Refused(Exception):
    """Nothing may be limited; the message says why."""


def unit_of(groups):
    """The system service that a process with this /proc/PID/cgroup belongs to, or None. Pure."""
    for line in groups.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" or controllers == "name=systemd":
            found = UNIT.match(path)
            if found:
                return found.group(1)
    return None


def microseconds(text):
    """systemd's `200ms` or `1min 2s` as microseconds; None for infinity. Pure."""
    if text == FOREVER:
        return None
    return sum(int(float(count) * MICROSECONDS[unit]) for count, unit in re.findall(r"([\d.]+)(us|ms|s|min)", text))


def assignment(quota):
    """The assignment that brings about *quota* (microseconds of each second, or None). Pure."""
    return "CPUQuota=" if quota is None else f"CPUQuota={quota / 10_000:g}%"


def units_to_limit(processes, match, protected):
    """The units of those of *processes* (command line, unit) that *match* fits. Raises Refused. Pure."""
    for pattern in [match, *protected]:
        try:
            re.compile(pattern)
        except re.error as error:
            raise Refused(f"the inventory's {pattern!r} is no regular expression: {error}") from None
    if re.search(match, ""):
        raise Refused(f"the inventory's match {match!r} fits every process; make it say which")
    found = [(command, unit) for command, unit in processes if command and re.search(match, command)]
    if not found:
        raise Refused(f"no process matches the inventory's {match!r}")
    units = {unit for command, unit in found if unit and not any(re.search(one, command) for one in protected)}
    units = {unit for unit in units if not NEVER.match(unit)}
    if not units:
        raise Refused("what matches is protected, or belongs to no service of systemd that may be limited")
    for unit in units:
        for command, other in processes:
            if other == unit and any(re.search(one, command) for one in protected):
                raise Refused(f"{unit} also runs what the inventory protects: {command[:100]}")
    return sorted(units)


def processes_here():
    """(command line, unit or None) of every process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")
                found.append((command, unit_of((entry / "cgroup").read_text())))
            except OSError:
                continue
    return found


def systemctl(*words):
    """What systemctl says. Raises Refused with its complaint."""
    command = ["systemctl", "--no-pager", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise Refused(f"systemctl {words[0]}: {done.stderr.strip().splitlines()[:1] or done.returncode}")
    return done.stdout.strip()


def quota_of(unit):
    """Microseconds of each second that *unit* may have, or None."""
    return microseconds(systemctl("show", "--property=CPUQuotaPerSecUSec", "--value", "--", unit))


def is_enforced(unit):
    """Whether the kernel has a processor group for *unit* itself: else the limit is accepted, and has no effect."""
    group = systemctl("show", "--property=ControlGroup", "--value", "--", unit)
    version2 = [Path(f"/sys/fs/cgroup{part}{group}/cpu.max") for part in ("", "/unified")]
    version1 = [Path(f"/sys/fs/cgroup/{part}{group}/cpu.cfs_quota_us") for part in ("cpu", "cpu,cpuacct")]
    return bool(group) and any(path.exists() for path in (*version2, *version1))


def set_limits(options, check_mode):
    """Bring about `set`. Returns the module's result."""
    units = units_to_limit(processes_here(), options["match"], options["protected"])
    wanted = options["percent"] * 10_000
    before = {unit: quota_of(unit) for unit in units}
    change = [unit for unit in units if before[unit] != wanted]
    result = {"changed": bool(change), "units": units}
    if not check_mode:
        if change:
            remember(options["name"], before)
        for unit in change:
            systemctl("set-property", "--runtime", "--", unit, assignment(wanted))
            if quota_of(unit) != wanted:
                raise Refused(f"systemd did not take the limit of {unit}")
        result["enforced"] = all(is_enforced(unit) for unit in units)
    return result


def lift_limits(options, check_mode):
    """Bring about `lifted`. Returns the module's result."""
    path = MEMORY / options["name"]
    if not path.exists():
        return {"changed": False, "units": []}
    kept = json.loads(path.read_text())
    if not check_mode:
        for unit, quota in kept.items():
            if systemctl("show", "--property=LoadState", "--value", "--", unit) == "loaded":
                systemctl("set-property", "--runtime", "--", unit, assignment(quota))
        path.unlink()
    return {"changed": True, "units": sorted(kept)}


def remember(name, before):
    """Keep what held *before*; what an earlier run kept is older, and counts."""
    MEMORY.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = MEMORY / name
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **kept}))


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["set", "lifted"]},
            "match": {"type": "str", "default": ""},
            "protected": {"type": "list", "elements": "str", "default": []},
            "percent": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    options = module.params
    if not re.fullmatch(r"[A-Za-z0-9_.@:\-]{1,200}", options["name"]) or options["name"] in (".", ".."):
        module.fail_json(msg="name must be plain. Nothing was changed.")
    if not 1 <= options["percent"] <= 100:
        module.fail_json(msg="percent must lie between 1 and 100. Nothing was changed.")
    try:
        done = set_limits if options["state"] == "set" else lift_limits
        module.exit_json(**done(options, module.check_mode))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        module.fail_json(msg=f"the limit can't be changed (is become needed?): {error}")


if __name__ == "__main__":
    main()
