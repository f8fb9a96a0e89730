"""A message as it reads on a phone is the one that the how-to shows."""

from __future__ import annotations

import re
from pathlib import Path

from core.settings import CHECKOUT
from core.severity import Severity
from tests.people import ADA
from tests.slack_house import open_slack
from tests.slack_text import shown
from tests.world import World

HOWTO = CHECKOUT / "docs" / "howto" / "slack.md"
DIFF = """\
--- before: /etc/web/limits.conf
+++ after: /etc/web/limits.conf
@@ -1,8 +1,8 @@
 # limits of web
-workers = 2
+workers = 4
 timeout = 30
-backlog = 64
+backlog = 128
 user = web
@@ -40,4 +40,3 @@
-log = debug
 # end
"""


def blocks_of(page: str) -> list[str]:
    """The messages that the page shows."""
    return re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)


def steady(text: str) -> str:
    """Without what differs from run to run."""
    return re.sub(r"inc-\w{16}", "inc-m8d3k639e0tx39fg", re.sub(r"Plan [0-9a-f]{8}", "Plan 0d8ada90", text))


def test_the_how_to_shows_what_people_get(tmp_path: Path) -> None:
    with open_slack(tmp_path, world=World(diffs={"h1": DIFF})) as at:
        incident, message = at.asked(severity=Severity.CRITICAL, evidence={"state": "failed", "result": "exit-code"})
        asked = steady(shown(message))
        at.house.loop.decisions.approve(incident.id, ADA)
        at.house.settle_down()
        at.tell()
        [head] = at.slack.heads()
        told = steady(shown(head))
        account = "\n".join(steady(shown(reply)) for reply in at.slack.thread(head))
    print(asked, told, account, sep="\n\n")
    assert [asked, told, account] == blocks_of(HOWTO.read_text())[:3]
