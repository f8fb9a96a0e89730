"""The environment that every Ansible process gets: small, the same in every room, and free of fleetmend's own secrets.

It starts empty and takes over only what is named here, so that a database URL or a token of this process can never
reach a playbook, an inventory script or ansible-runner's artifacts. Pure but for reading `ansible.cfg`; whoever starts
a process hands the result to it as the whole environment.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from core.host_keys import DEFAULT_SSH_ARGS, checked_arguments

_TAKEN_OVER = ("HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "FLEETMEND_DEMO")
_FALLBACK_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_TAKEN_OVER = frozenset(
    {
        # These change what runs or how it is read, without a trace in the plan.
        "ANSIBLE_RUN_TAGS",
        "ANSIBLE_SKIP_TAGS",
        "ANSIBLE_INVENTORY",
        "ANSIBLE_FORCE_COLOR",
        # Host keys are fleetmend's own setting: FLEETMEND_SSH_HOST_KEYS.
        "ANSIBLE_HOST_KEY_CHECKING",
        "ANSIBLE_SSH_HOST_KEY_CHECKING",
        "ANSIBLE_PARAMIKO_HOST_KEY_CHECKING",
        "ANSIBLE_PARAMIKO_HOST_KEY_AUTO_ADD",
    }
)
_PATHS = (
    "ANSIBLE_CONFIG",
    "ANSIBLE_VAULT_PASSWORD_FILE",
    "ANSIBLE_PRIVATE_KEY_FILE",
    "ANSIBLE_BECOME_PASSWORD_FILE",
    "ANSIBLE_CONNECTION_PASSWORD_FILE",
)
_CONTENT_PATHS = (
    "ANSIBLE_ACTION_PLUGINS",
    "ANSIBLE_COLLECTIONS_PATH",
    "ANSIBLE_FILTER_PLUGINS",
    "ANSIBLE_LIBRARY",
    "ANSIBLE_LOOKUP_PLUGINS",
    "ANSIBLE_MODULE_UTILS",
    "ANSIBLE_TEST_PLUGINS",
)
_OURS = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_NOCOWS": "1",
    "ANSIBLE_RETRY_FILES_ENABLED": "false",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_HOST_KEY_CHECKING": "true",
}


def ansible_environment(
    environ: Mapping[str, str],
    *,
    content: Path,
    fleet_folder: Path | None,
    pass_variables: Iterable[str],
    ssh_host_keys: str,
    state: Path,
    python_bin: Path,
) -> dict[str, str]:
    """Return the whole environment of an Ansible process.

    *environ* is this process's environment, of which `ANSIBLE_*`, a few names and *pass_variables* are taken over.
    `ansible.cfg` is the environment's, else *fleet_folder*'s, else *content*'s, else what Ansible finds by itself.
    *ssh_host_keys* is `accept-new` or `strict`; *python_bin* is the folder with `ansible-playbook`, first on PATH.
    Raises BadInput for SSH options that no shell could split.
    """
    names = {
        *_TAKEN_OVER,
        *pass_variables,
        *(name for name in environ if name.startswith("ANSIBLE_")),
    } - _NOT_TAKEN_OVER
    result = {name: environ[name] for name in sorted(names) if name in environ}
    for name in _PATHS:
        if name in result and not result[name].startswith(("~", "/")):
            # Ansible runs in a folder of its own, where a relative path would mean something else.
            result[name] = str(Path(result[name]).absolute())
    result["PATH"] = f"{python_bin}:{environ.get('PATH') or _FALLBACK_PATH}"
    result |= _OURS
    result.setdefault("ANSIBLE_LOCAL_TEMP", str(state / "ansible-tmp"))

    chosen = _config_file(result, content=content, fleet_folder=fleet_folder)
    if chosen is not None:
        result["ANSIBLE_CONFIG"] = str(chosen)
    config = _read_config(chosen or _config_of_the_user(result))
    if "ANSIBLE_SSH_PIPELINING" not in result and not any(
        config.has_option(section, "pipelining") for section in ("defaults", "connection", "ssh_connection")
    ):
        result.setdefault("ANSIBLE_PIPELINING", "true")
    result |= _host_key_options(result, config, ssh_host_keys)
    return result


def content_paths(project: Path) -> dict[str, str]:
    """Have Ansible take what a remedy runs from the copy in *project* and from its own installation, and nowhere else.

    Else a file below `~/.ansible` or `/usr/share/ansible` could stand in for a module, filter or collection that was
    vetted. What says how hosts are reached (connections, inventories, `become`) is the fleet's, and is left alone.
    """
    nowhere = str(project / "no-plugins")
    return {"ANSIBLE_ROLES_PATH": str(project / "roles")} | dict.fromkeys(_CONTENT_PATHS, nowhere)


@dataclass(frozen=True, kw_only=True)
class AnsibleEnvironment:
    """`ansible_environment` with everything but the fleet settled, for rooms that start Ansible."""

    environ: Mapping[str, str]
    content: Path
    state: Path
    python_bin: Path
    """The folder with `ansible-playbook` and its kin; `Path(sys.executable).parent` in a virtual environment."""
    pass_variables: tuple[str, ...] = ()
    ssh_host_keys: str = "accept-new"

    def for_fleet(self, folder: Path | None) -> dict[str, str]:
        """Return the environment for Ansible processes that work on the fleet in *folder*."""
        return ansible_environment(
            self.environ,
            content=self.content,
            fleet_folder=folder,
            pass_variables=self.pass_variables,
            ssh_host_keys=self.ssh_host_keys,
            state=self.state,
            python_bin=self.python_bin,
        )


def _config_file(environment: Mapping[str, str], *, content: Path, fleet_folder: Path | None) -> Path | None:
    if "ANSIBLE_CONFIG" in environment:
        given = Path(environment["ANSIBLE_CONFIG"]).expanduser()
        return given / "ansible.cfg" if given.is_dir() else given
    for folder in (fleet_folder, content):
        if folder is not None and (folder / "ansible.cfg").is_file():
            return (folder / "ansible.cfg").absolute()
    return None


def config_in_force(environment: Mapping[str, str]) -> Path | None:
    """The `ansible.cfg` that Ansible reads in *environment* (as `ansible_environment` makes it), or None."""
    given = environment.get("ANSIBLE_CONFIG")
    return Path(given) if given else _config_of_the_user(environment)


def _config_of_the_user(environment: Mapping[str, str]) -> Path | None:
    """Where Ansible looks next; the current folder is left out, because fleetmend chooses it."""
    home = environment.get("HOME")
    places = [Path(home) / ".ansible.cfg"] if home else []
    return next((place for place in (*places, Path("/etc/ansible/ansible.cfg")) if place.is_file()), None)


def _read_config(path: Path | None) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",), strict=False)
    if path is not None:
        try:
            config.read_string(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            # Ansible reads the same file and says what is wrong with it, in its own words.
            return configparser.ConfigParser(interpolation=None)
    return config


def _host_key_options(
    environment: Mapping[str, str], config: configparser.ConfigParser, ssh_host_keys: str
) -> dict[str, str]:
    """The three sets of SSH options in use, with the host-key rule in them: see `core/host_keys.py`."""

    def in_use(option: str, default: str) -> str:
        given = environment.get(f"ANSIBLE_{option.upper()}")
        return given if given is not None else config.get("ssh_connection", option, fallback=default)

    options = ("ssh_args", "ssh_common_args", "ssh_extra_args")
    texts = [in_use(option, DEFAULT_SSH_ARGS if option == "ssh_args" else "") for option in options]
    try:
        checked = checked_arguments(texts, ssh_host_keys)
    except ValueError as error:
        raise BadInput(f"its SSH options can't be read: {error}", key="ssh_args") from None
    return {f"ANSIBLE_{option.upper()}": text for option, text in zip(options, checked, strict=True)}
