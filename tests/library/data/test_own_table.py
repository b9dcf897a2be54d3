"""What stands in a cell means the same in training, in a batch and over HTTP, whatever program wrote the file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from library.own_table import OwnTable
from library.tables import CHANCE, COUNT, LEVEL, NUMBER, ROWS, among, text
from mlops_maturity.data import schema as schemas
from mlops_maturity.data.conversion import conform
from mlops_maturity.data.dialect import MISSING
from mlops_maturity.data.reading import inferred, read_table
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import PARAMS, SCHEMA
from mlops_maturity.project.repository import git
from mlops_maturity.training import yaml_edit
from mlops_maturity.training.train import with_holes

# A column, how its cell in the first row is said over HTTP, and what the model sees of it there.
MEANING: dict[str, tuple[list[str], Any, dict[str, float]]] = {
    "versions, of which the first is a number": (among("1.10", "1.1", "beta"), "1.10", {"v": 3}),
    "days before months, with a time": (
        among("05/03/2023 10:00", "31/12/2023 09:30"),
        "2023-03-05T10:00:00",
        {"v.month": 3},
    ),
    "months before days": (among("05/03/2023", "12/31/2023"), "05/03/2023", {"v.month": 5}),
    "days and months that may be either": (among("05/03/2023", "06/04/2023"), "05/03/2023", {"v.month": 3}),
    "months": (among("2023-06", "2023-09"), "2023-06", {"v.month": 6, "v.day": 1}),
    "a short zone": (among("2021-03-28T02:30:00+00", "2021-04-01T05:00:00+01"), "2021-03-28T02:30:00Z", {"v.hour": 2}),
    "times finer than a microsecond": (
        among("2023-11-17T03:15:17.4291201Z", "2023-11-18T04:15:17.4291209Z"),
        "2023-11-17T03:15:17.4291201Z",
        {"v.hour": 3},
    ),
    "dates as SAS writes them": (among("05MAR2023", "31DEC2023"), "05MAR2023", {"v.month": 3}),
    "times as SAS writes them": (
        among("05MAR2023:10:30:00", "31DEC2023:09:30:00"),
        "05MAR2023:10:30:00",
        {"v.hour": 10},
    ),
    "fractions of a second": (
        among("05.03.2023 10:30:00.1234567", "31.12.2023 09:30:00.1"),
        "05.03.2023 10:30:00.1234567",
        {"v.month": 3, "v.hour": 10},
    ),
    "strings of eight digits": (among("20230105", "20230106"), 20_230_105, {"v": 20_230_105.0}),
    "leading zeros": (among("07", "08", "12"), "07", {"v": 2}),
    "blanks around words": (among("2A ", "2A", " 2B"), "2A", {"v": 2}),
    "truth values with a gap": (among("true", "", "false"), True, {"v": 1}),
    "percentages": (among("12 %", "7.5%", "30"), 12, {"v": 12}),
    "a currency before": (among("$1", "-$2.5", "$-3"), 1, {"v": 1}),
    "the currency of a country": (among("R$ 12.5", "R$ 2.5"), 12.5, {"v": 12.5}),
    "the code of a currency": (among("CHF 12.5", "CHF 2.5"), 12.5, {"v": 12.5}),
    "a unit after a blank": (among("90.5 km/h", "-1 km/h"), 90.5, {"v": 90.5}),
    "another sign for minus": (among("\u22121.5", "2.5"), -1.5, {"v": -1.5}),
    "brackets for minus": (among("(1.5)", "2.5"), -1.5, {"v": -1.5}),
    "brackets and a currency": (among("($1.5)", "$2.5"), -1.5, {"v": -1.5}),
    "a minus behind the number": (among("1.5-", "2.5"), -1.5, {"v": -1.5}),
    "a minus behind the number and a unit": (among("EUR 1.5-", "EUR 2.5"), -1.5, {"v": -1.5}),
    "blanks behind the sign": (among("-   1.5", "2.5"), -1.5, {"v": -1.5}),
    "digits of another script": (among("\uff11\uff12", "\u0661"), "\uff11\uff12", {"v": 3}),
    "a mark or none": (among("X", ""), "X", {"v": 2}),
    "exponents and plus signs": (among("+1e2", "-2.5E-1"), 100, {"v": 100}),
    "blanks for numbers": (among("1.5", " ", "2.5"), 1.5, {"v": 1.5}),
}


@pytest.mark.parametrize("case", MEANING)
def test_cell_means_the_same_in_training_batch_and_service(case: str, own_table: OwnTable) -> None:
    cells, said, expected = MEANING[case]
    own_table.read(text(v=cells), "y")
    matrix = own_table.trained()
    names = own_table.features.names
    seen = {name: matrix[0, names.index(name)] for name in expected}
    assert seen == expected
    # A row alone, without the neighbours that the column's type was found by.
    np.testing.assert_array_equal(own_table.in_a_batch(f"v\n{cells[0]}\n"), matrix[:1])
    np.testing.assert_array_equal(own_table.served({"v": said}), matrix[:1])


# How numbers are written: the delimiter, the cells, what the first of them is.
MARKS: dict[str, tuple[str, list[str], float]] = {
    "points for thousands": (";", among("1.200", "32.027", "950"), 1_200),
    "points for thousands, commas for decimals": (";", among("1.200,50", "32.027,25"), 1_200.5),
    "commas for decimals": (";", among("1,25", "2,5"), 1.25),
    "commas for thousands": ("\t", among("1,200", "32,027.5"), 1_200),
    "apostrophes for thousands": (",", among("1'200.5", "32'027"), 1_200.5),
    "blanks for thousands": (";", among("1 200,5", "32 027"), 1_200.5),
    "narrow blanks for thousands": (";", among("1\u202f200,5", "32\u00a0027", "12\u2009000"), 1_200.5),
    "round apostrophes for thousands": (",", among("1\u2019200.5", "32\u2019027"), 1_200.5),
    "groups of two digits": ("\t", among("12,34,567", "1,00,000"), 1_234_567),
    "a currency and points for thousands": (";", among("€ 1.200,50", "€ 32.027,25"), 1_200.5),
    "a currency after, and commas for thousands": ("\t", among("1,200.5 £", "32,027 £"), 1_200.5),
    "points for decimals between semicolons": (";", among("1.25", "2.5"), 1.25),
}


@pytest.mark.parametrize("case", MARKS)
def test_marks_of_numbers_are_found_in_all_cells_and_kept(case: str, own_table: OwnTable) -> None:
    delimiter, cells, expected = MARKS[case]
    target = [number.replace(".", ",") if "commas for decimals" in case else number for number in LEVEL]
    own_table.read(text(delimiter, v=cells, y=target), "y")
    assert own_table.trained()[0, 0] == expected
    # One row of a batch would be read in another way by itself.
    assert own_table.in_a_batch(f"v{delimiter}z\n{cells[0]}{delimiter}\n")[0, 0] == expected
    assert own_table.served({"v": expected})[0, 0] == np.float32(expected)


def test_ambiguous_mark_is_said_with_the_choice_and_can_be_changed(own_table: OwnTable) -> None:
    cells = among("1.200", "32.027")
    own_table.read(text(";", v=cells, y=LEVEL), "y")
    (note,) = [note for note in own_table.schema.notes if note.startswith("v: ")]
    assert "'1.200' is read as 1200; if it is 1.2, set reading.decimal to '.'" in note
    reading = own_table.schema.reading.model_copy(update={"decimal": ".", "thousands": ""})
    columns = {
        "v": own_table.schema.columns["v"].model_copy(update={"type": "number", "minimum": 0.0}),
        "y": own_table.schema.columns["y"],
    }
    schemas.save(own_table.schema.model_copy(update={"reading": reading, "columns": columns}))
    assert own_table.trained()[0, 0] == np.float32(1.2)


@pytest.mark.parametrize("word", ["NA", "", "None", " null "])
def test_missing_word_is_missing_in_training_batch_and_service(word: str, own_table: OwnTable) -> None:
    countries = [word if number % 9 == 0 else f"C{number % 60}" for number in COUNT]
    own_table.read(text(v=countries, x=NUMBER), "y")
    seen = own_table.trained()[:1]
    assert seen[0, own_table.features.names.index("v")] == 0
    np.testing.assert_array_equal(own_table.in_a_batch(f"v,x\n{word},{NUMBER[0]}\n"), seen)
    for said in (word, None):
        np.testing.assert_array_equal(own_table.served({"v": said, "x": float(NUMBER[0])}), seen)


def test_missing_word_declared_a_value_is_one_everywhere(own_table: OwnTable) -> None:
    own_table.read(text(v=among("NA", "DE", "FR", "ZA", "CH"), x=NUMBER), "y")
    assert any("'NA' (30 rows) is read as a missing value" in note for note in own_table.schema.notes)
    schema = own_table.schema
    reading = schema.reading.model_copy(update={"missing": tuple(word for word in MISSING if word != "NA")})
    country = schema.columns["v"].model_copy(update={"categories": ["CH", "DE", "FR", "NA", "ZA"], "missing": 0.0})
    schemas.save(schema.model_copy(update={"reading": reading, "columns": schema.columns | {"v": country}}))
    own_table.look_again()
    seen = own_table.trained()[:1]
    assert seen[0, own_table.features.names.index("v")] == 2 + 3
    np.testing.assert_array_equal(own_table.in_a_batch(f"v,x\nNA,{NUMBER[0]}\n"), seen)
    np.testing.assert_array_equal(own_table.served({"v": "NA", "x": float(NUMBER[0])}), seen)


def test_value_that_may_not_be_missing_is_refused_over_http_too(own_table: OwnTable) -> None:
    own_table.read(text(v=[f"C{number % 60}" for number in COUNT]), "y")
    with pytest.raises(ProjectError, match="v: more missing values than the accepted share 0"):
        own_table.in_a_batch("v\nNA\n")
    with pytest.raises(ValidationError, match="this says that the value is missing, and it may not be"):
        own_table.served({"v": "NA"})


def test_float32_tells_large_numbers_apart_by_an_offset(own_table: OwnTable) -> None:
    own_table.read(text(v=[str(1_700_000_000 + number) for number in COUNT * 3 % ROWS]), "y")
    assert len(np.unique(own_table.trained()[:, 0])) == len({number * 3 % ROWS for number in COUNT})
    np.testing.assert_array_equal(own_table.served({"v": 1_700_000_000}), own_table.trained()[:1])


# A file, and what the refusal says of it.
REFUSED: dict[str, tuple[str, str]] = {
    "a header in the middle": (
        text(v=NUMBER) + "v,y\n" + "1,2\n",
        f"line {ROWS + 2}: the header stands here once more",
    ),
    "quotation marks that swallow rows": (
        text(n=[f'"{NUMBER[0]}' if number == 40 else f'5"{"" if number == 70 else "x"}' for number in COUNT]).replace(
            '5"x', "5"
        ),
        "a quotation mark in the column 'n' swallows",
    ),
    "a row of another width": (text(v=NUMBER) + "1,2,3\n", f"line {ROWS + 2}: 3 cells, and the header has 2"),
    "rows with an index, under a header without": (
        "x,y\n" + "1,2,3\n" * 40,
        "line 2: 3 cells, and the header has 2; if the first column has no name, begin the header with a delimiter",
    ),
    "rows that end with a delimiter, under a header that does not": (
        "x,y\n" + "1,2,\n" * 40,
        "line 2: 3 cells, and the header has 2; if the last column has no name, end the header with a delimiter",
    ),
    "two columns that end with their sums": (
        "x,y,k\n" + "1,0.1,a\n" * 40 + "40,4,\n",
        r"row 41, the last one, holds the sums of the others \(x, y\); take it out",
    ),
    "a row of totals": (
        "k,y\n" + "a,1.25\nb,2.5\n" * 20 + "Total,75\n",
        r"row 41, the last one, holds the sums of the others \(y\); take it out",
    ),
    "units below the header": (
        "x,k,y\nkg,,EUR\n" + "1,a,1\n2,b,2\n" * 20,
        r"line 2: 'kg' in x, 'EUR' in y, and nothing like it in the other rows: a second header\? Take the line out",
    ),
    "questions of a survey below the header": (
        "started,age,y\nStart Date,How old?,Score\nid1,id2,id3\n" + "2023-01-02,31,1\n2023-01-03,42,2\n" * 20,
        r"line 2: 'Start Date' in started, 'How old\?' in age, 'Score' in y, and nothing like it in the other rows",
    ),
    "a second header above words alone": (
        "q1,q2,y\nColour?,Like it?,Buy?\n" + "red,yes,a\nblue,no,b\n" * 20,
        r"line 2: 'Colour\?' in q1, 'Like it\?' in q2, 'Buy\?' in y, and nothing like it in the other rows",
    ),
    "a second header above words and a column of numbers": (
        "q1,y\nColour?,Price\n" + "red,1.5\nblue,2.5\n" * 20,
        r"line 2: 'Price' in y, 'Colour\?' in q1, and nothing like it in the other rows: a second header",
    ),
    "text behind a quotation mark": (
        "k,y\na,1\n" + '"5" pipe",1\n' * 40,
        r"line 3: text stands behind the closing quotation mark of a cell: double each mark within a quoted cell",
    ),
    "a blank before a quotation mark": (
        "x,k,y\n" + '1, "a, b", 1\n' * 40,
        "line 2: a blank stands before the quotation mark of a cell, which does not quote it then",
    ),
    "backslashes before quotation marks": (
        "k,y\n" + '"a",1\n' * 40 + '"say \\"b\\" now",2\n',
        r'line 42: \\" stands within a quoted cell: CSV doubles a quotation mark',
    ),
    "a backslash before the last quotation mark of a cell": (
        "k,y\n" + '"a",1\n' * 40 + '"6\\"",2\n"8\\"",2\n',
        r'line 42: \\" stands within a quoted cell',
    ),
    "two columns of one name": ("v,v,y\n" + "1,2,3\n" * 40, "has the column 'v' twice"),
    "no rows": ("v,y\n", "has no rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_damaged_table_is_refused_with_line_and_column(case: str, own_table: OwnTable) -> None:
    content, says = REFUSED[case]
    with pytest.raises(ProjectError, match=says) as refused:
        own_table.read(content, "y")
    assert str(refused.value).isprintable()


def test_encodings_are_read_or_refused(own_table: OwnTable) -> None:
    content = text(stadt=among("Köln", "Zürich", "Genève"))
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        own_table.read(content.encode(encoding), "y")
        assert [note[:39] for note in own_table.schema.notes] == ["the file is not in UTF-8 and is read as"] * (
            encoding == "cp1252"
        )
        assert own_table.schema.columns["stadt"].categories == ["Genève", "Köln", "Zürich"]
    with pytest.raises(ProjectError, match="binary or UTF-16"):
        own_table.read(content.encode("utf-16"), "y")
    own_table.read(b"\xef\xbb\xbf" + content.encode("utf-8-sig"), "y")
    assert list(own_table.schema.columns) == ["stadt", "y"]
    with pytest.raises(ProjectError, match=r"line 152: a byte is not UTF-8, as 150 other lines are"):
        own_table.read(content.encode() + content.partition("\n")[2].encode("cp1252"), "y")
    # Read as Windows-1252, each letter of it would become two.
    with pytest.raises(ProjectError, match=r"table\.csv, line 2: a byte is neither UTF-8 nor Windows-1252; export it"):
        own_table.read(content.encode().replace("Köln".encode(), b"K\xc3\xb6ln\xe9", 1), "y")
    with pytest.raises(ProjectError, match=r"line 2: .*\(in Windows-1250 'ŽlŹve', in Mac Roman 'élève', in DOS 850"):
        own_table.read(text(v=among("élève", "b")).encode("mac_roman"), "y")


def test_last_row_that_is_no_sum_is_a_record(own_table: OwnTable) -> None:
    own_table.read(text(v=[*NUMBER[:-1], "99"], k=["a"] * (ROWS - 1) + ["Total"]), "y")
    assert len(own_table.trained()) == ROWS


def test_batch_of_one_column_whose_name_has_another_delimiter_is_read(own_table: OwnTable) -> None:
    own_table.read(text("|", v=NUMBER).replace("v|", "a,b|", 1), "y")
    np.testing.assert_array_equal(own_table.in_a_batch(f"a,b\n{NUMBER[0]}\n"), own_table.trained()[:1])


@pytest.mark.parametrize("cell", ['"C:\\dir\\"', '"C:\\dir\\" ', '6\\"', '"a\\"""', '"""a\\b"""'])
def test_backslash_that_escapes_nothing_is_a_sign_like_others(cell: str, own_table: OwnTable) -> None:
    own_table.read(text(v=among(cell, "b"), x=NUMBER), "y")
    (word,) = set(own_table.schema.columns["v"].categories or ()) - {"b"}
    assert word == cell.strip().removeprefix('"').removesuffix('"').replace('""', '"') or cell == '6\\"'
    assert "\\" in word


