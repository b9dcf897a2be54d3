"""The emitted overlays and the deployment of releases, against the real control plane of a Kubernetes cluster.

It is Kubernetes 1.20, the only version that can be had as source from a distribution. Two kinds are newer there, so the
autoscaler and the disruption budget are applied as autoscaling/v2beta2 and policy/v1beta1, which have the same fields;
that they are valid as emitted is said by `test_deploy.py`. Its node is a stand-in: see `kube.py` for what that leaves
unproven. Pod security, which 1.20 does not have, is not enforced here.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TEMPLATE, Project, bake_into, clean_environment, run
from filelock import FileLock
from kube import CONTEXT, MISSING, SAID, Cluster, Manifest, cluster, is_ready

pytestmark = pytest.mark.speed("deep")

TOOLS = Path(sys.executable).parent
BUILD = TEMPLATE / "tests" / "support" / "cluster" / "control-plane"
# They take minutes to build, and outlive the tests beside what package managers keep.
CACHE = Path.home() / ".cache" / "mlops-maturity-template" / "control-plane"
OLDER = {"autoscaler": ("autoscaling/v2", "autoscaling/v2beta2"), "disruption_budget": ("policy/v1", "policy/v1beta1")}
REPOSITORY = "registry.example/team/service"

SCRIPT = """
import sys
from mlops_maturity.delivery import kubernetes
from mlops_maturity.delivery.deploy import Trial, replace
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError

environment, what, key, image = sys.argv[1:]
kubernetes.SECONDS_TO_START = 10
release = Release(key, image, image.partition("@")[2], "code", key, "commit")
with kubernetes.place_of(environment, 0) as place:
    try:
        if what == "replace":
            replace(Trial(environment, release, place))
        if what == "regret":
            place.start(release)
            place.back()
        if what == "try out":
            done = place.try_out(release, ["--help"])
            print(done.returncode, done.stdout)
        if what == "reach":
            with place.reach() as address:
                print(address.url)
    except ProjectError as error:
        sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def programs() -> Path:
    """The programs of the control plane, built unless they are at hand."""
    made = CACHE / hashlib.sha256(BUILD.read_bytes()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "used.lock"):
        if not made.exists():
            if os.geteuid() or not shutil.which("debootstrap"):
                pytest.skip("a cluster cannot be built: apt-get install debootstrap, and run the tests as root")
            run([str(BUILD), str(made)], CACHE)
    return made


