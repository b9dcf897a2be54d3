"""Setting up GitLab as docs/gitlab.md says, with the rights of whoever calls it: GITLAB_TOKEN is that person's.

What is there already becomes what it should be, so it can be done again at any time.
"""

import re
import sys
import tomllib
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_maturity.ci.bodies import lines
from mlops_maturity.ci.gitlab import rules
from mlops_maturity.ci.gitlab.interface import Project, RefusalError, here
from mlops_maturity.ci.gitlab.platform import TOKEN
from mlops_maturity.ci.key import provide_key
from mlops_maturity.ci.settings import Setting, settings_of
from mlops_maturity.project import answers, signing
from mlops_maturity.project.errors import ProjectError

ACCESS = Setting(TOKEN, "a token of the project: role Maintainer, scope api", secret=True)
SCHEDULES = Path(".gitlab/schedules.toml")
EVERYWHERE = "*"
# What GitLab can hide in the log of a job: one line without spaces.
HIDEABLE = re.compile(r"\S{8,}")
# How GitLab answers what its plan does not have.
NO_SUCH_THING = (403, 404)


@dataclass(frozen=True)
class Request:
    """A request to GitLab's interface.

    Attributes:
        what: it is for.
        method: of HTTP.
        path: under the project.
        body: of the request.
        paid: whether only a plan that costs something has it.
    """

    what: str
    method: str
    path: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    paid: bool = False


def run(show: bool = False) -> None:
    """Set branches, tags, environments, schedules and permissions, and ask for the variables that are missing.

    Args:
        show: only print what would be done; where GitLab cannot be asked, what a new project would get.

    Raises:
        ProjectError: GitLab refuses something that every plan has; the rest is set all the same.
    """
    project = _asked(show)
    refused = []
    for request in requests(project):
        print(f"{'would set' if show else 'set'} {request.what}")
        if show:
            print(*lines(request.body, rules.WORDS), sep="\n", end="\n" if request.body else "")
            continue
        try:
            project.ask(request.method, request.path, request.body)
        except RefusalError as error:
            paid = request.paid and error.status in NO_SUCH_THING
            print(f"NOT SET: {request.what}: {'not in this plan of GitLab' if paid else error}")
            refused += [] if paid else [request.what]
    there = {(each["key"], each["environment_scope"]) for each in project.listed("variables")}
    for setting in (*settings_of(answers.load()), ACCESS):
        if setting.made:
            provide_key(setting, partial(give_key, project, there), show=show)
            continue
        for scope in setting.environments or [EVERYWHERE]:
            if (setting.name, scope) not in there:
                provide(project, setting, scope, ask=sys.stdin.isatty() and not show)
    if refused:
        raise ProjectError(f"GitLab refused: {', '.join(refused)}; the lines above say why")


class NewProject(Project):
    """A project that has a branch main, and nothing else: nobody is asked."""

    def ask(self, method: str, path: str = "", body: object = None, **query: object) -> Any:  # noqa: ARG002
        """Nothing is there.

        Raises:
            RefusalError: for all but the project itself.
        """
        if path:
            raise RefusalError(404, f"there is no {path}")
        return {}

    def listed(self, path: str, **query: object) -> list[dict[str, Any]]:  # noqa: ARG002
        """The branch main."""
        return [{"name": "main"}] if path == "repository/branches" else []


def _asked(show: bool) -> Project:
    """The project at hand, or a new one if only to show what it would get, and GitLab does not answer."""
    try:
        project = here("GITLAB_TOKEN")
        project.ask("GET")
    except ProjectError as error:
        if not show:
            raise
        print(f"GitLab was not asked ({error}): a new project would get this")
        return NewProject("", "", "")
    return project


def requests(project: Project) -> Iterator[Request]:
    """What GitLab is asked for, as it has to be asked in the state that it is in."""
    now = project.ask("GET")
    if changed := {name: value for name, value in rules.PROJECT.items() if now.get(name) != value}:
        yield Request("permissions", "PUT", body=changed)
    branches = {each["name"] for each in project.listed("repository/branches")}
    if "main" not in branches:
        raise ProjectError("GitLab has no branch main yet; `git push --set-upstream origin main` comes first")
    if "develop" not in branches:
        yield Request("branch develop", "POST", "repository/branches", {"branch": "develop", "ref": "main"})
    yield from _protected(project, "protected_branches", rules.BRANCHES)
    yield from _protected(project, "protected_tags", rules.TAGS)
    owned = {each["name"]: each.get("code_owner_approval_required") for each in project.listed("protected_branches")}
    # The owner of all files cannot approve what is the owner's own.
    if not owned.get("main") and len(project.listed("users")) != 1:
        yield Request("owners of main", "PATCH", "protected_branches/main", rules.OWNED, paid=True)
    environments = {each["name"] for each in project.listed("environments")}
    for name in rules.ENVIRONMENTS:
        if name not in environments:
            yield Request(f"environment {name}", "POST", "environments", {"name": name})
    if not _is_there(project, "protected_environments/production"):
        yield Request("deployers to production", "POST", "protected_environments", rules.DEPLOYERS, paid=True)
    for name, cron in tomllib.loads(SCHEDULES.read_text(encoding="utf-8")).items():
        yield from _schedule(project, name, cron)


