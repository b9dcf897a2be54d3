"""One table says what each level's jobs do and when they start; what is emitted for each provider is held to it.

Files are parsed, and what they extend, include and call is followed. A target that one provider alone has, has in
another order, or starts at another time, is red here.
"""

from collections.abc import Callable

import github_ci
import gitlab_ci
import jenkins_ci
import pytest
from conftest import Project, bake_into
from parity import Job

READERS: dict[str, Callable[[Project], dict[str, Job]]] = {
    "github": github_ci.jobs,
    "gitlab": gitlab_ci.jobs,
    "jenkins": jenkins_ci.jobs,
}


def job(file: str, targets: str, *starts: str, environment: str = "") -> Job:
    return Job(file, tuple(f"setup {targets}".split()), environment, frozenset(starts))


DECIDE = job("train", "monitor trigger", "hand", "schedule", "data", "event")
UPDATE = job("dependencies", "upgrade setup run test hand-over", "hand", "schedule")
PROPOSE = job("dependencies", "propose pull-request", "after")
LEVELS = {
    "0": {"checks": job("checks", "lint test maturity", "hand")},
    "1": {
        "checks": job("checks", "lint check-commit test maturity diff", "change", "push", "hand"),
        "decide": DECIDE,
        "train": job("train", "run publish promote image deploy pull-request", "after"),
        "update": UPDATE,
        "propose": PROPOSE,
    },
    "2": {
        "checks": job("checks", "lint audit check-commit test maturity diff", "change", "deliver", "hand"),
        "release": job("deliver", "login check-model release register", "after"),
        "deploy": job("deliver", "login deploy", "after", environment="test|staging"),
        "promote": job("promote", "login deploy", "hand", environment="production"),
        "rollback": job("rollback", "login rollback", "hand", environment="any"),
        "stop": job("stop", "stop", "hand", environment="test|staging"),
        "verify": job("verify", "login verify", "hand", "schedule", environment="staging"),
        "watch": job("monitor", "watch act", "hand", "schedule"),
        "decide": DECIDE,
        "train": job("train", "run publish check-model login release", "after"),
        "staging": job("train", "login deploy verify", "after", environment="staging"),
        "production": job("train", "login deploy pull-request", "after", environment="production"),
        "update": UPDATE,
        "propose": PROPOSE,
    },
}


@pytest.fixture(params=[(provider, level) for provider in READERS for level in LEVELS], ids=" ".join)
def emitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Job], str]:
    """The jobs of a project, as its provider's reader finds them, and the project's level."""
    provider, level = request.param
    project = bake_into(tmp_path_factory.mktemp("parity"), ci_provider=provider, maturity_level=level)
    return READERS[provider](project), level


def test_jobs_do_the_same_for_every_provider(emitted: tuple[dict[str, Job], str]) -> None:
    jobs, level = emitted
    assert {name: job.targets for name, job in jobs.items()} == {n: job.targets for n, job in LEVELS[level].items()}
    assert jobs == LEVELS[level]


def test_target_that_one_provider_alone_has_is_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    for provider, path, old in (
        ("github", ".github/workflows/checks.yml", "      - run: make lint\n"),
        ("gitlab", ".gitlab/checks.yml", "    - make lint\n"),
        ("jenkins", "Jenkinsfile", "        sh 'make lint'\n"),
    ):
        project = bake_into(tmp_path_factory.mktemp("parity"), ci_provider=provider, maturity_level="1")
        file = project.path / path
        assert old in file.read_text(), path
        file.write_text(file.read_text().replace(old, old + old.replace("lint", "status"), 1))
        targets = ("setup", "lint", "status", "check-commit", "test", "maturity", "diff")
        assert READERS[provider](project)["checks"].targets == targets
