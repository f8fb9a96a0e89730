"""Incidents: found by id, moved on by compare-and-set, never written past their state table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, select, tuple_, union, update

from core.clock import Clock
from core.detections import Signal, fingerprint
from core.errors import Conflict, NotFound, Overtaken
from core.importance import turn
from core.incidents import Incident
from core.leases import Lease
from core.states import MUTING, State, may_follow
from store.database import Database, Tx
from store.involvement import involved_in
from store.journal import Journal
from store.leases import Leases
from store.scopes import Fleets, within
from store.tables import detections, incident_hosts, incidents, mutes
from store.work_tables import leases

_GATHERED = {"hosts", "involved"}
"""Fields of an incident that stand in other tables."""
_AT_ONCE = 200
"""Signals that are looked for at a time."""


def incident_of(row: RowMapping) -> Incident:
    """A row of `incidents` as a value."""
    return Incident.model_validate({name: row[name] for name in Incident.model_fields if name not in _GATHERED})


def _due_and_free(now: datetime) -> ColumnElement[bool]:
    """Due, live, and under nobody's lease."""
    name = "incident:" + incidents.c.id
    leased = select(leases.c.name).where(leases.c.name == name, leases.c.expires_at > now).exists()
    return and_(incidents.c.due_at <= now, incidents.c.ended_at.is_(None), ~leased)


def hold_hosts(tx: Tx, places: Iterable[tuple[str, str]]) -> None:
    """Let nobody else fold or unmute on these (fleet, host) until *tx* ends; always in the same order."""
    for fleet, host in sorted(set(places)):
        tx.serialise(f"fold:{fleet}/{host}")


