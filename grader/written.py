"""Answers in words: where they stand in a notebook, and whether anything was written.

The released notebook says it twice, because some editors drop metadata and some students drop the
cell: the answer cell carries `{"grader": {"written": "w1"}}`, and the cell of the question above
it ends with the comment `<!-- written: w1 -->`. Every released cell carries `grader` metadata, so
cells without it are the student's own and belong to the answer above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from grader.notebook import Cell, Notebook

LONGEST = 20_000
"""Characters of an answer that are kept."""
_MARKER = re.compile(r"<!--\s*written:\s*(\w+)\s*-->")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:\s|$)", re.MULTILINE)


def marker(question: str) -> str:
    """The comment that a released notebook puts below a written question."""
    return f"<!-- written: {question} -->"


def find_written(notebook: Notebook, question: str) -> str | None:
    """The answer to a written question, with the placeholder if it is still there.

    Returns:
        The text of the answer's cells; None if the notebook no longer shows where it should be.
    """
    cells = notebook.cells
    marked = [n for n, cell in enumerate(cells) if _role(cell).get("written") == question]
    if marked:
        found = list(dict.fromkeys(c for n in marked for c in _with_additions(cells, n)))
        return "\n\n".join(cells[n].source.strip() for n in found)
    for place, cell in enumerate(cells):
        comments = [m for m in _MARKER.finditer(cell.source) if m.group(1) == question]
        if comments and cell.kind != "code":
            rest = cell.source[comments[-1].end() :]
            texts = [rest, *_until_next_question(cells, place)]
            return "\n\n".join(text.strip() for text in texts if text.strip())
    return None


def is_filled(notebook: Notebook, question: str, released: str = "") -> bool:
    """Whether something was written, beyond the placeholder of the released notebook.

    Args:
        notebook: as handed in.
        question: the id of the written question.
        released: the placeholder; "" to take it from the metadata of the cell, if they are there.
    """
    answer = find_written(notebook, question)
    if answer is None:
        return False
    told = [_role(c).get("placeholder") for c in notebook.cells if _role(c).get("written")]
    known = [released, *(text for text in told if isinstance(text, str))]
    return bool(_words(answer, {_words(text) for text in known}))


def answer_text(notebook: Notebook, question: str) -> str:
    """What was written, as Markdown for readers: without our marks, cut at `LONGEST` characters.

    Nothing in it is trusted; `grader.prose` shows it.
    """
    text = _COMMENT.sub("", find_written(notebook, question) or "").strip()
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"


def _role(cell: Cell) -> dict[str, object]:
    return dict(cell.metadata.get("grader", {}))


def _with_additions(cells: tuple[Cell, ...], place: int) -> Iterator[int]:
    """The answer's cell and the text cells that the student put right below it."""
    yield place
    for n in range(place + 1, len(cells)):
        if "grader" in cells[n].metadata:
            return
        if cells[n].kind != "code":
            yield n


def _until_next_question(cells: tuple[Cell, ...], place: int) -> Iterator[str]:
    """The text cells below a question whose metadata were lost."""
    levels = [len(found) for found in _HEADING.findall(cells[place].source)]
    level = min(levels, default=6)
    for cell in cells[place + 1 :]:
        if cell.kind == "code":
            continue
        headings = [len(found) for found in _HEADING.findall(cell.source)]
        if _MARKER.search(cell.source) or any(found <= level for found in headings):
            return
        yield cell.source


def _words(text: str, without: Iterable[str] = ()) -> str:
    """The text as it counts: no comments, no signs, no spaces; a picture counts as one word."""
    text = _COMMENT.sub("", text)
    text = re.sub(r"!\[[^\]]*\]\(|<img\b|data:image", " picture ", text)
    bare = "".join(character for character in text if character.isalnum())
    for known in without:
        bare = bare.replace(known, "", 1) if known else bare
    return bare
