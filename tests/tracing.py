"""Runs a remedy as the runner does, and writes down which files Ansible opens on this machine while it runs.

Python tells an audit hook of each file that it opens and each program that it starts. The hook is put in by a
`sitecustomize` on the path of the run's Python, and only into `ansible-playbook` and its workers: what modules do on a
host is the host's business, also where the host is this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from catalog.source import CatalogSource
from core.ansible_environment import AnsibleEnvironment, content_paths
from core.remedies import Remedy
from core.settings import CHECKOUT

_HOOK = """
import os
import sys

if any(part.endswith("ansible-playbook") for part in sys.orig_argv[:3]):
    record = os.open(os.environ["TRACE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    watched = ("open", "os.listdir", "os.scandir", "os.exec", "os.posix_spawn", "subprocess.Popen", "os.system")

    def hook(event, arguments):
        if event in watched and not isinstance(arguments[0], int):
            line = f"{event} {os.path.abspath(os.fsdecode(arguments[0] or '.'))}\\n"
            os.write(record, line.encode("utf-8", "surrogateescape"))

    sys.addaudithook(hook)
"""


OF_THE_FLEET = (
    *("become", "cache", "callback", "cliconf", "connection", "doc_fragments", "httpapi", "inventory", "netconf"),
    *("shell", "strategy", "terminal", "vars"),
)
"""Plugins that say how hosts are reached and watched: not the remedy's, and so not in its digest."""
OF_CTYPES = {"ldconfig", "gcc", "cc", "ld", "objdump"}
"""Programs that Python asks where a library of the system lies."""


@dataclass(frozen=True)
class Bait:
    """Files outside everything that a run may open."""

    folder: Path

    @property
    def secret(self) -> Path:
        """A file with a secret in it."""
        return self.folder / "secret.txt"

    @property
    def tasks(self) -> Path:
        """A list of tasks."""
        return self.folder / "evil.yml"


def write_hook(folder: Path) -> None:
    """Make *folder*: with it on PYTHONPATH, `ansible-playbook` writes what it opens to the file that TRACE names."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(textwrap.dedent(_HOOK))


def bait_in(folder: Path) -> Bait:
    """Lay bait below *folder*."""
    bait = Bait(folder / "outside")
    bait.folder.mkdir()
    bait.secret.write_text("secret: not for you\n")
    bait.tasks.write_text("- ansible.builtin.debug: {msg: evil}\n")
    return bait


@dataclass(frozen=True)
class Traced:
    """What came of a traced run."""

    output: str
    opened: frozenset[Path]
    """Every file and folder that Ansible opened here, and every program that it started."""


@dataclass(frozen=True)
class Tracer:
    """Runs remedies of *content*, which is its own shipped folder, on the local host web1."""

    root: Path
    content: Path

    @property
    def project(self) -> Path:
        return self.root / "private" / "project"

    @property
    def inventory(self) -> Path:
        return self.root / "inventory"

    @property
    def allowed(self) -> tuple[Path, ...]:
        """Where a run may open files: its private folder, the inventory, Ansible and Python, and the system's own."""
        installed = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}
        own = [self.root / "private", self.inventory, self.root / "remote-tmp", self.root / "hook"]
        system = ["/dev", "/proc", "/usr/lib", "/usr/share/zoneinfo"]
        fleets = [f"/usr/share/ansible/plugins/{kind}" for kind in OF_THE_FLEET]
        return tuple(Path(path) for path in (*own, *sorted(installed), *system, *fleets))

    def command(self, remedy: Remedy) -> list[str]:
        """Stage *remedy* and write the inventory; the command that runs the copy."""
        source = CatalogSource(self.content, self.content)
        assert source.copy_remedy(remedy, self.project) == remedy.digest
        self.inventory.mkdir()
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        lines = [f"        {name}: {value}" for name, value in local.items()]
        lines.append(f"        ansible_remote_tmp: {self.root / 'remote-tmp'}")
        lines.append("        fleetmend_files: {known: {path: /nowhere, source: known.txt}}")
        hosts = "all:\n  hosts:\n    web1:\n" + "\n".join(lines) + "\n"
        (self.inventory / "hosts.yml").write_text(hosts)
        (self.inventory / "known.txt").write_text("known\n")
        program = str(Path(sys.executable).parent / "ansible-playbook")
        playbook = str(self.project / "playbooks" / f"{remedy.id}.yml")
        return [program, "-i", str(self.inventory / "hosts.yml"), "-e", "heal_file=known", playbook]

    def environment(self) -> dict[str, str]:
        """The environment of a run, with the hook in it."""
        write_hook(self.root / "hook")
        home = self.root / "private" / "home"
        home.mkdir(parents=True)
        given = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)}
        base = AnsibleEnvironment(
            environ=given, content=self.content, state=self.root / "private", python_bin=Path(sys.executable).parent
        ).for_fleet(None)
        record = str(self.root / "opened")
        return base | content_paths(self.project) | {"PYTHONPATH": str(self.root / "hook"), "TRACE": record}

    def run(self, remedy: Remedy, *before: str) -> Traced:
        """Run *remedy*, with the words *before* in front of the command (such as `strace`)."""
        environment = self.environment()
        command = [*before, *self.command(remedy)]
        done = subprocess.run(
            command, env=environment, cwd=self.project, capture_output=True, text=True, timeout=240, check=False
        )
        lines = (self.root / "opened").read_text(errors="surrogateescape").splitlines()
        opened = frozenset(Path(line.split(" ", 1)[1]) for line in lines)
        return Traced(done.stdout + done.stderr, opened)

    def outside(self, traced: Traced) -> list[str]:
        """What was opened that lies in none of the places where a run may."""
        on_path = {Path(entry or ".").resolve() for entry in sys.path} | {CHECKOUT}
        return sorted(
            str(path)
            for path in traced.opened - on_path
            if path.name not in OF_CTYPES and not any(path.is_relative_to(folder) for folder in self.allowed)
        )
