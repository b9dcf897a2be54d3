"""What is emitted for images, clusters and CI, as a linter of policies sees it: what it finds is there for a reason."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import TEMPLATE, run
from rendering import rendered

FRAMEWORKS = ("dockerfile", "github_actions", "gitlab_ci", "kubernetes")
# Together they have every file that these frameworks read.
PROJECTS = tuple(
    {"maturity_level": level, "ci_provider": provider, "cloud": cloud, "deploy_target": target}
    for level, provider, cloud, target in (
        ("2", "github", "aws", "kubernetes"),
        ("2", "gitlab", "gcp", "docker"),
        ("1", "github", "none", "kubernetes"),
        ("1", "gitlab", "none", "docker"),
        ("0", "github", "none", "docker"),
    )
)
# What the linter would have besides, and why it is not there.
NOT_WANTED = {
    "CKV_DOCKER_2": "the pipeline's image runs once and ends; the service's has its check",
    "CKV_GHA_7": "a person names the release, the environment and the reason; no input changes what is built",
    "CKV_GITLABCI_2": "the rules name one source each, so a push and its merge request never match both",
    "CKV_K8S_11": "a CPU limit throttles while cores are idle, and shows as latency; memory has one",
    "CKV_K8S_14": "the digest takes its place when it is deployed",
    "CKV_K8S_21": "each environment's kustomization names the namespace",
    "CKV_K8S_43": "the digest takes its place when it is deployed",
}
# What is planted in a file, and the check that finds it.
PLANTED = {
    "more rights": (
        "deploy/kubernetes/base/deployment.yaml",
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
        "CKV_K8S_20",
    ),
    "the user root": ("deploy/Dockerfile", "USER ", "USER root\n# ", "CKV_DOCKER_8"),
    "rights by default": (".github/workflows/verify.yml", "permissions: {}", "permissions: write-all", "CKV2_GHA_1"),
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def found(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """The checks that fail, for the projects as they are and with what is planted: each with the names of files."""
    folder = tmp_path_factory.mktemp("policies")
    for number, asked in enumerate(PROJECTS):
        files = rendered(asked)
        write(folder / "sound" / str(number), files)
        for path, sound, wrong, _ in PLANTED.values():
            if path in files:
                assert sound in files[path]
                write(folder / "planted" / str(number), {path: files[path].replace(sound, wrong)})
    command = [str(tools), "-m", "checkov.main", "--directory", str(folder), "--framework", *FRAMEWORKS]
    done = run([*command, "--compact", "--skip-download", "--soft-fail", "--output=json"], TEMPLATE)
    checks: dict[str, dict[str, set[str]]] = {"sound": {}, "planted": {}}
    reports = json.loads(done.stdout)
    assert {report["check_type"] for report in reports} == set(FRAMEWORKS)
    for report in reports:
        assert not report["summary"]["parsing_errors"]
        for check in report["results"]["failed_checks"]:
            where = Path(check["file_abs_path"]).relative_to(folder)
            checks[where.parts[0]].setdefault(check["check_id"], set()).add(where.name)
    return checks


@pytest.mark.guards("SEC-06")
def test_linter_of_policies_finds_what_has_a_reason_and_no_more(found: dict[str, dict[str, set[str]]]) -> None:
    """A reason for nothing would hide a check that may be of use some day."""
    checks = found["sound"]
    assert set(checks) == set(NOT_WANTED), checks
    assert checks["CKV_DOCKER_2"] == {"pipeline.Dockerfile"}
    assert checks["CKV_K8S_43"] == {"deployment.yaml"}


@pytest.mark.parametrize("defect", PLANTED)
def test_linter_of_policies_finds(defect: str, found: dict[str, dict[str, set[str]]]) -> None:
    path, _, _, check = PLANTED[defect]
    assert Path(path).name in found["planted"][check]
