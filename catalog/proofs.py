"""`playbooks/proofs/<remedy>.yml`: what a lab showed, beside the lock that says what somebody read.

Only `fleetmend catalog prove` writes one. A proof carries the digest of what was run, so that a changed file voids it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import yaml

from core.errors import BadInput
from core.proofs import Proof
from core.yaml_files import YamlFile

_HEADER = """\
# What a lab showed of this remedy. It holds for the digest below, and for nothing else. Don't edit it by hand: run
#     fleetmend catalog prove {remedy}
# and commit this file together with the change.
---
"""


def proof_path(content: Path, remedy: str) -> Path:
    """Where the proof of *remedy* lies in its content folder."""
    return content / "playbooks" / "proofs" / f"{remedy}.yml"


def read_proof(content: Path, remedy: str) -> Proof | None:
    """The proof of *remedy*, valid or not; None if there is none. Raises BadInput."""
    path = proof_path(content, remedy)
    if not path.exists():
        return None
    file = YamlFile.read(path)
    proof = file.as_model(Proof)
    if proof.remedy != remedy:
        raise file.error(f"this is the proof of {proof.remedy}, and not of {remedy}", "remedy")
    return proof


def write_proof(content: Path, proof: Proof) -> Path:
    """Write *proof* beside its remedy, all or nothing, and return where. Raises BadInput if it can't be written."""
    path = proof_path(content, proof.remedy)
    # Scenarios and figures keep the order in which they were gone through.
    text = yaml.safe_dump(
        proof.model_dump(mode="json", exclude_none=True), sort_keys=False, width=110, allow_unicode=True
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{proof.remedy}-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEADER.format(remedy=proof.remedy) + text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise BadInput(f"can't be written: {error.strerror}", file=path) from None
    return path
