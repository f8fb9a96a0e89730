"""Tokens: who may use the API over the network."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import TokenBody
from api.given import TheStore, TokenName, Who
from api.views import NewToken, TokenView
from core.errors import NotFound

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("", summary="List the tokens", response_model=list[TokenView])
def list_tokens(store: TheStore) -> list[TokenView]:
    """The names of the tokens in force; only their digests are stored."""
    return [TokenView(name=one.name, created_at=one.created_at) for one in store.tokens.all()]


@router.post("", summary="Make a token", status_code=201, response_model=NewToken)
def make_token(body: TokenBody, store: TheStore, who: Who) -> NewToken:
    """Makes a token that acts as `person:<name>`. It is shown this once."""
    return NewToken(name=body.name, token=store.tokens.make(body.name, who.by))


@router.delete("/{token_name}", summary="End a token", status_code=204)
def revoke_token(token_name: TokenName, store: TheStore, who: Who) -> None:
    """Ends a token at once."""
    if not store.tokens.revoke(token_name, who.by):
        raise NotFound(f"no token {token_name!r}; `fleetmend tokens` lists them")
