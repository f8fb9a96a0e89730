"""The module mount_state: what it reads from fstab and from the kernel, and what it refuses."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "mount_restore" / "library" / "mount_state.py"
spec = importlib.util.spec_from_file_location("mount_state", SOURCE)
assert spec and spec.loader
state: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(state)

FSTAB = r"""# what is mounted
/dev/sda1 / ext4 defaults 0 1
UUID=1 /srv/data/ ext4 noatime,nofail 0 0
#/dev/sdb1 /srv/off ext4 defaults 0 0
/dev/sdc1 /srv/my\040data xfs ro 0 0
/dev/sdd1 /mnt ext4 noauto 0 0
/dev/sde1 none swap sw 0 0
short line
"""
MOUNTINFO = r"""21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 21 7:0 / /srv/data rw - ext4 /dev/loop0 ro
31 21 7:1 / /srv/my\040data ro - xfs /dev/loop1 rw
32 21 0:40 / /srv/twice ro - tmpfs none ro
33 21 0:41 / /srv/twice rw - tmpfs none rw
"""


def test_the_line_of_a_mount_point_is_found() -> None:
    assert state.line_of(FSTAB, "/srv/data") == ("UUID=1", "ext4", ("noatime", "nofail"))
    assert state.line_of(FSTAB, "/srv/my data").options == ("ro",)
    assert state.line_of(FSTAB, "/").source == "/dev/sda1"
    for path in ("/srv/off", "/srv", "/srv/data/inner", "none/"):
        assert state.line_of(FSTAB, path) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "mounted"),
        ("/srv/data", "readonly"),
        ("/srv/my data", "readonly"),
        ("/srv/twice", "mounted"),
        ("/srv", "missing"),
    ],
)
def test_the_state_is_what_the_kernel_says(path: str, expected: str) -> None:
    assert state.state_of(MOUNTINFO, path) == expected


@pytest.mark.parametrize(
    ("path", "why"), [("/srv/off", "no line in fstab"), ("/mnt", "not mounted by itself"), ("/", None)]
)
def test_only_what_fstab_mounts_by_itself_is_touched(path: str, why: str | None) -> None:
    problem = state.problem_with(state.line_of(FSTAB, path), path)
    assert problem is None if why is None else why in problem
