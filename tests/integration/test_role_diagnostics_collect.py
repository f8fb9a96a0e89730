"""diagnostics_collect, on the machine that the tests run on."""

from __future__ import annotations

import pytest
from local_hosts import local_host

pytestmark = pytest.mark.ansible


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")])
def test_it_shows_what_it_found_and_changes_nothing(arguments: tuple[str, ...]) -> None:
    with local_host() as host:
        done = host.play("diagnostics_collect", *arguments)
        assert (done.rc, done.changed) == (0, False), done.output
        report = {
            key: value
            for said in done.results
            if isinstance(said.get("msg"), dict)
            for key, value in said["msg"].items()
        }
        assert len(report["load"].split()) == 5
        assert any(line.startswith("MemTotal:") for line in report["memory"])
        assert {"units", "journal", "listeners", "started", "changed_packages", "changed_files"} < report.keys()
        assert {"disks", "inodes", "top_processes", "kernel_log", "not_available"} < report.keys()
        assert len(report["top_processes"]) <= 21 and len(report["kernel_log"]) <= 20


def test_an_unfit_number_of_lines_is_refused() -> None:
    with local_host() as host:
        done = host.play("diagnostics_collect", lines=0)
        assert done.rc != 0 and "between 1 and 200" in done.messages, done.output
