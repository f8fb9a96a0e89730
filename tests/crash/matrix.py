"""The crash matrix as a program: `python -m tests.crash.matrix --engine postgresql --kills 250`. It prints its figures.

It imports everything once and forks for each life, from a process without threads, so that a kill takes a fraction of a
second. A case is one scenario and one place to die; a part of them die a second time, while they recover.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from core.points import Point
from tests.crash.kills import Kill, Side, kills_of
from tests.crash.life import Toll, lay_out, live, passed, prepare, toll_of
from tests.crash.places import Ground, Place, open_ground
from tests.crash.scenarios import SCENARIOS
from tests.engines import ENGINES

_DIE_TWICE = 0.25


class Case(NamedTuple):
    """One process to kill, and how it is taken up."""

    scenario: str
    kill: Kill
    takeover: bool
    again: bool


class Matrix:
    """All scenarios, prepared on a ground."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self._ground, self._random = ground, random.Random(seed)
        self.kills = 0
        self.tolls: list[tuple[Case, Toll]] = []
        self._templates: dict[str, Place] = {}
        self._places: dict[str, list[Kill]] = {}

    def survey(self, most: int) -> None:
        """Play *most* scenarios once without a kill, and learn where they can be killed."""
        common = lay_out(self._ground, "common")
        for number, (name, scenario) in enumerate(self._random.sample(list(SCENARIOS.items()), most)):
            self._templates[name] = prepare(self._ground, common, scenario, f"template_{number}")
            self.kills += scenario.dies
            whole = self._ground.copy(self._templates[name], "whole")
            live(self._ground, whole, scenario, None)
            toll = toll_of(whole)
            assert not toll.bad, f"{name}, with nobody killed: {toll}"
            self._places[name] = kills_of([Point(one) for one in passed(whole)])
            self._ground.remove(whole)

    @property
    def seen(self) -> frozenset[Point]:
        """Every point that a scenario comes by."""
        return frozenset(kill.point for kills in self._places.values() for kill in kills)

    @property
    def scenarios(self) -> int:
        """How many of them are played."""
        return len(self._templates)

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
        scenario, ground = SCENARIOS[case.scenario], self._ground
        place = ground.copy(self._templates[case.scenario], "case")
        try:
            killed = live(ground, place, scenario, case.kill)
            self.kills += killed
            if case.again:
                second = self._random.choice(self._places[case.scenario])
                killed = live(ground, place, scenario, second, takeover=case.takeover)
                self.kills += killed
            if killed or not case.again:
                live(ground, place, scenario, None, takeover=case.takeover)
            toll = toll_of(place)
        finally:
            ground.remove(place)
        self.tolls.append((case, toll))
        return toll


def main() -> int:
    """Run the matrix. Exit code 1 if anything was lost, repeated, stuck or unproven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--kills", type=int, default=250, help="stop after this many")
    parser.add_argument("--scenarios", type=int, default=len(SCENARIOS), help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    sys.stderr.write(f"seed {given.seed}\n")
    began = time.monotonic()
    gc.freeze()  # so that a child's collector does not copy what all of them share
    with open_ground(given.engine) as ground:
        matrix = Matrix(ground, given.seed)
        matrix.survey(given.scenarios)
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
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"engine": given.engine, "seed": given.seed, **figures(matrix), "seconds": seconds}, indent=1))
    unseen = given.scenarios == len(SCENARIOS) and matrix.seen != set(Point)
    return int(unseen or any(toll.bad for _, toll in matrix.tolls))


def figures(matrix: Matrix) -> dict[str, object]:
    """What came of it."""
    killed_at = Counter(case.kill.point for case, _ in matrix.tolls)
    tolls = [toll for _, toll in matrix.tolls]
    return {
        "scenarios": matrix.scenarios,
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
    }


if __name__ == "__main__":
    raise SystemExit(main())
