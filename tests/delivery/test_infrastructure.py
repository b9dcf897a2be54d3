"""What is emitted for a cloud: in Terraform's own style, known to the cloud's provider, and safe."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import pytest
from conftest import TEMPLATE, Bake, run
from provider_schemas import provider_version
from terraforming import OF_A_MODULE, PROVIDERS, Module, Plan, Terraform, module

from hooks.answers import CHOICES, LONGEST_SLUG
from hooks.layout import emitted

For = Callable[[str], Terraform]
Planned = Callable[[str], Plan]

# Every combination, each content once.
MODULES: dict[str, Module] = {}
for combination in product(PROVIDERS, *(CHOICES[name] for name in OF_A_MODULE)):
    made = module(*combination)
    if made.files not in [other.files for other in MODULES.values()]:
        MODULES["-".join(combination)] = made

# What the linter would have besides, and why it is not there.
NOT_WANTED = {
    "CKV2_AWS_62": "nobody waits for a notification of each file",
    "CKV_AWS_144": "a copy in a second region doubles the cost; versions bring back what was deleted",
    "CKV_AWS_136": "AWS keeps the key, and nobody can lose it or pays for it",
    "CKV_AWS_145": "the same",
    "CKV_GCP_62": "a log of each access costs a second bucket; Cloud Audit Logs keeps one for the project",
    "CKV_GCP_63": "the same: it takes no log for a log in the bucket itself",
    "CKV_GCP_84": "Google keeps the key, and nobody can lose it or pays for it",
}


@pytest.fixture(scope="module")
def planned(terraform: For, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """What Terraform would make of a module."""
    known: dict[str, Plan] = {}

    def plan(name: str) -> Plan:
        if name not in known:
            folder = MODULES[name].write(tmp_path_factory.mktemp("module") / name)
            known[name] = terraform(MODULES[name].cloud).plan(folder, *MODULES[name].variables())
        return known[name]

    return plan


# What is emitted


def test_the_module_of_a_project_is_what_is_tested_here(bake: Bake) -> None:
    project = bake(cloud="aws", maturity_level="2", ci_provider="gitlab", deploy_target="kubernetes")
    written = {path.name: path.read_text(encoding="utf-8") for path in (project.path / "infrastructure/aws").iterdir()}
    assert written == module("aws", "2", "gitlab", "kubernetes").text


def test_modules_are_written_as_terraform_writes_them(terraform: For, tmp_path: Path) -> None:
    for name, sound in MODULES.items():
        sound.write(tmp_path / name)
    assert terraform("aws")(tmp_path, "fmt", "-check", "-recursive", "-diff").stdout == ""


def test_a_line_out_of_style_is_found(terraform: For, tmp_path: Path) -> None:
    MODULES["aws-0-github-docker"].write(tmp_path / "module", plant=("bucket = var.bucket", "bucket  =  var.bucket"))
    done = terraform("aws")(tmp_path, "fmt", "-check", "-recursive", check=False)
    assert done.returncode
    assert "bucket.tf" in done.stdout


def test_a_level_has_what_its_ci_needs_and_no_more() -> None:
    outputs = {
        name: sorted(re.findall('^output "(.+)"', made.text["outputs.tf"], re.M)) for name, made in MODULES.items()
    }
    expected = {}
    for cloud, access in (
        ("aws", ["AWS_REGION", "AWS_ROLE"]),
        ("gcp", ["GCP_SERVICE_ACCOUNT", "GCP_WORKLOAD_IDENTITY_PROVIDER"]),
    ):
        expected[f"{cloud}-0-github-docker"] = ["DVC_REMOTE"]
        for provider in CHOICES["ci_provider"]:
            expected[f"{cloud}-1-{provider}-docker"] = sorted(["DVC_REMOTE", *access])
            expected[f"{cloud}-1-{provider}-kubernetes"] = sorted(["DVC_REMOTE", "IMAGE_REPOSITORY", *access])
            images = ["IMAGE_REPOSITORY", "IMAGE_REPOSITORY_TEST"]
            expected[f"{cloud}-2-{provider}-docker"] = sorted(["DVC_REMOTE", *images, *access])
    assert outputs == expected


def test_outputs_are_what_ci_takes(planned: Planned) -> None:
    environments = ("automation", "dependencies", "production", "staging", "test")
    repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/penguin-species/service"
    assert planned("aws-2-github-docker").outputs == {
        "AWS_REGION": "eu-central-1",
        "AWS_ROLE": {name: f"arn:aws:iam::123456789012:role/penguin-species-{name}" for name in environments},
        "DVC_REMOTE": "s3://penguin-species-dvc",
        "IMAGE_REPOSITORY": repository,
        "IMAGE_REPOSITORY_TEST": f"{repository}-test",
    }
    pool = "projects/987654321/locations/global/workloadIdentityPools/ci-penguin-species"
    accounts = zip(environments, ("auto", "deps", "prod", "stage", "test"), strict=True)
    assert planned("gcp-2-gitlab-docker").outputs == {
        "DVC_REMOTE": "gs://penguin-species-dvc",
        "GCP_SERVICE_ACCOUNT": {
            name: f"penguin-species-{short}@some-project.iam.gserviceaccount.com" for name, short in accounts
        },
        "GCP_WORKLOAD_IDENTITY_PROVIDER": f"{pool}/providers/gitlab",
        "IMAGE_REPOSITORY": "europe-west3-docker.pkg.dev/some-project/penguin-species/service",
        "IMAGE_REPOSITORY_TEST": "europe-west3-docker.pkg.dev/some-project/penguin-species-test/service",
    }


@pytest.mark.parametrize("level", ["1", "2"])
def test_the_jobs_of_jenkins_that_are_trusted_are_those_that_are_emitted(level: str, planned: Planned) -> None:
    answers = {"maturity_level": level, "ci_provider": "jenkins", "cloud": "aws", "deploy_target": "docker"}
    files = emitted(answers | {"dataset": "sample", "__package_name": "penguin_species"})
    jobs = {Path(path).stem for path in files if re.fullmatch(r"jenkins/\w+\.Jenkinsfile", path)}
    # Branches are built by one job; at level 1 it only checks them.
    jobs = {f"main/job/{job}" for job in jobs}
    jobs |= {"test/job/branches/job/develop", "main/job/branches/job/main"} if level == "2" else set()
    trusts = [
        json.loads(role["assume_role_policy"]) for role in planned(f"aws-{level}-jenkins-docker").all("aws_iam_role")
    ]
    conditions = [trust["Statement"][0]["Condition"]["StringEquals"] for trust in trusts]
    subjects = {subject for condition in conditions for subject in condition["ci.example/oidc:sub"]}
    assert sorted(subjects) == sorted(f"https://ci.example/job/penguin-species/job/{job}/" for job in jobs)


# What the provider knows


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_the_provider_asked_for_is_the_one_whose_schema_is_known(cloud: str, bindings: Callable[[str], Path]) -> None:
    wanted = re.findall(' version = "(.+)"', module(cloud, "0", "github", "docker").text["versions.tf"])
    assert wanted == [provider_version(bindings(cloud))]


@pytest.mark.parametrize("name", MODULES)
def test_terraform_plans_the_module(name: str, planned: Planned) -> None:
    """It holds each argument to the provider's schema and evaluates each expression; only the clouds are missing."""
    assert f"{PROVIDERS[MODULES[name].cloud]}_s" in " ".join(planned(name).kinds())
    assert all(planned(name).outputs.values())


