"""The whole OpenAPI document, asked by people of every role: no fault, answers as documented, nothing of another fleet.

Schemathesis makes the requests. Where it makes up an id or a name, the next ones are those of things that are there, of
either fleet, because nobody finds those by chance.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import SELF_AUTHENTICATED
from tests.engines import rows_of
from tests.people import owner
from tests.two_fleets import MINE, ONLY_THEIRS, PASSWORD, SLACK, THEIRS, VAULT, TwoFleets, two_fleets

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8
ROLES = (None, "reporter", "viewer", "operator", "approver", "local_admin", "admin")
THINGS = {
    "incident_id": lambda two, fleet: two.ids[fleet]["incident_id"],
    "run_id": lambda two, fleet: two.ids[fleet]["run_id"],
    "plan_id": lambda two, fleet: two.ids[fleet]["plan_id"],
    "fleet_name": lambda _two, fleet: fleet,
    "scope": lambda _two, fleet: fleet,
    "remedy_id": lambda _two, _fleet: "restart",
    "person_name": lambda _two, fleet: {MINE: "sacrifice", THEIRS: "yankee"}[fleet],
    "silence_id": lambda two, fleet: two.ids[fleet]["silence_id"],
    "source": lambda _two, _fleet: "alertmanager",
    "token_name": lambda _two, fleet: {MINE: "sacrificed", THEIRS: "of-yankee"}[fleet],
}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoFleets]:
    folder = tmp_path_factory.mktemp("schema")
    with two_fleets(folder) as opened:
        store = opened.house.loop.context.store
        for fleet in (MINE, THEIRS):
            words = {MINE: "a quiet night", THEIRS: "merger of the two banks"}[fleet]
            silencing = opened.house.loop.silencing
            silence = silencing.silence(fleet, owner("ops"), words, lasts=timedelta(hours=1), symptom="load_high")
            opened.ids[fleet]["silence_id"] = silence.id
        store.people.add("sacrifice", "test")
        store.tokens.make("sacrificed", "test", person="sacrifice")
        store.passwords.set("yankee", PASSWORD, "test")
        store.sessions.open("yankee", "password", "192.0.2.1")
        yield opened


@pytest.fixture(scope="module")
def secrets(two: TwoFleets) -> list[str]:
    """What no answer may ever hold: tokens, what is stored of them, of passwords and of sessions, vaulted values."""
    state = two.house.content.parent / "state"
    stored = [str(value) for table in ("sessions", "passwords") for row in rows_of(state, table) for value in row]
    digests = [str(row[2]) for row in rows_of(state, "tokens")]
    key = (state / "journal.key").read_text().strip()
    long = [one for one in stored if len(one) > 40 and " " not in one]
    assert len(long) == 3
    return [*two.tokens.values(), *digests, *long, key, VAULT, SLACK, PASSWORD]


def test_the_secrets_are_there_to_be_found(two: TwoFleets, secrets: list[str]) -> None:
    assert len(secrets) > 15
    assert all(len(one) > 12 for one in secrets)


@pytest.mark.parametrize("role", ROLES, ids=str)
def test_every_operation(two: TwoFleets, secrets: list[str], role: str | None) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", two.app)
    headers = {} if role is None else {"Authorization": f"Bearer {two.tokens[role]}"}
    statuses: Counter[int] = Counter()
    fleets = itertools.cycle((MINE, THEIRS))
    with asgi.get_client(two.app) as client:
        for result in schema.get_all_operations():
            operation = result.ok()
            if role == "admin" and operation.label.startswith("POST /api/v1/people/{person_name}/disable"):
                continue  # whom it disables is gone for the others

            @settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                for name in case.path_parameters or {}:
                    fleet = next(fleets)
                    if sum(statuses.values()) % 3:
                        case.path_parameters[name] = THINGS[name](two, fleet)
                case.headers = {}
                answer = case.call(session=client, headers=headers)
                if not case.formatted_path.startswith(SELF_AUTHENTICATED):  # no token lets anybody in there
                    statuses[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)
                _nothing_leaks(case, answer, role, secrets)

            ask()
    store = two.house.loop.context.store
    assert store.proof().violation is None
    if role is None:
        assert set(statuses) <= {200, 401}
    else:
        assert statuses[200] > 20, statuses
        assert statuses[401] == 0, "everybody is still in"


def _nothing_leaks(case: Any, answer: Any, role: str | None, secrets: list[str]) -> None:
    sent = json.dumps([case.path_parameters, str(case.query), str(case.body)], default=str) + case.formatted_path
    text = answer.text
    assert [one for one in secrets if one in text] == []
    if role != "admin":
        assert [one for one in ONLY_THEIRS if one in text and one not in sent] == [], (case.formatted_path, text)
