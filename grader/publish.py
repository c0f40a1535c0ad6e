"""Writes results back to the students' repositories: a commit status, and one comment.

Everything goes through GitHub's own command `gh`, which knows who we are. The comment carries a
mark by which it is found and brought up to date, so publishing twice leaves one comment; what has
not changed is not sent again. Only a repository whose notebook has been graded is written to: a
push after grading waits for its own grading. Of several attempts the one is told that counts.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
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
    assignment: str

    @property
    def mark(self) -> str:
        """By which a comment of ours is known."""
        return _mark(self.assignment)


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
    graded: Collection[tuple[str, int]],
    clones: Sequence[Clone],
    language: str,
) -> Iterator[Post | Published]:
    """What to write, or why nothing is written, for every clone.

    Args:
        course: weights and late policy.
        assignment: which one.
        results: the result that counts, by student.
        graded: student and attempt of everything that has been graded, counting or not.
        clones: where to write.
        language: "zh" or "en".
    """
    for clone in clones:
        result = results.get(clone.student)
        if result is None:
            yield Published(clone.student, clone.repository, "not graded")
        elif not _is_graded(course, assignment, clone, graded):
            yield Published(clone.student, clone.repository, "changed since it was graded")
        else:
            yield _post(course, assignment, clone, result, language)


@dataclass
class Publisher:
    """Writes posts, one after the other, no faster than GitHub likes."""

    gh: Gh
    pull_request: int | None = None
    """Comment on this pull request, such as Classroom's Feedback; on the commit by default."""
    pause: float = 1.0
    """Seconds after each write; GitHub asks for one."""
    dry_run: bool = False

    def publish(self, post: Post) -> Published:
        """Write one result; a comment of ours is brought up to date, not repeated."""
        clone = post.clone
        try:
            return Published(clone.student, clone.repository, self._written(post))
        except GraderError as error:
            return Published(clone.student, clone.repository, str(error), failed=True)

    def _written(self, post: Post) -> str:
        comment = self._own_comment(post)
        if comment is not None and comment["body"].strip() == post.body.strip():
            return "unchanged"
        if self.dry_run:
            return "would be written"
        repository = f"repos/{post.clone.repository}"
        status = {
            "state": post.state,
            "context": f"dl-grader/{post.assignment}",
            "description": post.summary[:140],
        }
        self._write("POST", f"{repository}/statuses/{post.clone.commit}", status)
        if comment is None:
            self._write("POST", self._comments(post), {"body": post.body})
        else:
            above = f"{repository}/issues" if self.pull_request else repository
            self._write("PATCH", f"{above}/comments/{comment['id']}", {"body": post.body})
        return "written"

    def _comments(self, post: Post) -> str:
        place = f"commits/{post.clone.commit}"
        if self.pull_request:
            place = f"issues/{self.pull_request}"
        return f"repos/{post.clone.repository}/{place}/comments"

    def _own_comment(self, post: Post) -> dict[str, Any] | None:
        """The comment that carries our mark, written by whom we are; students can write marks."""
        text = self.gh(["api", f"{self._comments(post)}?per_page=100"])
        for comment in json.loads(text or "[]"):
            mine = comment.get("user", {}).get("login") == self._me
            if mine and post.mark in comment.get("body", ""):
                found: dict[str, Any] = comment
                return found
        return None

    @cached_property
    def _me(self) -> str | None:
        login: str | None = json.loads(self.gh(["api", "user"])).get("login")
        return login

    def _write(self, method: str, place: str, fields: Mapping[str, str]) -> None:
        raw = [part for k, v in fields.items() for part in ("--raw-field", f"{k}={v}")]
        self.gh(["api", "--method", method, place, *raw])
        time.sleep(self.pause)


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


def _post(
    course: Course,
    assignment: Assignment,
    clone: Clone,
    result: SubmissionResult,
    language: str,
) -> Post:
    won = sum((earned(c) for c in result.checks), Decimal(0))
    text = render_markdown(result, assignment, course, language=language)
    if len(text) > LIMIT:
        text = text[:LIMIT].rsplit("\n", 1)[0] + "\n\n…\n"
    state = "success" if won == result.points else "failure"
    return Post(
        clone=clone,
        state="error" if result.needs_human else state,
        summary=f"{assignment.id}: {number(won)} / {number(result.points)}",
        body=f"{_mark(assignment.id)}\n{text}",
        assignment=assignment.id,
    )


def _mark(assignment: str) -> str:
    return f"<!-- dl-grader {assignment} -->"


def _is_graded(
    course: Course,
    assignment: Assignment,
    clone: Clone,
    graded: Collection[tuple[str, int]],
) -> bool:
    """Whether the notebook in the clone is an attempt that has been graded."""
    handed_in = find_submissions(course, assignment.id, (clone.student,))
    paths = [s.path for s in handed_in if (s.student, s.attempt) in graded]
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
