# Copyright: the fleetmend authors. Apache-2.0.
"""Locks one ordinary login account and ends what runs in it, or brings back what it was before.

What the account was before is written down on the host first, so that unlocking restores that and nothing else: an
account that was not locked here is never opened.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: account_access
short_description: Lock an ordinary login account and end its sessions, or unlock it again
description:
  - C(locked) locks the password, lets the account expire (so that keys are refused too), and ends all its processes.
  - C(unlocked) brings back the state that C(locked) wrote down. Without that, a locked account stays locked.
options:
  account: {type: str, required: true, description: Name of a local account.}
  state: {type: str, required: true, choices: [locked, unlocked], description: What to bring about.}
  used: {type: list, elements: str, default: [], description: Accounts that Ansible works with.}
  never: {type: list, elements: str, default: [], description: More accounts that are never locked.}
"""

EXAMPLES = r"""
- name: Lock an account
  account_access:
    account: alice
    state: locked
    used: [ansible]
"""

RETURN = r"""
ended: {description: How many processes were ended., type: int, returned: success}
"""

RECORDS = Path("/var/lib/fleetmend/accounts")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}$")
NO_LOGIN = ("nologin", "false", "sync", "shutdown", "halt")
GRACE = 3.0  # seconds between TERM and KILL
AFTER_KILL = 5.0
EXPIRED = "1"  # the second day of 1970


class Refused(Exception):
    """Nothing was changed; the message says why."""


class Account(NamedTuple):
    """What the files say: user id, shell, whether the password is locked, and the day it expires ("" for never)."""

    uid: int
    shell: str
    password_locked: bool
    expires: str

    @property
    def is_locked(self):
        return self.password_locked and self.expires == EXPIRED


def fields_of(text, name):
    """The fields of *name* in a file like /etc/passwd, or None. Pure."""
    return next((line.split(":") for line in text.splitlines() if line.split(":")[0] == name), None)


def read_account(name, etc=Path("/etc")):
    """Raises Refused if there is no such local account."""
    entry = fields_of((etc / "passwd").read_text(), name)
    shadow = fields_of((etc / "shadow").read_text(), name)
    if entry is None or shadow is None or len(entry) < 7 or len(shadow) < 8:
        raise Refused(f"there is no local account {name}")
    return Account(int(entry[2]), entry[6], shadow[1].startswith("!"), shadow[7])


def ordinary_ids(definitions):
    """The first and the last id of people's accounts, out of /etc/login.defs. Pure."""
    found = dict(re.findall(r"^(UID_MIN|UID_MAX)\s+(\d+)", definitions, re.MULTILINE))
    return int(found.get("UID_MIN", 1000)), int(found.get("UID_MAX", 60000))


def check_ordinary(name, account, definitions):
    """Raise Refused unless *account* is one that a person logs in with. Pure."""
    first, last = ordinary_ids(definitions)
    if account.uid == 0 or name == "root":
        raise Refused(f"{name} is root")
    if not first <= account.uid <= last:
        raise Refused(f"{name} is an account of the system (user id {account.uid}), not a person's")
    if account.shell.rpartition("/")[2] in NO_LOGIN:
        raise Refused(f"{name} can't log in anyway (its shell is {account.shell})")


def check_lockable(name, account, definitions, used, never):
    """Raise Refused unless *account* may be locked. Pure."""
    check_ordinary(name, account, definitions)
    if name in used:
        raise Refused(f"{name} is an account that Ansible works with here")
    if name in never:
        raise Refused(f"{name} is in fleetmend_never_lock")


