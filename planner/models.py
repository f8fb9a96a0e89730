"""Which model plans: the default's name, what an Ollama server offers, and the chooser that the settings ask for."""

from __future__ import annotations

import httpx

from core.errors import BadInput
from core.settings import Settings
from outgoing.clients import client
from planner.chooser import Chooser
from planner.model_chooser import ModelChooser

DEFAULT_MODEL = "ollama:qwen2.5:7b-instruct"
"""A small instruct model that keeps to schemas; `docs/howto/ollama.md` says how to get it."""

RULES = "rules"
"""The setting that means: plan without a model."""

_INSTRUCT_FAMILIES = ("qwen2.5", "llama3", "mistral", "gemma", "phi3", "phi4", "granite", "command-r")
_NOT_INSTRUCT = ("embed", "thinking", "reason", "-base", "-text", "vision")


def build_chooser(settings: Settings) -> Chooser | None:
    """The chooser for `settings.model`; None means rules. Raises BadInput for a model that can't be used."""
    if settings.model is None or settings.model == RULES:
        return None
    provider, _, name = settings.model.partition(":")
    if not provider or not name:
        problem = f"{settings.model!r} names no model; write rules, or <provider>:<name>, for example {DEFAULT_MODEL}"
        raise BadInput(problem, key="FLEETMEND_MODEL")
    # Importing LangChain takes seconds, and most installations plan by rules.
    from planner.chat import open_chat  # noqa: PLC0415

    return ModelChooser(open_chat(settings.model, ollama_url=settings.ollama_url, limit=settings.model_timeout))


def detect_ollama(url: str, timeout: float) -> str | None:
    """The setting for a model of the Ollama server at *url*, if one answers within *timeout* seconds; else None.

    That is `DEFAULT_MODEL` if the server has it, else the first instruct model in its list.
    """
    try:
        with client(timeout) as http:
            found = http.get(f"{url.rstrip('/')}/api/tags").raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    models = found.get("models") if isinstance(found, dict) else None
    names = [str(model.get("name", "")) for model in models or [] if isinstance(model, dict)]
    return next((f"ollama:{name}" for name in sorted(names, key=_is_not_default) if _plans(name)), None)


def _is_not_default(name: str) -> bool:
    return f"ollama:{name}" != DEFAULT_MODEL


def _plans(name: str) -> bool:
    lowered = name.lower().rpartition("/")[2]
    if any(part in lowered for part in _NOT_INSTRUCT):
        return False
    return "instruct" in lowered or lowered.startswith(_INSTRUCT_FAMILIES)
