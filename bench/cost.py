"""What one incident costs in statements and bytes, with 10, 1,000 and 100,000 others in the store.

One incident's whole life: a detection, a plan, an approval, a run, its verification and its outcome, in the tests' own
world, where only Ansible and the hosts are stood in for. The store is filled by copying the rows of one such life, so
that it holds what real incidents leave.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, insert, select, text

from bench.figures import Line, load, median, say
from core.fleets import Host
from core.incidents import Incident
from store.tables import metadata
from tests.postgres import Postgres, postgres
from tests.world import AUTO, House, open_house

SIZES = (10, 1_000, 100_000)
ENGINES = ("sqlite", "postgresql")
FLAT = 1.1
"""Statements and bytes with the most incidents in the store, as a multiple of those with the fewest, at most."""
_LIVES, _WARM, _AT_ONCE = 100, 3, 2_000
_HOSTS = tuple(
    Host(name=f"h{number}", groups=("all",), variables={"fleetmend_services": {"web": {}}, "ansible_host": "h"})
    for number in range(_LIVES + _WARM + 1)
)
_KINDS = ("incidents", "detections", "plans", "approvals", "runs", "run_hosts", "outcomes", "verifications")
"""What a life leaves in tables that are looked into by something else than a key."""


def measure(engine: str, size: int, server: Postgres | None) -> Line:
    """The life of a few incidents, one after the other, with *size* others in the store that ended before."""
    with ExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        settings = {} if server is None else {"database_url": server.url(f"cost{size}")}
        if server is not None:
            server.make(f"cost{size}")
        else:
            settings = {"database_url": f"sqlite:///{folder / 'cost.db'}"}
        budget = {"runs_per_hour": 1_000_000, "concurrent_runs": 1_000}
        world = house.enter_context(open_house(folder, settings=settings, hosts=_HOSTS, **AUTO, budget=budget))
        database = world.loop.context.store._database.engine
        pattern = world.healed(host="h0")
        _fill(database, pattern, size - 1)
        for number in range(_WARM):
            world.healed(host=f"h{1 + number}")
        lives = [_life(world, database, f"h{1 + _WARM + number}") for number in range(_LIVES)]
    return {
        "what": "cost",
        "engine": engine,
        "incidents": size,
        "statements": median([one[0] for one in lives]),
        "most_statements": max(one[0] for one in lives),
        "bytes": round(sum(one[1] for one in lives) / len(lives)),
        "ms": round(1000 * median([one[2] for one in lives]), 1),
        "load": load(),
    }


def _life(house: House, database: Engine, host: str) -> tuple[int, int, float]:
    before, begin = _bytes(database), time.perf_counter()
    with _counted(database) as counted:
        healed = house.healed(host=host)
    took = time.perf_counter() - begin
    assert healed.state.terminal, healed.reason
    return counted[0], _bytes(database) - before, took


@contextmanager
def _counted(database: Engine) -> Iterator[list[int]]:
    counted = [0]

    def count(*_given: Any) -> None:
        counted[0] += 1

    event.listen(database, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(database, "before_cursor_execute", count)


def _bytes(database: Engine) -> int:
    """What the database takes, or has in use where it says that."""
    if database.dialect.name == "postgresql":
        ours = "relkind = 'r' AND relnamespace = 'public'::regnamespace"
        query = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE {ours}"
    else:
        query = "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)"
    with database.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _fill(database: Engine, pattern: Incident, more: int) -> None:
    """Put *more* ended incidents into the store, each with what *pattern* left there."""
    with database.connect() as connection:
        rows = {name: _rows(connection, name, pattern.id) for name in _KINDS}
    for begin in range(0, more, _AT_ONCE):
        numbers = range(begin, min(begin + _AT_ONCE, more))
        with database.connect().execution_options(writes=True) as connection, connection.begin():
            for name, found in rows.items():
                copies = [_copy(name, row, number) for row in found for number in numbers]
                if copies:
                    connection.execute(insert(metadata.tables[name]), copies)
    with database.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("ANALYZE"))


def _rows(connection: Connection, name: str, incident: str) -> list[dict[str, Any]]:
    table = metadata.tables[name]
    if "incident_id" in table.c:
        query = select(table).where(table.c.incident_id == incident)
    elif name == "incidents":
        query = select(table).where(table.c.id == incident)
    else:
        query = select(table)  # there is one life only, by now
    return [dict(row) for row in connection.execute(query).mappings()]


def _copy(name: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row under other keys; a number behind an id makes another one."""
    keys = {key: f"{value}.{number}" for key, value in row.items() if _is_key(key) and value is not None}
    host = {"host": f"old{number % 1000}"} if "host" in row else {}
    return row | keys | host


def _is_key(name: str) -> bool:
    return name in ("id", "fingerprint") or name.endswith("_id")


def compare(lines: list[Line]) -> Line:
    """How the dearest of *lines*, of one engine, compares with the cheapest."""
    statements, sizes = [float(str(one["statements"])) for one in lines], [float(str(one["bytes"])) for one in lines]
    ratio = round(max(statements) / min(statements), 2)
    return {
        "what": "cost, flat",
        "engine": lines[0]["engine"],
        "statements_ratio": ratio,
        "bytes_ratio": round(max(sizes) / min(sizes), 2),
        "aim": FLAT,
        "met": ratio <= FLAT and max(sizes) / min(sizes) <= FLAT,
        "load": load(),
    }


def lines_of(engine: str, sizes: tuple[int, ...] = SIZES) -> Iterator[Line]:
    """Measure *engine* at every size."""
    with ExitStack() as house:
        server = house.enter_context(postgres(lasting=True)) if engine == "postgresql" else None
        lines = []
        for size in sizes:
            lines.append(measure(engine, size, server))
            yield lines[-1]
        yield compare(lines)


def main() -> int:
    """Print the figures as JSON, one line a size and engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    given = parser.parse_args()
    for engine in given.engines:
        for line in lines_of(engine, tuple(given.sizes)):
            say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
