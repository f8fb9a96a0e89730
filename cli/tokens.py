"""`fleetmend tokens`: who may use the API over the network."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

app = typer.Typer(cls=Noun, help="List, make and revoke API tokens.")

TokenName = Annotated[str, typer.Argument(metavar="NAME", help="Whose token; acts are journalled as person:NAME.")]


@app.command("list", cls=Command)
def tokens(ctx: typer.Context) -> None:
    """List tokens by name; the tokens themselves are not stored."""
    one = session(ctx)
    found = one.client.get("/tokens")
    rows = [(token["name"], moment(token["created_at"])) for token in found]
    one.show(found, lambda page: page.table(("name", "made"), rows, empty="no tokens"))


@app.command("make", cls=Command)
def make(ctx: typer.Context, name: TokenName) -> None:
    """Make a token and print it: this is the only time that it can be seen."""
    one = session(ctx)
    answer = one.client.post("/tokens", {"name": name})
    one.show(answer, lambda page: page.line(answer["token"]))


@app.command("revoke", cls=Command)
def revoke(ctx: typer.Context, name: TokenName) -> None:
    """End a token at once."""
    one = session(ctx)
    one.client.delete(f"/tokens/{quote(name, safe='')}")
    one.show({"revoked": name}, lambda page: page.line(f"revoked: {name}"))
