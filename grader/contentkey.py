"""The key of a result: a digest of everything that the result depends on.

Equal keys mean equal results, so what has a result under its present key is not graded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from grader.course import Assignment
from grader.errors import UsageError
from grader.submission import Submission
from grader.version import VERSION


def assignment_digest(assignment: Assignment) -> str:
    """Digest of the tests, the reference, the limits and the points of an assignment."""
    digest = hashlib.sha256(VERSION.encode())
    digest.update(repr(sorted(asdict(assignment.limits).items())).encode())
    trees = (assignment.hidden_tests, assignment.public_tests, assignment.reference)
    for path in [assignment.folder / "assignment.toml", *(p for t in trees for p in _files(t))]:
        digest.update(f"\0{path.relative_to(assignment.course)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def result_key(
    assignment: str, submission: Submission, secret: bytes, device: str, sandbox: str
) -> str:
    """Key of the result of one submission.

    Args:
        assignment: what `assignment_digest` returned.
        submission: the notebook and its attempt.
        secret: of the course; only its digest enters the key.
        device: "cpu" or "cuda".
        sandbox: the backend asked for.

    Raises:
        UsageError: the notebook file cannot be read.
    """
    try:
        content = submission.path.read_bytes()
    except OSError as error:
        raise UsageError(f"{submission.path} cannot be read: {error.strerror}") from None
    parts = (
        assignment.encode(),
        submission.student.encode(),
        str(submission.attempt).encode(),
        hashlib.sha256(secret).digest(),
        device.encode(),
        sandbox.encode(),
        content,
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _files(tree: Path) -> Iterator[Path]:
    if tree.is_dir():
        yield from sorted(
            p for p in tree.rglob("*") if p.is_file() and "__pycache__" not in p.parts
        )
