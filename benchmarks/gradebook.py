"""What people wait for at the gradebook of a whole semester: whole commands, start-up included."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.timing import Took
from grader.entries import CriterionScore, Extension, Membership, Override, Scope, SessionRecord
from grader.gradebook import Gradebook
from grader.records import MarkRow, Student
from grader.result import (
    CheckResult,
    Diagnosis,
    Isolation,
    SubmissionResult,
    Text,
    Verdict,
    WrittenAnswer,
)

BUDGET = 2.0
"""Seconds for a command, with 300 students."""
GROWTH = 4.0
"""So many times the CPU may four times as many students take, start-up aside."""
CLASSES = 300, 1200
IDS = "gd", "mlp", "cnn", "regularization", "generative", "rnn"
ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "status": ("status",),
    "status --students": ("status", "--students"),
    "show STUDENT": ("show", "2026000007"),
    "show STUDENT ID": ("show", "2026000007", "gd"),
    "export --to csv": ("export", "--to", "csv"),
    "export --to xlsx": ("export", "--to", "xlsx", "-o", "grades.xlsx"),
}
DUE = datetime(2025, 10, 10, 16, tzinfo=UTC)
CRITERION = """
[[criteria]]
id = "c{0}"
title = {{ zh = "指标 {0}", en = "Criterion {0}" }}
weight = 25
"""


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Compose a semester for each class, and let every command answer; medians of seconds."""
    folder.mkdir(parents=True)
    bare = _median(folder, ("--version",), rounds)
    found: dict[str, list[Took]] = {name: [] for name in COMMANDS}
    for students in CLASSES:
        course = folder / str(students)
        compose(course, students)
        for name, words in COMMANDS.items():
            found[name].append(_median(course, words, rounds))
    rows = [
        (name, small.wall, small.cpu, large.wall, large.cpu, _growth(bare, small, large))
        for name, (small, large) in found.items()
    ]
    few, many = CLASSES
    headers = ("command", f"{few}: wall s", "CPU s", f"{many}: wall s", "CPU s", "grows by")
    table.show("The gradebook of six assignments", headers, rows)
    slowest = max(wall for _, wall, *_ in rows)
    print(f"{slowest:.2g} s of at most {BUDGET:.0f}: {'held' if slowest <= BUDGET else 'MISSED'}")
    keys = ("wall", "CPU", "wall, large", "CPU, large", "growth")
    return {
        "start_up": {"wall": bare.wall, "CPU": bare.cpu},
        "classes": CLASSES,
        "seconds": {name: dict(zip(keys, row, strict=True)) for name, *row in rows},
    }


def _growth(bare: Took, small: Took, large: Took) -> float:
    """How many times the CPU; what every command needs to start is left out."""
    return float(f"{(large.cpu - bare.cpu) / max(small.cpu - bare.cpu, 0.01):.3g}")


def _median(course: Path, words: tuple[str, ...], rounds: int) -> Took:
    spent = [_took(course, words) for _ in range(rounds)]
    return Took(table.median(t.wall for t in spent), table.median(t.cpu for t in spent))


def _took(course: Path, words: tuple[str, ...]) -> Took:
    """One command, which starts no other: what it used is what the system says of it."""
    command = [sys.executable, "-m", "grader", *words]
    log = course / "command.log"
    started = time.perf_counter()
    with log.open("wb") as out:
        done = subprocess.Popen(command, cwd=course, stdout=out, stderr=out)
        _, status, used = os.wait4(done.pid, 0)
        done.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return Took(wall, used.ru_utime + used.ru_stime)


