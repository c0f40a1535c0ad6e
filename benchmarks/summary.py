"""The summary of a class of a thousand students."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import lesson, table

BUDGET = 10.0


def measure(folder: Path, students: int) -> dict[str, Any]:
    """Grade one submission, let everybody have handed it in, and report on all."""
    from grader import feedback
    from grader.classreport import class_report
    from grader.config import load_assignment, load_course
    from grader.grade import grade
    from grader.gradebook import Gradebook
    from grader.sandbox.fake import FakeSandbox
    from grader.standing import published, standings
    from grader.submission import GradingJob, Submission

    lesson.write_ours(folder, 1)
    course = load_course(folder)
    assignment = load_assignment(course, lesson.NAME)
    path = folder / "submissions" / lesson.NAME / "s00000" / f"{lesson.NAME}.ipynb"
    now = datetime.now(UTC)
    job = GradingJob(folder, Submission(lesson.NAME, "s", path, 1, now), "fake", secret=b"s" * 32)
    result = grade(job, FakeSandbox())
    with Gradebook(folder / "gradebook.db") as book:
        for number in range(students):
            book.add_result(replace(result, student=f"s{number:05}", key=str(number)))
        started = time.perf_counter()
        lines = standings(course, published(course) | {assignment.id: assignment}, book)
        report = class_report(course, assignment, lines, book.results(assignment.id))
        for language in ("zh", "en"):
            feedback.render_class(report, language)
        class_alone = time.perf_counter() - started
        started = time.perf_counter()
        feedback.write_feedback(course, assignment, book, folder / "feedback")
        everything = time.perf_counter() - started
    rows = [
        ("class summary, two languages", class_alone),
        ("with all students' reports", everything),
    ]
    table.show(f"{students} students", ("", "seconds"), rows)
    held = "held" if class_alone <= BUDGET else "MISSED"
    print(f"{class_alone:.1f} s of at most {BUDGET:.0f}: {held}")
    return {"students": students, "seconds": {name: round(value, 2) for name, value in rows}}
