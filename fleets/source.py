"""Where the other rooms get fleets from: read and resolved once, and again when a file changes or its time is up."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from core.ansible_environment import AnsibleEnvironment, config_in_force
from core.clock import Clock, SystemClock
from core.errors import BadInput, NotFound
from core.file_signatures import Signature, signature_of
from core.fleets import Fleet, FleetFile
from core.yaml_files import YamlFile
from fleets.check_file import check_hosts
from fleets.inputs import digest_of_inputs
from fleets.reading import policy_digest, read_fleet_file
from fleets.resolve import Resolved, Resolver
from fleets.sources import FLEET_FILE, inventory_sources

_FAILURE_HOLDS = timedelta(seconds=10)
"""How long a failed resolution is not tried again while no file changes, so that a dead source is not stormed."""


@dataclass
class _Shelf:
    """What is known of one fleet. `lock` lets one thread at a time resolve it; the others then take its result."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    file: tuple[Signature, tuple[FleetFile, YamlFile]] | None = None
    resolved: _Answer | None = None


class _Answer(NamedTuple):
    signature: Signature
    at: datetime
    result: Fleet | BadInput
    inputs: str | None
    """Digest of the files that it was resolved from, where it depends on nothing else."""


class FleetSource:
    """The fleets under *content*`/inventory`. Safe to use from several threads."""

    def __init__(
        self,
        content: Path,
        *,
        environment: AnsibleEnvironment,
        clock: Clock | None = None,
        timeout: timedelta = timedelta(seconds=60),
        resolve: Callable[[Resolver], Resolved] = Resolver.resolve,
        secrets: frozenset[str] = frozenset(),
    ) -> None:
        """*timeout* bounds each Ansible program. *resolve* is what tests replace to do without Ansible.

        *secrets* are fleetmend's own: they are hidden with those of each fleet.
        """
        self._root = content.absolute() / "inventory"
        self._content = content.absolute()
        self._environment = environment
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._resolve, self._secrets = resolve, secrets
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """The names of the fleets: folders with a `fleet.yml`, sorted."""
        return tuple(sorted(path.parent.name for path in self._root.glob(f"*/{FLEET_FILE}")))

    def folder(self, name: str) -> Path:
        """The folder of the fleet *name*. Raises NotFound, naming the fleets that there are."""
        if name in (".", "..") or "/" in name or not (self._root / name / FLEET_FILE).exists():
            names = self.names()
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise NotFound(f"no fleet {name!r} in {self._root}; {hint}known: {', '.join(names) or 'none'}")
        return self._root / name

    def file(self, name: str) -> FleetFile:
        """The content of the fleet's `fleet.yml`, without resolving its inventory. Raises NotFound, BadInput."""
        return self.file_with_lines(name)[0]

    def file_with_lines(self, name: str) -> tuple[FleetFile, YamlFile]:
        """The same with the file itself, for `check_names`. Raises NotFound, BadInput."""
        folder = self.folder(name)
        shelf = self._shelf(name)
        signature = signature_of([folder / FLEET_FILE])
        known = shelf.file
        if known is None or known[0] != signature:
            known = shelf.file = (signature, read_fleet_file(folder))
        return known[1]

    def get(self, name: str) -> Fleet:
        """The fleet with its resolved hosts. Raises NotFound, BadInput; the first call takes a second or more."""
        folder = self.folder(name)
        shelf = self._shelf(name)
        with shelf.lock:
            file, yaml = self.file_with_lines(name)
            signature = self._signature(folder, file)
            answer = shelf.resolved
            if answer is None or not self._fresh(answer, signature, file):
                answer = shelf.resolved = self._answer(folder, file, yaml, signature)
        return _result(answer)

    def fresh(self, name: str) -> Fleet:
        """The fleet as it is at this moment, whatever `inventory_ttl` says. Raises NotFound, BadInput.

        It is resolved again, unless it depends on nothing but files that are byte for byte the same.
        """
        folder = self.folder(name)
        shelf = self._shelf(name)
        with shelf.lock:
            shelf.file = None
            file, yaml = self.file_with_lines(name)
            answer = shelf.resolved
            if answer is None or answer.inputs is None or answer.inputs != self._inputs(folder, file):
                answer = shelf.resolved = self._answer(folder, file, yaml, self._signature(folder, file))
        return _result(answer)

    def _shelf(self, name: str) -> _Shelf:
        with self._lock:
            return self._shelves.setdefault(name, _Shelf())

    def _fresh(self, answer: _Answer, signature: Signature, file: FleetFile) -> bool:
        holds = file.inventory_ttl if isinstance(answer.result, Fleet) else min(file.inventory_ttl, _FAILURE_HOLDS)
        return answer.signature == signature and self._clock.now() - answer.at < holds

    def _signature(self, folder: Path, file: FleetFile) -> Signature:
        # Sources outside the fleet's folder count too, with the variables beside them; a missing one is reported by the
        # resolver.
        outside = [folder / given for given in file.inventory]
        beside = [source.parent / name for source in outside for name in ("group_vars", "host_vars")]
        return signature_of([folder, self._content / "ansible.cfg", *outside, *beside])

    def _inputs(self, folder: Path, file: FleetFile) -> str | None:
        """The digest of the files that the fleet is resolved from; None if they can't be told."""
        try:
            sources = inventory_sources(folder, file)
            config = config_in_force(self._environment.for_fleet(folder))
        except (BadInput, OSError):
            return None
        return digest_of_inputs(folder, sources, config)

    def _answer(self, folder: Path, file: FleetFile, yaml: YamlFile, signature: Signature) -> _Answer:
        """Resolve the fleet. Its inputs are read before and after: what changed meanwhile may be in it or not."""
        inputs, at = self._inputs(folder, file), self._clock.now()
        result, alone = self._build(folder, file, yaml)
        if not alone or inputs != self._inputs(folder, file):
            inputs = None
        return _Answer(signature, at, result, inputs)

    def _build(self, folder: Path, file: FleetFile, yaml: YamlFile) -> tuple[Fleet | BadInput, bool]:
        """The fleet or what is wrong with it, and whether that depends on its files alone."""
        try:
            environment = self._environment.for_fleet(folder)
            resolved = self._resolve(Resolver(folder=folder, file=file, environment=environment, timeout=self._timeout))
            fleet = Fleet(
                name=folder.name,
                folder=folder,
                file=file,
                hosts=resolved.hosts,
                policy_digest=policy_digest(file),
                secrets=resolved.secrets | self._secrets,
            )
            check_hosts(yaml, fleet)
        except BadInput as problem:
            return problem, False
        return fleet, resolved.from_files_alone


def _result(answer: _Answer) -> Fleet:
    if isinstance(answer.result, BadInput):
        raise answer.result.with_traceback(None)
    return answer.result