class Incidents:
    """Reads incidents and moves them from state to state."""

    def __init__(self, database: Database, clock: Clock, journal: Journal, leases: Leases) -> None:
        self._database, self._clock, self._journal, self._leases = database, clock, journal, leases

    def get(self, incident_id: str, *, fleets: Fleets = None) -> Incident:
        """The incident of *fleets* with this id, or whose id ends in it if just one does. Raises NotFound."""
        visible = within(select(incidents), incidents.c.fleet, fleets)
        with self._database.read() as tx:
            rows = tx.all(visible.where(incidents.c.id == incident_id))
            if not rows and len(incident_id) >= 4:
                rows = tx.all(visible.where(incidents.c.id.endswith(incident_id, autoescape=True)).limit(2))
            if len(rows) != 1:
                raise NotFound(f"no incident {incident_id!r}; `fleetmend incidents --all` lists them")
            found = incident_of(rows[0])
            found = found.evolve(involved=involved_in(tx, found))
        return found.evolve(hosts=self._hosts(found.id)) if found.is_storm else found

    def _hosts(self, storm_id: str) -> tuple[str, ...]:
        query = select(incident_hosts.c.host).where(incident_hosts.c.incident_id == storm_id)
        with self._database.read() as tx:
            return tuple(sorted(str(row["host"]) for row in tx.all(query)))

    def newest(
        self,
        *,
        fleet: str | None = None,
        live: bool | None = None,
        state: State | None = None,
        limit: int = 100,
        fleets: Fleets = None,
    ) -> list[Incident]:
        """The newest incidents first, of *fleets* alone."""
        query = within(select(incidents), incidents.c.fleet, fleets)
        query = query.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc()).limit(limit)
        if fleet is not None:
            query = query.where(incidents.c.fleet == fleet)
        if live is not None:
            query = query.where(incidents.c.ended_at.is_(None) if live else incidents.c.ended_at.is_not(None))
        if state is not None:
            query = query.where(incidents.c.state == state.value)
        with self._database.read() as tx:
            return [incident_of(row) for row in tx.all(query)]

    def open(self, tx: Tx, incident: Incident, actor: str) -> None:
        """Insert a new incident that *actor* raised. The caller holds the fingerprint free (see `Detections`)."""
        values = incident.model_dump(exclude=_GATHERED)
        values["turn"] = turn(incident.severity, incident.importance)
        values["request"] = None if incident.request is None else incident.request.model_dump(mode="json")
        tx.execute(insert(incidents).values(**values))
        body = {"title": incident.title, "fleet": incident.fleet, "severity": incident.severity}
        self._journal.append(tx, "incident.opened", actor, body, incident.id)

    def is_live(self, tx: Tx, problem: str) -> bool:
        """True if an incident with the fingerprint *problem* has not ended. Nobody else asks that while *tx* lasts."""
        tx.serialise(f"problem:{problem}")
        live = (incidents.c.fingerprint == problem) & incidents.c.ended_at.is_(None)
        return tx.one(select(incidents.c.id).where(live)) is not None

    def move(
        self,
        tx: Tx,
        incident: Incident,
        to: State,
        reason: str,
        *,
        actor: str = "loop",
        lease: Lease | None = None,
        due_at: datetime | None = None,
        mute_until: datetime | None = None,
        **changes: Any,
    ) -> Incident:
        """Move *incident* to the state *to*. Raises Conflict (or Overtaken), and LeaseLost without the lease.

        `due_at` is when the loop looks again (None: not by itself); `changes` are further columns.
        """
        if not may_follow(incident.state, to):
            raise Conflict(f"{incident.id} is {incident.state}; it can't become {to}")
        if lease is not None:
            self._leases.check(tx, lease)
        now = self._clock.now()
        values = changes | {
            "state": to,
            "reason": reason,
            "version": incident.version + 1,
            "changed_at": now,
            "due_at": due_at,
            "ended_at": now if to.terminal else None,
        }
        unchanged = and_(incidents.c.id == incident.id, incidents.c.version == incident.version)
        if tx.execute(update(incidents).where(unchanged).values(**values)).rowcount != 1:
            raise Overtaken(f"{incident.id} changed meanwhile; look at it again")
        if to in MUTING and mute_until is not None:
            self._mute(tx, incident, mute_until)
        body = {"from": incident.state, "to": to, "reason": reason}
        self._journal.append(tx, "incident.state", actor, body, incident.id)
        return incident.evolve(**values)

    def postpone(
        self, tx: Tx, incident: Incident, due_at: datetime | None, reason: str | None = None, **changes: Any
    ) -> Incident:
        """Keep the state, and look again at *due_at*; *changes* are further columns. Raises Overtaken if it changed."""
        values: dict[str, Any] = changes | {"due_at": due_at, "version": incident.version + 1}
        if reason is not None:
            values["reason"] = reason
        unchanged = and_(incidents.c.id == incident.id, incidents.c.version == incident.version)
        if tx.execute(update(incidents).where(unchanged).values(**values)).rowcount != 1:
            raise Overtaken(f"{incident.id} changed meanwhile; look at it again")
        return incident.evolve(**values)

    def _mute(self, tx: Tx, incident: Incident, until: datetime) -> None:
        self.unmute(tx, incident.fingerprint)
        tx.execute(insert(mutes).values(fingerprint=incident.fingerprint, incident_id=incident.id, until=until))

    def unmute(self, tx: Tx, problem: str) -> None:
        """The problem cleared: its next detection opens an incident again."""
        tx.execute(mutes.delete().where(mutes.c.fingerprint == problem))

    def unmute_all(self, tx: Tx, fleet: str, cleared: Iterable[Signal]) -> None:
        """`unmute` for every signal that cleared."""
        cleared = list(cleared)
        hold_hosts(tx, ((fleet, signal.host) for signal in cleared))
        for signal in cleared:
            self.unmute(tx, fingerprint(fleet, signal.symptom, signal.subject, signal.host))

    def due(self, now: datetime, limit: int = 200) -> list[str]:
        """Ids of incidents that are due and that nobody works on: severity first, then importance, then age."""
        return [incident_id for incident_id, _ in self.due_since(now, limit)]

    def due_since(self, now: datetime, limit: int = 200) -> list[tuple[str, datetime]]:
        """`due`, each with its due time."""
        query = select(incidents.c.id, incidents.c.due_at).where(_due_and_free(now))
        query = query.order_by(incidents.c.turn, incidents.c.opened_at, incidents.c.id).limit(limit)
        with self._database.read() as tx:
            return [(str(row["id"]), row["due_at"]) for row in tx.all(query)]

    def due_by_state(self, now: datetime) -> dict[State, int]:
        """State -> how many incidents are due and nobody works on."""
        query = select(incidents.c.state, func.count().label("n")).where(_due_and_free(now)).group_by(incidents.c.state)
        with self._database.read() as tx:
            return {State(row["state"]): int(row["n"]) for row in tx.all(query)}

    def count_due(self, now: datetime, most: int) -> int:
        """How many incidents are due and nobody works on them; counts to *most* only."""
        some = select(incidents.c.id).where(_due_and_free(now)).limit(most).subquery()
        with self._database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(some)).scalar_one())

    def is_due(self, incident_id: str, now: datetime) -> bool:
        """True if the incident is due and nobody works on it. It only reads: most rings come too late or twice."""
        with self._database.read() as tx:
            return tx.one(select(incidents.c.id).where(incidents.c.id == incident_id, _due_and_free(now))) is not None

    def signals(self, incident_id: str, tx: Tx | None = None) -> tuple[Signal, ...]:
        """Every signal that was folded into the incident (as *tx* sees them): all of them have to clear."""
        columns = (detections.c.host, detections.c.symptom, detections.c.subject)
        query = select(*columns).where(detections.c.incident_id == incident_id).distinct().order_by(*columns)
        with nullcontext(tx) if tx is not None else self._database.read() as reading:
            return tuple(Signal(**row) for row in reading.all(query))

    def said_by(self, incident_id: str) -> tuple[tuple[str, str], ...]:
        """Who said what: (source, symptom) of every detection that was folded into the incident, each once."""
        columns = (detections.c.source, detections.c.symptom)
        query = select(*columns).where(detections.c.incident_id == incident_id).distinct().order_by(*columns)
        with self._database.read() as tx:
            return tuple((str(row["source"]), str(row["symptom"])) for row in tx.all(query))

    def live_on(self, fleet: str, host: str) -> list[Incident]:
        """Live incidents of one host."""
        query = select(incidents).where(
            incidents.c.fleet == fleet, incidents.c.host == host, incidents.c.ended_at.is_(None)
        )
        with self._database.read() as tx:
            return [incident_of(row) for row in tx.all(query)]

    def with_signals(self, tx: Tx, fleet: str, signals: Sequence[Signal]) -> list[Incident]:
        """Live incidents that one of *signals* was folded into, each once."""
        columns = (detections.c.host, detections.c.symptom, detections.c.subject)
        found: dict[str, Incident] = {}
        for begin in range(0, len(signals), _AT_ONCE):
            some = [tuple(signal) for signal in signals[begin : begin + _AT_ONCE]]
            folded = select(detections.c.incident_id).join(incidents, incidents.c.id == detections.c.incident_id)
            live = folded.where(incidents.c.fleet == fleet, incidents.c.ended_at.is_(None), tuple_(*columns).in_(some))
            rows = tx.all(select(incidents).where(incidents.c.id.in_(live)))
            found |= {row["id"]: incident_of(row) for row in rows}
        return [found[name] for name in sorted(found)]

    def waiting_under(
        self, tx: Tx, fleet: str, host: str | None, symptom: str | None, subject: str | None
    ) -> list[Incident]:
        """Live incidents of *fleet*; those of a host, symptom and subject alone where one is given."""
        query = select(incidents).where(incidents.c.fleet == fleet, incidents.c.ended_at.is_(None))
        for column, wanted in (
            (incidents.c.host, host),
            (incidents.c.symptom, symptom),
            (incidents.c.subject, subject),
        ):
            query = query if wanted is None else query.where(column == wanted)
        return [incident_of(row) for row in tx.all(query.order_by(incidents.c.id))]

    def unhealthy_hosts(self, fleet: str) -> frozenset[str]:
        """Hosts with a live incident that a probe or an alert raised."""
        live = (incidents.c.fleet == fleet) & incidents.c.ended_at.is_(None)
        own = select(incidents.c.host).where(live, incidents.c.request.is_(None))
        stormy = select(incident_hosts.c.host).join(incidents, incidents.c.id == incident_hosts.c.incident_id)
        with self._database.read() as tx:
            return frozenset(str(row["host"]) for row in tx.all(union(own, stormy.where(live))))

    def counts(self) -> dict[tuple[str, State], int]:
        """(fleet, state) -> how many incidents."""
        query = select(incidents.c.fleet, incidents.c.state, func.count().label("n"))
        with self._database.read() as tx:
            rows = tx.all(query.group_by(incidents.c.fleet, incidents.c.state))
        return {(str(row["fleet"]), State(row["state"])): int(row["n"]) for row in rows}
