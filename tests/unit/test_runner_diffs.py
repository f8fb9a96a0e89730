"""Diffs say where they write, and never pass what nobody read for 'no difference'."""

from __future__ import annotations

from typing import Any

import pytest

from core.redaction import Redactor
from runner.diffs import diff_text

HEADERS = {"before_header": "/etc/web.conf", "after_header": "files/web.conf"}


def text(**part: Any) -> str:
    return diff_text(Redactor(), part)


def test_the_first_line_says_where_and_the_second_what_is_put_there() -> None:
    assert text(**HEADERS, before="bad\n", after="good\n").splitlines() == [
        "--- /etc/web.conf",
        "+++ files/web.conf",
        "@@ -1 +1 @@",
        "-bad",
        "+good",
    ]


@pytest.mark.parametrize("header", ["before_header", "after_header"])
def test_one_header_serves_for_both(header: str) -> None:
    assert text(**{header: "/etc/x"}, before="", after="a\n").splitlines()[:2] == ["--- /etc/x", "+++ /etc/x"]


@pytest.mark.parametrize("unseen", ["dst_binary", "src_binary", "dst_larger", "src_larger"])
def test_what_was_not_read_is_said(unseen: str) -> None:
    shown = text(**HEADERS, **{unseen: 1})
    assert shown.startswith("--- /etc/web.conf\n+++ files/web.conf\n(")
    assert "is not shown" in shown


def test_sides_that_are_the_same_are_no_difference() -> None:
    assert text(**HEADERS, before="a", after="a") == ""