def test_first_row_with_a_word_in_one_column_of_numbers_is_a_record(own_table: OwnTable) -> None:
    own_table.read(text(v=["none at all", *NUMBER[1:]], x=NUMBER), "y")
    assert len(own_table.trained()) == ROWS


def test_first_row_of_words_that_other_rows_have_too_is_a_record(own_table: OwnTable) -> None:
    own_table.read(text(v=among("red", "blue"), w=["extra", *among("yes", "no")[1:]], y=among("a", "b")), "y")
    assert len(own_table.trained()) == ROWS


def test_blank_behind_a_quotation_mark_does_not_count(own_table: OwnTable) -> None:
    own_table.read(text(v=among('"a, b"  ', '"c"'), x=NUMBER), "y")
    assert own_table.schema.columns["v"].categories == ["a, b", "c"]


@pytest.mark.parametrize("typed", ["Gro\u0308ße m", "Größe\u00a0m", "Größe m"])
def test_target_typed_in_signs_that_look_alike_is_found(typed: str, own_table: OwnTable) -> None:
    name = "Gro\u0308ße\u202fm"
    printed = own_table.first_run(text(x=NUMBER, y=NUMBER).replace("x,y", f"x,{name}"), typed, ["ingest"])
    assert own_table.params.data.target == name
    assert f"data.target: {name}" in printed


