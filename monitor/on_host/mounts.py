"""Whether watched mount points have something mounted on them, and whether it can be written to."""

from typing import Any, Dict, List, Tuple

Item = Dict[str, Any]


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`mount.present` and `mount.writable` of each of {"mounts": {<key>: {"path", "read_only"}}}, from the kernel.

    What is not mounted is not said to be read-only: that would be a second symptom of the same cause.
    """
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        seen = mounted(file.read())
    items: List[Item] = []
    for key, entry in arguments["mounts"].items():
        path = entry["path"].rstrip("/") or "/"
        kind, read_only = seen.get(path, ("", False))
        evidence = {"path": path, "filesystem": kind or "none"}
        items.append({"name": "mount.present", "subject": key, "value": int(bool(kind)), "evidence": evidence})
        writable = entry["read_only"] or not read_only
        items.append({"name": "mount.writable", "subject": key, "value": int(writable), "evidence": evidence})
    return items


def mounted(mountinfo: str) -> Dict[str, Tuple[str, bool]]:
    """Mount point -> (kind of file system, is it read-only): of the last that was mounted there."""
    found: Dict[str, Tuple[str, bool]] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, rest = left.split(), right.split()
        if len(fields) > 5 and len(rest) > 2:
            options = fields[5].split(",") + rest[2].split(",")
            found[_plain(fields[4])] = (rest[0], "ro" in options)
    return found


def _plain(field: str) -> str:
    """Undo the octal escapes of /proc/self/mountinfo."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
