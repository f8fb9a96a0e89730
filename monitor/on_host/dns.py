"""Whether a host finds the names that it has to find, as its own programs do."""

import subprocess
import time
from typing import Any, Dict, List, Tuple

PATH = "/usr/bin:/bin"
PATIENCE = 4.0  # seconds for all names together; a resolver that takes longer is of no use to a program either
RESOLVER = "/etc/resolv.conf"


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`dns.ok` (1 or 0) of each of {"dns": {<key>: {"names"}}}: 1 if every name is found."""
    asked = sorted({name for entry in arguments["dns"].values() for name in entry["names"]})
    try:
        failures = _ask(asked)
    except FileNotFoundError:
        return [{"problem": "there is no getent on this host"}]
    items = []
    for key, entry in arguments["dns"].items():
        bad = [name for name in entry["names"] if name in failures]
        evidence: Dict[str, Any] = {"names": len(entry["names"]), "failed": len(bad), "nameservers": _nameservers()}
        if bad:
            evidence.update(first=bad[0], error=failures[bad[0]])
        items.append({"name": "dns.ok", "subject": key, "value": int(not bad), "evidence": evidence})
    return items


def _ask(names: List[str]) -> Dict[str, str]:
    """Name -> why it is not found, of those that are not. All are asked at the same time."""
    started: List[Tuple[str, "subprocess.Popen[bytes]"]] = []
    deadline = time.monotonic() + PATIENCE
    failures: Dict[str, str] = {}
    try:
        for name in names:
            words = ["getent", "ahosts", name]
            pipe, null = subprocess.PIPE, subprocess.DEVNULL
            started.append((name, subprocess.Popen(words, stdin=null, stdout=pipe, stderr=null, env={"PATH": PATH})))
        for name, process in started:
            try:
                output, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                failures[name] = "timeout"
                continue
            if process.returncode != 0 or not output.strip():
                failures[name] = "not found"
    finally:
        for _, process in started:
            if process.poll() is None:
                process.kill()
                process.communicate()
    return failures


def _nameservers() -> str:
    try:
        with open(RESOLVER, encoding="utf-8", errors="replace") as file:
            lines = file.read(10000).splitlines()
    except OSError:
        return "none"
    found = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    return " ".join(found[:3]) or "none"
