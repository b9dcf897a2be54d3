"""The checks that tell how mature a project is turn red for the defects that they are there for, and say so.

They are those of suites, documents, locks and the security of CI, and those of gates that were opened. Without a defect
none is red: tests/projects/test_first_try.py really runs the suites of new projects.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake, Project
from planting import Defect, Plant, defect, hold_to, parameters, replace, write

DOCUMENTS, LOCKS, SUITES = (f"tests/project/test_{name}.py" for name in ("documents", "locks", "suites"))
QUALITY = "tests/model/test_quality.py"
CHECKS = ".github/workflows/checks.yml"
UPDATES = ".github/workflows/dependencies.yml"


def github(name: str, plant: Plant, *red: str, says: str, level: str = "0") -> Defect:
    return defect(name, plant, *red, says=says, suite="tests/project/test_github_security.py", maturity_level=level)


def gitlab(name: str, plant: Plant, *red: str, says: str, level: str = "1") -> Defect:
    suite = "tests/project/test_gitlab_security.py"
    return defect(name, plant, *red, says=says, suite=suite, maturity_level=level, ci_provider="gitlab")


def jenkins(name: str, plant: Plant, *red: str, says: str, level: str = "1") -> Defect:
    suite = "tests/project/test_jenkins_security.py"
    return defect(name, plant, *red, says=says, suite=suite, maturity_level=level, ci_provider="jenkins")


def delete(path: str) -> Plant:
    return lambda project: (project.path / path).unlink()


def unhash(project: Project) -> None:
    """Take the hashes of a package out of the lock."""
    file = project.path / "requirements.lock"
    first, *rest = file.read_text().splitlines(keepends=True)
    while rest[0].startswith(" "):
        rest.pop(0)
    file.write_text("".join([first.replace(" \\\n", "\n"), *rest]))


DEFECTS = [
    # 0-TEST
    defect("a suite is gone", delete("tests/data/test_data.py"), "0-TEST", says="tests/data is gone", suite=SUITES),
    defect(
        "a suite is skipped",
        replace("tests/unit/test_split.py", 'pytest.mark.requirement("0-SPLIT")', 'pytest.mark.skip("slow")'),
        "0-TEST",
        says="tests/unit/test_split.py skips all of its tests",
        suite=SUITES,
    ),
    defect(
        "the verb leaves tests out",
        replace("Makefile", "-m pytest ", "-m pytest -k fast "),
        "0-TEST",
        says="some suites are left out: ['-k']",
        suite=SUITES,
    ),
    defect(
        "the settings leave tests out",
        replace("pyproject.toml", '"--strict-markers"', '"--ignore=tests/data", "--strict-markers"'),
        "0-TEST",
        says="some suites are left out: ['--ignore=tests/data']",
        suite=SUITES,
    ),
    # DOC-02, SEC-05
    defect(
        "the README does not say what the level does not do",
        replace("README.md", "It does **not**", "It does"),
        "DOC-02",
        says="README.md does not say: It does **not**",
        suite=DOCUMENTS,
    ),
    defect(
        "the README tells of a verb that is not there",
        replace("README.md", "`make notebook`", "`make story`"),
        "DOC-02",
        says="README.md tells of verbs that do not exist: ['story']",
        suite=DOCUMENTS,
    ),
    defect(
        "nobody knows why to set something",
        replace("docs/setup.md", "| a commit that CI would refuse is refused at once |", "| |"),
        "DOC-02",
        says="a cell says nothing",
        suite=DOCUMENTS,
    ),
    defect("there is no licence", delete("LICENSE"), "SEC-05", says="LICENSE is gone", suite=DOCUMENTS),
    defect(
        "nobody knows how to report a weakness",
        write("SECURITY.md", "We are safe.\n"),
        "SEC-05",
        says="nobody knows how to report a weakness",
        suite=DOCUMENTS,
    ),
    # SEC-02
    defect("a package has no hash", unhash, "SEC-02", says="does not say which bytes", suite=LOCKS),
    defect(
        "an image is the newest",
        replace("deploy/compose.yaml", "haproxy:3.2.4", "haproxy:latest"),
        "SEC-02",
        says="deploy/compose.yaml: haproxy:latest is another image tomorrow",
        suite=LOCKS,
        maturity_level="1",
    ),
    defect(
        "the base image has no exact version",
        replace("deploy/Dockerfile", "FROM python:3.11.15-slim-bookworm\n", "FROM python:3.11\n"),
        "SEC-02",
        says="deploy/Dockerfile: python:3.11 is another image tomorrow",
        suite=LOCKS,
        maturity_level="1",
    ),
    # GitHub
    github(
        "every job may do all",
        replace(CHECKS, "permissions: {}", "permissions: write-all"),
        "SEC-01",
        says="checks.yml: the token of every job has rights",
    ),
    github(
        "a job says nothing of its rights",
        replace(CHECKS, "    permissions:\n      contents: read\n", ""),
        "SEC-01",
        says="checks.yml: checks does not say which rights its token needs",
    ),
    github(
        "a token stays on the runner",
        replace(CHECKS, "persist-credentials: false", "persist-credentials: true"),
        "SEC-01",
        says="checks.yml: checks: persist-credentials must be False",
    ),
    github(
        "an action can become another",
        replace(CHECKS, "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
        "SEC-02",
        says="checks.yml: actions/checkout@v7 can become another",
    ),
    github(
        "pull requests of strangers run with rights",
        replace(CHECKS, "  workflow_dispatch:\n", "  workflow_dispatch:\n  pull_request_target:\n"),
        "SEC-03",
        says="checks.yml runs others' code with rights",
    ),
    github(
        "the title of a pull request is run",
        replace(CHECKS, "- run: make lint", '- run: echo "${{ github.event.pull_request.title }}"'),
        "SEC-03",
        says="puts data into code",
    ),
    github(
        "a job may run for hours", replace(CHECKS, "    timeout-minutes: 20\n", ""), "SEC-03", says="may run for hours"
    ),
    github(
        "a workflow may run beside itself",
        replace(CHECKS, "concurrency:\n  group: checks-${{ github.ref }}\n  cancel-in-progress: true\n", ""),
        "SEC-03",
        says="checks.yml may run beside itself",
    ),
    github(
        "a machine keeps what strangers leave there",
        replace(CHECKS, "runs-on: ubuntu-24.04", "runs-on: self-hosted"),
        "SEC-03",
        says="runs on a machine that keeps what others leave there",
    ),
    github(
        "nobody is asked about workflows",
        replace(".github/CODEOWNERS", "/.github/          @OWNER\n", ""),
        "SEC-05",
        says="nobody is asked about ['/.github/']",
    ),
    github(
        "nobody proposes newer actions",
        replace(".github/dependabot.yml", "github-actions", "npm"),
        "SEC-05",
        says="nobody proposes newer actions",
    ),
    github(
        "nothing looks for newer packages",
        replace(UPDATES, 'cron: "43 3 * * 1"', 'cron: "43 3 1 1 *"'),
        "SEC-05",
        says="nothing looks for newer packages each week",
        level="1",
    ),
    # GitLab
    gitlab(
        "jobs run in whichever image is the newest",
        replace(".gitlab-ci.yml", "image: python:3.11.15-trixie", "image: python:3"),
        "SEC-02",
        says=".gitlab-ci.yml: python:3 is another image tomorrow",
    ),
    gitlab(
        "a job may run for hours",
        replace(".gitlab/checks.yml", "  timeout: 20 minutes\n", ""),
        "SEC-03",
        says="checks may run for hours",
    ),
    gitlab(
        "a job may run beside itself",
        replace(".gitlab/checks.yml", "  interruptible: true\n", ""),
        "SEC-03",
        says="checks may run beside itself",
    ),
    gitlab(
        "nobody is asked about the gates",
        replace(".gitlab/CODEOWNERS", "/params.yaml       @OWNER\n", ""),
        "SEC-05",
        says="nobody is asked about ['/params.yaml']",
    ),
    gitlab(
        "nothing looks for newer packages",
        replace(".gitlab/schedules.toml", "dependencies = ", "# dependencies = "),
        "SEC-05",
        says="nothing looks for newer packages each week",
    ),
    # Jenkins
    jenkins(
        "a plug-in has any version",
        replace("jenkins/plugins.txt", "git:5.10.1", "git"),
        "SEC-02",
        says="jenkins/plugins.txt does not say which version: ['git']",
    ),
    jenkins(
        "a pipeline may run for hours",
        replace("jenkins/dependencies.Jenkinsfile", "        timeout(time: 60, unit: 'MINUTES')\n", ""),
        "SEC-03",
        says="it may run for hours",
    ),
    jenkins(
        "a pipeline may run beside itself",
        replace("jenkins/dependencies.Jenkinsfile", "        disableConcurrentBuilds()\n", ""),
        "SEC-03",
        says="it may run beside itself",
    ),
    jenkins(
        "a pipeline runs on any machine",
        replace("Jenkinsfile", "agent { label 'penguin-species' }", "agent any"),
        "SEC-03",
        says="it may run on any machine",
    ),
    jenkins(
        "a shell gets what Groovy fills in",
        replace("Jenkinsfile", "sh 'make lint'", 'sh "make lint ${env.CHANGE_TITLE}"'),
        "SEC-03",
        says="a shell gets what Groovy fills in",
    ),
    jenkins(
        "nothing looks for newer packages",
        replace("jenkins/dependencies.Jenkinsfile", "cron('H 3 * * 1')", "cron('H 3 1 * *')"),
        "SEC-05",
        says="nothing looks for newer packages each week",
    ),
    # 0-BASE, 1-GATE, CI-08
    defect(
        "the gate lets a model pass that is worse than none",
        replace("params.yaml", "beats_trivial: 0.5", "beats_trivial: -9.0"),
        "0-BASE",
        says="gates.beats_trivial: a model that is worse than the trivial one would pass",
        suite=QUALITY,
    ),
    defect(
        "the gate against the simple model lets any pass",
        replace("params.yaml", "beats_simple: 0.0", "beats_simple: -1000"),
        "0-BASE",
        says="gates.beats_simple: it lets any model pass",
        suite=QUALITY,
    ),
    defect(
        "the gate before production lets any model pass",
        replace("params.yaml", "slices: 0.1", "slices: 5.0"),
        "1-GATE",
        says="gates.production.slices: it lets any model take the place of the one in production",
        suite=QUALITY,
        maturity_level="1",
    ),
    defect(
        "a target is missed",
        replace("params.yaml", "targets: {accuracy: 0.9}", "targets: {accuracy: 1.01}"),
        *("0-BASE", "1-GATE"),
        says="test_model_has_targets_and_meets_them",
        suite=QUALITY,
        maturity_level="1",
    ),
    defect(
        "slices are not scored",
        replace("src:training/evaluate.py", "for column in params.slices or []:", "for column in []:"),
        "1-GATE",
        says="a slice has too few rows to be scored",
        suite=QUALITY,
        maturity_level="1",
    ),
    defect(
        "a column does harm",
        replace("src:training/importance.py", '"mean": float(np.mean(growth))', '"mean": -float(np.mean(growth))'),
        "CI-08",
        says="put these columns under data.ignore in params.yaml, or look at them",
        suite=QUALITY,
    ),
]


@pytest.mark.parametrize("planted", parameters(DEFECTS))
def test_its_check_turns_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    level = planted.answers.get("maturity_level", "0")
    hold_to(planted, copy_of(**planted.answers), environment("none", level))
