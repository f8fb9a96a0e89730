"""How old the newest snapshots of watched backups are, by what restic itself says of its repositories."""

import calendar
import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List

PATH = "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"
PATIENCE = 5.0  # seconds for a repository to answer; it lies on another host
NEVER = 1000.0  # what counts as the age, in max_ages, where there is no snapshot
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$")

Item = Dict[str, Any]


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`backup.age` of each of {"backups": {<key>: {"repository", "password_file", "tag", "max_age"}}}: 1.0 is due."""
    tool = shutil.which("restic", path=PATH)
    if tool is None:
        return [{"problem": "there is no restic on this host"}]
    backups = arguments["backups"]
    with ThreadPoolExecutor(max_workers=8) as together:
        return list(together.map(lambda key: _look(str(tool), key, backups[key], time.time()), backups))


def _look(tool: str, key: str, entry: Dict[str, Any], now: float) -> Item:
    command = [tool, "snapshots", "--json", "--no-lock", "--host", os.uname().nodename, "--tag", entry["tag"]]
    try:
        answer = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            env={
                "PATH": PATH,
                "LC_ALL": "C",
                "RESTIC_REPOSITORY": entry["repository"],
                "RESTIC_PASSWORD_FILE": entry["password_file"],
                "RESTIC_CACHE_DIR": "/var/cache/restic",
            },
        )
        if answer.returncode != 0:
            said = " ".join(answer.stderr.decode("utf-8", "replace").split())
            return {"problem": f"{key}: restic can't list the snapshots (is become needed?): {said[-200:]}"}
        return sample(key, entry["max_age"], json.loads(answer.stdout.decode("utf-8", "replace")) or [], now)
    except subprocess.TimeoutExpired:
        return {"problem": f"{key}: the repository did not answer in {PATIENCE:.0f} s"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"problem": f"{key}: the snapshots can't be read: {type(error).__name__}"}


def sample(key: str, max_age: float, snapshots: List[Dict[str, Any]], now: float) -> Item:
    """What restic's list says of the newest snapshot. Raises ValueError or KeyError if it is none."""
    evidence: Dict[str, Any] = {"backup": key, "snapshots": len(snapshots), "max_age_hours": round(max_age / 3600, 2)}
    value = NEVER
    if snapshots:
        newest = max(seconds_of(one["time"]) for one in snapshots)
        value = max(0.0, now - newest) / max_age
        evidence["age_hours"] = round((now - newest) / 3600, 2)
    return {"name": "backup.age", "subject": key, "value": value, "evidence": evidence}


def seconds_of(text: str) -> int:
    """A time of restic's in whole seconds since 1970. Raises ValueError."""
    match = TIME.match(text)
    if match is None:
        raise ValueError("that is no time of restic's")
    offset = (int(match.group(3)) * 60 + int(match.group(4))) * 60 if match.group(2) else 0
    moment = calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S"))
    return moment - offset if match.group(2) == "+" else moment + offset
