"""The probe of reboots: what packages ask for, and which kernel is newer."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.on_host import reboot


@pytest.mark.parametrize(
    ("running", "installed", "newer"),
    [
        ("6.1.0-9-amd64", ["6.1.0-9-amd64"], False),
        ("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-10-amd64"], True),
        ("6.1.0-10-amd64", ["6.1.0-9-amd64", "6.1.0-10-amd64"], False),
        ("6.1.0-rc1", ["6.1.0-rc1", "6.1.0-1"], True),
        ("5.10.0-host", ["6.1.0-9-amd64"], False),
        ("5.10.0-host", [], False),
    ],
)
def test_kernels(running: str, installed: list[str], newer: bool) -> None:
    found = reboot.newer_kernel(running, installed)
    assert (found is not None) is newer
    if newer:
        assert running in str(found)


def test_what_packages_ask_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, names = tmp_path / "reboot-required", tmp_path / "pkgs"
    monkeypatch.setattr(reboot, "ASKED", str(asked))
    monkeypatch.setattr(reboot, "PACKAGES", str(names))
    monkeypatch.setattr(reboot, "installed_kernels", list)
    assert reboot.probe({}) == [{"name": "reboot.required", "subject": "", "value": 0, "evidence": {}}]
    asked.touch()
    assert reboot.probe({})[0]["evidence"] == {"reason": "packages ask for it"}
    names.write_text("libc6\nlinux\nlibc6\n")
    (item,) = reboot.probe({})
    assert (item["value"], item["evidence"]["reason"]) == (1, "packages ask for it: libc6, linux")


def test_this_machine_answers() -> None:
    (item,) = reboot.probe({})
    assert item["value"] in (0, 1)
