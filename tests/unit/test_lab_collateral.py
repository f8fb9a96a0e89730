"""Collateral: what differs on any host, and neither is the healing nor was declared."""

from __future__ import annotations

import pytest

from lab.proving.collateral import Declared, Difference, differences, done_by_the_remedy, left_at_the_end
from lab.proving.scenario import Change

UP, DOWN = {"web.service": "active running"}, {}
START = {
    "web1": {"unit": UP, "start": {"web.service": "a"}, "file": {"/etc/x": "1"}},
    "web2": {"file": {"/etc/x": "1"}},
}


def with_change(before, host, kind, **values):
    """*before* with names of one kind on one host set; None takes one away."""
    changed = {name: dict(kinds) for name, kinds in before.items()}
    inner = {**changed[host].get(kind, {}), **values}
    changed[host][kind] = {name: value for name, value in inner.items() if value is not None}
    return changed


BROKEN = with_change(
    with_change(START, "web1", "unit", **{"web.service": None}), "web1", "start", **{"web.service": None}
)
HEALED = with_change(START, "web1", "start", **{"web.service": "b"})
NOTHING = Declared((), "web1")
RESTARTED = Declared([Change(unit="web.service")], "web1")


def test_what_differs_is_told_in_order_with_what_it_was():
    assert list(differences(START, START)) == []
    found = list(differences(START, with_change(BROKEN, "web2", "file", **{"/etc/x": "2", "/etc/y": "1"})))
    assert [str(one) for one in found] == [
        "web1: start web.service: a → none",
        "web1: unit web.service: active running → none",
        "web2: file /etc/x: 1 → 2",
        "web2: file /etc/y: none → 1",
    ]


def test_a_host_that_is_gone_differs_in_everything():
    assert {one.host for one in differences(START, {"web1": START["web1"]})} == {"web2"}


def test_what_goes_back_to_how_it_was_is_the_healing():
    found = done_by_the_remedy(START, BROKEN, HEALED, NOTHING)
    assert [str(one) for one in found] == ["web1: start web.service: none → b"]
    assert done_by_the_remedy(START, BROKEN, HEALED, RESTARTED) == []


def test_what_the_fault_left_is_not_the_remedy_s():
    littered = with_change(BROKEN, "web1", "file", **{"/srv/full": "9"})
    healed = with_change(HEALED, "web1", "file", **{"/srv/full": "9"})
    assert done_by_the_remedy(START, littered, healed, RESTARTED) == []
    cleaned = with_change(healed, "web1", "file", **{"/srv/full": None})
    assert done_by_the_remedy(START, littered, cleaned, RESTARTED) == []
    wrecked = with_change(healed, "web1", "file", **{"/srv/full": None, "/etc/x": None})
    [found] = done_by_the_remedy(START, littered, wrecked, RESTARTED)
    assert (found.name, found.after) == ("/etc/x", None)


def test_what_changes_on_another_host_is_collateral_even_of_the_declared_kind():
    elsewhere = with_change(HEALED, "web2", "unit", **{"web.service": "active running"})
    [found] = done_by_the_remedy(START, BROKEN, elsewhere, RESTARTED)
    assert found.host == "web2"


@pytest.mark.parametrize(
    ("change", "found", "covered"),
    [
        ({"file": "/etc/web/*"}, ("web1", "file", "/etc/web/conf.d/x"), True),
        ({"file": "/etc/web/*"}, ("web1", "file", "/etc/webs"), False),
        ({"file": "/etc/web/*"}, ("web1", "unit", "/etc/web/x"), False),
        ({"file": "/srv/backup/*", "host": "backup1"}, ("backup1", "file", "/srv/backup/a"), True),
        ({"file": "/srv/backup/*", "host": "backup1"}, ("web1", "file", "/srv/backup/a"), False),
        ({"unit": "web@?.service"}, ("web1", "start", "web@1.service"), True),
        ({"firewall": "inet filter blocked"}, ("web1", "firewall", "inet filter blocked"), True),
    ],
)
def test_a_declaration_covers_its_kind_its_name_and_its_host(change, found, covered):
    declared = Declared([Change.model_validate(change)], "web1")
    assert declared.covers(Difference(*found, before=None, after="x")) is covered


def test_at_the_end_everything_is_as_it_was_but_for_what_was_started_anew_where_it_was_broken():
    assert left_at_the_end(START, HEALED, NOTHING, "web1") == []
    elsewhere = with_change(START, "web2", "start", **{"cron.service": "c"})
    assert [one.host for one in left_at_the_end(START, elsewhere, NOTHING, "web1")] == ["web2"]
    left = with_change(START, "web1", "file", **{"/etc/x.bak": "1"})
    assert [str(one) for one in left_at_the_end(START, left, NOTHING, "web1")] == ["web1: file /etc/x.bak: none → 1"]


def test_a_restart_is_told_as_one():
    words = str(Difference("web1", "start", "web.service", "a", "b"))
    assert words == "web1: unit web.service was started anew"
