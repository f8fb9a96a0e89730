"""What an inventory may say of what is to be watched: one small model per `fleetmend_*` variable.

A bad entry is a problem of that entry alone, told in one line; the others are watched as ever.
Border: the inventory is the user's own, so this is about mistakes; what hosts print is another matter (`readings`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from core.fleets import Host
from core.model import Model, Subject
from monitor.sizes import Size


def _regex(text: str) -> str:
    try:
        fits_all = re.compile(text).search("") is not None
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None
    if fits_all:
        raise ValueError("it fits every process; make it say which")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)  # raises ValueError itself, as does the port
    if not parts.hostname or parts.port == 0:
        raise ValueError("it names no host, or port 0")
    return text


AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f\x7f]*$", max_length=1000)]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@:][A-Za-z0-9_.@:*\\\-]{0,199}$")]
Regex = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_regex)]
Seconds = Annotated[float, Field(gt=0, le=60)]
Status = Annotated[int, Field(ge=100, le=599)]
Url = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f]+$", max_length=2000), AfterValidator(_url)
]


class Entry(Model):
    """What every entry may say: the service that the thing belongs to (by default the one of the same name)."""

    service: Subject | None = None


class ServiceEntry(Model):
    """One of `fleetmend_services`. Without `unit`, it is called like the entry."""

    unit: Unit | None = None
    backend: Literal["systemd", "supervisor"] = "systemd"
    config: AbsolutePath | None = None
    supervisorctl: AbsolutePath | None = None
    """For the role that restarts; the probe talks to supervisor itself."""
    importance: Annotated[int, Field(ge=0, le=100)] | None = None
    """What is worked on first; see `core.importance`."""


class FolderEntry(Entry):
    """One of `fleetmend_folders`: a folder and how many bytes its files may have together."""

    path: AbsolutePath
    budget: Size
    patterns: tuple[str, ...] = ("*.log", "*.log.*", "*.gz")
    """For the role that cleans; the probe adds up all files."""


class FileEntry(Entry):
    """One of `fleetmend_files`: a file on the host, and the fleet's own copy of it."""

    path: AbsolutePath
    source: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    check_command: str | None = Field(default=None, alias="validate")
    mode: str | int | None = None


class HttpEntry(Entry):
    """One of `fleetmend_http`: a URL that the controller asks, and the status or statuses that are well."""

    url: Url
    status: Status | tuple[Status, ...] = 200
    timeout: Seconds = 5.0


class TcpEntry(Entry):
    """One of `fleetmend_tcp`: a port that the controller connects to, at the host's own address by default."""

    port: Annotated[int, Field(ge=1, le=65535)]
    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:%\-]{1,253}$")] | None = None
    timeout: Seconds = 5.0


class ProcessEntry(Entry):
    """One of `fleetmend_processes`: a regular expression that is searched in command lines."""

    match: Regex


E = TypeVar("E", bound=Model)
_KEY = TypeAdapter(Annotated[Subject, StringConstraints(min_length=1)])


def read_entries(host: Host, variable: str, model: type[E]) -> tuple[dict[str, E], tuple[str, ...]]:
    """The entries of *host*'s *variable*, and one line for each that does not fit. Raises nothing."""
    value = host.variables.get(variable)
    if value is None:
        return {}, ()
    if not isinstance(value, Mapping):
        return {}, (f"{variable}: a mapping of names to entries is expected",)
    entries: dict[str, E] = {}
    problems = []
    for key, entry in value.items():
        try:
            entries[_KEY.validate_python(str(key))] = model.model_validate({} if entry is None else entry)
        except ValidationError as error:
            problems.append(f"{variable}.{key}: {_in_words(error, model)}")
    return entries, tuple(problems)


def service_of(host: Host, key: str, entry: Model) -> str | None:
    """The service that an entry belongs to: the one it names, else the host's service of the same name, else none."""
    named: Any = getattr(entry, "service", None)
    if named:
        return str(named)
    return key if key in host.names_in("fleetmend_services") else None


def _in_words(error: ValidationError, model: type[Model]) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = sorted(field.alias or name for name, field in model.model_fields.items())
        return f"{place}: unknown key; allowed here: {', '.join(allowed)}"
    said = first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
