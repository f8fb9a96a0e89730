# Copyright: the fleetmend authors. Apache-2.0.
"""Rehearses a baseline of nftables: would a new SSH connection of the controller still come through?

Nothing is guessed from the rules. Two empty network namespaces are joined: one gets this host's
interface's name and the baseline, the other the controller's address. Then a connection is made to the real SSH port.
Both are gone when this ends; the host's own network is never touched.
"""

from __future__ import annotations

import ctypes
import ipaddress
import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: nft_rehearsal
short_description: Try in empty network namespaces whether a baseline lets SSH through
description:
  - Read-only for the host. Fails if the connection is not made, and if it can't be rehearsed here.
options:
  baseline: {type: str, required: true, description: Text of the baseline, as for nft -f.}
  client: {type: str, required: true, description: Address that the connection comes from.}
  server: {type: str, required: true, description: Address of this host that it goes to.}
  port: {type: int, required: true, description: Port of this host that it goes to.}
"""

EXAMPLES = r"""
- name: Rehearse the baseline
  nft_rehearsal:
    baseline: "{{ lookup('ansible.builtin.file', 'nftables.conf', rstrip=false) }}"
    client: 192.0.2.1
    server: 192.0.2.10
    port: 22
"""

RETURN = r"""
interface: {description: Name of the interface that was used., type: str, returned: success}
"""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
NEW_NETWORK = 0x40000000
PATIENCE = 4.0  # seconds for a connection
WHOLE = 30  # seconds for everything
PEER = "fmpeer0"


class Impossible(Exception):
    """It can't be rehearsed here; the message says why."""


def run(*words):
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=10, env={"PATH": PATH, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise Impossible(f"{words[0]} is not installed on this host") from None
    if done.returncode != 0:
        raise Impossible(f"{' '.join(words[:3])} says: {(done.stderr.strip().splitlines() or ['nothing'])[0][:200]}")
    return done.stdout


def own_network():
    """Give this process an empty network of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK) != 0:
        raise Impossible(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")


def interface_of(address, links):
    """The name of the interface that has *address*, in what `ip -j address` printed. Pure."""
    for link in links:
        if any(entry.get("local") == address for entry in link.get("addr_info", ())):
            return link["ifname"].partition("@")[0]
    return "eth0"


def bring_up(interface, own, other):
    """Give *interface* the address *own*, and the way to *other*."""
    width = "128" if ":" in own else "32"
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{own}/{width}", "dev", interface, *(["nodad"] if ":" in own else []))
    run("ip", "link", "set", interface, "up")
    if own != other:
        run("ip", "route", "add", f"{other}/{width}", "dev", interface, "src", own)


def connects(client, server, port):
    """Whether a connection from *client* to *server* is made."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(PATIENCE)
        try:
            attempt.bind((client, 0))
            attempt.connect((server, port))
        except OSError:
            return False
        return True


def caller(client, server, port, ready, go, told):
    """The controller's side, in a process of its own: says for every letter on *go* whether it comes through."""
    own_network()
    os.write(ready, b"r")
    first = True
    while os.read(go, 1):
        if first:
            bring_up(PEER, client, server)
            first = False
        run("ip", "neigh", "flush", "all")  # IPv6 finds its neighbours through the rules, so it has to do it again
        os.write(told, b"y" if connects(client, server, port) else b"n")


def act(baseline, client, server, port, interface):
    """The host's side, in a process of its own: "" if it comes through, else what is wrong."""
    own_network()
    local = client == server or interface == "lo"
    ready_in, ready_out = os.pipe()
    go_in, go_out = os.pipe()
    told_in, told_out = os.pipe()
    if local:
        bring_up("lo", server, server)
        try_it = lambda: connects(client, server, port)  # noqa: E731
    else:
        other = os.fork()
        if other == 0:
            status = 1
            try:
                for end in (ready_in, go_out, told_in):
                    os.close(end)
                caller(client, server, port, ready_out, go_in, told_out)
                status = 0
            finally:
                os._exit(status)
        for end in (ready_out, go_in, told_out):
            os.close(end)
        if not os.read(ready_in, 1):
            raise Impossible("no second network namespace can be made")
        run("ip", "link", "add", interface, "type", "veth", "peer", "name", PEER, "netns", str(other))
        bring_up(interface, server, client)

        def try_it():
            os.write(go_out, b"g")
            return os.read(told_in, 1) == b"y"

    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((server, port))
        listener.listen(8)
        if not try_it():
            raise Impossible("even without any rule no connection could be made")
        run("nft", "-f", baseline)
        run("ip", "neigh", "flush", "all")
        return "" if try_it() else "cut"


def rehearse(baseline, client, server, port, interface):
    """Run `act` in a process of its own. Returns whether it comes through; raises Impossible."""
    answer_in, answer_out = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(WHOLE)
        try:
            said = act(baseline, client, server, port, interface) or "through"
        except Impossible as problem:
            said = f"impossible {problem}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the process above has to hear of it
            said = f"impossible {type(error).__name__}: {error}"
        os.write(answer_out, said.encode()[:1000])
        os._exit(0)
    os.close(answer_out)
    said = b"".join(iter(lambda: os.read(answer_in, 1000), b"")).decode("utf-8", "replace")
    os.waitpid(child, 0)
    verdict, _, why = said.partition(" ")
    if verdict not in ("through", "cut"):
        raise Impossible(why or "it took too long")
    return verdict == "through"


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "baseline": {"type": "str", "required": True},
            "client": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        client, server = (str(ipaddress.ip_address(asked[name])) for name in ("client", "server"))
        interface = interface_of(server, json.loads(run("ip", "-j", "address")))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "baseline.nft")
            file.write_text(asked["baseline"], encoding="utf-8")
            through = rehearse(str(file), client, server, asked["port"], interface)
    except (Impossible, ValueError, OSError) as problem:
        module.fail_json(msg=f"whether SSH survives can't be rehearsed on this host: {problem}. Nothing was changed.")
    if not through:
        module.fail_json(
            msg=f"the baseline would lock SSH out: from {client} to port {asked['port']} of {server} ({interface}) no "
            "connection comes through it. Nothing was changed."
        )
    module.exit_json(changed=False, interface=interface)


if __name__ == "__main__":
    main()
