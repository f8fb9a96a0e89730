"""The inventory that a run gets: the hosts of a plan with the variables that can matter to it, as they were resolved.

Which variables can matter is decided by name: the connection's (`ansible_*`), those that the card or any file of the
remedy mentions, and what these refer to in turn. The others are not there, so that whatever a run reads was hashed, and
what changes all the time in a cloud's inventory voids no approval. Where a remedy makes up names as it runs, all
variables count. Pure: fleets in, JSON out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.digests import digest_of
from core.fleets import Fleet, Host
from core.frozen import GROUPS, OTHERS

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MADE_UP = re.compile(r"""(?<!\w)vars(?!\w|\s*:)|['"](?:ansible\.builtin\.)?(?:vars|varnames)['"]""")
"""`vars[…]`, `vars | …`, `lookup('vars', …)`: names that nobody knows beforehand. A task's `vars:` is none of them."""
_ELSEWHERE = frozenset({"hostvars", "groups"})
"""Words with which a remedy reads other hosts."""
_CONNECTION = "ansible_"


@dataclass(frozen=True)
class Mentions:
    """What the files of remedies mention: every word in them, and whether they make names up as they run."""

    words: frozenset[str]
    made_up: bool = False

    @property
    def elsewhere(self) -> bool:
        """True if they may read other hosts than their own."""
        return not _ELSEWHERE.isdisjoint(self.words)

    def __or__(self, other: Mentions) -> Mentions:
        return Mentions(self.words | other.words, self.made_up or other.made_up)


def mentions_in(texts: Iterable[str]) -> Mentions:
    """What *texts* mention."""
    words: set[str] = set()
    made_up = False
    for text in texts:
        words.update(_WORD.findall(text))
        made_up = made_up or _MADE_UP.search(text) is not None
    return Mentions(frozenset(words), made_up)


@dataclass(frozen=True)
class FrozenInventory:
    """The JSON that Ansible reads (`content`), and a digest for each host, for the others together, and for groups."""

    content: bytes
    parts: Mapping[str, str]


def freeze_inventory(
    fleet: Fleet,
    hosts: Iterable[str],
    beside: Iterable[str],
    mentions: Mentions,
    checked: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _host, given: given,
) -> FrozenInventory:
    """Freeze *hosts* of *fleet*, those *beside* them that a remedy acts on too, and what it *mentions* elsewhere.

    *checked* gets the name and the variables of each host, and returns what Ansible may be given of them.
    """
    near = [host for name in dict.fromkeys((*hosts, *beside)) if (host := fleet.host(name)) is not None]
    kept = {host.name: checked(host.name, given_to_ansible(host, mentions, connection=True)) for host in near}
    parts = {f"host {name}": digest_of(variables) for name, variables in kept.items()}
    # What a host's own variables refer to may lie on another host.
    if mentions.elsewhere or any(mentions_in(_texts(variables)).elsewhere for variables in kept.values()):
        others = [host for host in fleet.hosts if host.name not in kept]
        connects = "delegate_to" in mentions.words
        far = {host.name: checked(host.name, given_to_ansible(host, mentions, connection=connects)) for host in others}
        parts[OTHERS] = digest_of(far)
        near, kept = list(fleet.hosts), {host.name: (kept | far)[host.name] for host in fleet.hosts}
    groups: dict[str, list[str]] = {}
    for host in near:
        for group in host.groups:
            groups.setdefault(group, []).append(host.name)
    groups = {group: groups[group] for group in sorted(groups) if group not in ("all", "ungrouped")}
    parts[GROUPS] = digest_of(groups)
    children: dict[str, Any] = {group: {"hosts": {name: {} for name in names}} for group, names in groups.items()}
    content = {"all": {"hosts": kept, "children": children}}
    return FrozenInventory(json.dumps(content, ensure_ascii=False).encode(), parts)


def given_to_ansible(host: Host, mentions: Mentions, *, connection: bool) -> dict[str, Any]:
    """The variables of *host* that can matter, in the form in which Ansible gets them."""
    given = host.variables | host.given
    if mentions.made_up:
        return given
    wanted = {name for name in given if name in mentions.words or (connection and name.startswith(_CONNECTION))}
    waiting = list(wanted)
    while waiting:
        found = mentions_in(_texts(given[waiting.pop()]))
        if found.made_up:
            return given
        more = (given.keys() & found.words) - wanted
        wanted |= more
        waiting += more
    return {name: value for name, value in given.items() if name in wanted}


def _texts(value: Any) -> Iterable[str]:
    """The templates in *value*. What is marked as no template, or vaulted, refers to nothing that can be read here."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, Mapping):
        if not value.keys() & {"__ansible_unsafe", "__ansible_vault"}:
            for item in (*value.keys(), *value.values()):
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
