"""`fleetmend_processes`: the processes that are watched, and that may be acted on."""

from __future__ import annotations

from monitor.entries.fields import Entry, Regex


class ProcessEntry(Entry):
    """One of `fleetmend_processes`: a regular expression that is searched in command lines."""

    match: Regex
