"""params.yaml is read once and checked: a misspelt key or a setting without effect is an error that says where."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Case, LeadsTo, Monitoring, Params

# What every project has, whatever its level.
LEAST: dict[str, Any] = {
    "data": {"raw": "data/raw/x.csv", "target": "y", "task": "regression", "min_class_rows": 10, "ignore": {}},
    "split": {"method": "random", "by": None, "validation": 0.2, "test": 0.2, "seed": 7},
    "model": {"kind": "linear"},
    "gates": {"beats_baseline": 0.1, "beats_simple": 0.0, "targets": {}},
    "slices": [],
    "behaviour": {"minimum": [], "direction": []},
}


def read(tmp_path: Path, **changes: Any) -> Params:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(LEAST | changes))
    return settings.load(path)


def test_params_without_the_sections_of_higher_levels_have_their_defaults(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.is_complete
    assert found.task == "regression"
    assert found.monitoring == Monitoring()
    assert (found.delivery.staging_runs, found.load.p99_ms, found.shadow.least) == (2, 250, 50)


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("data", {**LEAST["data"], "task": None}),
        ("data", {**LEAST["data"], "ignore": None}),
        ("split", {**LEAST["split"], "method": None}),
        ("gates", {**LEAST["gates"], "beats_simple": None}),
        ("model", {"kind": None}),
        ("slices", None),
    ],
)
def test_params_with_a_null_are_not_complete(section: str, content: Any, tmp_path: Path) -> None:
    assert not read(tmp_path, **{section: content}).is_complete


def test_task_that_is_not_known_yet_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"params\.yaml: data\.task is not known yet; run `make data` first"):
        read(tmp_path, data={**LEAST["data"], "task": None}).task  # noqa: B018 - asking for it is the test


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"data.ignore": {"yaer": "misspelt"}},
            "params.yaml: data.ignore: 'yaer' is not a column of data/schema.yaml; did you mean 'year'",
        ),
        ({"slices": ["year", "sexx"]}, "params.yaml: slices: 'sexx' is not a column of"),
    ],
)
def test_column_that_is_misspelt_is_refused(changes: dict[str, object], says: str, params: Params) -> None:
    with pytest.raises(ProjectError, match=says):
        params.changed(**changes).require_columns(["year", "sex", "island"])


@pytest.mark.parametrize(
    ("section", "content", "says"),
    [
        ("splitt", {}, "splitt: there is no such setting; did you mean 'split'"),
        ("split", {**LEAST["split"], "seeds": 1}, r"split\.seeds: there is no such setting; did you mean 'seed'"),
        ("split", {**LEAST["split"], "test": 0.7}, r"split\.test: Input should be less than 0\.5"),
        ("gates", {**LEAST["gates"], "targets": {"mse": {}}}, "give one of at_least and at_most"),
        ("gates", {**LEAST["gates"], "targets": {"mse": {"at_least": 1, "at_most": 2}}}, "give one of at_least and"),
        (
            "gates",
            {**LEAST["gates"], "targets": {"mse": {"at_lest": 1}}},
            r"targets\.mse\.at_lest: there is no such setting; did you mean 'at_least'",
        ),
        (
            "gates",
            {**LEAST["gates"], "targets": {"mse": "low"}},
            r"targets\.mse: Input should be a valid number",
        ),
        ("monitoring", {"windows": 2, "violating": 3}, "nothing would ever ask for a new model"),
        ("shadow", {"records": 5, "least": 6}, "nothing would ever be compared"),
        ("tune", {"space": {"linear": {"penalty": {"low": 2, "high": 1}}}}, "low must be less than high"),
        ("tune", {"space": {"linear": {"penalty": {"low": 0, "high": 1, "log": True}}}}, "low must be more than 0"),
        ("audit", {"ignore": {"PYSEC-1": " "}}, "say why PYSEC-1 does not concern this project"),
    ],
)
def test_params_that_are_wrong_say_where_in_one_line(section: str, content: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=says) as refused:
        read(tmp_path, **{section: content})
    assert "\n" not in str(refused.value)


def test_params_in_another_folder_say_where_to_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=r"params\.yaml is missing; run this from the project's root folder"):
        settings.load()


@pytest.mark.guards("MON-02")
@pytest.mark.parametrize("verdict", ["silent", "unhealthy"])
def test_verdict_that_a_new_model_cannot_fix_leads_to_no_training(verdict: str) -> None:
    with pytest.raises(ValueError, match="Input should be 'issue' or 'nothing'"):
        LeadsTo.model_validate({verdict: "train"})


def test_changed_params_are_checked_again(tmp_path: Path) -> None:
    params = read(tmp_path)
    assert params.changed(**{"split.seed": 8}).split.seed == 8
    assert params.split.seed == 7
    with pytest.raises(ProjectError, match=r"params\.yaml: split\.sead: there is no such setting"):
        params.changed(**{"split.sead": 8})


@pytest.mark.parametrize(
    ("expect", "answer", "met"),
    [
        ("Adelie", "Adelie", True),
        ("Adelie", "Gentoo", False),
        ([1, 3], 2.5, True),
        ([1, 3], 3.5, False),
        ([1, 3], "no answer", False),
    ],
)
def test_case_is_met_by_its_class_or_a_number_between_its_bounds(expect: Any, answer: Any, met: bool) -> None:
    assert Case(why="of a test", record={}, expect=expect).is_met_by(answer) is met


@pytest.mark.parametrize("expect", [[1], [1, 2, 3], [2, 1], ["a", "b"], []])
def test_case_with_bounds_that_are_no_range_is_refused(expect: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"give a class, or the \[lowest, highest\] number"):
        Case(why="of a test", record={}, expect=expect)
