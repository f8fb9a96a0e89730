"""How fast watched units write to systemd's journal, against what they may."""

import json
import shutil
import subprocess
import time
from typing import Any, Dict, List, Tuple

PATH = "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"
WINDOW = 30  # seconds that are looked back; journald counts its own limit over as many
LINES = 20000  # the newest of the window that are read
PATIENCE = 5.0  # seconds for journalctl to answer

Item = Dict[str, Any]


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`log.rate` of each of {"logs": {<key>: {"unit", "limit"}}}: lines a second by the limit, over the last WINDOW."""
    tool = shutil.which("journalctl", path=PATH)
    if tool is None:
        return [{"problem": "there is no journalctl on this host"}]
    command = [tool, "--no-pager", "--output=json", "--output-fields=_SYSTEMD_UNIT", f"--lines={LINES}"]
    answer = subprocess.run(
        [*command, f"--since=-{WINDOW}s"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        env={"PATH": PATH, "LC_ALL": "C"},
    )
    said = answer.stderr.decode("utf-8", "replace")
    if answer.returncode != 0 or "not seeing messages" in said:
        return [{"problem": "the journal can't be read (is become needed?): " + " ".join(said.split())[:200]}]
    lines, seconds = counted(answer.stdout.decode("utf-8", "replace"), time.time())
    return [_sample(key, entry, lines.get(full(entry["unit"]), 0), seconds) for key, entry in arguments["logs"].items()]


def counted(output: str, now: float) -> Tuple[Dict[str, int], float]:
    """(lines by unit, seconds that they span) of what journalctl printed."""
    units: Dict[str, int] = {}
    oldest, taken = now, 0
    for line in output.splitlines():
        try:
            entry = json.loads(line)
            written = int(entry["__REALTIME_TIMESTAMP"]) / 1000000
        except (ValueError, KeyError, TypeError):
            continue
        oldest, taken = min(oldest, written), taken + 1
        unit = entry.get("_SYSTEMD_UNIT")
        if isinstance(unit, str):
            units[unit] = units.get(unit, 0) + 1
    # a flood fills the lines that are read in less than the window
    return units, max(now - oldest, 1.0) if taken >= LINES else float(WINDOW)


def full(unit: str) -> str:
    """The unit's name with its kind."""
    return unit if "." in unit else unit + ".service"


def _sample(key: str, entry: Dict[str, Any], lines: int, seconds: float) -> Item:
    rate = lines / seconds
    evidence = {"log": key, "unit": full(entry["unit"]), "lines_per_second": round(rate, 1), "limit": entry["limit"]}
    return {"name": "log.rate", "subject": key, "value": rate / entry["limit"], "evidence": evidence}
