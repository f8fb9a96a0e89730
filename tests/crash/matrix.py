"""The crash matrix as a program: `python -m tests.crash.matrix --kills 250 --seed 1`. It prints its figures as JSON.

It imports everything once and forks for each life, from a process without threads, so that a kill takes a fraction of a
second. A case is one scenario and one place to die; a part of them die a second time, while they recover.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from core.points import Point
from tests.crash.kills import Kill, Side, kills_of
from tests.crash.life import Toll, copy_of, live, passed, prepare, toll_of
from tests.crash.scenarios import SCENARIOS

_DIE_TWICE = 0.25


class Case(NamedTuple):
    """One process to kill, and how it is taken up."""

    scenario: str
    kill: Kill
    takeover: bool
    again: bool


class Matrix:
    """All scenarios, prepared in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._random = folder, random.Random(seed)
        self.kills = 0
        self.tolls: list[tuple[Case, Toll]] = []
        self._places: dict[str, list[Kill]] = {}

    def survey(self) -> None:
        """Play each scenario once without a kill, and learn where it can be killed."""
        state = None
        for name, scenario in SCENARIOS.items():
            template = self._template(name)
            prepare(template, scenario, state)
            state = template / "state"
            if scenario.dies:
                self.kills += live(template, scenario, None)
            whole = copy_of(template, self._folder / "whole")
            live(whole, scenario, None)
            toll = toll_of(whole)
            assert not toll.bad, f"{name}, with nobody killed: {toll}"
            self._places[name] = kills_of([Point(one) for one in passed(whole)])
            shutil.rmtree(whole)

    @property
    def seen(self) -> frozenset[Point]:
        """Every point that a scenario comes by."""
        return frozenset(kill.point for kills in self._places.values() for kill in kills)

    @property
    def size(self) -> int:
        """How many different places there are to be killed at."""
        return sum(map(len, self._places.values()))

    def cases(self, most: int) -> Iterator[Case]:
        """At least *most* of them at random, so that every point comes first, on both sides of its commit."""
        everything = [(name, kill) for name, kills in self._places.items() for kill in kills]
        self._random.shuffle(everything)
        firsts: dict[tuple[Point, Side], tuple[str, Kill]] = {}
        for name, kill in everything:
            firsts.setdefault((kill.point, kill.side), (name, kill))
        chosen = list(firsts.values())
        chosen += [one for one in everything if one not in set(chosen)]
        for name, kill in (chosen * (1 + most // len(chosen)))[:most]:
            yield Case(name, kill, self._random.random() < 0.5, self._random.random() < _DIE_TWICE)

    def play(self, case: Case) -> Toll:
        """Kill, take up (and kill again), take up, and look what came of it."""
        scenario = SCENARIOS[case.scenario]
        folder = copy_of(self._template(case.scenario), self._folder / "case")
        try:
            killed = live(folder, scenario, case.kill)
            self.kills += killed
            if case.again:
                second = self._random.choice(self._places[case.scenario])
                killed = live(folder, scenario, second, takeover=case.takeover)
                self.kills += killed
            if killed or not case.again:
                live(folder, scenario, None, takeover=case.takeover)
            toll = toll_of(folder)
        finally:
            shutil.rmtree(folder)
        self.tolls.append((case, toll))
        return toll

    def _template(self, name: str) -> Path:
        return self._folder / "templates" / name.replace(" ", "_").replace("'", "").replace(",", "")


def main() -> int:
    """Run the matrix. Exit code 1 if anything was lost, repeated, stuck or unproven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=250, help="stop after this many")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    sys.stderr.write(f"seed {given.seed}\n")
    began = time.monotonic()
    gc.freeze()  # so that a child's collector does not copy what all of them share
    with tempfile.TemporaryDirectory() as folder:
        matrix = Matrix(Path(folder), given.seed)
        matrix.survey()
        for case in matrix.cases(given.kills):
            if matrix.kills >= given.kills:
                break
            try:
                toll = matrix.play(case)
            except AssertionError as error:
                toll = Toll(violation=str(error))
                matrix.tolls.append((case, toll))
            if toll.bad:
                sys.stderr.write(f"{case.scenario}, killed {case.kill} {case}: {toll}\n")
    print(json.dumps(figures(matrix, given.seed, time.monotonic() - began), indent=1))
    return int(any(toll.bad for _, toll in matrix.tolls) or matrix.seen != set(Point))


def figures(matrix: Matrix, seed: int, seconds: float) -> dict[str, object]:
    """What is printed."""
    killed_at = Counter(case.kill.point for case, _ in matrix.tolls)
    tolls = [toll for _, toll in matrix.tolls]
    return {
        "seed": seed,
        "scenarios": len(SCENARIOS),
        "places to be killed at": matrix.size,
        "kills": matrix.kills,
        "points killed at": f"{len(killed_at)} of {len(Point)}",
        "points that no scenario comes by": sorted(set(Point) - matrix.seen),
        "detections answered": sum(toll.detections for toll in tolls),
        "detections lost": sum(toll.lost for toll in tolls),
        "executions": sum(toll.runs for toll in tolls),
        "runs repeated": sum(toll.repeated for toll in tolls),
        "incidents": sum(toll.incidents for toll in tolls),
        "incidents stuck": sum(toll.stuck for toll in tolls),
        "proofs broken": sum(bool(toll.violation) for toll in tolls),
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    raise SystemExit(main())
