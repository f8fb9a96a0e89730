"""Vetting: a person has read a remedy or probe, and puts its present digest into the lock."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from catalog.catalog import Catalog
from catalog.load import load_catalog
from catalog.lock import Lock, read_lock, write_lock
from core.errors import NotFound
from core.settings import CHECKOUT


def vet(content: Path, ids: Iterable[str] = (), *, shipped: Path = CHECKOUT) -> tuple[str, ...]:
    """Write the present digests of *ids* (remedies and probes of *content*; all of them if empty) into its lock.

    Returns the ids whose digest is new. Raises NotFound for one that *content* does not have (a shipped one is vetted
    in the checkout alone), BadInput if it can't be loaded or the lock can't be read.
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
    chosen = Lock(
        remedies={id: digest for id, digest in remedies.items() if id in wanted},
        probes={name: digest for name, digest in probes.items() if name in wanted},
    )
    merged = Lock(remedies=lock.remedies | chosen.remedies, probes=lock.probes | chosen.probes)
    if merged != lock:
        write_lock(content, merged)
    changed = {id for id, digest in chosen.remedies.items() if lock.remedies.get(id) != digest}
    return tuple(sorted(changed | {name for name, digest in chosen.probes.items() if lock.probes.get(name) != digest}))


def _raise_missing(id: str, content: Path, catalog: Catalog) -> None:
    for problem in catalog.problems:
        if problem.file is not None and problem.file.name.partition(".")[0] == id:
            raise problem
    if id in catalog.remedies:
        raise NotFound(f"{id!r} is shipped, and is vetted with its release; {content} holds your own")
    raise NotFound(f"no remedy or probe {id!r} in {content}; `fleetmend catalog list` shows them all")
