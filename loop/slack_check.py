"""What `fleetmend slack check` finds: is everything there from the token to the people, and if not, what is next?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from approver.slack.client import Slack, SlackError
from approver.slack.manifest import NEEDED, SCOPES
from approver.slack.texts import glue, rich, run_of, section
from core.errors import BadInput, Conflict
from core.fleets import FleetFile
from core.messages import Undelivered
from core.people import Act, Person
from fleets.readiness import Finding, Level
from loop.context import Context
from outgoing.clients import client

_SECONDS = 5.0
NO_TOKEN = "FLEETMEND_SLACK_TOKEN is not set, so nobody is told there; see docs/howto/slack.md"  # noqa: S105 - no secret


@dataclass(frozen=True)
class SlackCheck:
    """Checks the way to Slack, and sends a test message."""

    context: Context
    slack: Slack | None

    def findings(self) -> list[Finding]:
        """All that was checked, in the order in which it is set up; it takes seconds."""
        found = [*self._app(), *self._way_back()]
        for name in self.context.fleet_source.names():
            try:
                file = self.context.fleet_source.file(name)
            except BadInput as problem:
                found.append(_error(f"fleet {name}", str(problem)))
                continue
            found += self._fleet(name, file)
        return [*found, *self._deliveries()]

    def test(self, fleet: str) -> str:
        """Post a harmless message where *fleet* is asked. Returns the channel. Raises Conflict and Undelivered."""
        channel = self.context.fleet_source.file(fleet).notify.slack
        if channel is None:
            raise Conflict(f"{fleet} names no channel; write notify.slack in its fleet.yml")
        if self.slack is None:
            raise Conflict(NO_TOKEN)
        words = (
            f"This is a test: fleetmend can post here for the fleet {fleet}. Nothing is wrong, and nothing is asked."
        )
        self.slack.post(channel, words, [rich(section(glue("Test  ·  ", bold=True), run_of(words)))])
        return channel

    def _app(self) -> Iterator[Finding]:
        if self.slack is None:
            yield _error("token", NO_TOKEN)
            return
        try:
            answer, scopes = self.slack.who_are_we()
        except Undelivered as error:
            yield _error("token", str(error))
            return
        yield _ok("token", f"{answer.get('user', 'the bot')} in the workspace {answer.get('team', '?')}")
        if not scopes:
            yield _warning("scopes", "Slack does not say which scopes the token has")
            return
        missing = [scope for scope in SCOPES if scope not in scopes]
        level = Level.ERROR if NEEDED & set(missing) else Level.WARNING
        if missing:
            detail = f"missing: {', '.join(missing)}; install the app again from `fleetmend slack manifest`"
            yield Finding(level=level, what="scopes", detail=detail)
        else:
            yield _ok("scopes", ", ".join(SCOPES))

    def _way_back(self) -> Iterator[Finding]:
        settings = self.context.settings
        if settings.slack_signing_secret is None:
            words = (
                "FLEETMEND_SLACK_SIGNING_SECRET is not set, so no click counts; it is in the app's Basic Information"
            )
            yield _error("signing secret", words)
        else:
            yield _ok("signing secret", "set; only a click shows that it is the right one")
        url = settings.public_url
        if url is None:
            yield _error("public URL", "FLEETMEND_PUBLIC_URL is not set, so Slack can't send clicks here")
        elif not url.startswith("https://"):
            yield _error("public URL", f"Slack sends clicks to https alone, and this is {url}")
        else:
            yield self._reached(url)

    @staticmethod
    def _reached(url: str) -> Finding:
        try:
            with client(_SECONDS) as http:
                answer = http.get(f"{url}/healthz")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            words = f"{url} does not answer from here ({type(error).__name__}); see that it does from outside"
            return _warning("public URL", words)
        if not answer.is_success:
            return _warning("public URL", f"{url}/healthz answers {answer.status_code}; does the proxy lead here?")
        return _ok("public URL", f"{url} answers")

    def _fleet(self, name: str, file: FleetFile) -> Iterator[Finding]:
        what = f"fleet {name}"
        if file.notify.slack is None:
            yield _warning(what, "it names no channel (notify.slack), so nobody is asked in Slack")
            return
        for channel in filter(None, (file.notify.slack, file.notify.next)):
            if self.slack is not None:
                yield _channel(self.slack, what, channel)
        needed = max(file.policy.approve.approvers.model_dump().values())
        everybody = [one for one in self.context.store.people.all() if one.disabled_at is None]
        deciding = [one for one in everybody if _may_decide(one, name)]
        linked = [one.name for one in deciding if one.slack is not None]
        if len(linked) < needed:
            others = ", ".join(one.name for one in deciding if one.slack is None) or "nobody else has the role"
            words = f"{needed} approvers have to be linked to Slack users, and {len(linked)} are"
            yield _error(what, f"{words} (not linked: {others}); fleetmend people slack NAME USER_ID")
        else:
            yield _ok(what, f"can be approved in Slack by {', '.join(linked)}; it takes {needed}")

    def _deliveries(self) -> Iterator[Finding]:
        for one in self.context.store.messages.standings():
            what = f"delivery to {one.channel or one.kind}"
            if one.failures:
                again = f"tried again at {one.next_try_at:%H:%M:%S} UTC" if one.next_try_at else "tried again soon"
                yield _error(what, f"{one.last_error} ({one.failures} times in a row; {again})")
            elif one.last_told_at is not None:
                yield _ok(what, f"told last at {one.last_told_at:%Y-%m-%d %H:%M} UTC")


def _channel(slack: Slack, what: str, channel: str) -> Finding:
    try:
        inside = slack.is_member(channel)
    except SlackError as error:
        return _error(what, f"{channel}: {error}")
    except Undelivered as error:
        return _warning(what, f"{channel}: {error}")
    if not inside:
        return _error(what, f"the app is not in {channel}: in Slack, /invite @fleetmend there")
    return _ok(what, f"the app is in {channel}")


def missing_token(context: Context, name: str) -> Iterator[Finding]:
    """What `fleetmend fleets check` says of a fleet that names a channel while Slack is not set up."""
    notify = context.fleet_source.file(name).notify
    if notify.slack is not None and context.settings.slack_token is None:
        yield _warning("notify", f"it names {notify.slack}, and {NO_TOKEN}")
    if notify.webhook and context.settings.webhook_url is None:
        yield _warning("notify", "it wants the webhook told, and FLEETMEND_WEBHOOK_URL is not set")


def _may_decide(person: Person, fleet: str) -> bool:
    return any(grant.allows(Act.DECIDE, fleet) for grant in person.grants)


def _ok(what: str, detail: str) -> Finding:
    return Finding(level=Level.OK, what=what, detail=detail)


def _warning(what: str, detail: str) -> Finding:
    return Finding(level=Level.WARNING, what=what, detail=detail)


def _error(what: str, detail: str) -> Finding:
    return Finding(level=Level.ERROR, what=what, detail=detail)
