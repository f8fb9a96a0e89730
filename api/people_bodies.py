"""What is sent and answered about people."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from api.bodies import Text
from core.model import Model
from core.people import Access, Act, Grant, PersonName, Role
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


class MeView(Model):
    """Who one is, which way one came in, and what one may do: `may` holds the acts that each fleet (or `*`) allows."""

    person: str
    via: str
    grants: tuple[Grant, ...]
    may: dict[str, tuple[Act, ...]]

    @classmethod
    def of(cls, access: Access) -> Self:
        """Show *access*."""
        may = {
            fleet: tuple(act for act in Act if access.may(act, fleet))
            for fleet in sorted({grant.fleet for grant in access.grants})
        }
        return cls(person=access.person, via=access.via, grants=access.grants, may=may)
