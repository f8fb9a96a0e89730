"""Settling: ending what a run left behind when the worker that drove it died (law 5: it is never run again)."""

from __future__ import annotations

from pathlib import Path

from core.runs import ProcessRef
from runner.private_folder import LOOKS, RUNS, abandoned, folder_of, remove_folder
from runner.processes import end_run, end_strays


def settle_run(state: Path, run_id: str, process: ProcessRef | None) -> None:
    """End the processes of *run_id* on this machine, then remove its private folder. Doing it twice does no harm.

    *process* is its ansible-playbook as it was recorded, if it was; it is ended only if its start time is the same.
    """
    folder = folder_of(state, RUNS, run_id)
    end_run(run_id, folder, process)
    remove_folder(folder)


def settle_left_runs(state: Path) -> tuple[str, ...]:
    """End what is left on this machine of runs whose workers died, and return their ids.

    Whoever takes the incident over measures what they achieved; he may be on another machine, and can't end them.
    """
    left = abandoned(state.absolute() / RUNS)
    for folder in left:
        end_run(folder.name, folder)
        remove_folder(folder)
    return tuple(folder.name for folder in left)


def settle_looks(state: Path) -> tuple[str, ...]:
    """Clear away the previews and sweeps whose makers died, and return their ids. Others are not touched."""
    left = abandoned(state.absolute() / LOOKS)
    for folder in left:
        end_strays(folder.name)
        remove_folder(folder)
    return tuple(folder.name for folder in left)
