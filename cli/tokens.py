"""`fleetmend tokens`: which people and programs may use the API over the network, and how far."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

app = typer.Typer(cls=Noun, help="List, make and revoke API tokens.")

TokenName = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called.")]


@app.command("list", cls=Command)
def tokens(ctx: typer.Context) -> None:
    """List tokens with whose they are and how far they go; the tokens themselves are not stored."""
    one = session(ctx)
    found = one.client.get("/tokens")
    headings = ("name", "of", "as at most", "in", "made", "ends")
    rows = [
        (
            token["name"],
            token["person"],
            token["role"],
            "every fleet" if token["fleet"] == "*" else token["fleet"],
            moment(token["created_at"]),
            moment(token["expires_at"]) if token["expires_at"] else "never",
        )
        for token in found
    ]
    one.show(found, lambda page: page.table(headings, rows, empty="no tokens"))


@app.command("make", cls=Command)
def make(
    ctx: typer.Context,
    name: TokenName,
    person: Annotated[
        str | None, typer.Option("--for", metavar="PERSON", help="Whose it is; your own by default.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", help="It may do no more than this role; no limit by default."),
    ] = None,
    fleet: Annotated[
        str | None, typer.Option("--fleet", metavar="FLEET", help="It may do nothing elsewhere; no limit by default.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="How long it holds, as 90d; for ever by default.")
    ] = None,
) -> None:
    """Make a token and print it: this is the only time that it can be seen.

    On fleetmend's own machine, without --url, the token is of NAME, who is added with this role if nobody is called so.
    """
    one = session(ctx)
    wanted = {"name": name, "person": person, "role": role, "fleet": fleet, "expires": expires}
    answer = one.client.post("/tokens", {key: value for key, value in wanted.items() if value is not None})
    one.show(answer, lambda page: page.line(answer["token"]))


@app.command("revoke", cls=Command)
def revoke(ctx: typer.Context, name: TokenName) -> None:
    """End a token at once."""
    one = session(ctx)
    one.client.delete(f"/tokens/{quote(name, safe='')}")
    one.show({"revoked": name}, lambda page: page.line(f"revoked: {name}"))
