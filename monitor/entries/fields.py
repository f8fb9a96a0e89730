"""What entries of the inventory are made of: the base of their models, and kinds of values that several have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from core.fleets import Host
from core.model import Model, Subject
from fleets.files import FleetFiles


def _regex(text: str) -> str:
    try:
        fits_all = re.compile(text).search("") is not None
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None
    if fits_all:
        raise ValueError("it fits every process; make it say which")
    return text


AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f\x7f]*$", max_length=1000)]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@:][A-Za-z0-9_.@:*\\\-]{0,199}$")]
Regex = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_regex)]
Seconds = Annotated[float, Field(gt=0, le=60)]
Port = Annotated[int, Field(ge=1, le=65535)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""A file of the fleet's own, relative to its folder."""


class Place(NamedTuple):
    """Where a probe is about to be taken: what an entry may need to know beside itself."""

    host: Host
    files: FleetFiles
    cursors: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType({})
    """(host, key) -> how far a log was read."""


class Watched(Model):
    """The base of all entries. `sent` and `owner` are what a probe needs of them; most entries need no others."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        """What of this entry travels to the host, as JSON: all of it, unless a model says less.

        Raises ValueError, in one line, for an entry that can't be watched; the others are watched all the same.
        """
        return self.model_dump(mode="json", exclude={"service"})

    def owner(self, host: Host, key: str) -> str | None:
        """The service that the thing belongs to: the host's service of the same name, if there is one."""
        return key if key in host.names_in("fleetmend_services") else None


class Entry(Watched):
    """An entry that may name the service that the thing belongs to (by default the one of the same name)."""

    service: Subject | None = None

    def owner(self, host: Host, key: str) -> str | None:
        return self.service or super().owner(host, key)