@pytest.mark.parametrize("stray", ["n/k", "-"])
def test_target_of_numbers_with_a_few_words_is_refused(stray: str, own_table: OwnTable) -> None:
    target = [stray if number == 5 else str(number % 30) for number in COUNT]
    with pytest.raises(
        ProjectError, match=rf"y: the values are numbers but for '{stray}' \(1 rows\): leave those cells"
    ):
        own_table.first_run(text(x=NUMBER, y=target), "y", ["ingest"])


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ([f"{number}kg" for number in COUNT], "y: all values are numbers with 'kg'; a target is a number or a class"),
        (
            [f"{number} k" if number % 2 else f"{number} M" for number in COUNT],
            "y: the values are numbers in several units",
        ),
        ([f'"{number},5"' for number in COUNT], "y: all values are numbers, but with other marks than the file's"),
        (
            ["<0.5" if number % 3 == 0 else f"{number % 50}.5" for number in COUNT],
            r"y: the values are numbers but for '<0.5' \(50 rows\)",
        ),
    ],
)
def test_target_of_numbers_that_are_not_read_is_refused_with_the_reason(
    target: list[str], says: str, own_table: OwnTable
) -> None:
    with pytest.raises(ProjectError, match=says):
        own_table.first_run(text(x=NUMBER, z=NUMBER, y=target), "y", ["ingest"])


