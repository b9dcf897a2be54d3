"""Where a model comes from, and where it serves."""

import json
from typing import Any

import yaml

from mlops_maturity.delivery.status import served
from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, RUN_RECORD, TABLE
from mlops_maturity.project.storage import LOCK, md5_of
from mlops_maturity.registry import versions as registry

TRAINED_WITH = ("data", "split", "model", "gates", "slices")


def lineage(name: str | None = None) -> dict[str, Any]:
    """Where a version, or else the one in production, comes from.

    Raises:
        ProjectError: there is none.
    """
    version = registry.find(name) if name else registry.in_production()
    if version is None:
        raise ProjectError("no model is in production yet; name a version: make lineage VERSION=v1")
    past = registry.history()
    record = json.loads(version.text(RUN_RECORD))
    lock = version.text(LOCK)
    raw = yaml.safe_load(version.text("params.yaml"))["data"]["raw"] or str(TABLE)
    return {
        "version": version.name,
        "registered": f"{version.made} by {version.by}",
        "in production": "now" if past[-1:] == [version] else "earlier" if version in past else "never",
        "commit": version.commit,
        "code": record["code"],
        "data": {"file": raw, "md5": md5_of(lock, raw)},
        "model": {"file": str(ARTEFACT), "md5": version.model_md5, "sha256": record["artefacts"][str(ARTEFACT)]},
        "trained": {"run": record["run"], "by": record["executor"], "versions": record["versions"]},
        **({"served": served(version.model)} if answers.load().level == 2 else {}),
        "previous model": record["previous_model"],
        "metrics": record["metrics"],
        "parameters": record["parameters"],
    }


def tell(name: str | None, as_json: bool = False) -> None:
    """Print the lineage of a version as YAML, with the settings that training depends on, or all of it as JSON."""
    if as_json:
        print(json.dumps(lineage(name), indent=2, sort_keys=True))
        return
    found = lineage(name)
    found["parameters"] = {section: found["parameters"][section] for section in TRAINED_WITH}
    print(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120).rstrip())
