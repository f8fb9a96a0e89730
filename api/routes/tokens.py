"""Tokens: which people and programs may use the API over the network, and how far."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import TokenBody
from api.given import TheLoop, TheStore, TokenName, Who, seen_fleet
from api.token_rules import limits_of, seen_tokens
from api.views import NewToken, TokenView
from core.errors import NotFound
from core.pauses import EVERY_FLEET

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("", summary="List the tokens", response_model=list[TokenView])
def list_tokens(store: TheStore, who: Who) -> list[TokenView]:
    """One's own tokens, and those for the fleets that one administers; only their digests are stored."""
    return [TokenView(**one._asdict()) for one in seen_tokens(who.access, store)]


@router.post("", summary="Make a token", status_code=201, response_model=NewToken)
def make_token(body: TokenBody, loop: TheLoop, who: Who) -> NewToken:
    """Makes a token, for oneself with at most what one may do, or as an admin for somebody. It is shown this once."""
    context = loop.context
    if body.fleet is not None and body.fleet != EVERY_FLEET:
        context.fleet_source.folder(seen_fleet(body.fleet, who.access, context.fleet_source))
    limits = limits_of(body, who.access, context.store, context.clock)
    expires_at = None if limits.lasts is None else context.clock.now() + limits.lasts
    secret = context.store.tokens.make(
        body.name,
        who.by,
        person=limits.person,
        role=limits.role,
        fleet=limits.fleet,
        expires_at=expires_at,
        lender=limits.lender,
    )
    return NewToken(name=body.name, token=secret)


@router.delete("/{token_name}", summary="End a token", status_code=204)
def revoke_token(token_name: TokenName, store: TheStore, who: Who) -> None:
    """Ends a token at once."""
    seen = {one.name for one in seen_tokens(who.access, store)}
    if token_name not in seen or not store.tokens.revoke(token_name, who.by):
        raise NotFound(f"no token {token_name!r}; `fleetmend tokens` lists them")
