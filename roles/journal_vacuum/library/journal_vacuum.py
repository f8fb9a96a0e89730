# Copyright: the fleetmend authors. Apache-2.0.
"""Brings systemd's journal down to a size, and says what that freed.

Why a module of its own: `journalctl --vacuum-size` counts closed files only and does not tell what it would do; and a
command line that is built from the inventory is not for a role.
"""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: journal_vacuum
short_description: Bring systemd's journal down to a size
description:
  - Closes the journal's current files, then deletes closed ones, oldest first, until no more than C(keep) is left.
  - A journal that is no larger than that, or that is not kept in C(path), is left as it is.
options:
  path: {type: path, required: true, description: Where the journal lies.}
  keep: {type: int, required: true, description: Bytes that may be left. 16 MiB at least.}
"""

EXAMPLES = r"""
- name: Keep at most 64 MiB of the journal
  journal_vacuum:
    path: /var/log/journal
    keep: 67108864
"""

RETURN = r"""
before_bytes: {description: What the journal took up before., type: int, returned: success}
after_bytes: {description: What it takes up afterwards; in check mode the forecast., type: int, returned: success}
freed_bytes: {description: Bytes that were (or in check mode would be) freed., type: int, returned: success}
"""

LEAST = 16 << 20
"""Bytes. The files that journald has open can't go, and each may take half of this."""


def journal_files(path):
    """(bytes on disk, is it closed) of each file of the journal below *path*."""
    found = []
    for file in sorted(Path(path).glob("*/*.journal*")):
        try:
            status = file.lstat()
        except FileNotFoundError:
            continue
        found.append((status.st_blocks * 512, "@" in file.name))
    return found


def size_of(files):
    """Bytes of all *files* together."""
    return sum(size for size, _ in files)


def vacuum(module, path, keep):
    """Close and delete; returns the bytes that are left. Fails if journalctl can't delete."""
    # on a full disk the new files may not find room; what is closed already can go all the same
    module.run_command(["journalctl", "--rotate"])
    current = sum(size for size, closed in journal_files(path) if not closed)
    command = ["journalctl", f"--directory={path}", f"--vacuum-size={max(keep - current, 1)}"]
    status, _, said = module.run_command(command)
    if status != 0:
        module.fail_json(msg=f"journalctl could not delete old journals (is become needed?): {said.strip()[-500:]}")
    return size_of(journal_files(path))


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "keep": {"type": "int", "required": True}},
        supports_check_mode=True,
    )
    path, keep = module.params["path"], module.params["keep"]
    if keep < LEAST:
        module.fail_json(msg=f"keep is {keep}; it must be {LEAST} bytes at least. Nothing was deleted.")
    if not Path(path).is_dir():
        module.exit_json(changed=False, before_bytes=0, after_bytes=0, freed_bytes=0)
    before = size_of(journal_files(path))
    after = before
    if before > keep:
        after = keep if module.check_mode else vacuum(module, path, keep)
    freed = max(before - after, 0)
    module.exit_json(changed=freed > 0, before_bytes=before, after_bytes=after, freed_bytes=freed)


if __name__ == "__main__":
    main()
