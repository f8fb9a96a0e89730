"""What runs on the hosts: each service is a script in `lab/services/`, called in the host's tree before it boots
(`prepare`), and on the host once it is up (`start`)."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.folders import HostFolder, LabFolder
from lab.layout import HERE, Layout
from lab.programs import LabFailed, last_words, tethered
from lab.record import ACCOUNT, DOMAIN, LabHost, LabRecord
from lab.ssh import over_ssh

SCRIPTS = HERE / "services"
_SHARED, _SERVICES = "/mnt", "/media"
"""Where a tree shows the lab's shared folder and the scripts while it is prepared."""
_SECONDS = 120
_WORKERS = 4

# $1 the tree, $2 the lab's shared folder, $3 the scripts, then the services.
_PREPARE = f"""
set -e
mount -t proc proc "$1/proc"
mount --bind "$2" "$1{_SHARED}"
mount --bind "$3" "$1{_SERVICES}"
tree=$1
shift 3
for service; do
    chroot "$tree" /bin/sh {_SERVICES}/$service.sh prepare </dev/null ||
        {{ echo "preparing $service failed" >&2; exit 1; }}
done
"""
# A script is stored in memory first: its own programs may read standard input, and the disk may be full.
RUN_SCRIPT = 'f=/run/lab-script.$$; cat >"$f"; /bin/sh "$f" "$@" </dev/null; code=$?; rm -f "$f"; exit $code'


def facts(record: LabRecord, layout: Layout, host: LabHost) -> dict[str, str]:
    """What a script is told, in its environment."""
    groups = {
        f"LAB_{group.upper()}": " ".join(f"{one.name}={one.address}" for one in record.in_group(group))
        for group in layout.groups
    }
    return {
        "LAB_NAME": record.name,
        "LAB_HOST": host.name,
        "LAB_ADDRESS": host.address,
        "LAB_GROUP": host.group,
        "LAB_HOSTS": " ".join(f"{one.name}={one.address}" for one in record.hosts),
        "LAB_NETWORK": str(record.network),
        "LAB_CONTROLLER": record.controller,
        "LAB_NAMESERVER": record.nameserver.address,
        "LAB_DOMAIN": DOMAIN,
        "LAB_ACCOUNT": ACCOUNT,
        **groups,
    }


def prepare(record: LabRecord, layout: Layout, host: LabHost, folder: HostFolder, shared: Path) -> None:
    """Set up the host's services in its mounted tree. Raises LabFailed, saying which service and why."""
    done = subprocess.run(
        tethered("/bin/sh", "-c", _PREPARE, "prepare", folder.root, shared, SCRIPTS, *host.services),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": "/root",
            "LAB_SHARED": _SHARED,
            "LAB_SERVICES": _SERVICES,
            **facts(record, layout, host),
        },
    )
    if done.returncode != 0:
        raise LabFailed(f"{host.name}: {last_words(done.stderr or done.stdout)}")


def start(record: LabRecord, layout: Layout, folder: LabFolder) -> None:
    """Call `start` of the services that have one, a service at a time, on all its hosts. Raises LabFailed."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        for name, service in layout.services.items():
            if service.starts:
                hosts = [host for host in record.hosts if name in host.services]
                list(pool.map(lambda host, name=name: _start(record, layout, folder, host, name), hosts))


def script_command(record: LabRecord, layout: Layout, host: LabHost, script: Path, argument: str) -> list[str]:
    """The words that run *script* with *argument* on a host; it comes over standard input."""
    told = [f"{name}={value}" for name, value in facts(record, layout, host).items()]
    return ["/usr/bin/env", *told, "/bin/sh", "-c", RUN_SCRIPT, script.name, argument]


def _start(record: LabRecord, layout: Layout, folder: LabFolder, host: LabHost, name: str) -> None:
    script = SCRIPTS / f"{name}.sh"
    words = script_command(record, layout, host, script, "start")
    said = over_ssh(folder, host, words, stdin=script.read_text(encoding="utf-8"), timeout=_SECONDS)
    if not said.ok:
        raise LabFailed(f"{host.name}: starting {name} failed: {last_words(said.err or said.out)}")
