"""The data that the model learns from."""

import pandas as pd
from mlops_maturity.data.reading import read_table
from mlops_maturity.project.params import load as load_params


def load() -> pd.DataFrame:
    """The raw table, one row for each example, the target among its columns.

    Any source will do: several files joined, a folder of Parquet files, a query. `read_table` reads CSV and Parquet
    as data/schema.yaml says. Files that are read here belong into the dependencies of the first stage in dvc.yaml.
    """
    return read_table(load_params().data.raw)