def test_what_load_makes_of_a_column_is_what_the_schema_says(tmp_path: Path) -> None:
    weights, cities = [f"{number}kg" for number in COUNT], among("Basis", "basis", "Extra")
    path = tmp_path / "table.csv"
    path.write_text(text(weight=weights, city=cities, zip=among("8001", "3000"), x=NUMBER))
    frame = read_table(path)
    frame["weight"] = frame["weight"].astype("str").str.removesuffix("kg").astype("float64")
    frame["city"] = frame["city"].astype("str").str.lower()
    frame["zip"] = frame["zip"].astype("int").astype("str")
    found = inferred(frame)
    assert found.columns["weight"].type == "integer"
    assert found.columns["city"].categories == ["basis", "extra"]
    assert found.columns["zip"].categories == ["3000", "8001"]
    assert found.columns["x"] == inferred(read_table(path)).columns["x"]
    # What was said of the cells is not true any more.
    assert found.notes == ()
    assert conform(found, frame)["city"].iloc[0] == "basis"


def test_target_that_is_no_column_is_refused_with_those_that_are_like_it(own_table: OwnTable) -> None:
    with pytest.raises(ProjectError, match=r"data.target: the table has no column 'prise'; did you mean 'Price'\?"):
        own_table.first_run(text(x=NUMBER, y=NUMBER).replace("x,y", "x,Price"), "prise", ["ingest"])


