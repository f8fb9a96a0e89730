# Copyright: the fleetmend authors. Apache-2.0.
"""Tells over which SSH connection Ansible reached this host, and whose accounts it uses to work here.

What must not be cut off (the controller's address, the SSH port, the account) is measured, not believed: it is read
from the processes that this module itself descends from. sudo clears the environment, so its parents are asked.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: own_connection
short_description: Tell how Ansible is connected to this host
description:
  - Read-only. Looks at the environment and the owners of the processes that the module descends from.
options: {}
"""

EXAMPLES = r"""
- name: See how Ansible is connected
  own_connection:
  register: own_connection_seen
"""

RETURN = r"""
ssh: {description: Whether it is an SSH connection., type: bool, returned: success}
client: {description: Address that the connection comes from; empty without SSH., type: str, returned: success}
server: {description: Address of this host that it goes to; empty without SSH., type: str, returned: success}
port: {description: Port of this host that it goes to; 0 without SSH., type: int, returned: success}
id: {description: Tells the connection from every other one; empty without SSH., type: str, returned: success}
login: {description: Name of the account that it logged in as; empty without SSH., type: str, returned: success}
accounts: {description: Names of the accounts that Ansible works with here., type: list, returned: success}
"""


def parse_connection(text):
    """(client, client port, server, server port) out of SSH_CONNECTION, or None. Pure."""
    parts = text.split()
    if len(parts) != 4:
        return None
    try:
        client, server = (ipaddress.ip_address(part.partition("%")[0]) for part in (parts[0], parts[2]))
        ports = int(parts[1]), int(parts[3])
    except ValueError:
        return None
    client, server = (getattr(address, "ipv4_mapped", None) or address for address in (client, server))
    return str(client), ports[0], str(server), ports[1]


def parse_status(text):
    """(parent, user ids) out of /proc/PID/status. Pure."""
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(found["PPid"]), {int(number) for number in found["Uid"].split()[:2]}


def ancestors(pid):
    """Yield (environment, user ids) of *pid* and of every process above it, the nearest first."""
    seen = set()
    while pid > 0 and pid not in seen:
        seen.add(pid)
        place = Path(f"/proc/{pid}")
        try:
            parent, owners = parse_status((place / "status").read_text())
        except (OSError, ValueError, KeyError):
            return
        try:
            raw = (place / "environ").read_bytes()
        except OSError:
            raw = b""
        pairs = (entry.partition(b"=") for entry in raw.split(b"\0"))
        yield {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, _, value in pairs}, owners
        pid = parent


def look(chain):
    """The result of the module for *chain*, what `ancestors` yields."""
    connection, login, owners = None, "", set()
    for environment, ids in chain:
        owners |= ids
        if connection is None:
            connection = parse_connection(environment.get("SSH_CONNECTION", ""))
            login = environment.get("LOGNAME", environment.get("USER", "")) if connection is not None else ""
        if "SUDO_UID" in environment and environment["SUDO_UID"].isdigit():
            owners.add(int(environment["SUDO_UID"]))
    result = {"ssh": connection is not None, "client": "", "server": "", "port": 0, "id": "", "login": login}
    if connection is not None:
        result.update(client=connection[0], server=connection[2], port=connection[3], id=" ".join(map(str, connection)))
    return result, owners


def names_of(owners):
    """The names of user ids, those without one left out."""
    names = set()
    for owner in owners:
        try:
            names.add(pwd.getpwuid(owner).pw_name)
        except KeyError:
            continue
    return sorted(names)


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    result, owners = look(ancestors(os.getpid()))
    module.exit_json(changed=False, accounts=names_of(owners), **result)


if __name__ == "__main__":
    main()
