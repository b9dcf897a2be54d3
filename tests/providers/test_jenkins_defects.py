"""Each check that a project has of its Jenkins files turns red for the defect it is there for, and says so.

Without a defect none is red: tests/providers/test_jenkins_runs.py really runs the checks of new repositories.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake, Project
from planting import Defect, Plant, defect, hold_to, parameters, replace

SUITE = "tests/test_repository.py"
JENKINSFILE = "Jenkinsfile"
ACCESS, JOBS = "jenkins/access.groovy", "jenkins/jobs.groovy"
MONITOR, PROMOTE, ROLLBACK, TRAIN, VERIFY = (
    f"jenkins/{name}.Jenkinsfile" for name in ("monitor", "promote", "rollback", "train", "verify")
)
AGENT = "    agent { label 'penguin-species' }\n"
CRON = "    triggers {\n        cron('H 2 * * *')\n    }\n"


def wrong(name: str, plant: Plant, *red: str, says: str, level: str) -> Defect:
    return defect(name, plant, *red, says=says, suite=SUITE, maturity_level=level, ci_provider="jenkins")


def check_last(project: Project) -> None:
    """Put the checks behind what they are to guard."""
    file = project.path / JENKINSFILE
    text = file.read_text()
    start, end = text.index("        stage('checks')"), text.index("        stage('new data')")
    last = text.index("    }\n    post {\n        cleanup")
    file.write_text(text[:start] + text[end:last] + text[start:end] + text[last:])


DEFECTS = [
    wrong(
        "a pipeline of level 0 has a schedule",
        replace(JENKINSFILE, AGENT, AGENT + CRON),
        "0-CI",
        says="Jenkinsfile starts by itself: level 0 runs CI by hand",
        level="0",
    ),
    wrong(
        "a job of level 0 looks at branches",
        replace(JOBS, "pipelineJob(", "multibranchPipelineJob('all') {}\npipelineJob("),
        "0-CI",
        says="multibranchPipelineJob starts a job by itself",
        level="0",
    ),
    wrong(
        "a change deploys",
        replace(JENKINSFILE, "sh 'make test'\n", "sh 'make test'\nsh 'make deploy'\n"),
        "1-CI",
        says="Jenkinsfile delivers by `make deploy` what nobody has merged",
        level="1",
    ),
    wrong(
        "a change request is not checked",
        replace(JENKINSFILE, "stage('checks') {\n", "stage('checks') {\nwhen { branch 'main' }\n"),
        "1-CI",
        says="some changes are not checked",
        level="1",
    ),
    wrong(
        "a change request gets a secret",
        replace(
            JENKINSFILE, "sh 'make diff'\n", "script { load('jenkins/access.groovy').project { sh 'make diff' } }\n"
        ),
        "CI-10",
        says="a change request can start checks, which binds a secret",
        level="1",
    ),
    wrong(
        "training has no schedule",
        replace(TRAIN, "cron('H 4 * * *')", "upstream('other')"),
        "1-TRIG",
        says="jenkins/train.Jenkinsfile has no schedule",
        level="1",
    ),
    wrong(
        "the schedule demands a training each night",
        replace(TRAIN, "'schedule', 'demand'", "'demand', 'schedule'"),
        "1-TRIG",
        says="what the schedule starts must be no demand",
        level="1",
    ),
    wrong(
        "new data start nothing",
        replace(JENKINSFILE, "changeset 'data/raw/*.dvc'", "changeset 'src/**'"),
        "1-TRIG",
        says="new data on main do not start train",
        level="1",
    ),
    wrong(
        "a closed gate is passed over",
        replace(TRAIN, "sh 'make run'", "sh 'make run || true'"),
        "1-CD",
        says="jenkins/train.Jenkinsfile must run in this order: make run,",
        level="1",
    ),
    wrong(
        "a failed promotion is passed over",
        replace(TRAIN, "sh 'make promote'", "catchError { sh 'make promote' }"),
        "1-CD",
        says="train.Jenkinsfile: 'catchError' may fail",
        level="1",
    ),
    wrong(
        "a model goes to production although nothing was trained",
        replace(TRAIN, "stage('production') {\n            when {", "stage('production') {\n            where {"),
        "1-CD",
        says="production must wait for the decision",
        level="2",
    ),
    wrong(
        "what was not checked is released",
        check_last,
        *("CI-07", "CD-09"),
        says="Jenkinsfile: what was not checked is released or deployed",
        level="2",
    ),
    wrong(
        "production is built again",
        replace(PROMOTE, "sh 'make deploy'", "sh 'make release'\nsh 'make deploy'"),
        *("CI-07", "CD-09"),
        says="builds it again: what CI built is what is deployed",
        level="2",
    ),
    wrong(
        "a model is released unchecked",
        replace(JENKINSFILE, "sh 'make check-model'\n", ""),
        "CD-05",
        says="Jenkinsfile: a model is released that nobody checked: `make",
        level="2",
    ),
    wrong(
        "a push to develop starts nothing",
        replace(JENKINSFILE, "anyOf { branch 'develop'; branch 'main' }", "anyOf { branch 'main' }"),
        "CD-06",
        says="Jenkinsfile: nothing comes of a push to develop: release is",
        level="2",
    ),
    wrong(
        "a push to develop goes to staging",
        replace(JENKINSFILE, "env.BRANCH_NAME == 'main' ? 'staging' : 'test'", "'staging'"),
        *("CD-06", "CD-07"),
        says="Jenkinsfile: deploy must `make deploy`, once, to staging for",
        level="2",
    ),
    wrong(
        "a new model on main gets no version",
        replace(JENKINSFILE, "withEnv(['IF_ANY=1']) { sh 'make register' }", "echo 'no'"),
        "CD-07",
        says="a new model on main gets no version",
        level="2",
    ),
    wrong(
        "a promotion starts by itself",
        replace(PROMOTE, "    agent none\n", f"    agent none\n{CRON}"),
        "CD-08",
        says="jenkins/promote.Jenkinsfile starts by itself",
        level="2",
    ),
    wrong(
        "anybody may promote",
        replace(PROMOTE, "                submitter 'releasers'\n", ""),
        "CD-08",
        says="anybody may promote",
        level="2",
    ),
    wrong(
        "staging is not checked at night",
        replace(VERIFY, CRON, ""),
        "CD-08",
        says="nobody checks staging at night",
        level="2",
    ),
    wrong(
        "a rollback needs no reason",
        replace(ROLLBACK, "if (!env.WHY) {", "if (false) {"),
        "CD-10",
        says="jenkins/rollback.Jenkinsfile does not ask why: WHY",
        level="2",
    ),
    wrong(
        "a deployment may be cut off",
        replace(JENKINSFILE, "disableConcurrentBuilds()", "disableConcurrentBuilds(abortPrevious: true)"),
        "CD-10",
        says="Jenkinsfile: a deployment may be cut off",
        level="2",
    ),
    wrong(
        "staging is checked while it is deployed to",
        replace(VERIFY, ".environment('staging')", ".project('staging')"),
        *("CD-08", "CD-10", "SEC-03"),
        says="verify.Jenkinsfile: `make verify` may run beside another deployment",
        level="2",
    ),
    wrong(
        "a deployment is cut off while it waits",
        replace(ACCESS, 'lock("penguin-species-${name}") {', "if (true) {"),
        "CD-10",
        says="a deployment's time must count from its turn on",
        level="2",
    ),
    wrong(
        "monitoring waits to be started",
        replace(MONITOR, "cron('H * * * *')", "cron('')"),
        "MON-02",
        says="does not start by itself",
        level="2",
    ),
    wrong(
        "monitoring looks and tells nobody",
        replace(MONITOR, "unstable(asked.TELL)", "echo(asked.TELL)"),
        "MON-02",
        says="nobody is told",
        level="2",
    ),
]


@pytest.mark.parametrize("planted", parameters(DEFECTS, again=True))
def test_defect_turns_its_check_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    hold_to(planted, copy_of(**planted.answers), environment("none", planted.answers["maturity_level"]))
