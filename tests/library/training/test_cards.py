"""The model card and the data sheet say what the run found; what people wrote stays."""

from pathlib import Path
from typing import Any

import pytest

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.schema import Column
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json
from mlops_maturity.project.paths import DATA_FACTS, DATA_SHEET, METRICS, MODEL_CARD
from mlops_maturity.training import cards
from mlops_maturity.training.gates import gate_of

pytestmark = pytest.mark.guards("DOC-01")


@pytest.fixture
def manifest(predictor: Any) -> dict[str, Any]:
    return dict(predictor.manifest)


@pytest.fixture
def metrics(trained_workspace: Path) -> dict[str, Any]:
    return dict(read_json(trained_workspace / METRICS, made_by="make evaluate"))


@pytest.fixture
def facts(trained_workspace: Path) -> dict[str, Any]:
    return dict(read_json(trained_workspace / DATA_FACTS, made_by="make data"))


@pytest.mark.usefixtures("project")
def test_write_fills_both_documents_and_leaves_what_people_wrote(
    metrics: dict[str, Any], facts: dict[str, Any], manifest: dict[str, Any]
) -> None:
    around = {}
    for path in (MODEL_CARD, DATA_SHEET):
        text = path.read_text().replace(cards.BEGIN, f"Agreed in May.\n\n{cards.BEGIN}") + "\nWritten by hand.\n"
        path.write_text(text)
        around[path] = (text.split(cards.BEGIN)[0], text.split(cards.END)[1])
    for _ in range(2):
        cards.write(metrics, facts, manifest, schemas.load())
        for path, (before, after) in around.items():
            text = path.read_text()
            assert text.count(cards.BEGIN) == 1
            assert (text.split(cards.BEGIN)[0], text.split(cards.END)[1]) == (before, after)


def test_model_part_has_the_runs_own_scores_gates_and_slices(metrics: dict[str, Any], manifest: dict[str, Any]) -> None:
    part = cards.model_part(metrics, manifest)
    assert "**Predicts:** `species` (classification): Adelie, Chinstrap, Gentoo\n" in part
    for name, value in metrics["scores"]["test"].items():
        assert f"| {value:.4g} |" in part, name
    for gate in metrics["gates"]:
        made = gate_of(gate)
        assert f"| {made.name} | {made.statement} | {made.required} | {made.verdict} |" in part
    for value, found in metrics["slices"]["island"].items():
        assert f"| {value} | {found['rows']:,} |" in part
    assert ", ".join(f"{name} {version}" for name, version in manifest["package_versions"].items()) in part


def test_model_part_of_another_run_says_otherwise(metrics: dict[str, Any], manifest: dict[str, Any]) -> None:
    gates = [gate | {"value": -1.0, "bound": 0.5, "passed": False} for gate in metrics["gates"]]
    test = metrics["scores"]["test"] | {"accuracy": 0.1234}
    part = cards.model_part(metrics | {"gates": gates, "scores": metrics["scores"] | {"test": test}}, manifest)
    assert "| 0.1234 |" in part
    assert "| PASS |" not in part
    assert part.count("| FAIL |") == len(gates)


def test_model_part_of_a_regression_names_no_classes(metrics: dict[str, Any], manifest: dict[str, Any]) -> None:
    manifest |= {"target": "a|b", "task": "regression", "classes": []}
    assert "**Predicts:** `a\\|b` (regression)\n" in cards.model_part(metrics, manifest)
    manifest |= {"outputs": ["lower", "upper"]}
    assert "**Predicts:** `a\\|b` (regression), and beside it lower, upper\n" in cards.model_part(metrics, manifest)


def test_model_part_of_a_model_that_abstains_says_when(metrics: dict[str, Any], manifest: dict[str, Any]) -> None:
    manifest |= {"abstain": {"below": 0.8, "answer": "unsure"}}
    assert "; unsure where no class has a probability of 0.8\n" in cards.model_part(metrics, manifest)


@pytest.mark.usefixtures("project")
def test_data_part_has_the_hash_the_sizes_and_each_column(facts: dict[str, Any], manifest: dict[str, Any]) -> None:
    part = cards.data_part(facts, manifest, schemas.load())
    assert f"MD5 `{facts['md5']}`" in part
    assert f"train {facts['rows']['train']}, validation {facts['rows']['validation']}" in part
    assert "| species | category | Adelie, Chinstrap, Gentoo | 0% | target |" in part
    assert [name for name in schemas.load().columns if f"\n| {name} |" not in part] == []


@pytest.mark.usefixtures("project")
def test_data_part_says_what_was_dropped_ignored_and_noted(facts: dict[str, Any], manifest: dict[str, Any]) -> None:
    schema = schemas.load()
    data = manifest["parameters"]["data"] | {"ignore": {"year": "not known at prediction"}}
    manifest["parameters"] = manifest["parameters"] | {"data": data}
    part = cards.data_part(
        facts | {"dropped": {"target missing": 1200}}, manifest, schema.model_copy(update={"notes": ["seen twice"]})
    )
    assert "**Dropped:** 1,200 rows (target missing)" in part
    assert "| ignored: not known at prediction |" in part
    assert "**Note:** seen twice" in part


def test_domain_of_many_categories_is_cut_and_an_open_one_says_so() -> None:
    column = Column(type="category", categories=list("abcdefgh"), open=True, missing=0)
    assert cards._domain(column.model_dump()) == "a, b, c, d, e, f, … or any other"


@pytest.mark.parametrize("mark", [cards.BEGIN, cards.END])
def test_fill_without_a_mark_is_refused_and_leaves_the_file(mark: str, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"# Card\n{cards.BEGIN}\n{cards.END}\n".replace(mark, ""))
    before = card.read_text()
    with pytest.raises(ProjectError, match="put back the lines"):
        cards.fill(card, "new")
    assert card.read_text() == before
