"""Reads `inventory/sources.yml`, which lies beside the fleets, and the secrets that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import BadInput
from core.file_signatures import Signature, signature_of
from core.sources import KINDS, SecretFrom, Source, SourceName
from core.yaml_files import YamlFile

FILE = "sources.yml"
_NAME = TypeAdapter(SourceName)
_LONGEST_SECRET = 4096
_SHORTEST_SECRET = 12


class SourcesFile:
    """The sources of a content folder, read again when the file changes. Safe between threads."""

    def __init__(self, content: Path) -> None:
        self.path = content.absolute() / "inventory" / FILE
        self._known: tuple[Signature, dict[str, Source], YamlFile | None] | None = None

    def current(self) -> Mapping[str, Source]:
        """The sources as the file says now; none without a file. Raises BadInput: file, line, key, what is allowed."""
        return self.with_lines()[0]

    def with_lines(self) -> tuple[Mapping[str, Source], YamlFile | None]:
        """The same with the file itself, for messages about it. Raises BadInput."""
        signature = signature_of([self.path])
        known = self._known
        if known is None or known[0] != signature:
            sources, yaml = self._read()
            known = self._known = (signature, sources, yaml)
        return known[1], known[2]

    def last_good(self) -> Mapping[str, Source]:
        """The sources as they are, or as they were before somebody made a mistake. Raises BadInput without either."""
        try:
            return self.current()
        except BadInput:
            if self._known is None:
                raise
            return self._known[1]

    def _read(self) -> tuple[dict[str, Source], YamlFile | None]:
        if not self.path.exists():
            return {}, None
        yaml = YamlFile.read(self.path)
        if not isinstance(yaml.data or {}, dict):
            raise yaml.error("a mapping of sources is expected: `<name>: {kind: alertmanager, secret: {env: …}}`")
        return {str(name): _source(yaml, name, entry) for name, entry in (yaml.data or {}).items()}, yaml


def _source(yaml: YamlFile, name: object, entry: object) -> Source:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        problem = "a source's name has lower-case letters, digits, _ and -, and begins with a letter"
        raise yaml.error(problem, str(name)) from None
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind not in KINDS:
        place = (str(name), "kind") if isinstance(entry, dict) and "kind" in entry else (str(name),)
        raise yaml.error(f"a source needs a kind: {', '.join(sorted(KINDS))}", *place)
    return yaml.as_model(KINDS[kind], at=(name,))  # type: ignore[arg-type]


def secret_of(secret: SecretFrom, beside: Path) -> str:
    """The secret itself. A relative file is beside `sources.yml`, in *beside*. Raises BadInput."""
    if secret.env is not None:
        value, place = os.environ.get(secret.env, ""), f"the environment variable {secret.env}"
    else:
        path = beside / (secret.file or "")
        try:
            value, place = path.read_text(encoding="utf-8")[: _LONGEST_SECRET + 1].strip(), f"the file {path}"
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise BadInput(f"its secret can't be read: {why}", file=path) from None
    if not _SHORTEST_SECRET <= len(value) <= _LONGEST_SECRET:
        raise BadInput(f"{place} holds {len(value)} characters: a secret has {_SHORTEST_SECRET} to {_LONGEST_SECRET}")
    return value
