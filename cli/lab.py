"""`fleetmend lab`: disposable real hosts on this machine, and the faults to break them with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Command, Noun
from cli.page import Page
from cli.session import Session, session

if TYPE_CHECKING:
    from lab.lab import Lab

Json = dict[str, Any]
app = typer.Typer(cls=Noun, help="Bring up real hosts on this machine, break them, and take them down.")

Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Which lab; several can stand side by side.")]


@app.command("status", cls=Command)
def status(ctx: typer.Context, name: Name = "lab") -> None:
    """Show a lab's hosts: are they on, do they answer, which faults are on them."""
    from lab.status import status_of

    one = session(ctx)
    lab = _open(one, name)
    hosts = [host._asdict() for host in status_of(lab)]
    headings = ("host", "group", "address", "power", "systemd", "sshd", "broken")
    rows = [(*list(host.values())[:-1], ", ".join(host["broken"])) for host in hosts]
    one.show(
        {**_lab(lab), "hosts": hosts},
        lambda page: _status(page, lab, headings, rows),
    )


@app.command("up", cls=Command)
def up(
    ctx: typer.Context,
    name: Name = "lab",
    hosts: Annotated[
        str | None, typer.Option(metavar="HOST,…", help="Which hosts, in place of all: lb1,web1. web4 is one more.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(metavar="NETWORK", help="The hosts' network, such as 10.99.0.0/24; else a free one.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="The mirror of Debian, in place of the one that apt uses here.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="If it fails, leave what was made, to be looked at.")] = False,
) -> None:
    """Bring up a lab, or what is down of it.

    Needs root. The first lab on a machine takes two minutes more, because it builds the tree that all hosts are
    layered on.
    """
    from lab.raising import bring_up

    one = session(ctx)
    wanted = [word for word in (hosts or "").split(",") if word]
    labs, say = one.settings.lab, _teller(one)
    lab = bring_up(labs, name, hosts=wanted, network=network, mirror=mirror, keep=keep, say=say)
    one.show(_lab(lab), lambda page: _where(page, lab))


@app.command("down", cls=Command)
def down(
    ctx: typer.Context,
    name: Name = "lab",
    everything: Annotated[bool, typer.Option("--all", help="Every lab on this machine.")] = False,
) -> None:
    """Take a lab down: every process, mount, namespace and file of it, also after a crash."""
    from lab.clearing import take_down
    from lab.folders import LabsFolder

    one = session(ctx)
    labs = one.settings.lab
    names = LabsFolder(labs.resolve()).names() if everything else (name,)
    gone = [lab for lab in names if take_down(labs, lab, say=_teller(one))]
    one.show({"down": gone}, lambda page: page.line(f"down: {', '.join(gone)}" if gone else "there was nothing of it"))


@app.command("faults", cls=Command)
def faults(ctx: typer.Context) -> None:
    """List the faults that can be put on a host."""
    from lab.faults import read_faults

    one = session(ctx)
    found = [{"fault": fault.name, **fault.file.model_dump(mode="json")} for fault in read_faults().values()]
    rows = [
        (each["fault"], each["symptom"], ", ".join(each["hosts"] or each["groups"]), each["title"]) for each in found
    ]
    one.show(found, lambda page: page.table(("fault", "symptom", "fits", "title"), rows, empty="no faults"))


@app.command("break", cls=Command)
def break_(
    ctx: typer.Context,
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="One of `fleetmend lab faults`.")],
    host: Annotated[str, typer.Option(metavar="HOST", help="Where.")],
    name: Name = "lab",
) -> None:
    """Put a fault on a host, for real."""
    one = session(ctx)
    said = _open(one, name).break_(fault, host)
    one.show({"fault": fault, "host": host, "said": said.out}, lambda page: page.line(f"{fault} is on {host} now"))


@app.command("mend", cls=Command)
def mend(
    ctx: typer.Context,
    fault: Annotated[
        str | None, typer.Argument(metavar="[FAULT]", help="Every fault that is on if none is given.")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="Only on this host.")] = None,
    name: Name = "lab",
) -> None:
    """Take faults off again, without fleetmend's help."""
    one = session(ctx)
    lab = _open(one, name)
    if fault is not None and host is not None:
        chosen = [(fault, host)]
    else:
        chosen = [
            (each.fault, each.host)
            for each in lab.broken()
            if fault in (None, each.fault) and host in (None, each.host)
        ]
        if fault is not None:
            lab.fault(fault)
        if host is not None:
            lab.host(host)
    for each, where in chosen:
        lab.mend(each, where)
    words = ", ".join(f"{each} on {where}" for each, where in chosen)
    data = [{"fault": each, "host": where} for each, where in chosen]
    one.show(data, lambda page: page.line(f"mended: {words}" if words else "nothing is broken that was put on"))


# Options behind the host belong to the command that is run there.
@app.command("ssh", cls=Command, context_settings={"allow_interspersed_args": False})
def ssh(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(metavar="HOST", help="One of `fleetmend lab status`.")],
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]…", help="A shell if none is given.")] = None,
    name: Name = "lab",
) -> None:
    """Log in on a host, or run a command there as root."""
    import os
    import shlex

    from lab.ssh import ssh_command

    lab = _open(session(ctx), name)
    words = ssh_command(lab.folder, lab.host(host))
    asked = [shlex.join(["sudo", "-n", "--", *command])] if command else []
    os.execv(words[0], [*words, *asked])  # noqa: S606  the terminal goes over to ssh


def _open(one: Session, name: str) -> Lab:
    from lab.lab import Lab
    from lab.programs import check_machine

    check_machine()
    return Lab.open(one.settings.lab, name)


def _lab(lab: Lab) -> Json:
    return {
        "name": lab.name,
        "network": str(lab.record.network),
        "controller": lab.controller,
        "content": str(lab.content),
        "state": str(lab.state),
    }


def _status(page: Page, lab: Lab, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    _where(page, lab)
    page.table(headings, rows, empty="no hosts")


def _where(page: Page, lab: Lab) -> None:
    page.fields(
        [
            ("lab", f"{lab.name}, {len(lab.hosts)} hosts in {lab.record.network}"),
            ("watch it", f"FLEETMEND_CONTENT={lab.content} FLEETMEND_STATE={lab.state} fleetmend up"),
        ]
    )


def _teller(one: Session) -> Callable[[str], None]:
    """Where lines about long work go: nowhere, if the output is JSON."""
    return (lambda line: None) if one.as_json else one.page.line
