"""The modules dns_ask and package_seen: what counts as an answer, and what as a replaced file."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from typing import Any

import pytest

ROLES = Path(__file__).resolve().parents[2] / "roles"


def module(role: str, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROLES / role / "library" / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


dns_ask = module("dns_restore", "dns_ask")
package_seen = module("package_security_update", "package_seen")


def test_a_question_is_one_that_nameservers_read() -> None:
    asked = dns_ask.question(0x1234, "web1.lab.internal.", "A")
    assert asked[:12] == bytes.fromhex("123401000001000000000000")
    assert asked[12:] == b"\x04web1\x03lab\x08internal\x00" + b"\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("number", "flags", "records", "found"),
    [(7, 0x8180, 1, True), (7, 0x8180, 0, False), (8, 0x8180, 1, False), (7, 0x8183, 1, False), (7, 0x0100, 1, False)],
)
def test_only_an_answer_with_a_record_counts(number: int, flags: int, records: int, found: bool) -> None:
    answer = struct.pack(">HHHHHH", number, flags, 1, records, 0, 0)
    assert dns_ask.finds(answer, 7) is found
    assert not dns_ask.finds(answer[:5], 7)


MAPS = "7f00-7f10 r-xp 00000000 fe:00 131 {}\n"


@pytest.mark.parametrize(
    ("path", "replaced"),
    [
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)", True),
        ("/usr/sbin/nginx (deleted)", True),
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3", False),
        ("/tmp/cache (deleted)", False),
        ("/dev/zero (deleted)", False),
    ],
)
def test_a_replaced_file_is_one_of_a_program_or_library(path: str, replaced: bool) -> None:
    assert package_seen.uses_replaced(MAPS.format(path)) is replaced
