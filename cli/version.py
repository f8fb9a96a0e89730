"""Which fleetmend this is."""

from __future__ import annotations


def version() -> str:
    """The installed version; `unknown` for a checkout that was not installed."""
    from importlib import metadata

    try:
        return metadata.version("fleetmend")
    except metadata.PackageNotFoundError:
        return "unknown"
