# Copyright: the fleetmend authors. Apache-2.0.
"""Compares what sshd really does with a policy, and puts a drop-in of sshd in place or takes it back.

sshd itself says what is in force (`sshd -T`) and whether its configuration is sound (`sshd -t`). Nothing is reloaded
before it is. Whether SSH survives is for the rollback guard to find out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: ssh_policy
short_description: Bring sshd to a policy by a drop-in, or take that back
description:
  - C(look) says whether something has to change, and keeps what undoes it for a guard.
  - C(change) puts the drop-in in place (or what was there before), and reloads sshd if C(sshd -t) is content.
  - C(settle) notes what was there before, so that it can be taken back; or forgets it.
options:
  step: {type: str, required: true, choices: [look, change, settle], description: What to do.}
  target: {type: str, required: true, choices: [policy, before], description: What to bring about.}
  options: {type: dict, default: {}, description: Options of sshd and their values.}
  login: {type: str, default: "", description: Account that Ansible logs in as.}
"""

EXAMPLES = r"""
- name: Harden sshd
  ssh_policy:
    step: change
    target: policy
    options: {PermitRootLogin: "no"}
"""

RETURN = r"""
needed: {description: Whether something has to change., type: bool, returned: success}
differs: {description: "What is not as the policy says, a line each.", type: list, returned: success}
undo: {description: "What undoes the change, as lists of words.", type: list, returned: success}
"""

FOLDER = Path("/etc/ssh")
DROP_IN = FOLDER / "sshd_config.d" / "00-fleetmend.conf"
STATE = Path("/var/lib/fleetmend/ssh")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
HEAD = "# Written by fleetmend's ssh_harden, which ssh_harden_undo takes back.\n"
INCLUDE = re.compile(r"include\s+/etc/ssh/sshd_config\.d/\*(\.conf)?$", re.IGNORECASE)
TIMES = ("clientaliveinterval", "logingracetime")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Refused(Exception):
    """Nothing was changed, or it was taken back at once; the message says why."""


def run(*words):
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=20, env={"PATH": PATH, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise Refused(f"{words[0]} is not installed on this host") from None
    if done.returncode != 0:
        raise Refused(f"{' '.join(words[:2])} says: {(done.stderr.strip().splitlines() or ['nothing'])[-1][:300]}")
    return done.stdout


# These two are the same as in monitor/on_host/ssh.py; a test compares what they say.


def as_shown(option, value):
    """*value* of *option* as `sshd -T` would show it. Pure."""
    text = {"true": "yes", "false": "no"}.get(str(value).lower(), str(value).strip().lower())
    if option == "permitrootlogin" and text == "prohibit-password":
        return "without-password"
    parts = re.findall(r"(\d+)([smhdw])", text)
    if option in TIMES and parts and "".join(map("".join, parts)) == text:
        return str(sum(int(number) * SECONDS[unit] for number, unit in parts))
    return text


def differences(shown, options):
    """Lines that say where what `sshd -T` *shown* differs from *options*. Pure."""
    found = {}
    for line in shown.splitlines():
        option, _, value = line.strip().partition(" ")
        found.setdefault(option.lower(), value.strip().lower())
    lines = []
    for name, value in sorted(options.items()):
        option = name.lower()
        if option not in found:
            lines.append(f"{name} is not known to this sshd")
        elif as_shown(option, found[option]) != as_shown(option, value):
            lines.append(f"{name} is {found[option]}, not {as_shown(option, value)}")
    return lines


def text_of(options):
    """The drop-in for *options*. Raises Refused for what can't stand in one line of it. Pure."""
    lines = []
    for name, value in sorted(options.items()):
        text = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else str(value)
        if not re.fullmatch(r"[A-Za-z0-9]+", name) or not re.fullmatch(r"[A-Za-z0-9@.,:/_*-]+", text):
            raise Refused(f"{name} {text!r} can't be written to a configuration of sshd")
        lines.append(f"{name} {text}\n")
    return HEAD + "".join(lines)


def reads_drop_ins(main):
    """Whether the text of sshd_config reads the folder before it says anything itself. Pure."""
    for line in main.splitlines():
        said = line.strip()
        if said and not said.startswith("#"):
            return INCLUDE.match(said) is not None
    return False


def reload_command():
    """What makes sshd read its configuration again; None where every connection starts an sshd of its own."""
    if Path("/run/systemd/system").is_dir():
        for unit in ("ssh.service", "sshd.service"):
            active = ["systemctl", "--quiet", "is-active", unit]
            if subprocess.run(active, check=False, env={"PATH": PATH}, timeout=20).returncode == 0:
                return ["systemctl", "reload", unit]
        for unit in ("ssh.socket", "sshd.socket"):
            active = ["systemctl", "--quiet", "is-active", unit]
            if subprocess.run(active, check=False, env={"PATH": PATH}, timeout=20).returncode == 0:
                return None
    for place in ("/run/sshd.pid", "/var/run/sshd.pid"):
        if Path(place).exists() and Path(place).read_text().strip().isdigit():
            return ["kill", "-HUP", Path(place).read_text().strip()]
    raise Refused("it is not known how sshd is reloaded on this host")


def content(path):
    """The text of a file, None if there is none."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def place(path, text):
    """Put *text* at *path* in one step, or remove it for None."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=".fleetmend-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)


