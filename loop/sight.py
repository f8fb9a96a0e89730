"""What one call of the engine saw of the files: steps that follow at once do not look at all of them again."""

from __future__ import annotations

from catalog.catalog import Catalog
from core.fleets import Fleet
from loop.context import Context
from loop.lately import Lately

_THE = ""


class Sight:
    """The catalog and the fleets as they were at most a quarter of a second ago, or since the last run ended."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.forget()

    def catalog(self) -> Catalog:
        """The catalog. What runs is compared with its digest once more."""
        return self._catalog.get(_THE)

    def fleet(self, name: str) -> Fleet:
        """A fleet. Raises NotFound or BadInput."""
        return self._fleets.get(name)

    def look_afresh(self, name: str) -> Fleet:
        """A fleet as it is at this very moment, which is then what is seen. Raises NotFound or BadInput."""
        fleet = self._context.fleet_source.fresh(name)
        self._fleets.put(name, fleet)
        return fleet

    def forget(self) -> None:
        """Something took its time: look again."""
        self._catalog, self._fleets = Lately(lambda _the: self._context.catalog), Lately(self._context.fleet)
