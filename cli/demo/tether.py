"""Becomes a command that ends when the process that started it does: `tether.py <pid of that> <signal> <command…>`.

A program of its own, because a death signal has to be asked for after the fork and before the command, and a fork that
runs Python code is not safe in a process with threads. Linux only. Standard library only: it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, make sure that the starter is not gone already, and become the command."""
    parent, number, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() == int(parent):
        os.execv(command[0], command)  # noqa: S606 - an argument list, as everywhere


if __name__ == "__main__":
    main()
