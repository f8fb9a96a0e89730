"""One remedy, put together from its card, its playbook, and the roles that the playbook reaches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from catalog.argument_specs import read_argument_spec
from catalog.cards import CARD_SUFFIX, Card, read_card
from catalog.digests import digest_of_paths, remedy_files
from catalog.lock import Lock
from catalog.parameters import read_parameters
from catalog.reach import find_role, reached_roles
from catalog.schemas import schema_of
from core.errors import BadInput
from core.model import Name
from core.remedies import ANY, Parameter, Remedy

_NAME = TypeAdapter(Name)
_AS_IN_THE_CARD = Card.model_fields.keys() - {"parameters", "reads", "reversible"}


def card_paths(root: Path) -> list[Path]:
    """The cards of the content folder *root*, sorted."""
    return sorted((root / "playbooks").glob(f"*{CARD_SUFFIX}"))


def remedy_id(card: Path) -> str:
    """The id of the remedy whose card lies at *card*."""
    return card.name.removesuffix(CARD_SUFFIX)


def load_remedy(path: Path, *, roots: Sequence[Path], lock: Lock, symptoms: Collection[str]) -> Remedy:
    """Load the remedy with the card at *path*, in the content folder that is the first of *roots*.

    Its roles may lie in any of *roots*. Raises BadInput: file, line, key, what is allowed.
    """
    id = remedy_id(path)
    try:
        _NAME.validate_python(id)
    except ValidationError:
        problem = "the name of a remedy has lower-case letters, digits and '_', and begins with a letter"
        raise BadInput(problem, file=path) from None
    playbook = path.with_name(f"{id}.yml")
    if not playbook.is_file():
        raise BadInput(f"its playbook {playbook.name} is missing beside it", file=path)
    card, yaml = read_card(path)
    for place, symptom in enumerate(card.treats):
        if symptom not in symptoms and card.treats != (ANY,):
            allowed = ", ".join(sorted(symptoms))
            raise yaml.error(f"unknown symptom {symptom!r}; allowed here: {allowed}", "treats", place)
    roles = reached_roles(playbook, roots)
    parameters: tuple[Parameter, ...] = ()
    if card.parameters:
        if id not in roles:
            raise yaml.error(f"the playbook does not apply the role {id}, whose options these would be", "parameters")
        parameters = read_parameters(card, yaml, id, read_argument_spec(roles[id]))
    files = remedy_files(playbook, path, roles)
    digest = digest_of_paths(files)
    sources = {parameter.from_inventory for parameter in parameters if parameter.from_inventory is not None}
    return Remedy(
        id=id,
        **{name: getattr(card, name) for name in _AS_IN_THE_CARD},
        parameters=parameters,
        reversible=card.reversible or card.undo is not None,
        reads=tuple(sorted({*sources, *card.reads, *card.needs})),
        digest=digest,
        vetted=lock.vouches_for(id, digest),
        root=roots[0],
        files=tuple(files),
        schema=schema_of(parameters),
    )


def locate(remedy: Remedy, shipped: Path) -> dict[str, Path]:
    """Where each of the remedy's files lies now: relative path -> file. A user's remedy may use shipped roles."""
    roots = (remedy.root, shipped)
    places = {}
    for name in remedy.files:
        part, _, rest = name.partition("/")
        folder = find_role(rest.partition("/")[0], roots) if part == "roles" else None
        places[name] = remedy.root / name if folder is None else folder.parent.parent / name
    return places
