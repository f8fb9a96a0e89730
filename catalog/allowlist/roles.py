"""The folder of a role: which files may lie in it, and what those that Ansible reads by itself may say."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from catalog.allowlist.content import Place, RemedyFiles, RoleFiles
from catalog.allowlist.document import Block, read_document
from catalog.allowlist.modules import check_assigned
from catalog.allowlist.plays import check_role_entries
from catalog.allowlist.tasks import check_tasks
from catalog.allowlist.templates import check_strings, check_template
from core.errors import BadInput

_READ_BY_ANSIBLE = frozenset({"tasks", "handlers", "vars", "defaults", "meta"})
_ENDINGS = (".yml", ".yaml")
_META = frozenset({"galaxy_info", "dependencies", "allow_duplicates", "argument_specs"})
_REFUSED_FOLDERS = frozenset({"collections", "roles", "group_vars", "host_vars", "inventory"})
_MAIN = ("main.yml", "main.yaml")
_VAULT = b"$ANSIBLE_VAULT"


def check_role(remedy: RemedyFiles, role: RoleFiles, findings: list[BadInput]) -> None:
    """Check every file of *role* that Ansible may read as more than bytes."""
    for path, file in role.files.items():
        place = Place(remedy, file, role, path, findings)
        folder, _, rest = path.partition("/")
        if PurePosixPath(path).name == "ansible.cfg":
            place.refuse("it would change how Ansible works; settings belong beside the inventory", None)
        elif rest and folder in _REFUSED_FOLDERS:
            place.refuse(f"{folder}/ has a meaning of its own to Ansible; it belongs beside the role", None)
        elif not rest and path.endswith((*_ENDINGS, ".json")):
            place.refuse("an include may find it here in the place of a file in tasks/; put it into a folder", None)
        elif rest and folder == "templates":
            _check_template_file(place, file)
        elif rest and folder in _READ_BY_ANSIBLE:
            _check_yaml_file(place, folder)


def _check_template_file(place: Place, file: Path) -> None:
    try:
        content = file.read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        place.refuse("a template is UTF-8 text; what is none belongs into files/", None)
        return
    if content.startswith(_VAULT):
        place.refuse("an encrypted template can't be read before it runs; encrypt the values in the inventory", 1)
    elif text.startswith("#jinja2:"):
        place.refuse("this line changes what is taken for a template; take it out", 1)
    else:
        check_template(place, text, 1, whole_file=True)


def _check_yaml_file(place: Place, folder: str) -> None:
    if not place.path.endswith(_ENDINGS):
        place.refuse(f"in {folder}/ lie YAML files with the ending .yml; this belongs elsewhere", None)
        return
    twin = str(PurePosixPath(place.path).with_suffix(".yaml"))
    if place.path.endswith(".yml") and place.role is not None and twin in place.role.files:
        place.refuse(f"{PurePosixPath(twin).name} lies beside it, and Ansible reads only one; remove one of them", None)
    try:
        content = read_document(place.file)
    except BadInput as problem:
        place.findings.append(problem)
        return
    if folder in ("tasks", "handlers"):
        check_tasks(place, content, 1)
    elif folder in ("vars", "defaults"):
        _check_variables(place, content)
    else:
        _check_meta(place, content)


def _check_variables(place: Place, content: Any) -> None:
    if content is None:
        return
    if not isinstance(content, Block):
        place.refuse("a mapping of variables is expected here", 1)
        return
    here = f"{place.role.name}/{place.path}" if place.role is not None else ""
    for name, value in content.items():
        if (name, here) not in place.remedy.settled_at:
            check_assigned(place, name, content.lines[name])
        check_strings(place, value, content.lines[name])


def _check_meta(place: Place, content: Any) -> None:
    check_strings(place, content, 1)
    if content is None or PurePosixPath(place.path).name not in _MAIN:
        return
    if not isinstance(content, Block):
        place.refuse("a mapping is expected here", 1)
        return
    for key in content.keys() - _META:
        place.refuse(f"not admitted here; admitted: {', '.join(sorted(_META))}", content.lines[key], key)
    check_role_entries(place, content.get("dependencies"), content.line_of("dependencies"))
