"""Setting up GitHub as docs/github.md says, by GitHub's own command and with the rights of whoever calls it.

What is there already becomes what it should be, so it can be done again at any time.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_maturity.ci.bodies import lines
from mlops_maturity.ci.github.platform import gh
from mlops_maturity.ci.github.rules import ENVIRONMENTS, Environment, rulesets
from mlops_maturity.ci.key import provide_key
from mlops_maturity.ci.settings import Setting, settings_of
from mlops_maturity.project import answers, signing
from mlops_maturity.project.errors import ProjectError

OWNERS = Path(".github/CODEOWNERS")
NOBODY = "@OWNER"
HERE = "repos/{owner}/{repo}"


@dataclass(frozen=True)
class Request:
    """A request to GitHub's interface.

    Attributes:
        what: it is for.
        method: of HTTP.
        path: under the repository.
        body: of the request.
    """

    what: str
    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)

    def send(self) -> None:
        """Let GitHub do it.

        Raises:
            ProjectError: it refuses.
        """
        gh("api", "--method", self.method, f"{HERE}/{self.path}", "--input", "-", typed=json.dumps(self.body))


def run(show: bool = False) -> None:
    """Set rules, environments and permissions, and ask for the variables and secrets that are missing.

    Args:
        show: only print what would be done; where GitHub cannot be asked, what a new repository would get.

    Raises:
        ProjectError: GitHub refuses something; the rest is set all the same.
    """
    github, refused = _asked(show), []
    for request in requests(github):
        print(f"{'would set' if show else 'set'} {request.what}")
        if show:
            print(*lines(request.body), sep="\n", end="\n" if request.body else "")
            continue
        try:
            request.send()
        except ProjectError as error:
            print(f"NOT SET: {request.what}: {error}")
            refused.append(request.what)
    for setting in settings_of(answers.load()):
        if setting.made:
            provide_key(setting, give_key, show=show)
            continue
        for environment in setting.environments or [""]:
            provide(github, setting, environment, ask=sys.stdin.isatty() and not show)
    if refused:
        raise ProjectError(f"GitHub refused: {', '.join(refused)}; docs/github.md says which plans have what")


class GitHub:
    """What the repository has already."""

    def listed(self, path: str, key: str = "") -> list[dict[str, Any]]:
        """What there is; nothing where there is none yet."""
        try:
            found = json.loads(gh("api", f"{HERE}/{path}?per_page=100"))
        except ProjectError as error:
            if "404" in str(error):
                return []
            raise
        items: list[dict[str, Any]] = found[key] if key else found
        return items

    def number(self, path: str) -> object:
        """The number of a person or a team."""
        return int(gh("api", path, "--jq", ".id"))

    def names(self, kind: str, where: list[str]) -> set[str]:
        """The names of the variables or secrets."""
        return {each["name"] for each in json.loads(gh(kind, "list", "--json", "name", *where))}


class NewRepository(GitHub):
    """A repository that has a branch main, and nothing else: nobody is asked."""

    def listed(self, path: str, key: str = "") -> list[dict[str, Any]]:  # noqa: ARG002
        """The branch main."""
        return [{"object": {"sha": "main"}}] if path.endswith("heads/main") else []

    def number(self, path: str) -> object:
        """The path itself."""
        return path

    def names(self, kind: str, where: list[str]) -> set[str]:  # noqa: ARG002
        """None."""
        return set()


def _asked(show: bool) -> GitHub:
    """The repository at hand, or a new one if only to show what it would get, and GitHub does not answer."""
    github = GitHub()
    try:
        github.listed("rulesets")
    except ProjectError as error:
        if not show:
            raise
        print(f"GitHub was not asked ({error}): a new repository would get this")
        return NewRepository()
    return github


def requests(github: GitHub) -> Iterator[Request]:
    """What GitHub is asked for, as it has to be asked in the state that it is in."""
    listed = github.listed
    if not listed("git/matching-refs/heads/develop"):
        main = listed("git/matching-refs/heads/main")
        if not main:
            raise ProjectError("GitHub has no branch main yet; `git push --set-upstream origin main` comes first")
        body = {"ref": "refs/heads/develop", "sha": main[0]["object"]["sha"]}
        yield Request("branch develop", "POST", "git/refs", body)
    known = {each["name"]: each["id"] for each in listed("rulesets")}
    alone = len(listed("collaborators")) == 1
    if alone:
        print("one collaborator: main requires green checks and no approval, which nobody could give")
    for rules in rulesets(alone=alone):
        name, number = rules["name"], known.get(rules["name"])
        method, path = ("PUT", f"rulesets/{number}") if number else ("POST", "rulesets")
        yield Request(f"ruleset {name}", method, path, rules)
    there = {each["name"]: each for each in listed("environments", "environments")}
    for environment in ENVIRONMENTS:
        yield from _of_environment(github, environment, there.get(environment.name, {}))
    rights = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}
    yield Request("pull requests by workflows", "PUT", "actions/permissions/workflow", rights)
    yield Request("private vulnerability reports", "PUT", "private-vulnerability-reporting")


def _of_environment(github: GitHub, environment: Environment, there: Mapping[str, Any]) -> Iterator[Request]:
    path = f"environments/{environment.name}"
    body: dict[str, Any] = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    if there.get("deployment_branch_policy") != body["deployment_branch_policy"]:
        yield Request(f"environment {environment.name}", "PUT", path, body)
    known = {each["name"] for each in github.listed(f"{path}/deployment-branch-policies", "branch_policies")}
    for branch in environment.branches:
        if branch not in known:
            what = f"environment {environment.name} for {branch}"
            yield Request(what, "POST", f"{path}/deployment-branch-policies", {"name": branch})
    approved = "required_reviewers" in {rule["type"] for rule in there.get("protection_rules", ())}
    # Some plans have no approvals: all else is set by then.
    if environment.reviewed and not approved and (reviewers := list(owners(github))):
        yield Request(f"approval of {environment.name}", "PUT", path, body | {"reviewers": reviewers})


def owners(github: GitHub) -> Iterator[dict[str, Any]]:
    """The owners of the workflows, as GitHub's interface names who approves a deployment."""
    named = re.search(r"^/\.github/\s+(.+)$", OWNERS.read_text(encoding="utf-8"), re.MULTILINE)
    for owner in named[1].split() if named else []:
        if owner == NOBODY:
            print(f"NOT SET: approval of production: put a team in the place of {NOBODY} in {OWNERS}")
            continue
        first, slash, team = owner.removeprefix("@").partition("/")
        path = f"orgs/{first}/teams/{team}" if slash else f"users/{first}"
        yield {"type": "Team" if slash else "User", "id": github.number(path)}


def give_key(environment: str, key: str) -> None:
    """Set the secret key of an environment; it appears in no command."""
    gh("secret", "set", signing.KEY, "--env", environment, typed=key)


def provide(github: GitHub, setting: Setting, environment: str, *, ask: bool) -> None:
    """Ask for a variable or a secret that is not set. A secret is read from a file: it appears in no command.

    Args:
        github: that gets it.
        setting: the variable or the secret.
        environment: of GitHub; empty for the whole repository.
        ask: whether somebody is there to answer.
    """
    kind = "secret" if setting.secret else "variable"
    where = ["--env", environment] if environment else []
    if setting.name in github.names(kind, where):
        return
    told = f"{setting.name}{f' of {environment}' if environment else ''} ({setting.about})"
    wanted = f"{'a file with ' if setting.secret else ''}{told}; Enter leaves it out: "
    answer = input(wanted).strip() if ask else ""
    if not answer:
        print(f"not set: {told}: gh {kind} set {setting.name} {' '.join(where)}".rstrip())
        return
    value = Path(answer).expanduser().read_text(encoding="utf-8") if setting.secret else answer
    gh(kind, "set", setting.name, *where, typed=value)
