"""How much a model leans on a column is measured by shuffling it: what is encoded once answers as the table does."""

import numpy as np

from library.own_table import OwnTable
from library.tables import COUNT, NUMBER, among, text
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.reading import read_table
from mlops_maturity.training.importance import Packaged, permutation_importance


def test_permutation_importance_of_what_is_encoded_once_is_that_of_the_table(own_table: OwnTable) -> None:
    day = [f"2024-{1 + number % 12:02}-{1 + number % 28:02}" for number in COUNT]
    word = among("a", "b", "c")
    target = [f"{number % 12 + 3 * (word[number] == 'b') + 5 * float(NUMBER[number]):.3f}" for number in COUNT]
    own_table.first_run(text(day=day, word=word, x=NUMBER, y=target).replace("x,", "day.year,", 1), "y", name="own.csv")
    predictor = own_table.predictor
    rows = conform(own_table.schema, read_table("data/raw/own.csv"))
    seen = rows[list(predictor.features.columns)]
    positions = np.random.default_rng(4).permuted(np.tile(np.arange(len(rows))[:, None], 3), axis=0)
    positions[:, 1] = np.arange(len(rows))
    packaged = Packaged(predictor, seen)
    assert packaged.matrix is not None
    by_matrix = packaged.answers(positions)
    packaged.matrix = None
    np.testing.assert_array_equal(by_matrix, packaged.answers(positions))
    found = permutation_importance(predictor, rows, rows["y"].to_numpy(), seed=7)
    assert sorted(found["column"]) == ["day", "day.year", "word"]
    assert found["column"].iloc[0] == "day"
