"""`playbooks/catalog.lock`: the digests of what somebody has read and found fit to run. Law 2 rests on it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, StringConstraints

from catalog.allowlist import RULES
from core.errors import BadInput
from core.model import Model, Name
from core.yaml_files import YamlFile

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_HEADER = """\
# What was vetted: a digest over each remedy's playbook, card and roles, and over each probe's card and script.
# A remedy or probe whose files differ from this does not run; nor does a remedy that was vetted under other rules than
# those that fleetmend has now. Don't edit it by hand: read what has changed, then run
#     fleetmend catalog vet <name>
# and commit this file together with the change.
"""


class Lock(Model):
    """The content of the lock: id -> digest."""

    remedies: dict[Name, Digest] = Field(default_factory=dict)
    probes: dict[Name, Digest] = Field(default_factory=dict)
    rules: dict[Name, int] = Field(default_factory=dict)
    """Under which rules each remedy was vetted (`catalog.allowlist.RULES`); none, if that was before there were any."""

    def vouches_for(self, remedy: str, digest: str) -> bool:
        """Whether *remedy* was vetted with this *digest*, and under the rules that hold now."""
        return self.remedies.get(remedy) == digest and self.rules.get(remedy) == RULES


def lock_path(content: Path) -> Path:
    """Where the lock of a content folder lies."""
    return content / "playbooks" / "catalog.lock"


def read_lock(content: Path) -> Lock:
    """Read the lock of *content*; without a file, nothing is vetted. Raises BadInput."""
    path = lock_path(content)
    return YamlFile.read(path).as_model(Lock) if path.exists() else Lock()


def write_lock(content: Path, lock: Lock) -> None:
    """Write the lock of *content*, all or nothing, in a stable order. Raises BadInput if it can't be written."""
    path = lock_path(content)
    text = _HEADER + yaml.safe_dump(lock.model_dump(), sort_keys=True, default_flow_style=False, width=200)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".catalog.lock-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise BadInput(f"can't be written: {error.strerror}", file=path) from None
