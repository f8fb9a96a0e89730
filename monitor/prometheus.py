"""Asks Prometheus: one query for all hosts of a fleet and each sample, in each sweep.

A query that fails, is too slow, or answers with anything but a vector is `probe.ok` 0 for every host that was asked
for; NaN and infinities are no samples. None of it is ever an alarm by itself.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import httpx

from core.errors import FleetmendError
from core.fleets import Fleet
from core.samples import Sample
from core.sources import PrometheusSource, Query, SecretFrom, Source
from monitor.alerts.directory import Directory
from monitor.alerts.values import text
from monitor.probes import PROBE_OK, REACHABLE
from monitor.readings import ok_sample
from outgoing.clients import async_client

PROBE = "prometheus"
LARGEST = 16_000_000
_MOST = 100_000
_UNFIT = re.compile(r"[^A-Za-z0-9_./@:\-]")

Sources = Callable[[], Mapping[str, Source]]
SecretOf = Callable[[SecretFrom], str]


class _Unanswered(Exception):
    """The message says why, in our words."""


class PrometheusProbe:
    """The `prometheus` probe: the queries of every source of that kind that knows the fleet."""

    def __init__(self, sources: Sources, secret_of: SecretOf) -> None:
        """Both are asked anew in each sweep, so that a changed file counts at once."""
        self._sources, self._secret_of = sources, secret_of

    def measure(self, fleet: Fleet, hosts: Sequence[str], at: datetime) -> list[Sample]:
        """The samples of *hosts* (names), and a `probe.ok` for each. Call it outside of an event loop."""
        if not hosts:
            return []
        problems: list[str] = []
        found: list[Sample] = []
        try:
            asked = [one for one in self._sources().values() if isinstance(one, PrometheusSource)]
        except FleetmendError as error:
            asked, problems = [], [str(error)]
        mine = [one for one in asked if not one.fleets or fleet.name in one.fleets]
        if not mine and not problems:
            problems.append("no source of the kind prometheus in sources.yml knows this fleet")
        for source in mine:
            samples, wrong = asyncio.run(self._ask(source, fleet, frozenset(hosts), at))
            found += samples
            problems += wrong
        unique = {(one.host, one.name, one.subject): one for one in found}
        return [*unique.values(), *(ok_sample(host, PROBE, tuple(problems), at) for host in hosts)]

    async def _ask(
        self, source: PrometheusSource, fleet: Fleet, hosts: frozenset[str], at: datetime
    ) -> tuple[list[Sample], list[str]]:
        samples: list[Sample] = []
        problems: list[str] = []
        directory = Directory({fleet.name: fleet})
        try:
            headers = self._headers(source)
        except FleetmendError as error:
            return [], [str(error)]
        async with async_client(connections=1, headers=headers) as client:
            for name, query in source.queries.items():
                try:
                    vector = await _vector(client, source, query)
                except _Unanswered as why:
                    problems.append(f"the query {name}: {why}")
                    continue
                taken, strange = _samples(vector, query, directory, hosts, at)
                samples += taken
                if query.sample in (REACHABLE, PROBE_OK):
                    problems.append(f"the query {name}: no query may yield {query.sample}")
                elif strange:
                    problems.append(f"the query {name}: {strange} values are no finite numbers")
        return samples, problems

    def _headers(self, source: PrometheusSource) -> dict[str, str]:
        if source.secret is None:
            return {}
        value = self._secret_of(source.secret)
        if source.secret.user is None:
            return {"Authorization": f"Bearer {value}"}
        auth = httpx.BasicAuth(source.secret.user, value)
        request = next(auth.sync_auth_flow(httpx.Request("GET", source.url)))
        return {"Authorization": request.headers["Authorization"]}


async def _vector(client: httpx.AsyncClient, source: PrometheusSource, query: Query) -> list[object]:
    url = source.url.rstrip("/") + "/api/v1/query"
    seconds = source.timeout.total_seconds()
    asked = {"query": query.query, "timeout": f"{seconds:g}s"}
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), client.stream("POST", url, data=asked, timeout=seconds) as answer:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise _Unanswered(f"its answer is longer than {LARGEST} bytes")
    except (TimeoutError, httpx.TimeoutException):
        raise _Unanswered(f"no answer within {seconds:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _Unanswered(f"Prometheus can't be asked ({type(error).__name__})") from None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _Unanswered(f"it answers {answer.status_code}, and no JSON") from None
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict) or found.get("status") != "success":
        said = text(found.get("error"), 200) if isinstance(found, dict) else None
        raise _Unanswered(f"it answers {answer.status_code}: {said or 'an error'}")
    if data.get("resultType") != "vector" or not isinstance(data.get("result"), list):
        raise _Unanswered(f"it gives a {text(data.get('resultType'), 20) or 'nothing'}, and no vector")
    return list(data["result"][:_MOST])


def _samples(
    vector: Sequence[object], query: Query, directory: Directory, hosts: frozenset[str], at: datetime
) -> tuple[list[Sample], int]:
    """The samples of *hosts* in *vector*, and how many values were no finite numbers."""
    samples: list[Sample] = []
    strange = 0
    if query.sample in (REACHABLE, PROBE_OK):
        return [], 0
    for one in vector:
        metric = one.get("metric") if isinstance(one, dict) else None
        pair = one.get("value") if isinstance(one, dict) else None
        if not isinstance(metric, dict) or not isinstance(pair, list) or len(pair) != 2:
            strange += 1
            continue
        found = directory.find(str(metric.get(query.host, "")))
        if len(found) != 1 or found[0].host.name not in hosts:
            continue  # of another fleet, or of none
        host = found[0].host
        try:
            value = float(str(pair[1]))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            strange += 1
            continue
        subject = _UNFIT.sub("_", str(metric.get(query.subject, "")) if query.subject else "")[:200]
        service = subject if subject in host.names_in("fleetmend_services") else None
        samples.append(Sample(host=host.name, name=query.sample, subject=subject, value=value, at=at, service=service))
    return samples, strange
