"""A table is read whatever program wrote it, and what cannot be read is refused in one line."""

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from library.tables import WRITERS, clean
from mlops_maturity.data.reading import inferred, read_table
from mlops_maturity.data.tables import stored, write_like
from mlops_maturity.project.errors import ProjectError


def written(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_read_table_of_any_program_gives_the_same_table(name: str, tmp_path: Path) -> None:
    WRITERS[name](clean(), tmp_path / name)
    found = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(
        found.astype({"farbe": "str", "ziel": "str"}), clean().astype({"farbe": "str", "ziel": "str"})
    )


@pytest.mark.parametrize("mark", ["", "?", "NA", "n/a", "NaN", "null", "None", "#N/A", "<NA>", "(null)", "NaT", "\\N"])
def test_read_table_mark_of_a_missing_value_is_missing(mark: str, tmp_path: Path) -> None:
    found = read_table(written(tmp_path / "table.csv", f"number,word\n1.5,a\n{mark},{mark}\n"))
    assert found["number"].dtype == "float64"
    assert found.isna().to_numpy().tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("left", [slice(0), slice(-1), slice(100), slice(4, None)])
def test_stored_table_that_is_damaged_names_the_command_that_makes_it(left: slice, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    with pytest.raises(ProjectError, match=r"table.parquet is missing; run `make data` first"):
        stored(path, "make data")
    clean().to_parquet(path)
    pd.testing.assert_frame_equal(stored(path, "make data"), clean())
    path.write_bytes(path.read_bytes()[left])
    with pytest.raises(ProjectError, match=r"^.*table.parquet is damaged \(.+\); run `make data` again$"):
        stored(path, "make data")


def test_read_table_line_break_within_quotes_is_part_of_the_value(tmp_path: Path) -> None:
    found = read_table(written(tmp_path / "table.csv", 'word,number\n"a\nb",1\nc,2\n'))
    assert found["word"].tolist() == ["a\nb", "c"]


def test_read_table_first_odd_byte_after_the_header_is_read_as_cp1252(tmp_path: Path) -> None:
    found = read_table(written(tmp_path / "table.csv", "word,number\nplain,1\nfür,2\n", "cp1252"))
    assert found["word"].tolist() == ["plain", "für"]


def test_read_table_decimal_commas_between_semicolons_are_numbers(tmp_path: Path) -> None:
    found = read_table(written(tmp_path / "table.csv", "a;b;c\n-1,5;x,y;3\n2;z;4\n"))
    assert found["a"].tolist() == [-1.5, 2.0]
    assert found["b"].tolist() == ["x,y", "z"]


def test_read_table_column_without_a_value_is_a_number_without_one(tmp_path: Path) -> None:
    found = read_table(written(tmp_path / "table.csv", "a,b\n1,\n2,\n"))
    assert found["b"].dtype == "float64"
    assert found["b"].isna().all()


def test_read_table_names_are_stripped_and_one_without_a_name_is_counted(tmp_path: Path) -> None:
    assert list(read_table(written(tmp_path / "table.csv", ", b ,c\n1,2,3\n"))) == ["column_1", "b", "c"]


def test_read_table_types_of_parquet_become_the_few_that_a_schema_knows(tmp_path: Path) -> None:
    table = pa.table(
        {
            "decimal": pa.array([Decimal("1.50"), None]),
            "single": pa.array([1.5, None], pa.float32()),
            "small": pa.array([3, 4], pa.int8()),
            "day": pa.array([datetime.date(2024, 2, 29), None]),
            "elsewhere": pa.array([datetime.datetime(2024, 2, 28, 23), None], pa.timestamp("us", "+02:00")),
            "hour": pa.array([datetime.time(13, 45), None]),
            "wait": pa.array([datetime.timedelta(seconds=2), datetime.timedelta(0)]),
            "instant": pa.array([datetime.timedelta(microseconds=1500), None], pa.duration("ns")),
            "old words": pa.array([b"a", None]),
            "bytes": pa.array([b"\xff", None]),
            "nothing": pa.nulls(2),
            "list": pa.array([[1, 2], []]),
            "record": pa.array([{"a": 1}, {"a": 2}]),
        }
    )
    pa.parquet.write_table(table, tmp_path / "table.parquet")
    found = read_table(tmp_path / "table.parquet")
    assert not {"list", "record", "bytes"} & set(found)
    notes = inferred(found).notes
    assert "list: left out: list<element: int64> is no type that a model can see" in notes
    assert "wait: a duration is read as its seconds" in notes
    assert found["old words"].tolist()[0] == "a"
    assert found["instant"].tolist()[0] == 0.0015
    assert {name: str(found[name].dtype) for name in ("decimal", "single", "nothing")} == dict.fromkeys(
        ("decimal", "single", "nothing"), "float64"
    )
    assert found["small"].dtype == "int8"
    assert found["day"][0] == pd.Timestamp("2024-02-29")
    assert found["elsewhere"][0] == pd.Timestamp("2024-02-28 23:00")
    assert found["hour"][0].startswith("13:45")
    assert found["wait"].tolist() == [2.0, 0.0]


def test_read_table_numbers_stored_as_words_stay_words_and_are_named(tmp_path: Path) -> None:
    pd.DataFrame({"amount": ["1.5", "2"], "postcode": ["08001", "x"]}).to_parquet(tmp_path / "table.parquet")
    (note,) = inferred(read_table(tmp_path / "table.parquet")).notes
    assert note.startswith("amount: all values are numbers, stored as words")


def test_read_table_carries_nothing_that_grows_with_its_columns(tmp_path: Path) -> None:
    """Pandas copies what a table carries with each operation on each column: a wide one took minutes."""
    names = [f"c{number}" for number in range(60)]
    found = read_table(written(tmp_path / "table.csv", f"{','.join(names)}\n" + f"{','.join('1' * 60)}\n" * 3))
    assert all(isinstance(value, str) for value in found.attrs.values())
    assert list(inferred(found).columns) == names


REFUSED = {
    "missing": ("no.csv", None, r"no\.csv is missing, and DVC has no .*no\.csv\.dvc: correct the path"),
    "a column twice": ("table.csv", b"a,b, a\n1,2,3\n", r"table\.csv has the column 'a' twice; rename one of them"),
    "rows of another width": ("table.csv", b"a,b\n1,2\n1,2,3\n", r"table\.csv, line 3: 3 cells, and the header has 2"),
    "no Parquet": ("table.parquet", b"a,b\n1,2\n", r"table\.parquet cannot be read: "),
    "empty": ("table.csv", b"", r"table\.csv has no header line"),
}


def test_missing_file_that_dvc_tracks_is_to_be_pulled(tmp_path: Path) -> None:
    (tmp_path / "folder.dvc").touch()
    with pytest.raises(ProjectError, match=r"no\.csv is missing; `make pull` fetches it"):
        read_table(tmp_path / "folder" / "no.csv")


@pytest.mark.parametrize(("name", "content", "says"), REFUSED.values(), ids=REFUSED)
def test_read_table_that_is_none_is_refused_in_one_line(
    name: str, content: bytes | None, says: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ProjectError, match=says) as refused:
        read_table(tmp_path / name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["table.csv", "table.parquet", "table.pq"])
def test_write_table_then_read_gives_the_same_values(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"number": [1.5, np.nan], "word": ["a", "b, c"]})
    write_like(frame, tmp_path / name)
    found = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(found.astype({"word": "str"}), frame.astype({"word": "str"}))


def test_read_table_without_a_path_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"data.raw names no file"):
        read_table(None)
