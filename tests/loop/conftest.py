"""The whole loop is tested on every engine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _on_every_engine(engine: str) -> None:
    """Worlds lie on the engine of the test that runs."""
