"""The dead-man heartbeat: a URL that is called while the loop is alive, so that somebody notices when it is not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx

from core.clock import Clock
from loop.schedules import due_time
from outgoing.clients import client
from store.ticks import Ticks

log = logging.getLogger(__name__)

_EVERY = timedelta(minutes=1)
_TIMEOUT_SECONDS = 10.0


def caller(proxy: str | None = None) -> Callable[[str], None]:
    """What calls a URL by GET. It raises httpx.HTTPError or InvalidURL: an error status is one, and a redirect is."""

    def call(url: str) -> None:
        with client(_TIMEOUT_SECONDS, proxy=proxy) as http:
            http.get(url).raise_for_status()

    return call


class Heartbeat:
    """Calls the URL once a minute, whichever process looks first, from a thread of its own."""

    def __init__(self, url: str | None, clock: Clock, ticks: Ticks, send: Callable[[str], None]) -> None:
        self._url, self._clock, self._ticks, self._send = url, clock, ticks, send
        self._minute: datetime | None = None
        self._thread: threading.Thread | None = None
        self._failing = False

    def beat(self) -> None:
        """We are alive. Returns at once; a call that is still under way makes this one be left out."""
        minute = due_time(self._clock.now(), _EVERY)
        if self._url is None or minute == self._minute:
            return
        self._minute = minute
        if (self._thread is not None and self._thread.is_alive()) or not self._ticks.claim("heartbeat", minute):
            return
        self._thread = threading.Thread(target=self._call, args=(self._url,), name="heartbeat", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the call that is under way is over."""
        if self._thread is not None:
            self._thread.join()

    def _call(self, url: str) -> None:
        # The URL is a secret: whoever knows it can pretend that we live. So is what an error says of it.
        try:
            self._send(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if not self._failing:
                log.warning("FLEETMEND_HEARTBEAT_URL could not be called (%s); told once", type(error).__name__)
            self._failing = True
            return
        if self._failing:
            log.warning("FLEETMEND_HEARTBEAT_URL can be called again")
        self._failing = False
