"""A small catalog, fleet and incidents for tests of the planner and the approver: values, made in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.catalog import Catalog
from core.fleets import Fleet, FleetFile, Host
from core.incidents import Incident, Request
from core.outcomes import Lesson
from core.plans import Plan, Step
from core.proofs import Proof, Trial
from core.remedies import Parameter, Remedy
from core.severity import Risk, Severity
from core.states import State
from core.symptoms import Symptom

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

SERVICE = Parameter(
    name="service", type="str", description="The service.", required=True, from_inventory="fleetmend_services"
)
FILE = Parameter(name="file", type="str", description="The file.", required=True, from_inventory="fleetmend_files")
FOLDER = Parameter(
    name="folder", type="str", description="The folder.", required=True, from_inventory="fleetmend_folders"
)
PLACE = Parameter(name="place", type="str", description="The place.", required=True, from_inventory="fleetmend_cleanup")
PROCESS = Parameter(
    name="process", type="str", description="The process.", required=True, from_inventory="fleetmend_processes"
)
PID = Parameter(name="pid", type="int", description="Its pid.", required=True, from_evidence="pid")
GRACE = Parameter(name="grace", type="int", description="Seconds.", default=5, minimum=0, maximum=60)

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "path": "string"}


def proof_of(id_: str, digest: str) -> Proof:
    """A proof of the remedy *id_* with the files behind *digest*."""
    trial = Trial(name="shown", title="It healed", host="alpha", plan=f"{id_} on alpha", again="unchanged")
    return Proof(remedy=id_, digest=digest, date=NOW, scenarios=(trial,))


def make_remedy(id_: str, *parameters: Parameter, treats: Iterable[str] = (), **fields: Any) -> Remedy:
    """A vetted and proven remedy of low risk whose schema matches its parameters."""
    properties: dict[str, Any] = {one.name: {"type": _TYPES[one.type.value]} for one in parameters}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [one.name for one in parameters if one.required],
        "additionalProperties": False,
    }
    given = {
        "title": id_.replace("_", " ").capitalize(),
        "risk": Risk.LOW,
        "digest": f"digest-of-{id_}",
        "vetted": True,
        "proof": proof_of(id_, fields.get("digest", f"digest-of-{id_}")),
        "root": Path("/nowhere"),
        "files": (f"playbooks/{id_}.yml",),
    }
    return Remedy(**(given | fields), id=id_, treats=tuple(treats), parameters=parameters, schema=schema)


SERVICE_RESTART = make_remedy(
    "service_restart",
    SERVICE,
    title="Restart a failed service",
    treats=("service_down", "port_closed", "http_unhealthy"),
    needs=("fleetmend_services",),
)
CONFIG_RESTORE = make_remedy(
    "config_restore",
    FILE,
    title="Put a changed file back",
    treats=("config_drift", "http_unhealthy"),
    risk=Risk.MEDIUM,
    needs=("fleetmend_files",),
)
LOG_CLEANUP = make_remedy(
    "log_cleanup",
    FOLDER,
    title="Bring a log folder back under its budget",
    treats=("folder_over_budget", "disk_full"),
    needs=("fleetmend_folders",),
)
DISK_CLEANUP = make_remedy(
    "disk_cleanup", PLACE, title="Delete old files", treats=("disk_full",), needs=("fleetmend_cleanup",)
)
PROCESS_STOP = make_remedy(
    "process_stop",
    PROCESS,
    PID,
    GRACE,
    title="Stop a runaway process",
    treats=("cpu_runaway", "memory_runaway"),
    risk=Risk.MEDIUM,
    needs=("fleetmend_processes",),
)
DIAGNOSTICS = make_remedy(
    "diagnostics_collect",
    title="Look around and write down",
    treats=("service_down", "http_unhealthy", "cpu_saturated"),
    read_only=True,
)
REMEDIES = (SERVICE_RESTART, CONFIG_RESTORE, LOG_CLEANUP, DISK_CLEANUP, PROCESS_STOP, DIAGNOSTICS)


def make_catalog(*remedies: Remedy) -> Catalog:
    """A catalog of *remedies*, by default all six."""
    symptoms = {
        "service_down": Symptom(id="service_down", title="A service is down", probe="services", sample="service.up")
    }
    return Catalog(remedies={remedy.id: remedy for remedy in remedies or REMEDIES}, symptoms=symptoms)


VARIABLES: dict[str, Any] = {
    "fleetmend_services": {"web": {}, "db": {}},
    "fleetmend_files": {"web_conf": {"path": "/etc/web.conf", "source": "files/web.conf", "service": "web"}},
    "fleetmend_folders": {"web_logs": {"path": "/var/log/web", "budget": "1MB", "service": "web"}},
    "fleetmend_cleanup": {"tmp": {"path": "/tmp", "older_than": "7d"}},
    "fleetmend_processes": {"jobs": {"match": "burn"}},
    "fleetmend_databases": {"main": {}},
    "fleetmend_firewall": {"baseline": {"path": "/etc/nftables.conf", "source": "files/nftables.conf"}},
    "fleetmend_ssh": {"policy": {"options": {"PermitRootLogin": "no"}}},
    "fleetmend_packages": {"openssl": {}, "curl": {}},
    "fleetmend_time": {"clock": {}},
    "fleetmend_dns": {"resolver": {"nameservers": ["192.0.2.53"], "names": ["www.example.net"]}},
    "fleetmend_scaled": {"web": {"unit": "web@", "max": 4, "first_port": 8081, "capacity": 8}},
}


def make_host(name: str, **variables: Any) -> Host:
    """A host with `VARIABLES`, changed by *variables* (None takes one away)."""
    merged = {key: value for key, value in (VARIABLES | variables).items() if value is not None}
    return Host(name=name, variables=merged)


def make_fleet(*hosts: Host, **file: Any) -> Fleet:
    """The fleet `shop`: *hosts* (by default alpha, beta, gamma), and the keys of its `fleet.yml`."""
    return Fleet(
        name="shop",
        folder=Path("/nowhere"),
        file=FleetFile.model_validate(file),
        hosts=hosts or tuple(make_host(name) for name in ("alpha", "beta", "gamma")),
        policy_digest="policy",
    )


def make_incident(symptom: str = "service_down", subject: str = "web", **fields: Any) -> Incident:
    """An open incident on alpha."""
    given: dict[str, Any] = {
        "id": "inc-1",
        "fingerprint": "f" * 24,
        "fleet": "shop",
        "host": "alpha",
        "service": None,
        "severity": Severity.WARNING,
        "state": State.OPEN,
        "reason": "",
        "version": 1,
        "detections": 1,
        "evidence": {},
        "opened_at": NOW,
        "changed_at": NOW,
        "last_seen_at": NOW,
        "due_at": None,
    }
    return Incident(symptom=symptom, subject=subject, **(given | fields))


def make_request(text: str = "", **fields: Any) -> Incident:
    """An incident that a person asked for."""
    hosts = fields.pop("hosts", ("alpha",))
    request = Request(by=fields.pop("by", "person:ada"), text=text, hosts=hosts, **fields)
    return make_incident("requested", "", request=request)


def make_lesson(remedy: str, tried: int, healed: int, symptom: str = "service_down") -> Lesson:
    """A lesson of the fleet `shop`."""
    return Lesson(
        symptom=symptom,
        remedy=remedy,
        fleet="shop",
        tried=tried,
        healed=healed,
        worse=0,
        median_heal_seconds=2.0 if healed else None,
        last_at=NOW,
    )


@dataclass(frozen=True)
class Remembered:
    """A memory with these lessons, whatever is asked."""

    known: tuple[Lesson, ...] = ()

    def lessons(self, fleet: str, symptom: str) -> Mapping[str, Lesson]:
        return {lesson.remedy: lesson for lesson in self.known}


def make_plan(*steps: Step, **fields: Any) -> Plan:
    """A stored plan of the rules, by default a restart of web on alpha."""
    given: dict[str, Any] = {
        "risk": Risk.LOW,
        "proposer": "rules",
        "confidence": 0.8,
        "reasons": ("because",),
        "id": "plan-1",
        "incident_id": "inc-1",
        "number": 1,
        "policy_digest": "policy",
        "bound": {"host web1": "inventory"},
        "created_at": NOW + timedelta(seconds=3),
    }
    return Plan(steps=steps or (make_step(),), **(given | fields))


def make_step(remedy: Remedy = SERVICE_RESTART, *hosts: str, **parameters: Any) -> Step:
    """A step of *remedy*, by default on alpha; without parameters that of web."""
    return Step(
        remedy=remedy.id,
        digest=remedy.digest,
        parameters=parameters or ({"service": "web"} if remedy is SERVICE_RESTART else {}),
        hosts=hosts or ("alpha",),
    )
