"""The store: every noun, on one database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from core.clock import Clock
from store.conditions import Conditions
from store.database import Database, Tx
from store.detections import Detections
from store.incidents import Incidents
from store.journal import HeadFile, Journal, read_or_make_key
from store.leases import Leases
from store.migrations import migrate
from store.outcomes import Outcomes, Verifications
from store.pauses import Pauses
from store.plans import Approvals, Plans
from store.proof import Proof, verify
from store.retention import Retention
from store.runs import Runs
from store.tallies import Tallies
from store.ticks import Ticks
from store.tokens import Tokens


class Store:
    """All that is kept. Nouns are attributes; `write()` opens the transaction that they share."""

    def __init__(self, database: Database, clock: Clock, *, key: bytes, head: Path) -> None:
        self._database = database
        self.journal = Journal(database, clock, key, HeadFile(head))
        self.leases = Leases(database, clock)
        self.incidents = Incidents(database, clock, self.journal, self.leases)
        self.detections = Detections(database, clock, self.journal, self.incidents)
        self.conditions = Conditions(database)
        self.plans = Plans(database, clock, self.journal)
        self.approvals = Approvals(database, clock, self.journal)
        self.runs = Runs(database, clock, self.journal)
        self.verifications = Verifications(database)
        self.outcomes = Outcomes(database, self.journal)
        self.pauses = Pauses(database, clock, self.journal)
        self.tokens = Tokens(database, clock, self.journal)
        self.ticks = Ticks(database)
        self.tallies = Tallies(database)
        self.retention = Retention(database, clock, self.journal, self.leases, self.tallies)

    def write(self, *, urgent: bool = False) -> AbstractContextManager[Tx]:
        """A writing transaction over all nouns; an *urgent* one does not stand in line."""
        return self._database.write(urgent=urgent)

    def proof(self) -> Proof:
        """Check the journal's chain and the laws that the tables must keep."""
        return verify(self._database, self.journal)

    def close(self) -> None:
        """Give every connection back."""
        self._database.close()


def open_store(url: str, state: Path, clock: Clock) -> Store:
    """Open the store at *url*, bringing its tables up to date; key and head lie in *state*."""
    database = Database(url)
    migrate(database.engine)
    return Store(database, clock, key=read_or_make_key(state / "journal.key"), head=state / "journal.head")
