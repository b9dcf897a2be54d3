"""CI gets into the cloud by tokens that its provider signs: no key is made for it, and none is handed to it."""

import re

from mlops_maturity.testing.repository.check import Problems, Repository, check

CLOUDS = ("aws", "gcp")
LASTING = {
    "aws": {"aws_iam_access_key", "aws_iam_user"},
    "gcp": {"google_service_account_key", "google_storage_hmac_key"},
}
HANDED = {
    "aws": re.compile(r"aws[-_](access[-_]key[-_]id|secret[-_]access[-_]key)", re.IGNORECASE),
    "gcp": re.compile(r"credentials_json|service[-_]account[-_]key", re.IGNORECASE),
}
TRUST = {"aws": '"${local.issuer}:sub" = local.subjects', "gcp": "assertion.sub == ${jsonencode(subject)}"}


@check("SEC-04", since=1, cloud=CLOUDS)
def no_key_of_the_cloud_is_made(repository: Repository) -> Problems:
    """Terraform makes no user and no key that lasts."""
    cloud = repository.answers.cloud
    for path in repository.files(f"infrastructure/{cloud}/*.tf"):
        for kind in re.findall(r'^resource "(\w+)"', repository.text(path), re.MULTILINE):
            if kind in LASTING[cloud]:
                yield f"{path} makes {kind}, a key that lasts: CI has a role that it takes by a token"


@check("SEC-04", since=1, cloud=CLOUDS)
def no_key_of_the_cloud_is_handed_to_ci(repository: Repository) -> Problems:
    """No workflow takes one."""
    for path in repository.ci_files:
        if found := HANDED[repository.answers.cloud].search(repository.text(path)):
            yield f"{path} takes {found[0]}, a key that lasts: use the token of the job"


@check("SEC-04", since=1, cloud=CLOUDS)
def cloud_trusts_this_repository_without_a_pattern(repository: Repository) -> Problems:
    """One that fits the tokens of another repository, or of a pull request, would let them in."""
    folder, form = f"infrastructure/{repository.answers.cloud}", r"^  subjects += (.+?)^$"
    text = repository.text(f"{folder}/ci.tf")
    listed = text
    if repository.answers.ci_provider == "jenkins":
        found = re.search(r'^variable "jobs" {$.+?^}$', repository.text(f"{folder}/variables.tf"), re.M | re.S)
        listed, form = found[0] if found else "", r"^  default = {(.+?)^  }$"
    subjects = re.findall(form, listed, re.MULTILINE | re.DOTALL)
    if len(subjects) != 1 or "*" in subjects[0]:
        yield f"{folder} must list who CI is, each by its whole name, without *"
    if TRUST[repository.answers.cloud] not in text or "StringLike" in text:
        yield f"{folder}/ci.tf: the subject of a token must equal one that is listed"