def test_delimiter_is_the_one_that_makes_cells(own_table: OwnTable) -> None:
    content = text(";", **{"a,b,c": among("1,5", "2,5"), "y": list(LEVEL)})
    own_table.read(content, "y")
    assert list(own_table.schema.columns) == ["a,b,c", "y"]


@pytest.mark.parametrize("name", ["self", "cls", "index", "name", "columns", "level_0", "__index_level_0__"])
def test_column_may_have_a_name_that_programs_use(name: str, own_table: OwnTable) -> None:
    content = "\n".join([f"{name},x,y", *(f"{['a', 'b', ''][row % 3]},{NUMBER[row]},{NUMBER[row]}" for row in COUNT)])
    own_table.read(content, "y")
    seen = own_table.trained()[:1]
    np.testing.assert_array_equal(own_table.in_a_batch(f"{name},x\na,{NUMBER[0]}\n"), seen)
    np.testing.assert_array_equal(own_table.served({name: "a", "x": float(NUMBER[0])}), seen)
    some = with_holes(conform(own_table.schema, read_table(own_table.raw)), own_table.features, own_table.schema)
    assert some[name].isna().any()


def test_stray_among_numbers_is_named_with_its_rows(own_table: OwnTable) -> None:
    own_table.read(text(v=["-" if number == 5 else cell for number, cell in enumerate(NUMBER)], x=NUMBER), "y")
    assert any("99 % of the values are numbers, the others are '-' (1 rows)" in note for note in own_table.schema.notes)


