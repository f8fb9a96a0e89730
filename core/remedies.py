"""A remedy: one vetted catalog entry, as its card and its role's argument specs describe it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field

from core.durations import Duration, Share
from core.model import Model, Name, Scalar
from core.proofs import Proof, ProofState
from core.severity import Risk


class ParameterType(StrEnum):
    """The argument-spec types that a parameter may have. Lists and dicts are not for a planner to fill in."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    PATH = "path"


class Parameter(Model):
    """One parameter of a remedy.

    At most one source fixes its values: `from_inventory` names a host variable (a mapping or a list) whose keys are
    the choices; `from_evidence` names the incident's evidence that it must equal. `choices`, `minimum`, `maximum` and
    `pattern` bound what is left to choose. A `str` needs one of them.
    """

    name: Name
    type: ParameterType
    description: str
    required: bool = False
    default: Scalar | None = None
    choices: tuple[Scalar, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    from_inventory: str | None = None
    from_evidence: str | None = None


class VerifySettings(Model):
    """`within`: how long the symptom may take to clear after the run; `hold`: how long it must then stay clear."""

    within: Duration = timedelta(seconds=60)
    hold: Duration = timedelta(seconds=30)


class Reach(Model):
    """How many hosts a run may touch at once. `max_hosts` is a number or a share of the fleet."""

    max_hosts: int | Share = 1
    waves: tuple[int | Share, ...] = ()


ANY = "any"
"""In `treats`: every symptom, a user's own ones too."""
UNREACHABLE = "host_unreachable"
"""The one symptom that nothing which runs on the host could treat."""


class Remedy(Model):
    """A playbook with its card, its parameters and the digest over everything that it runs."""

    id: Name
    title: str
    description: str = ""
    treats: tuple[Name, ...]
    risk: Risk
    parameters: tuple[Parameter, ...]
    any_of: tuple[Name, ...] = ()
    """Parameters of which at least one has to be given, though none is required."""
    needs: tuple[str, ...] = ()
    """Host variables without which the remedy cannot work on a host: it is then no candidate there."""
    read_only: bool = False
    check_mode: bool = True
    reversible: bool = False
    undo: Name | None = None
    bind_diff: bool = False
    verify: VerifySettings = VerifySettings()
    cooldown: Duration = timedelta(minutes=10)
    timeout: Duration = timedelta(minutes=5)
    reach: Reach = Reach()
    reads: tuple[str, ...] = ()
    """Inventory variables that the roles read; their values go into a plan's hash."""
    copies: dict[str, str] = Field(default_factory=dict)
    """Files of the fleet's folder that the roles read: inventory variable -> key of its entries that names the file.

    It is the only way in which a remedy reaches a file of the controller outside its digest: such a file is copied into
    the run's private folder, at the same path relative to `inventory_dir`, and its content goes into a plan's hash.
    """
    digest: str
    vetted: bool
    proof: Proof | None = Field(default=None, repr=False)
    """What a lab showed of it, of these files or of earlier ones: see `proof_state`."""
    root: Path
    """The content folder that holds `playbooks/` and `roles/` for this remedy."""
    files: tuple[str, ...] = Field(repr=False)
    """Every file under `root` that the digest covers, relative, sorted."""
    schema_: dict[str, Any] = Field(alias="schema", repr=False)
    """Flat JSON Schema of the parameters, before host and evidence narrow it."""

    model_config = Model.model_config | {"populate_by_name": True}

    @property
    def proof_state(self) -> ProofState:
        """Whether a proof is there, and is one of these very files."""
        if self.proof is None:
            return ProofState.MISSING
        return ProofState.PROVEN if self.proof.digest == self.digest else ProofState.VOID

    @property
    def proven(self) -> bool:
        """True if a lab has shown that it heals, with these very files."""
        return self.proof_state is ProofState.PROVEN

    def is_for(self, symptom: str) -> bool:
        """Whether it may be planned for *symptom*."""
        return symptom in self.treats or (ANY in self.treats and symptom != UNREACHABLE)

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter called *name*, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)
