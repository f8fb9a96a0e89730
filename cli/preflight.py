"""What `fleetmend up` checks before anything starts: the catalog, and every fleet with the names that it uses."""

from __future__ import annotations

from catalog.catalog import Catalog
from catalog.load import load_catalog
from core.errors import BadInput
from core.fleets import FleetFile
from core.settings import Settings
from fleets.check_file import check_names
from fleets.source import FleetSource
from monitor.detect import symptoms_of
from runner.job import default_environment


def preflight(settings: Settings) -> tuple[dict[str, FleetFile], list[BadInput]]:
    """Every fleet's file by name, and all that is wrong with the content; it takes a second a fleet."""
    if not (settings.content / "inventory").is_dir():
        problem = "there is no inventory/ in it; `fleetmend init DIR` lays one out"
        return {}, [BadInput(problem, file=settings.content, key="FLEETMEND_CONTENT")]
    catalog = load_catalog(settings.content)
    problems = list(catalog.problems)
    source = FleetSource(settings.content, environment=default_environment(settings))
    files: dict[str, FleetFile] = {}
    for name in source.names():
        try:
            files[name] = _checked(source, name, catalog)
        except BadInput as problem:
            problems.append(problem)
    return files, problems


def _checked(source: FleetSource, name: str, catalog: Catalog) -> FleetFile:
    """The fleet's file. Raises BadInput if it, its names or its inventory don't fit."""
    file, yaml = source.file_with_lines(name)
    check_names(yaml, file, symptoms=catalog.symptoms, remedies=catalog.remedies, probes=catalog.probe_names)
    if file.enabled:
        symptoms_of(source.get(name), catalog.symptoms)
    return file
