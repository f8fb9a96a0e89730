"""What `fleetmend catalog check` and `vet` look at: remedies and probes beside the locks that vouch for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from catalog.vetting import Loads
    from core.settings import Settings

_MOST_FILES = 5


class Entry(NamedTuple):
    """A remedy or probe as its files are now. `why` says why it is not vetted."""

    id: str
    kind: str
    digest: str
    vetted: bool
    why: str


def check_content(settings: Settings) -> tuple[list[str], list[Entry]]:
    """What can't be loaded or is not admitted, in words, and how everything else stands; shipped and the user's."""
    from catalog.allowlist import RULES
    from catalog.allowlist.check import refusals
    from catalog.load import load_catalog
    from catalog.lock import read_lock
    from catalog.remedies import locate
    from core.errors import BadInput
    from core.settings import CHECKOUT

    found = load_catalog(settings.content)
    loads = _dry_load(settings)

    def why(root: Path, id: str, kind: str, files: Iterable[Path]) -> str:
        try:
            lock = read_lock(root)
        except BadInput:
            return "the lock can't be read"
        if id not in (lock.remedies if kind == "remedy" else lock.probes):
            return "nobody has vetted it yet"
        if kind == "remedy" and lock.rules.get(id) != RULES and lock.remedies[id] == found.remedies[id].digest:
            return f"it was vetted under other rules than now; read it again, then run `fleetmend catalog vet {id}`"
        return "its files differ from what was vetted" + _newer(root, files)

    entries = [
        Entry(
            remedy.id,
            "remedy",
            remedy.digest,
            remedy.vetted,
            "" if remedy.vetted else why(remedy.root, remedy.id, "remedy", locate(remedy, CHECKOUT).values()),
        )
        for remedy in found.remedies.values()
    ]
    for probe in found.probes.values():
        root = probe.path.parent.parent
        entries.append(
            Entry(
                probe.name,
                "probe",
                probe.digest,
                probe.vetted,
                "" if probe.vetted else why(root, probe.name, "probe", probe.path.parent.glob(f"{probe.name}*")),
            )
        )
    problems = list(found.problems)
    for remedy in found.remedies.values():
        unfit = refusals(remedy, locate(remedy, CHECKOUT))
        if not unfit and not remedy.vetted and not _has_plugins(remedy.files):
            unfit = tuple(loads(remedy))
        problems += unfit
    return list(dict.fromkeys(str(problem) for problem in problems)), entries


def vet_content(settings: Settings, ids: Sequence[str]) -> tuple[list[str], list[Entry]]:
    """Vet *ids* of the content folder (all if empty). Returns the ids that are new in the lock, and what was vetted.

    Raises NotFound for an id that it does not have, BadInput for one that can't be loaded or is not admitted.
    """
    from catalog.load import load_catalog
    from catalog.lock import read_lock
    from catalog.vetting import vet

    content = settings.content
    if not ids:
        # `--all` must not pass over what can't be loaded in silence.
        for problem in load_catalog(content).problems:
            raise problem
    changed = vet(content, ids, loads=_dry_load(settings))
    lock = read_lock(content.absolute())
    entries = [Entry(id, "remedy", digest, True, "") for id, digest in lock.remedies.items()]
    entries += [Entry(id, "probe", digest, True, "") for id, digest in lock.probes.items()]
    return list(changed), [entry for entry in entries if not ids or entry.id in ids]


def _dry_load(settings: Settings) -> Loads:
    """Ansible's own load of a remedy, in the environment that its runs have."""
    from catalog.dry_load.load import DryLoad
    from catalog.source import CatalogSource
    from core.settings import CHECKOUT
    from runner.job import default_environment

    source = CatalogSource(settings.content)
    return DryLoad(catalog=source, shipped=CHECKOUT, environment=default_environment(settings)).problems


def _has_plugins(files: Iterable[str]) -> bool:
    """Whether Ansible would import Python of the remedy into itself: a check does not run what nobody has vetted."""
    return any("_plugins/" in name for name in files)


def _newer(root: Path, files: Iterable[Path]) -> str:
    """Which of *files* were written after the lock: most likely those that were changed."""
    from catalog.lock import lock_path

    locked = lock_path(root).stat().st_mtime
    newer = [path for path in files if path.is_file() and path.stat().st_mtime > locked]
    shown = [str(path.relative_to(root) if path.is_relative_to(root) else path) for path in newer]
    rest = ", …" if len(shown) > _MOST_FILES else ""
    return f"; newer than the lock: {', '.join(shown[:_MOST_FILES])}{rest}" if shown else ""
