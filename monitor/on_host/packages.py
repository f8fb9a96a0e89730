"""Which watched Debian packages have an update that repairs them, as apt knows it. Nothing is fetched."""

import os
import re
import subprocess
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
PATIENCE = 4.0
LISTS = "/var/lib/apt/lists"

Found = NamedTuple("Found", [("installed", str), ("candidate", str), ("offers", List[Tuple[str, str]])])


class Unmeasured(Exception):
    """The message says why."""


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`package.vulnerable` of each of {"packages": {<key>: {"name", "any": bool}}}: 1 if a version repairs it."""
    names = sorted({entry["name"] for entry in arguments["packages"].values()})
    try:
        known = read_policy(_run(["apt-cache", "policy", "--"] + names))
        age = int(time.time() - os.stat(LISTS).st_mtime)
        return [_item(key, entry, known.get(entry["name"]), age) for key, entry in arguments["packages"].items()]
    except (Unmeasured, OSError) as error:
        return [{"problem": str(error)}]


def _item(key: str, entry: Dict[str, Any], found: Optional[Found], age: int) -> Dict[str, Any]:
    evidence: Dict[str, Any] = {"package": entry["name"], "lists_age": age}
    better = ""
    if found is not None and found.installed:
        evidence.update(installed=found.installed, candidate=found.candidate)
        better = repaired(found, entry["any"])
    if better:
        evidence["repaired"] = better
    return {"name": "package.vulnerable", "subject": key, "value": int(bool(better)), "evidence": evidence}


def repaired(found: Found, whatever: bool) -> str:
    """The first version that is newer than the installed one and comes from a security archive (or from any)."""
    if not found.candidate or not newer(found.candidate, found.installed):
        return ""
    for version, source in found.offers:
        if (whatever or "security" in source) and newer(version, found.installed):
            return version
    return ""


def newer(one: str, other: str) -> bool:
    """Whether version *one* comes after *other*, by Debian's own rules."""
    done = subprocess.run(
        ["dpkg", "--compare-versions", one, "gt", other],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
        env={"PATH": PATH},
    )
    return one != other and done.returncode == 0


def read_policy(text: str) -> Dict[str, Found]:
    """Package -> what `apt-cache policy` printed of it: versions, and every archive that offers one."""
    known: Dict[str, Found] = {}
    name = version = ""
    for line in text.splitlines():
        if line and not line[0].isspace() and line.endswith(":"):
            name, version = line[:-1], ""
            known[name] = Found("", "", [])
            continue
        if name not in known:
            continue
        head = re.match(r"  (Installed|Candidate): (\S+)$", line)
        if head:
            value = "" if head.group(2) == "(none)" else head.group(2)
            there = known[name]
            installed = head.group(1) == "Installed"
            known[name] = there._replace(installed=value) if installed else there._replace(candidate=value)
        elif re.match(r" (\*\*\*|   ) \S+ -?\d+", line):
            version = line[5:].split()[0]
        elif re.match(r" {7,}-?\d+ ", line) and version:
            known[name].offers.append((version, line.split(None, 1)[1]))
    return known


def _run(words: List[str]) -> str:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise Unmeasured("there is no {} on this host".format(words[0])) from None
    except subprocess.TimeoutExpired:
        raise Unmeasured("{} takes too long".format(words[0])) from None
    return done.stdout.decode("utf-8", "replace")