def run(*words):
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=30, env={"PATH": PATH, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        raise Refused(f"{words[0]} says: {(done.stderr.strip().splitlines() or ['nothing'])[0][:200]}")


def owners(status):
    """The four user ids in /proc/PID/status. Pure."""
    found = re.search(r"^Uid:\s+(.*)$", status, re.MULTILINE)
    return {int(number) for number in found.group(1).split()} if found else set()


def state_of(status):
    found = re.search(r"^State:\s+(\S)", status, re.MULTILINE)
    return found.group(1) if found else "X"


def processes_of(uid, proc=Path("/proc")):
    """The ids of all living processes that run as *uid* in any way."""
    found = set()
    for place in proc.iterdir():
        if place.name.isdigit():
            try:
                status = (place / "status").read_text()
            except OSError:
                continue
            if uid in owners(status) and state_of(status) not in "ZX":
                found.add(int(place.name))
    return found


def end_processes(uid):
    """TERM, then KILL, until none is left. Returns how many there were; raises Refused if some stay."""
    ended = set()
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, AFTER_KILL)):
        deadline = time.monotonic() + patience
        signalled = set()
        while True:
            left = processes_of(uid)
            if not left:
                return len(ended)
            for pid in left - signalled:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            signalled |= left
            ended |= left
            if time.monotonic() >= deadline:
                break
            time.sleep(0.1)
    raise Refused(f"{len(processes_of(uid))} processes of the account can't be ended; it is locked all the same")


def lingers(name):
    return (Path("/var/lib/systemd/linger") / name).exists()


def lock(name, account, record):
    """Lock *account*, writing down before what it was."""
    if not account.is_locked:
        RECORDS.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = {"password_locked": account.password_locked, "expires": account.expires, "lingers": lingers(name)}
        handle = os.open(record, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(before, file)
        run("usermod", "--lock", "--expiredate", EXPIRED, name)
        after = read_account(name)
        if not after.is_locked:
            raise Refused(f"usermod took the change, but {name} is not locked")
    if lingers(name) and shutil.which("loginctl", path=PATH):
        run("loginctl", "disable-linger", name)  # or its own units would come back when the host starts
    return end_processes(account.uid)


def unlock(name, account, record):
    """Bring back what was written down."""
    before = json.loads(record.read_text())
    if not before["password_locked"] and account.password_locked:
        run("usermod", "--unlock", name)
    run("chage", "--expiredate", before["expires"] or "-1", name)
    if before["lingers"] and shutil.which("loginctl", path=PATH):
        run("loginctl", "enable-linger", name)
    after = read_account(name)
    if after.password_locked != before["password_locked"] or after.expires != before["expires"]:
        raise Refused(f"the change was taken, but {name} is not what it was before")
    record.unlink()


def act(asked, *, check_mode):
    """Returns (whether something had to be changed, how many processes were ended)."""
    name = asked["account"]
    if not NAME.match(name):
        raise Refused(f"{name!r} is no name of an account")
    account = read_account(name)
    definitions = Path("/etc/login.defs")
    text = definitions.read_text() if definitions.exists() else ""
    record = RECORDS / name
    if asked["state"] == "locked":
        check_lockable(name, account, text, asked["used"], asked["never"])
        needed = not account.is_locked or lingers(name) or bool(processes_of(account.uid))
        return needed, lock(name, account, record) if needed and not check_mode else 0
    check_ordinary(name, account, text)
    if not record.exists():
        if account.is_locked:
            raise Refused(f"{name} was not locked by fleetmend here; unlock it by hand if that is meant")
        return False, 0
    if not check_mode:
        unlock(name, account, record)
    return True, 0


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "account": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["locked", "unlocked"]},
            "used": {"type": "list", "elements": "str", "default": []},
            "never": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        changed, ended = act(module.params, check_mode=module.check_mode)
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"the account can't be changed (is become needed?): {type(error).__name__}: {error}")
    name, states = module.params["account"], {"locked": "is locked", "unlocked": "is not locked"}
    now = module.params["state"]
    other = "unlocked" if now == "locked" else "locked"
    diff = {"before": f"{name} {states[other if changed else now]}\n", "after": f"{name} {states[now]}\n"}
    module.exit_json(changed=changed, ended=ended, diff=diff)


if __name__ == "__main__":
    main()
