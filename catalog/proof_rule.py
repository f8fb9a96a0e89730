"""What a fleet asks for beyond vetting: that a lab has shown the remedy to heal (`policy.require_proof`).

Planner and approver both ask here: what may not run is not proposed, and is stopped if it is all the same.
"""

from __future__ import annotations

from core.fleets import Fleet
from core.policies import RequireProof
from core.proofs import ProofState
from core.remedies import Remedy

_UNPROVEN = {
    ProofState.MISSING: "no lab has shown that {id} heals",
    ProofState.VOID: "the proof of {id} is void, because its files have changed since",
}


def lacking(remedy: Remedy) -> str | None:
    """Say in words that *remedy* is not proven as its files are now, or None if it is."""
    words = _UNPROVEN.get(remedy.proof_state)
    return None if words is None else words.format(id=remedy.id)


def barred(remedy: Remedy, fleet: Fleet) -> str | None:
    """Why *remedy* may not run in *fleet* at all, for want of a proof; None if it may."""
    words = lacking(remedy)
    if words is None or fleet.file.policy.require_proof is not RequireProof.ALWAYS:
        return None
    return f"{words}; policy.require_proof is always"
