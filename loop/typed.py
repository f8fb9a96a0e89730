"""The slash command: the few things that are asked of a phone, filtered by what whoever asks may read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from approver.slack.texts import Block, glue, link, one_line, rich, run_of, section
from core.errors import BadInput, Conflict, NotFound, Refused
from core.incidents import Incident
from core.pauses import EVERY_FLEET
from core.people import Access, Act
from core.plans import hosts_in_words
from core.states import LIVE, State
from loop.context import Context
from loop.decisions import Decisions
from loop.desk import Desk
from loop.stories import link_of

_MOST = 15
_READ_AT_ONCE = 1000
_REPEATABLE = frozenset({"status", "incidents", "help", "approve", "pause", "resume", ""})
HELP = (
    ("status", "how each of your fleets stands"),
    ("incidents", "what is open, the newest first"),
    ("ask FLEET [HOST] WORDS…", "ask for something; it becomes a plan under the same policy as any other"),
    (
        "approve ID [HASH]",
        "say yes to the plan of an incident; with the first characters of its hash, to that plan only",
    ),
    ("pause FLEET|* REASON…", "let no run start"),
    ("resume FLEET|*", "let runs start again"),
    ("help", "this"),
)
Answer = tuple[str, list[Block]]


class TypedCommands:
    """Answers `/fleetmend …` with a line for the notification and its blocks. Raises what the desk raises."""

    def __init__(self, context: Context, desk: Desk, decisions: Decisions) -> None:
        self._context, self._desk, self._decisions = context, desk, decisions
        self._commands: dict[str, Callable[[list[str], Access], Answer]] = {
            "status": self._status,
            "incidents": self._incidents,
            "ask": self._ask,
            "approve": self._approve,
            "pause": self._pause,
            "resume": self._resume,
            "help": lambda _words, _who: _help(),
            "": lambda _words, _who: _help(),
        }

    def may_be_repeated(self, text: str) -> bool:
        """True if doing it twice is the same as doing it once."""
        return _verb(text) in _REPEATABLE

    def answer(self, text: str, who: Access) -> Answer:
        """Do what *text* says, as *who*."""
        command = self._commands.get(_verb(text))
        if command is None:
            raise BadInput(f"there is no {_verb(text)[:40]!r}; /fleetmend help says what there is")
        return command(one_line(text).split()[1:], who)

    def _status(self, _words: list[str], who: Access) -> Answer:
        pauses = {one.scope: one for one in self._context.store.pauses.in_force()}
        counts = self._context.store.incidents.counts()
        lines: list[list[Block]] = []
        everywhere = pauses.get(EVERY_FLEET)
        if everywhere is not None:
            lines.append([run_of(f"Everything is paused by {everywhere.by}: {everywhere.reason}", bold=True)])
        for name in self._readable(who):
            live = {state: counts.get((name, state), 0) for state in State if state in LIVE}
            busy = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in live.items() if number)
            line = [run_of(name, bold=True), glue(": "), run_of(busy or "nothing is open")]
            if name in pauses:
                line += [glue(" "), run_of(f"(paused by {pauses[name].by}: {pauses[name].reason})")]
            lines.append(line)
        return _listed("How the fleets stand", lines, "there is no fleet that you may see")

    def _incidents(self, _words: list[str], who: Access) -> Answer:
        seen = [one for one in self._newest_live() if who.may(Act.READ, one.fleet)]
        lines = [self._line(one) for one in seen[:_MOST]]
        if len(seen) > _MOST:
            lines.append([glue(f"and {len(seen) - _MOST} more")])
        return _listed("Open incidents", lines, "nothing is open that you may see")

    def _ask(self, words: list[str], who: Access) -> Answer:
        if len(words) < 2:
            raise BadInput("say it as: /fleetmend ask FLEET [HOST] WORDS…")
        fleet, rest = words[0], words[1:]
        who.need(Act.OPERATE, fleet)
        names = self._context.fleet(fleet).host_names
        hosts = (rest.pop(0),) if len(rest) > 1 and rest[0] in names else ()
        incident = self._desk.ask(fleet, who, text=" ".join(rest), hosts=hosts)
        asked = f"Asked for {incident.id} on {hosts_in_words(incident.scope)}; it is planned now"
        return asked, [rich(section(run_of(asked)))]

    def _approve(self, words: list[str], who: Access) -> Answer:
        if not 1 <= len(words) <= 2:
            raise BadInput("say it as: /fleetmend approve ID [HASH]")
        incident = self._seen(words[0], who)
        plan = self._context.store.plans.get(incident.plan_id) if incident.plan_id is not None else None
        if plan is None:
            raise Conflict(f"{incident.id} has no plan yet")
        if len(words) == 2 and (len(words[1]) < 4 or not plan.hash.startswith(words[1].lower())):
            raise Conflict(f"the plan of {incident.id} is {plan.hash[:8]} now, not {words[1][:12]}; look again")
        self._decisions.approve(incident.id, who, plan_hash=plan.hash)
        after = self._context.store.incidents.get(incident.id)
        words_after = f"{after.id}: {after.reason} ({plan.title})"
        return words_after, [rich(section(run_of(words_after)))]

    def _pause(self, words: list[str], who: Access) -> Answer:
        if len(words) < 2:
            raise BadInput("say it as: /fleetmend pause FLEET|* REASON…")
        pause = self._desk.pause(words[0], who, " ".join(words[1:])[:500])
        done = f"Paused {_scope(pause.scope)}: {pause.reason}"
        return done, [rich(section(run_of(done)))]

    def _resume(self, words: list[str], who: Access) -> Answer:
        if len(words) != 1:
            raise BadInput("say it as: /fleetmend resume FLEET|*")
        self._desk.resume(words[0], who)
        done = f"Resumed {_scope(words[0])}"
        return done, [rich(section(run_of(done)))]

    def _seen(self, incident_id: str, who: Access) -> Incident:
        """The incident, if *who* may see it; else it does not exist for him."""
        try:
            incident = self._context.store.incidents.get(incident_id)
            who.need(Act.READ, incident.fleet)
        except (NotFound, Refused):
            raise NotFound(f"there is no incident {incident_id[:40]!r} that you may see") from None
        return incident

    def _newest_live(self) -> list[Incident]:
        return self._context.store.incidents.newest(live=True, limit=_READ_AT_ONCE)

    def _readable(self, who: Access) -> list[str]:
        return [name for name in self._context.fleet_source.names() if who.may(Act.READ, name)]

    def _line(self, incident: Incident) -> list[Block]:
        url = link_of(self._context, incident.id)
        return [
            link(url, incident.id) if url is not None else glue(incident.id),
            glue("  "),
            run_of(f"{incident.fleet}: {incident.title}"),
            glue("  "),
            run_of(incident.state.replace("_", " "), bold=True),
        ]


def _verb(text: str) -> str:
    return (text.split() or [""])[0].lower()


def _scope(scope: str) -> str:
    return "every fleet" if scope == EVERY_FLEET else scope


def _listed(title: str, lines: Sequence[Sequence[Block]], empty: str) -> Answer:
    shown = [section(glue(title, bold=True))]
    for line in lines or [[glue(empty)]]:
        shown.append(section(glue("• "), *line))
    return title, [rich(*shown)]


def _help() -> Answer:
    return _listed("/fleetmend …", [[glue(words, bold=True), glue(f": {what}")] for words, what in HELP], "")
