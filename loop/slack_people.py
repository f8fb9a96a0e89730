"""Who somebody in Slack is: the person that the user is linked to, in the workspace and app that the link holds for.

A user id alone says too little: a shared channel or a second workspace may bring the same one. A link is bound at its
first use, and only to the workspace of our own token, which Slack is asked for; from then on it holds for nothing else.
"""

from __future__ import annotations

from approver.slack.callbacks import Where
from approver.slack.client import Slack
from core.errors import Refused
from core.people import Access
from store.people import People

_LONGEST = 40


class SlackPeople:
    """Finds out whom a callback comes from."""

    def __init__(self, people: People, slack: Slack) -> None:
        self._people, self._slack = people, slack
        self._team: str | None = None

    def access(self, where: Where) -> Access | None:
        """What the person may do who sent a signed callback; None if there is none.

        Raises Refused for a user of another workspace or app, Undelivered if Slack has to be asked and does not answer.
        """
        link = self._people.slack_link(where.user)
        if link is None:
            return None
        if not where.team or not where.app or len(where.team) > _LONGEST or len(where.app) > _LONGEST:
            raise _foreign(where)
        if link.team is None or link.app is None:
            if where.team != self._our_team():
                raise _foreign(where)
            link = self._people.bind_slack(where.user, where.team, where.app)
        if (link.team, link.app) != (where.team, where.app):
            raise _foreign(where)
        return self._people.access(link.person, f"slack:{where.user}")

    def _our_team(self) -> str:
        """The workspace that our token is of."""
        if self._team is None:
            answer, _ = self._slack.who_are_we()
            self._team = str(answer.get("team_id") or "")
        return self._team


def _foreign(where: Where) -> Refused:
    place = f"workspace {where.team[:_LONGEST] or '?'}, app {where.app[:_LONGEST] or '?'}"
    return Refused(
        f"your Slack user {where.user[:60]} is not known from here ({place}), so nothing was done; "
        f"if it moved, an admin links it anew: fleetmend people slack NAME {where.user[:60]}"
    )
