"""Deployment to a Kubernetes cluster, through a registry that the cluster pulls images from.

The cluster replaces pods one by one and lets no request go to one that is not ready, so a release that was started is
one that answers the users: `switch` and `settle` have nothing left to do. Where the prediction log is a file, the old
pod ends first.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import CompletedProcess

from mlops_maturity.delivery.access import to_cluster
from mlops_maturity.delivery.kubectl import Kubectl, Manifest
from mlops_maturity.delivery.manifests import manifests_of, namespace_of, trial_of
from mlops_maturity.delivery.place import Address
from mlops_maturity.delivery.release import Release
from mlops_maturity.delivery.tunnel import free_port, tunnel
from mlops_maturity.project.errors import ProjectError

WHAT_TO_SET = "DEPLOY_CONTEXT to a context of kubectl, and IMAGE_REPOSITORY to where the cluster pulls the image from"
DEPLOYMENT = "deployment/prediction"
PODS = "app.kubernetes.io/name=prediction"
REVISION = "deployment.kubernetes.io/revision"
SECONDS_TO_START = 180
SECONDS_TO_TRY = 600
# A container that waits for one of these waits for a person.
STUCK = ("CreateContainerConfigError", "CreateContainerError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName")

DELETED: Manifest = {"status": {"phase": "Failed", "reason": "somebody deleted it"}}


@contextmanager
def place_of(environment: str, port: int) -> Iterator["Cluster | None"]:  # noqa: ARG001 - each has a namespace
    """The cluster that DEPLOY_CONTEXT names; None if it names none, or if there is no IMAGE_REPOSITORY.

    Args:
        environment: what it serves; several environments may share a cluster.
        port: where it would answer on a machine.
    """
    context = os.environ.get("DEPLOY_CONTEXT")
    if not context or not os.environ.get("IMAGE_REPOSITORY"):
        yield None
        return
    with to_cluster() as access:
        yield Cluster(context, environment, access)


class Cluster:
    """A namespace of a cluster, which serves an environment."""

    def __init__(self, context: str, environment: str, access: dict[str, str]) -> None:
        """Say which.

        Args:
            context: the cluster, as kubectl knows it.
            environment: what it serves; there is an overlay of the same name.
            access: the environment of the commands that reach it.
        """
        self.name = context
        self._environment = environment
        self._kubectl = Kubectl(context, namespace_of(environment), access)
        self._started: Release | None = None
        self._before: str | None = None

    def try_out(self, release: Release, arguments: Sequence[str]) -> CompletedProcess[str]:
        """Run a command of the package in a pod of its own: with image, rights, limits and settings of the service."""
        manifests = manifests_of(self._environment, release, self._kubectl)
        # The first deployment tries something out before it starts.
        self._kubectl.show(
            "apply", "--filename", "-", given=[each for each in manifests if each["kind"] == "Namespace"]
        )
        trial = trial_of(manifests, arguments, SECONDS_TO_TRY)
        pod = self._kubectl.ask("create", "--filename", "-", "--output", "name", given=[trial]).strip()
        try:
            code = self._exit_code(pod)
            return CompletedProcess(arguments, code, self._kubectl.ask("logs", pod), "")
        finally:
            self._kubectl.ask("delete", pod, "--wait=false")

    def start(self, release: Release) -> None:
        """Replace the pods that serve by those of a release, and wait until all of them answer."""
        manifests = manifests_of(self._environment, release, self._kubectl)
        self._before = self._revision()
        self._started = release
        self._kubectl.show("apply", "--filename", "-", given=manifests)
        self._await_pods()

    def switch(self) -> None:
        """Nothing: the pods that were started answer already."""

    def settle(self) -> None:
        """Nothing: the pods that served before are gone, or end when they have answered what they began."""

    def back(self) -> None:
        """Bring back the pods that served before the start; where there were none, leave none."""
        if self._started is None:
            return
        self._tell_why(self._started)
        if self._before is None:
            self._kubectl.show("delete", DEPLOYMENT, "--ignore-not-found")
            print(f"nothing served at {self.name} before, and nothing serves there now")
            return
        self._kubectl.show("rollout", "undo", DEPLOYMENT, f"--to-revision={self._before}")
        self._await_pods()

    def stop(self) -> None:
        """End all pods; the volume with the prediction log stays."""
        self._kubectl.show("delete", DEPLOYMENT, "--ignore-not-found")

    @contextmanager
    def reach(self, started: bool = False) -> Iterator[Address]:  # noqa: ARG002 - what was started answers the users
        """SERVICE_URL, if it is set; else the end of a tunnel to the newest pod that is ready."""
        if url := os.environ.get("SERVICE_URL"):
            yield Address(url.rstrip("/"))
            return
        port, pod = free_port(), self._newest_pod()
        address = Address(f"http://127.0.0.1:{port}")
        if pod is None:
            yield address
            return
        command = self._kubectl.command("port-forward", f"pod/{pod}", f"{port}:http", "--address", "127.0.0.1")
        with tunnel(command, port, self._kubectl.environment, f"there is no way to the pod {pod} at {self.name}"):
            yield address

    def _revision(self) -> str | None:
        """Which of its revisions the deployment has; None before the first one."""
        deployment = self._kubectl.read("get", DEPLOYMENT)
        return deployment["metadata"].get("annotations", {}).get(REVISION) if deployment else None

    def _await_pods(self) -> None:
        self._kubectl.show("rollout", "status", DEPLOYMENT, f"--timeout={SECONDS_TO_START}s")

    def _newest_pod(self) -> str | None:
        """The pod that was started last, of those that are ready and not about to end."""
        pods = self._kubectl.read("get", "pods", "--selector", PODS)["items"]
        ready = [pod["metadata"] for pod in pods if _is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]
        return str(max(ready, key=lambda pod: str(pod["creationTimestamp"]))["name"]) if ready else None

    def _exit_code(self, pod: str) -> int:
        """Wait until the command of a pod has ended."""
        until = time.monotonic() + SECONDS_TO_TRY
        while True:
            status: Manifest = (self._kubectl.read("get", pod) or DELETED)["status"]
            state: Manifest = next((each["state"] for each in status.get("containerStatuses", ())), {})
            if "terminated" in state:
                return int(state["terminated"]["exitCode"])
            waiting = state.get("waiting", {})
            if waiting.get("reason") in STUCK or status["phase"] == "Failed" or time.monotonic() > until:
                why = waiting.get("message") or status.get("reason") or "no node takes it"
                raise ProjectError(f"{pod} did not run at {self.name}: {why}")
            time.sleep(1)

    def _tell_why(self, release: Release) -> None:
        """Show what became of the pods of a release, as far as the cluster says it."""
        selector = ("--selector", f"release={release.key}")
        for command in (("get", "pods", *selector), ("logs", *selector, "--tail", "20")):
            try:
                self._kubectl.show(*command)
            except ProjectError as error:
                print(error)


def _is_ready(pod: Manifest) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
