"""How a CSV file is written: its words for what is missing, its encoding, its delimiter, the names of its columns.

Standard library alone: the questions of a new project read the file by the same rules as its steps.
"""

import codecs
import csv
import mmap
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mlops_maturity.project.errors import ProjectError

# Words that say that a value is missing, unless a schema says otherwise.
MISSING = (
    *("", "?", "#N/A", "N/A", "NA", "NULL", "NaN", "None", "Null", "n/a", "nan", "none", "null"),
    *("<NA>", "(null)", "NaT", "\\N"),
)
WINDOWS = "cp1252"
# What a file may be in that is in neither.
OTHER_ENCODINGS = {"Windows-1250": "cp1250", "Mac Roman": "mac_roman", "DOS 850": "cp850"}
WORD = re.compile(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*")
WORDS = 1_000
DELIMITERS = ",;\t|"
# Lines in Windows-1252 with two signs that would be one in UTF-8, such as a capital umlaut before a quotation mark.
SOME_BY_CHANCE = 3
# Programs put it before a text in UTF-8, some of them twice.
MARK = "\ufeff"
# Records that must agree on the number of their cells, to call a mark the delimiter.
RECORDS = 50
# Lines that are looked at for marks that quote nothing; and a cell with one.
LOOKED_AT = 200
LOOSE = re.compile(r' +"')
# A cell with a line break in it that looks like rows: the quotation mark that began it was a stray one.
ROWS_IN_A_CELL = 2
# A letter of several bytes in UTF-8, and a byte that is no letter there.
LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

csv.field_size_limit(2**24)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: of its text.
        delimiter: between cells.
        names: of its columns.
        header: how many lines the header has: a name may hold line breaks.
    """

    encoding: str
    delimiter: str
    names: list[str]
    header: int = 1


def dialect_of(path: Path, expected: Collection[str] = ()) -> Dialect:
    """How a CSV file is written.

    The delimiter is the mark by which most of the first records have as many cells as the header, of several the one
    that makes more of them. Where columns are expected, it is one that finds most of them. Text is UTF-8, or
    Windows-1252 where it cannot be UTF-8.

    Raises:
        ProjectError: it is no text, has no header, or two columns have one name.
    """
    encoding = encoding_of(path)
    delimiter = max(DELIMITERS, key=lambda mark: _fit(path, encoding, mark, expected))
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            names = next((cells for cells in reader if cells), [])
        except csv.Error as error:
            raise ProjectError(f"{path} is not valid CSV ({error}); export it again") from None
        header = reader.line_num
    if not any(name.strip() for name in names):
        raise ProjectError(f"{path} has no header line; its first line must name the columns")
    _refuse_backslashes(path, delimiter)
    _refuse_loose_marks(path, encoding, delimiter)
    return Dialect(encoding, delimiter, named(path, names), header)


def encoding_of(path: Path) -> str:
    """The encoding of a text: UTF-8, with or without a mark at its begin, else Windows-1252.

    Raises:
        ProjectError: it is binary or UTF-16, or UTF-8 with a few bytes that are not.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    odd = False
    with path.open("rb") as file:
        while part := file.read(2**20):
            if b"\0" in part:
                raise ProjectError(f"{path} is binary or UTF-16, not CSV; export it as CSV in UTF-8")
            if not odd:
                try:
                    decoder.decode(part)
                except UnicodeDecodeError:
                    odd = True
    try:
        decoder.decode(b"", final=not odd)
    except UnicodeDecodeError:
        odd = True
    if not odd:
        return "utf-8-sig"
    _require_windows(path)
    return WINDOWS


def records(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each record of a CSV file after the header, with the line that it begins on. Blank lines are none."""
    with path.open(encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        before = 0
        for cells in reader:
            if reader.line_num > dialect.header and not is_blank(cells):
                yield before + 1, cells
            before = reader.line_num


def misfit(dialect: Dialect, row: int, cells: list[str]) -> str:
    """What is wrong with the number of cells of a record; nothing where it is that of the header.

    Args:
        dialect: of the file.
        row: the position of the record, from 0.
        cells: of the record.
    """
    wanted = len(dialect.names)
    if len(cells) == wanted:
        return ""
    lines = sum(cell.count("\n") for cell in cells)
    hint = f"; a quotation mark there swallows {lines} lines" if lines >= ROWS_IN_A_CELL else ""
    if row == 0 and len(cells) == wanted + 1:
        which, do = ("first", "begin") if cells[-1].strip() else ("last", "end")
        hint = f"; if the {which} column has no name, {do} the header with a delimiter"
    return f"{len(cells)} cell{'' if len(cells) == 1 else 's'}, and the header has {wanted}{hint}"


def is_blank(cells: list[str]) -> bool:
    """Whether a record is a line without anything but blanks."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def named(path: Path, given: list[str]) -> list[str]:
    """The names of columns without blanks around them; one without a name gets its position.

    Raises:
        ProjectError: two have the same.
    """
    names = [name.strip().strip(MARK).strip() or f"column_{position}" for position, name in enumerate(given, start=1)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ProjectError(f"{path} has the column {repeated[0]!r} twice; rename one of them")
    return names


def _fit(path: Path, encoding: str, delimiter: str, expected: Collection[str]) -> tuple[int, bool, float, int]:
    """How well it fits: expected columns, several columns, the share of the records that have as many, their number."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            head = [cells for cells in islice(reader, RECORDS) if not is_blank(cells)] or [[]]
        except csv.Error:
            return 0, False, 0.0, 0
    widths = [len(cells) for cells in head]
    found = len({name.strip().strip(MARK).strip() for name in head[0]} & set(expected))
    same = sum(width == widths[0] for width in widths) / len(widths)
    return found, widths[0] > 1, same, widths[0]


def note_of_windows(path: Path) -> str:
    """What people should know of a file that is read as Windows-1252: how a word of it is read, and could be."""
    with path.open("rb") as file:
        lines = islice((line for line in file if not line.isascii()), WORDS)
        words = [word for line in lines for word in WORD.findall(line)]
    shown = max(words, key=lambda word: word.decode(WINDOWS) != word.decode("cp1250", "replace"))
    return (
        f"the file is not in UTF-8 and is read as Windows-1252: {shown.decode(WINDOWS)!r} ({_in_others([shown])}); if "
        "its letters are wrong, export it in UTF-8"
    )


def _in_others(words: list[bytes]) -> str:
    """How a word with a letter that Windows-1252 may not have would be read in other encodings."""
    word = next((word for word in words if not _decoded(word, WINDOWS)), words[0])
    read = {name: _decoded(word, encoding) for name, encoding in OTHER_ENCODINGS.items()}
    return ", ".join(f"in {name} {text!r}" for name, text in read.items() if text)


def _decoded(word: bytes, encoding: str) -> str:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _refuse_backslashes(path: Path, delimiter: str) -> None:
    """Refuse a backslash before a quotation mark in a quoted cell: CSV ends the cell there, and misreads the rest."""
    end = rb"(?:[\r\n%b]|\Z)" % re.escape(delimiter.encode())
    within = re.compile(rb'(?:\A|%b)"[^"]*(?:""[^"]*)*\\(?:"(?!"| *%b)|""(?=%b))' % (end, end, end))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        # Most files have none: to look for it takes no time beside reading them.
        if content.find(b'\\"') < 0 or (found := within.search(content)) is None:
            return
        line = content[: found.end()].count(b"\n") + 1
    raise ProjectError(
        f'{path}, line {line}: \\" stands within a quoted cell: CSV doubles a quotation mark (""), and a backslash is '
        "a sign like others; export the file so"
    )


def _refuse_loose_marks(path: Path, encoding: str, delimiter: str) -> None:
    """Refuse quotation marks that are none of CSV, in the first lines: readers guess what such a cell holds."""
    behind = re.compile(rf'" +(?=[{delimiter}\r\n])')
    with path.open(encoding=encoding, newline="") as file:
        lines = (behind.sub('"', line) for line in islice(file, LOOKED_AT))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(LOOSE.match(cell) for cell in cells):
                    raise ProjectError(
                        f"{path}, line {reader.line_num}: a blank stands before the quotation mark of a cell, which "
                        "does not quote it then: take such blanks out"
                    )
        except csv.Error as error:
            if "expected after" in str(error):
                raise ProjectError(
                    f"{path}, line {reader.line_num}: text stands behind the closing quotation mark of a cell: double "
                    'each mark within a quoted cell (""), or take the marks out'
                ) from None


def _require_windows(path: Path) -> None:
    """Refuse a file that is partly UTF-8: read as Windows-1252, every letter of that part would be two."""
    in_utf8, others = 0, list[int]()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number}"
            rest = LETTER.sub(b"", line)
            is_windows = bool(_decoded(line, WINDOWS))
            if not is_windows or (len(LETTER.findall(line)) and any(byte > 127 for byte in rest)):
                perhaps = "" if is_windows else f" ({_in_others(WORD.findall(line))})"
                raise ProjectError(f"{where}: a byte is neither UTF-8 nor Windows-1252{perhaps}; export it in UTF-8")
            if not rest.isascii():
                others.append(number)
            elif not line.isascii():
                in_utf8 += 1
    if in_utf8 > max(SOME_BY_CHANCE, len(others) / 5):
        raise ProjectError(
            f"{path}, line {others[0]}: a byte is not UTF-8, as {in_utf8:,} other lines are; export it in UTF-8"
        )
