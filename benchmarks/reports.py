"""What reports cost: the summaries of a thousand students over a semester, and one student's."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import table
from tests.composed import ASSIGNMENTS, compose

SUMMARY = 10.0
"""CPU seconds for all summaries of a thousand students, in one language. One process, one thread:
on an idle machine that is how long it takes."""
MILLISECONDS = 50.0
"""CPU time for the report of one student."""
KILOBYTES = 300.0
"""Of the report of one student, without the student's own plots."""
_PLOT = re.compile(r"data:image/[^\"]*")


def measure(folder: Path, students: int) -> dict[str, Any]:
    """Compose a semester, sum it up, and write the reports of some."""
    from grader.gradebook import Gradebook

    folder.mkdir(parents=True)
    with Gradebook(folder / "gradebook.db") as book:
        made = compose(book, folder, students)
        seconds, size = _summaries(made, book)
        reports = _students(made, book, 300)
    total = seconds["gathered"] + seconds["in one language"]
    waited = seconds.pop("by the clock")
    rows = [*((name, value, "s") for name, value in seconds.items()), ("size", size, "MB")]
    table.show(f"{students} students × {ASSIGNMENTS}", ("summaries, CPU", "", ""), rows)
    table.show("one student", ("report", "", ""), [(n, v, "") for n, v in reports.items()])
    held = "held" if total <= SUMMARY else "MISSED"
    print(f"{total:.1f} CPU-s of at most {SUMMARY:.0f}: {held}; {waited:.1f} s by the clock")
    return {
        "students": students,
        "assignments": ASSIGNMENTS,
        "summary_cpu_seconds": {name: round(value, 2) for name, value in seconds.items()},
        "summary_seconds": round(waited, 2),
        "summary_megabytes": round(size, 2),
        "student": {name: float(f"{value:.3g}") for name, value in reports.items()},
    }


def _summaries(made: Any, book: Any) -> tuple[dict[str, float], float]:
    """CPU seconds for the page of every assignment and that of the course; their size."""
    from grader.classpage import render_class, render_course
    from grader.classreport import class_report
    from grader.coursereport import course_report
    from grader.standing import standings

    clock, started = time.perf_counter(), time.process_time()
    lines = standings(made.course, made.assignments, book)
    reports = [
        class_report(made.course, asked, lines, book.results(asked.id))
        for asked in made.assignments.values()
    ]
    whole = course_report(made.course, made.assignments, lines)
    spent = {"gathered": time.process_time() - started}
    for name, language in (("in one language", "zh"), ("in the other", "en")):
        started = time.process_time()
        pages = [render_class(report, language) for report in reports]
        pages.append(render_course(whole, language))
        spent[name] = time.process_time() - started
        spent.setdefault("by the clock", time.perf_counter() - clock)
    return spent, sum(len(page.encode()) for page in pages) / 1e6


def _students(made: Any, book: Any, some: int) -> dict[str, float]:
    """CPU milliseconds and kilobytes of single reports, in the middle and at worst."""
    from grader.feedback import render_student
    from grader.standing import standings

    known = {s.student.id: s for s in standings(made.course, made.assignments, book)}
    asked = next(iter(made.assignments.values()))
    spent, sizes = [], []
    for result, _ in zip(book.results(asked.id), range(some + 1), strict=False):
        line = known[result.student]
        started = time.process_time()
        page = render_student(result, asked, made.course, line.grade, "zh", student=line.student)
        spent.append(1000 * (time.process_time() - started))
        plots = sum(map(len, _PLOT.findall(page)))
        sizes.append((len(page.encode()) - plots) / 1000)
    del spent[0]  # templates and words are read once
    return {
        "CPU ms, median": statistics.median(spent),
        "CPU ms, largest": max(spent),
        "kB, median": statistics.median(sizes),
        "kB, largest": max(sizes),
    }
