"""Data come from several files, a folder or a query, and whatever they come from is on record."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from library.sandbox import DVC, RAW, Repository
from mlops_maturity.__main__ import main
from mlops_maturity.data.queries import database, read_query
from mlops_maturity.data.reading import read_table
from mlops_maturity.project import sources
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import read_json
from mlops_maturity.project.paths import SOURCE
from mlops_maturity.project.sources import NotAtHandError, digest, tracked
from mlops_maturity.project.storage import dvc, fetch


def visits(folder: Path) -> Path:
    for year, count in ((2024, 3), (2025, 2)):
        part = folder / f"year={year}"
        part.mkdir(parents=True)
        pd.DataFrame({"day": pd.date_range("2024-01-01", periods=count), "visits": range(count)}).to_parquet(
            part / "part.parquet", index=False
        )
    return folder


def test_folder_of_parquet_files_is_one_table_with_what_its_folders_say(tmp_path: Path) -> None:
    frame = read_table(visits(tmp_path / "visits"))
    assert len(frame) == 5
    assert sorted(map(str, frame)) == ["day", "visits", "year"]
    assert frame["visits"].tolist() == [0, 1, 2, 0, 1]


def test_folder_whose_files_have_other_columns_is_refused(tmp_path: Path) -> None:
    folder = visits(tmp_path / "visits")
    pd.DataFrame({"day": [1]}).to_parquet(folder / "year=2025" / "more.parquet")
    with pytest.raises(ProjectError, match=r"more\.parquet has other columns than .*part\.parquet: visits"):
        read_table(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectError, match="empty has no Parquet file"):
        read_table(tmp_path / "empty")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE sales (id INTEGER, price NUMERIC, member BOOLEAN, word TEXT)")
        rows = [(number, number / 2, number % 2, "a" if number else None) for number in range(4)]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", rows)
    return f"sqlite:///{tmp_path / 'shop.sqlite'}"


def test_query_gives_its_rows(shop: str) -> None:
    frame = read_query("SELECT * FROM sales ORDER BY id DESC", shop)
    assert frame["price"].tolist() == [1.5, 1.0, 0.5, 0.0]
    assert frame["word"].isna().tolist() == [False, False, False, True]


def test_query_that_cannot_be_asked_is_refused_in_a_line(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_DB", raising=False)
    with pytest.raises(ProjectError, match="no ORDER BY"):
        read_query("SELECT * FROM sales", shop)
    with pytest.raises(ProjectError, match="no such table: offers"):
        read_query("SELECT * FROM offers ORDER BY 1", shop)
    with pytest.raises(ProjectError, match="the column 'picture' holds binary; cast it to a plain type in the query"):
        read_query("SELECT x'00ff' AS picture ORDER BY 1", shop)
    with pytest.raises(NotAtHandError, match=r"none\.sqlite is missing"):
        read_query("SELECT 1 ORDER BY 1", f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert not (tmp_path / "none.sqlite").exists()
    with pytest.raises(ProjectError, match="the URL of a database must be like"):
        read_query("SELECT 1 ORDER BY 1", "shop")
    with pytest.raises(NotAtHandError, match="SHOP_DB is not set"):
        database("SHOP_DB")
    monkeypatch.setenv("SHOP_DB", shop)
    assert database("SHOP_DB") == shop


def test_database_that_does_not_answer_is_not_at_hand_and_its_password_is_not_printed() -> None:
    with pytest.raises(NotAtHandError, match="cannot be reached") as refused:
        read_query("SELECT 1 ORDER BY 1", "postgresql+psycopg://me:secret@127.0.0.1:1/shop")
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def own_data(folder: Path, body: str) -> None:
    (folder / "src/penguin_species/data.py").write_text(f"import pandas as pd\n\n\ndef load():\n{body}")


ISLANDS = """    birds, islands = pd.read_csv("data/raw/penguins.csv"), pd.read_csv("data/raw/islands.csv")
    return birds.merge(islands, on="island").drop(columns="latitude")
"""


@pytest.mark.guards("1-PIPE")
def test_each_file_is_on_record_as_dvc_has_it(fresh: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fresh.path)
    islands = Path("data/raw/islands.csv")
    islands.write_text("island,latitude\nBiscoe,-65.4\nDream,-64.7\nTorgersen,-64.8\n")
    folder = visits(Path("data/raw/visits"))
    dvc("add", "--quiet", str(islands), str(folder))
    own_data(fresh.path, ISLANDS)
    text = Path("dvc.yaml").read_text()
    deps = "      - data/raw/penguins.csv\n"
    Path("dvc.yaml").write_text(text.replace(deps, f"{deps}      - {islands}\n      - {folder}\n"))
    assert tracked(RAW) == [RAW, islands, folder]
    assert sources.pointed_to(folder) == digest(folder)
    assert main(["ingest"]) == 0
    source = read_json(SOURCE, "")
    assert source["sources"] == {str(path): sources.pointed_to(path) for path in (RAW, islands, folder)}
    # A clone fetches all of them.
    dvc("push", "--quiet")
    islands.unlink()
    shutil.rmtree(folder)
    fetch(RAW)
    assert digest(folder) == sources.pointed_to(folder)
    islands.write_text("island,latitude\n")
    with pytest.raises(ProjectError, match=r"islands\.csv is not what data/raw/islands\.csv\.dvc says"):
        sources.digests(RAW)


QUERY = """    from mlops_maturity.data.queries import database, read_query
    return read_query("SELECT * FROM penguins ORDER BY rowid", database("BIRDS"))
"""


@pytest.mark.guards("1-PIPE")
@pytest.mark.speed("all")
def test_query_is_made_each_time_and_its_rows_decide_what_runs(
    fresh: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without new rows nothing but the query runs; with new ones, what depends on them."""
    monkeypatch.chdir(fresh.path)
    frame = pd.read_csv(RAW)
    url = f"sqlite:///{tmp_path / 'birds.sqlite'}"

    def fill(rows: pd.DataFrame) -> None:
        with sqlite3.connect(tmp_path / "birds.sqlite") as connection:
            rows.to_sql("penguins", connection, index=False, if_exists="replace")

    fill(frame)
    own_data(fresh.path, QUERY)
    fresh.set("data.raw", None)
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(
        text.replace("      - data/raw/penguins.csv\n", "").replace(
            "  ingest:\n", "  ingest:\n    always_changed: true\n"
        )
    )
    for path in (RAW, sources.pointer_of(RAW)):
        path.unlink()
    monkeypatch.setenv("BIRDS", url)
    first = fresh.run("env", f"BIRDS={url}", *_dvc("repro", "validate-data"))
    assert "validate-data" in first
    again = fresh.run("env", f"BIRDS={url}", *_dvc("repro", "validate-data"))
    assert "Running stage 'ingest'" in again
    assert "Stage 'validate-data' didn't change, skipping" in again
    fill(frame.assign(year=np.where(frame["year"] == 2007, 2008, frame["year"])))
    third = fresh.run("env", f"BIRDS={url}", *_dvc("repro", "validate-data"))
    assert "Running stage 'validate-data'" in third


def _dvc(*words: str) -> tuple[str, ...]:
    return (*DVC, *words)
