"""Every shipped fault can be put on a real host and taken off again, twice each, and leaves the host as it was."""

from __future__ import annotations

import time

import pytest

from core.errors import BadInput
from lab.faults import Fault, read_faults
from lab.lab import Lab
from lab.status import status_of
from tests.lab.labs import real

pytestmark = real
_SETTLE_SECONDS = 30


@pytest.mark.parametrize("fault", read_faults().values(), ids=lambda fault: fault.name)
def test_a_fault_goes_on_and_off(lab: Lab, fault: Fault) -> None:
    host = next((host.name for host in lab.hosts if fault.fits(host)), None)
    assert host is not None, "it fits no host of a small lab"
    lab.break_(fault.name, host)
    lab.break_(fault.name, host)
    assert [(one.fault, one.host) for one in lab.broken()] == [(fault.name, host)]
    lab.mend(fault.name, host)
    lab.mend(fault.name, host)
    assert lab.broken() == []
    deadline = time.monotonic() + _SETTLE_SECONDS
    while (unsound := _unsound(lab)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert unsound == []


def _unsound(lab: Lab) -> list[str]:
    return [f"{one.name}: {one.systemd}, {one.sshd}" for one in status_of(lab) if one[4:6] != ("running", "answers")]


def test_a_fault_that_does_not_fit_is_refused(lab: Lab) -> None:
    with pytest.raises(BadInput, match="the fault service_killed does not fit db1; of this lab's hosts it fits web1"):
        lab.break_("service_killed", "db1")
    assert lab.broken() == []
