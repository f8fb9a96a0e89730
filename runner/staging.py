"""What stands between a step and its launch: only what is vetted, as it was planned, gets into the private folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from catalog.source import CatalogSource
from catalog.validation import check_parameters
from core.errors import Unvetted
from core.fleets import Fleet
from core.frozen import Frozen
from core.model import Scalar
from core.plans import Step
from core.remedies import Remedy
from core.settings import Settings
from runner.job import Job, prepare_job, project_of, refuse_hosts
from runner.values import role_variables


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where steps are made ready to be launched."""

    catalog: CatalogSource
    settings: Settings

    def remedy_of(self, step: Step) -> Remedy:
        """The remedy of *step*. Raises Unvetted if it is gone, not vetted, or not what was planned."""
        remedy = self.catalog.current().remedies.get(step.remedy)
        if remedy is None:
            raise Unvetted(f"{step.remedy} is no longer in the catalog; see `fleetmend catalog check`")
        if not remedy.vetted:
            raise Unvetted(f"the files of {step.remedy} differ from the vetted digest; see `fleetmend catalog check`")
        if remedy.digest != step.digest:
            raise Unvetted(f"{step.remedy} was changed after this step was planned; plan again")
        return remedy

    def set_up(
        self,
        fleet: Fleet,
        step: Step,
        frozen: Frozen,
        remedy: Remedy,
        *,
        run_id: str,
        folder: Path,
        timeout: timedelta,
        check: bool = False,
    ) -> Job:
        """Copy *remedy* and what is *frozen* into *folder*; return the job that runs the copy.

        Raises Refused or Unvetted.
        """
        parameters = checked_parameters(fleet, step, remedy)
        project = project_of(folder)
        project.mkdir(mode=0o700)
        if self.catalog.copy_remedy(remedy, project) != step.digest:
            raise Unvetted(f"{step.remedy} was changed while it was copied; see `fleetmend catalog check`")
        return prepare_job(
            self.settings,
            frozen,
            run_id=run_id,
            folder=folder,
            playbook=project / "playbooks" / f"{remedy.id}.yml",
            hosts=step.hosts,
            variables=role_variables(remedy.id, parameters),
            timeout=timeout.total_seconds(),
            check=check,
        )


def checked_parameters(fleet: Fleet, step: Step, remedy: Remedy) -> dict[str, Scalar]:
    """The parameters of *step*, checked once more (law 3), with defaults filled in.

    The incident's evidence is no longer at hand, and the plan's hash binds what was taken from it: such a parameter
    counts as its own evidence, and has to fit its type, bounds and pattern all the same. Raises Refused.
    """
    refuse_hosts(fleet, step.hosts)
    hosts = [host for host in fleet.hosts if host.name in step.hosts]
    given = step.parameters
    evidence = {p.from_evidence: given[p.name] for p in remedy.parameters if p.from_evidence and p.name in given}
    return check_parameters(remedy, hosts, evidence, given)
