"""Whatever users say of SSH, host keys are checked at least as the setting asks. ssh itself says what it understood."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.host_keys import checked_arguments, with_checked_keys

DEFAULTS = ("-o StrictHostKeyChecking=accept-new -C", "", "")
WEAK = (
    "-o StrictHostKeyChecking=no",
    "-oStrictHostKeyChecking=off",
    "-o 'stricthostkeychecking = no'",
    "-vo StrictHostKeyChecking=no",
    "-o UserKnownHostsFile=/dev/null",
    "-oGlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=none",
    "-o NoHostAuthenticationForLocalhost=yes",
    "-o KnownHostsCommand=/bin/echo",
    "-CoHostKeyAlias=other",
)


def understood(*texts: str) -> dict[str, str]:
    """What ssh makes of these options, in Ansible's order."""
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("there is no ssh here")
    words = [word for text in texts for word in shlex.split(text)]
    done = subprocess.run([ssh, "-F", "none", "-G", *words, "h"], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("weak", WEAK)
@pytest.mark.parametrize(("setting", "rule"), [("strict", "true"), ("accept-new", "accept-new")])
def test_what_would_weaken_the_check_has_no_effect(weak: str, place: int, setting: str, rule: str) -> None:
    texts = ["-C", "-J bastion", "-4"]
    texts[place] += f" {weak}"
    checked = checked_arguments(texts, setting)
    seen = understood(*checked)
    assert seen["stricthostkeychecking"] == rule
    assert "/dev/null" not in seen["userknownhostsfile"]
    assert seen["userknownhostsfile"] != "none"
    assert seen["nohostauthenticationforlocalhost"] == "no"
    assert "/bin/echo" not in seen.get("knownhostscommand", "none")
    assert "hostkeyalias" not in seen
    assert (seen["compression"], seen["proxyjump"], seen["addressfamily"]) == ("yes", "bastion", "inet")


def test_what_is_stricter_stays() -> None:
    first, second, _ = checked_arguments(["-C", "-o StrictHostKeyChecking=yes -J bastion", ""], "accept-new")
    assert (first, second) == ("-o StrictHostKeyChecking=yes -C", "-J bastion")


def test_a_known_hosts_file_of_ones_own_stays() -> None:
    assert checked_arguments(["-o UserKnownHostsFile=/etc/known"], "strict") == (
        "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/etc/known",
    )


@given(st.lists(st.sampled_from((*WEAK, "-C", "-4", "-J bastion", "-o Port=22", "-F cfg")), max_size=6))
def test_the_rule_always_comes_first(words: list[str]) -> None:
    [text] = checked_arguments([" ".join(words)], "strict")
    assert text.startswith("-o StrictHostKeyChecking=yes")
    assert text.lower().count("stricthostkeychecking") == 1


def test_a_host_that_says_nothing_of_ssh_gets_no_variables() -> None:
    assert with_checked_keys("h", {"ansible_host": "x"}, DEFAULTS, "strict") == {"ansible_host": "x"}


@pytest.mark.parametrize("said", ["-J bastion", {"__ansible_unsafe": "-J bastion"}])
def test_a_host_with_a_jump_host_keeps_the_rule(said: Any) -> None:
    """Case 14: the variable takes the place of the setting that carried the rule."""
    found = with_checked_keys("h", {"ansible_ssh_common_args": said}, DEFAULTS, "accept-new")
    assert found["ansible_ssh_args"] == {"__ansible_unsafe": "-o StrictHostKeyChecking=accept-new -C"}
    assert found["ansible_ssh_common_args"] == {"__ansible_unsafe": "-J bastion"}


@pytest.mark.parametrize(
    "name",
    ["ansible_host_key_checking", "ansible_ssh_host_key_checking", "ansible_paramiko_host_key_auto_add"],
)
def test_switches_are_left_out(name: str) -> None:
    assert with_checked_keys("h", {name: False}, DEFAULTS, "strict") == {}


@pytest.mark.parametrize("said", ["{{ lookup('env', 'X') }}", {"__ansible_vault": "x"}, "-o 'open", ["-C"]])
def test_what_cannot_be_read_is_refused(said: Any) -> None:
    with pytest.raises(Refused, match="host h: "):
        with_checked_keys("h", {"ansible_ssh_args": said}, DEFAULTS, "strict")


@pytest.mark.parametrize("address", ["-oProxyCommand=x", {"__ansible_unsafe": "-oProxyCommand=x"}])
def test_an_address_that_ssh_would_take_for_an_option_is_refused(address: Any) -> None:
    with pytest.raises(Refused, match="begins with '-'"):
        with_checked_keys("h", {"ansible_host": address}, DEFAULTS, "strict")
