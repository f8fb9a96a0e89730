"""Previews: what check mode foresees, what it can't, and that nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner_house import House

from core.runs import RunStatus

pytestmark = pytest.mark.ansible


def test_a_preview_tells_the_changes_and_the_blind_spots_and_changes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    fleet = house.fleet(h1={}, h2={})
    (tmp_path / "h2").write_text("new\n")
    (tmp_path / "h2").chmod(0o600)
    tasks = """
    - name: Write the file
      ansible.builtin.copy: {content: "new\\n", dest: "ROOT/{{ inventory_hostname }}", mode: "0600"}
    - name: Run a program
      ansible.builtin.command: "touch ROOT/ran"
    - name: Run another one, twice
      ansible.builtin.command: "touch ROOT/{{ item }}"
      loop: [ran1, ran2]
    - name: Not in check mode
      ansible.builtin.debug: {msg: "for real"}
      when: not ansible_check_mode
    - name: Not here
      ansible.builtin.debug: {msg: "never"}
      when: inventory_hostname == "elsewhere"
    """
    step = house.step(house.remedy("mixed", tasks.replace("ROOT", str(tmp_path))), "h1", "h2")
    preview = house.executor().preview(fleet, step, house.frozen(fleet, step))
    assert preview.result.status is RunStatus.SUCCESSFUL
    one, two = preview.hosts
    assert (one.host, one.tasks) == ("h1", ("Write the file",))
    assert "+new" in one.diff
    assert (two.host, two.tasks, two.diff) == ("h2", (), "")
    blind = ("Run a program", "Run another one, twice", "Not in check mode")
    assert one.unforeseen == two.unforeseen == blind
    assert not (tmp_path / "h1").exists()
    assert not list(tmp_path.glob("ran*"))
    assert not list((house.state / "looks").iterdir())


def test_a_remedy_without_check_mode_is_not_started(tmp_path: Path) -> None:
    house = House(tmp_path)
    fleet = house.fleet(h1={})
    tasks = f"- name: Run\n  ansible.builtin.command: touch {tmp_path}/ran\n  check_mode: false\n"
    step = house.step(house.remedy("blind", tasks, check_mode=False), "h1")
    preview = house.executor().preview(fleet, step, house.frozen(fleet, step))
    assert preview.hosts[0].unforeseen
    assert not (tmp_path / "ran").exists()
