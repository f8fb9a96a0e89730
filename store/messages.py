"""Messages: what each channel was told of each incident, what it was not told yet, and how channels stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from core.approvals import Ruling
from core.incidents import Incident
from core.messages import Kind, Standing, Told
from core.points import Point
from core.states import State
from store.approval_tables import asks, rulings
from store.database import Database, Tx
from store.incidents import incident_of
from store.message_tables import message_channels, messages
from store.tables import incidents, journal_head, runs

_ASKS_PEOPLE = (State.AWAITING_APPROVAL, State.ESCALATED)
_RECENT = timedelta(hours=1)
"""An incident that ended before people heard of it is told for this long after its end; from then on, it is history."""


class Messages:
    """Keeps a row for each (incident, kind, channel)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def moment(self) -> int:
        """Grows with whatever happens: the number of the journal's newest entry. One row is read."""
        with self._database.read() as tx:
            row = tx.one(select(journal_head.c.seq))
        return 0 if row is None else int(row["seq"])

    def untold(self, fleets: Collection[str], now: datetime, limit: int = 100) -> list[Incident]:
        """Incidents of *fleets* that people should hear of and that no channel was told of, the most urgent first.

        They ask for people, or ended lately after a run, or there is a plan that the policy leaves to people.
        """
        held = (rulings.c.plan_id == incidents.c.plan_id) & (rulings.c.ruling == Ruling.HOLD.value)
        left_to_people = select(rulings.c.id).where(held).exists()
        known = select(messages.c.incident_id).where(messages.c.incident_id == incidents.c.id).exists()
        ran = select(runs.c.id).where(runs.c.incident_id == incidents.c.id).exists()
        live = incidents.c.ended_at.is_(None)
        concerns = or_(
            and_(live, incidents.c.state.in_([state.value for state in _ASKS_PEOPLE])),
            and_(live, incidents.c.state == State.PLANNED.value, left_to_people),
            and_(incidents.c.ended_at > now - _RECENT, ran),
        )
        query = select(incidents).where(incidents.c.fleet.in_(fleets), concerns, ~known)
        with self._database.read() as tx:
            return [incident_of(row) for row in tx.all(query.order_by(incidents.c.turn).limit(limit))]

    def widened(self, channels: dict[str, str]) -> list[tuple[str, str]]:
        """(incident, channel) that was to be asked as well and has no row yet. *channels*: fleet -> the next one."""
        query = (
            select(incidents.c.id, incidents.c.fleet)
            .join(asks, asks.c.plan_id == incidents.c.plan_id)
            .where(incidents.c.ended_at.is_(None), asks.c.widened_at.is_not(None), incidents.c.fleet.in_(channels))
        )
        with self._database.read() as tx:
            wanted = [(str(row["id"]), channels[row["fleet"]]) for row in tx.all(query)]
            ids = [incident_id for incident_id, _ in wanted]
            rows = tx.all(select(messages.c.incident_id, messages.c.channel).where(messages.c.incident_id.in_(ids)))
        known = {(row["incident_id"], row["channel"]) for row in rows}
        return [one for one in wanted if one not in known]

    def open(self, incident_id: str, wanted: Sequence[tuple[Kind, str]]) -> None:
        """Remember that these channels are to be told of the incident. Those that are known stay as they are."""
        with self._database.write(Point.MESSAGES_OPEN) as tx:
            tx.serialise(f"messages:{incident_id}")
            rows = tx.all(select(messages.c.kind, messages.c.channel).where(messages.c.incident_id == incident_id))
            known = {(row["kind"], row["channel"]) for row in rows}
            there = tx.one(select(incidents.c.id).where(incidents.c.id == incident_id)) is not None
            for kind, channel in wanted:
                if there and (kind, channel) not in known:
                    told = Told(incident_id=incident_id, kind=kind, channel=channel)
                    tx.execute(insert(messages).values(**told.model_dump()))

    def behind(self, kinds: Collection[Kind], now: datetime, limit: int = 100) -> list[Told]:
        """Rows whose incident moved on since it was told, of channels that can be tried now; the most urgent first."""
        resting = (
            select(message_channels.c.channel)
            .where(message_channels.c.kind == messages.c.kind, message_channels.c.channel == messages.c.channel)
            .where(message_channels.c.next_try_at > now)
            .exists()
        )
        query = (
            select(messages)
            .join(incidents, incidents.c.id == messages.c.incident_id)
            .where(messages.c.version != incidents.c.version, messages.c.kind.in_(kinds), ~resting)
            .where(or_(messages.c.next_try_at.is_(None), messages.c.next_try_at <= now))
            .order_by(incidents.c.turn, incidents.c.id, messages.c.channel)
            .limit(limit)
        )
        with self._database.read() as tx:
            return [_told(row) for row in tx.all(query)]

    def of(self, incident_id: str) -> list[Told]:
        """What each channel was told of an incident."""
        with self._database.read() as tx:
            return [_told(row) for row in tx.all(select(messages).where(messages.c.incident_id == incident_id))]

    def save(self, told: Told) -> None:
        """Store what was told."""
        with self._database.write(Point.MESSAGES_SAVE) as tx:
            key = and_(
                messages.c.incident_id == told.incident_id,
                messages.c.kind == told.kind,
                messages.c.channel == told.channel,
            )
            tx.execute(update(messages).where(key).values(**told.model_dump()))

    def note(self, standing: Standing) -> None:
        """Store how a channel stands."""
        with self._database.write(Point.MESSAGES_NOTE) as tx:
            self._replace(tx, standing)

    def standings(self) -> list[Standing]:
        """Every channel that was tried."""
        query = select(message_channels).order_by(message_channels.c.kind, message_channels.c.channel)
        with self._database.read() as tx:
            return [Standing.model_validate(dict(row)) for row in tx.all(query)]

    def standing(self, kind: Kind, channel: str) -> Standing:
        """How one channel stands."""
        key = and_(message_channels.c.kind == kind, message_channels.c.channel == channel)
        with self._database.read() as tx:
            row = tx.one(select(message_channels).where(key))
        return Standing(kind=kind, channel=channel) if row is None else Standing.model_validate(dict(row))

    @staticmethod
    def _replace(tx: Tx, standing: Standing) -> None:
        key = and_(message_channels.c.kind == standing.kind, message_channels.c.channel == standing.channel)
        tx.execute(delete(message_channels).where(key))
        tx.execute(insert(message_channels).values(**standing.model_dump()))


def _told(row: Any) -> Told:
    return Told.model_validate({name: row[name] for name in Told.model_fields})
