# Copyright: the fleetmend authors. Apache-2.0.
"""Deletes and shortens files in one folder, and nothing outside it.

Why a module of its own: find-then-delete loops follow a folder that somebody swaps for a link in between, and take a
task for every file. Here every folder on the way is opened without following links, and what was seen is what goes.
"""

from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import os
import re
import stat
import time
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: folder_trim
short_description: Free space in a folder by deleting old files and shortening current ones
description:
  - Deletes files that match C(patterns), oldest first, until the folder's files add up to no more than C(target).
  - If that is not enough, files that match C(current) too lose their oldest part; their writers keep their inode.
  - Symbolic links are neither followed nor deleted. System folders, links and relative paths are refused.
options:
  path: {type: str, required: true, description: Absolute path of the folder.}
  patterns: {type: list, elements: str, required: true, description: Names of files that may be touched.}
  current: {type: list, elements: str, default: [], description: Names of files in use. They are never deleted.}
  target: {type: int, description: Bytes to come down to. Without it all that matches and is old enough goes.}
  older_than: {type: int, default: 0, description: Seconds without a write before a file may be deleted.}
  empty_folders: {type: bool, default: false, description: Folders that are empty then and as old go too.}
  lock: {type: str, description: Name of a file in the folder. Nothing is deleted while another process has it locked.}
"""

EXAMPLES = r"""
- name: Keep at most a million bytes of logs
  folder_trim:
    path: /var/log/web
    patterns: ["*.log", "*.log.*"]
    current: ["*.log"]
    target: 1000000
