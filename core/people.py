"""People and what they may do: roles, granted for a fleet or for all of them.

`Access` is what everything that a person starts carries with it, whichever way it came in: the command line, a token, a
browser's session, Slack. Whoever changes something asks it, and so does whoever shows something.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from core.errors import Refused
from core.model import Model, Name, Time
from core.pauses import EVERY_FLEET

PersonName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]{0,62}$")]
"""How a person is called in the journal: `person:<name>`. A name is never given to somebody else again."""

FleetScope = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{0,62})$")]
"""A fleet's name, or `*` for all of them."""

OWNER = "owner"
"""`Access.via` of who owns the state folder, and so everything in it, without being asked for anything."""


class Act(StrEnum):
    """What can be done in a fleet."""

    READ = "read"
    REPORT = "report"
    OPERATE = "operate"
    """Ask, cancel, undo, pause and resume, close, escalate, snooze."""
    DECIDE = "decide"
    """Approve, reject, change a plan."""
    ADMINISTER = "administer"
    """People, their roles and tokens."""


class Role(StrEnum):
    """What somebody is in a fleet. Each one of the last four may do what the one before it may."""

    REPORTER = "reporter"
    """For the tokens of monitoring systems: it reports what it saw, and sees nothing."""
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


ACTS: dict[Role, frozenset[Act]] = {
    Role.REPORTER: frozenset({Act.REPORT}),
    Role.VIEWER: frozenset({Act.READ}),
    Role.OPERATOR: frozenset({Act.READ, Act.REPORT, Act.OPERATE}),
    Role.APPROVER: frozenset({Act.READ, Act.REPORT, Act.OPERATE, Act.DECIDE}),
    Role.ADMIN: frozenset(Act),
}


class Grant(Model):
    """A role in a fleet, or in all of them (`*`)."""

    role: Role
    fleet: FleetScope = EVERY_FLEET

    def allows(self, act: Act, fleet: str) -> bool:
        """True if *act* is allowed in *fleet* (`*`: in every one, those to come included)."""
        return act in ACTS[self.role] and self.fleet in (EVERY_FLEET, fleet)


class Person(Model):
    """Somebody who may come in. `slack` is a Slack user id."""

    name: PersonName
    grants: tuple[Grant, ...] = ()
    slack: str | None = None
    signs_in: bool = False
    """True if a password is set."""
    created_at: Time
    disabled_at: Time | None = None


class Access(Model):
    """Who acts, with what they may do at this moment. `via` says which way they came in, for the journal."""

    person: str = Field(min_length=1, max_length=90)
    grants: tuple[Grant, ...] = ()
    via: str = OWNER
    """`owner`, `token:<name>`, `session` or `slack:<user id>`."""

    @classmethod
    def owner(cls, person: str) -> Self:
        """The access of *person*, who owns the state folder."""
        return cls(person=person, grants=(Grant(role=Role.ADMIN),), via=OWNER)

    @property
    def by(self) -> str:
        """How acts are signed."""
        return f"person:{self.person}"

    def may(self, act: Act, fleet: str) -> bool:
        """True if this person may do *act* in *fleet* (`*`: in every one)."""
        return any(grant.allows(act, fleet) for grant in self.grants)

    def need(self, act: Act, fleet: str) -> None:
        """Raise Refused unless `may`, naming the role that is needed."""
        if not self.may(act, fleet):
            least = next(role for role in Role if act in ACTS[role] and role is not Role.REPORTER)
            where = "every fleet" if fleet == EVERY_FLEET else f"the fleet {fleet}"
            raise Refused(f"{self.person} may not {act} in {where}; it takes the role {least} there")

    def fleets(self, act: Act) -> frozenset[Name] | None:
        """The fleets in which *act* is allowed; None means every one."""
        allowed = {grant.fleet for grant in self.grants if act in ACTS[grant.role]}
        return None if EVERY_FLEET in allowed else frozenset(allowed)


def narrowed(grants: Iterable[Grant], cap: Role, scope: FleetScope) -> tuple[Grant, ...]:
    """What is left of *grants* for a token that is limited to the role *cap* and the fleet *scope* (`*`: no limit)."""
    left = []
    for grant in grants:
        if EVERY_FLEET not in (scope, grant.fleet) and scope != grant.fleet:
            continue
        fleet = grant.fleet if scope == EVERY_FLEET else scope
        role = grant.role if ACTS[grant.role] <= ACTS[cap] else cap
        if ACTS[role] <= ACTS[grant.role]:
            left.append(Grant(role=role, fleet=fleet))
    return tuple(left)
