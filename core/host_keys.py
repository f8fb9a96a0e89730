"""SSH's host keys are checked as fleetmend's setting asks, whatever an inventory or an `ansible.cfg` says.

ssh obeys the first of two options on its command line, and Ansible puts `ssh_args` first, then `ssh_common_args`, then
`ssh_extra_args`. So the rule goes to the front of `ssh_args`, and what would undo it is taken out of all three.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import Refused

DEFAULT_SSH_ARGS = "-C -o ControlMaster=auto -o ControlPersist=60s"
"""Ansible's own default of `ssh_args`."""
ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
SWITCHES = (
    "ansible_host_key_checking",
    "ansible_ssh_host_key_checking",
    "ansible_paramiko_host_key_checking",
    "ansible_paramiko_host_key_auto_add",
)
"""Variables that turn the check off, or take in any key."""

_RULES = {"strict": "yes", "accept-new": "accept-new"}
_OPTION = "stricthostkeychecking"
_KNOWN_HOSTS = ("userknownhostsfile", "globalknownhostsfile")
_NOWHERE = ("/dev/null", "none")
_OTHER_KEYS = ("knownhostscommand", "hostkeyalias")
"""These bring in keys from elsewhere, or have a host pass for another one."""
_LOOSE = ("nohostauthenticationforlocalhost", "verifyhostkeydns")
_FLAGS = frozenset("46AaCfGgKkMNnqsTtVvXxYy")
"""ssh's options without a value, which may stand together in one word."""


def checked_arguments(texts: Iterable[str], rule: str) -> tuple[str, ...]:
    """Return *texts* (ssh_args, ssh_common_args, ssh_extra_args) with the host-key rule in front of the first.

    *rule* is `strict` or `accept-new`; `yes` among the user's own options is stricter, and stays. Options that would
    weaken the rule are left out. Raises ValueError for text that no shell could split.
    """
    parsed = [list(_words(text)) for text in texts]
    own = [value.lower() for words in parsed for name, value, _ in words if name == _OPTION]
    effective = "yes" if "yes" in own else _RULES[rule]
    kept = [_joined(one) for one in parsed]
    return (f"-o StrictHostKeyChecking={effective} {kept[0]}".strip(), *kept[1:])


def with_checked_keys(host: str, given: Mapping[str, Any], defaults: tuple[str, str, str], rule: str) -> dict[str, Any]:
    """Return the variables *given* to Ansible for *host* with the host-key rule in all that they say of SSH.

    *defaults* are the three texts that hold where the host says nothing. Values are as in a frozen inventory: plain, or
    `{"__ansible_unsafe": text}`. Raises Refused for one that is still a template or vaulted: nobody could check it.
    """
    address = given.get("ansible_host", "")
    if str(address.get("__ansible_unsafe", "") if isinstance(address, Mapping) else address).startswith("-"):
        raise Refused(f"host {host}: ansible_host begins with '-', so that ssh would take it for an option; correct it")
    result = {name: value for name, value in given.items() if name not in SWITCHES}
    own = {name: _text(host, name, given[name]) for name in ARGUMENTS if name in given}
    if not own:
        return result
    texts = tuple(own.get(name, default) for name, default in zip(ARGUMENTS, defaults, strict=True))
    try:
        checked = checked_arguments(texts, rule)
    except ValueError as error:
        raise Refused(f"host {host}: its SSH options can't be read ({error}); correct {', '.join(own)}") from None
    # The first is always set: it carries the rule, and another of the three may have said `yes`.
    return result | {name: {"__ansible_unsafe": text} for name, text in zip(ARGUMENTS, checked, strict=True)}


def _joined(options: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    return shlex.join(word for name, value, words in options if not _weakens(name, value) for word in words)


def _text(host: str, name: str, value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == {"__ansible_unsafe"}:
        value = value["__ansible_unsafe"]
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        value = None
    if value is None or isinstance(value, Mapping | list):
        raise Refused(f"host {host}: {name} can't be evaluated, so that its host keys can't be told; correct it")
    return str(value)


def _words(text: str) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Split *text* into (option in lower case or "", its value, the words that make it up)."""
    words = iter(shlex.split(text))
    for word in words:
        flags, letter, rest = _cluster(word)
        if letter != "o":
            yield "", "", (word,)
        elif rest:
            yield (*_option(rest), (f"{flags}o{rest}",))
        else:
            following = next(words, "")
            yield (*_option(following), (word, following))


def _cluster(word: str) -> tuple[str, str, str]:
    """Part `-vCoName=value` (the same as `-v -C -o Name=value`) into flags, first letter with a value, and the rest."""
    if word[:1] == "-" and word[1:2] != "-":
        for place, letter in enumerate(word[1:], 1):
            if letter not in _FLAGS:
                return word[:place], letter, word[place + 1 :]
    return word, "", ""


def _option(text: str) -> tuple[str, str]:
    """`Name=value`, `Name value` and `Name = value` all mean the same to ssh."""
    name, _, value = text.strip().replace("=", " ", 1).partition(" ")
    return name.strip().lower(), value.strip().strip("\"'")


def _weakens(name: str, value: str) -> bool:
    if name == _OPTION or name in _OTHER_KEYS:
        return True  # the rule in front says what holds
    if name in _KNOWN_HOSTS:
        return all(place in _NOWHERE for place in value.split())
    return name in _LOOSE and value.lower() not in ("no", "ask")
