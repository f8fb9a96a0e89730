"""Whether the running nftables ruleset is what the fleet's baseline says, and the file for the next start as well.

The baseline is loaded into an empty network namespace and read back, so that both sides are what the kernel shows. What
changes by itself (counters, handles, elements of sets with a timeout) is no drift, nor are other people's tables.
"""

import hashlib
import json
import subprocess
import tempfile
from typing import Any, Dict, List, Set

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
PATIENCE = 4.0
LARGEST = 64 * 1024 * 1024
IN_EMPTY_NAMESPACE = 'nft -f "$0" && exec nft -j list ruleset'

Tables = Dict[str, Dict[str, Dict[str, Any]]]


class Unmeasured(Exception):
    """The message says why."""


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`firewall.drift` of each of {"firewall": {<key>: {"path", "baseline", "expected": <sha256>, "ignore"}}}."""
    items = []
    for key, entry in arguments["firewall"].items():
        try:
            items.append(_compare(key, entry))
        except (Unmeasured, OSError, ValueError, KeyError) as error:
            items.append({"problem": "{}: {}".format(key, error)})
    return items


def _compare(key: str, entry: Dict[str, Any]) -> Dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".nft", encoding="utf-8") as file:
        file.write(entry["baseline"])
        file.flush()
        try:
            shown = _run("unshare", "-n", "--", "sh", "-c", IN_EMPTY_NAMESPACE, file.name)
        except Unmeasured as error:
            raise Unmeasured("the baseline can't be loaded: {}".format(error)) from None
    wanted = tables_of(json.loads(shown), set())
    if not wanted:
        raise Unmeasured("the baseline holds no table")
    present = tables_of(json.loads(_run("nft", "-j", "list", "ruleset")), set(entry["ignore"]) - set(wanted))
    lines = differences(present, wanted)
    kept = _file_state(entry["path"], entry["expected"])
    evidence = {"differences": len(lines), "file": kept}
    if lines:
        evidence["first"] = lines[0]
    drift = int(bool(lines) or kept != "same")
    return {"name": "firewall.drift", "subject": key, "value": drift, "evidence": evidence}


def _run(*words: str) -> str:
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
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise Unmeasured("{} says: {} (is become needed?)".format(words[0], said[0][:200]))
    return done.stdout.decode("utf-8", "replace")


def _file_state(path: str, expected: str) -> str:
    try:
        with open(path, "rb") as file:
            found = hashlib.sha256(file.read(LARGEST)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    return "same" if found == expected else "differs"


# The three functions below are those of roles/firewall_restore/library/nft_baseline.py; a test compares what they say.


def tables_of(document: Dict[str, Any], ignore: Set[str]) -> Tables:
    """Table -> what it holds, without what changes by itself. The order counts for rules alone."""
    found: Tables = {}
    passing: Set[Any] = set()
    for item in document["nftables"]:
        for kind, body in item.items():
            table = "{} {}".format(body.get("family"), body["name"] if kind == "table" else body.get("table"))
            if kind == "metainfo" or table in ignore:
                continue
            holds = found.setdefault(table, {})
            if kind == "rule":
                holds.setdefault("chain " + body["chain"], {}).setdefault("rules", []).append(lasting(body))
                continue
            if kind in ("set", "map") and ({"timeout", "dynamic"} & set(body.get("flags", ())) or "timeout" in body):
                passing.add((table, body["name"]))
            thing = lasting(body)
            if (table, body.get("name")) in passing:
                thing.pop("elem", None)
            if "elem" in thing:
                thing["elem"] = sorted(thing["elem"], key=text_of)
            name = "table" if kind == "table" else "{} {}".format(kind, body.get("name", text_of(thing)))
            holds.setdefault(name, {}).update(thing)
    return found


def lasting(body: Any) -> Any:
    """*body* without handles and counts."""
    if isinstance(body, dict):
        passing = {"handle"} if "rate" in body else {"handle", "expires", "used", "packets", "bytes"}
        return {key: lasting(value) for key, value in body.items() if key not in passing}
    return [lasting(value) for value in body] if isinstance(body, list) else body


def text_of(thing: Any) -> str:
    """One text for equal things."""
    return json.dumps(thing, sort_keys=True)


def differences(present: Tables, wanted: Tables) -> List[str]:
    """Lines that say where *present* differs from *wanted*."""
    lines = []
    for table in sorted(set(present) | set(wanted)):
        if table not in wanted or table not in present:
            lines.append("table {} is {}".format(table, "too many" if table in present else "missing"))
            continue
        there, due = present[table], wanted[table]
        for thing in sorted(set(there) | set(due)):
            if thing not in due or thing not in there:
                lines.append("{}: {} is {}".format(table, thing, "too many" if thing in there else "missing"))
            elif text_of(there[thing]) != text_of(due[thing]):
                lines.append("{}: {} differs".format(table, thing))
    return lines
