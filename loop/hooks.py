"""DETECT, from outside: a delivery of a source is authenticated, understood and stored in one transaction.

Whatever is authenticated, bounded and readable is taken: what can't be mapped becomes an incident that people see.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from core.alerts import Placed, Told, Ways
from core.errors import BadInput, FleetmendError, NotFound, Refused, Retryable
from core.fleets import Fleet
from core.sources import (
    IGNORE,
    AlertmanagerSource,
    HookSource,
    NamedAlert,
    PrometheusSource,
    Secret,
    Source,
    WebhookSource,
)
from fleets.sources_file import SourcesFile, secret_of
from loop.clearing import Clearing
from loop.context import Context
from loop.deliveries import Deliveries, Delivery, Replay, Taken, weights_of
from loop.group_commit import GroupCommit
from loop.intake import Intake
from loop.lately import Lately
from loop.maintenance import maintained
from monitor.alerts import alertmanager, webhook
from monitor.alerts.admission import Headers, admits
from monitor.alerts.directory import Directory
from monitor.alerts.placing import Placer

log = logging.getLogger(__name__)

ALERTMANAGER = "alertmanager"
_ALL = "all"
"""The hosts of every fleet are looked up at once."""
_SMALL = 8_000
"""Bytes of a body that is read at once, where a thread for it would take longer: a few alerts."""
_LARGE = 1_000_000
"""Bytes of a body; of larger ones, one is read at a time."""
_MOST_VALUES = 1_000_000
"""Commas and brackets in a body: ten thousand alerts have a third of that. A list of nothing takes twenty times its
own bytes in memory."""
_BY_SETTING = "FLEETMEND_ALERTMANAGER_TOKEN"


class Unauthentic(Refused):
    """Whoever came is not the source, and `why` that is known. It is not counted yet: see `Hooks.turned_away`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"it is not the source's secret ({why}); `fleetmend sources check` looks")
        self.why = why


class Known(NamedTuple):
    """A source that somebody says he is. `by_headers`: he has shown it; else only a signature over the body can."""

    source: HookSource
    by_headers: bool


