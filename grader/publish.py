"""Writes results back to the students' repositories: a commit status, and one comment.

Everything goes through GitHub's own command `gh`, which knows who we are. The comment carries a
mark by which it is found and brought up to date, so publishing twice leaves one comment; what has
not changed is not sent again. Only a repository whose notebook is the one that was graded is
written to: a push after grading waits for its own grading.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from grader.course import Assignment, Course
from grader.errors import GraderError, UsageError
from grader.feedback import render_markdown
from grader.handin import find_submissions
from grader.page import number
from grader.records import Student
from grader.result import SubmissionResult
from grader.scoring import earned

LIMIT = 60_000
"""Characters of a comment; GitHub takes 65,536."""
TRIES = 3
_REMOTE = re.compile(r"[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")
_BUSY = ("rate limit", "abuse", "secondary", "HTTP 502", "HTTP 503", "was submitted too quickly")


@dataclass(frozen=True)
class Clone:
    """A student's repository on this disk."""

    student: str
    folder: Path
    repository: str
    """OWNER/NAME on GitHub."""
    commit: str
    """The last commit that touched the notebook."""
    notebook: Path


@dataclass(frozen=True)
class Post:
    """What is written to one repository."""

    clone: Clone
    state: str
    """"success", "failure" or "error": the grader's own."""
    summary: str
    """One line, for the commit status."""
    body: str
    """Markdown, with the mark by which it is found again."""
    mark: str


@dataclass(frozen=True)
class Published:
    """What became of one repository."""

    student: str
    repository: str
    outcome: str
    """"written", "unchanged", "would be written", or why not."""
    failed: bool = False


Gh = Callable[[Sequence[str]], str]
"""Runs `gh` with arguments; returns what it prints."""


def find_clones(
    assignment: Assignment, folder: Path, students: Sequence[Student], accounts: Mapping[str, str]
) -> tuple[Clone, ...]:
    """The clones in a folder, named `ASSIGNMENT-ACCOUNT`, whose student is known.

    Args:
        assignment: whose notebook they hold.
        folder: of the clones.
        students: the roster.
        accounts: GitHub account to student number, beside what the roster knows.

    Raises:
        UsageError: the folder holds no clone.
    """
    whose = {s.github.casefold(): s.id for s in students if s.github}
    whose |= {s.id.casefold(): s.id for s in students}
    whose |= {account.casefold(): student for account, student in accounts.items()}
    tops = sorted(p.parent for p in folder.glob("*/.git"))
    if not tops:
        raise UsageError(f"{folder} holds no clones", "Clone with `gh classroom clone`")
    found = []
    for top in tops:
        ends = [name for name in whose if top.name.casefold().endswith(f"-{name}")]
        notebook = _notebook(top, assignment)
        if ends and notebook is not None:
            student = whose[max(ends, key=len)]
            commit = _git(top, "log", "-1", "--format=%H", "--", notebook.name)
            remote = _REMOTE.search(_git(top, "config", "--get", "remote.origin.url"))
            if commit and remote:
                found.append(Clone(student, top, f"{remote[1]}/{remote[2]}", commit, notebook))
    return tuple(found)


def posts(
    course: Course,
    assignment: Assignment,
    results: Mapping[str, SubmissionResult],
    clones: Sequence[Clone],
    language: str,
) -> Iterator[Post | Published]:
    """What to write, or why nothing is written, for every clone.

    Args:
        course: weights and late policy.
        assignment: which one.
        results: the result that counts, by student.
        clones: where to write.
        language: "zh" or "en".
    """
    for clone in clones:
        result = results.get(clone.student)
        if result is None:
            yield Published(clone.student, clone.repository, "not graded")
        elif not _is_graded(course, assignment, clone, result):
            yield Published(clone.student, clone.repository, "changed since it was graded")
        else:
            yield _post(course, assignment, clone, result, language)


def publish(post: Post, gh: Gh, *, dry_run: bool = False) -> Published:
    """Write one result; a comment of ours is brought up to date, not repeated."""
    clone = post.clone
    repository = f"repos/{clone.repository}"
    try:
        comment = _own_comment(gh, repository, clone.commit, post.mark)
        if comment is not None and comment["body"].strip() == post.body.strip():
            return Published(clone.student, clone.repository, "unchanged")
        if dry_run:
            return Published(clone.student, clone.repository, "would be written")
        _write_status(gh, repository, post)
        if comment is None:
            where, method = f"{repository}/commits/{clone.commit}/comments", "POST"
        else:
            where, method = f"{repository}/comments/{comment['id']}", "PATCH"
        gh(["api", "--method", method, where, "--raw-field", f"body={post.body}"])
    except GraderError as error:
        return Published(clone.student, clone.repository, str(error), failed=True)
    return Published(clone.student, clone.repository, "written")


