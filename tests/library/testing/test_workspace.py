"""Every stage of a project is run in a folder of its own, also one whose command is the team's."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import ARTEFACT, METRICS, MODEL, PARAMS, REPORT, TABLE, TRAIN
from mlops_maturity.testing.service import as_sent, served_features
from mlops_maturity.testing.workspace import fill, stage_of, stages


def test_stages_are_those_of_dvc_yaml(project: Path) -> None:
    found = {stage.name: stage for stage in stages()}
    assert [step for stage in found.values() for step in stage.steps] == list(STEPS)
    assert METRICS in found["evaluate"].leaves
    assert REPORT in found["evaluate"].leaves
    assert str(found["evaluate"]) == "evaluate"
    (project / "dvc.yaml").unlink()
    by_hand = stages()
    assert [stage.steps for stage in by_hand] == [(name,) for name in STEPS if name != "profile"]
    assert by_hand[0].leaves == STEPS["ingest"].leaves


@pytest.mark.guards("OWN-04")
def test_stage_of_a_file_is_the_one_that_dvc_yaml_has_write_it(project: Path) -> None:
    content = yaml.safe_load((project / "dvc.yaml").read_text())
    content["stages"]["split"]["cmd"] = "python -m shop.split"
    (project / "dvc.yaml").write_text(yaml.safe_dump(content))
    assert stage_of(TRAIN).command == "python -m shop.split"
    assert stage_of(MODEL).steps == ("train",)
    with pytest.raises(ProjectError, match="among its outputs"):
        stage_of(Path("other.csv"))


@pytest.mark.guards("OWN-04")
@pytest.mark.speed("all")
def test_command_of_the_teams_is_run_in_the_place_of_a_stage(
    project: Path, table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = yaml.safe_load((project / "dvc.yaml").read_text())
    command = "mlops-maturity validate-model && mlops-maturity package && echo by hand > reports/own.txt"
    content["stages"].pop("validate-model")
    content["stages"]["package"] |= {"cmd": command, "outs": ["models/model.zip", "reports/own.txt"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    folder = tmp_path_factory.mktemp("workspace")
    # A gate that no model passes is open there: whether the model is good enough, others ask.
    closed = settings.load().changed(**{"gates.targets": {"accuracy": 1.01}})
    fill(folder, project, table.head(200), closed)
    assert (folder / "reports" / "own.txt").read_text() == "by hand\n"
    assert (folder / ARTEFACT).exists()
    assert len(pd.read_parquet(folder / TABLE)) == 200
    assert settings.load(folder / PARAMS).gates.targets == {}
    assert not (project / "reports").exists()


@pytest.mark.guards("1-PARITY")
def test_features_of_records_are_those_of_their_rows(
    sample_project: Path, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_maturity.data import schema as schemas
    from mlops_maturity.data.features import Features

    monkeypatch.chdir(sample_project)
    schema = schemas.load()
    features = Features.of(schema, settings.load())
    records = as_sent(rows.head(20), schema.only(features.columns))
    assert records[3]["sex"] is None
    found = served_features(features, schema, records)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(features.of_frame(rows.head(20))))
