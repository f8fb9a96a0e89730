"""The messenger: compares what people outside were told with how incidents stand, and tells the difference.

It follows states, not events. Whoever could not be reached is told the newest state once he can be; in between nothing
piles up, and nothing waits for him: steps of the loop know nothing of messages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from core.errors import BadInput, NotFound, Retryable
from core.fleets import Notify
from core.leases import Lease
from core.messages import Kind, Teller, Told, Undelivered
from core.redaction import Redactor
from loop.context import Context
from loop.stories import story_of

log = logging.getLogger(__name__)

LEASE = "messenger"
"""One process at a time delivers."""
MOST_AT_ONCE = 100
_LOOK_ANYWAY = timedelta(seconds=5)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=5)
_LONGEST_ASKED = timedelta(hours=1)
"""More than this is not waited for, whatever a `Retry-After` says."""
_ONE_TAKES = timedelta(seconds=20)
"""Longer than the calls of one delivery together."""
_LONGEST_ERROR = 300


class Messenger:
    """Tells channels how incidents stand. `look` is one round; see `postman.py` for who calls it."""

    def __init__(self, context: Context, tellers: Mapping[Kind, Teller], work_left: Callable[[], int]) -> None:
        """*tellers*: the ways that are set up. *work_left* works callbacks that a process left behind."""
        self._context, self._tellers, self._work_left = context, tellers, work_left
        self._redactor = Redactor(context.settings.secrets)
        self._moment, self._looked_at = -1, context.clock.now() - _LOOK_ANYWAY
        self._lease: Lease | None = None

    @property
    def idle(self) -> bool:
        """True if there is nobody to tell, whatever happens."""
        return not self._tellers

    def look(self) -> int:
        """Tell whatever is new. Returns how many messages were brought up to date. Raises Retryable."""
        store, now = self._context.store, self._context.clock.now()
        moment = store.messages.moment()
        if moment == self._moment and now - self._looked_at < _LOOK_ANYWAY:
            return 0
        wanted = self._wanted()
        opened = self._open(wanted)
        behind = store.messages.behind(self._tellers.keys(), now, MOST_AT_ONCE)
        left = store.callbacks.left()
        # What could not be told is looked at again when its time has come, at the latest with the next look anyway.
        all_seen = not opened and len(behind) < MOST_AT_ONCE
        self._moment, self._looked_at = (moment if all_seen else -1), now
        if (behind or left) and not self._hold():
            return 0
        if left:
            self._work_left()
        told, resting = 0, set[tuple[Kind, str]]()
        for one in behind:
            if (one.kind, one.channel) in resting:
                continue
            if self._context.stopping.is_set() or not self._hold():
                return told
            if self._deliver(one):
                told += 1
            else:
                resting.add((one.kind, one.channel))
        return told

    def leave(self) -> None:
        """Let another process deliver. Raises Retryable."""
        if self._lease is not None:
            self._context.store.leases.release_now([self._lease])
            self._lease = None

    def _hold(self) -> bool:
        """True if the lease is ours for as long as one delivery takes."""
        now = self._context.clock.now()
        if self._lease is None or self._lease.expires_at - now < _ONE_TAKES:
            ttl = max(self._context.settings.lease, 2 * _ONE_TAKES)
            self._lease = self._context.store.leases.take_now(LEASE, self._context.worker, ttl)
        return self._lease is not None

    def _wanted(self) -> dict[str, Notify]:
        """Whom the fleets' files want told, by fleet."""
        source, found = self._context.fleet_source, dict[str, Notify]()
        for name in source.names():
            try:
                notify = source.file(name).notify
            except (BadInput, NotFound):
                continue  # whoever sweeps it says so; what is told of it already is told on
            if self._channels(notify):
                found[name] = notify
        return found

    def _channels(self, notify: Notify) -> list[tuple[Kind, str]]:
        found = []
        if notify.slack is not None and Kind.SLACK in self._tellers:
            found.append((Kind.SLACK, notify.slack))
        if notify.webhook and Kind.WEBHOOK in self._tellers:
            found.append((Kind.WEBHOOK, ""))
        return found

    def _open(self, wanted: dict[str, Notify]) -> int:
        """Make rows for what has to be told for the first time. Returns how many incidents that are."""
        if not wanted:
            return 0
        messages = self._context.store.messages
        untold = messages.untold(wanted, self._context.clock.now())
        new = [(one.id, self._channels(wanted[one.fleet])) for one in untold]
        if Kind.SLACK in self._tellers:
            following = {name: notify.next for name, notify in wanted.items() if notify.next is not None}
            if following:
                new += [(one, [(Kind.SLACK, channel)]) for one, channel in messages.widened(following)]
        if not new or not self._hold():
            return 0
        for incident_id, channels in new:
            messages.open(incident_id, channels)
        return len(new)

    def _deliver(self, told: Told) -> bool:
        """Tell one channel of one incident. False if its channel has to rest."""
        messages, state = self._context.store.messages, [told]

        def save(after: Told) -> None:
            state[0] = after
            messages.save(after)

        try:
            story = story_of(self._context, told.incident_id, after=told.seq)
            self._tellers[told.kind].tell(story, told, save)
        except NotFound:
            return True  # it was pruned meanwhile, and its row with it
        except Undelivered as error:
            words = self._redactor.text(str(error))[:_LONGEST_ERROR]
            log.warning("%s %s was not told of %s: %s", told.kind, told.channel, told.incident_id, words)
            if not error.only_this:
                self._rest(told, words, error.after)
                return False
            self._rest_one(state[0], words, error.after)
            return True
        except Retryable:
            raise
        except Exception as error:
            # One incident that can't be told must not keep the others from being told.
            log.exception("%s could not be told of %s", told.kind, told.incident_id)
            self._rest_one(state[0], f"a fault of fleetmend's own: {type(error).__name__}; see the log", None)
            return True
        if state[0].failures:
            messages.save(state[0].evolve(failures=0, next_try_at=None, last_error=None))
        self._well(told)
        return True

    def _rest_one(self, told: Told, words: str, after: float | None) -> None:
        failures = told.failures + 1
        until = self._context.clock.now() + pause_after(failures, after)
        self._context.store.messages.save(told.evolve(failures=failures, next_try_at=until, last_error=words))

    def _rest(self, told: Told, words: str, after: float | None) -> None:
        messages, now = self._context.store.messages, self._context.clock.now()
        standing = messages.standing(told.kind, told.channel)
        failures = standing.failures + 1
        until = now + pause_after(failures, after)
        note = {"failures": failures, "next_try_at": until, "last_error": words, "last_error_at": now}
        messages.note(standing.evolve(**note))

    def _well(self, told: Told) -> None:
        messages, now = self._context.store.messages, self._context.clock.now()
        standing = messages.standing(told.kind, told.channel)
        if standing.failures or standing.last_told_at is None or now - standing.last_told_at > timedelta(minutes=1):
            messages.note(standing.evolve(failures=0, next_try_at=None, last_told_at=now))


def pause_after(failures: int, asked: float | None) -> timedelta:
    """How long to wait after this many *failures* in a row, and at least the seconds that were *asked* for."""
    pause = min(_LONGEST_PAUSE, timedelta(seconds=_FIRST_PAUSE.total_seconds() * 2.0 ** min(failures - 1, 20)))
    if asked is None or not asked > 0:
        return pause
    return max(pause, min(_LONGEST_ASKED, timedelta(seconds=min(asked, _LONGEST_ASKED.total_seconds()))))
