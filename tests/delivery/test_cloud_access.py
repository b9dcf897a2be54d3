"""Whom a cloud lets in as CI of a project, and what CI may do then: what was evaluated is read, not the text."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
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
# From level 1 on, and from level 2 on.
LET_IN = {
    "github": (
        ["repo:owner/name:environment:dependencies", "repo:owner/name:environment:production"],
        [
            *(f"repo:owner/name:environment:{name}" for name in ("automation", "staging", "test")),
        ],
    ),
    "gitlab": (
        ["project_path:group/part/name:ref_type:branch:ref:main"],
        ["project_path:group/part/name:ref_type:branch:ref:develop"],
    ),
    "jenkins": (
        [f"{JOB}/dependencies/", f"{JOB}/train/"],
        [f"{JOB}/branches/job/develop/", f"{JOB}/branches/job/main/", f"{JOB}/promote/"],
    ),
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
    ],
    "jenkins": [
        f"{JOB}/branches/job/PR-1/",
        f"{JOB}/branches/job/fix/",
        f"{JOB}/other/",
        "https://ci.example/job/other/job/train/",
        "https://other.example/job/penguin-species/job/train/",
    ],
}


# What a cloud does with them


def accepts(plan: Plan, token: Token) -> bool:
    """Whether the cloud of a plan would let in who shows a token."""
    return _aws(plan, token) if "aws_iam_role" in plan.kinds() else _google(plan, token)


def _aws(plan: Plan, token: Token) -> bool:
    known = plan.one("aws_iam_openid_connect_provider")
    (statement,) = json.loads(plan.one("aws_iam_role")["assume_role_policy"])["Statement"]
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


def _google(plan: Plan, token: Token) -> bool:
    known = plan.one("google_iam_workload_identity_pool_provider")
    (oidc,) = known["oidc"]
    address = f"https://iam.googleapis.com/{known['name']}"
    if token["iss"] != oidc["issuer_uri"] or token["aud"] not in (oidc["allowed_audiences"] or [address]):
        return False
    assert known["attribute_mapping"] == {"google.subject": "assertion.sub"}
    terms = known["attribute_condition"].split(" || ")
    assert [term for term in terms if not re.fullmatch(r'assertion\.sub == "[^"*]+"', term)] == []
    account = plan.one("google_service_account")
    pool = plan.one("google_iam_workload_identity_pool")
    member = f"principal://iam.googleapis.com/{pool['name']}/subject/{token['sub']}"
    binding = {
        "service_account_id": account["name"],
        "role": "roles/iam.workloadIdentityUser",
        "member": member,
        "condition": [],
    }
    bindings = [{name: values[name] for name in binding} for values in plan.all("google_service_account_iam_member")]
    return f"assertion.sub == {json.dumps(token['sub'])}" in terms and binding in bindings


@pytest.mark.parametrize("level", ["1", "2"])
@pytest.mark.parametrize("provider", SIGN)
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_ci_of_the_project_is_let_in_on_its_branches_alone(
    cloud: str, provider: str, level: str, planned: Planned
) -> None:
    plan = planned(cloud, level, provider)
    always, from_2 = LET_IN[provider]
    subjects = dict.fromkeys(always, True) | dict.fromkeys(from_2, level == "2")
    subjects |= dict.fromkeys(LEFT_OUT[provider], False)
    assert {subject: accepts(plan, SIGN[provider](subject, cloud)) for subject in subjects} == subjects


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_a_token_of_somebody_else_or_for_somebody_else_is_not_taken(cloud: str, planned: Planned) -> None:
    plan = planned(cloud, "1", "github")
    token = github(LET_IN["github"][0][0], cloud)
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
    token = gitlab(LET_IN["gitlab"][0][0], cloud)
    assert accepts(
        planned(cloud, "1", "gitlab", gitlab_url="https://own.example"),
        token | dict.fromkeys(("aud", "iss"), "https://own.example"),
    )


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_jenkins_signs_tokens_that_the_cloud_takes(cloud: str, planned: Planned) -> None:
    plan = planned(cloud, "1", "jenkins")
    (text,) = render("jenkins/jenkins.yaml", cloud, "1", "jenkins", "kubernetes").values()
    (audience,) = re.findall(r'^ +audience: "?(.+?)"?$', text, re.M)
    audience = re.sub(r"\$\{(\w+):-\}", lambda found: plan.outputs[found[1]], audience)
    assert accepts(plan, jenkins(LET_IN["jenkins"][0][0], cloud) | {"aud": audience})


def test_an_identity_provider_that_the_account_has_is_used(planned: Planned) -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    plan = planned("aws", "1", "github", oidc_provider_arn=arn)
    assert "aws_iam_openid_connect_provider" not in plan.kinds()
    assert json.loads(plan.one("aws_iam_role")["assume_role_policy"])["Statement"][0]["Principal"] == {"Federated": arn}


TOO_WIDE = {
    "AWS: any environment": ("aws", "environment:production", "environment:*", "False"),
    "AWS: any subject": ("aws", '          "${local.issuer}:sub" = local.subjects\n', "", "False"),
    "AWS: patterns": ("aws", "StringEquals = {", "StringLike = {", "StringLike may let in others"),
    "Google: any subject": ("gcp", '"assertion.sub == ${jsonencode(subject)}"', '"true"', "['true', 'true'] == []"),
    "Google: any job": ("gcp", "/subject/${each.key}", "/*", "False"),
}


@pytest.mark.parametrize("defect", TOO_WIDE)
def test_a_trust_that_is_too_wide_does_not_pass_for_sound(defect: str, planned: Planned) -> None:
    cloud, sound, wrong, told = TOO_WIDE[defect]
    plan = planned(cloud, "1", "github", plant=(sound, wrong))
    try:
        verdict = str(accepts(plan, github("repo:owner/name:environment:production", cloud)))
    except AssertionError as error:
        verdict = str(error)
    assert told in verdict


# What CI may do


def rights(plan: Plan) -> set[tuple[str, str]]:
    """What CI may do, and with what."""
    if "aws_iam_role" in plan.kinds():
        found = set()
        for policy in plan.all("aws_iam_role_policy"):
            for statement in json.loads(policy["policy"])["Statement"]:
                assert statement["Effect"] == "Allow"
                lists = [
                    value if isinstance(value, list) else [value]
                    for value in (statement["Action"], statement["Resource"])
                ]
                found |= {(action, resource) for action in lists[0] for resource in lists[1]}
        return found
    account = plan.one("google_service_account")["member"]
    members = {
        "google_storage_bucket_iam_member": "bucket",
        "google_artifact_registry_repository_iam_member": "repository",
    }
    others = {kind for kind in plan.kinds() if "_iam_" in kind and "workload" not in kind} - set(members)
    assert others == {"google_service_account_iam_member"}
    return {
        (values["role"], values[place])
        for kind, place in members.items()
        for values in plan.all(kind)
        if values["member"] == account
    }


BUCKET = "arn:aws:s3:::penguin-species-dvc"
STORAGE = {(f"s3:{action}", BUCKET) for action in ("GetBucketLocation", "ListBucket")} | {
    (f"s3:{action}", f"{BUCKET}/*")
    for action in ("AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")
}
IMAGES = (
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "PutImage",
    "UploadLayerPart",
)
REPOSITORY = "arn:aws:ecr:eu-central-1:123456789012:repository/penguin-species/service"
EXPECTED: dict[tuple[str, str], set[tuple[str, str]]] = {
    ("aws", "1"): STORAGE | {("ecr:GetAuthorizationToken", "*")} | {(f"ecr:{action}", REPOSITORY) for action in IMAGES},
    ("aws", "2"): STORAGE
    | {("ecr:GetAuthorizationToken", "*")}
    | {(f"ecr:{action}", name) for action in IMAGES for name in (REPOSITORY, f"{REPOSITORY}-pipeline")},
    ("gcp", "1"): {
        ("roles/artifactregistry.writer", "penguin-species"),
        ("roles/storage.objectCreator", "penguin-species-dvc"),
        ("roles/storage.objectViewer", "penguin-species-dvc"),
    },
}
EXPECTED["gcp", "2"] = EXPECTED["gcp", "1"]


@pytest.mark.parametrize(("cloud", "level"), EXPECTED)
def test_ci_may_read_and_add_in_one_bucket_and_one_registry_and_no_more(
    cloud: str, level: str, planned: Planned
) -> None:
    assert rights(planned(cloud, level, "github")) == EXPECTED[cloud, level]


@pytest.mark.parametrize(
    ("cloud", "sound", "defect"),
    [
        ("aws", '["s3:GetBucketLocation", "s3:ListBucket"]', '"s3:*"'),
        ("aws", 'Resource = "${aws_s3_bucket.storage.arn}/*"', 'Resource = "*"'),
        ("gcp", "roles/storage.objectCreator", "roles/storage.admin"),
    ],
)
def test_more_rights_are_found(cloud: str, sound: str, defect: str, planned: Planned) -> None:
    assert rights(planned(cloud, "1", "github", plant=(sound, defect))) != EXPECTED[cloud, "1"]


@pytest.mark.parametrize("level", ["1", "2"])
def test_tags_of_images_stay_what_they_were(level: str, planned: Planned) -> None:
    aws, google = planned("aws", level, "github"), planned("gcp", level, "github")
    assert {values["image_tag_mutability"] for values in aws.all("aws_ecr_repository")} == {"IMMUTABLE"}
    registry = google.one("google_artifact_registry_repository")
    assert registry["docker_config"] == [{"immutable_tags": True}]
    assert registry["vulnerability_scanning_config"] == [{"enablement_config": "INHERITED"}]
