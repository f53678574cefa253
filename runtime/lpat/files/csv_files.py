"""Tables as people make them: CSV of RFC 4180, and what spreadsheets make of it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat.errors import AnnotationError
from lpat.files.atomic import read_whole

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
SPREADSHEET_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers"})

_DELIMITERS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_ADVICE = "save it from the spreadsheet program as CSV in UTF-8 (Excel: 'CSV UTF-8')"


@dataclass(frozen=True)
class Row:
    """A row's cells by column, and the line of the file on which it begins.

    A column is missing where the line ends before it.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class TableForm:
    """How a table is written: what parts its cells, its line ends, and whether it says the former.

    A first line `sep=;` does.
    """

    delimiter: str = ","
    line_end: str = "\n"
    has_separator_line: bool = False

    def text_of(self, rows: Iterable[Sequence[str]]) -> str:
        """The text of rows of cells, the first of them the names of the columns."""
        text = io.StringIO(newline="")
        if self.has_separator_line:
            text.write(f"sep={self.delimiter}{self.line_end}")
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end).writerows(rows)
        return text.getvalue()


@dataclass(frozen=True)
class Table:
    """A table's columns as they are spelled, its rows, and how it is written."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    form: TableForm


def read_table(path: Path, text: str, columns: Sequence[str], shown: str) -> Table:
    """The table of a file's `text`, whose first row names its columns, these among them.

    Commas, semicolons or tabs part the cells, whichever make the first row name the columns, or
    what a first line `sep=;` says. A cell in quotes may hold any of these, and line breaks. Names
    of columns are read without case and blanks. Rows and columns without any text are passed over.

    Raises:
        AnnotationError: no such table; `shown` are the columns as the message has them.
    """
    first_line, text, said = _without_separator_line(text)
    delimiter = _delimiter(text, columns) if said is None else said
    rows = _cells(path, text, delimiter, first_line)
    header_line, header = next(rows, (first_line, []))
    names = [name.strip().casefold() for name in header]
    if missing := [name for name in columns if name not in names]:
        came = f"; its first row is {','.join(header)!r:.80}" if header else ""
        raise AnnotationError(
            f"{path}: expected columns {shown}; it lacks {', '.join(missing)}{came}"
        )
    for name, count in Counter(names).items():
        if count > 1 and name:
            raise AnnotationError(f"{path}: line {header_line}: the column {name!r} appears twice")
    table = []
    for line, cells in rows:
        if any(cell.strip() for name, cell in zip(names, cells, strict=False) if not name) or any(
            cell.strip() for cell in cells[len(names) :]
        ):
            raise AnnotationError(
                f"{path}: line {line}: more values than columns"
                + (
                    f"; separate labels by {'|' if delimiter == ';' else ';'!r}"
                    * ("labels" in names)
                )
            )
        named = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        table.append(Row(line, named))
    line_end = "\r\n" if "\r\n" in text else "\n"
    form = TableForm(delimiter, line_end, has_separator_line=said is not None)
    return Table(tuple(filter(str.strip, header)), tuple(table), form)


def refuse_spreadsheet(path: Path, content: bytes = b"") -> None:
    """See that a file isn't a spreadsheet's own, by its name or how its content begins.

    Raises:
        AnnotationError: it is one; the message says what to do.
    """
    if path.suffix.lower() in SPREADSHEET_SUFFIXES or content.startswith(_SPREADSHEETS):
        raise AnnotationError(f"{path}: expected text, not a spreadsheet's own file: {_ADVICE}")


def names_columns(text: str, columns: Sequence[str]) -> bool:
    """Whether the first row of a table names its columns, these among them."""
    _, text, delimiter = _without_separator_line(text)
    found = _first_row(text, _delimiter(text, columns) if delimiter is None else delimiter)
    return set(columns) <= found


def text_of_table(path: Path) -> str:
    """The text of a table: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        AnnotationError: unreadable, or a spreadsheet rather than a table.
    """
    refuse_spreadsheet(path)
    content = read_whole(path, AnnotationError)
    refuse_spreadsheet(path, content)
    utf16 = encoding_of(content) == "utf-16"
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = "" if utf16 else f" on line {line}"
        raise AnnotationError(
            f"{path}: expected UTF-8 text, but byte {error.start}{where} isn't: {_ADVICE}"
        ) from error
    if "\0" in text:
        raise AnnotationError(f"{path}: expected UTF-8 text, but it holds zero bytes: {_ADVICE}")
    return text


def encoding_of(content: bytes) -> str:
    """Python's name of the encoding that a table's content is in, by its byte order mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"


def _without_separator_line(text: str) -> tuple[int, str, str | None]:
    """The number of the line after one as `sep=;`, the text from there on, and the delimiter."""
    if match := _SEPARATOR_LINE.match(text):
        return 2, text[match.end() :], match[1]
    return 1, text, None


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """The one by which the first row names the columns; a comma where none does."""
    for delimiter in _DELIMITERS:
        if set(columns) <= _first_row(text, delimiter):
            return delimiter
    return ","


def _first_row(text: str, delimiter: str) -> set[str]:
    """The cells of the first row with any text, without case and blanks; none of a broken one."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return set()
    return {name.strip().casefold() for name in header}


def _cells(path: Path, text: str, delimiter: str, line: int) -> Iterator[tuple[int, list[str]]]:
    """Each row that has any text, with the number of the line on which it begins."""
    # With newline="" the lines keep their ends, which belong to the text of a cell in quotes.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    first_line = line
    while True:
        begins = first_line + reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise AnnotationError(f"{path}: line {begins}: {error}") from error
        if any(cell.strip() for cell in row):
            yield begins, row
