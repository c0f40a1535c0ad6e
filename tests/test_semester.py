"""A whole semester, by the commands of docs/semester.md: 300 students from roster to export.

The grades are computed a second time here, in fractions and from the rules as the documentation
states them, without any of the grader's own arithmetic.
"""

import csv
import io
import math
import random
import re
import shlex
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from grader.cli import main
from grader.config import load_course
from grader.entries import Extension
from grader.gradebook import Gradebook
from grader.handin import find_submissions
from grader.result import CheckResult, SubmissionResult, Text, Verdict
from tests.spreadsheet import Spreadsheet

IDS = ("gd", "mlp", "cnn", "regularization", "generative", "rnn")
WEIGHTS = dict(zip(IDS, ("1", "1", "1.5", "1", "1.5", "2"), strict=True))
FIRST_DUE = datetime(2025, 10, 10, 15, 59, tzinfo=UTC)
DUE = {name: FIRST_DUE + timedelta(weeks=2 * i) for i, name in enumerate(IDS)}
CRITERIA: dict[str, Any] = {"method": 40, "report": 35, "talk": 25}
LEVELS: dict[str, Any] = {"excellent": 100, "good": 80, "fair": "62.5"}
SESSIONS = [date(2025, 9, 15) + timedelta(weeks=i) for i in range(12)]
QUIZZES = SESSIONS[2::3]
DAY = timedelta(days=1)
PER_DAY, ACCEPTED, CAP, GRACE, FREE = Fraction(1, 10), 3, Fraction(1, 4), 10, 2
"""The late policy of the course below: share a day, days, largest share, minutes, free days."""

COURSE = """
[course]
title = "深度学习"

[late]
per_day = 0.10
days = 3
cap = 0.25
grace_minutes = 10
free_days = 2

[homework]
drop_lowest = 1

[participation]
attendance = 40
answers = 25
quizzes = 35
allowed_absences = 1
per_answer = 20
drop_quizzes = 1
""" + "".join(
    f'\n[[assignments]]\nid = "{n}"\ndue = {DUE[n].isoformat()}\nweight = {WEIGHTS[n]}\n'
    for n in IDS
)
ASSIGNMENT = """
id = "{}"
title = {{ zh = "作业", en = "Homework" }}
[[questions]]
id = "1"
title = {{ zh = "一", en = "One" }}
points = 80
[[questions]]
id = "w1"
title = {{ zh = "思考", en = "Think" }}
points = 20
written = true
"""
LEVEL = """
[[criteria.levels]]
id = "{0}"
title = {{ zh = "{0}级", en = "{0} en" }}
share = {1}
"""
PROJECT = "".join(
    f'[[criteria]]\nid = "{c}"\ntitle = {{ zh = "{c}甲", en = "{c} en" }}\nweight = {w}\n'
    + "".join(LEVEL.format(v, share) for v, share in LEVELS.items())
    for c, w in CRITERIA.items()
)


@dataclass
class Person:
    """What happens to one student; everything that the rules need."""

    id: str
    name: str
    attempts: dict[Any, Any] = field(default_factory=dict)
    """By assignment: (submitted at, automatic points), oldest first."""
    marks: dict[Any, Any] = field(default_factory=dict)
    extension: dict[Any, Any] = field(default_factory=dict)
    """By assignment: hours."""
    present: dict[Any, Any] = field(default_factory=dict)
    answers: dict[Any, Any] = field(default_factory=dict)
    quizzes: dict[Any, Any] = field(default_factory=dict)
    team: str = ""
    adjustment: int = 0
    project: list[Any] = field(default_factory=list)
    """What each marker gave: by criterion a level or points."""


def people(rng):
    found = []
    for i in range(300):
        person = Person(f"2026{i:03}", f"学生{i}", team=f"T{i // 3:02}")
        for name in IDS:
            _homework(rng, person, name)
        for day in SESSIONS:
            person.present[day] = rng.choice("出出出出出出缺迟假")
            if rng.random() < 0.2:
                person.answers[day] = rng.randint(1, 2)
        for day in QUIZZES:
            if rng.random() < 0.9:
                person.quizzes[day] = rng.randint(0, 40) / 2
        person.adjustment = rng.choice([0, 0, 0, -5, 3, 20])
        found.append(person)
    found[1].extension["gd"] = 48  # by the command of the page
    for start in range(0, 300, 3):
        given = [_project(rng, complete=start != 30) for _ in range(2)]
        for person in found[start : start + 3]:
            person.project = given if start != 60 else []
    return found


