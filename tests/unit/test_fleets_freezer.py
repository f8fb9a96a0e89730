"""What an approval binds of the controller: each thing that Ansible reads has a part, and its change is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.ansible_environment import AnsibleEnvironment
from core.errors import Refused, Retryable
from core.fleets import Fleet, FleetFile, Host
from core.frozen import Frozen, differing, same_as_bound
from fleets.freezer import INVENTORY, Freezer, Use
from tests.unit.content import write

USE = Use(hosts=("h1",), copies={"fleetmend_files": "source"})


class Controller:
    """A home, a content folder and a fleet on it."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.content = root, root / "home", root / "content"
        self.folder = self.content / "inventory" / "prod"
        self.variables: dict[str, Any] = {"fleetmend_files": {"web": {"source": "files/web.conf"}}}
        self.environ: dict[str, str] = {}
        write(self.folder / "files" / "web.conf", "good\n")
        write(self.home / ".ssh" / "config", "Include extra\n")
        write(self.home / ".ssh" / "extra", "User deploy\n")
        write(self.content / "ansible.cfg", "[defaults]\nconnection_plugins = plugins\ntimeout = 5\n")
        write(self.content / "plugins" / "own.py", "x = 1\n")
        write(root / "bin" / "ssh", "#!/bin/sh\n").chmod(0o755)
        write(root / "bin" / "vault", "#!/bin/sh\n").chmod(0o755)
        self.freezer = Freezer(self.environment)

    @property
    def environment(self) -> AnsibleEnvironment:
        environ = {"HOME": str(self.home)} | self.environ
        return AnsibleEnvironment(
            environ=environ, content=self.content, state=self.root / "state", python_bin=Path("/b")
        )

    @property
    def fleet(self) -> Fleet:
        host = Host(name="h1", groups=("all", "web"), variables=self.variables)
        return Fleet(name="prod", folder=self.folder, file=FleetFile(), hosts=(host,), policy_digest="p")

    def freeze(self, use: Use = USE) -> Frozen:
        return Freezer(self.environment).freeze(self.fleet, [use])


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