@pytest.mark.parametrize("others", [among("1.5", "2.5"), among("2024-01-31", "2024-03-01")], ids=["number", "date"])
def test_value_that_the_schema_calls_missing_is_missing_everywhere(others: list[str], own_table: OwnTable) -> None:
    says_missing = "-999" if others[0] == "1.5" else "9999-12-31"
    cells = [says_missing if number % 10 == 0 else others[number] for number in COUNT]
    own_table.read(text(v=cells, x=NUMBER), "y")
    schema = own_table.schema
    least = {"minimum": 0.0} if says_missing == "-999" else {}
    entry = schema.columns["v"].model_copy(update={**least, "missing": 0.2})
    reading = schema.reading.model_copy(update={"missing": (*schema.reading.missing, says_missing)})
    schemas.save(schema.model_copy(update={"columns": schema.columns | {"v": entry}, "reading": reading}))
    own_table.look_again()
    seen = [at for at, name in enumerate(own_table.features.names) if name.startswith("v")]
    trained = own_table.trained()
    assert np.isnan(trained[0, seen]).all()
    assert not np.isnan(trained[1, seen]).any()
    batch = own_table.in_a_batch(f"v,x\n{says_missing},1\n{others[0]},1\n")
    assert np.isnan(batch[0, seen]).all()
    assert not np.isnan(batch[1, seen]).any()
    if says_missing == "-999":
        with pytest.raises(ValidationError):
            own_table.served({"v": -999, "x": 1})
    else:
        assert np.isnan(own_table.served({"v": says_missing, "x": 1})[0, seen]).all()


