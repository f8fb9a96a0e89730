"""Loads the staged copy of a remedy with Ansible, twice: as a run would, and to compare how it is read.

The copy is what `CatalogSource.copy_remedy` makes for a run. `ansible-playbook --syntax-check` loads the playbook, and
then each file of tasks that only an include would reach. Nothing is run on any host.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog.allowlist.document import read_document
from catalog.allowlist.installed import installation
from catalog.dry_load.reading import actions_in, plain
from catalog.remedies import locate
from catalog.source import CatalogSource
from core.ansible_environment import AnsibleEnvironment, content_paths
from core.errors import BadInput
from core.remedies import Remedy

_PROGRAM = Path(__file__).with_name("ansible_reading.py")
_READ_AS_DATA = ("tasks", "handlers", "vars", "defaults", "meta")
_EXTRA_PLAYBOOK = "every_task_file.yml"
_SECONDS = 120
_ORIGIN = re.compile(r"^Origin: (?P<file>[^:\n]+)(?::(?P<line>\d+))?", re.MULTILINE)
_ERROR = re.compile(r"^\[ERROR\]: (?P<problem>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class DryLoad:
    """Has Ansible load remedies of *content* and *shipped*, in the environment of a run."""

    catalog: CatalogSource
    shipped: Path
    environment: AnsibleEnvironment

    def problems(self, remedy: Remedy) -> tuple[BadInput, ...]:
        """What keeps Ansible from loading *remedy*, or from reading it as fleetmend does; nothing if all is well."""
        with tempfile.TemporaryDirectory(prefix="fleetmend-vet-") as name:
            folder = Path(name).resolve()
            staged = _Staged(remedy, folder, locate(remedy, self.shipped))
            if self.catalog.copy_remedy(remedy, staged.project) != remedy.digest:
                return (BadInput("it was changed while it was copied; try again", file=staged.source(staged.playbook)),)
            environment = self.environment.for_fleet(None) | content_paths(staged.project)
            environment["ANSIBLE_LOCAL_TEMP"] = str(folder / "tmp")
            return staged.compared(environment) or staged.loaded(environment, self.environment.python_bin)


class _Staged:
    """The copy of one remedy in a private folder."""

    def __init__(self, remedy: Remedy, folder: Path, sources: Mapping[str, Path]) -> None:
        self._remedy, self._sources = remedy, sources
        self._folder, self.project = folder, folder / "project"
        self.playbook = self.project / "playbooks" / f"{remedy.id}.yml"

    def source(self, copy: Path) -> Path:
        """The file that *copy* is one of."""
        return self._sources.get(str(copy.relative_to(self.project)), copy)

    def compared(self, environment: Mapping[str, str]) -> tuple[BadInput, ...]:
        """Where Ansible reads another content, another module, or a module from elsewhere, than fleetmend does."""
        documents = self._documents()
        ours = {path: read_document(path) for path in documents}
        tasks = [path for path in documents if self._part(path) in ("tasks", "handlers")]
        actions = {path: actions_in(ours[path]) for path in tasks}
        names = sorted({name for found in actions.values() for name, _ in found} | self._in_plays(ours[self.playbook]))
        asked = {
            "documents": [str(path) for path in documents],
            "tasks": [str(path) for path in tasks],
            "roles": [str(path) for path in sorted((self.project / "roles").glob("*"))],
            "modules": names,
        }
        done = _run([sys.executable, str(_PROGRAM)], environment, self.project, json.dumps(asked))
        if done.returncode != 0:
            return (self._said(done, "Ansible can't read it"),)
        theirs = json.loads(done.stdout)
        for path in documents:
            if theirs["documents"][str(path)] != plain(ours[path]):
                return (
                    BadInput("Ansible reads something else than stands here; write it plainly", file=self.source(path)),
                )
        for path, found in actions.items():
            if theirs["actions"][str(path)] != [name for name, _ in found]:
                return (
                    BadInput("Ansible takes other modules out of it; write each task plainly", file=self.source(path)),
                )
        return tuple(self._from_elsewhere(theirs["modules"], actions))

    def loaded(self, environment: Mapping[str, str], python_bin: Path) -> tuple[BadInput, ...]:
        """What Ansible says that it can't load."""
        extra = self.playbook.with_name(_EXTRA_PLAYBOOK)
        extra.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": self._imports()}]))
        program = str(python_bin / "ansible-playbook")
        command = [program, "--syntax-check", "-i", "localhost,", str(self.playbook), str(extra)]
        done = _run(command, environment, self.project)
        return () if done.returncode == 0 else (self._said(done, "Ansible can't load it"),)

    def _documents(self) -> list[Path]:
        found = [self.playbook]
        for name in self._remedy.files:
            parts = name.split("/")
            if parts[0] == "roles" and len(parts) > 3 and parts[2] in _READ_AS_DATA:
                found.append(self.project / name)
        return found

    def _part(self, path: Path) -> str:
        parts = path.relative_to(self.project).parts
        return parts[2] if parts[0] == "roles" else ""

    def _in_plays(self, plays: Any) -> set[str]:
        lists = ("pre_tasks", "tasks", "post_tasks", "handlers")
        return {name for play in plays for part in lists for name, _ in actions_in(play.get(part))}

    def _imports(self) -> list[dict[str, Any]]:
        """Each file of tasks, imported by its role, so that what only an include reaches is loaded, too."""
        imports = []
        for name in self._remedy.files:
            part, _, rest = name.partition("/")
            role, _, inside = rest.partition("/tasks/")
            if part == "roles" and inside:
                imports.append({"ansible.builtin.import_role": {"name": role, "tasks_from": inside}})
        return imports

    def _from_elsewhere(
        self, modules: Mapping[str, Sequence[str]], actions: Mapping[Path, Sequence[tuple[str, int]]]
    ) -> list[BadInput]:
        installed = (*installation(), self.project)
        problems = []
        for path, found in actions.items():
            for name, line in found:
                files = [Path(file).resolve() for file in modules[name]]
                outside = [file for file in files if not any(file.is_relative_to(folder) for folder in installed)]
                if outside:
                    problem = f"Ansible would run {outside[0]}, which no digest covers; put the module into the role"
                    problems.append(BadInput(problem, file=self.source(path), line=line, key=name))
        return problems

    def _said(self, done: subprocess.CompletedProcess[str], otherwise: str) -> BadInput:
        """What Ansible reported, at the file that it is about."""
        text = done.stderr + done.stdout
        error, origin = _ERROR.search(text), _ORIGIN.search(text)
        lines = text.strip().splitlines()
        problem = error["problem"] if error else (lines[-1] if lines else f"exit status {done.returncode}")
        file, line = self.playbook, None
        if origin and Path(origin["file"]).is_relative_to(self.project):
            file, line = Path(origin["file"]), int(origin["line"]) if origin["line"] else None
        problem = problem.replace(f"{self.project}/", "").replace(str(self._folder), "…")
        return BadInput(f"{otherwise}: {problem.strip()}", file=self.source(file), line=line)


def _run(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, given: str = ""
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=dict(environment),
            cwd=folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(list(command), 124, "", f"it took longer than {_SECONDS} seconds")
    except OSError as error:
        raise BadInput(f"Ansible can't be started: {error.strerror}", file=Path(command[0])) from None