UNKNOWN = {
    "an argument": (
        "aws-0-github-docker",
        "restrict_public_buckets",
        "restrict_publik_buckets",
        "Unsupported argument",
    ),
    "a type": ("aws-2-github-docker", "scan_on_push = true", 'scan_on_push = "always"', "a bool is required"),
    "an attribute": ("aws-2-github-docker", "storage.arn}/", "storage.arm}/", "Unsupported attribute"),
    "a block": ("gcp-2-github-docker", "docker_config {", "docker_konfig {", "Unsupported block type"),
    "what is required": ("gcp-2-github-docker", '  format        = "DOCKER"\n', "", "Missing required argument"),
}


@pytest.mark.parametrize("defect", UNKNOWN)
def test_what_the_provider_would_refuse_is_found(defect: str, terraform: For, tmp_path: Path) -> None:
    name, sound, wrong, told = UNKNOWN[defect]
    folder = MODULES[name].write(tmp_path / "module", plant=(sound, wrong))
    done = terraform(MODULES[name].cloud)(folder, "validate", "-no-color", check=False)
    assert done.returncode
    assert told in done.stderr


@pytest.mark.parametrize(
    ("name", "variable", "wrong"),
    [
        ("aws-0-github-docker", "region", "Frankfurt"),
        ("aws-0-github-docker", "bucket", "Not_A_Bucket"),
        ("aws-0-github-docker", "days_of_old_versions", "0"),
        ("aws-1-github-docker", "name", "x" * 41),
        ("aws-1-github-docker", "repository", "owner/*"),
        ("aws-1-github-docker", "repository", "*"),
        ("aws-1-github-docker", "repository", "owner"),
        ("aws-1-gitlab-docker", "repository", "group/*"),
        ("aws-1-gitlab-docker", "gitlab_url", "http://git.example"),
        ("aws-1-jenkins-docker", "jenkins_url", "https://ci.example/"),
        ("aws-1-jenkins-docker", "jobs", '{"production":[]}'),
        ("aws-1-jenkins-docker", "jobs", '{"production":["folder/*"]}'),
        ("gcp-0-github-docker", "project", "P"),
        ("gcp-0-github-docker", "region", "europe"),
        ("gcp-1-github-docker", "name", "x" * 23),
        ("gcp-1-github-docker", "repository", f"owner/{'x' * 120}"),
        ("gcp-1-jenkins-docker", "jobs", f'{{"production":["{"x" * 120}"],"dependencies":["x"]}}'),
    ],
)
def test_a_wrong_answer_is_refused_and_named(
    name: str, variable: str, wrong: str, terraform: For, tmp_path: Path
) -> None:
    folder = MODULES[name].write(tmp_path / "module")
    arguments = MODULES[name].variables(**{variable: wrong})
    done = terraform(MODULES[name].cloud)(folder, "plan", "-input=false", "-no-color", *arguments, check=False)
    assert done.returncode
    assert re.search(rf"{variable} must|no subject of more than 127", " ".join(done.stderr.split()))


