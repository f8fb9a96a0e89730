"""Takes probes on hosts and returns samples: one call to the Prober for all hosts, and the controller's own beside it.

Border: a sweep measures. What a sample means is for `detect`; when a sweep is due, for the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from catalog.catalog import UserProbe
from core.clock import Clock
from core.fleets import Fleet, Host
from core.model import Scalar
from core.ports import Prober
from core.redaction import Redactor
from core.samples import Reading, Sample
from monitor.controller_probes import ControllerProbes
from monitor.probes import FROM_CONTROLLER, REACHABLE
from monitor.programs import LIMIT, Programs
from monitor.prometheus import PROBE as PROMETHEUS
from monitor.prometheus import PrometheusProbe
from monitor.readings import clean, read
from monitor.scraping import PROBE as NODE_EXPORTER
from monitor.scraping import Scraper
from monitor.signatures import Cursors, counted

SIGNATURES = "signatures"


class Sweeper:
    """Measures hosts of a fleet. `limit` is what the program on each host gives itself."""

    def __init__(
        self,
        prober: Prober,
        clock: Clock,
        *,
        limit: timedelta = LIMIT,
        prometheus: PrometheusProbe | None = None,
        cursors: Callable[[str], Cursors] | None = None,
    ) -> None:
        """*cursors*: fleet -> how far each log was read."""
        self._prober, self._clock, self._limit = prober, clock, limit
        self._cursors = cursors or (lambda _fleet: {})
        self._controller, self._scraper = ControllerProbes(), Scraper()
        self._prometheus = prometheus or PrometheusProbe(dict, lambda _secret: "")

    def measure(
        self, fleet: Fleet, probes: Iterable[str], hosts: Iterable[str], user_probes: Mapping[str, UserProbe]
    ) -> tuple[Sample, ...]:
        """Take *probes* on each of *hosts* (names; those that the fleet lacks are left out).

        Every host that the Prober was asked for gives `host.reachable`, and every (host, probe) that could be asked a
        `probe.ok`. A host that can't be reached says nothing else. Raises what the Prober raises.
        """
        wanted = tuple(dict.fromkeys(probes))
        return self.measure_each(fleet, dict.fromkeys(hosts, wanted), user_probes)

    def measure_each(
        self, fleet: Fleet, wanted: Mapping[str, Iterable[str]], user_probes: Mapping[str, UserProbe]
    ) -> tuple[Sample, ...]:
        """As `measure`, with probes of its own for each host: host name -> probes. Still one call to the Prober."""
        at = self._clock.now()
        on_hosts: list[tuple[Host, list[str]]] = []
        outside: list[tuple[Host, str]] = []
        for host in fleet.hosts:
            probes = tuple(wanted.get(host.name, ()))
            outside += [(host, probe) for probe in probes if probe in FROM_CONTROLLER]
            agentless = [probe for probe in probes if probe not in FROM_CONTROLLER]
            if agentless:
                on_hosts.append((host, agentless))
        with ThreadPoolExecutor(max_workers=1) as beside:
            seen_outside = beside.submit(self._from_here, fleet, outside, at)
            seen_on_hosts = self._ask(fleet, on_hosts, user_probes, at)
            return tuple(_without_secrets(fleet, (*seen_on_hosts, *seen_outside.result())))

    def _from_here(self, fleet: Fleet, wanted: list[tuple[Host, str]], at: datetime) -> list[Sample]:
        """What the controller measures itself."""
        asked = [one for one in wanted if one[1] not in (PROMETHEUS, NODE_EXPORTER)]
        scraped = [host for host, probe in wanted if probe == NODE_EXPORTER]
        queried = [host.name for host, probe in wanted if probe == PROMETHEUS]
        return [
            *self._controller.measure(asked, at),
            *self._scraper.measure(fleet.name, scraped, at),
            *self._prometheus.measure(fleet, queried, at),
        ]

    def _ask(
        self,
        fleet: Fleet,
        wanted: list[tuple[Host, list[str]]],
        user_probes: Mapping[str, UserProbe],
        at: datetime,
    ) -> list[Sample]:
        if not wanted:
            return []
        reads_logs = any(SIGNATURES in probes for _, probes in wanted)
        cursors = self._cursors(fleet.name) if reads_logs else {}
        writer = Programs(fleet, user_probes, limit=self._limit, cursors=cursors)
        programs = [writer.write(host, probes) for host, probes in wanted]
        answers = self._prober.probe(fleet, {program.host: program.command for program in programs})
        samples: list[Sample] = []
        for program in programs:
            reading = answers.get(program.host) or Reading(host=program.host, reachable=False, problem="no answer")
            samples.append(_reachable(program.host, reading, at))
            samples += read(reading, program, at)
        return counted(samples, cursors, at) if reads_logs else samples


def _without_secrets(fleet: Fleet, samples: Iterable[Sample]) -> Iterator[Sample]:
    """Evidence comes from hosts: whatever a host shows of the fleet's secrets ends here."""
    redactor = Redactor(fleet.secrets)
    for sample in samples:
        evidence = redactor.value(sample.evidence)
        yield sample if evidence == sample.evidence else sample.evolve(evidence=evidence)


def _reachable(host: str, reading: Reading, at: datetime) -> Sample:
    evidence: dict[str, Scalar] = {}
    if not reading.reachable:
        evidence = {"error": clean(reading.problem or "it did not answer")}
    return Sample(host=host, name=REACHABLE, value=float(reading.reachable), at=at, evidence=evidence)
