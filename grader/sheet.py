"""The cells of a table that people keep: CSV as spreadsheets write it, or a sheet of a workbook.

CSV comes as UTF-8 with or without BOM, UTF-16 or GB18030, with commas, semicolons or tabs. Cells
of a workbook are told as people see them: 87.5, not 87.50000000000001; dates as 2026-09-14.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from grader.errors import ConfigError

_DIGITS = 15
"""A number in a workbook has so many; longer ones have lost their last digits."""
_LINES = 200_000
_COLUMNS = 1_000

Line = tuple[int, list[str]]
"""Number of the row, from 1 as spreadsheets count, and its cells without surrounding blanks."""


def read_cells(path: Path) -> list[Line]:
    """The rows of a table that are not blank.

    Raises:
        ConfigError: it is no table, or not in an encoding that is known.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = error.strerror or str(error)
        raise ConfigError(path, "", problem, "Name a CSV or XLSX file") from None
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        problem = "is an Excel workbook of the old kind, or one with a password"
        raise ConfigError(path, "", problem, "Save it as XLSX without a password, or as CSV")
    found = _workbook(path, data) if data.startswith(b"PK\x03\x04") else _csv(path, data)
    return [(n, cells) for n, cells in found if any(cells)]


def _csv(path: Path, data: bytes) -> list[Line]:
    text = _text(path, data)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    try:
        return [(n, [c.strip() for c in cells]) for n, cells in rows]
    except csv.Error as error:
        raise ConfigError(path, "", f"is not CSV: {error}", "Save the table as CSV") from None


def _text(path: Path, data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    furthest = 0
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            furthest = max(furthest, error.start)
            if encoding == "utf-8-sig" and _is_damaged(data):
                break
            continue
        if "\0" not in text:
            return text
        furthest = max(furthest, data.find(b"\0"))
    above = data.count(b"\n", 0, furthest)
    where = "" if wide else f"row {above + 1}"
    raise ConfigError(path, where, "is neither UTF-8 nor GB18030 text", "Save it as CSV (UTF-8)")


def _is_damaged(data: bytes) -> bool:
    """Whether it is Chinese in UTF-8 but for a few bytes; as GB18030 it would be nonsense."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum("\u2e80" <= c < "\ue000" for c in text) > 3 * wrong


def _workbook(path: Path, data: bytes) -> list[Line]:
    """The first visible sheet; values as they were last calculated."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [s for s in book.worksheets if s.sheet_state == "visible"]
        rows = sheets[0].iter_rows(max_row=_LINES, max_col=_COLUMNS, values_only=True)
        return [(n, [_told(value) for value in cells]) for n, cells in enumerate(rows, 1)]
    except (
        *(InvalidFileException, zipfile.BadZipFile, ParseError),
        *(KeyError, ValueError, IndexError, OSError, TypeError, EOFError, AttributeError),
    ) as error:
        problem = f"is an Excel workbook that cannot be read: {error}"
        raise ConfigError(path, "", problem, "Save the sheet as CSV (UTF-8)") from None


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        # A float of a workbook is a decimal number of at most 15 digits that was entered.
        number = Decimal(f"{value:.{_DIGITS}g}")
        whole = number == number.to_integral_value()
        if whole and abs(number) >= Decimal(10) ** _DIGITS:
            return f"{value:e}"
        return format(number.quantize(Decimal(1)) if whole else number, "f")
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"{value:e}"
    if isinstance(value, datetime):
        midnight = not (value.hour or value.minute or value.second)
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
