"""The demo fleet that lies in the checkout: `fleetmend up` on that content brings its three hosts up with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo.place import FLEET, HOSTS_VARIABLE
from core.settings import CHECKOUT

if TYPE_CHECKING:
    from core.settings import Settings


def shipped_app(settings: Settings) -> Path | None:
    """The application of the demo's hosts, if the content's demo fleet is the shipped one; else None."""
    shipped = CHECKOUT / "inventory" / FLEET
    is_ours = (settings.content / "inventory" / FLEET).resolve() == shipped.resolve()
    return shipped / "app" if is_ours and shipped.is_dir() else None


def point_at_hosts(settings: Settings) -> Path:
    """Tell the demo's inventory where its hosts are (or would be), and return that folder, in the state folder.

    Every process on the same state says the same, so that previews and checks find the hosts of a running `up`.
    """
    folder = settings.state.absolute() / "demo"
    os.environ[HOSTS_VARIABLE] = str(folder)
    return folder
