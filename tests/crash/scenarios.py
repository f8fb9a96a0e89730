"""What can happen to an incident, as actions from outside. Together they come by every point (`core/points.py`).

An action that a process died in is done again by the next one, as whoever stands behind it would: a source that got no
answer reports again, a person who saw no result looks and says it once more. So each may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.app import BASE, create_app
from core.detections import Signal
from core.errors import Conflict, Unvetted
from core.states import State
from tests.api_client import client_of
from tests.crash import alerting, coming, deciding, outside
from tests.crash.kills import die
from tests.crash.stage import Stage
from tests.hooks import TOKEN as HOOK_TOKEN
from tests.people import ADA
from tests.world import AUTO

Action = Callable[[Stage], None]

_MOMENT = timedelta(minutes=2)
_LONG = timedelta(hours=2)
_SAFELY = 10.0
"""Seconds; only bounds how long a failing test takes."""
_WEB = Signal("h1", "service_down", "web")
_ADA = "person:ada"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`file` is the fleet's `fleet.yml`; `in_run` is called in the middle of every execution."""

    actions: tuple[Action, ...]
    file: Mapping[str, Any] = field(default_factory=lambda: AUTO)
    cures: Mapping[str, set[str]] = field(default_factory=lambda: {"restart": {"service_down"}})
    settings: Mapping[str, Any] = field(default_factory=dict)
    in_run: Action = lambda _stage: None
    flaky: bool = False
    dies: bool = False
    """The first process dies in the middle of its first run, before anything else is killed."""


def report(**changes: Any) -> Action:
    return lambda stage: stage.report(**changes)


def settle(stage: Stage) -> None:
    """What workers and reconciler do within a moment."""
    stage.house.settle_down(_MOMENT)


def end(stage: Stage) -> None:
    """Everything takes its course, and what is left to people is closed by them."""
    for _ in range(3):
        stage.house.settle_down(_LONG)
        for incident in stage.house.loop.context.store.incidents.newest(state=State.ESCALATED):
            stage.house.loop.desk.close(incident.id, ADA, "done by hand")


def an_hour_passes(stage: Stage) -> None:
    stage.house.clock.advance(timedelta(hours=1))
    stage.house.settle_down(timedelta(0))


def change_policy(stage: Stage) -> None:
    stage.house.rewrite_fleet(mode="approve", policy={"approve": {"expires": "31m"}})


def give_a_sign(stage: Stage) -> None:
    stage.house.loop.context.presence.beat()
    stage.house.loop.reconciler.look()


def leave(stage: Stage) -> None:
    stage.house.loop.context.store.agents.leave(stage.house.loop.context.worker)


def a_year_passes(stage: Stage) -> None:
    stage.house.clock.advance(timedelta(days=500))
    stage.house.loop.housekeeping.prune()
    # Few entries are not worth a checkpoint; here they are.
    stage.house.loop.context.store.retention.cut_journal(timedelta(days=1), least=1)


def spoil_the_fleet(stage: Stage) -> None:
    stage.house.rewrite_fleet(mode="nonsense")


def ask(stage: Stage) -> None:
    if not stage.house.loop.context.store.incidents.newest():
        stage.house.loop.desk.ask("demo", ADA, remedy="restart", hosts=("h2",), parameters={"service": "db"})


def follow_schedule(stage: Stage) -> None:
    stage.house.loop.schedules.tick("demo", "nightly")


def break_web(stage: Stage) -> None:
    stage.world.break_signal(_WEB)


def mend_web(stage: Stage) -> None:
    stage.world.mend(_WEB)


def sweep(stage: Stage) -> None:
    stage.sweep()


def make_token(stage: Stage) -> None:
    with suppress(Conflict):
        stage.house.loop.context.store.tokens.make("ops", _ADA)


def revoke_token(stage: Stage) -> None:
    stage.house.loop.context.store.tokens.revoke("ops", _ADA)


def post_what_is_refused(stage: Stage) -> None:
    stage.house.rewrite_fleet(mode="approve", policy={"approve": {"risk": "low"}})
    incident = stage.house.loop.context.store.incidents.newest()[0]
    with client_of(create_app(stage.house.loop, person=_ADA), stage.house) as http:
        assert http.post(f"{BASE}/incidents/{incident.id}/approve", json={}).status_code == 403


def cancel(stage: Stage) -> None:
    for run in stage.house.loop.context.store.runs.newest(open_only=True):
        stage.house.loop.desk.cancel(run.id, ADA)


def refuse(_stage: Stage) -> None:
    raise Unvetted("its files changed while it was staged")


def wait_for_renewal(stage: Stage) -> None:
    assert stage.killer.renewed.wait(_SAFELY), "no lease was renewed"


def die_once(stage: Stage) -> None:
    if not stage.record.lines("died"):
        stage.record.write("died")
        die()


_APPROVE = {"mode": "approve", "policy": {"approve": {"expires": "30m"}}}
_SWEPT = {"sweeps": [{"every": "30s", "probes": ["services"]}]}
_NIGHTLY = {"remedy": "restart", "every": "1h", "hosts": ["h1", "h2"], "parameters": {"service": "web"}}
_BOTH = {"restart": {"service_down"}, "repair": {"http_unhealthy"}}

