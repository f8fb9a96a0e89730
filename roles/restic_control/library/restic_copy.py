# Copyright: the fleetmend authors. Apache-2.0.
"""Makes a snapshot of folders with restic, or puts folders back as a snapshot holds them and keeps what was there.

Why a module of its own: whether there is anything to do, whether the snapshot holds what is to come back, and whether
it all arrived is looked at before the first name changes; and no shell reads a word of the inventory.
"""

from __future__ import annotations

import calendar
import json
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: restic_copy
short_description: Save folders with restic, or put them back
description:
  - C(saved) makes a snapshot, unless there is one that is younger than C(younger_than).
  - C(restored) restores beside each path, compares, and only then changes names; what was there is kept aside.
  - A path that is as the snapshot holds it, by names, kinds, sizes and times, is left alone.
options:
  state: {type: str, required: true, choices: [saved, restored], description: What to bring about.}
  repository: {type: str, required: true, description: Where the snapshots are.}
  password_file: {type: path, required: true, description: The file with the repository's password.}
  paths: {type: list, elements: path, required: true, description: What is saved or put back.}
  tag: {type: str, required: true, description: The tag of the snapshots.}
  snapshot: {type: str, default: latest, description: Which one is put back.}
  younger_than: {type: int, default: 0, description: Seconds.}
"""

EXAMPLES = r"""
- name: Save the orders
  restic_copy:
    state: saved
    repository: sftp:restic@backup:/srv/backup/web1
    password_file: /etc/restic/password
    paths: [/srv/data/orders]
    tag: orders
"""

RETURN = r"""
snapshot: {description: The snapshot that was made or put back., type: str, returned: success}
taken: {description: When it was taken., type: str, returned: success}
bytes: {description: What it holds of the paths; of one that was made what it added., type: int, returned: success}
aside: {description: Where what was there is kept., type: list, returned: success}
"""

TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$")
SYSTEM = re.compile(r"/(bin|boot|dev|etc|home|lib\d*|opt|proc|root|run|sbin|srv|sys|usr(/.*)?|var(/lib|/log)?)?")
CACHE = "/var/cache/restic"
KINDS = {
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFBLK: "dev",
    stat.S_IFCHR: "chardev",
}


class Failed(Exception):
    """It could not be done; the message says why, and whether anything was changed."""


def seconds_of(text):
    """A time of restic's in whole seconds since 1970."""
    match = TIME.match(text)
    if match is None:
        raise Failed(f"restic gave a time that can't be read: {text[:40]}")
    offset = (int(match[3]) * 60 + int(match[4])) * 60 if match[2] else 0
    moment = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    return moment - offset if match[2] == "+" else moment + offset


def check_path(path):
    """Raises Failed unless *path* may be put back: no system folder, no mount point, no link."""
    plain = os.path.normpath(path)
    if not path.startswith("/") or plain != path.rstrip("/") or SYSTEM.fullmatch(plain):
        raise Failed(f"{path} is not a folder that is put back as a whole; name one inside it. Nothing was changed.")
    if Path(plain).is_symlink():
        raise Failed(f"{path} is a symbolic link; name what it points at. Nothing was changed.")
    if os.path.ismount(plain):
        raise Failed(f"{path} is a mount point, which can't be renamed; name the folders in it. Nothing was changed.")


def seen_at(path):
    """Path -> (kind, size, whole seconds of the last write) of *path* and all below it; sizes and times of files."""
    found = {}
    names = [path] if os.path.lexists(path) else []
    for folder, inner, others in os.walk(path):
        names += [f"{folder}/{name}" for name in (*inner, *others)]
    for name in names:
        status = os.lstat(name)
        if stat.S_ISREG(status.st_mode):
            found[name] = ("file", status.st_size, int(status.st_mtime))
        elif not stat.S_ISSOCK(status.st_mode):  # those are never saved
            found[name] = (KINDS.get(stat.S_IFMT(status.st_mode), "other"), 0, 0)
    return found


def below(files, path):
    """Of *files*, what is *path* or lies below it."""
    return {name: seen for name, seen in files.items() if name == path or name.startswith(f"{path}/")}


class Restic:
    """The program, with the repository that it works on."""

    def __init__(self, module):
        self._module, self._options = module, module.params
        self._environment = {
            "RESTIC_REPOSITORY": self._options["repository"],
            "RESTIC_PASSWORD_FILE": self._options["password_file"],
            "RESTIC_CACHE_DIR": CACHE,
            "LC_ALL": "C",
        }

    def call(self, *words):
        """What restic printed; a lock that a dead process left is removed first. Raises Failed."""
        for tries in (1, 2):
            status, output, said = self._module.run_command(["restic", *words], environ_update=self._environment)
            if status == 0:
                return output
            if tries == 1 and "locked" in said:
                self._module.run_command(["restic", "unlock"], environ_update=self._environment)
        raise Failed(f"restic {words[0]} ended with status {status}: {' '.join(said.split())[-500:]}")

    def snapshots(self):
        """This host's snapshots with the tag, as restic tells them, the oldest first."""
        words = ("snapshots", "--json", "--no-lock", "--host", os.uname().nodename, "--tag", self._options["tag"])
        return sorted(json.loads(self.call(*words)) or [], key=lambda one: seconds_of(one["time"]))

    def holds(self, snapshot, paths):
        """Path -> (kind, size, time) of all of *paths* and below them in *snapshot*."""
        found = {}
        for line in self.call("ls", "--json", "--no-lock", "--recursive", snapshot, *paths).splitlines():
            node = json.loads(line)
            if node.get("struct_type") == "node":
                size, written = (node.get("size", 0), seconds_of(node["mtime"])) if node["type"] == "file" else (0, 0)
                found[node["path"]] = (node["type"], size, written)
        return found


def save(restic, options, check_mode):
    """Make a snapshot if the last one is too old; the module's result."""
    missing = [path for path in options["paths"] if not os.path.lexists(path)]
    if missing:
        raise Failed(f"{missing[0]} is not there; a snapshot without it would pass for a good one. Nothing was saved.")
    known = restic.snapshots()
    if known and time.time() - seconds_of(known[-1]["time"]) < options["younger_than"]:
        return {
            "changed": False,
            "snapshot": known[-1]["short_id"],
            "taken": known[-1]["time"],
            "bytes": 0,
            "aside": [],
        }
    if check_mode:
        return {"changed": True, "snapshot": "", "taken": "", "bytes": 0, "aside": []}
    lines = restic.call("backup", "--json", "--tag", options["tag"], *options["paths"]).splitlines()
    done = next((one for one in map(json.loads, reversed(lines)) if one.get("message_type") == "summary"), {})
    made = restic.snapshots()[-1]
    if done.get("snapshot_id", "")[:8] != made["short_id"]:
        raise Failed("restic reported success, but the snapshot is not there")
    return {
        "changed": True,
        "snapshot": made["short_id"],
        "taken": made["time"],
        "bytes": done.get("data_added", 0),
        "aside": [],
    }


def restore(restic, options, check_mode):
    """Put back what differs from the snapshot; the module's result."""
    for path in options["paths"]:
        check_path(path)
    known = [
        one
        for one in restic.snapshots()
        if options["snapshot"] == "latest" or one["id"].startswith(options["snapshot"])
    ]
    if not known:
        raise Failed(
            f"this host has no snapshot {options['snapshot']} with the tag {options['tag']}. Nothing was changed."
        )
    chosen, paths = known[-1], [path.rstrip("/") for path in options["paths"]]
    held = restic.holds(chosen["short_id"], paths)
    for path in paths:
        if not any(kind == "file" for kind, _, _ in below(held, path).values()):
            raise Failed(f"snapshot {chosen['short_id']} holds no file of {path}. Nothing was changed.")
    differing = [path for path in paths if seen_at(path) != below(held, path)]
    size = sum(size for path in differing for _, size, _ in below(held, path).values())
    result = {"snapshot": chosen["short_id"], "taken": chosen["time"], "bytes": size, "aside": []}
    if differing and not check_mode:
        result["aside"] = put_back(restic, chosen["short_id"], held, differing)
    return result | {"changed": bool(differing)}


def put_back(restic, snapshot, held, paths):
    """Restore *paths* beside themselves, compare, then change names. Returns where what was there is kept."""
    staged, aside = {}, []
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    try:
        for path in paths:
            parent, wanted = Path(path).parent, below(held, path)
            parent.mkdir(parents=True, exist_ok=True)
            room, needed = shutil.disk_usage(parent).free, sum(size for _, size, _ in wanted.values())
            if needed * 1.05 > room:
                raise Failed(
                    f"{path} needs {needed} bytes beside what is there, and {room} are free. Nothing was changed."
                )
            staging = tempfile.mkdtemp(prefix=f".{Path(path).name}.restoring-", dir=parent)
            staged[path] = staging
            restic.call("restore", snapshot, "--target", staging, "--include", path)
            if {name[len(staging) :]: seen for name, seen in seen_at(staging + path).items()} != wanted:
                raise Failed(f"not all of {path} arrived out of snapshot {snapshot}. Nothing was changed.")
        for path in paths:
            aside += swap(staged[path] + path, path, f"{path}.lost-{stamp}")
    finally:
        for staging in staged.values():
            shutil.rmtree(staging, ignore_errors=True)
    return aside


def swap(new, path, old):
    """Name *new* like *path*, and what was there *old*. Returns [old] if there was anything."""
    if not os.path.lexists(path):
        Path(new).rename(path)
        return []
    Path(path).rename(old)
    try:
        Path(new).rename(path)
    except OSError:
        Path(old).rename(path)
        raise
    return [old]


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["saved", "restored"]},
            "repository": {"type": "str", "required": True},
            "password_file": {"type": "path", "required": True, "no_log": False},
            "paths": {"type": "list", "elements": "path", "required": True},
            "tag": {"type": "str", "required": True},
            "snapshot": {"type": "str", "default": "latest"},
            "younger_than": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    work = save if module.params["state"] == "saved" else restore
    try:
        module.exit_json(**work(Restic(module), module.params, module.check_mode))
    except Failed as failure:
        module.fail_json(msg=str(failure))
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"stopped: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