CHANGES: dict[str, tuple[str, Callable[[Controller], object]]] = {
    "a file that an entry names": ("file files/web.conf", lambda c: write(c.folder / "files/web.conf", "bad\n")),
    "the same, gone": ("file files/web.conf", lambda c: (c.folder / "files/web.conf").unlink()),
    "the connection": ("host h1", lambda c: c.variables.update(ansible_shell_executable="/tmp/sh")),
    "what the entry says": ("host h1", lambda c: c.variables.update(ansible_remote_tmp="/srv")),
    "a setting": (
        "ansible.cfg",
        lambda c: write(c.content / "ansible.cfg", "[defaults]\nconnection_plugins = plugins\n"),
    ),
    "the settings, gone": ("ansible.cfg", lambda c: (c.content / "ansible.cfg").unlink()),
    "a plugin": ("plugins", lambda c: write(c.content / "plugins/own.py", "x = 2\n")),
    "a new plugin": ("plugins", lambda c: write(c.content / "plugins/more.py", "x = 2\n")),
    "a plugin in the home": ("plugins", lambda c: write(c.home / ".ansible/plugins/become/own.py", "")),
    "a collection": ("plugins", lambda c: write(c.home / ".ansible/collections/ansible_collections/a/b/c.py", "")),
    "ssh's configuration": ("ssh configuration", lambda c: write(c.home / ".ssh/config", "Include extra\nPort 1\n")),
    "what that includes": ("ssh configuration", lambda c: write(c.home / ".ssh/extra", "User root\n")),
    "the environment": ("environment", lambda c: c.environ.update(ANSIBLE_BECOME_EXE="/tmp/sudo")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_thing_that_ansible_reads_has_its_part(controller: Controller, change: str) -> None:
    part, make = CHANGES[change]
    before = controller.freeze()
    assert controller.freeze().parts == before.parts
    make(controller)
    assert part in differing(before.parts, controller.freeze().parts)
    with pytest.raises(Refused, match=f"changed since it was planned: .*{part}"):
        same_as_bound(before.parts, controller.freeze().parts)


@pytest.mark.parametrize("name", ["ansible_ssh_executable", "ansible_sftp_executable"])
def test_a_program_of_the_controller_that_a_host_names_is_bound(controller: Controller, name: str) -> None:
    program = controller.root / "bin" / "ssh"
    controller.variables[name] = str(program)
    before = controller.freeze()
    program.write_text("#!/bin/sh\nexec evil\n")
    assert differing(before.parts, controller.freeze().parts) == ("programs",)


@pytest.mark.parametrize(
    "said",
    [
        "[ssh_connection]\nssh_executable = ROOT/bin/vault\n",
        "[defaults]\nvault_identity_list = prod@ROOT/bin/vault, dev@prompt\n",
        "[defaults]\nvault_password_file = ../bin/vault\n",
        "[defaults]\nbecome_password_file = ROOT/bin/vault\n",
    ],
)
def test_a_program_that_a_setting_names_is_bound(controller: Controller, said: str) -> None:
    write(controller.content / "ansible.cfg", said.replace("ROOT", str(controller.root)))
    before = controller.freeze()
    (controller.root / "bin" / "vault").write_text("#!/bin/sh\necho other\n")
    assert differing(before.parts, controller.freeze().parts) == ("programs",)


def test_a_script_for_the_vault_is_bound_and_a_password_is_not(controller: Controller) -> None:
    script = controller.root / "bin" / "vault"
    controller.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(script)
    before = controller.freeze()
    script.write_text("#!/bin/sh\necho other\n")
    assert differing(before.parts, controller.freeze().parts) == ("programs",)
    script.chmod(0o600)
    before = controller.freeze()
    script.write_text("renewed")
    assert controller.freeze().parts == before.parts


def test_only_the_entry_that_is_meant_is_bound(controller: Controller) -> None:
    controller.variables["fleetmend_files"]["db"] = {"source": "files/db.conf"}
    write(controller.folder / "files/db.conf", "")
    use = Use(hosts=("h1",), copies=USE.copies, entries={"fleetmend_files": frozenset({"db"})})
    assert [name for name in controller.freeze(use).parts if name.startswith("file ")] == ["file files/db.conf"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "group_vars/all.yml", INVENTORY])
def test_a_file_that_would_be_read_as_something_else_is_refused(controller: Controller, name: str) -> None:
    controller.variables["fleetmend_files"]["web"]["source"] = name
    with pytest.raises(Refused, match="can't be taken from the fleet's folder"):
        controller.freeze()


def test_what_is_given_is_what_was_hashed_and_relative_paths_keep_their_meaning(controller: Controller) -> None:
    write(
        controller.content / "ansible.cfg",
        "[defaults]\nconnection_plugins = plugins:/opt/p\nhost_key_checking = False\n[tags]\nskip = all\nrun=x\n"
        "[ssh_connection]\nssh_args = -o StrictHostKeyChecking=no -4\nretries = 3\n",
    )
    frozen = controller.freeze()
    assert set(frozen.files) == {INVENTORY, "files/web.conf"}
    assert frozen.files["files/web.conf"] == b"good\n"
    text = frozen.config.decode()
    assert f"connection_plugins = {controller.content}/plugins:/opt/p" in text
    assert "retries = 3" in text
    for word in ("host_key_checking", "skip", "run", "StrictHostKeyChecking"):
        assert word not in text
    assert frozen.environment["ANSIBLE_SSH_ARGS"] == "-o StrictHostKeyChecking=accept-new -4"


def test_a_fault_that_passes_is_no_change(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_descriptor(_path: Path) -> bytes:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", no_descriptor)
    with pytest.raises(Retryable):
        controller.freeze()
