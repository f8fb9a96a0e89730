"""Whether sshd does what the fleet's policy says: sshd itself is asked what is in force."""

import re
import subprocess
from typing import Any, Dict, List

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
PATIENCE = 4.0
TIMES = ("clientaliveinterval", "logingracetime")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`ssh.drift` of each of {"ssh": {<key>: {"options": {<option>: <value>}}}}: 1 if something else is in force."""
    try:
        done = subprocess.run(
            ["sshd", "-T"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        problem = "there is no sshd on this host" if isinstance(error, FileNotFoundError) else "sshd takes too long"
        return [{"problem": problem}]
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        return [{"problem": "sshd says: {} (is become needed?)".format(said[-1][:200])}]
    shown = done.stdout.decode("utf-8", "replace")
    return [_item(key, differences(shown, entry["options"])) for key, entry in arguments["ssh"].items()]


def _item(key: str, lines: List[str]) -> Dict[str, Any]:
    evidence: Dict[str, Any] = {"differences": len(lines)}
    if lines:
        evidence["first"] = lines[0]
    return {"name": "ssh.drift", "subject": key, "value": int(bool(lines)), "evidence": evidence}


# These two are the same as in roles/ssh_policy/library/ssh_policy.py; a test compares what they say.


def as_shown(option: str, value: Any) -> str:
    """*value* of *option* as `sshd -T` would show it."""
    text = {"true": "yes", "false": "no"}.get(str(value).lower(), str(value).strip().lower())
    if option == "permitrootlogin" and text == "prohibit-password":
        return "without-password"
    parts = re.findall(r"(\d+)([smhdw])", text)
    if option in TIMES and parts and "".join(map("".join, parts)) == text:
        return str(sum(int(number) * SECONDS[unit] for number, unit in parts))
    return text


def differences(shown: str, options: Dict[str, Any]) -> List[str]:
    """Lines that say where what `sshd -T` *shown* differs from *options*."""
    found: Dict[str, str] = {}
    for line in shown.splitlines():
        option, _, value = line.strip().partition(" ")
        found.setdefault(option.lower(), value.strip().lower())
    lines = []
    for name, value in sorted(options.items()):
        option = name.lower()
        if option not in found:
            lines.append("{} is not known to this sshd".format(name))
        elif as_shown(option, found[option]) != as_shown(option, value):
            lines.append("{} is {}, not {}".format(name, found[option], as_shown(option, value)))
    return lines
