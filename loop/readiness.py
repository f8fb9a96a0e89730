"""Is a fleet ready to be watched and healed? Puts together what its files say and what its hosts answer."""

from __future__ import annotations

from fleets.readiness import Finding, Level, connection_findings, file_findings, readiness_programs
from loop.context import Context
from loop.slack_check import missing_token


def check_fleet(context: Context, name: str) -> tuple[Finding, ...]:
    """Check the fleet's file and inventory, and if they hold, log in on every host. Raises NotFound."""
    catalog = context.catalog
    findings = file_findings(
        context.fleet_source,
        name,
        symptoms=catalog.symptoms.keys(),
        remedies=catalog.remedies.keys(),
        probes=catalog.probe_names,
    )
    if any(finding.level is Level.ERROR for finding in findings):
        return findings
    fleet = context.fleet(name)
    findings = (*findings, *missing_token(context, name))
    return (*findings, *connection_findings(fleet, context.prober.probe(fleet, readiness_programs(fleet))))
