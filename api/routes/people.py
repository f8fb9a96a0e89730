"""People and their roles. Roles are granted by whoever administers the fleet; what lets one come in as somebody else
(a password, a link to Slack) by whoever administers every fleet."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.address import address_of
from api.given import PersonName, Scope, TheLoop, TheStore, Who
from api.people_bodies import MeView, PasswordBody, PersonBody, RoleBody, SlackBody
from core.errors import Refused
from core.pauses import EVERY_FLEET
from core.people import OWNER, Access, Act, Grant, Person
from store.people import SLACK

router = APIRouter(tags=["people"])


@router.get("/me", summary="Say who one is", response_model=MeView)
def me(who: Who) -> MeView:
    """Who one is for fleetmend, and what one may do in which fleet."""
    return MeView.of(who.access)


@router.get("/people", summary="List the people", response_model=list[Person])
def list_people(store: TheStore, who: Who) -> list[Person]:
    """Everybody with a role in a fleet that one administers, disabled people included; nothing of other fleets."""
    administered = _some_administered(who.access)
    shown = [_shown(person, who.access) for person in store.people.all()]
    return shown if administered is None else [person for person in shown if person.grants]


@router.post("/people", summary="Add a person", status_code=201, response_model=Person)
def add_person(body: PersonBody, loop: TheLoop, who: Who) -> Person:
    """Adds a person. The name is theirs for good: nobody is deleted or renamed."""
    _some_administered(who.access)
    for grant in body.grants:
        _check_grantable(grant.fleet, loop, who.access)
    return _shown(loop.context.store.people.add(body.name, who.by, body.grants), who.access)


@router.post("/people/{person_name}/disable", summary="Disable a person", response_model=Person)
def disable_person(person_name: PersonName, store: TheStore, who: Who) -> Person:
    """Nothing lets them in any more, from now on: no session, token or message. It takes an admin of every fleet."""
    who.access.need(Act.ADMINISTER, EVERY_FLEET)
    return store.people.switch(person_name, who.by, enabled=False)


@router.post("/people/{person_name}/enable", summary="Let a person in again", response_model=Person)
def enable_person(person_name: PersonName, store: TheStore, who: Who) -> Person:
    """Roles and tokens are as they were. It takes an admin of every fleet."""
    who.access.need(Act.ADMINISTER, EVERY_FLEET)
    return store.people.switch(person_name, who.by, enabled=True)


@router.put("/people/{person_name}/grants/{scope}", summary="Grant a role", response_model=Person)
def grant_role(person_name: PersonName, scope: Scope, body: RoleBody, loop: TheLoop, who: Who) -> Person:
    """Gives a person a role in a fleet (`*`: in every one), in place of the one that they had there."""
    _check_grantable(scope, loop, who.access)
    granted = loop.context.store.people.grant(person_name, Grant(role=body.role, fleet=scope), who.by)
    return _shown(granted, who.access)


@router.delete("/people/{person_name}/grants/{scope}", summary="Take a role away", response_model=Person)
def revoke_role(person_name: PersonName, scope: Scope, store: TheStore, who: Who) -> Person:
    """Takes a person's role in a fleet away (`*`: the one that holds in every fleet)."""
    who.access.need(Act.ADMINISTER, scope)
    return _shown(store.people.revoke(person_name, scope, who.by), who.access)


@router.put("/people/{person_name}/password", summary="Set a password", status_code=204)
def set_password(request: Request, person_name: PersonName, body: PasswordBody, store: TheStore, who: Who) -> None:
    """Lets a person sign in, and ends their sessions. It takes an admin of every fleet or, for one's own, `current`.

    Who sets somebody else's could come in as both: where approvals are counted, the two are one from then on.
    """
    own = person_name == who.access.person and who.access.via != OWNER
    if own and body.current is not None:
        request.app.state.sign_in.check(person_name, body.current, address_of(request.scope))
    else:
        who.access.need(Act.ADMINISTER, EVERY_FLEET)
    store.passwords.set(person_name, body.password, who.by, lender=_lender(person_name, who.access), own=own)


@router.put("/people/{person_name}/slack", summary="Link a person to Slack", response_model=Person)
def link_slack(person_name: PersonName, body: SlackBody, store: TheStore, who: Who) -> Person:
    """From now on, what this Slack user does is done by the person. It takes an admin of every fleet.

    Until the person confirms it, by the same call, they and the admin are one where approvals are counted.
    """
    if person_name == who.access.person and store.people.get(person_name).slack == body.user_id:
        lender = store.people.lender_of_password(person_name)
        if lender is not None:
            raise Refused(
                f"{lender} set your password, and could confirm it as well; have one set on the machine first"
            )
    else:
        who.access.need(Act.ADMINISTER, EVERY_FLEET)
    return store.people.link(person_name, SLACK, body.user_id, who.by, lender=_lender(person_name, who.access))


@router.delete("/people/{person_name}/slack", summary="End a link to Slack", response_model=Person)
def unlink_slack(person_name: PersonName, store: TheStore, who: Who) -> Person:
    """The Slack user is nobody any more. It takes an admin of every fleet."""
    who.access.need(Act.ADMINISTER, EVERY_FLEET)
    return store.people.unlink(person_name, SLACK, who.by)


def _lender(person: str, access: Access) -> str | None:
    """Whoever gives *person* a way in, if it is somebody else, over the API."""
    return None if access.via == OWNER or person == access.person else access.person


def _some_administered(access: Access) -> frozenset[str] | None:
    """The fleets that *access* administers. Raises Refused if there are none."""
    administered = access.fleets(Act.ADMINISTER)
    if administered == frozenset():
        raise Refused(f"{access.person} may not administer people; it takes the role admin in some fleet")
    return administered


def _check_grantable(fleet: str, loop: TheLoop, access: Access) -> None:
    """Raise Refused unless roles in *fleet* are *access*'s to grant, and NotFound if there is no such fleet."""
    access.need(Act.ADMINISTER, fleet)
    if fleet != EVERY_FLEET:
        loop.context.fleet_source.folder(fleet)


def _shown(person: Person, access: Access) -> Person:
    """*person* without roles in fleets that *access* does not administer."""
    administered = access.fleets(Act.ADMINISTER)
    if administered is None:
        return person
    return person.evolve(grants=tuple(one for one in person.grants if one.fleet in {EVERY_FLEET, *administered}))
