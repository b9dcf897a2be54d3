"""What the first run cannot be sure of is noted for a person, with what to do about it."""

import pytest

from library.own_table import OwnTable
from library.tables import COUNT, NUMBER, among, text
from mlops_maturity.project.paths import SCHEMA

# Cells, and what is noted of them.
UNCERTAIN: dict[str, tuple[list[str], str]] = {
    "several units": (
        among("1.5 kg", "2 kg", "2 lb"),
        "v: the values are numbers in several units ('kg', 'lb'): give all",
    ),
    "letters that touch": (among("1mm", "2mm"), "v: all values are numbers with 'mm'; if they are to be read as such"),
    "a value without its unit": (among("0", "2 %"), "v: '0' is read like the values with '%'"),
    "strays among units": (
        ["-" if number == 5 else f"{number} %" for number in COUNT],
        "99 % of the values are numbers with '%', the others are '-' (1 rows); if these mean that a value is missing, "
        "add them to reading.missing, and write `type: number` and `unit: '%'`",
    ),
    "brackets": (among("(1.5)", "2"), "v: '(1.5)' is read as -1.5"),
    "years of two digits": (
        among("31/12/21", "05/03/22"),
        "v: '31/12/21' looks like a date whose year has two digits: write years in full, or `type: datetime` and "
        "`format: '%d/%m/%y'`",
    ),
    "a word among dates": (
        [f"{number % 28 + 1:02}.03.2021" if number % 9 else "0" for number in COUNT],
        "96 % of the different values are dates, such as '02.03.2021', the others are '0'; if these mean that a value "
        "is missing, add them to reading.missing, and write `type: datetime` and `format: '%d.%m.%Y'`",
    ),
    "times of which some have a zone": (
        among("2024-01-31T10:00:00Z", "2024-01-31T10:00:00"),
        "v: '2024-01-31T10:00:00' names no time zone, as other values do; it is read as UTC",
    ),
    "a quotation mark that may swallow a row": (
        ['"a' if number == 20 else 'b"' if number == 21 else "cd"[number % 2] for number in COUNT],
        "v: row 21 holds a line break and the cells of a whole row: if a quotation mark swallowed a row there",
    ),
    "a sign behind its number": (among("1.5-", "2"), "v: '1.5-' is read as -1.5"),
    "numbers that float32 cannot hold": (
        among("1e308", "-1e308", "2"),
        "v: models see what is beyond 1e+30 as 1e+30: float32 holds no more",
    ),
    "codes with an exponent": (among("1E05", "2E10", "37"), "v: '1E05' is read as a power of ten: if it is a code"),
    "versions": (
        among("1.10", "1.2", "2.1"),
        "v: '1.10' ends with a zero, and '1.2' has fewer digits: if they are versions",
    ),
    "times of a day": (among("10:30", "9:45"), "v: '10:30' and the like look like times of a day, or durations, and"),
    "ranges": (
        among("0-9", "10-19", "20+"),
        "v: '0-9' and the like look like ranges of numbers, and are read as words",
    ),
    "ranges that begin at a number": (
        among("<18", "18-30", ">30"),
        "v: '18-30' and the like look like ranges of numbers",
    ),
    "fractions": (among("1/2", "3/4"), "v: '1/2' and the like look like several numbers in a cell, and are read as"),
    "pairs": (among("(1.5; 2)", "(2.5; 3)"), "v: '(1.5; 2)' and the like look like several numbers in a cell"),
    "amounts in thousands": (among("1.5k", "2.3M", "900"), "v: '1.5k' and the like look like numbers that a letter"),
    "quarters": (among("2024Q1", "2024Q2"), "v: '2024Q1' and the like look like dates or times in a form that is not"),
    "months of another language": (
        among("3. Mai 2024", "1. Okt. 2024"),
        "v: '1. Okt. 2024' and the like look like dates",
    ),
    "months of any language": (
        among("3 de enero de 2020", "5 de marzo de 2021"),
        "v: '3 de enero de 2020' and the like look like dates",
    ),
    "seconds since 1970": (
        [str(1_577_836_800 + number * 86_400) for number in COUNT],
        "v: 1577836800 and the like may be times, counted in seconds since 1970-01-01: 2020-01-01 to 2020-05-29; if",
    ),
    "halves and months of a year": (among("2023m1", "2023h2"), "v: '2023h2' and the like look like dates or times"),
    "times of a web server's log": (
        among("[01/Mar/2023:10:00:00 +0000]", "[02/Mar/2023:11:00:00 +0000]"),
        "v: '[01/Mar/2023:10:00:00 +0000]' and the like look like dates or times",
    ),
    "degrees and minutes": (among("48\u00b05'1''N", "48\u00b012'N"), "the like look like degrees and minutes"),
    "amounts without cents": (among("12.-", "5.-"), "v: '12.-' and the like look like amounts without cents"),
    "percentages with other marks": (
        among('"1,5%"', '"2,5%"'),
        "v: all values are numbers, but with other marks than the file's, such as '1,5', and are read as words",
    ),
    "amounts with other marks": (
        among('"1.234,50 \u20ac"', '"12.500,25 \u20ac"'),
        "v: all values are numbers, but with other marks than the file's, such as '1.234,50', and are read as words",
    ),
    "a stray among numbers with thousands": (
        ['"-"' if number % 5 == 0 else f'"{number + 1},{number + 100}.50"' for number in COUNT],
        "v: 80 % of the values are numbers, the others are '-' (30 rows)",
    ),
    "marks that are found": (
        among('"1,200.50"', '"32,027.25"'),
        "numbers are read with '.' before decimals and ',' between thousands: '1,200.50' is 1200.5",
    ),
    "subtotals": (
        ["North Total" if number == 70 else "Total" if number == 149 else "North" for number in COUNT],
        "v: 'North Total' and 1 more (2 rows) may be sums or means of other rows: if so, take them out",
    ),
    "numbers with marks that are not read": (
        among("1_200", "3_400"),
        "v: '1_200' and the like look like numbers with marks",
    ),
    "times with the name of a zone": (
        among("2024-01-31 10:00 CET", "2024-07-31 10:00 CEST"),
        "v: '2024-01-31 10:00 CET' and the like look like dates or times",
    ),
    "numbers that float64 cannot hold": (among("1e400", "2"), "v: infinite numbers are read as missing values: 75"),
    "numbers with other marks": (
        among('"1,5"', '"2,5"', '"7,5"'),
        "v: all values are numbers, but with other marks than the file's, such as '1,5', and are read as words",
    ),
    "numbers in single quotation marks": (among("'1.5'", "'2'"), "spreadsheet formulas, or numbers kept as words by"),
    "letters of a wrong encoding": (
        among("K\u00c3\u00b6ln", "Bonn"),
        "v: 'K\u00c3\u00b6ln' looks like a text that was read in a",
    ),
    "formulas": (among('"=""0012"""', '"=""0013"""'), "look like spreadsheet formulas, or numbers kept as words"),
    "upper and lower case": (
        among("Basis", "basis", "Premium", "premium"),
        "v: values that differ only in case, blanks or signs that cannot be seen: 'Basis' and 'basis'; 'Premium' and "
        "'premium'; each is a value of its own",
    ),
    "signs that cannot be seen": (
        among("K\u00f6ln", "Ko\u0308ln", "New York", "New\u00a0York", "A", "A\u200b"),
        "cannot be seen: 'A' and 'A\\u200b'; 'Ko\\u0308ln' and 'K\u00f6ln'; 'New York' and 'New\\xa0York'; each is",
    ),
    "a number that may mean missing": (
        ["-999" if number % 10 == 0 else f"{number % 7}.5" for number in COUNT],
        "v: '-999' (15 rows) is apart from the other values, 0.5 to 6.5; if it means that a value is missing, add it "
        "to reading.missing, which holds for all columns, and write `minimum: 0`, `maximum: 9.5` and",
    ),
    "a count that may mean missing": (
        ["-1" if number % 10 == 0 else str(number) for number in COUNT],
        "v: '-1' (15 rows) is apart from the other values, 1 to 149",
    ),
    "codes that may mean missing": (
        among("1", "2", "3", "4", "5", "97", "98", "99"),
        "v: '99' (18 rows) and '98' (18 rows) and '97' (19 rows) are apart from the other values, 1 to 5; if they mean "
        "that a value is missing, add them to reading.missing, which holds for all columns, and write `minimum: 0`, "
        "`maximum: 7` and `missing: 0.56` in",
    ),
    "codes of a survey": (
        among(*map(str, range(12)), "-8", "-9"),
        "v: '-9' (10 rows) and '-8' (10 rows) are apart from the other values, 0 to 11",
    ),
    "a number far from all others": (
        ["1e20" if number % 10 == 0 else f"{number % 7}.5" for number in COUNT],
        "v: '1e20' (15 rows) is apart from the other values, 0.5 to 6.5",
    ),
    "a date that may mean missing": (
        ["9999-12-31" if number % 10 == 0 else f"2024-01-{number % 28 + 1:02}" for number in COUNT],
        "v: '9999-12-31' (15 rows) is apart from the other values, 2024-01-01 to 2024-01-28; if it means that a value "
        "is missing, add it to reading.missing, which holds for all columns, and write `missing: 0.16` in",
    ),
    "dates without marks": (
        among("20240131", "20231231"),
        "v: '20240131' and the like look like dates without marks, and are read as numbers; if they are dates, write "
        "`type: datetime` and `format: '%Y%m%d'` in the column's entry, in place of its bounds",
    ),
    "months without marks": (
        among("202401", "202312"),
        "v: '202401' and the like look like dates without marks, and are read as numbers; if they are dates, write "
        "`type: datetime` and `format: '%Y%m'`",
    ),
    "durations": (among("1h 20m", "2h 5m"), "v: '1h 20m' and the like look like times of a day, or durations"),
    "durations of ISO 8601": (among("PT1H20M", "P2D"), "v: 'P2D' and the like look like times of a day, or durations"),
    "infinite numbers": (among("1.5", "inf", "-inf"), "v: infinite numbers are read as missing values: 100"),
}


