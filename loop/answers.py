"""What people answer in Slack: each callback becomes one call of the desk or of the decisions, as the person's own.

Whoever is told no hears it in one line that nobody else sees, and the journal keeps it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from approver.slack import callbacks, head, modals
from approver.slack.callbacks import Click, Filled, Said, Typed, Where
from approver.slack.client import Slack
from approver.slack.texts import one_line
from catalog.schemas import narrowed
from core.errors import BadInput, Conflict, FleetmendError, LeaseLost, NotFound, Refused, Retryable
from core.messages import Undelivered
from core.people import Access, Act
from core.plans import Plan
from core.points import Point
from loop.context import Context
from loop.decisions import Decisions
from loop.stories import story_of
from loop.typed import TypedCommands
from store.callbacks import Callback

log = logging.getLogger(__name__)

ACTION, COMMAND = "action", "command"
"""Kinds of stored callbacks: by the URL that they came to."""
SNOOZE = timedelta(hours=1)
_VIEW_LIVES = timedelta(seconds=3)
_LONGEST = 500
_UNKNOWN = (
    "Nobody in fleetmend is linked to your Slack user {user}, so nothing was done; "
    "an admin links it: fleetmend people slack NAME {user}"
)
_INTERRUPTED = "fleetmend was stopped in the middle of this; look at /fleetmend incidents before you send it again"


class Accepted(NamedTuple):
    """A callback that is stored. *waits*: somebody looks at a modal, and waits for what is wrong with it."""

    id: str
    waits: bool


class Hearing:
    """Somebody who filled a modal in waits for a while for what is wrong with it; after that he is told privately."""

    def __init__(self) -> None:
        self._lock, self._over = threading.Lock(), False
        self.errors: dict[str, str] | None = None

    def tell(self, errors: dict[str, str]) -> bool:
        """Leave *errors* (block → words) for the modal. False if nobody waits any more."""
        with self._lock:
            if not self._over:
                self.errors = errors
            return not self._over

    def close(self) -> dict[str, str] | None:
        """Wait no longer. Returns what was left."""
        with self._lock:
            self._over = True
            return self.errors


class Answers:
    """Works callbacks: each once, whichever process it came to."""

    def __init__(
        self,
        context: Context,
        decisions: Decisions,
        typed: TypedCommands,
        slack: Slack,
        access_of: Callable[[Where], Access | None],
    ) -> None:
        """*access_of*: what whoever sent a callback may do; None if there is none. Raises Refused, as `SlackPeople`."""
        self._context, self._decisions, self._typed = context, decisions, typed
        self._slack, self._access_of = slack, access_of
        self.on_work: Callable[[], None] = lambda: None
        """Called when something was done, so that messages follow at once."""

    def accept(self, signature: str, kind: str, body: str) -> Accepted | None:
        """Store a callback that Slack signed. None if it was here before. Raises BadInput for one that can't be read.

        Once it is stored it is worked, whatever dies meanwhile.
        """
        said = _read(kind, body)
        stored = self._context.store.callbacks.accept(signature, kind, body)
        return None if stored is None else Accepted(stored, isinstance(said, Filled))

    def work_left(self) -> int:
        """Work what other processes left behind. Returns how many callbacks there were."""
        left = self._context.store.callbacks.left()
        for callback_id in left:
            try:
                self.work(callback_id)
            except Retryable as error:
                log.warning("the callback %s waits: %s", callback_id, error)
        return len(left)

    def work(self, callback_id: str, hearing: Hearing | None = None) -> None:
        """Work one callback, unless somebody else does or did. Raises Retryable: it is tried again then."""
        taken = self._context.store.callbacks.take(callback_id)
        if taken is None:
            return
        said = _read(taken.kind, taken.body)
        try:
            if not isinstance(said, callbacks.Other):
                self._work(said, taken, hearing)
        except Retryable:
            raise
        except Exception:
            # It would fail again, and again: what it was is in the log, and whoever sent it can send another one.
            log.exception("the callback %s could not be worked", callback_id)
        self._context.store.callbacks.done(callback_id)
        self.on_work()

    def _work(self, said: Click | Filled | Typed, taken: Callback, hearing: Hearing | None) -> None:
        user = said.where.user
        try:
            who = self._access_of(said.where)
        except Refused as error:
            self._refuse(said, f"slack:{user[:60]}", str(error), hearing)
            return
        if who is None:
            self._refuse(said, f"slack:{user[:60]}", _UNKNOWN.format(user=user[:60]), hearing)
            return
        try:
            if isinstance(said, Click):
                self._click(said, who, taken.at)
            elif isinstance(said, Filled):
                self._filled(said, who)
            elif taken.tries > 1 and not self._typed.may_be_repeated(said.text):
                raise Conflict(_INTERRUPTED)
            else:
                words, blocks = self._typed.answer(said.text, who)
                self._reach(said.where, words, lambda: self._slack.answer(said.where.response_url, words, blocks))
        except (LeaseLost, Retryable) as error:
            if isinstance(error, Undelivered):
                log.warning("%s was not answered: %s", user, error)
                return
            raise
        except FleetmendError as error:
            self._refuse(said, who.by, str(error), hearing)

    def _click(self, click: Click, who: Access, at: datetime) -> None:
        incident, now = click.incident_id, self._context.clock.now()
        match click.action:
            case head.APPROVE:
                self._decisions.approve(incident, who, plan_hash=click.plan_hash)
            case head.SNOOZE:
                self._current(click)
                self._decisions.snooze(incident, who, SNOOZE)
            case head.ESCALATE:
                self._current(click)
                self._decisions.escalate(incident, who, "from Slack")
            case head.REJECT | head.CHANGE if now - at <= _VIEW_LIVES:
                self._slack.open_view(click.trigger, self._modal(click, who))
            case _:
                log.info("a modal that was asked for at %s can't be opened any more", at)

    def _modal(self, click: Click, who: Access) -> dict[str, object]:
        plan = self._current(click)
        story = story_of(self._context, click.incident_id)
        who.need(Act.DECIDE, story.incident.fleet)
        if story.incident.state not in head.DECIDABLE:
            raise Conflict(f"{story.incident.id} is {story.incident.state}: there is nothing to decide")
        title = head.headline(story)
        if click.action == head.REJECT:
            return modals.reject_modal(callbacks.about(click), f"{title}. Proposed: {plan.title}")
        return modals.change_modal(callbacks.about(click), plan, self._schema(plan, story.incident.fleet), plan.title)

    def _filled(self, filled: Filled, who: Access) -> None:
        incident, plan_hash = filled.incident_id, filled.plan_hash
        if filled.modal == modals.REJECT:
            reason = one_line(filled.reason)
            if not reason:
                raise BadInput("say why", key="reason")
            self._decisions.reject(incident, who, reason, plan_hash=plan_hash)
            return
        reason, plan = one_line(filled.reason), self._current(filled)
        fleet = self._context.store.incidents.get(incident).fleet
        changed = modals.typed(plan.steps[0], self._schema(plan, fleet), filled.values)
        if changed:
            self._decisions.change(
                incident, who, parameters=changed, hosts=filled.hosts, plan_hash=plan_hash, reason=reason
            )
        else:
            self._decisions.approve(incident, who, plan_hash=plan_hash, hosts=filled.hosts, reason=reason)

    def _current(self, said: Click | Filled) -> Plan:
        """The incident's plan, if it is the one that the message showed."""
        incident = self._context.store.incidents.get(said.incident_id)
        plan = self._context.store.plans.get(incident.plan_id) if incident.plan_id is not None else None
        if plan is None or plan.hash != said.plan_hash:
            raise Conflict(f"the plan of {incident.id} changed since you looked at it; look again")
        return plan

    def _schema(self, plan: Plan, fleet_name: str) -> dict[str, object]:
        fleet, step = self._context.fleet(fleet_name), plan.steps[0]
        hosts = [host for name in step.hosts if (host := fleet.host(name)) is not None]
        incident = self._context.store.incidents.get(plan.incident_id)
        return narrowed(self._context.catalog.remedy(step.remedy), hosts, incident.evidence)

    def _refuse(self, said: Click | Filled | Typed, actor: str, words: str, hearing: Hearing | None) -> None:
        """Say no, and write that down."""
        self._journal(said, actor, words)
        if isinstance(said, Filled) and hearing is not None and hearing.tell(_in_modal(said, words)):
            return
        where = said.where
        self._reach(where, words, lambda: self._slack.answer(where.response_url, words))

    def _reach(self, where: Where, words: str, answer: Callable[[], None]) -> None:
        """Answer in private: at the address that came along, else in the channel."""
        try:
            if where.response_url:
                answer()
                return
        except Undelivered as error:
            log.warning("%s was not answered at the response_url: %s", where.user, error)
        try:
            if where.channel:
                self._slack.whisper(where.channel, where.user, words, where.thread or None)
        except Undelivered as error:
            log.warning("%s was not answered: %s", where.user, error)

    def _journal(self, said: Click | Filled | Typed, actor: str, words: str) -> None:
        store = self._context.store
        what = said.action if isinstance(said, Click) else said.modal if isinstance(said, Filled) else "command"
        body = {"path": f"slack {what}", "reason": one_line(words)[:_LONGEST]}
        incident_id = None
        if not isinstance(said, Typed):
            try:
                incident_id = store.incidents.get(said.incident_id).id
            except NotFound:
                incident_id = None
        with store.write(Point.ANSWERS_REFUSED) as tx:
            store.journal.append(tx, "request.refused", actor, body, incident_id)


def _read(kind: str, body: str) -> Said:
    return callbacks.read_command(body) if kind == COMMAND else callbacks.read_action(body)


def _in_modal(filled: Filled, words: str) -> dict[str, str]:
    """Where in the modal the *words* belong: at the value that they speak of, else at the reason."""
    named = [name for name in filled.values if f" {name}=" in words]
    return {modals.PARAMETER + named[0] if named else modals.REASON: one_line(words)[:_LONGEST]}
