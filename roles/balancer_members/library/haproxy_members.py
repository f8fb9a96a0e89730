# Copyright: the fleetmend authors. Apache-2.0.
"""Takes the servers of one host out of a running haproxy, or brings them back, through haproxy's own admin socket.

Servers are found by address and port, so that nobody has to repeat their names. What a person put into maintenance
stays there, and the last server of a backend is never taken out.
"""

from __future__ import annotations

import csv
import io
import socket
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: haproxy_members
short_description: Take a host's servers out of haproxy, or bring them back
description:
  - C(out) drains every server that takes traffic, and waits until its sessions have ended.
  - C(in) lets drained servers take traffic again, and waits until haproxy finds them healthy.
options:
  socket: {type: str, required: true, description: Path of haproxy's admin socket.}
  address: {type: str, required: true, description: Name or address of the host whose servers are meant.}
  ports: {type: list, elements: int, default: [], description: Ports of the servers that are meant. None means all.}
  backend: {type: str, description: The backend. None means all of them.}
  only: {type: list, elements: str, description: The servers that are meant, as backend/server. None means all.}
  state: {type: str, required: true, choices: [in, out], description: What to bring about.}
  wait: {type: int, default: 10, description: Seconds from 0 to 600 to wait.}
"""

EXAMPLES = r"""
- name: Take this host out of the balancer
  haproxy_members:
    socket: /run/haproxy/admin.sock
    address: 10.0.0.7
    state: out
"""

RETURN = r"""
members: {description: The servers that were changed, as backend/server., type: list, returned: success}
sessions: {description: Sessions that were left when the wait was over., type: int, returned: success}
"""

PATIENCE = 5.0  # seconds for haproxy to answer
LOOK = 0.2  # seconds between two looks
FORCED_MAINTENANCE, FORCED_DRAIN = 0x01, 0x08  # bits of srv_admin_state that come from a person or from here


class Refused(Exception):
    """Nothing may be done, or haproxy does not do it; the message says why."""


def ask(path, command):
    """What haproxy answers to *command*. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        connection.sendall(command.encode() + b"\n")
        parts = iter(lambda: connection.recv(65536), b"")
        return b"".join(parts).decode("utf-8", "replace")


def parse_servers(text):
    """The lines of `show servers state`, as mappings. Pure. Raises Refused for an answer of another form."""
    lines = text.strip().splitlines()
    heads = [line.lstrip("# ").split() for line in lines if line.startswith("#")]
    if not heads or "srv_admin_state" not in heads[0]:
        raise Refused(f"haproxy does not list its servers: {text.strip()[:200]}")
    rows = [line.split(" ") for line in lines if line.strip() and not line.startswith("#") and " " in line.strip()]
    return [dict(zip(heads[0], row, strict=False)) for row in rows]


def parse_stats(text):
    """(backend, server) -> status and current sessions, out of `show stat`. Pure."""
    rows = csv.DictReader(io.StringIO(text.lstrip("# ")))
    return {
        (row["pxname"], row["svname"]): (row["status"] or "", int(row["scur"] or 0) + int(row["qcur"] or 0))
        for row in rows
        if row.get("svname") not in (None, "FRONTEND", "BACKEND")
    }


def addresses_of(name):
    """Every address that *name* stands for. Raises Refused if it stands for none."""
    try:
        return {found[4][0] for found in socket.getaddrinfo(name, None)}
    except OSError as error:
        raise Refused(f"{name} can't be resolved here: {error}") from None


def choose(servers, addresses, options):
    """The servers that are meant. Pure."""
    ports, backend, only = options["ports"], options["backend"], options["only"]
    return [
        server
        for server in servers
        if server["srv_addr"] in addresses
        and (not ports or int(server["srv_port"]) in ports)
        and backend in (None, server["be_name"])
        and (only is None or "{be_name}/{srv_name}".format(**server) in only)
    ]


def takes_traffic(status):
    """Whether haproxy sends new requests to a server of this *status*. Pure."""
    return status.startswith("UP") or status == "no check"


def to_change(members, stats, state):
    """The names of *members* that have to change for *state*. Raises Refused if a backend would be left empty. Pure."""
    names = []
    for member in members:
        name, forced = (member["be_name"], member["srv_name"]), int(member["srv_admin_state"])
        if state == "in" and forced & FORCED_DRAIN and not forced & FORCED_MAINTENANCE:
            names.append(name)
        if state == "out" and takes_traffic(stats.get(name, ("", 0))[0]):
            names.append(name)
    if state == "out":
        for backend in sorted({name[0] for name in names}):
            left = [one for one in stats if one[0] == backend and one not in names and takes_traffic(stats[one][0])]
            if not left:
                raise Refused(f"backend {backend} has no other server that is up; nothing was taken out")
    return names


class Balancer:
    """A running haproxy."""

    def __init__(self, path):
        self._path = path

    def servers(self):
        return parse_servers(ask(self._path, "show servers state"))

    def stats(self):
        return parse_stats(ask(self._path, "show stat"))

    def set_state(self, name, state):
        said = ask(self._path, "set server {}/{} state {}".format(*name, state)).strip()
        if said:
            raise Refused(f"haproxy refuses to set {'/'.join(name)} to {state}: {said[:200]}")

    def wait(self, done, seconds):
        """Look until *done* holds of the stats, for *seconds* at most. Returns whether it does, and the stats."""
        deadline = time.monotonic() + seconds
        while True:
            stats = self.stats()
            if done(stats) or time.monotonic() >= deadline:
                return done(stats), stats
            time.sleep(LOOK)


def bring_about(options, check_mode):
    """Do what *options* say; returns the module's result. Raises Refused and OSError."""
    balancer, state = Balancer(options["socket"]), options["state"]
    members = choose(balancer.servers(), addresses_of(options["address"]), options)
    if not members and options["only"] is None:
        raise Refused(f"haproxy has no server at {options['address']} with such a port; nothing was changed")
    names = to_change(members, balancer.stats(), state)
    shown = ["/".join(name) for name in names]
    result = {"changed": bool(names), "members": shown, "sessions": 0}
    if check_mode:
        return result
    for name in names:
        balancer.set_state(name, "drain" if state == "out" else "ready")
    if state == "out":
        _, stats = balancer.wait(lambda stats: not sessions_of(stats, names), options["wait"])
        return dict(result, sessions=sessions_of(stats, names))
    kept = {(one["be_name"], one["srv_name"]) for one in members if int(one["srv_admin_state"]) & FORCED_MAINTENANCE}
    wanted = [name for one in members if (name := (one["be_name"], one["srv_name"])) not in kept]
    well, stats = balancer.wait(lambda stats: all(takes_traffic(stats[name][0]) for name in wanted), options["wait"])
    if not well:
        down = ["{}/{} is {}".format(*name, stats[name][0]) for name in wanted if not takes_traffic(stats[name][0])]
        raise Refused(f"haproxy does not find them healthy: {', '.join(down)}")
    return result


def sessions_of(stats, names):
    """Sessions of *names* together, those that still wait included. Pure."""
    return sum(stats.get(name, ("", 0))[1] for name in names)


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "backend": {"type": "str"},
            "only": {"type": "list", "elements": "str"},
            "state": {"type": "str", "required": True, "choices": ["in", "out"]},
            "wait": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    if not 0 <= module.params["wait"] <= 600:
        module.fail_json(msg="wait must lie between 0 and 600 seconds. Nothing was changed.")
    try:
        module.exit_json(**bring_about(module.params, module.check_mode))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}.")
    except OSError as error:
        module.fail_json(msg=f"haproxy can't be asked through {module.params['socket']} (is become needed?): {error}")


if __name__ == "__main__":
    main()
