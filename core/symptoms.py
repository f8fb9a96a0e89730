"""What can be wrong, as data: a symptom says which sample shows it, and from which level on."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from core.durations import Duration, Level
from core.model import Model, Name
from core.severity import Severity


class Threshold(Model):
    """When a sample counts as a symptom. Exactly one of `above`, `below`, `is_in`, `not_in`, or none at all.

    `for_` is how long the sample has to be beyond its level first; `clear` is the level on the healthy side of
    `above`/`below` that ends the symptom (hysteresis; the level itself by default).
    """

    above: Level | None = None
    below: Level | None = None
    is_in: tuple[str, ...] | None = Field(default=None, alias="is")
    not_in: tuple[str, ...] | None = Field(default=None, alias="is_not")
    for_: Duration = Field(default=timedelta(0), alias="for")
    clear: Level | None = None

    model_config = Model.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        given = [field for field in ("above", "below", "is_in", "not_in") if getattr(self, field) is not None]
        if len(given) > 1:
            raise ValueError("give only one of above, below, is, is_not")
        if self.clear is not None:
            if self.above is not None and self.clear > self.above:
                raise ValueError("clear must not lie above 'above'")
            if self.below is not None and self.clear < self.below:
                raise ValueError("clear must not lie below 'below'")
            if self.above is None and self.below is None:
                raise ValueError("clear goes with above or below")
        return self

    @property
    def compares(self) -> bool:
        """False if no level is set: the symptom then only comes from outside."""
        return any(level is not None for level in (self.above, self.below, self.is_in, self.not_in))


class Symptom(Threshold):
    """One entry of `symptoms.yml`. Without `sample` it can only be reported from outside (`POST /detections`)."""

    id: Name
    title: str = Field(min_length=3, max_length=120)
    severity: Severity = Severity.WARNING
    probe: Name | None = None
    sample: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_.]{0,62}$")
    explained_by: tuple[Name, ...] = ()
    """Symptoms that cause this one: while one of them is live on the same host and service, this one folds into it."""

    transient: bool = False
    """A restart of the service or host shows it for a moment: while a remedy is at work there, it folds into that."""

    @model_validator(mode="after")
    def _sample_and_level(self) -> Self:
        if (self.sample is None) != (self.probe is None):
            raise ValueError("probe and sample go together")
        return self

    def with_threshold(self, override: Threshold) -> Symptom:
        """Return this symptom with a fleet's own levels in place of the shipped ones."""
        changes = {name: getattr(override, name) for name in override.model_fields_set}
        if override.compares:
            changes = {"above": None, "below": None, "is_in": None, "not_in": None, "clear": None} | changes
        return self.evolve(**changes)
