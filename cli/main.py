"""The border of the command line: whatever goes wrong becomes one line on stderr and an exit code for scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing

from cli.app import app
from cli.page import complain
from cli.session import Session
from core.errors import FleetmendError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, session: Session | None = None) -> int:
    """Run one command and return its exit code; `docs/reference/cli.md` lists them. *argv* is without the program."""
    try:
        with closing(session or Session()) as one:
            code = _run(argv, one)
        sys.stdout.flush()
    except FleetmendError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone, as `head` does. Python flushes once more at its end: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        complain(str(error))
        return FleetmendError.exit_code
    return code


def _run(argv: Sequence[str] | None, session: Session) -> int:
    """Typer ends every command, and every usage error, with SystemExit."""
    try:
        app(args=None if argv is None else list(argv), prog_name="fleetmend", obj=session)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else FleetmendError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
