"""The whole way with the real things: a service dies, Prometheus sees it, Alertmanager tells us, and it is healed.

It takes Debian's packages prometheus, prometheus-alertmanager and prometheus-node-exporter; nothing is installed as a
service: the programs run in a folder of the test's own, on free ports.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from live_up import Place
from local_hosts import DEMO, LocalHost, local_host, wait_until

PROGRAMS = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
TOKEN = "whole-way-secret-of-alertmanager"
pytestmark = [
    pytest.mark.ansible,
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"apt-get install {' '.join(PROGRAMS)}"),
]

FLEET = {
    "inventory": ["hosts.yml"],
    "mode": "auto",
    "policy": {"auto": {"risk": "medium", "confidence": 0.0}, "require_proof": "never"},
    "verify": {"within": "20s", "hold": "1s"},
    "cooldown": "0s",
}
SOURCES = {
    "alertmanager": {
        "kind": "alertmanager",
        "secret": {"env": "FLEETMEND_ALERTMANAGER_TOKEN"},
        "lag": "30s",
        "alerts": {"WebDown": {"symptom": "service_down", "subject": "job"}},
    }
}
RULES = [
    {"alert": "WebDown", "expr": 'up{job="web"} == 0', "labels": {"severity": "critical"}},
    {"alert": "NodeKernelIsOurs", "expr": "node_uname_info > 0", "labels": {"severity": "info"}},
    {"alert": "Watchdog", "expr": "vector(1)"},
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def program(name: str, *arguments: str, ready: str, log: Path) -> Iterator[None]:
    """A real program while the block lasts, from the moment it answers at *ready*."""
    with log.open("wb") as out, subprocess.Popen([name, *arguments], stdout=out, stderr=out, cwd=log.parent) as process:
        try:
            wait_until(lambda: answers(ready) or process.poll() is not None)
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            yield
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def watched(root: Path, web_port: int, hook: str) -> Iterator[None]:
    """Prometheus, Alertmanager and node_exporter, which watch the web service and tell *hook*."""
    prometheus, manager, node = free_port(), free_port(), free_port()
    own_host = {"target_label": "instance", "replacement": "demo1"}
    jobs = [
        {"job_name": "web", "metrics_path": "/", "static_configs": [{"targets": [f"127.0.0.1:{web_port}"]}]},
        {"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{node}"]}]},
    ]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(root / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]},
        "scrape_configs": [job | {"relabel_configs": [own_host]} for job in jobs],
    }
    (root / "prometheus.yml").write_text(yaml.safe_dump(config))
    (root / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": RULES}]}))
    receiver = {"url": hook, "send_resolved": True, "http_config": {"authorization": {"credentials": TOKEN}}}
    route = {"receiver": "fleetmend", "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"}
    manager_config = {
        "route": route | {"group_by": ["alertname", "instance"]},
        "receivers": [{"name": "fleetmend", "webhook_configs": [receiver]}],
    }
    (root / "alertmanager.yml").write_text(yaml.safe_dump(manager_config))
    at = "http://127.0.0.1"
    with ExitStack() as stack:
        stack.enter_context(
            program(
                "prometheus-node-exporter",
                f"--web.listen-address=127.0.0.1:{node}",
                ready=f"{at}:{node}/metrics",
                log=root / "node.log",
            )
        )
        stack.enter_context(
            program(
                "prometheus-alertmanager",
                f"--config.file={root / 'alertmanager.yml'}",
                f"--storage.path={root / 'manager'}",
                f"--web.listen-address=127.0.0.1:{manager}",
                "--cluster.listen-address=",
                ready=f"{at}:{manager}/-/ready",
                log=root / "manager.log",
            )
        )
        stack.enter_context(
            program(
                "prometheus",
                f"--config.file={root / 'prometheus.yml'}",
                f"--storage.tsdb.path={root / 'data'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                ready=f"{at}:{prometheus}/-/ready",
                log=root / "prometheus.log",
            )
        )
        yield


def lay_out(content: Path, hosts: Path) -> None:
    folder = content / "inventory" / "shop"
    shutil.copytree(DEMO, folder)
    variables = folder / "group_vars" / "all.yml"
    variables.write_text(re.sub(r"^demo_root: .*$", f"demo_root: {hosts}", variables.read_text(), flags=re.MULTILINE))
    (folder / "fleet.yml").write_text(yaml.safe_dump(FLEET))
    (content / "inventory" / "sources.yml").write_text(yaml.safe_dump(SOURCES))


def hosted(host: LocalHost) -> None:
    """The page of the web service is one metric, so that Prometheus can read it."""
    config = host.folder / "web" / "web.conf"
    config.write_text(config.read_text().replace("Hello from the demo", "web_is_there 1"))


def test_a_real_fault_fires_a_real_alert_and_is_healed_by_it(tmp_path: Path) -> None:
    with local_host() as host, host.supervised() as control:
        hosted(host)
        lay_out(tmp_path / "content", host.root)
        place = Place(tmp_path)
        given = {
            "FLEETMEND_ALERTMANAGER_TOKEN": TOKEN,
            "FLEETMEND_MODEL": "rules",
        }
        with place.up(**given) as up:
            said = up.read_until("Ctrl-C stops it")
            [url] = re.findall(r"(http://127\.0\.0\.1:\d+)/api/v1/docs", said)
            [token] = re.findall(r"fm_[\w-]+", said)

            def get(path: str) -> Any:
                bearer = {"Authorization": f"Bearer {token}"}
                return httpx.get(f"{url}/api/v1{path}", headers=bearer, timeout=10).raise_for_status().json()

            def incidents(symptom: str) -> list[Any]:
                found = get("/incidents")
                return [
                    one
                    for one in (found["incidents"] if isinstance(found, dict) else found)
                    if one["symptom"] == symptom
                ]

            with watched(tmp_path, host.port, f"{url}/api/v1/hooks/alertmanager"):
                wait_until(lambda: incidents("unmapped") != [])  # a rule that nobody here knows: people see it
                assert incidents("service_down") == []
                control("stop", "web")
                wait_until(lambda: incidents("service_down") != [])
                wait_until(lambda: incidents("service_down")[0]["state"] in ("resolved", "escalated"), seconds=90)
                [healed] = incidents("service_down")
                assert healed["state"] == "resolved", healed["reason"]
                assert "healed by service_restart" in healed["reason"]
                assert "RUNNING" in control("status", "web")
                alerts = {one["name"]: one for one in get("/alerts")}
                assert alerts["WebDown"]["state"] == "resolved"
                assert alerts["NodeKernelIsOurs"]["state"] == "firing"
                assert "Watchdog" not in alerts
            verified = place.run("journal", "verify")
            assert verified.returncode == 0, verified.stdout + verified.stderr
            assert json.dumps(TOKEN) not in said