def _protected(project: Project, path: str, wanted: tuple[dict[str, Any], ...]) -> Iterator[Request]:
    """Branches or tags; GitLab does not change who may do what with one, but takes it again."""
    there = {each["name"]: each for each in project.listed(path)}
    for each in wanted:
        name = each["name"]
        if name in there:
            if each.items() <= _levels(there[name]).items():
                continue
            yield Request(f"no protection of {name} for a moment", "DELETE", f"{path}/{quote(name, safe='')}")
        yield Request(f"protection of {name}", "POST", path, each)


def _levels(protected: dict[str, Any]) -> dict[str, Any]:
    """What is protected, as one asks for it: a level where GitLab lists levels; None where there are several."""
    told = dict(protected)
    for name, levels in protected.items():
        if name.endswith("_access_levels"):
            told[name.removesuffix("s")] = levels[0]["access_level"] if len(levels) == 1 else None
    return told


def _schedule(project: Project, name: str, cron: str) -> Iterator[Request]:
    wanted = {"description": name, "ref": "refs/heads/main", "cron": cron, "cron_timezone": "UTC", "active": True}
    found = _schedules(project).get(name)
    if found is None:
        yield Request(f"schedule {name}", "POST", "pipeline_schedules", wanted)
        # It is there now, unless this only says what would be done.
        found = _schedules(project).get(name)
    if found is None:
        return
    path = f"pipeline_schedules/{found['id']}"
    if found["cron"] != cron or found["cron_timezone"] != "UTC":
        yield Request(f"schedule {name}", "PUT", path, wanted)
    variables = {each["key"]: each["value"] for each in project.ask("GET", path).get("variables", [])}
    if "WORKFLOW" not in variables:
        yield Request(f"what {name} does", "POST", f"{path}/variables", {"key": "WORKFLOW", "value": name})


def _schedules(project: Project) -> dict[str, dict[str, Any]]:
    return {each["description"]: each for each in project.listed("pipeline_schedules")}


def _is_there(project: Project, path: str) -> bool:
    try:
        project.ask("GET", path)
    except RefusalError as error:
        if error.status in NO_SUCH_THING:
            return False
        raise
    return True


def give_key(project: Project, there: Container[tuple[str, str]], scope: str, key: str) -> None:
    """Set the secret key of an environment, for jobs of protected branches.

    Args:
        project: that gets it.
        there: variables that it has: name and environment. An earlier attempt may have given keys to some only.
        scope: the environment.
        key: the private one.
    """
    body = {"key": signing.KEY, "value": key, "protected": True, "raw": True, "masked": False}
    if (signing.KEY, scope) in there:
        project.ask("PUT", f"variables/{signing.KEY}", body, **{"filter[environment_scope]": scope})
    else:
        project.ask("POST", "variables", body | {"environment_scope": scope})


def provide(project: Project, setting: Setting, scope: str, *, ask: bool) -> None:
    """Ask for a variable that is not set. A secret is read from a file: it appears in no command.

    Jobs see it on protected branches alone, so a merge request never does.

    Args:
        project: that gets it.
        setting: the variable.
        scope: the environment whose jobs see it; `*` for all jobs.
        ask: whether somebody is there to answer.

    Raises:
        ProjectError: GitLab refuses, or there is no such file.
    """
    told = f"{setting.name}{'' if scope == EVERYWHERE else f' of {scope}'} ({setting.about})"
    answer = input(f"{'a file with ' if setting.secret else ''}{told}; Enter leaves it out: ").strip() if ask else ""
    if not answer:
        print(f"not set: {told}")
        return
    try:
        value = Path(answer).expanduser().read_text(encoding="utf-8").rstrip("\n") if setting.secret else answer
    except OSError as error:
        raise ProjectError(f"{answer} cannot be read: {error.strerror}; {setting.name} is not set") from None
    hidden = setting.secret and bool(HIDEABLE.fullmatch(value))
    if setting.secret and not hidden:
        print(f"{setting.name}: GitLab cannot hide several lines in the log of a job; no target prints them")
    body = {"key": setting.name, "value": value, "environment_scope": scope, "protected": True, "raw": True}
    project.ask("POST", "variables", body | {"masked": hidden})
