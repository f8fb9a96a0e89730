"""People: their names, roles and identities. Nobody is deleted or renamed, so that a name never becomes somebody else.

What somebody may do is asked here whichever way he came in, so that a disabled person is out everywhere at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import Conflict, NotFound
from core.people import Access, Grant, Person, Role
from core.points import Point
from store.database import Database, Tx
from store.journal import Journal
from store.lendings import Lendings, Way
from store.people_tables import grants, identities, passwords, people, sessions

SLACK = "slack"
"""The identity provider that Slack is: its subjects are Slack user ids."""


class SlackLink(NamedTuple):
    """Whose a Slack user is, and in which workspace and app; None until its first use."""

    person: str
    team: str | None
    app: str | None


class People:
    """Adds people, and says what they may do. *by* signs an act, as in `Access.by`."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self.on_change: Callable[[], None] = lambda: None
        """Called once what somebody may do has changed: nothing that was known of it holds any more."""

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with self._database.read() as tx:
            return self._persons(tx, tx.all(select(people).order_by(people.c.name)))

    def get(self, name: str) -> Person:
        """The person called *name*. Raises NotFound."""
        with self._database.read() as tx:
            found = self._persons(tx, tx.all(select(people).where(people.c.name == name)))
        if not found:
            raise unknown(name)
        return found[0]

    def access(self, name: str, via: str = "people") -> Access | None:
        """What the person called *name* may do at this moment; None if there is none, or if he is disabled."""
        with self._database.read() as tx:
            return access_in(tx, name, via)

    def access_of_slack(self, user_id: str) -> Access | None:
        """What the person may do to whom the Slack user *user_id* is linked; None if there is none who may come in."""
        linked = (identities.c.provider == SLACK) & (identities.c.subject == user_id)
        with self._database.read() as tx:
            row = tx.one(select(identities.c.person).where(linked))
            return None if row is None else access_in(tx, row["person"], f"slack:{user_id}")

    def slack_link(self, user_id: str) -> SlackLink | None:
        """The link of the Slack user *user_id*, if there is one."""
        linked = (identities.c.provider == SLACK) & (identities.c.subject == user_id)
        with self._database.read() as tx:
            row = tx.one(select(identities.c.person, identities.c.team, identities.c.app).where(linked))
        return None if row is None else SlackLink(**row)

    def bind_slack(self, user_id: str, team: str, app: str) -> SlackLink:
        """Have the link of *user_id* hold in this workspace and app alone, unless it is bound. Returns it as it is."""
        linked = (identities.c.provider == SLACK) & (identities.c.subject == user_id)
        free = identities.c.team.is_(None) | identities.c.app.is_(None)
        with self._database.write(Point.PEOPLE_BIND) as tx:
            if tx.execute(update(identities).where(linked, free).values(team=team, app=app)).rowcount:
                body = {"provider": SLACK, "subject": user_id, "team": team, "app": app}
                self._journal.append(tx, "identity.bound", f"slack:{user_id}", body)
        found = self.slack_link(user_id)
        if found is None:
            raise NotFound(f"nobody is linked to the Slack user {user_id}")
        return found

    def add(self, name: str, by: str, wanted: Sequence[Grant] = ()) -> Person:
        """Add a person with some roles. Raises Conflict if the name is somebody's, in whatever case it is written."""
        try:
            with self._database.write(Point.PEOPLE_ADD) as tx:
                self.enter(tx, name, by, wanted)
        except IntegrityError as error:
            raise Conflict(_taken(name)) from error
        return self.get(name)

    def enter(self, tx: Tx, name: str, by: str, wanted: Sequence[Grant] = ()) -> None:
        """`add` within the caller's transaction."""
        tx.serialise(f"person:{name.lower()}")
        if tx.one(select(people.c.name).where(func.lower(people.c.name) == name.lower())) is not None:
            raise Conflict(_taken(name))
        tx.execute(insert(people).values(name=name, created_at=self._clock.now()))
        self._journal.append(tx, "person.added", by, {"person": name})
        for grant in wanted:
            self._grant(tx, name, grant, by)

    def switch(self, name: str, by: str, *, enabled: bool) -> Person:
        """Disable a person, or let him in again. A disabled one is out at once, and keeps roles and tokens."""
        person = self.get(name)
        if (person.disabled_at is None) != enabled:
            values = {"disabled_at": None if enabled else self._clock.now()}
            with self._database.write(Point.PEOPLE_SWITCH) as tx:
                tx.execute(update(people).where(people.c.name == name).values(**values))
                tx.execute(delete(sessions).where(sessions.c.person == name))
                if enabled:
                    self._journal.append(tx, "person.enabled", by, {"person": name})
                else:
                    self._journal.append(tx, "person.disabled", by, {"person": name})
            self.on_change()
        return self.get(name)

    def grant(self, name: str, grant: Grant, by: str) -> Person:
        """Give a person a role in a fleet, in place of the one that he had there. Raises NotFound."""
        if grant not in self.get(name).grants:
            with self._database.write(Point.PEOPLE_GRANT) as tx:
                self._grant(tx, name, grant, by)
            self.on_change()
        return self.get(name)

    def revoke(self, name: str, fleet: str, by: str) -> Person:
        """Take a person's role in a fleet away (`*`: the one that holds in every fleet). Raises NotFound."""
        self.get(name)
        held = (grants.c.person == name) & (grants.c.fleet == fleet)
        with self._database.write(Point.PEOPLE_REVOKE) as tx:
            row = tx.one(select(grants.c.role).where(held))
            if row is None:
                raise NotFound(f"{name} has no role in {fleet}; `fleetmend people` shows who has which")
            tx.execute(delete(grants).where(held))
            self._journal.append(tx, "role.revoked", by, {"person": name, "role": row["role"], "fleet": fleet})
        self.on_change()
        return self.get(name)

    def link(self, name: str, provider: str, subject: str, by: str, *, lender: str | None = None) -> Person:
        """Say that *subject* is this person at *provider*, in place of an earlier one. Raises NotFound, Conflict.

        *lender*: the person who says so of somebody else over the API.
        """
        self.get(name)
        try:
            with self._database.write(Point.PEOPLE_LINK) as tx:
                tx.execute(delete(identities).where(identities.c.person == name, identities.c.provider == provider))
                tx.execute(insert(identities).values(provider=provider, subject=subject, person=name))
                body = {"person": name, "provider": provider, "subject": subject}
                Lendings(self._clock).replace(tx, name, Way(provider), lender)
                self._journal.append(tx, "identity.linked", by, body)
        except IntegrityError as error:
            raise Conflict(
                f"the {provider} user {subject} is linked to somebody else; unlink it there first"
            ) from error
        self.on_change()
        return self.get(name)

    def lender_of_password(self, name: str) -> str | None:
        """Who gave the person called *name* their password over the API, if somebody did."""
        with self._database.read() as tx:
            return Lendings.lender_of(tx, name, Way.PASSWORD)

    def unlink(self, name: str, provider: str, by: str) -> Person:
        """End a person's link to *provider*. Raises NotFound if there is none."""
        self.get(name)
        linked = (identities.c.person == name) & (identities.c.provider == provider)
        with self._database.write(Point.PEOPLE_UNLINK) as tx:
            if tx.execute(delete(identities).where(linked)).rowcount == 0:
                raise NotFound(f"{name} is not linked to {provider}")
            Lendings(self._clock).replace(tx, name, Way(provider), None)
            self._journal.append(tx, "identity.unlinked", by, {"person": name, "provider": provider})
        self.on_change()
        return self.get(name)

    def _grant(self, tx: Tx, name: str, grant: Grant, by: str) -> None:
        tx.execute(delete(grants).where(grants.c.person == name, grants.c.fleet == grant.fleet))
        tx.execute(insert(grants).values(person=name, fleet=grant.fleet, role=grant.role.value))
        body = {"person": name, "role": grant.role, "fleet": grant.fleet}
        self._journal.append(tx, "role.granted", by, body)

    @staticmethod
    def _persons(tx: Tx, rows: Sequence[Any]) -> list[Person]:
        held: dict[str, list[Grant]] = {row["name"]: [] for row in rows}
        for row in tx.all(select(grants).where(grants.c.person.in_(held)).order_by(grants.c.fleet)):
            held[row["person"]].append(_grant_of(row))
        linked = select(identities).where(identities.c.provider == SLACK, identities.c.person.in_(held))
        slack = {row["person"]: row["subject"] for row in tx.all(linked)}
        signing = {row["person"] for row in tx.all(select(passwords.c.person))}
        return [
            Person(
                name=row["name"],
                grants=tuple(held[row["name"]]),
                slack=slack.get(row["name"]),
                signs_in=row["name"] in signing,
                created_at=row["created_at"],
                disabled_at=row["disabled_at"],
            )
            for row in rows
        ]


def access_in(tx: Tx, name: str, via: str) -> Access | None:
    """What the person called *name* may do, as *tx* sees it; None if there is none, or if he is disabled."""
    enabled = (people.c.name == name) & people.c.disabled_at.is_(None)
    if tx.one(select(people.c.name).where(enabled)) is None:
        return None
    rows = tx.all(select(grants).where(grants.c.person == name).order_by(grants.c.fleet))
    return Access(person=name, grants=tuple(map(_grant_of, rows)), via=via)


def unknown(name: str) -> NotFound:
    """The error for somebody who is not there."""
    return NotFound(f"there is nobody called {name!r}; `fleetmend people` lists everybody")


def _grant_of(row: Any) -> Grant:
    return Grant(role=Role(row["role"]), fleet=row["fleet"])


def _taken(name: str) -> str:
    return f"there is, or was, somebody called {name!r}; names are never given again, so choose another one"
