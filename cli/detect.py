"""`fleetmend detect`: report a symptom by hand, or from a script of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.pairs import read_pairs
from cli.session import session
from core.severity import Severity


def detect(
    ctx: typer.Context,
    fleet: Annotated[str, typer.Argument(metavar="FLEET", help="The fleet; `fleetmend fleets` lists them.")],
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host, as the inventory calls it.")],
    symptom: Annotated[
        str, typer.Argument(metavar="SYMPTOM", help="The symptom; `fleetmend catalog symptoms` lists them.")
    ],
    subject: Annotated[str, typer.Option(help="What on the host: a service, a mount point, …")] = "",
    service: Annotated[str | None, typer.Option(help="The service that the subject belongs to.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="How bad it is; the symptom's own by default.")] = None,
    evidence: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A fact about it; may be repeated.")
    ] = None,
) -> None:
    """Report that a symptom was seen."""
    one = session(ctx)
    detection = {
        "fleet": fleet,
        "host": host,
        "symptom": symptom,
        "subject": subject,
        "service": service,
        "severity": severity and severity.value,
        "evidence": read_pairs(evidence or [], "--evidence"),
    }
    answer = one.client.post("/detections", detection)
    accepted = answer["accepted"][0]
    words = "opened" if accepted["opened"] else "went into"
    one.show(answer, lambda page: page.line(words, accepted["incident"]))