@pytest.mark.parametrize(("name", "may_be"), [("order_date", True), ("income", False)])
def test_days_as_spreadsheets_count_them_are_noted_by_the_name_of_the_column(
    name: str, may_be: bool, own_table: OwnTable
) -> None:
    days = [str(43_831 + number) for number in COUNT]
    own_table.read(text(v=days, y=NUMBER).replace("v,y", f"{name},y"), "y")
    says = f"{name}: 43831 and the like may be times, counted in days since 1899-12-30: 2020-01-01 to 2020-05-29"
    assert any(says in note for note in own_table.schema.notes) is may_be


def test_very_long_values_are_neither_listed_nor_printed_in_full(own_table: OwnTable) -> None:
    story = "word " * 200
    own_table.read(text(v=among(f"{story}A", f"{story}B"), w=["x" * 500, *NUMBER[1:]], x=NUMBER), "y")
    schema = own_table.schema
    assert [schema.columns[name].type for name in "vw"] == ["text", "text"]
    (note,) = schema.notes
    assert "the others are 'xxx" in note
    assert max(map(len, SCHEMA.read_text().split())) < 100


@pytest.mark.parametrize(
    ("encoding", "words", "says"),
    [
        ("cp1250", ("Brno", "Łódź"), "'£ódŸ' (in Windows-1250 'Łódź', in Mac Roman"),
        ("mac_roman", ("Bonn", "München"), "'MŸnchen' (in Windows-1250 'Mźnchen', in Mac Roman 'München'"),
    ],
)
def test_letters_of_another_encoding_are_noted_as_they_are_read_and_could_be(
    encoding: str, words: tuple[str, ...], says: str, own_table: OwnTable
) -> None:
    own_table.read(text(v=among(*words), x=NUMBER).encode(encoding), "y")
    (note,) = own_table.schema.notes
    assert note.startswith(f"the file is not in UTF-8 and is read as Windows-1252: {says}")


