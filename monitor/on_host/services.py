"""Whether services are up or have failed, as their service manager says: systemd or supervisor."""

import base64
import configparser
import http.client
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import xmlrpc.client
from typing import Any, Dict, List, Tuple
from xml.parsers.expat import ExpatError

PATH = "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"
PATIENCE = 4.0  # seconds for a service manager to answer
CONFIGS = ("/etc/supervisor/supervisord.conf", "/etc/supervisord.conf")
ANSWER = 1 << 20  # bytes of an answer that are read
PROPERTIES = "ActiveState,SubState,LoadState,NRestarts,MainPID,Result,ExecMainStatus"

Item = Dict[str, Any]


class Unanswered(Exception):
    """A service manager could not be asked; the message says why."""


def probe(arguments: Dict[str, Any]) -> List[Item]:
    """`service.up` and `.failed` (1 or 0) of each of {"services": {<key>: {"unit", "backend", "config" or None}}}."""
    items: List[Item] = []
    managers: Dict[Tuple[str, str], Dict[str, str]] = {}
    for key, entry in arguments["services"].items():
        managers.setdefault((entry["backend"], entry.get("config") or ""), {})[key] = entry["unit"]
    for (backend, config), units in managers.items():
        try:
            items += _systemd(units) if backend == "systemd" else _supervisor(units, config)
        except (Unanswered, OSError, ValueError, subprocess.SubprocessError) as error:
            items.append({"problem": "{}: {} can't be asked: {}".format(", ".join(units), backend, error)})
    return items


def _samples(key: str, up: bool, failed: bool, evidence: Dict[str, Any]) -> List[Item]:
    return [
        {"name": name, "subject": key, "value": int(value), "evidence": evidence}
        for name, value in (("service.up", up), ("service.failed", failed))
    ]


def _systemd(units: Dict[str, str]) -> List[Item]:
    tool = shutil.which("systemctl", path=PATH)
    if tool is None:
        raise Unanswered("there is no systemctl on this host")
    answer = subprocess.run(
        [tool, "show", "--no-pager", "--property=" + PROPERTIES, "--"] + [_full(unit) for unit in units.values()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
        env={"PATH": PATH, "LC_ALL": "C"},
    )
    blocks = re.split(r"\n\s*\n", answer.stdout.decode("utf-8", "replace").strip("\n"))
    if answer.returncode or len(blocks) != len(units):
        said = answer.stderr.decode("utf-8", "replace").strip().splitlines()[:1] or ["an answer of another length"]
        raise Unanswered(said[0])
    return [item for (key, unit), block in zip(units.items(), blocks) for item in _unit(key, unit, block)]


def _full(unit: str) -> str:
    return unit if "." in unit else unit + ".service"


def _unit(key: str, unit: str, block: str) -> List[Item]:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    active, loaded = values.get("ActiveState", ""), values.get("LoadState", "")
    state = "{} ({})".format(active, values.get("SubState", "")) if loaded == "loaded" else loaded
    evidence: Dict[str, Any] = {"state": state, "backend": "systemd", "unit": unit}
    numbers = (("restarts", "NRestarts"), ("pid", "MainPID"))
    evidence.update({name: int(values[own]) for name, own in numbers if own in values})
    if active == "failed":
        evidence.update(result=values.get("Result", ""), exit_status=int(values.get("ExecMainStatus") or 0))
    return _samples(key, active in ("active", "reloading"), active == "failed", evidence)


def _supervisor(units: Dict[str, str], config: str) -> List[Item]:
    url, user, password = _server(config)
    try:
        programs = _ask(url, user, password)
    except (FileNotFoundError, ConnectionRefusedError):
        # where its supervisor is not running, the service is not either
        down = {"state": "supervisor is down", "backend": "supervisor"}
        return [item for key, unit in units.items() for item in _samples(key, False, False, dict(down, unit=unit))]
    return [item for key, unit in units.items() for item in _program(key, unit, programs)]


def _server(config: str) -> Tuple[str, str, str]:
    """(URL, user, password) by which the supervisor of *config* is reached, as its own command line tool reads it."""
    path = config or next((path for path in CONFIGS if os.path.exists(path)), CONFIGS[0])
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Unanswered(f"{path}: {str(error).splitlines()[0]}") from None

    def value(section: str, option: str) -> str:
        text = parser.get(section, option, fallback="").strip().strip("\"'")
        names = dict(os.environ, here=os.path.dirname(os.path.abspath(path)))
        return re.sub(r"%\((?:ENV_)?(\w+)\)s", lambda match: names.get(match.group(1), match.group(0)), text)

    secret = [("supervisorctl", "username"), ("supervisorctl", "password")]
    url = value("supervisorctl", "serverurl")
    if not url and value("unix_http_server", "file"):
        url = "unix://" + os.path.join(os.path.dirname(os.path.abspath(path)), value("unix_http_server", "file"))
    elif not url and value("inet_http_server", "port"):
        host, _, port = value("inet_http_server", "port").rpartition(":")
        url = "http://{}:{}".format(host if host not in ("", "*") else "127.0.0.1", port)
    if not url:
        raise Unanswered(f"{path} names neither [supervisorctl] serverurl nor a server")
    return (url, value(*secret[0]), value(*secret[1]))


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self._path)


def _ask(url: str, user: str, password: str) -> List[Dict[str, Any]]:
    """All programs, as supervisor's XML-RPC tells them. Raises OSError or Unanswered."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "unix":
        connection: http.client.HTTPConnection = _UnixConnection(url[len("unix://") :])
    else:
        connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=PATIENCE)
    headers = {"Content-Type": "text/xml"}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    try:
        connection.request("POST", "/RPC2", xmlrpc.client.dumps((), "supervisor.getAllProcessInfo"), headers)
        response = connection.getresponse()
        if response.status != 200:
            raise Unanswered(f"it answers {response.status} {response.reason}")
        (programs,), _ = xmlrpc.client.loads(response.read(ANSWER))
    except (http.client.HTTPException, xmlrpc.client.Error, ExpatError, ValueError) as error:
        raise Unanswered(str(error) or type(error).__name__) from None
    finally:
        connection.close()
    if not isinstance(programs, list) or not all(isinstance(program, dict) for program in programs):
        raise Unanswered("its answer is no list of programs")
    return programs


def _program(key: str, unit: str, programs: List[Dict[str, Any]]) -> List[Item]:
    """One program, `group:name`, or all of a group: up if every one runs, failed if supervisor gave one up."""
    found = [program for program in programs if unit in _names(program)]
    states = [str(program.get("statename")) for program in found]
    worst = next((state for state in states if state != "RUNNING"), states[0] if states else "not found")
    evidence: Dict[str, Any] = {"state": worst, "backend": "supervisor", "unit": unit}
    if len(found) == 1:
        evidence["pid"] = int(found[0].get("pid", 0))
    return _samples(key, bool(states) and worst == "RUNNING", "FATAL" in states, evidence)


def _names(program: Dict[str, Any]) -> Tuple[str, ...]:
    name, group = str(program.get("name")), str(program.get("group"))
    return name, group, group + ":" + name, group + ":*"
