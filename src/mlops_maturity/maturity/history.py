"""What a project has done, by the records that its commands leave: run record, versions, deployments, verdicts."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_maturity.delivery import records as deployments
from mlops_maturity.delivery.records import Record
from mlops_maturity.pipeline import trigger
from mlops_maturity.pipeline.records import CI_SYSTEMS, RunRecord
from mlops_maturity.pipeline.trigger import Claim
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.paths import MONITORING, RUN_RECORD, TUNING
from mlops_maturity.project.repository import answer
from mlops_maturity.registry import versions as registry
from mlops_maturity.registry.versions import Version

# In the changes of run.json: who ran the pipeline.
BY_CI = rf'"kind": "({"|".join(CI_SYSTEMS)})"'


@dataclass(frozen=True)
class History:
    """What a project has done.

    Attributes:
        run: the run record of the pipeline.
        by_ci: the commit whose run record CI wrote last, and its date; empty if there is none.
        versions: of the model, the oldest first.
        production: the versions that were put into production, in order.
        deployments: the records of each environment, the oldest first.
        trainings: that triggers started, the oldest first.
        judged: the verdicts of monitoring on this machine that had enough data, each with what it says.
        candidates: how many settings of the model the last search on this machine compared.
    """

    run: RunRecord | None = None
    by_ci: str = ""
    versions: tuple[Version, ...] = ()
    production: tuple[Version, ...] = ()
    deployments: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    trainings: tuple[Claim, ...] = ()
    judged: Mapping[str, str] = field(default_factory=dict)
    candidates: int = 0

    def good(self, environment: str) -> list[Record]:
        """The deployments to an environment that passed its checks."""
        records = self.deployments.get(environment, ())
        return [record for record in records if record.kind == "deploy" and record.result == "good"]


def read() -> History:
    """Read the records of the project in the current folder, and those that `origin` has."""
    deployments.fetch()
    trigger.fetch_claim()
    return History(
        run=_run(),
        by_ci=answer("log", "-1", "--format=%h of %as", "--extended-regexp", f"-G{BY_CI}", "--", str(RUN_RECORD)),
        versions=tuple(registry.versions()),
        production=tuple(registry.history()),
        deployments={name: tuple(deployments.history(name)) for name in _environments()},
        trainings=tuple(trigger.claims()),
        judged=_judged(),
        candidates=_candidates(),
    )


def _environments() -> list[str]:
    return answer("for-each-ref", "--format=%(refname:lstrip=2)", "refs/deployments/").split()


def _run() -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(RUN_RECORD.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _judged() -> dict[str, str]:
    try:
        verdicts = parsed(MONITORING.read_bytes())["triggers"]
        return {name: verdict["reason"] for name, verdict in verdicts.items() if verdict["exercised"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _candidates() -> int:
    try:
        with TUNING.open(encoding="utf-8", newline="") as file:
            return len({row["candidate"] for row in csv.DictReader(file)})
    except (FileNotFoundError, ValueError, KeyError):
        return 0