SCENARIOS: dict[str, Scenario] = {
    "healed at once": Scenario(actions=(report(), end)),
    "the next alternative heals": Scenario(actions=(report(), end), cures={"repair": {"service_down"}}),
    "nothing heals": Scenario(actions=(report(), end), cures={}),
    "a person says yes": Scenario(actions=(report(), settle, deciding.approve, end), file=_APPROVE),
    "a person says no": Scenario(actions=(report(), settle, deciding.reject, report(), end), file=_APPROVE),
    "a person changes it, and another says yes": Scenario(
        actions=(report(), settle, deciding.change, settle, deciding.others_approve, end), file=_APPROVE, cures=_BOTH
    ),
    "a person snoozes it": Scenario(
        actions=(report(), settle, deciding.look_early, deciding.snooze, an_hour_passes, end), file=_APPROVE
    ),
    "a person takes it over": Scenario(actions=(report(), settle, deciding.escalate, end), file=_APPROVE),
    "nobody answers": Scenario(actions=(report(), end, report(), end), file=_APPROVE),
    "the approval is void": Scenario(
        actions=(report(), settle, deciding.approve, change_policy, settle, deciding.approve, end), file=_APPROVE
    ),
    "the approval ran out": Scenario(
        actions=(
            report(),
            settle,
            deciding.pause,
            deciding.approve,
            an_hour_passes,
            deciding.resume,
            deciding.approve,
            end,
        ),
        file=_APPROVE,
    ),
    "paused": Scenario(actions=(deciding.pause, report(), settle, deciding.resume, end)),
    "a person asks": Scenario(actions=(ask, end)),
    "a schedule asks": Scenario(actions=(follow_schedule, end), file=AUTO | {"schedules": {"nightly": _NIGHTLY}}),
    "a sweep finds it, and finds it clear": Scenario(
        actions=(break_web, sweep, settle, mend_web, sweep, end), file={"mode": "suggest", **_SWEPT}
    ),
    "only watched": Scenario(
        actions=(break_web, sweep, settle, mend_web, sweep, end), file={"mode": "observe", **_SWEPT}
    ),
    "a sweep finds it, and it is healed": Scenario(actions=(break_web, sweep, end, sweep), file=AUTO | _SWEPT),
    "an effect is folded in": Scenario(actions=(report(), report(symptom="http_unhealthy"), end), cures=_BOTH),
    "an effect waits for its cause": Scenario(actions=(report(symptom="http_unhealthy"), report(), end)),
    "one run mends two": Scenario(actions=(report(), report(subject="db", service="db"), end)),
    "a storm": Scenario(
        actions=(report(), report(host="h2"), report(host="h3"), end),
        file=AUTO | {"storms": {"hosts": 3, "within": "2m"}},
    ),
    "three hosts": Scenario(actions=(report(), report(host="h2"), report(host="h3"), end)),
    "a person cancels": Scenario(actions=(report(), end), in_run=cancel),
    "the run is refused": Scenario(actions=(report(), end), in_run=refuse),
    "a long run": Scenario(
        actions=(report(), end), in_run=wait_for_renewal, settings={"lease": timedelta(seconds=0.3)}
    ),
    "nothing can be measured yet": Scenario(actions=(report(), end), flaky=True),
    "the policy's yes meets a cooldown": Scenario(
        actions=(
            deciding.pause,
            report(),
            report(subject="db", service="db"),
            settle,
            deciding.resume,
            give_a_sign,
            end,
            leave,
        ),
        file=AUTO | {"cooldown": "10m"},
        cures={},
    ),
    "what is old is pruned": Scenario(actions=(report(), ask, end, a_year_passes, end)),
    "too many wait for a sweep": Scenario(
        actions=(report(), report(host="h2"), sweep, end), file=AUTO | _SWEPT, settings={"most_due": 1}
    ),
    "the fleet can't be read": Scenario(actions=(report(), spoil_the_fleet, end)),
    "tokens and refusals": Scenario(
        actions=(report(symptom="port_closed"), settle, make_token, post_what_is_refused, revoke_token, end),
        file=_APPROVE,
    ),
    "people are asked in Slack": Scenario(
        actions=outside.around(report(), settle, end),
        file=_APPROVE | {"notify": {"slack": "#ops"}},
        settings=outside.SETTINGS,
    ),
    "people come and go": Scenario(actions=(*coming.ACTIONS, report(), end)),
    "an alert is silenced, and heard again": Scenario(
        actions=(
            alerting.somebody_else_knocks,
            alerting.silence,
            alerting.alert_fires,
            settle,
            alerting.end_silence,
            alerting.look_outside,
            settle,
            alerting.alert_is_over,
            end,
        ),
        settings={"alertmanager_token": HOOK_TOKEN},
    ),
    "the worker died in the run": Scenario(actions=(report(), end), in_run=die_once, dies=True),
    "the worker died, and nothing healed": Scenario(actions=(report(), end), in_run=die_once, dies=True, cures={}),
}
