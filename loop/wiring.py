"""The one place where rooms are put together. Everybody else gets collaborators through a constructor."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from approver.slack.client import Slack
from approver.slack.signature import Signatures
from approver.slack.teller import SlackTeller
from approver.webhook import WebhookTeller
from catalog.source import CatalogSource
from core.clock import Clock, SystemClock
from core.messages import Kind, Teller
from core.points import Witness
from core.ports import Doorbell, Executor, Prober, Recheck
from core.redaction import Redactor
from core.settings import Settings, ensure_state
from fleets.freezer import Freezer
from fleets.source import FleetSource
from fleets.sources_file import SourcesFile, secret_of
from knowledge.lessons import Memory
from loop.alert_recheck import AlertRecheck
from loop.answers import Answers
from loop.binding import Binder
from loop.clearing import Clearing
from loop.context import Context
from loop.decisions import Decisions
from loop.desk import Desk
from loop.engine import Engine
from loop.explaining import PolicyDesk
from loop.heartbeat import Heartbeat, caller
from loop.hooks import Hooks
from loop.housekeeping import Housekeeping
from loop.intake import Intake
from loop.messenger import Messenger
from loop.outside import Outside
from loop.places import Places, half_of
from loop.presence import Presence
from loop.reconciler import Reconciler
from loop.schedules import Schedules
from loop.silencing import Silencing
from loop.slack_check import SlackCheck
from loop.slack_people import SlackPeople
from loop.sweeps import Sweeps
from loop.typed import TypedCommands
from monitor.detect import symptoms_of
from monitor.prometheus import PrometheusProbe
from monitor.recheck import SignalRecheck
from monitor.sweep import Sweeper
from planner.chooser import Chooser
from planner.models import build_chooser
from planner.planner import Planner
from runner.executor import AnsibleExecutor
from runner.job import default_environment
from runner.prober import AnsibleProber
from store.store import Store, open_store


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The whole loop, wired. Nothing runs by itself: see `embedded.py`, or the Celery tasks."""

    context: Context
    engine: Engine
    intake: Intake
    desk: Desk
    decisions: Decisions
    policies: PolicyDesk
    sweeps: Sweeps
    hooks: Hooks
    outside: Outside
    silencing: Silencing
    schedules: Schedules
    reconciler: Reconciler
    housekeeping: Housekeeping
    memory: Memory
    messenger: Messenger
    slack_check: SlackCheck
    signatures: Signatures | None
    """None: no callback of Slack's is believed."""
    answers: Answers | None

    def close(self) -> None:
        """Give the database back."""
        self.context.store.close()


_SHARE_OF_A_SWEEP = 0.4
"""What the program on a host may take of `probe_timeout`; Ansible itself gives one host half of it."""


class NoDoorbell:
    """For a process that runs no workers: the reconciler of the one that does takes it from there."""

    def ring(self, incident_id: str) -> None:
        """Do nothing; the incident is due, and that is in the database."""


def wire(
    settings: Settings,
    *,
    doorbell: Doorbell | None = None,
    clock: Clock | None = None,
    executor: Executor | None = None,
    prober: Prober | None = None,
    recheck: Recheck | None = None,
    catalog: CatalogSource | None = None,
    fleets: FleetSource | None = None,
    chooser: Callable[[Settings], Chooser | None] = build_chooser,
    witness: Witness | None = None,
) -> Loop:
    """Put the loop together for *settings*. Raises BadInput for content or settings that don't fit."""
    clock = clock or SystemClock()
    state = ensure_state(settings.state)
    catalog = catalog or CatalogSource(settings.content)
    environment = default_environment(settings)
    fleets = fleets or FleetSource(settings.content, environment=environment, clock=clock, secrets=settings.secrets)
    store = open_store(
        settings.effective_database_url, state, clock, key_file=settings.journal_key_file, witness=witness
    )
    memory = _memory(store)
    freezer = Freezer(environment)
    prober = prober or AnsibleProber(settings, freezer)
    outside = SourcesFile(settings.content)
    prometheus = PrometheusProbe(outside.last_good, lambda secret: secret_of(secret, outside.path.parent))
    sweeper = Sweeper(
        prober, clock, limit=settings.probe_timeout * _SHARE_OF_A_SWEEP, prometheus=prometheus, cursors=store.cursors.of
    )
    model = chooser(settings)
    worker = worker_name()
    context = Context(
        settings=settings,
        clock=clock,
        store=store,
        catalog_source=catalog,
        fleet_source=fleets,
        binder=Binder(freezer, catalog),
        planner=Planner(model, memory),
        executor=executor or AnsibleExecutor(catalog, settings, clock),
        prober=prober,
        sweeper=sweeper,
        recheck=AlertRecheck(
            recheck
            or SignalRecheck(
                sweeper,
                lambda fleet: symptoms_of(fleet, catalog.current().symptoms),
                lambda: catalog.current().probes,
            ),
            store.alerts,
        ),
        doorbell=doorbell or NoDoorbell(),
        presence=Presence(store, clock, worker, settings.lease),
        worker=worker,
        sweep_places=Places(half_of(settings.workers)),
        # Rules answer at once: only a model can keep workers waiting.
        model_places=Places(settings.workers if model is None else half_of(settings.workers)),
    )
    intake, clearing = Intake(context), Clearing(context)
    hooks = Hooks(context, intake, clearing)
    desk, decisions = Desk(context, intake), Decisions(context)
    slack, tellers = _outside(settings, clock)
    answers = None
    if slack is not None:
        typed = TypedCommands(context, desk, decisions)
        answers = Answers(context, decisions, typed, slack, SlackPeople(store.people, slack).access)
    secret = settings.slack_signing_secret
    return Loop(
        context=context,
        engine=Engine(context),
        intake=intake,
        desk=desk,
        decisions=decisions,
        policies=PolicyDesk(context),
        sweeps=Sweeps(context, intake, clearing),
        hooks=hooks,
        outside=Outside(context, intake, hooks),
        silencing=Silencing(context),
        schedules=Schedules(context, intake),
        reconciler=Reconciler(context, Heartbeat(settings.heartbeat_url, clock, store.ticks, caller(settings.proxy))),
        housekeeping=Housekeeping(context),
        memory=memory,
        messenger=Messenger(context, tellers, answers.work_left if answers is not None else lambda: 0),
        slack_check=SlackCheck(context, slack),
        signatures=Signatures(secret, clock) if secret is not None else None,
        answers=answers,
    )


def _outside(settings: Settings, clock: Clock) -> tuple[Slack | None, dict[Kind, Teller]]:
    """The ways out that are set up."""
    redactor, tellers = Redactor(settings.secrets), dict[Kind, Teller]()
    slack = None
    if settings.slack_token is not None:
        slack = Slack(settings.slack_token, settings.slack_url, redactor, proxy=settings.proxy)
        tellers[Kind.SLACK] = SlackTeller(slack)
    if settings.webhook_url is not None:
        tellers[Kind.WEBHOOK] = WebhookTeller(
            settings.webhook_url, settings.webhook_secret, clock, redactor, proxy=settings.proxy
        )
    return slack, tellers


def worker_name() -> str:
    """`<machine>:<pid>:<start time>`: nobody else ever has the same."""
    return f"{platform.node()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def _memory(store: Store) -> Memory:
    return Memory(lambda symptom: store.outcomes.newest(symptom=symptom), store.outcomes.latest_ids)
