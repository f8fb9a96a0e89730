# Copyright: the fleetmend authors. Apache-2.0.
"""Mounts what /etc/fstab says again, or makes it writable again; and nothing that is not in there.

Why a module of its own: it looks at what the kernel says before and after, and the command has no word in it but the
mount point, which is one of fstab.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: mount_state
short_description: Bring a mount back to what /etc/fstab says
description:
  - A mount point that nothing is mounted on is mounted by its line in C(fstab); one that became read-only is remounted.
  - A mount that is as it should be is left alone. One without a line in C(fstab) is refused.
options:
  path: {type: path, required: true, description: The mount point.}
  fstab: {type: path, default: /etc/fstab, description: The table of file systems.}
"""

EXAMPLES = r"""
- name: Bring the data back
  mount_state:
    path: /srv/data
"""

RETURN = r"""
before: {description: The state before; missing, readonly or mounted., type: str, returned: success}
after: {description: The state afterwards; in check mode the forecast., type: str, returned: success}
hidden: {description: Names in the folder that the mount hides now., type: int, returned: success}
"""

MOUNTINFO = "/proc/self/mountinfo"
PLAIN = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


class Line(NamedTuple):
    """A line of fstab: what is mounted, of which kind, with which options."""

    source: str
    kind: str
    options: tuple[str, ...]


def plain(field):
    """Undo the octal escapes of fstab and mountinfo."""
    for code, character in PLAIN:
        field = field.replace(code, character)
    return field


def line_of(fstab, path):
    """The line of the text *fstab* for the mount point *path*, or None."""
    for text in fstab.splitlines():
        fields = text.split()
        if len(fields) >= 4 and not fields[0].startswith("#") and (plain(fields[1]).rstrip("/") or "/") == path:
            return Line(plain(fields[0]), fields[2], tuple(fields[3].split(",")))
    return None


def state_of(mountinfo, path):
    """`missing`, `readonly` or `mounted`, by the text *mountinfo*: the last that was mounted there counts."""
    state = "missing"
    for text in mountinfo.splitlines():
        left, _, right = text.partition(" - ")
        fields = left.split()
        if plain(fields[4]) == path:
            options = {*fields[5].split(","), *right.split()[2].split(",")}
            state = "readonly" if "ro" in options else "mounted"
    return state


def problem_with(line, path):
    """Why the mount is not to be touched, or None."""
    if line is None:
        return f"{path} has no line in fstab, so nobody says what belongs there"
    if line.kind == "swap" or "noauto" in line.options:
        return f"{path} is not mounted by itself, says fstab"
    return None


def current(path):
    """The state of *path* as the kernel sees it now."""
    return state_of(Path(MOUNTINFO).read_text(encoding="utf-8", errors="replace"), path)


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "fstab": {"type": "path", "default": "/etc/fstab"}},
        supports_check_mode=True,
    )
    path = module.params["path"].rstrip("/") or "/"
    fstab = Path(module.params["fstab"])
    line = line_of(fstab.read_text(encoding="utf-8", errors="replace") if fstab.exists() else "", path)
    before = current(path)
    problem = problem_with(line, path)
    if problem is not None:
        module.fail_json(msg=f"{problem}. Nothing was changed.")
    wanted = "readonly" if "ro" in line.options else "mounted"
    if before == wanted or (before == "mounted" and wanted == "readonly"):
        module.exit_json(changed=False, before=before, after=before, hidden=0)
    command = ["mount", path] if before == "missing" else ["mount", "-o", "remount,rw", path]
    hidden = 0
    if before == "missing":
        folder = Path(path)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            module.fail_json(msg=f"{path} is not a folder. Nothing was changed.")
        hidden = len(list(folder.iterdir())) if folder.exists() else 0
        if not module.check_mode:
            folder.mkdir(parents=True, exist_ok=True)
    after = wanted
    if not module.check_mode:
        status, _, said = module.run_command(command, environ_update={"LC_ALL": "C"})
        after = current(path)
        if status != 0 or after != wanted:
            module.fail_json(msg=f"{path} is {after} still: {' '.join(said.split())[-500:] or 'mount said nothing'}")
    diff = {"before": f"{path} {before}\n", "after": f"{path} {wanted}\n"}
    module.exit_json(changed=True, before=before, after=after, hidden=hidden, diff=diff)


if __name__ == "__main__":
    main()
