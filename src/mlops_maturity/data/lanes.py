"""What an estimator is given: one float32 matrix, or a table of named columns. The same in training and in the service.

- **matrix**: numbers, features and codes of categories, see `features.py`; ONNX can express most models of it.
- **frame**: a `pandas.DataFrame` with the columns of the schema and what the project's features.py computes:
  numbers and truth values as float64 with NaN where they are missing, categories as `category` (NaN where they are
  missing, or no value of the schema), free text as str (empty where it is missing), dates and times as datetime64.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mlops_maturity.data.features import Columns, Features, bounded, columns_of_frame, columns_of_rows

if TYPE_CHECKING:
    import pandas as pd

Lane = Literal["matrix", "frame"]
LANES: tuple[Lane, ...] = get_args(Lane)


def of_table(features: Features, lane: Lane, table: "pd.DataFrame") -> Any:
    """What an estimator of the lane sees of a table that fits the schema."""
    if lane == "matrix":
        return features.of_frame(table)
    return _frame(features, columns_of_frame(features, table), len(table))


def of_rows(features: Features, lane: Lane, rows: Sequence[Sequence[Any]]) -> Any:
    """What it sees of records whose values are in the order of `Features.columns`; a missing one is None."""
    if lane == "matrix":
        return features.of_rows(rows)
    return _frame(features, columns_of_rows(features, _numbers(features, rows), rows), len(rows))


def take(inputs: Any, rows: Any) -> Any:
    """Some rows of what an estimator sees, by position."""
    return inputs[rows] if isinstance(inputs, np.ndarray) else inputs.iloc[rows]


def _numbers(features: Features, rows: Sequence[Sequence[Any]]) -> np.ndarray:
    count = len(features.numbers)
    return np.array([row[:count] for row in rows], dtype="float64").reshape(len(rows), count)


def _frame(features: Features, columns: Columns, rows: int) -> "pd.DataFrame":
    import pandas as pd  # the service of a matrix does without

    made: dict[str, Any] = {name: bounded(columns[name]) for name in features.numbers}
    for name, values in features.categories.items():
        codes = {value: code for code, value in enumerate(values)}
        found = [codes.get(word, -1) for word in columns[name]]
        made[name] = pd.Categorical.from_codes(found, dtype=_dtype(values), validate=False)
    for name in features.texts:
        # Not pandas' own type of text, which depends on what else is installed.
        made[name] = pd.Series([word or "" for word in columns[name]], dtype=object)
    made |= {name: columns[name] for name in features.times}
    return pd.DataFrame(made | features.derived_of(columns, rows), index=range(rows))


@cache
def _dtype(values: tuple[str, ...]) -> "pd.CategoricalDtype":
    import pandas as pd

    # Objects: of pandas' own type of text, an estimator takes longer to read one row.
    return pd.CategoricalDtype(pd.Index(values, dtype=object))
