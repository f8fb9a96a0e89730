"""Measures signals anew, for verification: exactly the probes that raise them, on just their hosts.

Border: it says what is measured now. Whether that heals an incident is for the verifier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from catalog.catalog import UserProbe
from core.detections import Signal
from core.fleets import Fleet
from core.samples import Sample, SignalState
from core.symptoms import Symptom
from monitor.probes import PROBE_OK, REACH, REACHABLE, measuring
from monitor.sweep import Sweeper
from monitor.thresholds import raw_state


class SignalRecheck:
    """The Recheck port over a Sweeper. Both callables are asked anew each time: changed content counts at once."""

    def __init__(
        self,
        sweeper: Sweeper,
        symptoms: Callable[[Fleet], Mapping[str, Symptom]],
        user_probes: Callable[[], Mapping[str, UserProbe]],
    ) -> None:
        self._sweeper, self._symptoms, self._user_probes = sweeper, symptoms, user_probes

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> dict[Signal, SignalState]:
        """State of each signal. UNKNOWN if it has no sample: not measurable, host not reached, or nothing measured.

        A signal counts as firing until it is back at its clear level. Raises what the Prober raises.
        """
        symptoms = self._symptoms(fleet)
        wanted: dict[str, list[str]] = defaultdict(list)
        for signal in signals:
            probe = _probe_for(fleet, signal, symptoms.get(signal.symptom))
            if probe is not None:
                wanted[signal.host].append(probe)
        measured = self._sweeper.measure_each(
            fleet, {host: tuple(dict.fromkeys(probes)) for host, probes in wanted.items()}, self._user_probes()
        )
        found = {(sample.host, sample.name, sample.subject): sample for sample in measured}
        return {signal: _state(signal, symptoms.get(signal.symptom), found) for signal in signals}


def _probe_for(fleet: Fleet, signal: Signal, symptom: Symptom | None) -> str | None:
    if symptom is None or symptom.sample is None:
        return None
    if symptom.sample == REACHABLE:
        return REACH
    if symptom.sample == PROBE_OK:
        return signal.subject
    return measuring(fleet, signal.host, symptom.probe, symptom.sample)


def _state(signal: Signal, symptom: Symptom | None, found: Mapping[tuple[str, str, str], Sample]) -> SignalState:
    if symptom is None or symptom.sample is None:
        return SignalState.UNKNOWN
    sample = found.get((signal.host, symptom.sample, signal.subject))
    return SignalState.UNKNOWN if sample is None else raw_state(symptom, sample, currently_firing=True)
