"""The whole way: a problem on three hosts, its plan, its diff, Slack, two of three hosts, a run, and the end."""

from __future__ import annotations

from pathlib import Path

from core.states import State
from tests.people import owner
from tests.slack_house import UADA, open_slack
from tests.slack_text import shown
from tests.world import World

DIFF = """\
--- before: /etc/web/limits.conf
+++ after: /etc/web/limits.conf
@@ -1,3 +1,3 @@
 # limits
-workers = 2
+workers = 4
 timeout = 30
"""


def test_from_a_problem_on_three_hosts_to_the_end_in_the_thread(tmp_path: Path) -> None:
    world = World(diffs={"h1": DIFF, "h2": DIFF, "h3": DIFF})
    with open_slack(tmp_path, world=world, cards={"reach": {"max_hosts": 3}}) as at:
        loop = at.house.loop
        wish = {"remedy": "restart", "hosts": ("h1", "h2", "h3"), "parameters": {"service": "web"}}
        incident, message = at.ask_about(loop.desk.ask("demo", owner("olga"), **wish).id)
        assert incident.state is State.AWAITING_APPROVAL
        asked = shown(message)
        print(asked)
        for words in ("olga asks: restart", "h1, h2, h3", "service=web", "0 of 1 approvals", "+workers = 4", "Approve"):
            assert words in asked

        assert at.press(message, "change", UADA).status_code == 200
        print(shown(at.slack.views[-1]["view"]))
        assert at.fill(UADA, hosts=["h1", "h3"], reason="h2 is drained").json() == {}
        assert at.state(incident) is State.APPROVED
        at.house.settle_down()
        assert at.state(incident) is State.RESOLVED
        assert [step.hosts for step in world.executed] == [("h1", "h3")]

        at.tell()
        [head] = at.slack.heads()
        print(shown(head))
        assert "Done as asked" in shown(head)
        assert "actions" not in {block["type"] for block in head["blocks"]}
        account = "\n".join(shown(reply) for reply in at.slack.thread(head))
        print(account)
        for words in (
            "Asked people",
            "Approved by ada (by slack): h2 is drained",
            "Run began: restart on h1, h3",
            "Verdict",
        ):
            assert words in account
        assert at.tell() == 0


def test_from_alerts_of_three_hosts_to_two_of_them(tmp_path: Path) -> None:
    """A storm: one message, a yes to two of three hosts, one wave after the other, and a new question for the third."""
    world = World(diffs={"h1": DIFF, "h2": DIFF, "h3": DIFF})
    storms = {"storms": {"hosts": 3, "within": "2m"}}
    with open_slack(tmp_path, world=world, cards={"reach": {"max_hosts": 2}}, **storms) as at:
        for host in ("h1", "h2", "h3"):
            told = at.house.report(host=host, source="api:monitor")
        incident, message = at.ask_about(told.id)
        asked = shown(message)
        print(asked)
        assert asked.splitlines()[0] == "demo 3 hosts: A service is not running (web)"
        assert at.press(message, "change", UADA).status_code == 200
        assert at.fill(UADA, hosts=["h1", "h3"], reason="h2 is drained").json() == {}
        at.house.settle_down()
        assert [step.hosts for step in world.executed] == [("h1",), ("h3",)]
        at.tell()
        assert at.state(incident) is State.AWAITING_APPROVAL, "h2 is asked about anew"
        [head] = at.slack.heads()
        print(shown(head))
        account = "\n".join(shown(reply) for reply in at.slack.thread(head))
        print(account)
        for words in ("Run began: restart on h1", "Run began: restart on h3", "goes on for 1 more"):
            assert words in account
        plan = at.house.loop.context.store.plans.get(str(at.house.incident(incident.id).plan_id))
        assert plan.hosts == ("h2",)
