"""From the file that a student handed in to cells that can be executed.

Only the text of the cells and two keys of their metadata (`grader`, `tags`) are taken from the
file; the notebook document is built anew around them. So no output, no identifier and no kernel
name of the file is trusted, and a file is readable as long as its cells are. What cannot be read
ends in one `RunTimeError` with the code "unreadable_notebook", which says what the file looks like
and what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import nbformat

from grader.errors import RunTimeError, UsageError
from grader.repairs import Repairer
from grader.result import Diagnosis, Text
from grader.unreadable import explain, follows, recognise, unreadable

MAX_BYTES = 20 * 1024 * 1024
MAX_CELLS = 5000
MAX_CODE = 2**18
"""Characters in all code cells: reading code takes time, and a thousand times its size."""
_BLANK = "\ufeff\0 \t\r\n"
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Cell:
    """One cell as the student sees it, after repairs."""

    number: int
    """Position among all cells of the notebook, from 1."""
    kind: str
    """"code", "markdown" or "raw"."""
    source: str
    """Lines end with a line feed."""
    metadata: Mapping[str, Any]
    """At most the keys `grader` and `tags`."""


@dataclass(frozen=True)
class Notebook:
    """What was handed in, ready to run."""

    cells: tuple[Cell, ...]
    repairs: tuple[Text, ...]
    """What was changed before running it, a sentence each."""
    document: nbformat.NotebookNode
    """nbformat 4; `document.cells[n - 1]` is cell n."""


def read(source: Path | bytes) -> Notebook:
    """The notebook in a file, or in the bytes of one.

    Raises:
        RunTimeError: it cannot be read as a notebook; code "unreadable_notebook".
        UsageError: there is no such file, or the machine does not let us read it.
    """
    data = source if isinstance(source, bytes) else _load(source)
    if len(data) > MAX_BYTES:
        _refuse(unreadable("large", limit=MAX_BYTES // 2**20))
    known = recognise(data)
    if known:
        _refuse(known)
    text, encoding = _decode(data)
    raw = _parse(text)
    found = list(_raw_cells(raw))
    if len(found) > MAX_CELLS:
        _refuse(unreadable("cells", limit=MAX_CELLS))
    code = sum(len(_source(c)) for c in found if _kind(c) == "code")
    if code > MAX_CODE:
        _refuse(unreadable("code", limit=MAX_CODE // 2**10))
    repairer = Repairer()
    cells = tuple(_cell(number, cell, repairer) for number, cell in enumerate(found, 1))
    notes = tuple(_notes(raw, found, encoding))
    return Notebook(cells, notes + repairer.report(), _document(cells))


def _refuse(diagnosis: Diagnosis) -> NoReturn:
    raise RunTimeError(diagnosis)


def _load(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"{path} is not a file", "Name a notebook file")
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "Make the file readable") from None


def _decode(data: bytes) -> tuple[str, str]:
    """The text of the file and the name of its encoding."""
    marks = (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    )
    encoding = next((name for mark, name in marks if data.startswith(mark)), "")
    if not encoding and data[:1] in (b"{", b"\0") and b"\0" in data[:2]:
        # JSON begins with an ASCII character: a zero beside it gives UTF-16 away.
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if encoding:
        return data.decode(encoding, errors="replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    sound = sum(character > "\x7f" for character in text) - broken
    if broken * 4 < sound:
        # A few damaged bytes in a file that is UTF-8 otherwise.
        return text, "utf-8"
    try:
        return data.decode("gb18030"), "gb18030"
    except UnicodeDecodeError:
        return text, "utf-8"


def _parse(text: str) -> dict[str, Any]:
    text = text.rstrip(_BLANK)
    start = len(text) - len(text.lstrip(_BLANK))
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
    except RecursionError:
        _refuse(unreadable("deep"))
    except json.JSONDecodeError as error:
        _refuse(explain(text, error.pos, unterminated=error.msg.startswith("Unterminated")))
    except ValueError:
        # A number of more digits than Python converts.
        _refuse(unreadable("damaged", line=1))
    rest = text[end:].lstrip()
    if rest:
        end = len(text) - len(rest)
        _refuse(explain(text, end) if not isinstance(value, dict) else follows(text, end))
    if not isinstance(value, dict):
        _refuse(unreadable("json"))
    return value


def _raw_cells(raw: Mapping[str, Any]) -> Iterator[Any]:
    """The cells as the file has them: of format 4, or of formats 1 to 3 in their worksheets."""
    cells, worksheets = raw.get("cells"), raw.get("worksheets")
    if isinstance(cells, list):
        yield from cells
    elif isinstance(worksheets, list):
        for sheet in worksheets:
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
                yield from sheet["cells"]
    else:
        _refuse(unreadable("json"))


def _cell(number: int, raw: Any, repairer: Repairer) -> Cell:
    if not isinstance(raw, dict):
        return Cell(number, "raw", "", MappingProxyType({}))
    kind, source = _kind(raw), _source(raw)
    if kind == "code":
        source = repairer.repair(number, source)
    elif raw.get("cell_type") == "heading":
        level = raw.get("level")
        source = "#" * (level if level in (1, 2, 3, 4, 5, 6) else 1) + " " + source
    return Cell(number, kind, source, _metadata(raw.get("metadata")))


def _kind(raw: Any) -> str:
    kind = raw.get("cell_type") if isinstance(raw, dict) else None
    if kind in ("markdown", "heading", "html"):
        return "markdown"
    return "code" if kind == "code" else "raw"


def _source(raw: Mapping[str, Any]) -> str:
    source = raw.get("source", raw.get("input", ""))
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        # Some tools leave the line ends out.
        bare = len(lines) > 1 and not any("\n" in line for line in lines)
        source = ("\n" if bare else "").join(lines)
    if not isinstance(source, str):
        return ""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    # Half of a surrogate pair cannot be sent to a kernel, a zero cannot be compiled.
    return re.sub("[\0\ud800-\udfff]", "\ufffd", source)


def _metadata(raw: Any) -> Mapping[str, Any]:
    """The two keys that mean something to us, in the forms that we write ourselves."""
    kept: dict[str, Any] = {}
    if isinstance(raw, dict):
        role, tags = raw.get("grader"), raw.get("tags")
        if isinstance(role, dict):
            kept["grader"] = dict(_role(role))
        if isinstance(tags, list):
            words = (tag for tag in tags if isinstance(tag, str) and tag and "," not in tag)
            kept["tags"] = list(dict.fromkeys(words))  # as nbformat wants them
    return MappingProxyType(kept)


def _role(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in "written", "placeholder":
        if isinstance(raw.get(key), str):
            yield key, raw[key]
    if isinstance(raw.get("function"), list):
        yield "function", [name for name in raw["function"] if isinstance(name, str)]
    if raw.get("given") is True:
        yield "given", True


def _notes(raw: Mapping[str, Any], cells: list[Any], encoding: str) -> Iterator[Text]:
    """What was odd about the file, apart from what its cells say."""
    if not encoding.startswith("utf-8"):
        yield Text(
            f"文件编码是 {encoding}，已按此读取；Jupyter 保存的 notebook 应为 UTF-8。",
            f"The file is encoded in {encoding} and was read so; Jupyter saves UTF-8.",
        )
    if not isinstance(raw.get("cells"), list):
        yield Text(
            "notebook 是旧格式（nbformat 3 或更早），已转换。",
            "The notebook has an old format (nbformat 3 or earlier) and was converted.",
        )
    language = _language(raw.get("metadata"))
    if language not in ("", "python"):
        yield Text(
            f"notebook 的内核语言是 {language}，已改为 Python。",
            f"The notebook asks for a kernel of the language {language}; Python was used.",
        )
    lost = [n for n, cell in enumerate(cells, 1) if not isinstance(cell, dict)]
    if lost:
        yield Text(
            f"第 {lost[0]} 格已损坏，按空单元格处理。",
            f"Cell {lost[0]} is damaged and was taken as empty.",
        )


def _language(metadata: Any) -> str:
    """The language that the file names, shortened; it is shown in a report."""
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        language = part.get(name) if isinstance(part, dict) else None
        if isinstance(language, str) and re.fullmatch(r"[\w+#.-]{1,20}", language):
            return language.lower()
    return ""


def _document(cells: tuple[Cell, ...]) -> nbformat.NotebookNode:
    """A valid notebook of these cells, without outputs."""
    made = []
    for cell in cells:
        node: dict[str, Any] = {
            "id": f"cell-{cell.number}",
            "cell_type": cell.kind,
            "source": cell.source,
            "metadata": dict(cell.metadata),
        }
        if cell.kind == "code":
            node |= {"outputs": [], "execution_count": None}
        made.append(node)
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}
    document: nbformat.NotebookNode = nbformat.from_dict(whole)
    return document