def compose(folder: Path, students: int) -> None:
    """Write a course in which everything has happened to everybody."""
    chance = random.Random(students)  # the same class every time
    numbers = [f"2026{n:06}" for n in range(students)]
    folder.mkdir(parents=True)
    calendar = "".join(
        f'[[assignments]]\nid = "{name}"\ndue = {(DUE + timedelta(weeks=2 * n)).isoformat()}\n'
        for n, name in enumerate(IDS)
    )
    policy = "[late]\nfree_days = 2\n[homework]\ndrop_lowest = 1\n"
    (folder / "course.toml").write_text(
        f'[course]\ntitle = "深度学习"\n{policy}{calendar}', "utf-8"
    )
    (folder / "project.toml").write_text("".join(map(CRITERION.format, range(4))), "utf-8")
    for name in IDS:
        (folder / "assignments" / name).mkdir(parents=True)
        shutil.copy(ROOT / "assignments" / name / "assignment.toml", folder / "assignments" / name)
        for number in numbers:
            place = folder / "submissions" / name / number / "1"
            place.mkdir(parents=True)
            (place / f"{name}.ipynb").touch()
    with Gradebook(folder / "gradebook.db") as book:
        book.put_students(
            Student(n, f"学生{n}", f"{n}@x.cn", "AB"[i % 2], f"gh-{n}")
            for i, n in enumerate(numbers)
        )
        for place, name in enumerate(IDS):
            due = DUE + timedelta(weeks=2 * place)
            book.add_results(_results(chance, name, numbers, due))
            book.add_marks(
                name,
                [MarkRow(n, w, Decimal(4), "好") for n in numbers for w in ("w1", "w2")],
                "Li",
            )
            some = numbers[place::20]
            book.add_extensions(Extension(n, name, None, Decimal(24), "ill", "Li") for n in some)
            book.add_overrides(
                Override(n, name, Scope.CHECK, "c3", Decimal(1), "typo", "Li") for n in some
            )
        days = [date(2025, 9, 15) + timedelta(weeks=n) for n in range(12)]
        book.add_sessions(
            SessionRecord(n, day, "", "attendance", Decimal(chance.random() < 0.9))
            for n in numbers
            for day in days
        )
        book.add_memberships(Membership(n, f"T{i // 3}") for i, n in enumerate(numbers))
        book.add_criteria(
            CriterionScore(f"T{team}", f"c{c}", "", Decimal(20), marker, "不错", team=True)
            for team in range((students + 2) // 3)
            for c in range(4)
            for marker in ("Li", "Wang")
        )


def _results(
    chance: random.Random, assignment: str, numbers: list[str], due: datetime
) -> Iterator[SubmissionResult]:
    """One or two attempts of each student, with as many checks as our assignments have."""
    wrong = Diagnosis(
        "misconception",
        Text("结果恰好是参考值的 2 倍。" * 3, "Your value is exactly twice ours. " * 3),
        Text("注意系数 1/2。", "Mind the factor 1/2."),
        ("squared_loss.missing_half",),
    )
    for number in numbers:
        for attempt in range(1, 2 + (chance.random() < 0.3)):
            lost = [chance.random() < 0.2 for _ in range(30)]
            checks = tuple(
                CheckResult(
                    id=f"c{n}",
                    question=str(1 + n % 7),
                    title=Text("数值正确", "the value is right"),
                    verdict=Verdict.WRONG_ANSWER if is_lost else Verdict.ACCEPTED,
                    points=Decimal(3),
                    earned=Decimal(0 if is_lost else 3),
                    diagnosis=wrong if is_lost else None,
                )
                for n, is_lost in enumerate(lost)
            )
            yield SubmissionResult(
                assignment=assignment,
                student=number,
                attempt=attempt,
                verdict=Verdict.ACCEPTED,
                graded_at=due + timedelta(days=7),
                key=f"{assignment} {number} {attempt}",
                submitted_at=due + timedelta(hours=chance.uniform(-72, 24)),
                checks=checks,
                written=tuple(
                    WrittenAnswer(w, Text("思考题", "Written"), Decimal(5), True, text="答" * 500)
                    for w in ("w1", "w2")
                ),
                isolation=Isolation("linux", 3, "isolated"),
            )