"""

RETURN = r"""
before_bytes: {description: Size of all files in the folder before., type: int, returned: success}
after_bytes: {description: Size afterwards; in check mode the forecast., type: int, returned: success}
freed_bytes: {description: Bytes that were (or in check mode would be) freed., type: int, returned: success}
deleted_count: {description: Number of files deleted., type: int, returned: success}
folder_count: {description: Number of empty folders deleted., type: int, returned: success}
deleted: {description: The first 100 of them as paths below the folder., type: list, returned: success}
shortened: {description: Files that were shortened., type: list, returned: success}
"""

SYSTEM = re.compile(
    r"/(bin|boot|dev|etc|home|lib\d*|opt|proc|root|run|sbin|srv|sys|usr(/(s?bin|lib|local|share))?|var(/lib)?)?"
)
SPARED = re.compile(r"lost\+found$|systemd-private-")  # the file system's own, and what services hold mounted
SHOWN = 100
CHUNK = 1 << 20
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Refused(Exception):
    """The folder is not one to clean; the message says why."""


class File(NamedTuple):
    """A regular file as it was seen: its path relative to the folder, size in bytes, mtime in seconds, and inode."""

    path: str
    size: int
    written: float
    inode: int


class Work(NamedTuple):
    """What there is to do: files to delete, and files to shorten with the bytes that each keeps."""

    deleted: list[File]
    shortened: list[tuple[File, int]]


class Tree(NamedTuple):
    """What was seen in a folder: its regular files, and each folder below it with its mtime and its names."""

    files: list[File]
    folders: dict[str, tuple[float, list[str]]]


def check_folder(path):
    """Return *path* in plain form. Raises Refused if it is no folder that may be cleaned."""
    if not path.startswith("/"):
        raise Refused(f"the path {path!r} is not absolute")
    if ".." in path.split("/"):
        raise Refused(f"the path {path!r} goes back up with '..'; write it plainly")
    plain = "/" + os.path.normpath(path).lstrip("/")
    for name in (plain, os.path.realpath(plain)):
        if SYSTEM.fullmatch(name):
            raise Refused(f"{name} belongs to the system and is never cleaned; name a folder inside it")
    if Path(plain).is_symlink():
        raise Refused(f"{plain} is a symbolic link; name the folder itself")
    if not Path(plain).is_dir():
        raise Refused(f"{plain} is not a folder")
    return plain


def seen_in(root):
    """Everything below the open folder *root* but SPARED folders; links are not followed."""
    files, folders = [], {}
    for folder, inner, names, handle in os.fwalk(".", dir_fd=root, follow_symlinks=False):
        folders[str(PurePosixPath(folder))] = (os.fstat(handle).st_mtime, [*inner, *names])
        inner[:] = [name for name in inner if not SPARED.match(name)]
        for name in names:
            try:
                status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                path = str(PurePosixPath(folder, name))
                files.append(File(path, status.st_size, status.st_mtime, status.st_ino))
    return Tree(files, folders)


def empty_after(tree, deleted, written_before):
    """The folders in which nothing is left once *deleted* are gone, if they are as old; inner ones first. Pure."""
    gone = {file.path for file in deleted}
    empty = []
    for path in sorted(tree.folders, key=lambda path: -path.count("/")):
        written, names = tree.folders[path]
        if path != "." and written <= written_before and all(f"{path}/{name}" in gone for name in names):
            gone.add(path)
            empty.append(path)
    return empty


def work_for(files, patterns, current, target, written_before):
    """Decide what goes. Oldest first; then the current files are cut to one common length that fits. Pure."""

    def matches(file, wanted):
        return any(fnmatch.fnmatchcase(PurePosixPath(file.path).name, pattern) for pattern in wanted)

    candidates = [file for file in files if matches(file, patterns)]
    total, deleted = sum(file.size for file in files), []
    for file in sorted(candidates, key=lambda file: (file.written, file.path)):
        if target is not None and total <= target:
            break
        if file.written <= written_before and not matches(file, current):
            deleted.append(file)
            total -= file.size
    if target is None or total <= target:
        return Work(deleted, [])
    logs = [file for file in candidates if matches(file, current)]
    length = common_length([log.size for log in logs], sum(log.size for log in logs) - (total - target))
    return Work(deleted, [(log, length) for log in logs if log.size > length])


def common_length(sizes, room):
    """The length to which *sizes* must be cut to fit into *room* together; short ones leave theirs to the others."""
    room = max(room, 0)
    for index, size in enumerate(sorted(sizes)):
        share = room // (len(sizes) - index)
        if size > share:
            return share
        room -= size
    return max(sizes, default=0)


@contextlib.contextmanager
def folder_of(root, path):
    """Open the folder that holds *path* below *root*, one part at a time and through no link."""
    handle = os.dup(root)
    try:
        for part in path.split("/")[:-1]:
            inner = os.open(part, FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def delete(root, file):
    """Delete *file* if it still is the one that was seen."""
    name = PurePosixPath(file.path).name
    with contextlib.suppress(FileNotFoundError), folder_of(root, file.path) as folder:
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino == file.inode:
            os.unlink(name, dir_fd=folder)


def remove_empty(root, path):
    """Remove the folder *path* unless something has been put into it; True if it is gone."""
    with contextlib.suppress(OSError), folder_of(root, path) as folder:
        os.rmdir(PurePosixPath(path).name, dir_fd=folder)
        return True
    return False


@contextlib.contextmanager
def locked(root, name):
    """Hold the lock on the file *name* of *root*, if there is such a file. Raises Refused if somebody else has it."""
    try:
        handle = None if name is None else os.open(name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=root)
    except FileNotFoundError:
        handle = None
    try:
        if handle is not None:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused("another process is at work in the folder and has it locked") from None
    finally:
        if handle is not None:
            os.close(handle)


def shorten(root, file, length):
    """Keep the newest *length* bytes of *file* at most, from the start of a line, in the same inode."""
    with folder_of(root, file.path) as folder:
        handle = os.open(PurePosixPath(file.path).name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        status = os.fstat(handle)
        if status.st_ino != file.inode or not stat.S_ISREG(status.st_mode):
            return
        end = status.st_size
        source, goal = max(end - length, 0), 0
        if 0 < source < end:
            source += max(os.pread(handle, CHUNK, source - 1).find(b"\n"), 0)
        while source < end:
            part = os.pread(handle, min(CHUNK, end - source), source)
            if not part:
                break
            source += len(part)
            goal += os.pwrite(handle, part, goal)
        os.ftruncate(handle, goal)
    finally:
        os.close(handle)


def trim(root, options, check_mode):
    """Do (or, in check mode, foretell) the work in the open folder *root*; returns the module's result."""
    tree = seen_in(root)
    written_before = time.time() - options["older_than"]
    work = work_for(tree.files, options["patterns"], options["current"], options["target"], written_before)
    folders = empty_after(tree, work.deleted, written_before) if options.get("empty_folders") else []
    before_bytes = sum(file.size for file in tree.files)
    after_bytes = before_bytes - sum(file.size for file in work.deleted)
    after_bytes -= sum(file.size - length for file, length in work.shortened)
    if not check_mode:
        for file in work.deleted:
            delete(root, file)
        for file, length in work.shortened:
            shorten(root, file, length)
        folders = [path for path in folders if remove_empty(root, path)]
        after_bytes = sum(file.size for file in seen_in(root).files)
    touched = [*work.deleted[:SHOWN], *(file for file, _ in work.shortened)]
    kept = "".join(f"{length} {file.path}\n" for file, length in work.shortened)
    return {
        "changed": bool(work.deleted or work.shortened or folders),
        "before_bytes": before_bytes,
        "after_bytes": after_bytes,
        "freed_bytes": max(before_bytes - after_bytes, 0),
        "deleted_count": len(work.deleted),
        "folder_count": len(folders),
        "deleted": [file.path for file in work.deleted[:SHOWN]],
        "shortened": [file.path for file, _ in work.shortened],
        "diff": {"before": "".join(f"{file.size} {file.path}\n" for file in touched), "after": kept},
    }


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "str", "required": True},
            "patterns": {"type": "list", "elements": "str", "required": True},
            "current": {"type": "list", "elements": "str", "default": []},
            "target": {"type": "int"},
            "older_than": {"type": "int", "default": 0},
            "empty_folders": {"type": "bool", "default": False},
            "lock": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        root = os.open(check_folder(module.params["path"]), FOLDER)
        with locked(root, module.params["lock"]):
            result = trim(root, module.params, module.check_mode)
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}. Nothing was deleted.")
    except OSError as error:
        module.fail_json(msg=f"stopped at a file that can't be cleaned (is become needed?): {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