def test_first_line_of_numbers_is_noted_as_perhaps_no_header(own_table: OwnTable) -> None:
    content = text(v=NUMBER, x=NUMBER, y=NUMBER)
    own_table.read(content.replace("v,x,y", "0.25,0.5,y"), "y")
    assert own_table.schema.notes[0].startswith("most names of the columns are numbers, such as '0.25': if the first")
    own_table.read(content.replace("v,x,y", "2023,2024,y"), "y")
    assert not own_table.schema.notes


def test_notes_of_very_many_columns_are_counted_on_the_screen_and_kept(own_table: OwnTable) -> None:
    rows = [f"{'-,' * 25}{NUMBER[0]},{NUMBER[0]}", *(",".join([cell] * 27) for cell in NUMBER[1:])]
    names = [*(f"c{number}" for number in range(25)), "x", "y"]
    printed = own_table.first_run("\n".join([",".join(names), *rows]), "y", ["ingest"])
    assert printed.count("\n  note: c") == 20
    assert "\n  note: 5 more; a run that gets through lists all in data/schema.yaml\n" in printed
    assert "data.ignore: 25 columns" in printed
    assert len([note for note in own_table.schema.notes if " are numbers, the others are " in note]) == 25


@pytest.mark.parametrize(
    ("name", "values", "may_be"),
    [
        ("customerID", [str(7 * (number // 4)) for number in COUNT], True),
        ("nr", [str(number // 4) for number in COUNT], True),
        ("patient", [f"P{number // 2}" for number in COUNT], True),
        ("id", [str(7 * (number or 1)) for number in COUNT], True),
        ("order_id", [str(7 * number) for number in COUNT], False),
        ("paid", [str(7 * (number // 4)) for number in COUNT], False),
        ("index", [f"{number // 2}.5" for number in COUNT], False),
    ],
)
def test_key_whose_values_repeat_is_suggested_as_the_groups(
    name: str, values: list[str], may_be: bool, own_table: OwnTable
) -> None:
    printed = own_table.first_run(text(v=values, x=NUMBER, y=NUMBER).replace("v,", f"{name},", 1), "y", ["ingest"])
    assert (f"set split.method to group and split.by to {name}," in printed) is may_be


@pytest.mark.parametrize("case", UNCERTAIN)
def test_cells_that_are_uncertain_are_noted(case: str, own_table: OwnTable) -> None:
    cells, says = UNCERTAIN[case]
    own_table.read(text(v=cells, x=NUMBER), "y")
    assert any(says in note for note in own_table.schema.notes), own_table.schema.notes


def test_class_that_may_mean_that_it_is_not_known_is_noted(own_table: OwnTable) -> None:
    target = ["unknown" if number % 5 == 0 else "ab"[number % 2] for number in COUNT]
    printed = own_table.first_run(text(x=NUMBER, z=NUMBER, y=target), "y", ["ingest"])
    assert "y: 'unknown' (30 rows) is a class like the others; if it means that the class is not known" in printed


def test_rows_without_any_value_are_counted(own_table: OwnTable) -> None:
    printed = own_table.first_run(text(v=among("a", "b"), x=NUMBER) + ",,\n" * 9, "y", ["ingest"])
    assert "rows without any value: 9; they count as missing values of every column" in printed


@pytest.mark.parametrize(
    ("name", "is_noted"), [("zip", True), ("dept_code", True), ("PostalCode", True), ("tipo", False)]
)
def test_whole_numbers_whose_name_says_codes_are_noted(name: str, is_noted: bool, own_table: OwnTable) -> None:
    own_table.read(text(v=among("8001", "3000", "4051"), x=NUMBER).replace("v,", f"{name},", 1), "y")
    notes = [note for note in own_table.schema.notes if "in a column whose name says that they are codes" in note]
    assert len(notes) == is_noted
    assert own_table.schema.columns[name].type == "integer"


def test_numbers_that_are_all_far_from_each_other_are_no_placeholders(own_table: OwnTable) -> None:
    own_table.read(text(v=among("-9", "-8", "-7", "97", "98", "99"), x=NUMBER), "y")
    assert not any("apart from the other values" in note for note in own_table.schema.notes)
