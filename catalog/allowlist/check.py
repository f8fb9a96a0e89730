"""Whether a remedy stays within the closed list, over all its files at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from catalog.allowlist.content import Place, RemedyFiles, RoleFiles
from catalog.allowlist.document import read_document
from catalog.allowlist.fleet_files import with_forms
from catalog.allowlist.plays import check_plays
from catalog.allowlist.roles import check_role
from core.errors import BadInput
from core.remedies import Remedy


def refusals(remedy: Remedy, files: Mapping[str, Path]) -> tuple[BadInput, ...]:
    """Everything in *files* (relative path -> file, as the digest covers them) that the closed list does not have.

    Each names file and line, what is wrong, and what to do instead. Nothing is run, and Ansible is not imported.
    """
    content = with_forms(_content(remedy, files))
    findings: list[BadInput] = []
    try:
        plays = read_document(content.playbook)
    except BadInput as problem:
        findings.append(problem)
    else:
        check_plays(Place(content, content.playbook, None, findings=findings), plays)
    for role in content.roles.values():
        check_role(content, role, findings)
    return tuple(findings)


def _content(remedy: Remedy, files: Mapping[str, Path]) -> RemedyFiles:
    roles: dict[str, dict[str, Path]] = {}
    for name, path in files.items():
        part, _, rest = name.partition("/")
        if part == "roles":
            role, _, inside = rest.partition("/")
            roles.setdefault(role, {})[inside] = path
    return RemedyFiles(
        id=remedy.id,
        playbook=files[f"playbooks/{remedy.id}.yml"],
        roles={name: RoleFiles(name, inside) for name, inside in roles.items()},
        sources={one.name: one.from_inventory for one in remedy.parameters if one.from_inventory is not None},
        copies=remedy.copies,
    )
