"""Outside evidence: what nothing but an alert has raised is as its source says; everything else is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.detections import Signal
from core.fleets import Fleet
from core.ports import Recheck
from core.samples import SignalState
from store.alerts import Alerts


class AlertRecheck:
    """The Recheck port over another one and the alerts that are known. An alert fires until its source ends it."""

    def __init__(self, measured: Recheck, alerts: Alerts) -> None:
        self._measured, self._alerts = measured, alerts

    def check(self, fleet: Fleet, signals: Sequence[Signal]) -> Mapping[Signal, SignalState]:
        """State of each signal. Raises what measuring raises."""
        told = self._alerts.states(fleet.name, signals)
        others = [signal for signal in signals if signal not in told]
        return told | dict(self._measured.check(fleet, others) if others else {})
