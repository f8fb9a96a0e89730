"""DETECT, from outside: a delivery of a source is authenticated, understood and stored in one transaction.

Whatever is authenticated, bounded and readable is taken: what can't be mapped becomes an incident that people see.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from core.alerts import FROM_HOOK, UNMAPPED, News, Placed, Told, Ways
from core.detections import Detection, Signal
from core.errors import BadInput, Conflict, FleetmendError, NotFound, Refused, Retryable
from core.fleets import Fleet
from core.importance import importance_of
from core.points import Point
from core.silences import Aside
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
from core.states import State
from fleets.sources_file import SourcesFile, secret_of
from loop.clearing import Clearing
from loop.context import Context
from loop.intake import Intake
from loop.maintenance import maintained
from monitor.alerts import alertmanager, webhook
from monitor.alerts.admission import Headers, admits
from monitor.alerts.directory import Directory
from monitor.alerts.placing import Placer
from store.alert_changes import Heard
from store.database import Tx
from store.detections import Accepted

log = logging.getLogger(__name__)

ALERTMANAGER = "alertmanager"
_BY_SETTING = "FLEETMEND_ALERTMANAGER_TOKEN"


class Unauthentic(Refused):
    """Whoever came is not the source."""


class Taken(NamedTuple):
    """What became of a delivery. The counts of `alerts` by News, `unmapped`, `ignored` and `suppressed`."""

    source: str
    alerts: int
    counts: Mapping[str, int]
    incidents: tuple[str, ...] = ()
    """Incidents that were opened."""
    again: bool = False
    """The same delivery came before: nothing was done."""


class Hooks:
    """Takes deliveries of sources."""

    def __init__(self, context: Context, intake: Intake, clearing: Clearing) -> None:
        self._context, self._intake, self._clearing = context, intake, clearing
        self.file = SourcesFile(context.settings.content)
        self._directory: tuple[tuple[int, ...], Directory] | None = None

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

    def admit(self, name: str, headers: Headers, body: bytes) -> HookSource:
        """The source, if the delivery is its own. Raises Unauthentic (counted, and journalled once a minute)."""
        try:
            source = self.hook(name)
        except NotFound:
            raise Unauthentic("no such source, or a wrong secret; `fleetmend sources check` looks") from None
        try:
            why = admits(source.secret, self.secret(source), headers, body, self._context.clock.now())
        except BadInput as error:
            log.error("the source %s has no secret: %s", name, error)
            why = "its secret is not set here"
        if why is not None:
            self._context.store.sources.refuse(name, why)
            raise Unauthentic(f"no such source, or a wrong secret ({why}); `fleetmend sources check` looks")
        return source

    def take(self, name: str, headers: Headers, body: bytes) -> Taken:
        """Store what *name* sent; on return it is durable. Raises Unauthentic, BadInput for no JSON, Retryable."""
        source = self.admit(name, headers, body)
        digest = hashlib.sha256(body).hexdigest()
        within = source.repeats_after if isinstance(source, WebhookSource) else None
        return self._store(name, source, self.place(name, source, read(source, body)), digest, within)

    def too_large(self, name: str, headers: Headers, size: int) -> None:
        """What *name* sent is too large to be read: people see that. Nothing, if it did not show who it is."""
        source = self.hook(name)
        if (
            source.secret.signature is None
            and admits(source.secret, self.secret(source), headers, b"", self._context.clock.now()) is None
        ):
            told = alertmanager.broken("size", f"a delivery of more than {size} bytes was turned away", {})
            self._store(name, source, self.place(name, source, [told]), None, None)

    def dry_run(self, name: str, body: bytes) -> list[Placed]:
        """What *body* would come to, storing nothing. Raises NotFound, BadInput."""
        source = self.hook(name)
        return self.place(name, source, read(source, body))

    def place(self, name: str, source: HookSource, told: Iterable[Told]) -> list[Placed]:
        """What each alert means, by the fleets and symptoms as they are now."""
        placer = Placer(name, source, self._hosts(), self._intake.symptoms, self._context.clock.now())
        return placer.place(told)

    def fleets(self) -> Mapping[str, Fleet]:
        """The fleets as alerts were placed by them last; it never reads."""
        return self._directory[1].fleets if self._directory else {}

    def _hosts(self) -> Directory:
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

    def _store(
        self, name: str, source: HookSource, placed: Sequence[Placed], digest: str | None, within: timedelta | None
    ) -> Taken:
        for last in (False, False, True):
            try:
                return self._store_once(name, source, placed, digest, within)
            except Conflict as error:  # an incident moved on while it was about to be ended
                if last:
                    raise Retryable(str(error)) from None
        raise AssertionError("the last try returns or raises")

    def _store_once(
        self, name: str, source: HookSource, placed: Sequence[Placed], digest: str | None, within: timedelta | None
    ) -> Taken:
        store, ways = self._context.store, Ways(source.lag, source.flapping)
        about = [one for one in placed if not one.ignored]
        fleets = self.fleets()
        weights = weights_of(about, fleets)
        aside = maintained([one.detection for one in about], fleets.get, self._context.clock.now())
        with store.write(Point.HOOKS_TAKE, urgent=True) as tx:
            if digest is not None and within is not None and not store.sources.is_new(tx, name, digest, within):
                return Taken(name, len(placed), {}, again=True)
            heard = store.alerts.hear(tx, name, about, ways, self._context.clock.now())
            counts = Counter(one.news.value for one in heard) + Counter(
                {"ignored": len(placed) - len(about), "unmapped": sum(one.unmapped is not None for one in about)}
            )
            store.sources.count(tx, name, alerts=len(placed), unmapped=counts["unmapped"])
            accepted = self.report(tx, name, heard, weights, aside)
            self._over(tx, name, heard)
        self._intake.ring(accepted)
        opened = tuple(dict.fromkeys(one.incident_id for one in accepted if one.opened))
        return Taken(name, len(placed), {key: number for key, number in counts.items() if number}, opened)

    def report(
        self, tx: Tx, name: str, heard: Iterable[Heard], weights: Mapping[str, int], quiet: Mapping[str, Aside]
    ) -> list[Accepted]:
        """Fold what fires. An alert that is not mapped waits for people at once."""
        found: list[Detection] = []
        aside = dict(quiet)
        for one in heard:
            if one.news is News.FIRES:
                detection = one.placed.detection.model_copy(update={"seen_at": one.seen_at})
                found.append(detection)
                if one.placed.unmapped is not None:
                    aside.setdefault(detection.id, Aside(State.ESCALATED, f"not mapped: {one.placed.unmapped}"))
            if one.flaps:
                signal = one.placed.signal
                body = {"alert": one.placed.told.name, "host": signal.host, "symptom": signal.symptom}
                self._context.store.journal.append(tx, "alert.flaps", FROM_HOOK + name, body)
        return self._intake.fold(tx, found, weights, aside) if found else []

    def _over(self, tx: Tx, name: str, heard: Sequence[Heard]) -> None:
        """Clear what is over, fleet by fleet; what an alert was taken for before counts as over, too."""
        over: dict[str, dict[Signal, None]] = {}
        for one in heard:
            if one.news is News.RESOLVED:
                over.setdefault(one.placed.fleet, {})[one.placed.signal] = None
            if one.was is not None:
                for fleet in {one.placed.fleet, UNMAPPED}:
                    over.setdefault(fleet, {})[one.was] = None
        for fleet in sorted(over):
            self.clear(tx, name, fleet, list(over[fleet]))

    def clear(self, tx: Tx, name: str, fleet: str, signals: Sequence[Signal]) -> None:
        """End what waits for nothing but these signals."""
        still = self._clearing.firing(tx, fleet)
        cleared = [signal for signal in signals if signal not in still]
        if cleared:
            self._clearing.clear(tx, fleet, cleared, actor=FROM_HOOK + name, how="its alert is over")


def symptoms_named(source: HookSource) -> set[str]:
    """The symptoms that *source* maps to by name."""
    if isinstance(source, AlertmanagerSource):
        return {one.symptom for one in source.alerts.values() if isinstance(one, NamedAlert)}
    return set(source.symptoms.values()) - {IGNORE}


def weights_of(placed: Iterable[Placed], fleets: Mapping[str, Fleet]) -> dict[str, int]:
    """Id of each detection -> how much what it speaks of matters."""
    weights = {}
    for one in placed:
        fleet = fleets.get(one.fleet)
        host = None if fleet is None else fleet.host(one.detection.host)
        weights[one.detection.id] = importance_of(host, one.detection.service)
    return weights


def item(source: HookSource, one: Any) -> Told:
    """One alert as it came, read as *source* says."""
    return alertmanager.item(one, source) if isinstance(source, AlertmanagerSource) else webhook.item(one, source)


def read(source: HookSource, body: bytes) -> list[Told]:
    """The alerts in *body*. Raises BadInput if it is no JSON."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())[:200] if isinstance(error, ValueError) else "it is nested too deeply"
        raise BadInput(f"the body is not JSON: {words}") from None
    return alertmanager.read(data, source) if isinstance(source, AlertmanagerSource) else webhook.read(data, source)
