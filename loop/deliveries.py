"""DETECT, from outside: what sources sent is stored, what fires is folded, and what is over clears.

Deliveries that come at the same time share a transaction; each gets an answer of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import compress
from typing import NamedTuple

from core.alerts import FROM_HOOK, UNMAPPED, News, Placed, Ways
from core.detections import Detection, Signal
from core.errors import Conflict, Retryable
from core.fleets import Fleet
from core.importance import importance_of
from core.points import Point
from core.silences import Aside
from core.states import State
from loop.clearing import Clearing
from loop.context import Context
from loop.intake import Intake
from store.alert_changes import Heard
from store.database import Tx
from store.detections import Accepted


class Replay(NamedTuple):
    """What a delivery is known by if it comes again *within* a time: then it is no news."""

    digest: str
    within: timedelta


class Delivery(NamedTuple):
    """What came of a source, understood. `about`: those of `placed` that are not ignored."""

    source: str
    ways: Ways
    placed: Sequence[Placed]
    about: Sequence[Placed]
    replay: Replay | None
    weights: Mapping[str, int]
    aside: Mapping[str, Aside]


class Taken(NamedTuple):
    """What became of a delivery. The counts of `alerts` by News, `unmapped`, `ignored` and `suppressed`."""

    source: str
    alerts: int
    counts: Mapping[str, int]
    incidents: tuple[str, ...] = ()
    """Incidents that were opened."""
    again: bool = False
    """The same delivery came before: nothing was done."""


class Deliveries:
    """Stores deliveries."""

    def __init__(self, context: Context, intake: Intake, clearing: Clearing) -> None:
        self._context, self._intake, self._clearing = context, intake, clearing

    def store(self, deliveries: Sequence[Delivery]) -> list[Taken]:
        """Store *deliveries*, in order; on return they are durable. Raises Retryable: then some may be stored.

        Those that share no alert share a transaction. Whoever sends one again that is stored changes nothing by it.
        """
        taken: dict[int, Taken] = {}
        for part in _parts(deliveries):
            taken |= zip(part, self._store_part([deliveries[number] for number in part]), strict=True)
        return [taken[number] for number in range(len(deliveries))]

    def _store_part(self, deliveries: Sequence[Delivery]) -> list[Taken]:
        for last in (False, False, True):
            try:
                return self._store_once(deliveries)
            except Conflict as error:  # an incident moved on while it was about to be ended
                if last:
                    raise Retryable(str(error)) from None
        raise AssertionError("the last try returns or raises")

    def _store_once(self, deliveries: Sequence[Delivery]) -> list[Taken]:
        """Store *deliveries* of one source, none of which speaks of an alert of another."""
        store, name = self._context.store, deliveries[0].source
        with store.write(Point.DELIVERIES_TAKE, urgent=True) as tx:
            fresh = [one.replay is None or store.sources.is_new(tx, name, *one.replay) for one in deliveries]
            new = list(compress(deliveries, fresh))
            if not new:
                return [_again(one) for one in deliveries]
            about = [placed for one in new for placed in one.about]
            heard = store.alerts.hear(tx, name, about, new[-1].ways, self._context.clock.now())
            unmapped = sum(one.unmapped is not None for one in about)
            store.sources.count(tx, name, len(new), alerts=sum(len(one.placed) for one in new), unmapped=unmapped)
            weights = {key: weight for one in new for key, weight in one.weights.items()}
            aside = {key: aside for one in new for key, aside in one.aside.items()}
            accepted = self.report(tx, name, heard, weights, aside)
            self._over(tx, name, heard)
        self._intake.ring(accepted)
        opened, news = {one.detection.id: one.incident_id for one in accepted if one.opened}, iter(heard)
        return [
            _taken(one, [next(news).news for _ in one.about], opened) if is_new else _again(one)
            for one, is_new in zip(deliveries, fresh, strict=True)
        ]

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


def weights_of(placed: Iterable[Placed], fleets: Mapping[str, Fleet]) -> dict[str, int]:
    """Id of each detection -> how much what it speaks of matters."""
    weights = {}
    for one in placed:
        fleet = fleets.get(one.fleet)
        host = None if fleet is None else fleet.host(one.detection.host)
        weights[one.detection.id] = importance_of(host, one.detection.service)
    return weights


def _parts(deliveries: Sequence[Delivery]) -> list[list[int]]:
    """The numbers of *deliveries* in parts of one source, in each of which no alert is told of by two of them."""
    parts: list[list[int]] = []
    last: dict[str, tuple[list[int], set[str]]] = {}
    for number, delivery in enumerate(deliveries):
        keys = {one.told.key for one in delivery.placed}
        if delivery.source not in last or not keys.isdisjoint(last[delivery.source][1]):
            last[delivery.source] = ([], set())
            parts.append(last[delivery.source][0])
        part, told = last[delivery.source]
        part.append(number)
        told |= keys
    return parts


def _taken(delivery: Delivery, news: Sequence[News], opened: Mapping[str, str]) -> Taken:
    """*opened*: detection -> the incident that it opened."""
    counts = Counter(one.value for one in news)
    counts["ignored"] = len(delivery.placed) - len(delivery.about)
    counts["unmapped"] = sum(one.unmapped is not None for one in delivery.about)
    incidents = dict.fromkeys(opened[one.detection.id] for one in delivery.about if one.detection.id in opened)
    some = {key: number for key, number in counts.items() if number}
    return Taken(delivery.source, len(delivery.placed), some, tuple(incidents))


def _again(delivery: Delivery) -> Taken:
    return Taken(delivery.source, len(delivery.placed), {}, again=True)
