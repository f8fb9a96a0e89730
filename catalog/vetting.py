"""Vetting: a person has read a remedy or probe, and puts its present digest into the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from catalog.allowlist import RULES
from catalog.allowlist.check import refusals
from catalog.catalog import Catalog
from catalog.load import load_catalog
from catalog.lock import Lock, read_lock, write_lock
from catalog.remedies import locate
from core.errors import BadInput, NotFound
from core.remedies import Remedy
from core.settings import CHECKOUT

Loads = Callable[[Remedy], Sequence[BadInput]]
"""Has Ansible load a remedy, and says what kept it from that: `catalog.dry_load.load.DryLoad.problems`."""


def vet(
    content: Path, ids: Iterable[str] = (), *, shipped: Path = CHECKOUT, loads: Loads | None = None
) -> tuple[str, ...]:
    """Write the present digests of *ids* (remedies and probes of *content*; all of them if empty) into its lock.

    A remedy has to stay within the closed list (`catalog.allowlist`), and *loads* has to find nothing, if it is given:
    that starts Ansible, so what makes remedies by the hundred leaves it out. Returns the ids whose digest is new, or
    was vetted under other rules. Raises NotFound for one that *content* does not have (a shipped one is vetted in the
    checkout alone), BadInput if it can't be loaded, does not stay within the list, or the lock can't be read. Then
    nothing is written.
    """
    content = content.absolute()
    lock = read_lock(content)
    catalog = load_catalog(content, shipped)
    remedies = {
        id: remedy.digest for id, remedy in catalog.remedies.items() if remedy.root.resolve() == content.resolve()
    }
    probes = {name: probe.digest for name, probe in catalog.probes.items() if probe.path.is_relative_to(content)}
    wanted = set(ids) or {*remedies, *probes}
    for id in sorted(wanted - remedies.keys() - probes.keys()):
        _raise_missing(id, content, catalog)
    for id in sorted(wanted & remedies.keys()):
        _raise_unfit(catalog.remedies[id], shipped, loads)
    chosen = Lock(
        remedies={id: digest for id, digest in remedies.items() if id in wanted},
        rules={id: RULES for id in remedies if id in wanted},
        probes={name: digest for name, digest in probes.items() if name in wanted},
    )
    merged = Lock(
        remedies=lock.remedies | chosen.remedies,
        probes=lock.probes | chosen.probes,
        rules=lock.rules | chosen.rules,
    )
    if merged != lock:
        write_lock(content, merged)
    changed = {id for id, digest in chosen.remedies.items() if not lock.vouches_for(id, digest)}
    return tuple(sorted(changed | {name for name, digest in chosen.probes.items() if lock.probes.get(name) != digest}))


def _raise_unfit(remedy: Remedy, shipped: Path, loads: Loads | None) -> None:
    found = refusals(remedy, locate(remedy, shipped.absolute())) or (loads(remedy) if loads is not None else ())
    if not found:
        return
    if len(found) == 1:
        raise found[0]
    first, more = found[0], len(found) - 1
    raise BadInput(
        f"{first.problem} (and {more} more: `fleetmend catalog check` shows all)",
        file=first.file,
        line=first.line,
        key=first.key,
    )


def _raise_missing(id: str, content: Path, catalog: Catalog) -> None:
    for problem in catalog.problems:
        if problem.file is not None and problem.file.name.partition(".")[0] == id:
            raise problem
    if id in catalog.remedies:
        raise NotFound(f"{id!r} is shipped, and is vetted with its release; {content} holds your own")
    raise NotFound(f"no remedy or probe {id!r} in {content}; `fleetmend catalog list` shows them all")