FORMS = {
    ("aws", "aws_s3_bucket", "bucket"): r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    ("aws", "aws_ecr_repository", "name"): r"[a-z0-9][a-z0-9-]*/[a-z-]+",
    ("aws", "aws_iam_role", "name"): r"[\w+=,.@-]{1,64}",
    ("gcp", "google_storage_bucket", "name"): r"(?!goog)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    ("gcp", "google_service_account", "account_id"): r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    ("gcp", "google_iam_workload_identity_pool", "workload_identity_pool_id"): r"(?!gcp-)[a-z0-9-]{4,32}",
    ("gcp", "google_artifact_registry_repository", "repository_id"): r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
}


@pytest.mark.parametrize("slug", ["q", "a" * LONGEST_SLUG, "w" + 13 * "-it", "a_b"])
def test_names_are_such_as_the_clouds_take(slug: str, terraform: For, tmp_path: Path) -> None:
    plans = {}
    for cloud in PROVIDERS:
        sound = module(cloud, "2", "github", "docker", slug=slug)
        plans[cloud] = terraform(cloud).plan(sound.write(tmp_path / cloud), *sound.variables())
    for (cloud, kind, name), form in FORMS.items():
        names = [values[name] for values in plans[cloud].all(kind)]
        assert names
        assert [name for name in names if not re.fullmatch(form, name)] == []


