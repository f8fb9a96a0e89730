"""The card of a remedy, `playbooks/<remedy>.remedy.yml`: what people decide about it. Types come from the role."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from core.durations import Duration
from core.model import Model, Name
from core.remedies import ANY, Reach, VerifySettings
from core.severity import Risk
from core.yaml_files import YamlFile

CARD_SUFFIX = ".remedy.yml"
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-zA-Z0-9_]{0,99}$")]
"""The name of an inventory variable."""


class CardParameter(Model):
    """One parameter, on top of what the role's argument spec says: where its values come from, and their bounds."""

    from_: Variable | None = Field(default=None, alias="from")
    evidence: Name | None = None
    minimum: float | None = Field(default=None, allow_inf_nan=False)
    maximum: float | None = Field(default=None, allow_inf_nan=False)
    pattern: str | None = Field(default=None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.from_ is not None and self.evidence is not None:
            raise ValueError("give only one of from and evidence")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum must not lie above maximum")
        return self


class Card(Model):
    """The content of a card. The fields are those of `core.remedies.Remedy`, where they are explained."""

    title: str = Field(min_length=3, max_length=120)
    description: str = Field(default="", max_length=2000)
    treats: tuple[Name, ...]
    risk: Risk
    parameters: dict[Name, CardParameter] = Field(default_factory=dict)
    any_of: tuple[Name, ...] = ()
    needs: tuple[Variable, ...] = ()
    reads: tuple[Variable, ...] = ()
    copies: dict[Variable, Variable] = Field(default_factory=dict)
    read_only: bool = False
    check_mode: bool = True
    reversible: bool = False
    undo: Name | None = None
    bind_diff: bool = False
    verify: VerifySettings = VerifySettings()
    cooldown: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(minutes=5)
    reach: Reach = Reach()

    @field_validator("treats", mode="before")
    @classmethod
    def _any(cls, value: object) -> object:
        return (ANY,) if value == ANY else value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.timeout <= timedelta(0):
            raise ValueError("timeout must be longer than 0s")
        if self.reach.max_hosts <= 0 or any(wave <= 0 for wave in self.reach.waves):
            raise ValueError("reach must allow at least one host")
        if unknown := [name for name in self.any_of if name not in self.parameters]:
            raise ValueError(f"any_of names {', '.join(unknown)}, which is no parameter of this card")
        return self


def read_card(path: Path) -> tuple[Card, YamlFile]:
    """Read the card at *path*, and the file itself for later messages. Raises BadInput: file, line, key and why."""
    yaml = YamlFile.read(path)
    if isinstance(yaml.data, dict) and isinstance(parameters := yaml.data.get("parameters"), dict):
        # `service:` with nothing after it is a parameter to which the card adds nothing.
        yaml.data["parameters"] = {name: {} if value is None else value for name, value in parameters.items()}
    return yaml.as_model(Card), yaml
