"""The demo uses a folder of its own, and nothing else of the user's."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from cli.demo.place import HOSTS_VARIABLE, log_to, private_place, settings_for
from core.errors import BadInput


def test_the_folder_is_private_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOSTS_VARIABLE, "/elsewhere")
    monkeypatch.delenv("TMPDIR", raising=False)
    with private_place() as place:
        assert place.root.stat().st_mode & 0o777 == 0o700
        assert os.environ[HOSTS_VARIABLE] == str(place.hosts)
        assert [path.name for path in (place.content / "inventory").iterdir()] == ["demo"]
        assert (place.app / "web.py").is_file()
    assert not place.root.exists()
    assert os.environ[HOSTS_VARIABLE] == "/elsewhere"
    assert "TMPDIR" not in os.environ


def test_it_goes_away_after_an_error_too() -> None:
    with pytest.raises(RuntimeError), private_place() as place:
        raise RuntimeError
    assert not place.root.exists()


def test_the_servers_of_a_real_installation_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "URL", "TOKEN", "STATE", "CONTENT"):
        monkeypatch.setenv(f"FLEETMEND_{name}", "postgresql://real")
    monkeypatch.setenv("FLEETMEND_MODEL", "ollama:mine")
    with private_place() as place:
        settings = settings_for(place)
        assert (settings.state, settings.content) == (place.state, place.content)
        assert settings.effective_database_url == f"sqlite:///{place.state}/fleetmend.db"
        assert (settings.broker_url, settings.url, settings.token) == (None, None, None)
        assert settings.model == "ollama:mine"
        assert settings_for(place, model="rules").model == "rules"


def test_an_unknown_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETMEND_FORKZ", "3")
    with private_place() as place, pytest.raises(BadInput, match="FLEETMEND_FORKS"):
        settings_for(place)


def test_the_log_goes_to_the_file_alone(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with log_to(tmp_path / "log", "info"):
        logging.getLogger("loop").info("it was %s", "seen")
        assert len(root.handlers) == 1
    logging.getLogger("loop").warning("after it")
    assert (root.handlers, root.level) == before
    assert (tmp_path / "log").read_text().strip().endswith("INFO loop: it was seen")
