"""Each check that a project has of its GitLab pipelines turns red for the defect it is there for, and says so.

Without a defect none is red: tests/providers/test_gitlab_runs.py really runs the checks of new repositories.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake
from planting import Defect, Plant, defect, hold_to, parameters, replace

SUITE = "tests/test_repository.py"
START, SCHEDULES = ".gitlab-ci.yml", ".gitlab/schedules.toml"
CHECKS, DELIVER, MONITOR, PROMOTE, ROLLBACK, STOP, TRAIN = (
    f".gitlab/{name}.yml" for name in ("checks", "deliver", "monitor", "promote", "rollback", "stop", "train")
)


def wrong(name: str, plant: Plant, *red: str, says: str, level: str) -> Defect:
    return defect(name, plant, *red, says=says, suite=SUITE, maturity_level=level, ci_provider="gitlab")


DEFECTS = [
    wrong(
        "a push starts a pipeline of level 0",
        replace(START, "/^(web|api)$/", "/^(web|api|push)$/"),
        "0-CI",
        says="it starts by itself: level 0 runs CI by hand",
        level="0",
    ),
    wrong(
        "a change deploys",
        replace(CHECKS, "- make test\n", "- make test\n    - make deploy\n"),
        "1-CI",
        says="checks delivers by `make deploy`",
        level="1",
    ),
    wrong(
        "a merge request is not checked",
        replace(CHECKS, '"merge_request_event"', '"push"'),
        *("1-CI", "CI-10"),
        says="a merge request starts more than the checks",
        level="1",
    ),
    wrong(
        "the checks get into the cloud",
        replace(CHECKS, "  interruptible: true\n", "  interruptible: true\n  id_tokens: { TOKEN: { aud: x } }\n"),
        "CI-10",
        says="checks needs a secret: forks have none",
        level="1",
    ),
    wrong(
        "a merge request starts a training",
        replace(TRAIN, "    # New data.\n", '    - if: $CI_PIPELINE_SOURCE == "merge_request_event"\n'),
        "CI-10",
        says="a merge request starts more than the checks",
        level="1",
    ),
    wrong(
        "training has no schedule",
        replace(SCHEDULES, "train = ", "# train = "),
        "1-TRIG",
        says="training has no schedule",
        level="1",
    ),
    wrong(
        "the schedule demands a training each night",
        replace(START, "variables: { EVENT: schedule }", "variables: { EVENT: demand }"),
        "1-TRIG",
        says="what starts by itself must be no demand",
        level="1",
    ),
    wrong(
        "new data start nothing",
        replace(TRAIN, "data/raw/*.dvc", "src/**/*"),
        "1-TRIG",
        says="training does not start on new data",
        level="1",
    ),
    wrong(
        "a trigger token starts whatever it names",
        replace(START, '&& $WORKFLOW == "train"\n', "\n"),
        "1-TRIG",
        says="training does not start when another system reports",
        level="1",
    ),
    wrong(
        "a closed gate is passed over",
        replace(TRAIN, "- make run\n", "- make run || true\n"),
        "1-CD",
        says="train: 'make run || true' may fail",
        level="1",
    ),
    wrong(
        "a model is trained although nobody decided so",
        replace(TRAIN, "  needs: [decide]\n", "  needs: []\n"),
        "1-CD",
        says="train must need decide",
        level="1",
    ),
    wrong(
        "production does not wait for staging",
        replace(TRAIN, "[decide, train, staging]", "[decide, train]"),
        "1-CD",
        says="production must need decide, train, staging",
        level="2",
    ),
    wrong(
        "what was not checked is released",
        replace(DELIVER, "needs: [checks]", "needs: []"),
        *("CI-07", "CD-09"),
        says="what was not checked is released",
        level="2",
    ),
    wrong(
        "a model is released that nobody checked",
        replace(DELIVER, "    - make check-model\n", ""),
        "CD-05",
        says="a model is released that nobody checked",
        level="2",
    ),
    wrong(
        "nothing starts on a push to develop",
        replace(START, '"develop"', '"feature"'),
        "CD-06",
        says="nothing starts on a push to develop",
        level="2",
    ),
    wrong(
        "a new model on main gets no version",
        replace(DELIVER, "make register IF_ANY=1", "make status"),
        "CD-07",
        says="a new model on main gets no version",
        level="2",
    ),
    wrong(
        "promotion starts by itself",
        replace(PROMOTE, "      when: manual\n", ""),
        "CD-08",
        says="promote starts by itself",
        level="2",
    ),
    wrong(
        "a person promotes without a word which release",
        replace(PROMOTE, "exit 1", "exit 0"),
        "CD-08",
        says="promote does not ask which release is meant",
        level="2",
    ),
    wrong(
        "staging is not checked at night",
        replace(SCHEDULES, "verify = ", "# verify = "),
        "CD-08",
        says="nobody checks staging at night",
        level="2",
    ),
    wrong(
        "nobody has to say why a release is taken back",
        replace(ROLLBACK, "exit 1", "true"),
        "CD-10",
        says="rollback does not ask why: WHY",
        level="2",
    ),
    wrong(
        "two deployments to staging at once",
        replace(TRAIN, "resource_group: staging", "resource_group: other"),
        "CD-10",
        says="staging may run beside another deployment",
        level="2",
    ),
    wrong(
        "a deployment may be cut off",
        replace(STOP, "timeout:", "interruptible: true\n  timeout:"),
        "CD-10",
        says="stop may be cut off",
        level="2",
    ),
    wrong(
        "what monitoring found leads to nothing",
        replace(MONITOR, "make act", "true"),
        "MON-02",
        says="watch must `make watch`, then `make act`",
        level="2",
    ),
]


@pytest.mark.parametrize("planted", parameters(DEFECTS, again=True))
def test_its_check_turns_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    hold_to(planted, copy_of(**planted.answers), environment("none", planted.answers["maturity_level"]))