def _homework(rng, person, name):
    if rng.random() < 0.05:
        return
    when = DUE[name] + rng.choice([-1, -1, -1, 1]) * rng.uniform(0, 3.4) * DAY
    tries = [when.replace(microsecond=0)]
    if rng.random() < 0.3:
        tries.append(tries[0] + timedelta(hours=rng.randint(1, 60)))
    person.attempts[name] = [(t, Fraction(rng.randint(0, 160), 2)) for t in tries]
    if rng.random() < 0.97:
        person.marks[name] = Fraction(rng.randint(0, 80), 4)
    if rng.random() < 0.1:
        person.extension[name] = rng.choice([12, 36, 48])


def _project(rng, complete):
    points = {c: rng.choice([*LEVELS, rng.randint(0, 2 * w) / 2]) for c, w in CRITERIA.items()}
    if not complete:
        del points["talk"]
    return points


# -- the rules, once more ----------------------------------------------------------------------


def homework(person):
    """Each assignment out of 100 in the order of deadlines; None: nothing was handed in."""
    free, percents = FREE, []
    for name in IDS:
        if name not in person.attempts:
            percents.append((None, name))
            continue
        mark = person.marks.get(name)
        out_of = 100 if mark is not None else 80
        due = DUE[name] + timedelta(hours=person.extension.get(name, 0), minutes=GRACE)
        on_time = [a for a in person.attempts[name] if a[0] <= due]
        when, automatic = on_time[-1] if on_time else person.attempts[name][-1]
        days = 0 if when <= due else math.ceil((when - due) / DAY)
        paid = min(free, days) if days - min(free, days) <= ACCEPTED else 0
        late = days - paid
        share = min(CAP, late * PER_DAY) if late <= ACCEPTED else Fraction(1)
        free -= paid
        points = (automatic + (mark or 0)) * (1 - share)
        percents.append((points * 100 / out_of, name))
    return percents


def lowest(percents):
    """What is dropped: a missing one first; of equals the heavier, then the later."""
    weight = {n: Fraction(w) for n, w in WEIGHTS.items()}
    return min(
        percents,
        key=lambda p: (-1 if p[0] is None else p[0], -weight[p[1]], -IDS.index(p[1])),
    )


def mean(person):
    percents = homework(person)
    dropped = lowest(percents)
    kept = [(p, Fraction(WEIGHTS[n])) for p, n in percents if (p, n) != dropped]
    known = [(p, w) for p, w in kept if p is not None]
    score = sum(p * w for p, w in known) / sum(w for _, w in known) if known else None
    waits = [n for p, n in percents if (p, n) != dropped and (p is None or n not in person.marks)]
    return score, waits


def participation(person):
    asked = [p for p in person.present.values() if p != "假"]
    missed = sum(Fraction({"出": "0", "迟": "1/2", "缺": "1"}[p]) for p in asked)
    kinds = []
    if asked:
        kinds.append((40, Fraction(100) * (len(asked) - max(0, missed - 1)) / len(asked)))
    kinds.append((25, Fraction(min(100, 20 * sum(person.answers.values())))))
    quizzes = sorted(Fraction(person.quizzes.get(d, 0)) * 5 for d in QUIZZES)[1:]
    kinds.append((35, sum(quizzes) / len(quizzes)))
    return sum(w * s for w, s in kinds) / sum(w for w, _ in kinds)


def project(person):
    if not person.project:
        return None
    total: Any = Fraction(0)
    for criterion, weight in CRITERIA.items():
        given = [g[criterion] for g in person.project if criterion in g]
        points = [
            Fraction(LEVELS[g]) * weight / 100 if g in LEVELS else Fraction(g) for g in given
        ]
        if not points:
            return None
        total += sum(points) / len(points)
    return min(Fraction(100), max(Fraction(0), total + person.adjustment))


