"""The base tree: a small Debian that all hosts are layered on. Built once, aside, then put in place whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.errors import BadInput
from lab.folders import LabsFolder
from lab.layout import HERE
from lab.locks import held
from lab.programs import LabFailed, has, last_words, program, run, tethered
from lab.record import read_record

SUITE = "bookworm"
_EDITION = "1"
"""Change it when `_tidy` changes: it is part of the key."""
_BUILDING = ".building"
_EVERY = 10.0
"""Seconds between two lines about a build under way."""
_MOST_SECONDS = 1800
_UNUSED_SECONDS = 7 * 24 * 3600.0
_TARGETS = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"

# What Debian starts by itself and a host starts only if its services say so; and timers that would only disturb.
_OFF = "chrony dnsmasq haproxy postgresql supervisor nftables rsyslog cron e2scrub_reap"
_OFF += " apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer"
_TIDY = f"""
set -e
systemctl --quiet disable {_OFF} 2>/dev/null
systemctl --quiet mask console-getty.service getty@tty1.service systemd-pstore.service 2>/dev/null
rm -f /etc/ssh/ssh_host_* /var/cache/apt/archives/*.deb /var/log/*.log /var/log/apt/*
: >/etc/machine-id
: >/etc/apt/sources.list
"""


class Source(NamedTuple):
    """Where packages come from."""

    mirror: str
    components: str = "main"


def read_packages(path: Path = HERE / "packages.txt") -> tuple[str, ...]:
    """The packages that a host has, without comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line)


def key_of(packages: tuple[str, ...]) -> str:
    """The name of the base tree that holds *packages*."""
    digest = hashlib.sha256("\n".join((SUITE, _EDITION, *sorted(packages))).encode()).hexdigest()
    return f"{SUITE}-{digest[:12]}"


def find_source(mirror: str | None = None) -> Source:
    """The mirror of Debian that this machine's own apt uses, unless *mirror* is given. Raises BadInput without one."""
    if mirror is not None:
        return Source(mirror)
    if not has("apt-get"):
        raise BadInput("there is no apt here whose mirror of Debian could be used; give one with --mirror")
    targets = [
        line.split("|")
        for line in run("apt-get", "indextargets", "--format", _TARGETS, "Created-By: Packages").splitlines()
    ]
    debian = [
        (site, release) for site, release, component, origin in targets if (component, origin) == ("main", "Debian")
    ]
    sites = [site for site, release in debian if release == SUITE]
    sites += [site for site, release in debian if "-" not in release]
    if not sites:
        raise BadInput("apt on this machine knows no mirror of Debian; run `apt-get update`, or give one with --mirror")
    return Source(sites[0])


def ensure_base(where: LabsFolder, *, say: Callable[[str], None], mirror: str | None = None) -> Path:
    """The base tree for today's package list, built if there is none yet. Raises LabFailed, BadInput."""
    packages, bases = read_packages(), where.bases
    tree = bases / key_of(packages)
    if tree.is_dir():
        os.utime(tree)
        return tree
    with held(where.base_lock, busy=lambda: say("waiting for another lab that builds the base tree …")):
        clear_unfinished(bases)
        if not tree.is_dir():
            bases.mkdir(mode=0o755, parents=True, exist_ok=True)
            source = find_source(mirror)
            say(
                f"building the base tree, once for all labs: {SUITE} with {len(packages)} packages, about two minutes …"
            )
            _build(tree, packages, source, say)
            _clear_unused(where)
    return tree


def clear_unfinished(bases: Path) -> None:
    """Remove what builds that were killed left. Only for whoever holds the lock."""
    for half in bases.glob(f"*{_BUILDING}"):
        shutil.rmtree(half)


def _clear_unused(where: LabsFolder) -> None:
    """Remove base trees that no lab stands on and that none was made of for a week."""
    records = (read_record(where.lab(name).record) for name in where.names())
    used = {record.base for record in records if record is not None}
    for tree in where.bases.iterdir():
        if tree.is_dir() and tree.name not in used and time.time() - tree.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(tree)
            tree.with_name(tree.name + ".log").unlink(missing_ok=True)


def _proxy() -> dict[str, str]:
    """The proxy that apt is told to use, for debootstrap; what stands in the environment wins."""
    found = run("apt-config", "shell", "http_proxy", "Acquire::http::Proxy").strip() if has("apt-config") else ""
    value = found.partition("=")[2].strip("'\"")
    return {"http_proxy": value} if value and value != "DIRECT" else {}


def _build(tree: Path, packages: tuple[str, ...], source: Source, say: Callable[[str], None]) -> None:
    aside = tree.with_name(tree.name + _BUILDING)
    log = tree.with_name(tree.name + ".log")
    command = [
        program("debootstrap"),
        "--variant=minbase",
        f"--components={source.components}",
        f"--include={','.join(packages)}",
        SUITE,
        str(aside),
        source.mirror,
    ]
    begun = time.monotonic()
    try:
        _run_logged(tethered(*command), log, say, environment=_proxy() | dict(os.environ))
        _run_logged(tethered(program("chroot"), aside, "/bin/sh", "-c", _TIDY), log, say)
        aside.rename(tree)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    say(f"the base tree is there, after {time.monotonic() - begun:.0f} s")


def _run_logged(
    command: list[str], log: Path, say: Callable[[str], None], environment: dict[str, str] | None = None
) -> None:
    """Run *command* with its output in *log*, and say now and then where it is."""
    with log.open("a", encoding="utf-8") as out:
        begun = out.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
        )
        try:
            deadline = time.monotonic() + _MOST_SECONDS
            while (code := _wait(process)) is None:
                if time.monotonic() > deadline:
                    raise LabFailed(f"the base tree took longer than {_MOST_SECONDS / 60:.0f} min; see {log}")
                say("  " + last_words(_tail(log, begun)).split("; ")[-1])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
    if code != 0:
        text = _tail(log, begun)
        errors = "\n".join(line for line in text.splitlines() if line.startswith(("E: ", "W: Failure")))
        raise LabFailed(f"the base tree could not be built; {log} says: {last_words(errors or text)}")


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_EVERY)
    except subprocess.TimeoutExpired:
        return None


def _tail(log: Path, begun: int) -> str:
    data = log.read_bytes()[begun:]
    return data[-2000:].decode("utf-8", errors="replace")
