"""`fleetmend slack`: set Slack up, and see what is missing. How it goes: docs/howto/slack.md."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Command, Noun
from cli.session import session
from core.errors import BadInput

app = typer.Typer(cls=Noun, help="Set Slack up, and check it.")


@app.command("check", cls=Command)
def check(ctx: typer.Context) -> None:
    """Say what is missing between a problem and an approval in Slack.

    Token, scopes, channels, the way back, people and the last deliveries. Exits with 1 if something is missing.
    """
    one = session(ctx)
    found = one.client.get("/messages/check")
    rows = [(finding["level"], finding["what"], finding["detail"]) for finding in found]
    one.show(found, lambda page: page.table(("level", "what", "how it stands"), rows, empty="nothing to check"))
    if any(level == "error" for level, _, _ in rows):
        raise typer.Exit(1)


@app.command("manifest", cls=Command)
def manifest(
    ctx: typer.Context,
    public_url: Annotated[
        str | None, typer.Option("--public-url", metavar="URL", help="In place of FLEETMEND_PUBLIC_URL.")
    ] = None,
) -> None:
    """Print the manifest to make the Slack app from, in YAML."""
    import yaml

    from approver.slack.manifest import manifest as made

    one = session(ctx)
    if public_url is not None:
        one.given["public_url"] = public_url
    url = one.settings.public_url
    if url is None:
        problem = "Slack sends clicks to a URL: set it, or give --public-url https://…"
        raise BadInput(problem, key="FLEETMEND_PUBLIC_URL")
    found = made(url)
    one.show(found, lambda page: page.block(yaml.safe_dump(found, sort_keys=False), indent=""))


@app.command("test", cls=Command)
def test(ctx: typer.Context, fleet: Annotated[str, typer.Argument(metavar="FLEET")]) -> None:
    """Post a harmless message to the channel of a fleet."""
    one = session(ctx)
    answer = one.client.post("/messages/test", {"fleet": fleet})
    one.show(answer, lambda page: page.line(f"posted to {answer['channel']}"))
