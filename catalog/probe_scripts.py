"""The user's own probes: `probes/<name>.probe.yml` and the read-only script beside it, vetted like a remedy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from catalog.catalog import SHIPPED_PROBES, UserProbe
from catalog.digests import digest_of_paths
from catalog.lock import Lock
from core.digests import digest_of_files
from core.durations import Duration
from core.errors import BadInput, Unvetted
from core.model import Model, Name
from core.yaml_files import YamlFile

_SUFFIX = ".probe.yml"
_NAME = TypeAdapter(Name)


class ProbeCard(Model):
    """The content of a probe's card. `script` is a file beside the card; by default it is called like the probe."""

    title: str = Field(min_length=3, max_length=120)
    description: str = Field(default="", max_length=2000)
    script: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")
    timeout: Duration = timedelta(seconds=10)


def probe_cards(root: Path) -> list[Path]:
    """The probe cards of the content folder *root*, sorted."""
    return sorted((root / "probes").glob(f"*{_SUFFIX}"))


def load_probe(path: Path, lock: Lock) -> UserProbe:
    """Load the probe with the card at *path*. Raises BadInput: file, line, key, what is allowed."""
    name = path.name.removesuffix(_SUFFIX)
    try:
        _NAME.validate_python(name)
    except ValidationError:
        problem = "the name of a probe has lower-case letters, digits and '_', and begins with a letter"
        raise BadInput(problem, file=path) from None
    if name in SHIPPED_PROBES:
        raise BadInput(f"{name!r} is a shipped probe; call yours something else", file=path)
    yaml = YamlFile.read(path)
    card = yaml.as_model(ProbeCard)
    script = path.with_name(card.script or name)
    if not script.is_file():
        raise yaml.error(f"there is no script {script.name!r} beside the card", "script")
    if card.timeout <= timedelta(0):
        raise yaml.error("it must be longer than 0s", "timeout")
    digest = digest_of_paths({path.name: path, script.name: script})
    return UserProbe(
        name=name,
        title=card.title,
        description=card.description,
        timeout=card.timeout,
        path=script,
        digest=digest,
        vetted=lock.probes.get(name) == digest,
    )


def read_script(probe: UserProbe) -> str:
    """Return the text of the probe's script, for running just this text. Raises Unvetted if it may not run."""
    card = probe.path.with_name(f"{probe.name}{_SUFFIX}")
    try:
        script = probe.path.read_bytes()
        digest = digest_of_files({card.name: card.read_bytes(), probe.path.name: script})
    except OSError as error:
        raise Unvetted(f"probe {probe.name} can't be read: {error.strerror}") from None
    if not probe.vetted or digest != probe.digest:
        raise Unvetted(
            f"probe {probe.name} differs from what was vetted; read it, then `fleetmend catalog vet {probe.name}`"
        )
    try:
        return script.decode()
    except UnicodeDecodeError:
        raise Unvetted(f"probe {probe.name} is not a script in UTF-8") from None
