"""What came of each fault: one document, for people (`panels.py`) and for programs (`--json`).

Its schema is documented in `docs/reference/demo.md`. All times are in seconds. `gather.py` fills it.
"""

from __future__ import annotations

from datetime import datetime

from core.model import Model


class Broken(Model):
    """A fault as it was put in, and how it looked at the end."""

    name: str
    host: str
    symptom: str
    subject: str
    words: str
    put_in_at: datetime
    still_there: bool


class Detected(Model):
    """How the loop saw it. `folded` names the other signals that went into the same incident."""

    symptom: str
    subject: str
    evidence: str
    folded: tuple[str, ...]


class Planned(Model):
    """What was chosen, by whom, and why. `number` counts the incident's plans from 1; this is the last one."""

    number: int
    by: str
    title: str
    remedies: tuple[str, ...]
    risk: str
    confidence: float
    reasons: tuple[str, ...]
    alternatives: tuple[str, ...]


class Approved(Model):
    """Who let it run, by which rules."""

    by: str
    rules: tuple[str, ...]


class Ran(Model):
    """One execution by Ansible."""

    id: str
    remedy: str
    status: str
    seconds: float | None
    tasks: tuple[str, ...]
    problem: str | None


class Took(Model):
    """How long each step took. `detected` counts from the fault; `waited` is the wait of an approved plan for its host.

    None: it did not come to that.
    """

    detected: float | None = None
    planned: float | None = None
    approved: float | None = None
    waited: float | None = None
    run: float | None = None
    verified: float | None = None
    total: float | None = None


class Told(Model):
    """The whole story of one fault. `healed`: the verdict says so, and the fault is gone by a look of another kind."""

    fault: Broken
    healed: bool
    incident: str | None = None
    state: str | None = None
    verdict: str | None = None
    reason: str
    detected: Detected | None = None
    planned: Planned | None = None
    approved: Approved | None = None
    runs: tuple[Ran, ...] = ()
    seconds: Took = Took()
    learnt: tuple[str, ...] = ()


class Aside(Model):
    """An incident that belongs to no fault of its own."""

    incident: str
    title: str
    state: str
    reason: str


class Planner(Model):
    """Which planner was used, and why that one."""

    used: str
    why: str


class Ledger(Model):
    """The journal, verified. `violation` is None if it is whole."""

    entries: int
    violation: str | None


class Report(Model):
    """The document that `fleetmend demo --json` prints. `ok` decides on the exit status."""

    ok: bool
    healed: int
    faults: tuple[Told, ...]
    planner: Planner
    asides: tuple[Aside, ...]
    journal: Ledger
    seconds: float
