"""What Ansible is given for a plan beside the remedy: the inventory, files and settings, as they were at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Refused

GROUPS = "groups"
OTHERS = "other hosts"
OF_A_WHOLE_PLAN = (GROUPS, OTHERS)
"""Parts that depend on all hosts of a plan: those of a narrower plan differ by themselves."""
_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What an approval binds of the controller, and what a run then gets: the very same bytes.

    `parts` has a digest (SHA-256, hexadecimal) for each thing that Ansible reads: `host web1`, `file files/web.conf`,
    `ansible.cfg`, … They go into a plan's hash. `files` is what is written into the private folder (relative path ->
    content): the inventory and the files that its entries name. `config` is the `ansible.cfg` that Ansible reads there;
    `environment` is the whole environment of Ansible's processes.
    """

    parts: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    config: bytes = field(default=b"", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def differing(bound: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the parts that are not the same in both, sorted."""
    return tuple(sorted(name for name in {*bound, *now} if bound.get(name) != now.get(name)))


def same_as_bound(bound: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise Refused, naming what changed, unless *now* has exactly the parts of *bound*."""
    changed = differing(bound, now)
    if changed:
        more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
        raise Refused(f"changed since it was planned: {', '.join(changed[:_MOST_NAMED])}{more}")
