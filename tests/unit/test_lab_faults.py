"""The shipped faults, and what a wrong one is told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from catalog.load import load_catalog
from core.errors import BadInput
from core.settings import CHECKOUT
from lab.faults import Fault, find_fault, read_faults
from lab.layout import EVERY, read_layout
from lab.networks import Network
from lab.record import LabHost, plan_lab
from tests.unit.content import write

SHIPPED = read_faults()
LAYOUT = read_layout()
HOSTS = {host.name: host for host in plan_lab("lab", "base", Network("10.213.0.0/24"), LAYOUT.choose()).hosts}
SYMPTOMS = load_catalog(CHECKOUT).symptoms.keys()


HARMLESS = re.compile(r"$|#|set -eu$|(export )?[a-z_A-Z]+=|[a-z_]+\(\) \{$|    |\}$")
"""What may stand before the case of a fault's script. It is read and not run: it is for hosts that may be broken."""


@pytest.mark.parametrize("fault", SHIPPED.values(), ids=lambda fault: fault.name)
def test_a_shipped_fault_is_sound(fault: Fault) -> None:
    assert fault.file.symptom in SYMPTOMS
    assert set(fault.file.groups) <= {EVERY, *LAYOUT.groups}
    assert set(fault.file.hosts) <= HOSTS.keys()
    assert any(fault.fits(host) for host in HOSTS.values())
    assert subprocess.run(["/bin/sh", "-n", fault.script], check=False).returncode == 0
    before, _, rest = fault.script.read_text().partition("\ncase $1 in\n")
    assert [line for line in before.splitlines() if not HARMLESS.match(line)] == [], "it does only what it is told"
    assert rest.rstrip().endswith("\nesac"), "it does only what it is told"


def host(name: str) -> LabHost:
    return HOSTS[name]


def fault(folder: Path, text: str, name: str = "broken") -> Fault:
    write(folder / f"{name}.yml", text)
    write(folder / f"{name}.sh", "exit 1\n")
    return read_faults(folder)[name]


def test_a_fault_fits_its_groups_or_its_hosts(tmp_path: Path) -> None:
    everywhere = fault(tmp_path, "{title: Broken, symptom: disk_full}")
    web = fault(tmp_path, "{title: Broken, symptom: disk_full, groups: [web, db]}")
    one = fault(tmp_path, "{title: Broken, symptom: disk_full, hosts: [web2]}")
    assert [[each.fits(host(name)) for name in ("web1", "web2", "lb1")] for each in (everywhere, web, one)] == [
        [True, True, True],
        [True, True, False],
        [False, True, False],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "title: Broken\nsymptom: disk_full\ngroup: [web]\n",
            r"broken\.yml:3: group: unknown key; allowed here: .*groups",
        ),
        ("title: Broken\n", r"broken\.yml:1: symptom: the key 'symptom' is missing"),
        ("title: Broken\nsymptom: Disk full\n", r"broken\.yml:2: symptom: "),
        ("title: Broken\nsymptom: disk_full\nway: telepathy\n", r"broken\.yml:3: way: should be 'ssh' or 'namespace'"),
        ("title: Broken\nsymptom: disk_full\nseconds: 0\n", r"broken\.yml:3: seconds: "),
        ("title: Broken\ntitle: Again\nsymptom: disk_full\n", r"broken\.yml:2: title: the key is given twice"),
        ("- broken\n", r"broken\.yml:1: a mapping is expected here, not a list"),
    ],
)
def test_a_wrong_fault_is_told_with_file_line_and_key(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        fault(tmp_path, text)


def test_a_fault_is_a_file_and_a_script(tmp_path: Path) -> None:
    write(tmp_path / "broken.yml", "{title: Broken, symptom: disk_full}")
    with pytest.raises(BadInput, match=r"broken\.yml: there is no broken\.sh beside it"):
        read_faults(tmp_path)
    (tmp_path / "broken.yml").rename(tmp_path / "broken.sh")
    with pytest.raises(BadInput, match=r"broken\.sh: there is no broken\.yml beside it"):
        read_faults(tmp_path)


def test_a_faults_name_is_a_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a fault's name has lower-case letters"):
        fault(tmp_path, "{title: Broken, symptom: disk_full}", "Very-broken")


def test_an_unknown_fault_is_answered_with_one_that_is_like_it() -> None:
    with pytest.raises(BadInput, match="no fault 'service_kiled'; did you mean 'service_killed'"):
        find_fault("service_kiled")
    with pytest.raises(BadInput, match="no fault 'x'; `fleetmend lab faults` lists them"):
        find_fault("x")
