"""The service gets no right that it does not need, and no request fails while a release takes the place of another."""

import re
from pathlib import Path
from typing import Any

from mlops_maturity.testing.repository.check import Problems, Repository, check

KUBERNETES = Path("deploy/kubernetes")
RIGHTS = re.compile(
    r"privileged|allowPrivilegeEscalation|readOnlyRootFilesystem|capabilities|runAs\w+|host(?:Network|PID|IPC|Path)"
)
NO_RIGHTS = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
# Where requests may not fail.
BUSY = ("staging", "production")


@check("SEC-06", since=1)
def image_has_a_user_who_is_not_root(repository: Repository) -> Problems:
    """By number, so that Kubernetes can tell."""
    for path in repository.files("deploy/*Dockerfile"):
        users = re.findall(r"^USER (\S+)", repository.text(path), re.MULTILINE)
        if not users or not re.fullmatch(r"[1-9]\d*(:\d+)?", users[-1]):
            yield f"{path}: its last USER must be a number over 0, not root"


@check("SEC-06", since=1, deploy_target="docker")
def containers_write_nowhere_and_have_no_rights(repository: Repository) -> Problems:
    """The service to its log alone, the proxy before it and what watches them nowhere."""
    for path in repository.files("deploy/service.yaml", "deploy/compose.yaml", "deploy/monitoring/compose.yaml"):
        for name, service in repository.yaml(path).get("services", {}).items():
            if service.get("read_only") is not True:
                yield f"{path}: {name} may write anywhere: read_only: true"
            if service.get("cap_drop") != ["ALL"] or service.get("security_opt") != ["no-new-privileges:true"]:
                yield f"{path}: {name} keeps rights: cap_drop: [ALL], security_opt: [no-new-privileges:true]"
            if {"privileged", "cap_add"} & set(service) or str(service.get("user", "1")).startswith(("0", "root")):
                yield f"{path}: {name} gets rights back by privileged, cap_add or user"


@check("SEC-06", since=1, deploy_target="kubernetes")
def pods_write_nowhere_and_have_no_rights(repository: Repository) -> Problems:
    """As the manifest of the deployment says."""
    path = KUBERNETES / "base" / "deployment.yaml"
    pod = repository.yaml(path)["spec"]["template"]["spec"]
    account = pod.get("securityContext", {})
    if account.get("runAsNonRoot") is not True or account.get("runAsUser", 0) < 1:
        yield f"{path}: the pod may be root: runAsNonRoot: true, runAsUser over 0"
    for container in pod["containers"]:
        if container.get("securityContext") != NO_RIGHTS:
            yield f"{path}: {container['name']} has rights that it does not need; its securityContext is {NO_RIGHTS}"


@check("SEC-06", since=1, deploy_target="kubernetes")
def no_environment_gives_a_right_back(repository: Repository) -> Problems:
    """What a container may do is said in the base alone, and the namespace refuses anything else."""
    for path in repository.files(f"{KUBERNETES}/**/*.yaml"):
        if path.parent.name != "base" and (rights := RIGHTS.findall(repository.text(path))):
            yield f"{path} says {', '.join(rights)}; what a container may do is said in {KUBERNETES}/base alone"
        if path.name == "namespace.yaml":
            labels = repository.yaml(path)["metadata"].get("labels", {})
            if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
                yield f"{path}: the namespace takes pods with rights: pod-security.kubernetes.io/enforce: restricted"


@check("CD-10", since=2, deploy_target="kubernetes")
def pod_ends_when_another_one_answers(repository: Repository) -> Problems:
    """And gets requests only as long as it can answer them."""
    for environment in BUSY:
        said = _deployments(repository, environment)
        strategy: dict[str, Any] = next(
            (each["spec"]["strategy"] for each in reversed(said) if "strategy" in each["spec"]), {}
        )
        if strategy.get("type") != "RollingUpdate" or strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"{environment} ends pods before others answer: strategy RollingUpdate, maxUnavailable: 0"
        template = said[0]["spec"]["template"]["spec"]
        (container,) = template["containers"]
        if container.get("readinessProbe", {}).get("httpGet", {}).get("path") != "/ready":
            yield f"{environment}: a pod gets requests before it is ready: readinessProbe /ready"
        pause = int(container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])[-1])
        if not pause or template.get("terminationGracePeriodSeconds", 0) < pause + 30:
            yield f"{environment}: a pod is ended before it has answered: preStop sleeps, then 30 seconds remain"


@check("CD-10", since=2, deploy_target="kubernetes")
def several_pods_answer_and_leave_one_at_a_time(repository: Repository) -> Problems:
    """The autoscaler alone counts them, and a node that is emptied takes one after the other."""
    for environment in BUSY:
        scalers = _resources(repository, environment, "HorizontalPodAutoscaler")
        if [scaler["spec"].get("minReplicas", 1) >= 2 for scaler in scalers] != [True]:
            yield f"{environment} may have a single pod: one autoscaler, minReplicas 2 or more"
        if any("replicas" in deployment["spec"] for deployment in _deployments(repository, environment)):
            yield f"each deployment to {environment} would undo what the autoscaler did: remove `replicas`"
        if not _resources(repository, environment, "PodDisruptionBudget"):
            yield f"{environment} has no disruption budget"


def _parts(repository: Repository, environment: str) -> dict[Path, Any]:
    """What an overlay is put together of, by its folders; later ones change what earlier ones say."""
    overlay = repository.root / KUBERNETES / environment
    own = repository.yaml(overlay / "kustomization.yaml")
    named = [(overlay / name).resolve() for name in [*own.get("resources", ()), *own.get("components", ())]]
    return {folder: repository.yaml(folder / "kustomization.yaml") for folder in [*named, overlay] if folder.is_dir()}


def _resources(repository: Repository, environment: str, kind: str) -> list[Any]:
    """The manifests of a kind that an overlay takes in."""
    parts = _parts(repository, environment).items()
    files = [folder / name for folder, part in parts for name in part.get("resources", ())]
    manifests = [repository.yaml(file) for file in files if file.is_file()]
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def _deployments(repository: Repository, environment: str) -> list[Any]:
    """What an overlay says of its deployment: the manifest, then what changes it."""
    parts = _parts(repository, environment).values()
    texts = [patch["patch"] for part in parts for patch in part.get("patches", ()) if "patch" in patch]
    patches = [_yaml(text) for text in texts]
    changed = [patch for patch in patches if isinstance(patch, dict) and patch["kind"] == "Deployment"]
    return [*_resources(repository, environment, "Deployment"), *changed]


def _yaml(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)
