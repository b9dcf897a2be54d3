"""Tables as people write them: hypothesis draws a dialect, kinds of columns, and what went wrong with the file."""

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

Random = np.random.Generator
Cells = list[list[str]]

TARGET = "y"
NAMES = (
    "a",
    "b b",
    "größe",
    "id",
    "order_id",
    "x,1",
    "x;2",
    "a.b",
    "class",
    "prediction",
    'in "quotes"',
    "UPPER",
    "1",
    "self",
)


@dataclass(frozen=True)
class Dialect:
    """How a program writes a table."""

    delimiter: str
    decimal: str
    thousands: str
    encoding: str
    line_end: str
    quote_all: bool

    def number(self, value: float, digits: int = 2, *, grouped: bool = False) -> str:
        """A number with this program's marks."""
        text = f"{value:,.{digits}f}" if grouped and self.thousands else f"{value:.{digits}f}"
        return text.translate({ord(","): self.thousands, ord("."): self.decimal})


DIALECTS = (
    st.tuples(
        st.sampled_from(",;\t|"), st.sampled_from((".", ",")), st.sampled_from(("", ".", ",", " ", "'", "\u202f"))
    )
    .filter(lambda marks: marks[1] != marks[2] and not (marks[0] == "," and marks[1] == ","))
    .flatmap(
        lambda marks: st.builds(
            Dialect,
            *map(st.just, marks),
            encoding=st.sampled_from(("utf-8", "utf-8-sig", "cp1252")),
            line_end=st.sampled_from(("\n", "\r\n")),
            quote_all=st.booleans(),
        )
    )
)


def _each(cell: Callable[[Random, Dialect], str]) -> Callable[[Random, Dialect, int], list[str]]:
    return lambda random, dialect, rows: [cell(random, dialect) for _ in range(rows)]


def _among(*words: str) -> Callable[[Random, Dialect, int], list[str]]:
    return _each(lambda random, _: str(random.choice(words)))


def _moments(written: str) -> Callable[[Random, Dialect, int], list[str]]:
    def cell(random: Random, _: Dialect) -> str:
        moment = np.datetime64("2021-01-01T00:00:00", "us") + random.integers(0, 3 * 10**13)
        return str(moment.item().strftime(written))

    return _each(cell)


