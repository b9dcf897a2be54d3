"""What the overlays of the cluster say, so that no request fails while a release takes the place of another one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.requirement("CD-10")

FOLDER = Path("deploy/kubernetes")
ENVIRONMENTS = ("staging", "production")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def parts_of(environment: str) -> dict[Path, Any]:
    """What an overlay is put together of, by its folders; the later ones change what the earlier ones say."""
    overlay = (FOLDER / environment).resolve()
    own = read(overlay / "kustomization.yaml")
    folders = [(overlay / name).resolve() for name in [*own["resources"], *own["components"]]]
    return {folder: read(folder / "kustomization.yaml") for folder in [*folders, overlay] if folder.is_dir()}


def resources_of(environment: str, kind: str) -> list[Any]:
    """The manifests of a kind that an overlay takes in."""
    files = [folder / name for folder, part in parts_of(environment).items() for name in part.get("resources", ())]
    return [manifest for file in files if file.is_file() if (manifest := read(file))["kind"] == kind]


def deployments_of(environment: str) -> list[Any]:
    """What an overlay says of its deployment: the manifest, then what changes it."""
    parts = parts_of(environment).values()
    patches = [yaml.safe_load(each["patch"]) for part in parts for each in part.get("patches", ())]
    changed = [patch for patch in patches if isinstance(patch, dict) and patch["kind"] == "Deployment"]
    return [*resources_of(environment, "Deployment"), *changed]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_pod_ends_when_another_one_answers(environment: str) -> None:
    strategies = [said["spec"]["strategy"] for said in deployments_of(environment) if "strategy" in said["spec"]]
    assert strategies[-1]["type"] == "RollingUpdate", f"{environment} ends all pods before new ones start"
    assert strategies[-1]["rollingUpdate"]["maxUnavailable"] == 0, f"{environment} ends pods before others answer"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_pod_gets_requests_when_it_is_ready_and_answers_what_it_has(environment: str) -> None:
    template = deployments_of(environment)[0]["spec"]["template"]["spec"]
    (container,) = template["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    _, pause = container["lifecycle"]["preStop"]["exec"]["command"]
    assert template["terminationGracePeriodSeconds"] >= int(pause) + 30, "a pod is killed before it has answered"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_several_pods_answer_and_the_autoscaler_alone_counts_them(environment: str) -> None:
    scalers = resources_of(environment, "HorizontalPodAutoscaler")
    assert [scaler["spec"]["minReplicas"] >= 2 for scaler in scalers] == [True], f"{environment} may have a single pod"
    said = [deployment for deployment in deployments_of(environment) if "replicas" in deployment["spec"]]
    assert not said, f"each deployment to {environment} would undo what the autoscaler did: remove `replicas`"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_node_that_is_emptied_takes_one_pod_at_a_time(environment: str) -> None:
    assert resources_of(environment, "PodDisruptionBudget"), f"{environment} has no disruption budget"