class Hooks:
    """Takes deliveries of sources."""

    def __init__(self, context: Context, intake: Intake, clearing: Clearing) -> None:
        self._context, self._intake = context, intake
        self.file = SourcesFile(context.settings.content)
        self._directory: tuple[tuple[int, ...], Directory] | None = None
        self._hosts = Lately(lambda _all: self._read_hosts())
        self._one_large = threading.Lock()
        self.deliveries = Deliveries(context, intake, clearing)
        self._group = GroupCommit(self.deliveries.store, size_of=lambda one: len(one.placed))

    def sources(self) -> Mapping[str, Source]:
        """Every source: those of `sources.yml`, and Alertmanager if a token is set. Raises BadInput."""
        return self._with_default(self.file.current())

    def _with_default(self, sources: Mapping[str, Source]) -> Mapping[str, Source]:
        if ALERTMANAGER in sources or self._context.settings.alertmanager_token is None:
            return sources
        return {**sources, ALERTMANAGER: AlertmanagerSource(kind=ALERTMANAGER, secret=Secret(env=_BY_SETTING))}

    def hook(self, name: str) -> HookSource:
        """The source that may send under *name*. Raises NotFound; Retryable if `sources.yml` can't be read."""
        try:
            found = self._with_default(self.file.last_good()).get(name)
        except BadInput as error:
            log.error("alerts can't be taken: %s", error)
            raise Retryable("sources.yml can't be read; `fleetmend sources check` says why") from None
        if not isinstance(found, AlertmanagerSource | WebhookSource):
            raise NotFound(f"no source {name!r} takes alerts; `fleetmend sources` lists them")
        return found

    def secret(self, source: HookSource) -> str:
        """The source's secret. Raises BadInput if there is none."""
        token = self._context.settings.alertmanager_token
        if source.secret.env == _BY_SETTING and token is not None:
            return token
        return secret_of(source.secret, self.file.path.parent)

    def problem_of(self, name: str, source: Source) -> str | None:
        """Why nothing, or not all, can come from *source*, in words."""
        try:
            if isinstance(source, PrometheusSource):
                if source.secret is not None:
                    secret_of(source.secret, self.file.path.parent)
                return None
            self.secret(source)
        except BadInput as error:
            return str(error)
        if isinstance(source, WebhookSource) and (wrong := webhook.problem_in(source)) is not None:
            return f"{name}.{wrong[0]}: {wrong[1]}"
        unknown = symptoms_named(source) - set(self._intake.symptoms)
        return f"there is no symptom {min(unknown)!r}; `fleetmend catalog symptoms` lists them" if unknown else None

    def knock(self, name: str, headers: Headers) -> Known:
        """The source, as far as *headers* alone show that a delivery is its own; asked before any body is read.

        Raises NotFound if no source of this name takes alerts, and what `admit` raises.
        """
        source = self.hook(name)
        self._admit(name, source, headers, None)
        return Known(source, source.secret.signature is None)

    def admit(self, name: str, headers: Headers, body: bytes) -> HookSource:
        """The source, if the delivery is its own. Raises NotFound, Unauthentic."""
        source = self.hook(name)
        self._admit(name, source, headers, body)
        return source

    def _admit(self, name: str, source: HookSource, headers: Headers, body: bytes | None) -> None:
        try:
            why = admits(source.secret, self.secret(source), headers, body, self._context.clock.now())
        except BadInput as error:
            log.error("the source %s has no secret: %s", name, error)
            why = "its secret is not set here"
        if why is not None:
            raise Unauthentic(why)

    def turned_away(self, name: str, error: Unauthentic) -> None:
        """Count that somebody came as *name* who is not; it is journalled once a minute."""
        self._context.store.sources.refuse(name, error.why)

    async def take_soon(self, name: str, headers: Headers, body: bytes) -> Taken:
        """`take` for a caller on an event loop: what waits at the same time is stored in one transaction."""
        if len(body) <= _SMALL and self._hosts.known(_ALL) is not None and self._intake.knows_symptoms:
            delivery = self.understand(name, headers, body)
        else:  # it takes long, or a fleet may have to be resolved, which takes longer
            delivery = await asyncio.to_thread(self.understand, name, headers, body)
        return (await self._group.submit([delivery]))[0]

    def take(self, name: str, headers: Headers, body: bytes) -> Taken:
        """Store what *name* sent; on return it is durable. Who is turned away is counted.

        Raises NotFound, Unauthentic, BadInput for no JSON, Retryable.
        """
        try:
            delivery = self.understand(name, headers, body)
        except Unauthentic as error:
            self.turned_away(name, error)
            raise
        return self.deliveries.store([delivery])[0]

    def understand(self, name: str, headers: Headers, body: bytes) -> Delivery:
        """What *name* sent, not stored yet. Raises NotFound, Unauthentic, BadInput for no JSON, Retryable."""
        if len(body) <= _LARGE:
            return self._understood(name, headers, body)
        with self._one_large:  # as objects, it takes many times as much memory
            return self._understood(name, headers, body)

    def _understood(self, name: str, headers: Headers, body: bytes) -> Delivery:
        source = self.admit(name, headers, body)
        within = source.repeats_after if isinstance(source, WebhookSource) else None
        replay = None if within is None else Replay(hashlib.sha256(body).hexdigest(), within)
        return self._delivery(name, source, read(source, body), replay)

    def _delivery(self, name: str, source: HookSource, told: Iterable[Told], replay: Replay | None) -> Delivery:
        placed, fleets = self.place(name, source, told), self.fleets()
        about = [one for one in placed if not one.ignored]
        aside = maintained([one.detection for one in about], fleets.get, self._context.clock.now())
        ways = Ways(source.lag, source.flapping)
        return Delivery(name, ways, placed, about, replay, weights_of(about, fleets), aside)

    def too_large(self, name: str, headers: Headers, size: int) -> None:
        """What *name* sent is too large to be read: people see that. Nothing, if it did not show who it is."""
        source = self.hook(name)
        if (
            source.secret.signature is None
            and admits(source.secret, self.secret(source), headers, None, self._context.clock.now()) is None
        ):
            told = alertmanager.broken("size", f"a delivery of more than {size} bytes was turned away", {})
            self.deliveries.store([self._delivery(name, source, [told], None)])

    def dry_run(self, name: str, body: bytes) -> list[Placed]:
        """What *body* would come to, storing nothing. Raises NotFound, BadInput."""
        source = self.hook(name)
        return self.place(name, source, read(source, body))

    def place(self, name: str, source: HookSource, told: Iterable[Told]) -> list[Placed]:
        """What each alert means, by the fleets and symptoms as they are now."""
        placer = Placer(name, source, self._hosts.get(_ALL), self._intake.symptoms, self._context.clock.now())
        return placer.place(told)

    def fleets(self) -> Mapping[str, Fleet]:
        """The fleets as alerts were placed by them last; it never reads."""
        return self._directory[1].fleets if self._directory else {}

    def _read_hosts(self) -> Directory:
        fleets: dict[str, Fleet] = {}
        unreadable = []
        for name in self._context.fleet_source.names():
            try:
                fleets[name] = self._intake.fleet(name)
            except FleetmendError as error:
                log.warning("alerts about hosts of %s can't be mapped: %s", name, error)
                unreadable.append(name)
        same = (*map(id, fleets.values()), len(unreadable))
        known = self._directory
        if known is None or known[0] != same:
            known = self._directory = (same, Directory(fleets, tuple(unreadable)))
        return known[1]


def symptoms_named(source: HookSource) -> set[str]:
    """The symptoms that *source* maps to by name."""
    if isinstance(source, AlertmanagerSource):
        return {one.symptom for one in source.alerts.values() if isinstance(one, NamedAlert)}
    return set(source.symptoms.values()) - {IGNORE}


def item(source: HookSource, one: Any) -> Told:
    """One alert as it came, read as *source* says."""
    return alertmanager.item(one, source) if isinstance(source, AlertmanagerSource) else webhook.item(one, source)


def read(source: HookSource, body: bytes) -> list[Told]:
    """The alerts in *body*. Raises BadInput if it is no JSON, or has too many values."""
    if len(body) > _MOST_VALUES and sum(body.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise BadInput(f"the body has more than {_MOST_VALUES} values; send it in several parts")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())[:200] if isinstance(error, ValueError) else "it is nested too deeply"
        raise BadInput(f"the body is not JSON: {words}") from None
    return alertmanager.read(data, source) if isinstance(source, AlertmanagerSource) else webhook.read(data, source)
