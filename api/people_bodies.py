"""What requests about people may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from api.bodies import Text
from core.model import Model
from core.people import Grant, PersonName, Role
from core.redaction import MASK


def _storable(text: str) -> str:
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("it holds half a character")
    return text


class PersonBody(Model):
    """A new person. The name is theirs for good."""

    name: PersonName
    grants: tuple[Grant, ...] = Field(default=(), max_length=100, description="Roles to begin with.")


class RoleBody(Model):
    """A role."""

    role: Role


class PasswordBody(Model):
    """A password. It is hashed, and never shown."""

    password: Annotated[str, Field(max_length=1000), AfterValidator(_storable)]
    current: Annotated[str, Field(max_length=1000), AfterValidator(_storable)] | None = Field(
        default=None, description="The one until now, to change one's own."
    )

    def __repr__(self) -> str:
        return f"PasswordBody({MASK})"


class SlackBody(Model):
    """Who somebody is in Slack."""

    user_id: Annotated[Text, Field(pattern=r"^[UW][A-Z0-9]{2,30}$", description="A Slack user id, such as U012AB3CD.")]
