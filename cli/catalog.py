"""`fleetmend catalog`: what may be chosen from, whether it is sound and vetted, and vetting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.options import Command, Noun
from cli.page import Page
from cli.prove import prove
from cli.session import session
from cli.vetting import Entry, check_content, vet_content
from core.errors import BadInput

Json = dict[str, Any]
app = typer.Typer(cls=Noun, help="List, show, check and vet remedies.")


@app.command("list", cls=Command)
def remedies(ctx: typer.Context) -> None:
    """List the remedies, shipped and yours."""
    one = session(ctx)
    found = one.client.get("/catalog")
    rows = [
        (
            remedy["id"],
            remedy["risk"],
            "vetted" if remedy["vetted"] else "not vetted",
            remedy["proof_state"],
            remedy["title"],
            ", ".join(remedy["treats"]),
        )
        for remedy in found["remedies"]
    ]
    one.show(found, lambda page: _list(page, rows, found["problems"]))


@app.command("show", cls=Command)
def show(ctx: typer.Context, remedy: Annotated[str, typer.Argument(metavar="REMEDY")]) -> None:
    """Show one remedy: what it treats, its parameters and its limits."""
    one = session(ctx)
    found = one.client.get(f"/catalog/{quote(remedy, safe='')}")
    one.show(found, lambda page: _show(page, found))


@app.command("check", cls=Command)
def check(ctx: typer.Context) -> None:
    """Check that all is sound and vetted.

    Reads cards, roles, probes and symptoms from the disk, and needs no server. Exits with 1 if anything is wrong.
    """
    one = session(ctx)
    problems, entries = check_content(one.settings)
    data = {"problems": problems, "entries": [entry._asdict() for entry in entries]}
    one.show(data, lambda page: _check(page, problems, entries))
    if problems or any(not entry.vetted for entry in entries):
        raise typer.Exit(1)


@app.command("vet", cls=Command)
def vet(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Remedies and probes of your content.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Let remedies and probes of yours run, as they are now.

    Read them first: this writes their digests into `playbooks/catalog.lock`, and nothing else lets them run.
    """
    one = session(ctx)
    if bool(ids) == everything:
        raise BadInput("name what you have read, or give --all")
    changed, entries = vet_content(one.settings, ids or [])
    data = {"changed": changed, "entries": [entry._asdict() for entry in entries]}
    rows = [(entry.id, entry.kind, entry.digest, "new" if entry.id in changed else "as before") for entry in entries]
    headings = ("vetted", "kind", "digest", "was")
    one.show(data, lambda page: page.table(headings, rows, empty="there is nothing of yours to vet"))


app.command("prove", cls=Command)(prove)


@app.command("symptoms", cls=Command)
def symptoms(ctx: typer.Context) -> None:
    """List the symptoms: what can be wrong, and which probe measures it."""
    one = session(ctx)
    found = one.client.get("/symptoms")
    rows = [
        (symptom["id"], symptom["severity"], symptom["probe"], symptom["sample"], level_of(symptom), symptom["title"])
        for symptom in found
    ]
    headings = ("symptom", "severity", "probe", "sample", "level", "title")
    one.show(found, lambda page: page.table(headings, rows, empty="no symptoms"))


def level_of(symptom: Json) -> str:
    """When a sample counts: `above 0.9 for 2m`."""
    words = [f"{word} {symptom[word]}" for word in ("above", "below") if symptom.get(word) is not None]
    for name, word in (("is", "is"), ("is_in", "is"), ("is_not", "is not"), ("not_in", "is not")):
        if symptom.get(name):
            words.append(f"{word} {' or '.join(symptom[name])}")
    lasting = symptom.get("for", symptom.get("for_"))
    return " ".join([*words, f"for {lasting}"] if words and lasting not in (None, "0s") else words) or "from outside"


def _list(page: Page, rows: Sequence[Sequence[object]], problems: list[str]) -> None:
    page.table(("remedy", "risk", "vetted", "proof", "title", "treats"), rows, empty="no remedies")
    for problem in problems:
        page.line("problem:", problem)


def _show(page: Page, remedy: Json) -> None:
    page.line(remedy["title"])
    page.fields(
        [
            ("remedy", remedy["id"]),
            ("about", remedy["description"]),
            ("treats", ", ".join(remedy["treats"])),
            ("risk", remedy["risk"]),
            ("vetted", "yes" if remedy["vetted"] else "no: it does not run; see `fleetmend catalog check`"),
            ("proof", _proof(remedy)),
            ("digest", remedy["digest"]),
            ("needs", ", ".join(remedy["needs"])),
            ("undo", remedy["undo"]),
            ("cooldown", remedy["cooldown"]),
            ("timeout", remedy["timeout"]),
        ]
    )
    rows = [
        (one["name"], one["type"], "yes" if one["required"] else "no", one["default"], _values(one), one["description"])
        for one in remedy["parameters"]
    ]
    page.table(("parameter", "type", "required", "default", "values", "about"), rows, empty="It has no parameters.")


def _proof(remedy: Json) -> str:
    """`proven 2026-01-31 by web_killed, web_wedged (not shown: …)`."""
    proof = remedy["proof"]
    if remedy["proof_state"] == "missing":
        return f"missing: no lab has shown that it heals; see `fleetmend catalog prove {remedy['id']}`"
    words = f"{proof['date'][:10]} by {', '.join(one['name'] for one in proof['scenarios'])}"
    if remedy["proof_state"] == "void":
        return f"void: its files have changed since {words}; see `fleetmend catalog prove {remedy['id']}`"
    return f"proven {words}" + (f" (not shown: {' '.join(proof['not_shown'])})" if proof["not_shown"] else "")


def _values(parameter: Json) -> str:
    if parameter["from_inventory"]:
        return f"a name in {parameter['from_inventory']}"
    if parameter["from_evidence"]:
        return f"the evidence {parameter['from_evidence']}"
    if parameter["choices"]:
        return ", ".join(map(str, parameter["choices"]))
    if parameter["minimum"] is not None:
        return f"{parameter['minimum']:g} to {parameter['maximum']:g}"
    return str(parameter["pattern"] or "")


def _check(page: Page, problems: list[str], entries: list[Entry]) -> None:
    for problem in problems:
        page.line("problem:", problem)
    rows = [(entry.id, entry.kind, "vetted" if entry.vetted else "not vetted", entry.why) for entry in entries]
    page.table(("id", "kind", "vetted", "why not"), rows, empty="no remedies and no probes")
