"""`fleetmend people` and `me`: who may come in, and what they may do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.session import session
from cli.times import moment

if TYPE_CHECKING:
    from cli.session import Session

app = typer.Typer(cls=Noun, help="List and add people, grant roles, and let them sign in.")

EVERY = "*"
ROLES = "reporter, viewer, operator, approver or admin"
PersonName = Annotated[str, typer.Argument(metavar="NAME", help="The person; acts are journalled as person:NAME.")]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help=f"{ROLES}.")]
Fleet = Annotated[str, typer.Option("--fleet", metavar="FLEET", help="In which fleet; '*', the default, is every one.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]


@app.command("list", cls=Command)
def people(ctx: typer.Context) -> None:
    """List people with their roles, disabled ones included."""
    one = session(ctx)
    found = one.client.get("/people")
    rows = [(who["name"], _roles(who), who["slack"], "yes" if who["signs_in"] else "no", _state(who)) for who in found]
    headings = ("name", "roles", "slack", "signs in", "state")
    one.show(found, lambda page: page.table(headings, rows, empty="nobody yet; `fleetmend people add NAME`"))


@app.command("add", cls=Command)
def add(
    ctx: typer.Context,
    name: PersonName,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help=f"{ROLES}.")] = None,
    fleet: Fleet = EVERY,
    slack: Annotated[
        str | None, typer.Option("--slack", metavar="USER", help="Their Slack user id, as U012AB3CD.")
    ] = None,
    with_password: Annotated[bool, typer.Option("--password", help="Ask for a password to sign in with.")] = False,
    from_stdin: FromStdin = False,
) -> None:
    """Add a person. The name is theirs for good: nobody is ever deleted or renamed."""
    one = session(ctx)
    password = _password(one, from_stdin) if with_password or from_stdin else None
    grants = [] if role is None else [{"role": role, "fleet": fleet}]
    answer = one.client.post("/people", {"name": name, "grants": grants})
    if slack is not None:
        answer = one.client.put(f"{_path(name)}/slack", {"user_id": slack})
    if password is not None:
        one.client.put(f"{_path(name)}/password", {"password": password})
        answer["signs_in"] = True
    one.show(answer, lambda page: page.line(f"added: {name},", _roles(answer) or "no role yet"))


@app.command("grant", cls=Command)
def grant(ctx: typer.Context, name: PersonName, role: RoleOption, fleet: Fleet = EVERY) -> None:
    """Give a person a role in a fleet, in place of the one that they had there."""
    one = session(ctx)
    answer = one.client.put(f"{_path(name)}/grants/{quote(fleet, safe='')}", {"role": role})
    one.show(answer, lambda page: page.line(f"{name}:", _roles(answer)))


@app.command("revoke", cls=Command)
def revoke(ctx: typer.Context, name: PersonName, fleet: Fleet = EVERY) -> None:
    """Take a person's role in a fleet away. With '*', it is the role that holds in every fleet."""
    one = session(ctx)
    answer = one.client.delete(f"{_path(name)}/grants/{quote(fleet, safe='')}")
    one.show(answer, lambda page: page.line(f"{name}:", _roles(answer) or "no role"))


@app.command("disable", cls=Command)
def disable(ctx: typer.Context, name: PersonName) -> None:
    """Let a person in no more, at once and whichever way. Roles and tokens are kept."""
    one = session(ctx)
    answer = one.client.post(f"{_path(name)}/disable")
    one.show(answer, lambda page: page.line(f"disabled: {name}"))


@app.command("enable", cls=Command)
def enable(ctx: typer.Context, name: PersonName) -> None:
    """Let a person in again who was disabled."""
    one = session(ctx)
    answer = one.client.post(f"{_path(name)}/enable")
    one.show(answer, lambda page: page.line(f"enabled: {name}"))


@app.command("password", cls=Command)
def password(ctx: typer.Context, name: PersonName, from_stdin: FromStdin = False) -> None:
    """Set the password that a person signs in with, and end their sessions."""
    one = session(ctx)
    one.client.put(f"{_path(name)}/password", {"password": _password(one, from_stdin)})
    one.show({"name": name}, lambda page: page.line(f"password set: {name}"))


@app.command("slack", cls=Command)
def slack(
    ctx: typer.Context,
    name: PersonName,
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="A Slack user id, as U012AB3CD.")] = None,
    unlink: Annotated[bool, typer.Option("--unlink", help="End the link.")] = False,
) -> None:
    """Say who a person is in Slack; what this Slack user does is done by them from then on."""
    from core.errors import BadInput

    if unlink == (user is not None):
        raise BadInput("give a Slack user id, or --unlink")
    one = session(ctx)
    path = f"{_path(name)}/slack"
    answer = one.client.delete(path) if unlink else one.client.put(path, {"user_id": user})
    one.show(answer, lambda page: page.line(f"{name}:", f"{user} in Slack" if user else "nobody in Slack"))


def me(ctx: typer.Context) -> None:
    """Say who one is for fleetmend, and what one may do."""
    one = session(ctx)
    answer = one.client.get("/me")
    rows = [("every fleet" if fleet == EVERY else fleet, ", ".join(acts)) for fleet, acts in answer["may"].items()]

    def show(page: Any) -> None:
        page.line(f"{answer['person']}, by {answer['via']}")
        page.table(("in", "may"), rows, empty="no role yet; ask an admin to grant one")

    one.show(answer, show)


def _password(one: Session, from_stdin: bool) -> str:
    """A password, from standard input or from a terminal without echo. Raises BadInput."""
    from getpass import getpass

    from core.errors import BadInput

    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadInput("there is no terminal to ask on; pass it with --password-stdin")
    typed = getpass("Password (12 characters or more; a few words in a row are easy to keep in mind): ")
    if getpass("Once more: ") != typed:
        raise BadInput("the two are not the same; nothing was changed", key="password")
    return typed


def _path(name: str) -> str:
    return f"/people/{quote(name, safe='')}"


def _roles(who: Any) -> str:
    return ", ".join(
        f"{one['role']} in {'every fleet' if one['fleet'] == EVERY else one['fleet']}" for one in who["grants"]
    )


def _state(who: Any) -> str:
    return f"disabled since {moment(who['disabled_at'])}" if who["disabled_at"] else "active"
