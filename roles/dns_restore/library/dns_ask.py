# Copyright: the fleetmend authors. Apache-2.0.
"""Asks nameservers whether they answer, without the host's own resolver, and the resolver whether it finds names."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import subprocess

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: dns_ask
short_description: Ask nameservers, and the host's resolver, for names
description:
  - Read-only.
options:
  nameservers: {type: list, elements: str, required: true, description: Addresses of nameservers.}
  names: {type: list, elements: str, required: true, description: Names that have to be found.}
"""

EXAMPLES = r"""
- name: Ask two nameservers
  dns_ask:
    nameservers: [192.0.2.53, 192.0.2.54]
    names: [www.example.net]
"""

RETURN = r"""
answering: {description: The nameservers that find the first name., type: list, returned: success}
unresolved: {description: The names that the host itself does not find., type: list, returned: success}
"""

PATIENCE = 2.0
TYPES = {"A": 1, "AAAA": 28}


def question(number, name, kind):
    """A query for *name*, as bytes. Pure."""
    labels = b"".join(bytes([len(label)]) + label for label in name.rstrip(".").encode("idna").split(b".") if label)
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", TYPES[kind], 1)


def finds(answer, number):
    """Whether *answer* to query *number* holds at least one record. Pure."""
    if len(answer) < 12:
        return False
    got, flags, _, records = struct.unpack(">HHHH", answer[:8])
    return got == number and bool(flags & 0x8000) and flags & 0x000F == 0 and records > 0


def asks(nameserver, name):
    """Whether *nameserver* finds *name*; two tries for each kind of address."""
    address = ipaddress.ip_address(nameserver)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    for kind in ("A", "A", "AAAA"):
        number = int.from_bytes(os.urandom(2), "big")
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.settimeout(PATIENCE)
            try:
                channel.connect((str(address), 53))
                channel.send(question(number, name, kind))
                if finds(channel.recv(4096), number):
                    return True
            except OSError:
                continue
    return False


def resolves(name):
    """Whether this host finds *name* as its programs do."""
    try:
        done = subprocess.run(
            ["getent", "ahosts", name], capture_output=True, check=False, timeout=15, env={"PATH": "/usr/bin:/bin"}
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "nameservers": {"type": "list", "elements": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        answering = [one for one in asked["nameservers"] if asks(one, asked["names"][0])]
        unresolved = [name for name in asked["names"] if not resolves(name)]
    except (ValueError, OSError, IndexError) as error:
        module.fail_json(msg=f"names can't be asked for: {error}")
    module.exit_json(changed=False, answering=answering, unresolved=unresolved)


if __name__ == "__main__":
    main()
