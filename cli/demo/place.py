"""Where a demo lives: a private folder with state, content and hosts, and the settings that point there.

Nothing of the user's is used or touched: not the state folder, not the database, not other fleets of the checkout, not
`~/.ansible`. All of it goes away at the end.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.settings import CHECKOUT, Settings, read_settings

FLEET = "demo"
HOSTS_VARIABLE = "FLEETMEND_DEMO"
"""What `inventory/demo` reads to find the hosts' folders."""

_MODEL_SECONDS = 60.0
"""The most that one answer of a model may take here; then rules answer, and there is still time to heal."""
_ANSIBLE_CONFIG = """\
# The demo's own, so that nothing outside of its folder is read or written.
[defaults]
home = {home}
remote_tmp = {home}/tmp
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folder of one demo, and what lies in it."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def hosts(self) -> Path:
        return self.root / "hosts"

    @property
    def app(self) -> Path:
        """The application that the hosts run."""
        return self.content / "inventory" / FLEET / "app"

    @property
    def log(self) -> Path:
        return self.root / "demo.log"


@contextmanager
def private_place() -> Iterator[Place]:
    """Make the folder (mode 0700), and tell the inventory and Ansible of it; at the end, undo both."""
    root = Path(tempfile.mkdtemp(prefix="fleetmend-demo-")).resolve()
    place = Place(root=root)
    variables = {HOSTS_VARIABLE: str(place.hosts), "TMPDIR": str(root / "tmp")}
    before = {name: os.environ.get(name) for name in variables}
    try:
        place.hosts.mkdir()
        (root / "tmp").mkdir()
        shutil.copytree(CHECKOUT / "inventory" / FLEET, place.content / "inventory" / FLEET)
        config = place.content / "ansible.cfg"
        config.write_text(_ANSIBLE_CONFIG.format(home=root / "ansible"), encoding="utf-8")
        os.environ.update(variables)
        yield place
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(root, ignore_errors=True)


def settings_for(place: Place, *, model: str | None = None) -> Settings:
    """The user's settings, but for the state, the content and the servers of a real installation. Raises BadInput."""
    settings = read_settings(state=place.state, content=place.content, model=model)
    return settings.model_copy(
        update={
            "database_url": None,
            "broker_url": None,
            "url": None,
            "token": None,
            "model_timeout": min(settings.model_timeout, timedelta(seconds=_MODEL_SECONDS)),
        }
    )


@contextmanager
def log_to(path: Path, level: str) -> Iterator[None]:
    """Send what the loop logs to *path* while the block lasts, and nowhere else: the screen belongs to the table."""
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
        handler.close()
