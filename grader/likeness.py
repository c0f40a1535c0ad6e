"""What of a notebook is the student's own: its code, as a digest that survives saving it again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from grader.course import Assignment


def code_digest(data: bytes) -> str:
    """A digest of the code cells, without blanks at line ends; of the bytes if there is none.

    Outputs, ids and metadata do not matter: they change whenever a notebook is run.
    """
    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return hashlib.sha256(data).hexdigest()
    lines = [line.rstrip() for source in sources for line in source.splitlines()]
    text = "\n".join(line for line in lines if line)
    if not text:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def handed_out(assignment: Assignment) -> frozenset[str]:
    """The digests of the notebooks that students were given."""
    return frozenset(code_digest(p.read_bytes()) for p in _given(assignment.folder))


def _given(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb"))
