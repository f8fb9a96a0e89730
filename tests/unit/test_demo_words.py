"""How the demo puts into words what was measured and learnt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.demo.words import evidence_in_words, lesson_in_words, shortened
from core.model import Scalar
from core.outcomes import Lesson

DIGEST = "b9cb0681c85507bf" * 4


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (
            {"sample": "service.up", "value": 0.0, "below": 1.0, "state": "EXITED", "unit": "web"},
            "service.up is 0 (alarm below 1); state EXITED, unit web",
        ),
        (
            {"sample": "process.cpu", "value": 0.98, "above": 0.3, "pid": 12, "started": 99, "command_digest": DIGEST},
            "process.cpu is 98% (alarm above 30%); pid 12",
        ),
        (
            {"sample": "folder.used", "value": 1.72, "above": 1.0, "bytes": 3_607_101, "budget": 2_097_152},
            "folder.used is 172% (alarm above 100%); bytes 3.4 MB, budget 2.0 MB",
        ),
        ({"sample": "file.drift", "value": 1.0, "sha256": DIGEST}, "file.drift is 1; sha256 b9cb0681c855…"),
        ({"error": "no route"}, "error no route"),
        ({}, ""),
    ],
)
def test_evidence(evidence: dict[str, Scalar], words: str) -> None:
    assert evidence_in_words(evidence) == words


def test_only_whole_digests_are_cut() -> None:
    assert shortened(f"digest={DIGEST} grace=5") == "digest=b9cb0681c855… grace=5"
    assert shortened(DIGEST[:40]) == DIGEST[:40]


def test_a_lesson_says_where_and_how_fast() -> None:
    lesson = Lesson(
        symptom="service_down",
        remedy="service_restart",
        fleet="demo",
        tried=3,
        healed=2,
        worse=0,
        median_heal_seconds=2.125,
        last_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert lesson_in_words(lesson) == (
        "service_restart healed service_down 2 of 3 times in demo, within 2.1 s of its run"
    )
    nowhere = lesson.evolve(fleet=None, healed=0, median_heal_seconds=None)
    assert lesson_in_words(nowhere) == "service_restart healed service_down 0 of 3 times over all fleets"
