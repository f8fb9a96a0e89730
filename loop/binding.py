"""What a plan binds of the controller: all that Ansible would read for its steps, frozen at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.catalog import Catalog
from catalog.source import CatalogSource
from core.fleets import Fleet
from core.frozen import Frozen
from core.plans import Step
from core.remedies import Remedy
from fleets.freezer import Freezer, Use
from fleets.frozen_inventory import Mentions, mentions_in


class Binder:
    """Freezes what the steps of a plan would read. Safe to use from several threads."""

    def __init__(self, freezer: Freezer, source: CatalogSource) -> None:
        self._freezer, self._source = freezer, source
        self._mentions: dict[str, Mentions] = {}

    def freeze(self, fleet: Fleet, catalog: Catalog, steps: Sequence[Step]) -> Frozen:
        """Freeze what *steps* read in *fleet*. Raises Refused, Unvetted, or NotFound for a remedy that is gone."""
        return self._freezer.freeze(fleet, [self._use_of(step, catalog.remedy(step.remedy)) for step in steps])

    def bound(self, fleet: Fleet, catalog: Catalog, steps: Sequence[Step]) -> Mapping[str, str]:
        """The digests of it, which a plan's hash covers. Raises as `freeze` does."""
        return self.freeze(fleet, catalog, steps).parts

    def _use_of(self, step: Step, remedy: Remedy) -> Use:
        chosen: dict[str, set[str]] = {}
        for parameter in remedy.parameters:
            if parameter.from_inventory is not None and parameter.name in step.parameters:
                chosen.setdefault(parameter.from_inventory, set()).add(str(step.parameters[parameter.name]))
        return Use(
            hosts=step.hosts,
            reads=remedy.reads,
            copies=remedy.copies,
            root=f"{remedy.id}_root" if remedy.copies else None,
            entries={variable: frozenset(names) for variable, names in chosen.items()},
            mentions=self._mentioned(remedy),
        )

    def _mentioned(self, remedy: Remedy) -> Mentions:
        """By digest: the same files mention the same words, and what runs is compared with the digest once more."""
        found = self._mentions.get(remedy.digest)
        if found is None:
            found = self._mentions[remedy.digest] = mentions_in(self._source.texts_of(remedy))
        return found
