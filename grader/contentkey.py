"""The keys of a result: digests of what the result depends on.

Equal keys mean equal results, so what has a result under its present key is not graded again. The
key of its logic leaves out what a check is worth and is called: where only that has changed, a
recorded result can be counted anew, and no student code has to run again.
"""

from __future__ import annotations

import ast
import hashlib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from grader.course import Assignment
from grader.errors import UsageError
from grader.submission import Submission
from grader.version import VERSION


def assignment_digest(assignment: Assignment) -> str:
    """Digest of the tests, the reference, the limits and the points of an assignment."""
    return _digest(assignment, Path.read_bytes)


def logic_digest(assignment: Assignment) -> str:
    """The same without what checks and questions are worth and how they are called."""

    def logic(path: Path) -> bytes:
        if path.name == "assignment.toml":
            return _without_points(path.read_bytes())
        tests = (assignment.hidden_tests, assignment.public_tests)
        if path.suffix == ".py" and any(path.is_relative_to(t) for t in tests):
            return _without_worth(path.read_bytes())
        return path.read_bytes()

    return _digest(assignment, logic)


def _digest(assignment: Assignment, content: Callable[[Path], bytes]) -> str:
    digest = hashlib.sha256(VERSION.encode())
    digest.update(repr(sorted(asdict(assignment.limits).items())).encode())
    trees = (assignment.hidden_tests, assignment.public_tests, assignment.reference)
    for path in [assignment.folder / "assignment.toml", *(p for t in trees for p in _files(t))]:
        digest.update(f"\0{path.relative_to(assignment.course)}\0".encode())
        digest.update(content(path))
    return digest.hexdigest()


def _without_points(text: bytes) -> bytes:
    """An assignment file as text, less titles and points."""
    try:
        data = tomllib.loads(text.decode("utf-8-sig"))
    except ValueError:  # it is another module's to complain
        return text
    for table in (data, *data.get("questions", ())):
        table.pop("title", None)
        table.pop("points", None)
    return repr(data).encode()


def _without_worth(source: bytes) -> bytes:
    """A test module as text, less the sentences and the points of its checks."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "check":
                mark.keywords = [k for k in mark.keywords if k.arg != "points"]
                mark.args = mark.args[:1]
    return ast.dump(tree).encode()


def result_key(
    assignment: str, submission: Submission, secret: bytes, device: str, sandbox: str
) -> str:
    """Key of the result of one submission.

    Args:
        assignment: what `assignment_digest` or `logic_digest` returned.
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
