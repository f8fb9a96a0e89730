"""Who may make, see and end which token. A token may never do more than whoever had it made."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from api.bodies import TokenBody
from core.clock import Clock
from core.errors import Refused
from core.pauses import EVERY_FLEET
from core.people import ACTS, OWNER, Access, Act, Role
from store.store import Store
from store.tokens import KnownToken

_VIA = "token:"
_MOMENT = timedelta(seconds=1)


class Limits(NamedTuple):
    """What a new token is limited to. `person` is None for the owner's: the token's name says whose it is then.

    `lender` is whoever makes it for somebody else: what it reports counts as reported by them, too.
    """

    person: str | None
    role: Role
    fleet: str
    lasts: timedelta | None
    lender: str | None


def limits_of(wanted: TokenBody, access: Access, store: Store, clock: Clock) -> Limits:
    """The limits of the token that is *wanted*. Raises Refused for one that could do more than *access* may."""
    mine = own_token(access, store)
    fleet = wanted.fleet or (mine.fleet if mine else EVERY_FLEET)
    person = wanted.person or (None if access.via == OWNER else access.person)
    for_another = access.via != OWNER and person != access.person
    role = wanted.role or (Role.VIEWER if for_another else mine.role if mine else Role.ADMIN)
    left = mine.expires_at - clock.now() if mine and mine.expires_at else None
    lasts = wanted.expires if wanted.expires is not None else left
    if person != access.person:
        access.need(Act.ADMINISTER, fleet)
        if for_another and not ACTS[role] <= {Act.READ, Act.REPORT}:
            # Or one person could be two: ask as the one, and approve as the other.
            raise Refused("who asks or decides makes the token for it; for somebody else, name reporter or viewer")
    elif wanted.role is not None and not _covered(access, role, wanted.fleet):
        raise Refused(f"{access.person} is not {role} there; `fleetmend me` says what you may do")
    if mine is not None:
        if not _within(mine, role, fleet):
            raise Refused(f"the token {mine.name} is limited to {mine.role} in {mine.fleet}, and so is what it makes")
        if left is not None and lasts is not None and lasts > left + _MOMENT:
            raise Refused(f"the token {mine.name} makes none that outlives it; give a shorter `expires`")
    return Limits(person, role, fleet, lasts, access.person if for_another else None)


def own_token(access: Access, store: Store) -> KnownToken | None:
    """The token that *access* came in by, if it did by one."""
    if not access.via.startswith(_VIA):
        return None
    name = access.via.removeprefix(_VIA)
    found = next((one for one in store.tokens.all() if one.name == name), None)
    if found is None:
        raise Refused("the token that you sent was ended meanwhile")
    return found


def seen_tokens(access: Access, store: Store) -> list[KnownToken]:
    """The tokens that somebody with *access* may see and end: his own, and those of fleets that he administers."""
    mine = own_token(access, store)

    def seen(one: KnownToken) -> bool:
        own = one.person == access.person and (mine is None or _within(mine, one.role, one.fleet))
        return own or access.may(Act.ADMINISTER, one.fleet)

    return [one for one in store.tokens.all() if seen(one)]


def _covered(access: Access, role: Role, fleet: str | None) -> bool:
    """True if *access* is *role* in *fleet*, or in some fleet if none is named."""
    if fleet is not None:
        return all(access.may(act, fleet) for act in ACTS[role])
    return any(ACTS[role] <= ACTS[grant.role] for grant in access.grants)


def _within(limit: KnownToken, role: Role, fleet: str) -> bool:
    return ACTS[role] <= ACTS[limit.role] and limit.fleet in (EVERY_FLEET, fleet)
