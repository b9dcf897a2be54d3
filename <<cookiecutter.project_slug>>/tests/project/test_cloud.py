"""CI gets into the cloud by tokens that its provider signs: no key is made for it, and none is handed to it."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.requirement("SEC-04")

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "infrastructure" / "<< cookiecutter.cloud >>"
<% set files = {"github": [".github/**/*.yml"], "gitlab": [".gitlab-ci.yml", ".gitlab/*.yml"], "jenkins": ["Jenkinsfile", "jenkins/*"]} %>
CI = << files[cookiecutter.ci_provider] | tojson >>
<% if cookiecutter.cloud == "aws" %>
LASTING = {"aws_iam_access_key", "aws_iam_user"}
HANDED = re.compile(r"aws[-_](access[-_]key[-_]id|secret[-_]access[-_]key)", re.IGNORECASE)
<% else %>
LASTING = {"google_service_account_key", "google_storage_hmac_key"}
HANDED = re.compile(r"credentials_json|service[-_]account[-_]key", re.IGNORECASE)
<% endif %>


def test_no_key_is_made() -> None:
    made = {kind for file in MODULE.glob("*.tf") for kind in re.findall(r'^resource "(\w+)"', file.read_text(), re.M)}
    assert made
    assert not made & LASTING


def test_no_key_is_handed_to_ci() -> None:
    files = [file for pattern in CI for file in ROOT.glob(pattern)]
    assert files
    assert {file.name: found[0] for file in files if (found := HANDED.search(file.read_text()))} == {}


def test_who_ci_is_is_said_without_a_pattern() -> None:
    """One that fits the tokens of another repository, or of a pull request, would let them in."""
    text = (MODULE / "ci.tf").read_text()
<% if cookiecutter.ci_provider == "jenkins" %>
    text += re.findall(r'^variable "jobs" {$.+?^}$', (MODULE / "variables.tf").read_text(), re.M | re.S)[0]
    subjects = re.findall(r"^  default = \[(.+?)^  \]$", text, re.M | re.S)
<% else %>
    subjects = re.findall(r"^  subjects = \[(.+?)^  \]$", text, re.M | re.S)
<% endif %>
    assert len(subjects) == 1
    assert "*" not in subjects[0]
<% if cookiecutter.cloud == "aws" %>
    assert '"${local.issuer}:sub" = local.subjects' in text
    assert "StringLike" not in text
<% else %>
    assert "assertion.sub == ${jsonencode(subject)}" in text
<% endif %>
