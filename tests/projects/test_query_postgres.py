"""The query of data.py on a real PostgreSQL: what a file would have, in plain types, or a refusal in one line."""

from collections.abc import Iterator

import pandas as pd
import pytest
from conftest import Bake
from postgres import MISSING, PROGRAMS, Postgres, installed
from recipes import recipes
from sqlalchemy import create_engine

from mlops_maturity.__main__ import main
from mlops_maturity.data.queries import read_query
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import TABLE

pytestmark = [pytest.mark.skipif(not PROGRAMS, reason=MISSING), pytest.mark.guards("OWN-02", "OWN-04")]

TYPES = """
SELECT 1.50::numeric(10, 2) AS price, true AS sold, date '2024-02-01' AS day, 'x' AS word, 7::bigint AS count,
    timestamptz '2024-02-01 12:00:00+02' AS at
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL
ORDER BY price
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with installed() as server:
        server.start()
        yield server


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.url.replace("postgresql://", "postgresql+psycopg://")


def test_recipe_of_a_query_reads_what_the_file_has(
    url: str, copy_of: Bake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = copy_of(maturity_level="1", target="species")
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("BIRDS", url)
    expected = pd.read_csv("data/raw/penguins.csv")
    expected.rename_axis("number").reset_index().to_sql("penguins", create_engine(url), index=False)
    (recipe,) = (recipe for recipe in recipes() if recipe.title == "A query")
    recipe.apply(project.path, project.package)
    for _ in range(2):
        assert main(["ingest"]) == 0
        pd.testing.assert_frame_equal(pd.read_parquet(TABLE), expected, check_dtype=False)
    assert recipe.options["says"] in capsys.readouterr().out


def test_types_of_postgres_become_plain_ones(url: str) -> None:
    found = read_query(TYPES, url)
    assert found.iloc[1].isna().all()
    first = found.iloc[0].to_dict()
    assert (first["price"], first["sold"], first["word"], first["count"]) == (1.5, True, "x", 7)
    assert pd.Timestamp(first["day"]) == pd.Timestamp("2024-02-01")
    assert pd.Timestamp(first["at"]) == pd.Timestamp("2024-02-01 10:00:00")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT * FROM nothing ORDER BY 1", 'refuses the query: relation "nothing" does not exist'),
        (
            "SELECT 1 AS one, ARRAY[1, 2] AS list ORDER BY 1",
            "the column 'list' holds list<.*>; cast it to a plain type",
        ),
        ("""SELECT '{"a": 1}'::jsonb AS facts ORDER BY 1""", "the column 'facts' holds struct<.*>; cast it"),
        ("SELECT gen_random_uuid() AS id ORDER BY 1", "the column 'id' holds .*uuid.*; cast it to a plain type"),
        ("SELECT inet '10.0.0.1' AS host ORDER BY 1", "column host .*; cast it to a plain type"),
    ],
)
def test_query_that_postgres_or_a_table_cannot_take_is_refused(query: str, says: str, url: str) -> None:
    with pytest.raises(ProjectError, match=says) as refused:
        read_query(query, url)
    assert len(str(refused.value).splitlines()) == 1


def test_postgres_that_is_away_is_named_without_the_password(postgres: Postgres, url: str) -> None:
    postgres.stop()
    with pytest.raises(ProjectError, match="cannot be reached") as refused:
        read_query(TYPES, url.replace("postgres@", "postgres:secret@"))
    assert "secret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