class Case:
    """What is asked for, and what there is."""

    def __init__(self, asked):
        self.options, self.login = asked["options"], asked["login"]
        self.to_policy = asked["target"] == "policy"
        self.present = content(DROP_IN)
        note = content(STATE / "before.json")
        self.note = None if note is None else json.loads(note)
        self.differs = differences(run("sshd", "-T"), self.options) if self.to_policy else []
        self.needed = bool(self.differs) if self.to_policy else self.note is not None
        self.wanted = text_of(self.options) if self.to_policy else (self.note or {}).get("before")

    def check(self):
        """Raise Refused if the change can't work, or would cut Ansible off for sure."""
        if not self.to_policy:
            return
        asked = {name.lower(): as_shown(name.lower(), value) for name, value in self.options.items()}
        if self.login == "root" and asked.get("permitrootlogin") == "no":
            raise Refused("Ansible logs in as root here, which the policy forbids")
        unknown = [line for line in self.differs if line.endswith("not known to this sshd")]
        if unknown:
            raise Refused(unknown[0])
        if not reads_drop_ins((FOLDER / "sshd_config").read_text()):
            raise Refused("sshd_config does not begin with Include /etc/ssh/sshd_config.d/*.conf, so no drop-in counts")

    def undo(self):
        """Keep what is there now, and say how it comes back."""
        STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
        saved = STATE / "rollback.conf"
        place(saved, self.present)
        back = ["rm", "-f", str(DROP_IN)] if self.present is None else ["cp", str(saved), str(DROP_IN)]
        again = reload_command()
        return [back, again] if again else [back]

    def change(self):
        again = reload_command()
        place(DROP_IN, self.wanted)
        try:
            run("sshd", "-t")
            left = differences(run("sshd", "-T"), self.options) if self.to_policy else []
            if left:
                raise Refused(f"another file in {FOLDER} comes first: {left[0]}")
        except Refused:
            place(DROP_IN, self.present)
            raise
        if again:
            run(*again)

    def settle(self):
        note = STATE / "before.json"
        if not self.to_policy:
            note.unlink(missing_ok=True)
        elif self.note is None:
            place(note, json.dumps({"before": content(STATE / "rollback.conf")}))


def act(module):
    asked = module.params
    case = Case(asked)
    result = {"needed": case.needed, "differs": case.differs[:20], "undo": [], "changed": False}
    if asked["step"] == "settle":
        if not module.check_mode:
            case.settle()
    elif case.needed:
        case.check()
        if asked["step"] == "look":
            return result if module.check_mode else dict(result, undo=case.undo())
        if not module.check_mode:
            case.change()
        diff = {"before": case.present or "", "after": case.wanted or ""}
        return dict(result, changed=True, diff=diff)
    return result


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "step": {"type": "str", "required": True, "choices": ["look", "change", "settle"]},
            "target": {"type": "str", "required": True, "choices": ["policy", "before"]},
            "options": {"type": "dict", "default": {}},
            "login": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    if shutil.which("sshd", path=PATH) is None:
        module.fail_json(msg="there is no sshd on this host. Nothing was changed.")
    try:
        module.exit_json(**act(module))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}. sshd goes on as it was.")
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"sshd can't be changed (is become needed?): {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