# What a linter of policies knows


def lint(tools: Path, folder: Path, plans: Mapping[str, Plan], *options: str) -> dict[str, set[str]]:
    """The checks of checkov that each of these plans fails: it sees what Terraform has evaluated."""
    folder.mkdir()
    for number, plan in enumerate(plans.values()):
        (folder / f"{number}.json").write_text(json.dumps(plan.told), encoding="utf-8")
    command = [str(tools), "-m", "checkov.main", "--directory", str(folder), "--framework=terraform_plan"]
    done = run([*command, "--compact", "--skip-download", "--soft-fail", "--output=json", *options], TEMPLATE)
    report = json.loads(done.stdout)
    assert not report["summary"]["parsing_errors"]
    checks = report["results"]
    read = {check["file_path"] for check in checks["passed_checks"]}
    assert read == {f"/{number}.json" for number in range(len(plans))}, "the linter has not read them all"
    return {
        name: {check["check_id"] for check in checks["failed_checks"] if check["file_path"] == f"/{number}.json"}
        for number, name in enumerate(plans)
    }


LEFT_OUT = f"--skip-check={','.join(NOT_WANTED)}"


def test_the_linter_finds_nothing(planned: Planned, tools: Path, tmp_path: Path) -> None:
    found = lint(tools, tmp_path / "plans", {name: planned(name) for name in MODULES}, LEFT_OUT)
    assert found == {name: set() for name in MODULES}


def test_what_the_linter_is_told_to_leave_out_would_be_found(planned: Planned, tools: Path, tmp_path: Path) -> None:
    """A reason for nothing would hide a check that may be of use some day."""
    plans = {name: planned(name) for name in ("aws-2-github-docker", "gcp-2-github-docker")}
    assert set.union(*lint(tools, tmp_path / "plans", plans).values()) == set(NOT_WANTED)


PLANTED = {
    "a public bucket": ("aws-0-github-docker", "block_public_policy     = true", "= true", "= false", "CKV_AWS_54"),
    "no versions": ("aws-0-github-docker", 'status = "Enabled"\n  }\n}', "Enabled", "Suspended", "CKV_AWS_21"),
    "tags that change": ("aws-2-github-docker", '"IMMUTABLE"', "IMMUTABLE", "MUTABLE", "CKV_AWS_51"),
    "images that nobody scans": ("aws-2-github-docker", "scan_on_push = true", "true", "false", "CKV_AWS_163"),
    "every action": (
        "aws-2-github-docker",
        '["s3:GetBucketLocation", "s3:ListBucket"]',
        "s3:ListBucket",
        "*",
        "CKV_AWS_63",
    ),
    "any repository": ("aws-1-github-docker", "repo:${var.repository}", "${var.repository}", "*", "CKV_AWS_393"),
    "Google: a public bucket": ("gcp-0-github-docker", '"enforced"', "enforced", "inherited", "CKV_GCP_114"),
    "Google: no versions": ("gcp-0-github-docker", "enabled = true", "true", "false", "CKV_GCP_78"),
    "Google: any repository": (
        "gcp-1-github-docker",
        "repo:${var.repository}",
        "${var.repository}",
        "*",
        "CKV_GCP_125",
    ),
}


@pytest.fixture(scope="module")
def found(terraform: For, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What the linter finds in each defect's plan."""
    folder, plans = tmp_path_factory.mktemp("planted"), {}
    for defect, (name, place, sound, wrong, _) in PLANTED.items():
        made = MODULES[name].write(folder / name / defect, plant=(place, place.replace(sound, wrong)))
        plans[defect] = terraform(MODULES[name].cloud).plan(made, *MODULES[name].variables())
    return lint(tools, folder / "plans", plans, LEFT_OUT)


@pytest.mark.parametrize("defect", PLANTED)
def test_the_linter_finds(defect: str, found: dict[str, set[str]]) -> None:
    check = PLANTED[defect][-1]
    assert check in found[defect]
