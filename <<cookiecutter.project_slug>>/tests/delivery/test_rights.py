"""The service gets no right that it does not need, wherever it runs."""

import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.requirement("SEC-06")

DEPLOY = Path("deploy")


@pytest.mark.parametrize("file", list(DEPLOY.glob("*Dockerfile")), ids=str)
def test_the_image_has_a_user_who_is_not_root(file: Path) -> None:
    *_, user = re.findall(r"^USER (\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert int(user.partition(":")[0]) > 0, "by number, so that Kubernetes can tell"


<% if cookiecutter.deploy_target == "docker" %>
@pytest.mark.parametrize(("file", "name"), [("service.yaml", "prediction"), ("compose.yaml", "proxy")])
def test_the_container_writes_nowhere_but_to_its_log(file: str, name: str) -> None:
    service = yaml.safe_load((DEPLOY / file).read_text(encoding="utf-8"))["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"user", "privileged", "cap_add"} & set(service)
<% else %>
KUBERNETES = DEPLOY / "kubernetes"


def test_the_container_is_not_root_and_writes_nowhere_but_to_its_log() -> None:
    manifest = (KUBERNETES / "base" / "deployment.yaml").read_text(encoding="utf-8")
    pod = yaml.safe_load(manifest)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("file", [path for path in KUBERNETES.rglob("*.yaml") if path.parent.name != "base"], ids=str)
def test_no_environment_gives_a_right_back(file: Path) -> None:
    rights = re.findall(
        r"privileged|allowPrivilegeEscalation|readOnlyRootFilesystem|capabilities|runAs\w+|host(?:Network|PID|IPC|Path)",
        file.read_text(encoding="utf-8"),
    )
    assert not rights, f"{file} says {', '.join(rights)}; what a container may do is said in {KUBERNETES}/base alone"


@pytest.mark.parametrize("file", list(KUBERNETES.rglob("namespace.yaml")), ids=str)
def test_the_namespace_refuses_pods_with_rights(file: Path) -> None:
    labels = yaml.safe_load(file.read_text(encoding="utf-8"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
<% endif %>