def run_gh(arguments: Sequence[str], *, pause: float = 20.0) -> str:
    """Run `gh`; wait and try again where GitHub asks to slow down.

    Raises:
        GraderError: it is not installed, or it failed.
    """
    for attempt in range(1, TRIES + 1):
        try:
            done = subprocess.run(  # noqa: S603  (arguments of ours; no shell)
                ["gh", *arguments],  # noqa: S607  (where the user has it)
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
        except FileNotFoundError:
            raise GraderError(
                "the command gh is not installed", "Install GitHub's command line, `gh auth login`"
            ) from None
        except subprocess.TimeoutExpired:
            raise GraderError("gh did not answer within two minutes", "Try again later") from None
        if done.returncode == 0:
            return done.stdout
        said = " ".join(done.stderr.split())[:300]
        if attempt == TRIES or not any(word in said for word in _BUSY):
            break
        time.sleep(pause * attempt)
    raise GraderError(f"gh failed: {said}", "Look whether `gh auth status` is content")


def _own_comment(gh: Gh, repository: str, commit: str, mark: str) -> dict[str, Any] | None:
    """The comment that carries our mark, written by whom we are; students can write marks too."""
    me = json.loads(gh(["api", "user"])).get("login")
    text = gh(["api", f"{repository}/commits/{commit}/comments?per_page=100"])
    for comment in json.loads(text or "[]"):
        if comment.get("user", {}).get("login") == me and mark in comment.get("body", ""):
            found: dict[str, Any] = comment
            return found
    return None


def _write_status(gh: Gh, repository: str, post: Post) -> None:
    fields = {
        "state": post.state,
        "context": f"dl-grader/{post.mark.split()[2]}",
        "description": post.summary[:140],
    }
    raw = [part for name, value in fields.items() for part in ("--raw-field", f"{name}={value}")]
    gh(["api", "--method", "POST", f"{repository}/statuses/{post.clone.commit}", *raw])


def _post(
    course: Course,
    assignment: Assignment,
    clone: Clone,
    result: SubmissionResult,
    language: str,
) -> Post:
    won = sum((earned(c) for c in result.checks), Decimal(0))
    text = render_markdown(result, assignment, course, language=language)
    mark = f"<!-- dl-grader {assignment.id} -->"
    if len(text) > LIMIT:
        text = text[:LIMIT].rsplit("\n", 1)[0] + "\n\n…\n"
    state = "success" if won == result.points else "failure"
    return Post(
        clone=clone,
        state="error" if result.needs_human else state,
        summary=f"{assignment.id}: {number(won)} / {number(result.points)}",
        body=f"{mark}\n{text}",
        mark=mark,
    )


def _is_graded(
    course: Course, assignment: Assignment, clone: Clone, result: SubmissionResult
) -> bool:
    """Whether the notebook in the clone is the one that the result is about."""
    handed_in = find_submissions(course, assignment.id, (clone.student,))
    paths = [s.path for s in handed_in if s.attempt == result.attempt]
    return any(_digest(path) == _digest(clone.notebook) for path in paths)


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _notebook(top: Path, assignment: Assignment) -> Path | None:
    """The notebook of the assignment that was worked on; never through a link."""
    names = [f"{assignment.id}.ipynb", f"{assignment.id}.en.ipynb"]
    found = [top / n for n in names if (top / n).is_file() and not (top / n).is_symlink()]
    stub = b"raise NotImplementedError"
    return min(found, key=lambda p: p.read_bytes().count(stub)) if found else None


def _git(top: Path, *arguments: str) -> str:
    """What git says about a clone that is somebody else's: no hooks, no helpers, no network."""
    safe = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    quiet = ("-c", "log.showSignature=false", "-c", f"safe.directory={top.resolve()}")
    done = subprocess.run(  # noqa: S603  (a fixed command)
        ["git", "--no-pager", *safe, *quiet, *arguments],  # noqa: S607
        cwd=top,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.strip()
