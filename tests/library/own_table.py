"""A project of somebody's own table: every step, the batch and the service, in this process."""

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import astuple
from starlette.testclient import TestClient

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.features import Features
from mlops_maturity.data.inference import unusable
from mlops_maturity.data.reading import inferred, read_table
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.validation import check
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.pipeline.running import run_steps
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Params
from mlops_maturity.project.paths import PARAMS, SCHEMA
from mlops_maturity.project.repository import git
from mlops_maturity.serving.batch import checked, predict_file
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.service import create_app, record_model
from mlops_maturity.training import yaml_edit
from mlops_maturity.training.proposal import infer_task

READ = ("ingest", "validate-data", "split")
STEPS = (*READ, "train", "evaluate", "validate-model", "package")


class OwnTable:
    """A project in the current folder, whose data are replaced."""

    def __init__(self, root: Path) -> None:
        # As it was generated: another test may have left its own.
        self._params = git("show", f"HEAD:{PARAMS}", folder=root) + "\n"
        self._predictor: Predictor | None = None

    def first_run(
        self, content: bytes | str, target: str, steps: Iterable[str] = STEPS, name: str = "table.csv"
    ) -> str:
        """Take in a table as a new project would, run steps, and return what they print.

        Raises:
            ProjectError: a step refuses.
        """
        raw = Path("data/raw") / name
        raw.write_bytes(content if isinstance(content, bytes) else content.encode())
        # It is another table than the one that the project was made with.
        for pointer in raw.parent.glob("*.dvc"):
            pointer.unlink()
        SCHEMA.unlink(missing_ok=True)
        PARAMS.write_text(self._params, encoding="utf-8")
        yaml_edit.put(PARAMS, {"data.raw": str(raw), "data.target": target})
        self._predictor = None
        return self.run(steps)

    def read(self, content: bytes | str, target: str, name: str = "table.csv") -> None:
        """Take in a table and propose its schema, but nothing that takes a model to find out.

        Raises:
            ProjectError: the table cannot be read, or nothing in it can be learned from.
        """
        raw = Path("data/raw") / name
        raw.write_bytes(content if isinstance(content, bytes) else content.encode())
        SCHEMA.unlink(missing_ok=True)
        table = read_table(raw)
        schemas.save(inferred(table))
        schema = schemas.load()
        if target not in schema.columns:
            raise ProjectError(f"there is no column {target!r}")
        frame = check(schema, table)
        settled = {
            "data.raw": str(raw),
            "data.target": target,
            "data.task": infer_task(frame[target], schema.columns[target].type),
            "data.ignore": unusable(frame, schema, target),
        }
        PARAMS.write_text(self._params, encoding="utf-8")
        yaml_edit.put(PARAMS, settled)
        self.raw = raw
        self.look_again()

    def look_again(self) -> None:
        """Take over what was changed in the schema."""
        self.features = Features.of(self.schema, self.params)
        self.seen = self.schema.only(self.features.columns)

    def trained(self) -> np.ndarray:
        """What a model learns from: the features of all rows, read again by the schema that was saved."""
        return self.features.of_frame(check(self.schema, read_table(self.raw)))

    def in_a_batch(self, content: bytes | str, name: str = "batch.csv") -> np.ndarray:
        """What a model sees of the rows of a file that is to be predicted.

        Raises:
            ProjectError: the file is refused.
        """
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.features.of_frame(checked(Path(name), self.seen)[1])

    def served(self, record: Mapping[str, Any]) -> np.ndarray:
        """What a model sees of a record that comes over HTTP: by the fast way if it reads it, else by the other.

        Raises:
            pydantic.ValidationError: the record is refused.
        """
        read = reader(self.seen, self.features.columns)
        try:
            if read is not None:
                return self.features.of_rows(
                    [astuple(each) for each in read(msgspec.json.encode({"records": [record]}))]
                )
        except (ValueError, RecursionError):
            pass
        return self.features.of_records([record_model(self.seen).model_validate(record).model_dump(by_alias=True)])

    def run(self, steps: Iterable[str] = STEPS) -> str:
        """Run steps once more, with what is there now."""
        printed = io.StringIO()
        with redirect_stdout(printed):
            run_steps(list(steps))
        return printed.getvalue()

    @property
    def schema(self) -> Schema:
        """What the first run proposed, or what was made of it."""
        return schemas.load()

    @property
    def params(self) -> Params:
        """The settings at hand."""
        return settings.load()

    @property
    def predictor(self) -> Predictor:
        """The packaged model."""
        self._predictor = self._predictor or Predictor.load()
        return self._predictor

    def batch(self, content: bytes | str, name: str = "batch.csv") -> list[dict[str, str]]:
        """Predict the rows of a file: the cells that come out.

        Raises:
            ProjectError: the file is refused.
        """
        source, found = Path(name), Path("predicted.csv")
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        with redirect_stdout(io.StringIO()):
            predict_file(source, found, self.predictor)
        text = found.read_bytes().decode()
        delimiter = max(",;\t|", key=text.splitlines()[0].count)
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))

    def ask(self, record: Mapping[str, Any]) -> Any:
        """What the service says of a record: its prediction, or the status of a refusal."""
        response = TestClient(create_app(self.predictor)).post("/predict", json={"records": [record]})
        return response.json()["predictions"][0]["prediction"] if response.status_code == 200 else response.status_code
