"""Fenced leases: one worker at a time on an incident or a host, and a late writer is turned away.

A host may also be shared: by any number of readers, while nobody has it for himself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, RowMapping, delete, insert, or_, select, update

from core.clock import Clock
from core.errors import LeaseLost
from core.leases import Lease
from core.points import Point
from store.database import Database, Tx
from store.work_tables import leases

_LONG_AGO = timedelta(days=1)


class Leases:
    """Takes, renews, checks and gives back leases."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def take(self, tx: Tx, name: str, holder: str, ttl: timedelta) -> Lease | None:
        """Take *name*, or return None while somebody else holds it."""
        query = select(leases).where(leases.c.name == name).with_for_update()
        row = tx.one(query)
        if row is None and tx.serialise(f"lease:{name}"):  # a row that is not there can't be locked
            row = tx.one(query)
        if row is not None and row["expires_at"] > self._clock.now() and row["holder"] != holder:
            return None
        return self._put(tx, name, row, holder, ttl)

    def take_host(
        self, tx: Tx, fleet: str, host: str, holder: str, ttl: timedelta, *, reader: str | None = None
    ) -> Lease | None:
        """Take *host* for ourselves; or with *reader* (an incident's id), shared with other readers.

        None while somebody else has it, or to take it for ourselves, while somebody else reads there.
        """
        name = f"host:{fleet}/{host}"
        # Readers have rows of their own, so that a row lock alone would not keep a reader and a writer apart.
        tx.serialise(name)
        now = self._clock.now()
        in_the_way = leases.c.name == name if reader is not None else or_(leases.c.name == name, _readers(name))
        theirs = in_the_way & (leases.c.expires_at > now) & (leases.c.holder != holder)
        if tx.one(select(leases.c.name).where(theirs).limit(1)) is not None:
            return None
        if reader is None:
            return self.take(tx, name, holder, ttl)
        tx.execute(delete(leases).where(_readers(name), leases.c.expires_at < now - _LONG_AGO))
        own = f"{name} {reader}"
        row = tx.one(select(leases).where(leases.c.name == own).with_for_update())
        return self._put(tx, own, row, holder, ttl, shared_of=name)

    def _put(
        self, tx: Tx, name: str, row: RowMapping | None, holder: str, ttl: timedelta, *, shared_of: str | None = None
    ) -> Lease:
        fence = 1 if row is None else int(row["fence"]) + 1
        lease = Lease(name=name, holder=holder, fence=fence, expires_at=self._clock.now() + ttl)
        values = lease.model_dump() | {"shared_of": shared_of}
        tx.execute(insert(leases).values(**values) if row is None else _of(name).values(**values))
        return lease

    def take_now(self, name: str, holder: str, ttl: timedelta) -> Lease | None:
        """`take` in a transaction of its own."""
        with self._database.write(Point.LEASES_TAKE) as tx:
            return self.take(tx, name, holder, ttl)

    def renew(self, held: Sequence[Lease], ttl: timedelta) -> None:
        """Prolong all of *held*. Raises LeaseLost if one was taken over."""
        with self._database.write(Point.LEASES_RENEW) as tx:
            for lease in held:
                self.check(tx, lease)
                tx.execute(_of(lease.name).values(expires_at=self._clock.now() + ttl))

    def check(self, tx: Tx, lease: Lease) -> None:
        """Raise LeaseLost unless *lease* is still the newest one under its name."""
        row = tx.one(select(leases.c.fence, leases.c.holder).where(leases.c.name == lease.name).with_for_update())
        if row is None or row["fence"] != lease.fence or row["holder"] != lease.holder:
            raise LeaseLost(f"{lease.name} was taken over by another worker")

    def release(self, tx: Tx, lease: Lease) -> None:
        """Give *lease* back; its fence stays counted. Nothing happens if it was taken over."""
        still_ours = (leases.c.name == lease.name) & (leases.c.fence == lease.fence)
        tx.execute(update(leases).where(still_ours).values(expires_at=self._clock.now() - _LONG_AGO))

    def release_now(self, held: Sequence[Lease]) -> None:
        """`release` in a transaction of its own."""
        with self._database.write(Point.LEASES_RELEASE) as tx:
            for lease in held:
                self.release(tx, lease)

    def held(self) -> list[Lease]:
        """Every lease that is in force."""
        with self._database.read() as tx:
            rows = tx.all(select(leases).where(leases.c.expires_at > self._clock.now()).order_by(leases.c.name))
        return [Lease.model_validate({field: row[field] for field in Lease.model_fields}) for row in rows]

    def void_all(self) -> int:
        """End every lease. Only for the single owner of an embedded store, at its start. Returns how many."""
        now = self._clock.now()
        with self._database.write(Point.LEASES_VOID) as tx:
            ended = update(leases).where(leases.c.expires_at > now).values(expires_at=now - _LONG_AGO)
            return tx.execute(ended).rowcount

    def forget_old(self, tx: Tx, older_than: timedelta) -> None:
        """Drop rows that nobody held for *older_than*; live fences are younger than that."""
        tx.execute(delete(leases).where(leases.c.expires_at < self._clock.now() - older_than - _LONG_AGO))


def _readers(name: str) -> ColumnElement[bool]:
    return leases.c.shared_of == name


def _of(name: str):  # type: ignore[no-untyped-def]
    return update(leases).where(leases.c.name == name)
