"""What the lab asks of this machine, the lock that keeps two commands apart, and the loop that keeps a host running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import BadInput, Conflict
from lab.base_tree import key_of, read_packages
from lab.cgroups import hierarchies
from lab.locks import held
from lab.machines import KEEPER, keepers
from lab.programs import PACKAGES, LabFailed, attempt, check_machine, run, tethered
from tests.unit.content import write


def everything(name: str) -> str:
    return f"/usr/bin/{name}"


def test_without_root_it_says_so() -> None:
    with pytest.raises(BadInput, match=r"a lab needs root.*; run it with sudo"):
        check_machine(everything, uid=1000)


def test_what_is_missing_is_told_with_the_packages_that_bring_it() -> None:
    missing = {"debootstrap", "systemd-nspawn", "unshare"}
    with pytest.raises(BadInput) as problem:
        check_machine(lambda name: None if name in missing else everything(name), uid=0)
    assert str(problem.value) == (
        "a lab needs debootstrap, systemd-nspawn, unshare; on Debian or Ubuntu: "
        "apt-get install debootstrap systemd-container util-linux"
    )


def test_without_loop_devices_it_says_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"loop devices.*modprobe loop"):
        check_machine(everything, uid=0, loops=tmp_path / "loop-control")
    check_machine(everything, uid=0, loops=write(tmp_path / "loop-control", ""))


def test_the_how_to_names_every_package_that_a_minimal_debian_lacks() -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "lab.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("apt-get install "))
    assert set(line.split()[2:]) == set(PACKAGES.values()) - {"coreutils", "mount", "util-linux"}


def test_a_failed_program_is_told_in_one_line() -> None:
    with pytest.raises(LabFailed) as problem:
        run("/bin/sh", "-c", "echo first >&2; echo second >&2; exit 3")
    assert str(problem.value) == "`sh -c echo first >&2; echo second >&2; exit 3` failed (3): first; second"
    with pytest.raises(LabFailed, match="took longer than 0 s"):
        attempt("/bin/sleep", "5", timeout=0.1)


def test_another_list_of_packages_makes_another_base_tree(tmp_path: Path) -> None:
    first = read_packages(write(tmp_path / "a.txt", "# comment\nsystemd\nsudo  # needed\n\n"))
    again = read_packages(write(tmp_path / "b.txt", "sudo\nsystemd\n"))
    assert first == ("systemd", "sudo")
    assert key_of(first) == key_of(again) != key_of((*first, "curl"))
    assert {"systemd", "openssh-server", "python3", "sudo"} <= set(read_packages())


def test_systemds_control_groups_are_found_whatever_the_version() -> None:
    second = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
    first = "cgroup /c/cpu cgroup rw,cpu 0 0\ncgroup /c/systemd cgroup rw,xattr,name=systemd 0 0\n"
    assert hierarchies(second) == (Path("/sys/fs/cgroup"),)
    assert hierarchies(first) == (Path("/c/systemd"),)
    assert hierarchies(first + "cgroup2 /c/unified cgroup2 rw 0 0\n") == (Path("/c/systemd"), Path("/c/unified"))
    with pytest.raises(BadInput, match="no cgroup file system"):
        hierarchies("proc /proc proc rw 0 0\n")


HOLD = "import sys, time; from pathlib import Path; from lab.locks import held\n"
HOLD += "with held(Path(sys.argv[1]), busy=lambda: None):\n    print('held', flush=True); time.sleep(60)\n"


def test_a_lock_keeps_others_out_and_leaves_no_file(tmp_path: Path) -> None:
    path, root = tmp_path / "locks" / "lab.lock", Path(__file__).parents[2]

    def refuse() -> None:
        raise Conflict("at work")

    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True, cwd=root) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Conflict), held(path, busy=refuse):
            pass
        holder.kill()
        holder.wait()
    with held(path, busy=refuse):
        assert path.exists()
    assert not path.exists()


KEPT = """
echo $$ >>"$1/started"
[ "$(wc -l <"$1/started")" -lt 3 ] || exit 0
exit 133
"""


def test_a_host_that_reboots_is_started_again_and_one_that_is_switched_off_is_not(tmp_path: Path) -> None:
    groups = [write(tmp_path / name / "cgroup.procs", "").parent for name in ("one", "two")]
    write(tmp_path / "groups", "".join(f"{group}\n" for group in groups))
    script = write(tmp_path / "kept.sh", KEPT)
    done = subprocess.run(["/bin/sh", KEEPER, tmp_path, "/bin/sh", script, tmp_path], check=False, timeout=30)
    started = (tmp_path / "started").read_text().split()
    assert done.returncode == 0
    assert len(set(started)) == 3
    assert [(group / "cgroup.procs").read_text().split() for group in groups] == [[started[-1]]] * 2
    assert (tmp_path / "nspawn.pid").read_text().split() == [started[-1]]
    ends = [line.split(maxsplit=1)[1] for line in (tmp_path / "console.log").read_text().splitlines()]
    assert ends == ["systemd-nspawn ended with 133"] * 2 + ["systemd-nspawn ended with 0"]


def test_a_keeper_is_known_by_its_folder_alone(tmp_path: Path) -> None:
    write(tmp_path / "hosts" / "web1" / "groups", "")
    command = ["/bin/sh", str(KEEPER), str(tmp_path / "hosts" / "web1"), "/usr/bin/env", "sleep", "61"]
    with subprocess.Popen(command, start_new_session=True) as keeper:
        try:
            # Between fork and exec, the child looks as its parent does.
            while _sleeps("61") == 0:
                time.sleep(0.01)
            assert keepers(tmp_path / "hosts" / "web1") == [keeper.pid]
            assert keepers(tmp_path / "hosts") == [keeper.pid]
            assert keepers(tmp_path / "hosts" / "web") == []
        finally:
            subprocess.run(["/bin/kill", "-9", "--", f"-{keeper.pid}"], check=False)


@pytest.mark.skipif(attempt("id", "-u").stdout.strip() != "0", reason="namespaces need root")
def test_what_is_tethered_ends_with_whoever_started_it(tmp_path: Path) -> None:
    mark = f"6{time.time_ns() % 10**8}"
    words = tethered("/bin/sh", "-c", f"sleep {mark} & echo here >{tmp_path}/here; wait")
    starter = f"import subprocess; subprocess.run({words!r})"
    with subprocess.Popen([sys.executable, "-c", starter]) as process:
        while not (tmp_path / "here").exists() or not _sleeps(mark):  # the shell says it before `sleep` is there
            time.sleep(0.01)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while _sleeps(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _sleeps(mark) == 0


def _sleeps(mark: str) -> int:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return lines.count(f"sleep\0{mark}\0".encode())
