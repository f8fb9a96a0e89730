"""The whole catalog, read from disk. One broken file costs its own entry, and never the rest."""

from __future__ import annotations

from pathlib import Path

from catalog.catalog import SHIPPED_PROBES, Catalog, UserProbe
from catalog.lock import Lock, read_lock
from catalog.probe_scripts import load_probe, probe_cards
from catalog.proofs import read_proof
from catalog.remedies import card_paths, load_remedy, remedy_id
from catalog.symptoms import load_symptoms
from catalog.undo import without_unfit_undo
from core.errors import BadInput
from core.remedies import Remedy
from core.settings import CHECKOUT


def load_catalog(content: Path, shipped: Path = CHECKOUT) -> Catalog:
    """Read the shipped catalog and the user's in *content* (the same folder, where that is the checkout).

    Never raises for what is in the files: entries that can't be loaded are left out and shown in `problems`.
    """
    content, shipped = content.absolute(), shipped.absolute()
    own = content.resolve() != shipped.resolve()
    problems: list[BadInput] = []
    locks = {root: _lock(root, problems) for root in ((shipped, content) if own else (shipped,))}

    probes: dict[str, UserProbe] = {}
    for root, lock in locks.items():
        for path in probe_cards(root):
            try:
                probe = load_probe(path, lock)
            except BadInput as problem:
                problems.append(problem)
            else:
                probes[probe.name] = probe

    files = [shipped / "catalog" / "symptoms.yml"]
    files += [root / "symptoms.yml" for root in locks if (root / "symptoms.yml").exists()]
    symptoms, unfit = load_symptoms(files, SHIPPED_PROBES | probes.keys())
    problems += unfit

    remedies: dict[str, Remedy] = {}
    for root, lock in locks.items():
        roots = (root,) if root == shipped else (root, shipped)
        shipped_ids = {remedy_id(path) for path in card_paths(shipped)} if root != shipped else frozenset()
        for path in card_paths(root):
            try:
                if remedy_id(path) in shipped_ids:
                    raise BadInput("a shipped remedy has this name; call yours something else", file=path)
                remedy = load_remedy(path, roots=roots, lock=lock, symptoms=symptoms)
            except BadInput as problem:
                problems.append(problem)
            else:
                remedies[remedy.id] = _with_proof(remedy, problems)
    problems += without_unfit_undo(remedies)
    return Catalog(remedies=dict(sorted(remedies.items())), symptoms=symptoms, probes=probes, problems=tuple(problems))


def _lock(root: Path, problems: list[BadInput]) -> Lock:
    try:
        return read_lock(root)
    except BadInput as problem:
        problems.append(problem)
        return Lock()


def _with_proof(remedy: Remedy, problems: list[BadInput]) -> Remedy:
    """A proof that can't be read proves nothing, and costs the remedy no more than that."""
    try:
        proof = read_proof(remedy.root, remedy.id)
    except BadInput as problem:
        problems.append(problem)
        return remedy
    return remedy if proof is None else remedy.evolve(proof=proof)
