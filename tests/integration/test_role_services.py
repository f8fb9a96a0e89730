"""service_restart and config_restore, on a real service under a real supervisor."""

from __future__ import annotations

import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from local_hosts import DEMO, LocalHost, local_host, wait_until

pytestmark = pytest.mark.ansible
Control = Callable[[str], str]


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[LocalHost, Control]]:
    with local_host() as host, host.supervised() as control:
        wait_until(lambda: health(host) == 200)
        yield host, control


def health(host: LocalHost) -> int:
    """The status of the service's health page; 0 if nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{host.port}/health", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def pid_of(control: Control) -> int:
    return int(control("pid", "web") or 0)


def test_a_killed_service_is_restarted(web: tuple[LocalHost, Control]) -> None:
    host, control = web
    os.kill(pid_of(control), signal.SIGKILL)
    wait_until(lambda: "EXITED" in control("status", "web"))

    foretold = host.play("service_restart", "--check", "--diff", service="web")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "EXITED" in control("status", "web"), "a check run started it"

    done = host.play("service_restart", service="web")
    assert (done.rc, done.changed) == (0, True), done.output
    wait_until(lambda: health(host) == 200)


def test_a_running_service_gets_a_new_process_and_a_check_run_leaves_it_alone(web: tuple[LocalHost, Control]) -> None:
    host, control = web
    before = pid_of(control)
    foretold = host.play("service_restart", "--check", service="web")
    assert (foretold.rc, foretold.changed, pid_of(control)) == (0, True, before), foretold.output
    done = host.play("service_restart", service="web")
    assert (done.rc, done.changed) == (0, True), done.output
    assert pid_of(control) not in {0, before}
    wait_until(lambda: health(host) == 200)


def test_a_changed_configuration_is_put_back(web: tuple[LocalHost, Control]) -> None:
    host, control = web
    config = host.folder / "web" / "web.conf"
    config.write_text("[web]\ngreeting = broken\nmax_items = many\n")
    before = pid_of(control)
    assert health(host) == 500

    foretold = host.play("config_restore", "--check", "--diff", file="web_conf")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "max_items = many" in foretold.diff and "max_items = 10" in foretold.diff
    assert "many" in config.read_text() and pid_of(control) == before

    done = host.play("config_restore", file="web_conf")
    assert (done.rc, done.changed) == (0, True), done.output
    assert config.read_bytes() == (DEMO / "files" / "web.conf").read_bytes()
    assert len(list(config.parent.glob("web.conf.*~"))) == 1
    restarted = pid_of(control)
    assert restarted not in {0, before}
    wait_until(lambda: health(host) == 200)

    again = host.play("config_restore", file="web_conf")
    assert (again.rc, again.changed, pid_of(control)) == (0, False, restarted), again.output

    foretold = host.play("config_restore_undo", "--check", "--diff", file="web_conf")
    assert (foretold.rc, foretold.changed) == (0, True), foretold.output
    assert "many" not in config.read_text() and (config.parent / "web.conf.drifted~").exists()
    undone = host.play("config_restore_undo", file="web_conf")
    assert (undone.rc, undone.changed, health(host)) == (0, True, 500), undone.output
    assert "max_items = many" in config.read_text() and not list(config.parent.glob("web.conf.*~"))
    again = host.play("config_restore_undo", file="web_conf")
    assert (again.rc, again.changed) == (0, False) and "no backup" in again.messages, again.output
    assert host.play("config_restore", file="web_conf").rc == 0


def test_nothing_is_undone_once_somebody_has_changed_the_file(web: tuple[LocalHost, Control]) -> None:
    host, _ = web
    config = host.folder / "web" / "web.conf"
    config.write_text("drifted\n")
    assert host.play("config_restore", file="web_conf").changed
    config.write_text("changed by hand\n")
    undone = host.play("config_restore_undo", file="web_conf")
    assert (undone.rc, undone.changed, config.read_text()) == (0, False, "changed by hand\n"), undone.output
    assert "not as config_restore left it" in undone.messages
    config.unlink()
    assert host.play("config_restore", file="web_conf").changed
    assert not list(config.parent.glob("web.conf.*~")), "what an earlier run left could be taken for this one's"


def test_a_stopped_supervisor_is_a_failure_that_says_so(web: tuple[LocalHost, Control]) -> None:
    host, _ = web
    config = host.folder / "supervisord.conf"
    good = config.read_text()
    config.write_text(re.sub(r"unix://\S+", f"unix://{host.root}/none", good))
    done = host.play("service_restart", service="web")
    config.write_text(good)
    assert done.rc != 0 and "no such process" in done.messages, done.output


def test_a_copy_that_does_not_validate_is_not_put_in_place(web: tuple[LocalHost, Control]) -> None:
    host, _ = web
    config = host.folder / "web" / "own.conf"
    config.write_text("kept\n")
    fleet = host.root / "fleet"
    (fleet / "files").mkdir(parents=True)
    (fleet / "files" / "own.conf").write_text("new\n")
    (fleet / "hosts.yml").write_text(
        "all:\n  hosts:\n    demo1:\n      ansible_connection: local\n"
        "      ansible_python_interpreter: '{{ ansible_playbook_python }}'\n      fleetmend_files:\n"
        f"        own: {{path: {config}, source: files/own.conf, validate: 'grep kept %s'}}\n"
        f"        lost: {{path: {config}, source: files/lost.conf}}\n"
    )
    done = host.play("config_restore", inventory=fleet / "hosts.yml", file="own")
    assert done.rc != 0 and config.read_text() == "kept\n"
    lost = host.play("config_restore", inventory=fleet, file="lost")
    assert lost.rc != 0 and "files/lost.conf is missing" in lost.messages, lost.output


@pytest.mark.parametrize(("remedy", "parameter"), [("service_restart", "service"), ("config_restore", "file")])
def test_an_unknown_name_fails_before_anything_is_done(
    web: tuple[LocalHost, Control], remedy: str, parameter: str
) -> None:
    host, control = web
    before = pid_of(control)
    done = host.play(remedy, **{parameter: "nobody"})
    assert done.rc != 0 and "nobody is no" in done.messages, done.output
    assert (done.stats["changed"], pid_of(control)) == (0, before)
