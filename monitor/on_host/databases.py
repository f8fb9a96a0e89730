"""How many of their connections PostgreSQL databases have in use, and how many sessions do nothing in a transaction."""

import os
import pwd
import re
import shutil
import subprocess
from typing import Any, Dict, List

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
PATIENCE = 4.0  # seconds for one database
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
FULL = re.compile(r"too many clients|remaining connection slots|too many connections")
QUERY = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
       (SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) FROM pg_settings
         WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')),
       count(*), coalesce(max(extract(epoch FROM now() - state_change))::int, 0)
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%'
   AND state_change < now() - make_interval(secs => :age);
"""


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`database.connections`, `.idle` of each of {"databases": {<key>: {"user", "socket", "port", "idle_after"}}}."""
    items: List[Dict[str, Any]] = []
    for key, entry in arguments["databases"].items():
        try:
            items += measure(key, ask(entry))
        except (OSError, ValueError, KeyError, RuntimeError, subprocess.SubprocessError) as error:
            said = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
            items.append({"problem": f"{key}: {said}"})
    return items


def measure(key: str, row: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The samples of one database."""
    idle = row.get("idle", 0)
    connections = {"name": "database.connections", "subject": key, "value": row["used"] / row["limit"], "evidence": row}
    return [connections, {"name": "database.idle", "subject": key, "value": idle, "evidence": {}}]


def ask(entry: Dict[str, Any]) -> Dict[str, Any]:
    """What PostgreSQL says of itself. One that lets nobody in, not even its owner, has all connections in use."""
    words = [shutil.which("psql", path=PATH) or "psql", "-X", "-A", "-t", "-q", "-F", " ", "-v", "ON_ERROR_STOP=1"]
    words += ["-v", f"age={seconds(entry['idle_after'])}", "-h", entry["socket"], "-p", str(entry["port"])]
    done = subprocess.run(
        as_user(entry["user"]) + words + ["-d", "postgres"],
        input=QUERY.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
        cwd="/",
        env={"PATH": PATH, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "3", "PGAPPNAME": "fleetmend"},
    )
    complaint = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and FULL.search(complaint):
        return {"used": 1, "limit": 1, "error": "nobody is let in any more"}
    if done.returncode:
        raise RuntimeError(complaint.splitlines()[0][:200] if complaint else f"psql ended with {done.returncode}")
    used, limit, idle, oldest = map(int, done.stdout.split())
    return {"used": used, "limit": max(limit, 1), "idle": idle, "oldest_seconds": oldest}


def as_user(name: str) -> List[str]:
    """What has to stand before a command for it to run as *name*. Raises RuntimeError if it can't."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        raise RuntimeError(f"there is no user {name} on this host") from None
    if os.geteuid() == uid:
        return []
    if os.geteuid() != 0:
        raise RuntimeError(f"only root can ask as {name} (is become needed?)")
    return [shutil.which("runuser", path=PATH) or "runuser", "-u", name, "--"]


def seconds(age: str) -> int:
    """`10m` as seconds."""
    return int(age[:-1]) * UNITS[age[-1]]
