# Copyright: the fleetmend authors. Apache-2.0.
"""Blocks one address for a while, in a table of its own, and never one that the fleet is worked from or consists of.

The kernel itself forgets the address when its time is over. The table is nobody else's, so no rule of the host's own
firewall is touched; it drops before those are asked.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: nft_block
short_description: Block an address for a while, or let it in again
description:
  - Keeps two sets with timeouts in the table C(inet fleetmend) of nftables, and drops what comes from their elements.
  - Refuses an address of the host, of the connection, of the fleet and of C(never), and one that stands for many.
options:
  address: {type: str, required: true, description: A single IPv4 or IPv6 address.}
  state: {type: str, required: true, choices: [present, absent], description: Blocked or not.}
  minutes: {type: int, default: 60, description: How long it is blocked.}
  client: {type: str, default: "", description: Address that Ansible's connection comes from.}
  fleet: {type: dict, default: {}, description: "Host -> its address or name in the inventory, empty if it has none."}
  never: {type: list, elements: str, default: [], description: Addresses and networks that are never blocked.}
"""

EXAMPLES = r"""
- name: Block an address for an hour
  nft_block:
    address: 203.0.113.66
    state: present
"""

RETURN = r"""
address: {description: The address as it was understood., type: str, returned: success}
"""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
FAMILY = {4: ("blocked4", "ipv4_addr", "ip"), 6: ("blocked6", "ipv6_addr", "ip6")}
CHAIN = "add chain inet fleetmend input { type filter hook input priority filter - 10; policy accept; }\n"


class Refused(Exception):
    """Nothing was changed; the message says why."""


def parse(text):
    """One address, an IPv4 one that was written as IPv6 as itself. Raises Refused. Pure."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(f"{text!r} is no address") from None
    return getattr(address, "ipv4_mapped", None) or address


def check_single(address):
    """Raise Refused unless *address* is one machine somewhere else. Pure."""
    for fact in ("is_unspecified", "is_loopback", "is_multicast", "is_link_local", "is_reserved"):
        if getattr(address, fact) and not (address.version == 6 and fact == "is_reserved"):
            raise Refused(f"{address} is {fact[3:].replace('_', ' ')}, not a machine elsewhere")
    if address == ipaddress.ip_address("255.255.255.255"):
        raise Refused(f"{address} is everybody")


def check_never(address, networks):
    """Raise Refused if one of *networks* (text, from the inventory) holds *address*, or is no network. Pure."""
    for text in networks:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Refused(f"fleetmend_never_block holds {text!r}, which is neither an address nor a network") from None
        if address in network:
            raise Refused(f"{address} belongs to {text}, which the inventory says is never blocked")


def local_addresses(trie, six):
    """The host's own addresses, out of /proc/net/fib_trie and /proc/net/if_inet6. Pure."""
    found, last = set(), ""
    for line in trie.splitlines():
        word = line.strip()
        if word.startswith("|--"):
            last = word.split()[1]
        elif "host LOCAL" in word:
            found.add(ipaddress.ip_address(last))
    for line in six.splitlines():
        if line.strip():
            found.add(ipaddress.ip_address(int(line.split()[0], 16)))
    return found


def gateways(routes):
    """The gateways in /proc/net/route. Pure."""
    rows = [line.split() for line in routes.splitlines()[1:] if line.strip()]
    return {ipaddress.ip_address(bytes.fromhex(row[2])[::-1]) for row in rows if row[2] != "00000000"}


def addresses_of(name, ask=socket.getaddrinfo):
    """All addresses of *name*, itself if it is one. Raises OSError if it can't be resolved."""
    try:
        return {parse(name)}
    except Refused:
        return {parse(entry[4][0].partition("%")[0]) for entry in ask(name, None, type=socket.SOCK_STREAM)}


def check_fleet(address, fleet, ask=socket.getaddrinfo):
    """Raise Refused if *address* is one of the fleet's, or if that can't be told of one of its hosts."""
    for host, place in sorted(fleet.items()):
        try:
            found = addresses_of(place or host, ask)
        except (OSError, UnicodeError):
            problem = f"the address of {host} is not known ({place or host} does not resolve on this host)"
            raise Refused(f"{problem}, so it might be its; give {host} an address as ansible_host") from None
        if address in found:
            raise Refused(f"{address} is {host} of this fleet")


