"""Real stores for tests: a database of their own, migrated as a user's is (see `tests/engines.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.clock import Clock
from core.detections import Detection
from core.plans import Proposal, Step
from core.severity import Risk
from store.store import Store, open_store
from tests.engines import url_in


@contextmanager
def new_store(clock: Clock, folder: Path | None = None) -> Iterator[Store]:
    """A store of its own; in *folder* it can be opened again."""
    with TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        store = open_store(url_in(place), place, clock)
        try:
            yield store
        finally:
            store.close()


def detection(clock: Clock, **changes: Any) -> Detection:
    """`service_down` of `web` on `h1`, as a sweep says it."""
    values: dict[str, Any] = {
        "fleet": "demo",
        "host": "h1",
        "symptom": "service_down",
        "subject": "web",
        "service": "web",
        "source": "sweep",
        "seen_at": clock.now(),
    }
    return Detection(**(values | changes))


def proposal(host: str = "h1") -> Proposal:
    """`service_restart` of `web`, by rules."""
    step = Step(remedy="service_restart", digest="d", parameters={"service": "web"}, hosts=(host,))
    return Proposal(steps=(step,), risk=Risk.LOW, proposer="rules", confidence=0.8, reasons=("it treats it",))