# What a column holds; each takes the generator, the dialect and the number of rows.
KINDS: dict[str, Callable[[Random, Dialect, int], list[str]]] = {
    "number": _each(lambda random, dialect: dialect.number(random.normal(50, 20))),
    "small number": _each(lambda random, dialect: dialect.number(random.random(), 6)),
    "big number": _each(lambda random, dialect: dialect.number(random.normal(0, 1e6), grouped=True)),
    "grouped integer": _each(
        lambda random, dialect: dialect.number(int(random.integers(0, 5_000_000)), 0, grouped=True)
    ),
    "integer": _each(lambda random, _: str(random.integers(-30, 400))),
    "few integers": _each(lambda random, _: str(random.integers(1, 5))),
    "signed": _each(lambda random, dialect: ("+" if random.random() < 0.5 else "-") + dialect.number(random.random())),
    "scientific": _each(lambda random, dialect: f"{random.normal():.3e}".replace(".", dialect.decimal)),
    "infinite": _each(lambda random, _: str(random.choice(["inf", "-inf", "1", "2.5", "Infinity"]))),
    "percent": _each(lambda random, dialect: f"{dialect.number(100 * random.random(), 1)}%"),
    "money": _each(lambda random, dialect: f"${dialect.number(int(random.integers(1, 90_000)), grouped=True)}"),
    "euro": _each(lambda random, dialect: f"{dialect.number(int(random.integers(1, 90_000)), grouped=True)} €"),
    "minus sign": _each(lambda random, dialect: dialect.number(random.normal(0, 5)).replace("-", "\u2212")),
    "accounting": _each(lambda random, dialect: dialect.number(random.normal(0, 5)).replace("-", "(") + ")"),
    "leading zeros": _each(lambda random, _: f"{random.integers(0, 99_999):05}"),
    "two digits": _each(lambda random, _: f"{random.integers(0, 12):02}"),
    "long identifier": _each(lambda random, _: f"9{random.integers(10**16, 10**17)}"),
    "twelve digits": _each(lambda random, _: str(random.integers(10**11, 10**12))),
    "seconds": _each(lambda random, _: str(1_700_000_000 + random.integers(0, 100_000))),
    "milliseconds": _each(lambda random, _: str(1_700_000_000_000 + random.integers(0, 10**9))),
    "counted": lambda _random, _dialect, rows: [str(number) for number in range(1, rows + 1)],
    "date": _moments("%Y-%m-%d"),
    "month": _moments("%Y-%m"),
    "time": _moments("%Y-%m-%dT%H:%M:%S"),
    "time in UTC": _moments("%Y-%m-%d %H:%M:%S.%fZ"),
    "finer than microseconds": _moments("%Y-%m-%dT%H:%M:%S.%f7Z"),
    "time elsewhere": _moments("%Y-%m-%dT%H:%M:%S+05:30"),
    "short zone": _moments("%Y-%m-%dT%H:%M:%S+00"),
    "times of two zones": _each(
        lambda random, _: f"2021-03-{random.integers(1, 29):02}T10:00:00{random.choice(['+01:00', '+02:00', 'Z'])}"
    ),
    "German date": _moments("%d.%m.%Y"),
    "German time": _moments("%d.%m.%Y %H:%M"),
    "British date": _moments("%d/%m/%Y"),
    "American date": _moments("%m/%d/%Y"),
    "American time": _moments("%m/%d/%Y %I:%M:%S %p"),
    "date in words": _moments("%d %b %Y"),
    "date of SAS": _moments("%d%b%Y"),
    "time of SAS": _moments("%d%b%Y:%H:%M:%S"),
    "German time with a fraction": _moments("%d.%m.%Y %H:%M:%S,%f9"),
    "codes with exponents": _each(lambda random, _: f"{random.integers(1, 9)}E{random.integers(0, 30):02}"),
    "accounting with dashes": _each(
        lambda random, dialect: (
            "-" if random.random() < 0.2 else dialect.number(int(random.integers(1, 90_000)), grouped=True)
        )
    ),
    "survey answers": _among("1", "2", "3", "4", "5", "97", "99"),
    "amounts in two marks": _among("1.234,50", "12,25", "1,5", "3"),
    "short year": _moments("%d/%m/%y"),
    "digits of a date": _moments("%Y%m%d"),
    "clock": _moments("%H:%M"),
    "dates of two forms": _each(
        lambda random, _: f"2021-03-{random.integers(1, 29):02}" if random.random() < 0.5 else "03/14/2021"
    ),
    "truth": _among("true", "false"),
    "Truth": _among("TRUE", "FALSE"),
    "yes or no": _among("yes", "no"),
    "ja oder nein": _among("ja", "nein"),
    "zero or one": _among("0", "1"),
    "words": _among("red", "green", "blue", "naïve"),
    "words in blanks": _among("2A", "2A ", " 2B", "3"),
    "codes": _among("DE", "FR", "NA", "CH", "US"),
    "versions": _among("1.10", "1.1", "2.0", "beta"),
    "numbers and a stray": _each(
        lambda random, dialect: "-" if random.random() < 0.04 else dialect.number(random.random() * 9)
    ),
    "Excel's errors": _each(
        lambda random, dialect: str(random.choice(["#DIV/0!", "#N/A", dialect.number(random.random())]))
    ),
    "city": _each(lambda random, _: f"city {random.integers(0, 70)}"),
    "name": _each(lambda random, _: f"Person {random.integers(0, 10**9)}"),
    "text": _each(
        lambda random, _: str(random.choice(['a "quoted" word', "one; two", "one, two", "tab\there", "it's"]))
    ),
    "lines": _among("one line", "two\nlines", "three\r\nlines\n", "plain"),
    "uuid": _each(lambda random, _: random.bytes(16).hex()),
    "constant": _among("same"),
    "one number": _among("7"),
    "empty": _among(""),
    "nothing known": _among("", "NA", " ", "null"),
    "odd words": _among("\u00a0", "\u2028", "<b>", "=1+1", "'", "\\", "nan", "NaN ", "#", "{{x}}", "None", "true"),
    "odd numbers": _among("1e400", "-0", "00", "1_000", "0x10", "1e5", ".5", "5.", "\uff11", "1.7976931348623157e308"),
}
TARGETS = ("number", "integer", "few integers", "words", "truth", "yes or no", "zero or one", "two digits", "versions")


@dataclass(frozen=True)
class Table:
    """A table as cells, and as a file of them.

    Attributes:
        kinds: of its columns, the target last.
        damage: what went wrong with it.
        dialect: of the program that wrote it.
        cells: the header and the rows.
        content: the file.
    """

    kinds: tuple[str, ...]
    damage: str
    dialect: Dialect
    cells: Cells
    content: bytes

    def __repr__(self) -> str:
        return f"Table({self.kinds}, {self.damage!r}, {self.dialect}, {self.content[:600]!r})"

    def only(self, row: int) -> bytes:
        """A file of one of the rows."""
        return write([self.cells[0], self.cells[1 + row]], self.dialect)


def write(cells: Cells, dialect: Dialect) -> bytes:
    """The file that a program of this dialect writes."""
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=dialect.delimiter,
        lineterminator=dialect.line_end,
        quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerows(cells)
    return text.getvalue().encode(dialect.encoding, errors="xmlcharrefreplace")


def _gaps(random: Random, cells: Cells) -> Cells:
    words = ["", " ", "NA", "null", "?", "nan"]
    return [
        cells[0],
        *([str(random.choice(words)) if random.random() < 0.1 else cell for cell in row] for row in cells[1:]),
    ]


def _padded(random: Random, cells: Cells) -> Cells:
    return [cells[0], *([f" {cell}  " if random.random() < 0.2 else cell for cell in row] for row in cells[1:])]


