"""Which chooser the settings ask for."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.settings import Settings
from planner.models import DEFAULT_MODEL, build_chooser


@pytest.mark.parametrize("model", [None, "rules"])
def test_rules_need_no_chooser(model):
    assert build_chooser(Settings(model=model)) is None


def test_an_ollama_model_is_named_and_not_yet_contacted():
    assert (
        build_chooser(Settings(model=DEFAULT_MODEL, ollama_url="http://127.0.0.1:9")).name == f"model:{DEFAULT_MODEL}"
    )


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("qwen2.5", "<provider>:<name>"),
        ("ollama:", "<provider>:<name>"),
        (":name", "<provider>:<name>"),
        ("fireworks:some-model", "langchain-fireworks"),
        ("nobody:some-model", "can't be used"),
    ],
)
def test_a_model_that_cannot_be_used_is_bad_input_on_one_line(model, why):
    with pytest.raises(BadInput) as caught:
        build_chooser(Settings(model=model))
    assert why in str(caught.value)
    assert caught.value.key == "FLEETMEND_MODEL"
    assert "\n" not in str(caught.value)
