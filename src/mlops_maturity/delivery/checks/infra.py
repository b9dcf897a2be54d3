"""Whether packages, memory, CPUs and accelerator are there that a model needs, before it is deployed.

A deployment asks it inside of the release, where it will serve, so this module gets by with what serving needs.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_maturity.delivery.checks import machine
from mlops_maturity.delivery.checks.comparison import Comparison, require
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.project import params as settings_of
from mlops_maturity.project.params import Infrastructure

if TYPE_CHECKING:
    from mlops_maturity.delivery.deploy import Trial

# What answers with a model, by its format, and how many leading numbers of a version must be those that the model was
# made with. A newer one of these reads what an older one wrote; an older one need not.
PACKAGES = {
    "onnx": {"numpy": 1, "onnxruntime": 1},
    "skops": {"numpy": 1, "scikit-learn": 2, "skops": 1},
}


def hold(trial: "Trial") -> None:
    """Hold the place of a deployment to what its release needs.

    Raises:
        ProjectError: something is not there.
    """
    from mlops_maturity.delivery.checks.inside import try_out

    try_out(trial, "check-infra", settings_of.load().infrastructure)


def run(model: Path, settings: str = "", environment: str | None = None) -> None:
    """Hold this machine, or an environment, to what a model needs.

    Args:
        model: the packaged model.
        settings: what is needed beside packages, as JSON; by default, `infrastructure` of params.yaml.
        environment: its name; it is asked what the release needs that comes next there.

    Raises:
        ProjectError: something is not there.
    """
    if environment:
        from mlops_maturity.delivery.checks.by_hand import hold_next

        hold_next(environment, __name__)
        return
    needs = Infrastructure.model_validate_json(settings) if settings else settings_of.load().infrastructure
    require([*packages(model), *hardware(needs)], f"this is no place for {model}")


def packages(model: Path) -> Iterator[Comparison]:
    """The packages that answer with a model, as they are here and as they were when it was made."""
    manifest = artefacts.read(model, made_by="make package").manifest
    made_with = manifest["package_versions"] | manifest["requirements"]
    for name, leading in (dict.fromkeys(manifest["requirements"], 1) | PACKAGES[manifest["format"]]).items():
        wanted, found = made_with[name], _installed(name)
        numbers, ours = _numbers(wanted), _numbers(found)
        fits = ours[:leading] == numbers[:leading] and ours >= numbers
        series = ".".join(map(str, numbers[:leading]))
        yield Comparison(f"package {name}", f"{wanted} or a later {series}.x", found or "none", fits)


def hardware(needs: Infrastructure) -> Iterator[Comparison]:
    """What the machine and its container give."""
    memory, cpus, accelerators = machine.memory_mb(), machine.cpus(), machine.accelerators()
    yield Comparison("memory", f"at least {needs.memory_mb:,.0f} MB", f"{memory:,.0f} MB", memory >= needs.memory_mb)
    yield Comparison("CPUs", f"at least {needs.cpus:g}", f"{cpus:g}", cpus >= needs.cpus)
    there = needs.accelerator == "none" or needs.accelerator in accelerators
    yield Comparison("accelerator", needs.accelerator, ", ".join(accelerators) or "none", there)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]
