"""How bad a symptom is, and how much a remedy can break: two short, ordered scales."""

from __future__ import annotations

from enum import StrEnum


class _Scale(StrEnum):
    """A StrEnum whose members are ordered as they are written."""

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < type(self)(str(other)).rank

    def __le__(self, other: object) -> bool:
        return self.rank <= type(self)(str(other)).rank

    def __gt__(self, other: object) -> bool:
        return self.rank > type(self)(str(other)).rank

    def __ge__(self, other: object) -> bool:
        return self.rank >= type(self)(str(other)).rank


class Severity(_Scale):
    """Severity of a detection, least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Risk(_Scale):
    """Risk of a remedy, least first; its card states it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