def total(person):
    score, waits = mean(person)
    last = project(person)
    if score is None or waits or last is None:
        return None
    exact = (10 * participation(person) + 40 * score + 50 * last) / 100
    return Fraction(math.floor(exact * 10 + Fraction(1, 2)), 10)


# -- what the commands read --------------------------------------------------------------------


def write_course(root):
    (root / "course.toml").write_text(COURSE, "utf-8")
    (root / "project.toml").write_text(PROJECT, "utf-8")
    for name in IDS:
        folder = root / "assignments" / name
        folder.mkdir(parents=True)
        (folder / "assignment.toml").write_text(ASSIGNMENT.format(name), "utf-8")


def write_files(root, crowd):
    book = Workbook()
    for row in (["学号", "姓名", "邮箱"], *([p.id, p.name, f"{p.id}@x.cn"] for p in crowd)):
        book.active.append(row)
    book.save(root / "class.xlsx")
    for name in IDS:
        _handed_in(root / f"{name}.tar.gz", name, crowd)
        marks = [(p.id, "w1", float(p.marks[name])) for p in crowd if name in p.marks]
        _table(root / f"{name}-written.csv", ("学号", "题号", "得分"), marks)
    book = Workbook()
    book.active.append(["学号", *SESSIONS])
    words = {"出": "出勤", "缺": "缺勤", "迟": "迟到", "假": "请假"}
    for p in crowd:
        book.active.append([p.id, *(words[p.present[day]] for day in SESSIONS)])
    book.save(root / "attendance.xlsx")
    answers = [(p.id, day, n) for p in crowd for day, n in p.answers.items()]
    _table(root / "answers.csv", ("student", "date", "answers"), answers)
    quizzes = [(p.id, *(p.quizzes.get(day, "") for day in QUIZZES)) for p in crowd]
    _table(root / "quizzes.csv", ("student", *QUIZZES), quizzes)
    teams = [(p.id, p.team, p.adjustment, "贡献") for p in crowd]
    _table(root / "teams.csv", ("学号", "小组", "个人调整", "原因"), teams)
    _projects(root, {p.team: p.project for p in crowd if p.project})
    (root / "canvas-grades.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,gd (11),总评 (12)\n"
        "    Points Possible,,,,,100,100\n"
        + "".join(f"{p.name},{9000 + i},{p.id},,A,,\n" for i, p in enumerate(crowd)),
        "utf-8",
    )


def _projects(root, given):
    book = Workbook()
    book.active.append(["小组", *CRITERIA, "评语"])
    for team, (first, _) in given.items():
        book.active.append([team, *(first.get(c) for c in CRITERIA), "不错"])
    book.save(root / "li.xlsx")
    rows = []
    for team, (_, second) in given.items():
        for c, g in second.items():
            rows.append((team, c, g if g in LEVELS else "", "" if g in LEVELS else g))
    _table(root / "wang.csv", ("team", "criterion", "level", "points"), rows)


def _handed_in(path, name, crowd):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for p in crowd:
            for n, (when, _) in enumerate(p.attempts.get(name, ()), 1):
                info = tarfile.TarInfo(f"{p.id}/{n}/{name}.ipynb")
                data = f'{{"cells": [], "nbformat": 4, "id": "{p.id}-{n}"}}'.encode()
                info.size, info.mtime = len(data), int(when.timestamp())
                archive.addfile(info, io.BytesIO(data))


