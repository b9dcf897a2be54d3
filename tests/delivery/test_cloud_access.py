"""Whom a cloud lets in as CI of a project, and what CI may do then: what was evaluated is read, not the text."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraforming import PROVIDERS, Plan, Terraform, module, render

Token = dict[str, str]
For = Callable[[str], Terraform]
Planned = Callable[..., Plan]

PROVIDER_ADDRESS = (
    "https://iam.googleapis.com/projects/987654321/locations/global/workloadIdentityPools/ci-penguin-species/providers/"
)


@pytest.fixture
def planned(terraform: For, tmp_path: Path) -> Planned:
    """What Terraform would make of a module, with a defect in it if one is planted."""

    def plan(cloud: str, level: str, provider: str, plant: tuple[str, str] | None = None, **more: str) -> Plan:
        made = module(cloud, level, provider, "kubernetes")
        return terraform(cloud).plan(made.write(tmp_path / cloud, plant=plant), *made.variables(**more))

    return plan


# Tokens, as each provider of CI signs them


def github(subject: str, cloud: str) -> Token:
    audience = "sts.amazonaws.com" if cloud == "aws" else f"{PROVIDER_ADDRESS}github"
    return {"iss": "https://token.actions.githubusercontent.com", "aud": audience, "sub": subject}


def gitlab(subject: str, _: str) -> Token:
    return {"iss": "https://git.example", "aud": "https://git.example", "sub": subject}


def jenkins(subject: str, cloud: str) -> Token:
    audience = "sts.amazonaws.com" if cloud == "aws" else f"{PROVIDER_ADDRESS}jenkins"
    return {"iss": "https://ci.example/oidc", "aud": audience, "sub": subject}


SIGN = {"github": github, "gitlab": gitlab, "jenkins": jenkins}
JOB = "https://ci.example/job/penguin-species/job"
GITHUB = "repo:owner/name:environment"
GITLAB = "project_path:group/part/name:ref_type:branch:ref"
AT = {"1": ("dependencies", "production"), "2": ("automation", "dependencies", "production", "staging", "test")}
# By level, whose tokens become what in the cloud.
LET_IN: dict[tuple[str, str], dict[str, set[str]]] = {
    ("github", level): {f"{GITHUB}:{name}": {name} for name in environments} for level, environments in AT.items()
}
LET_IN["gitlab", "1"] = {f"{GITLAB}:main": {"production"}}
LET_IN["gitlab", "2"] = {f"{GITLAB}:main": {"automation", "production", "staging"}, f"{GITLAB}:develop": {"test"}}
LET_IN["jenkins", "1"] = {
    f"{JOB}/main/job/dependencies/": {"dependencies", "production"},
    f"{JOB}/main/job/train/": {"production"},
}
LET_IN["jenkins", "2"] = {
    f"{JOB}/test/job/branches/job/develop/": {"test"},
    f"{JOB}/main/job/branches/job/main/": {"automation", "staging"},
    f"{JOB}/main/job/dependencies/": {"automation", "dependencies"},
    f"{JOB}/main/job/monitor/": {"automation"},
    f"{JOB}/main/job/promote/": {"production"},
    f"{JOB}/main/job/rollback/": {"production", "staging", "test"},
    f"{JOB}/main/job/stop/": {"staging", "test"},
    f"{JOB}/main/job/train/": {"automation", "production", "staging"},
    f"{JOB}/main/job/verify/": {"staging"},
}
LEFT_OUT = {
    "github": [
        "repo:owner/name:pull_request",
        "repo:owner/name:ref:refs/heads/main",
        "repo:owner/name:ref:refs/heads/develop",
        "repo:owner/name:environment:production-2",
        "repo:owner/name:ref:refs/tags/main",
        "repo:owner/other:environment:production",
        "repo:other/name:environment:production",
        "repo:owner@1/name@3:environment:production",
        "repo:owner/name:environment:elsewhere",
        "",
    ],
    "gitlab": [
        "project_path:group/part/name:ref_type:branch:ref:fix",
        "project_path:group/part/name:ref_type:tag:ref:main",
        "project_path:group/part/other:ref_type:branch:ref:main",
        "project_path:fork/name:ref_type:branch:ref:main",
        f"dependencies:{GITLAB}:main",
    ],
    "jenkins": [
        f"{JOB}/branches/job/PR-1/",
        f"{JOB}/branches/job/main/",
        f"{JOB}/main/job/branches/job/PR-1/",
        f"{JOB}/main/job/branches/job/fix/",
        f"{JOB}/other/",
        "https://ci.example/job/other/job/train/",
        "https://other.example/job/penguin-species/job/train/",
    ],
}


# What a cloud does with them


def become(plan: Plan, token: Token) -> set[str]:
    """The environments whose role or account a cloud would give to who shows a token."""
    return _aws(plan, token) if "aws_iam_role" in plan.kinds() else _google(plan, token)


def accepts(plan: Plan, token: Token) -> bool:
    """Whether the cloud of a plan would let in who shows a token."""
    return bool(become(plan, token))


def _aws(plan: Plan, token: Token) -> set[str]:
    known = plan.one("aws_iam_openid_connect_provider")
    roles = {environment: plan.at("aws_iam_role", environment) for environment in plan.outputs["AWS_ROLE"]}
    return {environment for environment, role in roles.items() if _takes(role, known, token)}


def _takes(role: Mapping[str, Any], known: Mapping[str, Any], token: Token) -> bool:
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"]["Federated"] == known["arn"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
    if token["iss"] != known["url"] or token["aud"] not in known["client_id_list"]:
        return False
    issuer = known["url"].removeprefix("https://")
    for operator, wanted in statement["Condition"].items():
        assert operator == "StringEquals", f"{operator} may let in others"
        for claim, values in wanted.items():
            if token[claim.removeprefix(f"{issuer}:")] not in ([values] if isinstance(values, str) else values):
                return False
    # AWS would take any job of this issuer for the role if nobody named a subject.
    return f"{issuer}:sub" in statement["Condition"].get("StringEquals", {})


# How the subject of a token is made, in the language of Google's conditions.
SUBJECTS: dict[str, Callable[[Token], str]] = {
    "assertion.sub": lambda token: token["sub"],
    "(assertion.aud == 'dependencies' ? 'dependencies:' : '') + assertion.sub": lambda token: (
        f"{'dependencies:' if token['aud'] == 'dependencies' else ''}{token['sub']}"
    ),
}


def _google(plan: Plan, token: Token) -> set[str]:
    known = plan.one("google_iam_workload_identity_pool_provider")
    (oidc,) = known["oidc"]
    address = f"https://iam.googleapis.com/{known['name']}"
    if token["iss"] != oidc["issuer_uri"] or token["aud"] not in (oidc["allowed_audiences"] or [address]):
        return set()
    terms = known["attribute_condition"].split(" || ")
    assert [term for term in terms if not re.fullmatch(r'assertion\.sub == "[^"*]+"', term)] == []
    if f"assertion.sub == {json.dumps(token['sub'])}" not in terms:
        return set()
    (made,) = known["attribute_mapping"].values()
    pool = plan.one("google_iam_workload_identity_pool")
    binding = {
        "role": "roles/iam.workloadIdentityUser",
        "member": f"principal://iam.googleapis.com/{pool['name']}/subject/{SUBJECTS[made](token)}",
        "condition": [],
    }
    found = [
        values["service_account_id"]
        for values in plan.all("google_service_account_iam_member")
        if {name: values[name] for name in binding} == binding
    ]
    environments = plan.outputs["GCP_SERVICE_ACCOUNT"]
    return {name for name in environments if plan.at("google_service_account", name)["name"] in found}


@pytest.mark.parametrize("level", ["1", "2"])
@pytest.mark.parametrize("provider", SIGN)
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_ci_of_the_project_is_let_in_where_its_branch_or_environment_belongs(
    cloud: str, provider: str, level: str, planned: Planned
) -> None:
    plan = planned(cloud, level, provider)
    subjects = LET_IN[provider, level] | {subject: set() for subject in LEFT_OUT[provider]}
    assert {subject: become(plan, SIGN[provider](subject, cloud)) for subject in subjects} == subjects


@pytest.mark.parametrize("level", ["1", "2"])
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_job_of_gitlab_that_runs_new_packages_becomes_no_other(cloud: str, level: str, planned: Planned) -> None:
    texts = render(".gitlab/", cloud, level, "gitlab", "kubernetes")
    jobs = yaml.safe_load(texts[".gitlab/dependencies.yml"])
    (audience,) = {token["aud"] for token in jobs["update"]["id_tokens"].values()}
    assert "id_tokens" not in jobs["propose"]
    plan, token = planned(cloud, level, "gitlab"), gitlab(f"{GITLAB}:main", cloud) | {"aud": audience}
    assert become(plan, token) == {"dependencies"}
    assert become(plan, token | {"sub": f"{GITLAB}:develop"}) == set()


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_a_token_of_somebody_else_or_for_somebody_else_is_not_taken(cloud: str, planned: Planned) -> None:
    plan = planned(cloud, "1", "github")
    token = github(f"{GITHUB}:production", cloud)
    assert accepts(plan, token)
    assert not accepts(plan, token | {"iss": "https://token.actions.githubusercontent.example"})
    assert not accepts(plan, token | {"aud": "https://github.com/owner"})


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_a_repository_is_named_with_its_numbers_where_its_tokens_do(cloud: str, planned: Planned) -> None:
    """As those of repositories do that were made after July 2026: a name that is free again is no way in."""
    plan = planned(cloud, "1", "github", repository="owner@1/name@2")
    assert accepts(plan, github("repo:owner@1/name@2:environment:production", cloud))
    assert not accepts(plan, github("repo:owner@1/name@3:environment:production", cloud))
    assert not accepts(plan, github("repo:owner/name:environment:production", cloud))


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_jobs_of_gitlab_ask_for_a_token_that_the_cloud_takes(cloud: str, planned: Planned) -> None:
    (text,) = render(".gitlab/prepare.yml", cloud, "1", "gitlab", "kubernetes").values()
    assert re.findall(r"aud: (\S+)", text) == ["$CI_SERVER_URL"]
    token = gitlab(f"{GITLAB}:main", cloud)
    assert accepts(
        planned(cloud, "1", "gitlab", gitlab_url="https://own.example"),
        token | dict.fromkeys(("aud", "iss"), "https://own.example"),
    )


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_jenkins_signs_tokens_that_the_cloud_takes(cloud: str, planned: Planned) -> None:
    plan = planned(cloud, "1", "jenkins")
    (text,) = render("jenkins/jenkins.yaml", cloud, "1", "jenkins", "kubernetes").values()
    (audience,) = re.findall(r'^ +audience: "?(.+?)"?$', text, re.M)
    audience = re.sub(r"\$\{(\w+):-\}", lambda found: str(plan.outputs[found[1]]), audience)
    assert accepts(plan, jenkins(f"{JOB}/main/job/train/", cloud) | {"aud": audience})


def test_an_identity_provider_that_the_account_has_is_used(planned: Planned) -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    plan = planned("aws", "1", "github", oidc_provider_arn=arn)
    assert "aws_iam_openid_connect_provider" not in plan.kinds()
    role = plan.at("aws_iam_role", "production")
    assert json.loads(role["assume_role_policy"])["Statement"][0]["Principal"] == {"Federated": arn}


TOO_WIDE = {
    "AWS: any environment": ("aws", "environment:${name}", "environment:*", "set()"),
    "AWS: any subject": ("aws", '          "${local.issuer}:sub" = local.subjects[each.key]\n', "", "set()"),
    "AWS: patterns": ("aws", "StringEquals = {", "StringLike = {", "StringLike may let in others"),
    "Google: any subject": ("gcp", '"assertion.sub == ${jsonencode(subject)}"', '"true"', "['true', 'true'] == []"),
    "Google: any job": ("gcp", "/subject/${each.value[1]}", "/*", "set()"),
}


@pytest.mark.parametrize("defect", TOO_WIDE)
def test_a_trust_that_is_too_wide_does_not_pass_for_sound(defect: str, planned: Planned) -> None:
    cloud, sound, wrong, told = TOO_WIDE[defect]
    plan = planned(cloud, "1", "github", plant=(sound, wrong))
    try:
        verdict = str(become(plan, github(f"{GITHUB}:production", cloud)))
    except AssertionError as error:
        verdict = str(error)
    assert told in verdict


# What CI may do


def rights(plan: Plan, environment: str) -> set[tuple[str, str]]:
    """What CI may do in an environment, and with what."""
    if "aws_iam_role" in plan.kinds():
        found = set()
        role = plan.at("aws_iam_role", environment)["id"]
        for policy in (policy for policy in plan.all("aws_iam_role_policy") if policy["role"] == role):
            for statement in json.loads(policy["policy"])["Statement"]:
                assert statement["Effect"] == "Allow"
                lists = [
                    value if isinstance(value, list) else [value]
                    for value in (statement["Action"], statement["Resource"])
                ]
                found |= {(action, resource) for action in lists[0] for resource in lists[1]}
        return found
    account = plan.at("google_service_account", environment)["member"]
    members = {
        "google_storage_bucket_iam_member": "bucket",
        "google_artifact_registry_repository_iam_member": "repository",
    }
    others = {kind for kind in plan.kinds() if "_iam_" in kind and "workload" not in kind} - set(members)
    assert others == {"google_service_account_iam_member"}
    return {
        (values["role"], values[place] + "".join(one["expression"] for one in values.get("condition") or ()))
        for kind, place in members.items()
        for values in plan.all(kind)
        if values["member"] == account
    }


BUCKET = "arn:aws:s3:::penguin-species-dvc"
OBJECTS = f"{BUCKET}/files/*"
READS = {(f"s3:{action}", BUCKET) for action in ("GetBucketLocation", "ListBucket")} | {("s3:GetObject", OBJECTS)}
ADDS = {(f"s3:{action}", OBJECTS) for action in ("AbortMultipartUpload", "ListMultipartUploadParts", "PutObject")}
PULLS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
PUSHES = (*PULLS, "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
REPOSITORY = "arn:aws:ecr:eu-central-1:123456789012:repository/penguin-species/service"


def amazon_images(actions: tuple[str, ...], *names: str) -> set[tuple[str, str]]:
    return {("ecr:GetAuthorizationToken", "*")} | {(f"ecr:{action}", name) for action in actions for name in names}


DATA = "penguin-species-dvc"
IN_FILES = 'resource.name.startsWith("projects/_/buckets/penguin-species-dvc/objects/files/")'
GOOGLE_READS = {("roles/storage.objectViewer", DATA)}
GOOGLE_ADDS = {("roles/storage.objectCreator", f"{DATA}{IN_FILES}")}
REGISTRY = "penguin-species"
EXPECTED: dict[tuple[str, str, str], set[tuple[str, str]]] = {
    ("aws", "1", "dependencies"): READS,
    ("aws", "1", "production"): READS | ADDS | amazon_images(PUSHES, REPOSITORY),
    ("aws", "2", "automation"): READS | ADDS | amazon_images(PUSHES, REPOSITORY, f"{REPOSITORY}-pipeline"),
    ("aws", "2", "dependencies"): READS,
    ("aws", "2", "production"): READS | amazon_images(PULLS, REPOSITORY),
    ("aws", "2", "staging"): READS | amazon_images(PULLS, REPOSITORY),
    ("aws", "2", "test"): READS | amazon_images(PUSHES, f"{REPOSITORY}-test"),
    ("gcp", "1", "dependencies"): GOOGLE_READS,
    ("gcp", "1", "production"): GOOGLE_READS | GOOGLE_ADDS | {("roles/artifactregistry.writer", REGISTRY)},
    ("gcp", "2", "automation"): GOOGLE_READS | GOOGLE_ADDS | {("roles/artifactregistry.writer", REGISTRY)},
    ("gcp", "2", "dependencies"): GOOGLE_READS,
    ("gcp", "2", "production"): GOOGLE_READS | {("roles/artifactregistry.reader", REGISTRY)},
    ("gcp", "2", "staging"): GOOGLE_READS | {("roles/artifactregistry.reader", REGISTRY)},
    ("gcp", "2", "test"): GOOGLE_READS | {("roles/artifactregistry.writer", f"{REGISTRY}-test")},
}


@pytest.mark.parametrize("level", AT)
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_each_environment_reads_data_and_adds_in_its_own_places_alone(cloud: str, level: str, planned: Planned) -> None:
    plan = planned(cloud, level, "github")
    found = {(cloud, level, environment): rights(plan, environment) for environment in AT[level]}
    assert found == {key: allowed for key, allowed in EXPECTED.items() if key[:2] == (cloud, level)}


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_nothing_that_develop_or_new_packages_run_writes_where_main_reads(cloud: str, planned: Planned) -> None:
    plan = planned(cloud, "2", "github")
    writing = ("Put", "Upload", "Creator", "writer")
    written = {
        environment: {place for right, place in rights(plan, environment) if any(word in right for word in writing)}
        for environment in AT["2"]
    }
    assert not written["dependencies"] | written["staging"] | written["production"]
    assert written["test"].isdisjoint(written["automation"])


@pytest.mark.parametrize(
    ("cloud", "sound", "defect"),
    [
        ("aws", '["s3:GetBucketLocation", "s3:ListBucket"]', '"s3:*"'),
        ("aws", 'Resource = "${aws_s3_bucket.storage.arn}/files/*"', 'Resource = "*"'),
        ("gcp", "roles/storage.objectCreator", "roles/storage.admin"),
        ("gcp", "objects/files/", "objects/"),
    ],
)
def test_more_rights_are_found(cloud: str, sound: str, defect: str, planned: Planned) -> None:
    found = rights(planned(cloud, "1", "github", plant=(sound, defect)), "production")
    assert found != EXPECTED[cloud, "1", "production"]


@pytest.mark.parametrize("level", ["1", "2"])
def test_tags_of_images_stay_what_they_were(level: str, planned: Planned) -> None:
    aws, google = planned("aws", level, "github"), planned("gcp", level, "github")
    assert {values["image_tag_mutability"] for values in aws.all("aws_ecr_repository")} == {"IMMUTABLE"}
    for registry in google.all("google_artifact_registry_repository"):
        assert registry["docker_config"] == [{"immutable_tags": True}]
        assert registry["vulnerability_scanning_config"] == [{"enablement_config": "INHERITED"}]
