"""What a host is like just now, printed as one JSON document: {kind: {name: value}}. Runs on the host, as root.

Read-only, and standard library alone (Python 3.6 or later). What a host changes by itself is left out here, each with
its reason, and as narrowly as can be: whatever is left out can't be seen to have been changed.
"""

import hashlib
import json
import os
import pwd
import re
import stat
import subprocess

WATCHED = (
    "/etc",
    "/srv",
    "/opt",
    "/usr/local",
    "/root",
    "/home",
    "/var/spool/cron",
    "/var/www",
    "/run/systemd/system",  # units and drop-ins until the next boot,
    "/run/systemd/system.control",  # and limits that were set on units
)

LARGE = 4 * 1024 * 1024
"""Files above this are compared by size and time of change: backups, and what fills a disk up."""

FILES_OF_THEIR_OWN = (
    r"/etc/ld\.so\.cache$",  # the linker's index of libraries; the packages are compared
    r"/etc/\.pwd\.lock$",
    r"/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?$",  # accounts are compared one by one
    r"/(root|home/[^/]+)/\.ansible(/|$)",  # Ansible's temporary files
    r"/(root|home/[^/]+)/\.cache(/|$)",
    r"/(root|home/[^/]+)/\.bash_history$",
    r"/__pycache__(/|$)",
)

UNITS_OF_THEIR_OWN = (
    r"^user@\d+\.service$",  # whoever logs in has one
    r"^user-runtime-dir@\d+\.service$",
    r"^systemd-(hostnamed|timedated|localed)\.service$",  # start when they are asked, and end by themselves
    r"^systemd-(tmpfiles-clean|update-utmp-runlevel)\.service$",
)

EPHEMERAL = 32768
"""From this port on, UDP sockets are those of clients (a resolver, a time client) that wait for an answer."""

MOUNTS_OF_THEIR_OWN = (r"^/(proc|sys|dev)(/|$)", r"^/run/(user|credentials)/")

SKIPPED_TYPES = (".device", ".scope", ".slice", ".mount", ".swap", ".target", ".automount")
"""Scopes are sessions; mounts are compared by what is mounted."""

UNIT_PROPERTIES = "Id,ActiveState,SubState,TriggeredBy,InvocationID"


def said(*command):
    """What *command* prints; empty if there is no such program."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace")


def own(patterns, name):
    """True if *name* is one of those that the host changes by itself."""
    return any(re.search(pattern, name) for pattern in patterns)


def units():
    """(unit -> state, unit -> which start of it runs). A job of a timer is compared by whether it failed.

    What is inactive is left out, as systemd forgets it: a unit that stops is then no longer there.
    """
    states, starts = {}, {}
    for block in said("systemctl", "show", "*", "--all", "--property=" + UNIT_PROPERTIES).split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        name = unit.get("Id", "")
        if not name or name.endswith(SKIPPED_TYPES) or own(UNITS_OF_THEIR_OWN, name):
            continue
        state = unit["ActiveState"]
        if ".timer" in unit.get("TriggeredBy", ""):
            state = "failed" if state == "failed" else "inactive"
        elif not name.endswith(".timer"):
            state += " " + unit["SubState"]
            if unit["SubState"] == "running":
                starts[name] = unit["InvocationID"]
        if not state.startswith("inactive"):
            states[name] = state
    return states, starts


def unit_files():
    """unit file -> enabled, masked, …; also of what is not loaded."""
    found = {}
    for line in said("systemctl", "list-unit-files", "--no-legend", "--plain").splitlines():
        words = line.split()
        if len(words) >= 2 and not words[0].endswith(SKIPPED_TYPES):
            found[words[0] + " (file)"] = words[1]
    return found


def ports():
    """Listening sockets: `tcp 0.0.0.0:80`."""
    found = {}
    for line in said("ss", "-H", "-l", "-n", "-t", "-u").splitlines():
        words = line.split()
        kind, address = words[0], words[4]
        number = address.rsplit(":", 1)[-1]
        if kind == "udp" and number.isdigit() and int(number) >= EPHEMERAL:
            continue
        found[kind + " " + address] = "listens"
    return found


def firewall():
    """`<family> <table> <chain or set>` -> what is in it, without counters, handles and what is left of timeouts."""
    found = {}
    try:
        rules = json.loads(said("nft", "-j", "list", "ruleset") or "{}").get("nftables", [])
    except ValueError:
        return {"(unreadable)": "nft prints no JSON"}
    for entry in rules:
        for kind in ("table", "chain", "set", "map", "rule"):
            if kind in entry:
                one = bare(entry[kind])
                words = [one.get("family", ""), one.get("table", "") or one.get("name", "")]
                words += [one["chain"]] if kind == "rule" else [one.get("name", "")] if kind != "table" else []
                name = " ".join(words)
                text = json.dumps(one.get("expr") if kind == "rule" else one, sort_keys=True)
                found[name] = (found[name] + "\n" if name in found else "") + text
    return found


def bare(value):
    """*value* without what counts or passes by itself."""
    if isinstance(value, dict):
        kept = {}
        for key, inner in value.items():
            if key == "counter":
                kept[key] = None
            elif key not in ("handle", "index", "expires"):
                kept[key] = bare(inner)
        return kept
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def users():
    """account -> its line, groups and lock; never a hash."""
    groups, shadow = {}, {}
    for line in lines("/etc/group"):
        name, _, _, members = line.split(":")[:4]
        for member in members.split(","):
            groups.setdefault(member, []).append(name)
    for line in lines("/etc/shadow"):
        fields = line.split(":")
        locked = "locked" if fields[1].startswith(("!", "*")) else "open" if fields[1] else "no password"
        digest = hashlib.sha256(fields[1].lstrip("!").encode()).hexdigest()[:12]
        shadow[fields[0]] = "%s, password %s, expires %s" % (locked, digest, fields[7] or "never")
    found = {}
    for one in pwd.getpwall():
        place = "%d:%d:%s:%s" % (one.pw_uid, one.pw_gid, one.pw_dir, one.pw_shell)
        more = ",".join(sorted(groups.get(one.pw_name, ())))
        found[one.pw_name] = "%s groups %s; %s" % (place, more or "-", shadow.get(one.pw_name, "no shadow"))
    return found


def lines(path):
    """The lines of a small file; none if it can't be read."""
    try:
        with open(path) as file:
            return [line.rstrip("\n") for line in file if line.strip()]
    except OSError:
        return []


