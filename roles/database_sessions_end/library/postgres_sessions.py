# Copyright: the fleetmend authors. Apache-2.0.
"""Ends sessions of PostgreSQL that have done nothing in an open transaction for a while: they hold locks and places.

psql is asked through the local socket, as the server's owner: no password is needed or passed. What is asked comes to
it over standard input, and what the inventory says as variables of psql, which it quotes itself.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: postgres_sessions
short_description: End sessions that are idle in a transaction
description:
  - Ends client sessions whose transaction has been idle for longer than C(idle_after).
  - Sessions of superusers, of replication, and of the users in C(keep) stay.
options:
  user: {type: str, default: postgres, description: The account that owns the server.}
  socket: {type: str, default: /var/run/postgresql, description: Folder of its socket.}
  port: {type: int, default: 5432, description: Its port.}
  idle_after: {type: str, default: 10m, description: A number and s or m or h or d or w.}
  keep: {type: list, elements: str, default: [], description: Database users whose sessions stay.}
"""

EXAMPLES = r"""
- name: End what has idled in a transaction for ten minutes
  postgres_sessions:
    idle_after: 10m
"""

RETURN = r"""
ended: {description: The sessions, as user@database and seconds., type: list, returned: success}
"""

PATIENCE = 15.0
GONE = 10.0  # seconds until ended sessions must be gone
LOOK = 0.2
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
CHOSEN = """
  FROM pg_stat_activity JOIN pg_roles ON pg_roles.oid = usesysid
 WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%' AND NOT rolsuper
   AND state_change < now() - make_interval(secs => :age)
   AND NOT (usename::text = ANY (string_to_array(:'keep', ',')))
"""
# What ends them stands before FROM: in WHERE it could be tried on rows that the other conditions would leave out.
LIST = " ".join(("SELECT pid, usename || '@' || datname, extract(epoch FROM now() - state_change)::int", CHOSEN, ";"))
END = " ".join(("SELECT pid, pg_terminate_backend(pid)", CHOSEN, ";"))
LEFT = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (string_to_array(:'pids', ',')::int[]);"


class Refused(Exception):
    """Nothing can be done; the message says why."""


def seconds(age):
    """`10m` as seconds. Raises Refused. Pure."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", age)
    if not match:
        raise Refused(f"idle_after is {age!r}; write for example 90s, 10m or 2h")
    return int(match.group(1)) * UNITS[match.group(2)]


def parse(text):
    """(pid, whose, seconds) of each line. Pure."""
    rows = (line.split("|") for line in text.splitlines() if line.strip())
    return [(int(pid), whose, int(idle)) for pid, whose, idle in rows]


def psql_command(options, variables):
    """The command that asks as the server's owner. Raises Refused if nobody here may. Pure but for who we are."""
    try:
        owner = pwd.getpwnam(options["user"])
    except KeyError:
        raise Refused(f"there is no user {options['user']} on this host") from None
    before = [] if os.geteuid() == owner.pw_uid else ["runuser", "-u", options["user"], "--"]
    if before and os.geteuid() != 0:
        raise Refused(f"only root can act as {options['user']} (is become needed?)")
    words = ["psql", "-X", "-A", "-t", "-q", "-F", "|", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        words += ["-v", f"{name}={value}"]
    return [*before, *words, "-h", options["socket"], "-p", str(options["port"]), "-d", "postgres"]


def ask(options, query, **variables):
    """What PostgreSQL answers to *query*. Raises Refused with its complaint."""
    done = subprocess.run(
        psql_command(options, variables),
        input=query,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"psql ended with {done.returncode}"]
        raise Refused(f"PostgreSQL can't be asked: {lines[0][:300]}")
    return done.stdout


def end_sessions(options, check_mode):
    """End what has to end; returns the module's result. Raises Refused."""
    if any(not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_\-]{0,62}", name) for name in options["keep"]):
        raise Refused("keep has to be a list of plain names of database users")
    chosen = {"age": seconds(options["idle_after"]), "keep": ",".join(options["keep"])}
    found = parse(ask(options, LIST, **chosen))
    shown = [f"{whose}, idle for {idle} s" for _, whose, idle in found]
    result = {"changed": bool(found), "ended": shown}
    if check_mode or not found:
        return result
    pids = [line.split("|")[0] for line in ask(options, END, **chosen).split() if line.endswith("|t")]
    deadline = time.monotonic() + GONE
    while int(ask(options, LEFT, pids=",".join(pids)) or 0):
        if time.monotonic() >= deadline:
            raise Refused("sessions were told to end, and are still there")
        time.sleep(LOOK)
    return dict(result, changed=bool(pids))


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "user": {"type": "str", "default": "postgres"},
            "socket": {"type": "str", "default": "/var/run/postgresql"},
            "port": {"type": "int", "default": 5432},
            "idle_after": {"type": "str", "default": "10m"},
            "keep": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**end_sessions(module.params, module.check_mode))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        module.fail_json(msg=f"PostgreSQL can't be asked: {error}")


if __name__ == "__main__":
    main()
