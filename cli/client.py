"""The API as the command line sees it: paths in, JSON out, and the API's problems as the errors that they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.errors import BadInput, Conflict, FleetmendError, NeedsHuman, NotFound, Refused, Retryable

if TYPE_CHECKING:
    import httpx

    from core.settings import Settings

BASE = "/api/v1"
_KINDS: dict[str, type[FleetmendError]] = {
    "urn:fleetmend:bad-input": BadInput,
    "urn:fleetmend:refused": Refused,
    "urn:fleetmend:forged": Refused,
    "urn:fleetmend:too-many": Retryable,
    "urn:fleetmend:not-found": NotFound,
    "urn:fleetmend:conflict": Conflict,
    "urn:fleetmend:needs-human": NeedsHuman,
    "urn:fleetmend:retry": Retryable,
    "urn:fleetmend:not-ready": Retryable,
}
"""What the API's kinds of problem are here, so that an exit code is the same over the network and in process."""
_UNKNOWN_TOKEN = 401
_LATER = frozenset({429, 502, 503, 504})
"""What something between us and the API may answer."""
_LONGEST = 1000
_TIMEOUT_SECONDS = 120.0
"""A preview and a fleet's check wait for Ansible."""


class Client:
    """Calls the API below `/api/v1`. Every method returns the decoded answer (None if it is empty).

    Raises the error of `core.errors` that the API answered with; Retryable if nobody answers.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, path: str, **query: object) -> Any:
        """GET; query parameters that are None are left out."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Any:
        """POST *body* as JSON."""
        return self._call("POST", path, body=body)

    def put(self, path: str, body: object) -> Any:
        """PUT *body* as JSON."""
        return self._call("PUT", path, body=body)

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self._call("DELETE", path)

    def close(self) -> None:
        """Give connections, or the database, back."""
        self._http.close()

    def _call(self, method: str, path: str, *, query: dict[str, object] | None = None, body: object = None) -> Any:
        import httpx

        params = {name: _as_query(value) for name, value in (query or {}).items() if value is not None}
        try:
            answer = self._http.request(method, BASE + path, params=params, json=body, timeout=_TIMEOUT_SECONDS)
        except httpx.InvalidURL as error:
            raise BadInput(str(error), key="FLEETMEND_URL") from None
        except httpx.HTTPError as error:
            where = self._http.base_url
            raise Retryable(
                f"{where} does not answer ({error or type(error).__name__}); is `fleetmend up` running?"
            ) from None
        if answer.is_error:
            raise error_of(answer.status_code, answer.text)
        return answer.json() if answer.content else None


def open_client(settings: Settings, person: str) -> Client:
    """A client of the API at `settings.url`; without one, of the API in this process, over the local state.

    In process every act is that of *person*, who owns the state folder; over the network it is the token's owner's.
    """
    if settings.url is None:
        from api.in_process import client
        from cli.shipped_demo import point_at_hosts, shipped_app

        if shipped_app(settings) is not None:
            point_at_hosts(settings)
        return Client(client(settings, person))
    import httpx

    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
    try:
        return Client(httpx.Client(base_url=settings.url.rstrip("/"), headers=headers))
    except httpx.InvalidURL as error:
        raise BadInput(str(error), key="FLEETMEND_URL") from None


def error_of(status: int, text: str) -> FleetmendError:
    """The error behind an answer with the HTTP status *status* and the body *text*, a problem of the API's or not."""
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "detail" not in problem:
        problem = {"detail": f"something answered {status} at {BASE}, and it was not fleetmend"}
    detail = str(problem["detail"])[:_LONGEST]
    if status == _UNKNOWN_TOKEN:
        return Refused(f"{detail}; set FLEETMEND_TOKEN to what `fleetmend tokens make NAME` printed there")
    known = _KINDS.get(str(problem.get("type")))
    return (known or (Retryable if status in _LATER else FleetmendError))(detail)


def _as_query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
