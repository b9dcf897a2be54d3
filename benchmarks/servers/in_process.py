"""The time of one record in process: the packaged model, and a scikit-learn pipeline on a DataFrame."""

import json
import sys
import timeit
from pathlib import Path

import pandas as pd
import pipeline as tutorial

from mlops_maturity.model.predictor import Predictor


def microseconds(statement: object, number: int) -> float:
    """The best of several repetitions: whatever else the machine does only adds to it."""
    return min(timeit.repeat(statement, number=number, repeat=7)) / number * 1e6  # type: ignore[arg-type]


record = json.loads(Path(sys.argv[1]).read_text())["records"][0]
predictor = Predictor.load()
packaged = microseconds(lambda: predictor.answers(predictor.of_records([record])), 1_000)
learned = microseconds(lambda: tutorial.pipeline.predict_proba(pd.DataFrame([record])), 20)
print(json.dumps({"packaged": packaged, "pipeline": learned}))