def test_unit_that_the_schema_names_is_taken_off(own_table: OwnTable) -> None:
    own_table.read(text(v=among("1.5mm", "2mm"), x=NUMBER), "y")
    schema = own_table.schema
    entry = schema.columns["v"].model_copy(update={"type": "number", "unit": "mm", "categories": None})
    schemas.save(schema.model_copy(update={"columns": schema.columns | {"v": entry}}))
    own_table.look_again()
    assert own_table.trained()[0, own_table.features.names.index("v")] == 1.5


@pytest.mark.parametrize(
    "words", [("Q1", "Q2"), ("12A", "13B"), ("3 of 4", "4 of 5"), ("1. No", "2. Yes"), ("1 No", "2 Yes")]
)
def test_names_with_digits_have_no_unit(words: tuple[str, ...], own_table: OwnTable) -> None:
    own_table.read(text(v=among(*words), x=NUMBER), "y")
    assert own_table.schema.columns["v"].type == "category"
    assert not [note for note in own_table.schema.notes if note.startswith("v: ")]


def test_parquet_truth_values_with_a_gap_are_truth_values(own_table: OwnTable, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = pd.array([None if number % 9 == 0 else bool(number % 2) for number in COUNT], dtype="boolean")
    pd.DataFrame({"v": values, "y": CHANCE}).to_parquet(path)
    own_table.read(path.read_bytes(), "y", name="table.parquet")
    assert own_table.schema.columns["v"].type == "boolean"
    np.testing.assert_array_equal(own_table.served({"v": True}), own_table.trained()[1:2])


def test_run_that_is_refused_leaves_no_row_for_git_to_take(own_table: OwnTable) -> None:
    rows = [f"CANARY {number}" for number in COUNT]
    with pytest.raises(ProjectError, match=r"gate failed: .*give it columns that explain the target"):
        own_table.first_run(text(note=rows, x=NUMBER, y=LEVEL[::-1]), "y", name="own.csv")
    Path("data/raw/.gitignore").write_text("/*.csv\n")
    for line in git("add", "--all", "--dry-run").splitlines():
        path = Path(line.partition(" ")[2].strip("'"))
        assert not path.exists() or b"CANARY" not in path.read_bytes(), path


def test_batch_keeps_every_cell_and_column_as_it_came_in(own_table: OwnTable) -> None:
    kind = among("2A", "2B", "3 ")
    target = [f"{(word == '2A') + value:.3f}" for word, value in zip(kind, CHANCE, strict=True)]
    own_table.first_run(text(kind=kind, x=NUMBER, y=target), "y", name="own.csv")
    given = {
        "order": "9007199254740993",
        "customer": "00042",
        "amount": "10.50",
        "note": "NA",
        "flag": "TRUE",
        "prediction": "theirs",
        "model_version": " 1.0",
        "kind": "2A ",
        "x": "0.500",
    }
    (found,) = own_table.batch(",".join(given) + "\n" + ",".join(given.values()) + "\n")
    assert {name: found[name] for name in given} == given
    added = {name: value for name, value in found.items() if name not in given}
    assert sorted(added) == ["model_model_version", "model_prediction"]
    assert float(added["model_prediction"]) == own_table.ask({"kind": "2A", "x": 0.5})


def test_setting_that_is_opened_again_is_filled_in_and_the_schema_stays(own_table: OwnTable) -> None:
    own_table.first_run(text(a=NUMBER, b=among("x", "y")), "y", ["ingest"])
    schema, gates = SCHEMA.read_bytes(), own_table.params.gates
    yaml_edit.put(PARAMS, {"gates.beats_baseline": None})
    printed = own_table.run(["ingest"])
    assert "params.yaml leaves settings open: " in printed
    assert "filled in params.yaml; review it and commit it" in printed
    assert "first run" not in printed
    assert (SCHEMA.read_bytes(), own_table.params.gates) == (schema, gates)