def files():
    """path -> mode, owner, group and content, below the watched folders and on their file systems."""
    found = {}
    for top in WATCHED:
        for folder, inner, names in os.walk(top):
            inner[:] = [name for name in inner if not own(FILES_OF_THEIR_OWN, folder + "/" + name)]
            for name in inner + names:
                path = folder + "/" + name
                if not own(FILES_OF_THEIR_OWN, path):
                    found[path] = described(path)
    return found


def described(path):
    """`0644 0:0 <digest>`."""
    try:
        status = os.lstat(path)
        head = "%04o %d:%d" % (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
        if stat.S_ISLNK(status.st_mode):
            return "-> " + os.readlink(path)
        if not stat.S_ISREG(status.st_mode):
            return head + " " + stat.filemode(status.st_mode)[0]
        if status.st_size > LARGE:
            return "%s %d bytes, written %d" % (head, status.st_size, status.st_mtime_ns)
        with open(path, "rb") as file:
            return head + " " + hashlib.sha256(file.read()).hexdigest()[:16]
    except OSError as error:
        return "unreadable: " + str(error.strerror)


def mounts():
    """mount point -> what is mounted, and whether it can be written to."""
    found = {}
    for line in lines("/proc/self/mountinfo"):
        before, after = line.split(" - ", 1)
        point, options = before.split()[4:6]
        kind, source, own_options = after.split()[:3]
        if not own(MOUNTS_OF_THEIR_OWN, point):
            write = "ro" if "ro" in options.split(",") or "ro" in own_options.split(",") else "rw"
            # Which loop device it is, is chance.
            found[point] = " ".join((kind, re.sub(r"^/dev/loop\d+$", "/dev/loop", source), write))
    return found


def packages():
    """package -> version and state."""
    found = {}
    for line in said("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\\n").splitlines():
        name, _, rest = line.partition(" ")
        found[name] = rest.strip()
    return found


def main():
    """Print it."""
    states, starts = units()
    states.update(unit_files())
    print(
        json.dumps(
            {
                "unit": states,
                "start": starts,
                "port": ports(),
                "firewall": firewall(),
                "user": users(),
                "file": files(),
                "mount": mounts(),
                "package": packages(),
            }
        )
    )


if __name__ == "__main__":
    main()
