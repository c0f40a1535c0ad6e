"""Our own commands, on the same assignment or on another."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import nbformat

from benchmarks import lesson
from benchmarks.timing import Took, pace, run
from grader.gradebook import Gradebook


class Ours:
    """`grader grade` and `grader feedback`.

    Args:
        folder: where to work; must not exist.
        students: how many hand in.
    """

    def __init__(self, folder: Path, students: int) -> None:
        self.folder = folder
        self.assignment = lesson.NAME
        lesson.write_ours(folder, students)

    def _run(self, *arguments: str) -> Took:
        return run([sys.executable, "-m", "grader", *arguments], self.folder)

    def grade(
        self, count: int, workers: int = 2, sandbox: str = "auto", feedback: bool = True
    ) -> Took:
        """Grade the first `count` students anew."""
        for path in self.folder.glob("gradebook.db*"):
            path.unlink()
        aside, handed_in = self.folder / "aside", self.folder / "submissions" / self.assignment
        aside.mkdir(exist_ok=True)
        homes = sorted((*handed_in.iterdir(), *aside.iterdir()), key=lambda home: home.name)
        for number, home in enumerate(homes):
            target = (handed_in if number < count else aside) / home.name
            if home != target:
                home.rename(target)
        options = ["--jobs", str(workers), "--sandbox", sandbox]
        took = self._run("grade", self.assignment, *options)
        if feedback:
            shutil.rmtree(self.folder / "feedback", ignore_errors=True)
            took += self._run("feedback", self.assignment)
        return replace(took, steady=self._steady(feedback))

    def _steady(self, feedback: bool) -> float:
        with Gradebook(self.folder / "gradebook.db") as book:
            each = pace(r.graded_at.timestamp() for r in book.results(self.assignment))
        if feedback:
            reports = self.folder.glob("feedback/*/students/*/en.html")
            each += pace(path.stat().st_mtime for path in reports)
        return each

    def points(self) -> set[str]:
        """Verdicts and points of everybody, each once."""
        with Gradebook(self.folder / "gradebook.db") as book:
            rows = book.current_results(self.assignment)
            return {f"{row.outcome.verdict.value} {row.outcome.earned}" for row in rows}


class Gd(Ours):
    """The same with the full `gd` of the course and our own solution handed in."""

    def __init__(self, folder: Path, students: int) -> None:
        from grader.compose import compose
        from grader.config import load_assignment, load_course
        from grader.init import checkout, make_course

        self.folder = make_course(folder, checkout(), "gd").folder
        self.assignment = "gd"
        notebook = nbformat.writes(compose(load_assignment(load_course(folder), "gd")))
        for number in range(students):
            path = folder / "submissions" / "gd" / f"s{number:05}" / "gd.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(notebook, encoding="utf-8")
