"""The shipped remedies, planned with: every one finds its parameters from an incident as the probes report it."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest

from catalog.load import load_catalog
from core.plans import Proposal
from core.settings import CHECKOUT
from planner.planner import Planner
from tests.planning import Remembered, make_fleet, make_host, make_incident

_RUNAWAY = {"pid": 99, "started": 1234, "command_digest": "ab" * 32, "command": "burn {{ it }}", "owner": "root"}


@cache
def shipped():
    """The shipped catalog as if just vetted: this is about cards and schemas, not about the lock."""
    catalog = load_catalog(CHECKOUT)
    assert catalog.problems == ()
    remedies = {name: remedy.evolve(vetted=True) for name, remedy in catalog.remedies.items()}
    return dataclasses.replace(catalog, remedies=remedies)


CASES = [
    ("service_down", "web", {}, "service_restart", {"service": "web"}),
    ("folder_over_budget", "web_logs", {}, "log_cleanup", {"folder": "web_logs"}),
    ("config_drift", "web_conf", {}, "config_restore", {"file": "web_conf"}),
    ("disk_full", "/", {}, "disk_cleanup", {"place": "tmp"}),
    ("disk_full", "/", {"mount": "/"}, "disk_cleanup", {"place": "tmp", "mount": "/"}),
    ("inodes_exhausted", "/", {"mount": "/"}, "inode_cleanup", {"place": "tmp", "mount": "/"}),
    ("memory_full", "", {}, "diagnostics_collect", {}),
    ("service_saturated", "web", {"wanted": 3}, "service_scale", {"service": "web", "instances": 3}),
    ("database_connections_exhausted", "main", {}, "database_sessions_end", {"database": "main"}),
    ("firewall_drift", "baseline", {"differences": 1}, "firewall_restore", {"baseline": "baseline"}),
    (
        "auth_bruteforce",
        "203.0.113.6",
        {"address": "203.0.113.6"},
        "ip_block",
        {"address": "203.0.113.6", "minutes": 60},
    ),
    ("account_compromised", "alice", {"account": "alice"}, "user_lock", {"account": "alice"}),
    ("ssh_policy_drift", "policy", {"first": "PermitRootLogin is yes, not no"}, "ssh_harden", {"policy": "policy"}),
    (
        "package_vulnerable",
        "curl",
        {"repaired": "8.1-2"},
        "package_security_update",
        {"package": "curl", "version": "8.1-2"},
    ),
    ("clock_drift", "clock", {"service": "inactive"}, "time_sync", {"clock": "clock"}),
    ("dns_failing", "resolver", {"first": "www.example.net"}, "dns_restore", {"resolver": "resolver"}),
    ("cpu_runaway", "jobs", _RUNAWAY, "process_stop", {"process": "jobs", "pid": 99, "grace": 5}),
]


@pytest.mark.parametrize(("symptom", "subject", "evidence", "remedy", "parameters"), CASES)
def test_each_remedy_is_filled_in_by_rules(symptom, subject, evidence, remedy, parameters):
    incident = make_incident(symptom, subject, evidence=evidence)
    result = Planner(None, Remembered()).propose(incident, make_fleet(), shipped()).result
    assert isinstance(result, Proposal)
    step = result.steps[0]
    assert step.remedy == remedy
    assert parameters.items() <= step.parameters.items()
    assert result.confidence == 0.8


KEPT = {
    "fleetmend_mounts": {"data": {"path": "/srv/data"}, "more": {"path": "/srv/more"}},
    "fleetmend_logs": {"talker": {"unit": "talker"}, "web": {"unit": "web"}},
    "fleetmend_certificates": {"web_tls": {"path": "/etc/web.crt"}, "other": {"path": "/etc/other.crt"}},
    "fleetmend_backups": {"orders": {"paths": ["/srv/data/orders"]}, "mail": {"paths": ["/srv/mail"]}},
}


@pytest.mark.parametrize(
    ("symptom", "subject", "evidence", "remedy", "parameters"),
    [
        ("mount_missing", "data", {}, "mount_restore", {"mount": "data"}),
        ("mount_readonly", "more", {}, "mount_restore", {"mount": "more"}),
        ("certificate_expiring", "web_tls", {}, "certificate_renew", {"certificate": "web_tls"}),
        ("backup_stale", "orders", {}, "backup_create", {"backup": "orders"}),
        ("data_lost", "mail", {}, "backup_restore", {"backup": "mail", "snapshot": "latest"}),
        ("data_lost", "mail", {"snapshot": "ab12cd34"}, "backup_restore", {"backup": "mail", "snapshot": "ab12cd34"}),
        # the folder is another one than the one that floods, so it is left alone
        ("log_flood", "talker", {"log": "talker"}, "log_cleanup", {"log": "talker"}),
        ("log_flood", "web", {"log": "web"}, "log_cleanup", {"log": "web", "folder": "web_logs"}),
        ("log_flood", "elsewhere", {}, "diagnostics_collect", {}),
    ],
)
def test_what_is_kept_in_order_is_filled_in_by_rules(symptom, subject, evidence, remedy, parameters):
    fleet = make_fleet(make_host("alpha", **KEPT))
    incident = make_incident(symptom, subject, evidence=evidence)
    result = Planner(None, Remembered()).propose(incident, fleet, shipped()).result
    assert isinstance(result, Proposal)
    assert (result.steps[0].remedy, result.steps[0].parameters) == (remedy, parameters)


PLACES = {"tmp": {"path": "/tmp"}, "packages": {"kind": "package_cache"}, "spool": {"path": "/data/spool"}}


@pytest.mark.parametrize(
    ("mount", "without", "parameters"),
    [
        ("/", (), {"mount": "/"}),
        ("/data", (), {"mount": "/data"}),
        ("/data", ("packages",), {"mount": "/data", "place": "spool"}),
        ("/srv", ("packages",), None),
    ],
)
def test_a_full_mount_is_cleaned_in_all_its_places_that_may_be(mount, without, parameters):
    places = {name: entry for name, entry in PLACES.items() if name not in without}
    fleet = make_fleet(make_host("alpha", fleetmend_cleanup=places))
    incident = make_incident("disk_full", mount, evidence={"mount": mount})
    result = Planner(None, Remembered()).propose(incident, fleet, shipped()).result
    if parameters is None:
        assert result.steps[0].remedy == "diagnostics_collect"
    else:
        assert (result.steps[0].remedy, result.steps[0].parameters) == ("disk_cleanup", parameters)