def _somewhere(line: Callable[[Cells], list[str]]) -> Callable[[Random, Cells], Cells]:
    def damaged(random: Random, cells: Cells) -> Cells:
        position = int(random.integers(1, len(cells)))
        return [*cells[:position], line(cells), *cells[position:]]

    return damaged


def _one_cell(value: str) -> Callable[[Random, Cells], Cells]:
    def damaged(random: Random, cells: Cells) -> Cells:
        row, column = int(random.integers(1, len(cells))), int(random.integers(0, len(cells[0])))
        changed = [*cells[row]]
        changed[column] = value
        return [*cells[:row], changed, *cells[row + 1 :]]

    return damaged


def _shuffled_row(random: Random, cells: Cells) -> Cells:
    row = int(random.integers(1, len(cells)))
    return [*cells[:row], [str(cell) for cell in random.permutation(cells[row])], *cells[row + 1 :]]


# What goes wrong with cells; after it, the cells are the file's.
CELLS: dict[str, Callable[[Random, Cells], Cells]] = {
    "none": lambda _, cells: cells,
    "gaps": _gaps,
    "blanks around": _padded,
    "a totals row": lambda _, cells: [*cells, ["Total", *[""] * (len(cells[0]) - 2), "99"]],
    "rows twice": lambda random, cells: [*cells, *(cells[int(row)] for row in random.integers(1, len(cells), 20))],
    "a column without a name": lambda _, cells: [["", *cells[0][1:]], *cells[1:]],
    "blanks in names": lambda _, cells: [[f" {name} " for name in cells[0]], *cells[1:]],
    "a delimiter at the end": lambda _, cells: [[*row, ""] for row in cells],
    "a word in one cell": _one_cell("oops"),
    "a letter in one cell": _one_cell("é"),
    "a long cell": _one_cell("long " * 5_000),
    "cells in other columns": _shuffled_row,
    "an empty row": _somewhere(lambda cells: [""] * len(cells[0])),
}
# What goes wrong with the file.
LINES: dict[str, Callable[[Random, Cells], Cells]] = {
    "the header again": _somewhere(lambda cells: cells[0]),
    "a short row": _somewhere(lambda _: ["1"]),
    "a long row": _somewhere(lambda cells: [*cells[-1], "more"]),
    "a column twice": lambda _, cells: [[cells[0][-1], *cells[0][1:]], *cells[1:]],
    "a title on top": lambda _, cells: [["The table of the year"], *cells],
    "a comment on top": lambda _, cells: [["# made by a program"], [], *cells],
    "a remark at the end": lambda _, cells: [*cells, ["made by a program, 2021"]],
    "no rows": lambda _, cells: cells[:1],
    "few rows": lambda _, cells: cells[:4],
    "no header": lambda _, cells: cells[1:],
}


def _put(what: bytes) -> Callable[[float, bytes], bytes]:
    """Put bytes at a place, a share of the file."""

    def damaged(place: float, content: bytes) -> bytes:
        at = int(place * len(content))
        return content[:at] + what + content[at:]

    return damaged


BYTES: dict[str, Callable[[float, bytes], bytes]] = {
    "a stray quotation mark": _put(b'"'),
    "two stray quotation marks": lambda place, content: _put(b'"')(place, _put(b'"')(place / 2, content)),
    "a byte of another encoding": _put(b"\xe9\x81"),
    "a zero byte": _put(b"\0"),
    "a line break": _put(b"\n"),
    "cut off": lambda place, content: content[: int(place * len(content))],
    "UTF-16": lambda _, content: content.decode("utf-8", errors="replace").encode("utf-16"),
    "compressed": lambda _, content: gzip.compress(content, mtime=0),
    "old line ends": lambda _, content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "blank lines at the end": lambda _, content: content + b"\n\n \n",
    "no line end": lambda _, content: content.rstrip(b"\r\n"),
    "empty": lambda _place, _content: b"",
}
DAMAGE = (*CELLS, *LINES, *BYTES)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any table."""
    dialect = draw(DIALECTS)
    kinds = (*draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4)), draw(st.sampled_from(TARGETS)))
    names = [*draw(st.permutations(NAMES))[: len(kinds) - 1], TARGET]
    damage = draw(st.sampled_from(("none", *DAMAGE)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.sampled_from((35, 60, 130)))
    columns = [KINDS[kind](random, dialect, rows) for kind in kinds]
    # What an encoding cannot say is replaced, as programs do.
    cells = [[_sayable(cell, dialect) for cell in row] for row in [names, *map(list, zip(*columns, strict=True))]]
    cells = (CELLS | LINES).get(damage, CELLS["none"])(random, cells)
    content = write(cells, dialect)
    if damage in BYTES:
        content = BYTES[damage](random.random(), content)
    return Table(kinds, damage, dialect, cells, content)


def _sayable(cell: str, dialect: Dialect) -> str:
    return cell.encode(dialect.encoding, errors="replace").decode(dialect.encoding).lstrip("\ufeff")
