# Copyright: the fleetmend authors. Apache-2.0.
"""Takes a change back by itself, unless a connection that was made after it says in time that the change may stay.

The host is armed first and changed then. If nobody can reach it any more, nobody has to: its own timer runs the
commands that undo the change. Who decides (the timer or the new connection) is whoever creates one file first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: rollback_guard
short_description: Undo a change in time unless it is confirmed over a new connection
description:
  - C(armed) starts a timer that runs C(commands), one after the other, when C(seconds) are over.
  - C(free) fails while a change of that name is neither kept nor undone.
  - C(kept) ends it, and fails if it was too late or if the connection is the one that it was armed over.
options:
  name: {type: str, required: true, description: What is changed. One change of a name at a time.}
  state: {type: str, required: true, choices: [free, armed, kept], description: What to do.}
  seconds: {type: int, default: 45, description: How long the change may stay unconfirmed.}
  commands: {type: list, elements: list, default: [], description: What undoes the change, as lists of words.}
  connection: {type: str, default: "", description: The id that own_connection gave for this connection.}
"""

EXAMPLES = r"""
- name: Arm the guard
  rollback_guard:
    name: firewall
    state: armed
    commands: [[nft, -f, /run/before.nft]]
    connection: "{{ own_connection_seen.id }}"
"""

RETURN = r"""
how: {description: systemd or process., type: str, returned: when armed}
"""

ROOT = Path("/run/fleetmend/guard")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
RUNNER = r"""
import json, os, subprocess, sys, time
folder, seconds = sys.argv[1], float(sys.argv[2])
time.sleep(seconds)
try:
    os.close(os.open(folder + "/decided", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
except OSError:
    sys.exit(0)
with open(folder + "/plan.json") as file:
    plan = json.load(file)
codes = []
for command in plan["commands"]:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, env={"PATH": plan["path"], "LC_ALL": "C"})
    codes.append(done.returncode)
with open(folder + "/undone", "w") as file:
    json.dump(codes, file)
sys.exit(max(codes, default=0))
"""


class Refused(Exception):
    """The change must not be made, or can't be kept; the message says why."""


def check_free(folder, name):
    """Raise Refused while a change of that name waits for its proof, or is being undone."""
    if folder.exists() and not (folder / "undone").exists():
        raise Refused(f"another change of {name} still waits to be proven or undone; try again in a minute")


def arm(folder, name, seconds, commands, connection, *, systemd):
    """Start the timer; returns how. Raises Refused if another change of that name waits for its proof."""
    check_free(folder, name)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    plan = {"commands": commands, "path": PATH, "connection": connection}
    (folder / "plan.json").write_text(json.dumps(plan))
    python = [sys.executable, "-I", "-c", RUNNER, str(folder)]
    if systemd:
        unit = unit_of(name)
        timer = [f"--on-active={seconds}s", "--timer-property=AccuracySec=200ms", f"--unit={unit}", "--quiet"]
        # one that failed to undo something keeps its name until it is reset
        subprocess.run(["systemctl", "reset-failed", f"{unit}.service"], stderr=subprocess.DEVNULL, check=False)
        done = subprocess.run(
            ["systemd-run", *timer, "--", *python, "0"], capture_output=True, text=True, check=False, timeout=20
        )
        if done.returncode != 0:
            shutil.rmtree(folder)
            raise Refused(f"the host can't be told to undo the change by itself: {done.stderr.strip()[:200]}")
        return "systemd"
    # without systemd, a process that nothing of this connection's end can reach
    subprocess.Popen(
        [*python, str(seconds)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    return "process"


def keep(folder, name, connection, *, systemd):
    """End the timer; raises Refused if the change is undone already, or if nothing was proven."""
    try:
        plan = json.loads((folder / "plan.json").read_text())
    except OSError:
        raise Refused(f"no change of {name} waits to be kept") from None
    if plan["connection"] and plan["connection"] == connection:
        raise Refused("this is the connection from before the change, so nothing is proven; the host undoes it")
    try:
        os.close(os.open(folder / "decided", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        raise Refused("no new connection was made in time, so the host has undone the change") from None
    if systemd:
        subprocess.run(["systemctl", "stop", f"{unit_of(name)}.timer"], check=False, timeout=20)
    shutil.rmtree(folder)


def unit_of(name):
    """The name of the timer and of its service."""
    return f"fleetmend-guard-{name}"


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["free", "armed", "kept"]},
            "seconds": {"type": "int", "default": 45},
            "commands": {"type": "list", "elements": "list", "default": []},
            "connection": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    asked = module.params
    if not asked["name"].isalnum() or not asked["name"].isascii():
        module.fail_json(msg="name must consist of letters and digits. Nothing was changed.")
    if not 10 <= asked["seconds"] <= 600:
        module.fail_json(msg="seconds must lie between 10 and 600. Nothing was changed.")
    folder = ROOT / asked["name"]
    systemd = Path("/run/systemd/system").is_dir() and shutil.which("systemd-run") is not None
    try:
        if asked["state"] == "free" or module.check_mode:
            check_free(folder, asked["name"])
            module.exit_json(changed=False)
        if asked["state"] == "kept":
            keep(folder, asked["name"], asked["connection"], systemd=systemd)
            module.exit_json(changed=False)
        how = arm(folder, asked["name"], asked["seconds"], asked["commands"], asked["connection"], systemd=systemd)
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except OSError as error:
        module.fail_json(msg=f"the guard of {asked['name']} can't be set (is become needed?): {error}")
    module.exit_json(changed=False, how=how)


if __name__ == "__main__":
    main()