@pytest.fixture(scope="module")
def there(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(programs, TOOLS / "kubectl", tmp_path_factory.mktemp("cluster")) as started:
        yield started


@dataclass(frozen=True)
class Deployed:
    """An environment of a project in the cluster, and the configuration of who deploys."""

    project: Project
    python: Path
    there: Cluster
    environment: str
    configuration: Path

    @property
    def namespace(self) -> str:
        return f"{self.project.path.name}-{self.environment}"

    def do(self, what: str, key: str, digest: str = "", *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Let the project do something with a release."""
        image = f"{REPOSITORY}@{digest or 'sha256:' + hashlib.sha256(key.encode()).hexdigest()}"
        environment = clean_environment(
            DEPLOY_CONTEXT=CONTEXT,
            DEPLOY_KUBECONFIG=self.configuration.read_text(),
            IMAGE_REPOSITORY=REPOSITORY,
            PATH=f"{TOOLS}:{clean_environment()['PATH']}",
            PYTHONPATH=str(self.project.path / "src"),
            **({} if what == "reach" else {"SERVICE_URL": f"{self.there.ingress}/{self.namespace}"}),
        )
        script = SCRIPT.format(package=self.project.package)
        command = [str(self.python), "-c", script, self.environment, what, key, image]
        return run(command, self.project.path, check=check, environment=environment)

    def read(self, *arguments: str) -> Manifest:
        return self.there.read("--namespace", self.namespace, *arguments)

    def serves(self) -> set[str]:
        """The releases whose pods are ready."""
        return {pod["metadata"]["labels"]["release"] for pod in self.read("get", "pods")["items"] if is_ready(pod)}

    def count(self) -> int:
        return sum(is_ready(pod) for pod in self.read("get", "pods")["items"])


Prepare = Callable[..., Deployed]


@pytest.fixture(scope="module")
def deployed(there: Cluster, environment: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Prepare an environment as a person does: a namespace, rights in it for who deploys, and the secret."""
    folder = tmp_path_factory.mktemp("projects")

    def prepare(level: str, name: str, slug: str, *, prepared: bool = True) -> Deployed:
        project = bake_into(folder, maturity_level=level, deploy_target="kubernetes", project_slug=slug)
        for file, (emitted, older) in OLDER.items():
            manifest = project.path / f"deploy/kubernetes/autoscaling/{file}.yaml"
            assert f"apiVersion: {emitted}\n" in manifest.read_text()
            manifest.write_text(manifest.read_text().replace(emitted, older))
        python = environment("none", level)
        if not prepared:
            return Deployed(project, python, there, name, there.configuration)
        place = Deployed(project, python, there, name, there.deployer)
        there("apply", "--filename", str(project.path / f"deploy/kubernetes/{name}/namespace.yaml"))
        secret = ("create", "secret", "generic", "prediction-log", "--from-literal=url=postgresql://")
        there("--namespace", place.namespace, *secret)
        rights = ("create", "rolebinding", "deployer", "--clusterrole=edit", "--user=deployer")
        there("--namespace", place.namespace, *rights)
        return place

    return prepare


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("level", "name", "pods"), [("1", "production", 1), ("2", "test", 1), ("2", "staging", 2), ("2", "production", 2)]
)
def test_every_overlay_is_taken_and_serves(level: str, name: str, pods: int, deployed: Prepare) -> None:
    place = deployed(level, name, f"overlay-{level}-{name}")
    # A key that YAML would take for a number.
    place.do("replace", "123456789e12")
    assert place.serves() == {"123456789e12"}
    eventually(lambda: place.count() == pods, f"there are not {pods} pods")
    deployment = place.read("get", "deployment", "prediction")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith(f"{REPOSITORY}@sha256:")
    if pods > 1:
        budget = place.read("get", "poddisruptionbudget", "prediction")
        assert budget["status"]["disruptionsAllowed"] == 1
    (subset,) = place.read("get", "endpoints", "prediction")["subsets"]
    assert [port["port"] for port in subset["ports"]] == [8000]
    assert len(subset["addresses"]) == pods


@pytest.fixture(scope="module")
def staging(deployed: Prepare) -> Deployed:
    place = deployed("2", "staging", "story")
    place.do("replace", "first")
    eventually(lambda: place.count() == 2, "there are not two pods")
    return place


def test_pods_are_replaced_one_by_one_and_stay_as_many(staging: Deployed) -> None:
    staging.there("--namespace", staging.namespace, "scale", "deployment/prediction", "--replicas=4")
    eventually(lambda: staging.count() == 4, "the autoscaler does not leave four pods")
    staging.there.node.fewest[staging.namespace] = 4
    staging.do("replace", "second")
    assert staging.serves() == {"second"}
    assert staging.count() == 4
    assert staging.there.node.fewest[staging.namespace] == 4, "there were fewer pods than before"


@pytest.mark.parametrize("before", ["third", "first"])
def test_a_release_that_does_not_get_ready_is_taken_back(before: str, staging: Deployed) -> None:
    staging.do("replace", before)
    count = staging.count()
    staging.there.node.fewest[staging.namespace] = count
    done = staging.do("replace", "broken", MISSING, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("rolled back: there is as it was before")
    assert "ImagePullBackOff" in done.stdout
    assert staging.serves() == {before}
    assert staging.there.node.fewest[staging.namespace] == count, "there were fewer pods than before"


def test_taking_back_what_served_already_brings_nothing_older(staging: Deployed) -> None:
    staging.do("replace", "fourth")
    staging.do("regret", "fourth")
    assert staging.serves() == {"fourth"}


def test_a_first_release_that_fails_leaves_nothing(deployed: Prepare) -> None:
    place = deployed("2", "production", "broken")
    done = place.do("replace", "broken", MISSING, check=False)
    assert done.returncode == 1
    assert "nothing served at there before, and nothing serves there now" in done.stdout
    assert place.read("get", "deployments")["items"] == []
    eventually(lambda: place.read("get", "pods")["items"] == [], "pods are left")
    place.do("replace", "good")
    assert place.serves() == {"good"}


def test_who_may_do_anything_needs_nothing_prepared_for_a_log_in_a_file(deployed: Prepare) -> None:
    place = deployed("2", "test", "unprepared", prepared=False)
    place.there.node.exit_code = 0
    assert place.do("try out", "first").stdout.endswith(f"0 {SAID}\n")
    place.do("replace", "first")
    assert place.serves() == {"first"}


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_runs_beside_what_serves(code: int, staging: Deployed) -> None:
    staging.there.node.exit_code = code
    done = staging.do("try out", "fifth")
    assert done.stdout.endswith(f"\n{code} {SAID}\n")
    pod = staging.there.node.tried[-1]
    serving = staging.read("get", "deployment", "prediction")["spec"]
    assert not serving["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items(), "users would meet it"
    (trial,), (container,) = pod["spec"]["containers"], serving["template"]["spec"]["containers"]
    for part in ("env", "resources", "securityContext", "volumeMounts"):
        assert trial[part] == container[part]
    assert pod["spec"]["securityContext"] == serving["template"]["spec"]["securityContext"]
    eventually(lambda: len(staging.read("get", "pods")["items"]) == staging.count(), "the pod is left")


def test_what_a_pod_waits_for_is_said(deployed: Prepare) -> None:
    place = deployed("2", "staging", "without-secret")
    place.there("--namespace", place.namespace, "delete", "secret", "prediction-log")
    done = place.do("try out", "first", check=False)
    assert done.stderr.splitlines()[-1].endswith('did not run at there: secret "prediction-log" not found')


def test_a_way_to_the_newest_pod_is_opened(staging: Deployed) -> None:
    assert staging.do("reach", "fourth").stdout.startswith("http://127.0.0.1:")
