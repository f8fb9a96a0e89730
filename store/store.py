"""The store: every noun, on one database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from core.clock import Clock
from core.points import Point, Witness
from store.agents import Agents
from store.alerts import Alerts
from store.asks import Asks, ForeseenChanges
from store.attempts import Attempts
from store.budgets import Budgets
from store.callbacks import Callbacks
from store.conditions import Conditions
from store.counters import Counters
from store.cursors import Cursors
from store.database import Database, Tx, plain_errors
from store.detections import Detections
from store.head_file import HeadFile
from store.incidents import Incidents
from store.journal import Journal
from store.journal_key import open_key, settle_key
from store.leases import Leases
from store.messages import Messages
from store.migrations import migrate
from store.outcomes import Outcomes, Verifications
from store.passwords import Passwords
from store.pauses import Pauses
from store.people import People
from store.plans import Approvals, Plans
from store.proof import Proof, verify
from store.resealing import resealed
from store.retention import Retention
from store.rulings import Rulings
from store.runs import Runs
from store.sessions import Sessions
from store.silences import Silences
from store.sources import Sources
from store.ticks import Ticks
from store.tokens import Tokens


class Store:
    """All that is kept. Nouns are attributes; `write()` opens the transaction that they share."""

    def __init__(self, database: Database, clock: Clock, *, key: bytes, head: Path) -> None:
        self._database = database
        self.journal = Journal(database, clock, key, HeadFile(head))
        self.leases = Leases(database, clock)
        self.incidents = Incidents(database, clock, self.journal, self.leases)
        self.silences = Silences(database, clock, self.journal)
        self.detections = Detections(database, clock, self.journal, self.incidents, self.silences)
        self.conditions = Conditions(database)
        self.plans = Plans(database, clock, self.journal)
        self.approvals = Approvals(database, clock, self.journal)
        self.rulings = Rulings(database)
        self.asks = Asks(database)
        self.foreseen = ForeseenChanges(database)
        self.budgets = Budgets(database, clock)
        self.runs = Runs(database, clock, self.journal)
        self.verifications = Verifications(database)
        self.outcomes = Outcomes(database, self.journal)
        self.pauses = Pauses(database, clock, self.journal)
        self.people = People(database, clock, self.journal)
        self.tokens = Tokens(database, clock, self.journal, self.people)
        self.passwords = Passwords(database, clock, self.journal, self.people)
        self.sessions = Sessions(database, clock, self.journal)
        self.attempts = Attempts(database, clock)
        self.ticks = Ticks(database)
        self.agents = Agents(database, clock)
        self.counters = Counters(database, clock)
        self.alerts = Alerts(database)
        self.sources = Sources(database, clock, self.journal)
        self.cursors = Cursors(database)
        self.messages = Messages(database)
        self.callbacks = Callbacks(database, clock)
        self.retention = Retention(database, clock, self.journal, self.leases, self.counters)

    def write(self, point: Point | None = None, *, urgent: bool = False) -> AbstractContextManager[Tx]:
        """A writing transaction over all nouns, at a named point of the loop; an *urgent* one goes first."""
        return self._database.write(point, urgent=urgent)

    def read(self) -> AbstractContextManager[Tx]:
        """What is read within, in this thread, is read in one transaction, and is of one moment. Not for long."""
        return self._database.read()

    def proof(self) -> Proof:
        """Check the journal's chain and the laws that the tables must keep."""
        return verify(self._database, self.journal)

    def close(self) -> None:
        """Give every connection back."""
        self.journal.head_file.close()
        self._database.close()


def open_store(
    url: str, state: Path, clock: Clock, *, key_file: Path | None = None, witness: Witness | None = None
) -> Store:
    """Open the store at *url*, bringing its tables up to date; the head lies in *state*, and so does the key.

    With *key_file*, the key is there, and is never made. Raises BadInput for a key that is not this store's, and
    Retryable if the database does not answer.
    """
    database, key_path, head = Database(url, witness), key_file or state / "journal.key", state / "journal.head"

    head_file = HeadFile(head)

    def sealing(tx: Tx) -> AbstractContextManager[None]:
        return resealed(tx, database, clock, head_file, lambda: settle_key(tx, key_path, may_make=key_file is None))

    try:
        with plain_errors():
            migrate(database.engine, around=sealing)
        key = open_key(database, key_path, may_make=key_file is None)
    except BaseException:
        database.close()
        raise
    finally:
        head_file.close()
    return Store(database, clock, key=key, head=head)