def _table(path, header, rows):
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def commands():
    """The lines of the first block of the page, its loop unrolled."""
    page = Path(__file__).parents[1] / "docs" / "semester.md"
    block = re.search(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[1]
    loop = re.compile(r"for id in (.*?); do\n(.*?)done\n", re.DOTALL)
    unrolled = loop.sub(
        lambda found: "".join(found[2].replace("$id", n) for n in found[1].split()), block
    )
    return [shlex.split(line)[1:] for line in unrolled.splitlines() if line]


def graded(course, book, name, crowd):
    """What the grader would have found in the submissions."""
    by_id = {p.id: p for p in crowd}
    submissions = find_submissions(course, name, (), book.submissions(name))
    book.add_results(_result(s, by_id[s.student]) for s in submissions)


def _result(submission, person):
    when, automatic = person.attempts[submission.assignment][submission.attempt - 1]
    assert submission.submitted_at == when
    points = Decimal(automatic.numerator) / automatic.denominator
    verdict = Verdict.ACCEPTED if points == 80 else Verdict.WRONG_ANSWER
    check = CheckResult("a", "1", Text("", ""), verdict, Decimal(80), points)
    return SubmissionResult(
        assignment=submission.assignment,
        student=submission.student,
        attempt=submission.attempt,
        verdict=Verdict.ACCEPTED,
        graded_at=when,
        key=f"{submission.student}-{submission.attempt}",
        submitted_at=when,
        checks=(check,),
    )


def extended(book, crowd):
    book.add_extensions(
        Extension(p.id, name, None, Decimal(hours), "病假", "Li Wei")
        for p in crowd
        for name, hours in p.extension.items()
        if (p.id, name) != ("2026001", "gd")
    )


@pytest.fixture(scope="module")
def semester(tmp_path_factory):
    root = tmp_path_factory.mktemp("semester")
    crowd = people(random.Random(20260914))  # noqa: S311  the same class every time
    write_course(root)
    write_files(root, crowd)
    course = load_course(root)
    said = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        for words in commands():
            if words[0] == "grade":
                with Gradebook(course.gradebook) as book:
                    graded(course, book, words[1], crowd)
                continue
            if words[:2] == ["collect", "gd"]:
                with Gradebook(course.gradebook) as book:
                    extended(book, crowd)
            done = CliRunner().invoke(main, words)
            assert done.exit_code == 0, f"{words}: {done.output}"
            said[" ".join(words[:3])] = done.stdout
    return root, crowd, said


def test_every_total_is_the_one_recomputed(semester):
    root, crowd, _ = semester
    with (root / "grades.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert len(rows) == len(crowd) == 300
    finals = 0
    for person in crowd:
        row, final = rows[person.id], total(person)
        finals += final is not None
        assert row["total"] == ("" if final is None else f"{float(final):g}"), person.id
        assert (row["state"] == "complete") == (final is not None)
        for name, value in (
            ("participation", participation(person)),
            ("homework", mean(person)[0]),
            ("project", project(person)),
        ):
            if value is None:
                assert row[name] == ""
            else:
                assert abs(Fraction(row[name]) - value) <= Fraction(1, 200), (person.id, name)
    assert 150 < finals < 290  # missing parts, and enough that is complete


def test_the_workbook_computes_the_same(semester):
    root, crowd, _ = semester
    sheet = Spreadsheet(root / "grades.xlsx")
    for person, row in zip(crowd, sheet.rows("Grades", 2), strict=True):
        final = total(person)
        assert row["student"] == person.id
        assert row["total"] == ("" if final is None else final)
        if (homework := mean(person)[0]) is not None:
            assert abs(row["homework"] - homework) < Fraction(1, 10**9)


def test_canvas_and_moodle_get_the_same_totals(semester):
    root, crowd, _ = semester
    with (root / "canvas-import.csv").open(encoding="utf-8-sig", newline="") as stream:
        canvas = {r["SIS User ID"]: r["总评 (12)"] for r in csv.DictReader(stream)}
    with (root / "moodle-import.csv").open(encoding="utf-8-sig", newline="") as stream:
        moodle = {r["ID number"]: r["total"] for r in csv.DictReader(stream)}
    for person in crowd:
        final = total(person)
        assert canvas[person.id] == moodle[person.id]
        assert moodle[person.id] == ("" if final is None else f"{float(final):g}")


def test_what_was_said_on_the_way(semester):
    _, crowd, said = semester
    assert "roster: 300 students read, 300 new, 0 changed" in said["record roster class.xlsx"]
    missing = [p.id for p in crowd if "rnn" not in p.attempts]
    twice = [p.id for p in crowd if len(p.attempts.get("rnn", ())) > 1]
    told = said["collect rnn rnn.tar.gz"]
    assert f"{len(missing)} missing (folder: rnn.tar.gz)" in told
    assert f"  {twice[0]}: 2 attempts" in told
    assert "apart    2026" in said["record project wang.csv"]
    assert "300 students; participation of 300, project of 294 recorded" in said["status"]
