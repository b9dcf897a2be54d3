"""The packaging step: one file that carries the model and everything that one must know to trust it."""

import hashlib
import json
from typing import Any

from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import TRAINED_FIELDS, Artefact
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json
from mlops_maturity.project.paths import ARTEFACT, DATA_FACTS, METRICS, MODEL, REFERENCE
from mlops_maturity.project.repository import code_commit
from mlops_maturity.training.gates import judge, require_passed


def run() -> None:
    """Package the trained model if its evaluation is its own and every gate is open.

    Raises:
        ProjectError: a step is missing, or a gate is closed.
    """
    trained = artefacts.read(MODEL, made_by="make train", fields=TRAINED_FIELDS)
    metrics = read_json(METRICS, made_by="make evaluate")
    if metrics["model_sha256"] != trained.digest:
        raise ProjectError(f"{METRICS} tells of another model than {MODEL}; run `make evaluate` first")
    # The gates of params.yaml as they are now: one that was raised since the evaluation counts.
    gates = judge(metrics, settings.load().gates)
    require_passed(gates)
    metrics["gates"] = [gate.as_data for gate in gates]
    # Only a project that watches live data makes a reference for them.
    reference = REFERENCE.read_bytes() if REFERENCE.exists() else None
    packaged = package(trained, metrics, read_json(DATA_FACTS, made_by="make data"), reference)
    artefacts.write(packaged, ARTEFACT)
    print(f"packaged {ARTEFACT}: version {packaged.manifest['version']}")


def package(
    trained: Artefact, metrics: dict[str, Any], facts: dict[str, Any], reference: bytes | None = None
) -> Artefact:
    """Add to a trained model where it comes from and what it is worth.

    Args:
        trained: the model.
        metrics: the content of metrics.json.
        facts: what the data step found.
        reference: what live data are to be compared with.
    """
    manifest = {
        **trained.manifest,
        "code": code_commit(),
        "data": {"file": trained.manifest["parameters"]["data"]["raw"], **facts},
        "metrics": {name: metrics[name] for name in ("gates", "rows", "scores")},
    }
    content = json.dumps(manifest, sort_keys=True).encode() + trained.model
    manifest["version"] = hashlib.sha256(content).hexdigest()[:12]
    return Artefact(trained.model, manifest, reference, trained.requirements)
