"""`--keep`: after the report the hosts, the loop and the API stay up, for people to break things by hand."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from api.app import create_app
from api.server import Server
from cli.clean import clean
from cli.demo.interrupts import Interrupts
from cli.demo.place import HOSTS_VARIABLE
from cli.demo.show import Stage
from cli.demo.words import shortened
from cli.session import person
from cli.watch import Watch

_TOKEN = "demo"  # noqa: S105 - the name of the token, not the token
_LOOK_SECONDS = 0.5
_BREAK = (
    ("the service", 'kill -9 "$({supervisorctl} -c "$FLEETMEND_DEMO/demo1/supervisord.conf" pid web)"'),
    ("the logs", 'head -c 4M /dev/zero > "$FLEETMEND_DEMO/demo2/logs/web.log.1"'),
    ("the configuration", 'echo "max_items = 0" >> "$FLEETMEND_DEMO/demo2/web/web.conf"'),
    ("a core", '{python} "$FLEETMEND_DEMO/demo3/jobs/runaway.py" &'),
)


def keep_running(stage: Stage, console: Console, interrupts: Interrupts) -> None:
    """Serve the API, say where everything is and what can be tried, and tell what happens, until Ctrl-C."""
    loop = stage.loop
    token = loop.context.store.tokens.make(_TOKEN, f"person:{person()}")
    watch = Watch(loop.context.store)
    with Server(create_app(loop), host="127.0.0.1", port=0) as server:

        def line(text: str) -> None:
            console.print(Text(clean(text)), soft_wrap=True)

        line("")
        line(f"Everything stays up until Ctrl-C. The API is documented on {server.url}/api/v1/docs.")
        line("In another terminal:")
        variables = {
            "FLEETMEND_URL": server.url,
            "FLEETMEND_TOKEN": token,
            "FLEETMEND_STATE": stage.place.state,
            "FLEETMEND_CONTENT": stage.place.content,
            HOSTS_VARIABLE: stage.place.hosts,
        }
        for name, value in variables.items():
            line(f"    export {name}={shlex.quote(str(value))}")
        line("    fleetmend incidents --all")
        line("Break something:")
        tools = {"python": sys.executable, "supervisorctl": Path(sys.executable).with_name("supervisorctl")}
        for what, command in _BREAK:
            line(f"    {command.format(**tools)}    # {what}")
        while not interrupts.wait(_LOOK_SECONDS):
            for text in watch.lines():
                line(shortened(text))
        line("Stopping …")
    interrupts.forget()