def run(*words, text=None):
    try:
        done = subprocess.run(
            words,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise Refused(f"{words[0]} is not installed on this host") from None
    if done.returncode != 0:
        raise Refused(f"{words[0]} says: {(done.stderr.strip().splitlines() or ['nothing'])[0][:300]}")
    return done.stdout


def our_table():
    """What the kernel has of the table, as a list; empty if there is none."""
    everything = json.loads(run("nft", "-j", "list", "ruleset"))["nftables"]
    mine = []
    for item in everything:
        for kind, body in item.items():
            name = body.get("name") if kind == "table" else body.get("table")
            if kind != "metainfo" and (body.get("family"), name) == ("inet", "fleetmend"):
                mine.append((kind, body))
    return mine


def is_blocked(table, address):
    """Whether *address* is an element of its set in *table*. Pure."""
    name = FAMILY[address.version][0]
    for kind, body in table:
        if kind == "set" and body["name"] == name:
            values = [entry["elem"]["val"] if isinstance(entry, dict) else entry for entry in body.get("elem", ())]
            return str(address) in values
    return False


def commands_to_block(table, address, minutes):
    """What nft has to do; rules are added only where they are missing. Pure."""
    lines = ["add table inet fleetmend\n", CHAIN]
    rules = json.dumps([body["expr"] for kind, body in table if kind == "rule"])
    for name, kind, protocol in FAMILY.values():
        lines.append(f"add set inet fleetmend {name} {{ type {kind}; flags timeout; }}\n")
        if f'"@{name}"' not in rules:
            lines.append(f"add rule inet fleetmend input {protocol} saddr @{name} counter drop\n")
    name = FAMILY[address.version][0]
    lines.append(f"add element inet fleetmend {name} {{ {address} timeout {minutes}m }}\n")
    return "".join(lines)


def check_all(address, asked):
    """Raise Refused if *address* must never be blocked."""
    check_single(address)
    proc = {name: (Path("/proc/net") / name) for name in ("fib_trie", "if_inet6", "route")}
    texts = {name: path.read_text() if path.exists() else "" for name, path in proc.items()}
    if address in local_addresses(texts["fib_trie"], texts["if_inet6"]):
        raise Refused(f"{address} is an address of this host itself")
    if address in gateways(texts["route"]):
        raise Refused(f"{address} is a gateway of this host")
    if asked["client"] and address == parse(asked["client"]):
        raise Refused(f"{address} is where Ansible's own connection comes from")
    check_never(address, asked["never"])
    check_fleet(address, asked["fleet"])


def act(asked, *, check_mode):
    """Returns whether something had to be changed."""
    address = parse(asked["address"])
    if asked["state"] == "present":
        check_all(address, asked)
    table = our_table()
    blocked = is_blocked(table, address)
    if blocked == (asked["state"] == "present"):
        return False
    if asked["state"] == "present":
        text = commands_to_block(table, address, asked["minutes"])
    elif sum(len(body.get("elem", ())) for kind, body in table if kind == "set") == 1:
        text = "delete table inet fleetmend\n"  # nobody else is blocked, so nothing of it is needed
    else:
        text = f"delete element inet fleetmend {FAMILY[address.version][0]} {{ {address} }}\n"
    run("nft", *(["-c"] if check_mode else []), "-f", "-", text=text)
    if not check_mode and is_blocked(our_table(), address) == blocked:
        raise Refused(f"nft took the change for {address}, but it has no effect")
    return True


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["present", "absent"]},
            "minutes": {"type": "int", "default": 60},
            "client": {"type": "str", "default": ""},
            "fleet": {"type": "dict", "default": {}},
            "never": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    if not 1 <= module.params["minutes"] <= 10080:
        module.fail_json(msg="minutes must lie between 1 and 10080. Nothing was changed.")
    try:
        changed = act(module.params, check_mode=module.check_mode)
        address = str(parse(module.params["address"]))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}. Nothing was changed.")
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"the block can't be set (is become needed?): {type(error).__name__}: {error}")
    states = {True: f"{address} blocked\n", False: ""}
    present = module.params["state"] == "present"
    diff = {"before": states[present != changed], "after": states[present]}
    module.exit_json(changed=changed, address=address, diff=diff)


if __name__ == "__main__":
    main()
