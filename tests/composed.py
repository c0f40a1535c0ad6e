"""A composed class: students of different strength and what a semester brings, without grading.

Everybody has an ability, every check a difficulty; whoever fails a check has one of its
misconceptions more often than not. Two hand in nearly the same notebook, one has left the course,
the grader fails on a few, some are late and some never hand in. Nothing here is random twice: the
same seed is the same class.
"""

import base64
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from grader.course import Assignment, Course, Limits, Question, ScheduledAssignment
from grader.entries import CriterionScore, Membership, Override, Scope
from grader.gradebook import Gradebook
from grader.records import MarkRow, ScoreRow, Student
from grader.result import (
    CellRun,
    CheckResult,
    Curve,
    Diagnosis,
    Extent,
    Figure,
    Isolation,
    NotebookRun,
    SubmissionResult,
    Text,
    Usage,
    Verdict,
    WrittenAnswer,
)
from tests.reported import CST, DUE

FAMILY = "王李张刘陈杨黄赵周吴徐孙马朱胡林"
GIVEN = "伟芳娜敏静磊洋勇艳杰涛明超霞平刚桂兰"
WRONG = (
    (
        "missing_half",
        "结果恰好是参考值的 2 倍：本课程的平方损失带系数 1/2（nndl 式 2.16）。",
        "Your value is exactly twice ours: the squared loss carries a factor 1/2.",
    ),
    (
        "transposed",
        "结果恰好是参考值的转置：检查矩阵乘法中两个因子的次序。",
        "Your value is ours transposed: look at the order of the factors.",
    ),
    (
        "sum_not_mean",
        "结果是参考值的 N 倍：对样本应取平均，而不是求和。",
        "Your value is N times ours: take the mean over the samples, not the sum.",
    ),
    (
        "penalised_bias",
        "偏置也被惩罚了：正则项只作用于权重。",
        "The bias is penalised, too: the penalty is on the weights only.",
    ),
)
HINT = Text(
    "对照讲义中的定义，再用一个样本手算一遍。",
    "Compare with the definition in the notes, and do one sample by hand.",
)
WHAT = (
    ("损失", "the loss"),
    ("梯度", "the gradient"),
    ("预测", "the prediction"),
    ("参数更新", "the update"),
)
TITLES = (
    ("梯度下降与学习准则", "Gradient Descent and Learning Criteria"),
    ("前馈神经网络", "Feedforward Networks"),
    ("卷积神经网络", "Convolutional Networks"),
    ("正则化", "Regularisation"),
    ("生成模型", "Generative Models"),
    ("循环神经网络", "Recurrent Networks"),
)
NAMES = ("gd", "mlp", "cnn", "regularization", "generative", "rnn")
ASSIGNMENTS = len(NAMES)
QUESTIONS = 6
CHECKS = 5
"""Of every question."""


def assignment(number: int, folder) -> Assignment:
    """Six questions that are checked and one that is marked; 100 points."""
    questions = tuple(
        Question(str(q), Text(f"第 {q} 题：{zh}", f"Question {q}: {en}"), Decimal(15))
        for q, (zh, en) in ((q, WHAT[q % len(WHAT)]) for q in range(1, QUESTIONS + 1))
    )
    written = Question("w1", Text("思考题", "Think"), Decimal(10), written=True)
    return Assignment(
        NAMES[number], Text(*TITLES[number]), (*questions, written), Limits(), folder
    )


@dataclass(frozen=True)
class Composed:
    """A course, its assignments, and everybody's results as the gradebook holds them."""

    course: Course
    assignments: dict[str, Assignment]


def compose(
    book: Gradebook, folder, students: int = 200, assignments: int = ASSIGNMENTS, seed: int = 1
) -> Composed:
    """Fill a gradebook with a class."""
    chance = random.Random(seed)  # noqa: S311  # not a secret: the same class every time
    made = {a.id: a for a in (assignment(n, folder) for n in range(assignments))}
    calendar = tuple(
        ScheduledAssignment(name, DUE + timedelta(days=14 * n)) for n, name in enumerate(made)
    )
    (folder / "project.toml").write_text(RUBRIC, encoding="utf-8")
    course = Course(folder, "深度学习 2026 秋", assignments=calendar)
    people = [
        Student(
            f"2026{n:04}",
            chance.choice(FAMILY) + chance.choice(GIVEN) + chance.choice(("", *GIVEN)),
            section=f"{n % 3 + 1} 班",
        )
        for n in range(students)
    ]
    book.put_students(people)
    ability = {s.id: chance.gauss(0, 1) for s in people}
    results = []
    for number, (scheduled, asked) in enumerate(zip(calendar, made.values(), strict=True)):
        handed = [s for s in people if chance.random() > 0.04 + 0.01 * number]
        for student in handed:
            results.append(_result(asked, scheduled, student, ability[student.id], chance))
        marks = [
            MarkRow(s.id, "w1", Decimal(min(10, max(0, round(6.5 + 2 * ability[s.id])))), "", "王")
            for s in handed
            if number < assignments - 1 or chance.random() < 0.3
        ]
        book.add_marks(asked.id, marks)
    book.add_results(_alike(results))
    _people(book, people, ability, chance)
    return Composed(course, made)


def _result(asked, scheduled, student, ability, chance):
    checks = tuple(
        _check(q, number, i, asked.id, ability, chance)
        for i, q in enumerate(q for q in asked.questions if not q.written)
        for number in range(CHECKS)
    )
    late = chance.random() < 0.1 - 0.03 * ability
    moment = scheduled.due + timedelta(hours=chance.uniform(1, 60) if late else -30)
    lost = chance.random()
    return SubmissionResult(
        assignment=asked.id,
        student=student.id,
        attempt=1,
        verdict=Verdict.RUN_TIME_ERROR if lost < 0.01 else Verdict.ACCEPTED,
        graded_at=moment + timedelta(days=3),
        key=student.id,
        submitted_at=moment,
        checks=() if lost < 0.01 else checks,
        written=(
            WrittenAnswer("w1", Text("思考题", "Think"), Decimal(10), True, text="答" * 200),
        ),
        notebook=NotebookRun(
            Verdict.ACCEPTED,
            cells=tuple(CellRun(n, Verdict.ACCEPTED, 0.1) for n in range(1, 26)),
            figures=tuple(Figure(n, "image/png", PICTURE) for n in (9, 17)),
        ),
        isolation=Isolation("linux", 3, "isolated"),
        usage=Usage(chance.lognormvariate(2.6, 0.5), 15.0, chance.lognormvariate(6.0, 0.15)),
        curves=(Curve("6a", "loss", tuple(2.3 * 0.93**n + 0.02 * ability for n in range(60))),),
        fingerprints=tuple(sorted(chance.randrange(2**32) for _ in range(60))),
    )


PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 60).decode()


def _check(question, number, place, homework, ability, chance):
    name = f"{question.id}{'abcdefgh'[number]}"
    # The third check of question 5 has nothing to do with ability, the second of 6 is reversed.
    pull = {"5c": 0.0, "6b": -0.9}.get(name, 1.0)
    hard = (place + number) / 4 - 1.9
    passed = chance.gauss(0, 0.8) + pull * ability > hard
    zh, en = WHAT[(place + 1) % len(WHAT)]
    verdict = Verdict.ACCEPTED if passed else Verdict.WRONG_ANSWER
    if name == "3d" and homework == "gd" and chance.random() < 0.03:
        verdict = Verdict.JUDGE_ERROR
    points = question.points / CHECKS
    return CheckResult(
        name,
        question.id,
        Text(f"{zh}在第 {number + 1} 种输入下正确", f"{en} is right for input {number + 1}"),
        verdict,
        points,
        points if verdict is Verdict.ACCEPTED else Decimal(0),
        functions=(f"f{question.id}",),
        diagnosis=None if passed else _diagnosis(question.id, place + number, chance),
        seconds=0.1,
        evidence="ValueError: operands could not be broadcast\nTraceback of ours"
        if verdict is Verdict.JUDGE_ERROR
        else "",
    )


def _diagnosis(question, place, chance):
    name, zh, en = WRONG[place % len(WRONG)]
    if chance.random() < 0.6:
        return Diagnosis(
            "misconception", Text(zh, en), HINT, (f"f{question}.{name}",), extent=Extent(3, 12)
        )
    return Diagnosis("mismatch", Text("结果与参考值不同。", "Your value is not ours."))


def _alike(results):
    """The second student of every assignment has handed in the notebook of the first."""
    seen = {}
    for result in results:
        before = seen.setdefault(result.assignment, [])
        before.append(result)
        if len(before) == 2:
            marks = (*before[0].fingerprints[:55], *result.fingerprints[:5])
            result = replace(result, fingerprints=tuple(sorted(marks)))
        yield result


RUBRIC = "\n".join(
    f'''[[criteria]]
id = "{name}"
weight = {weight}
title = {{ zh = "{zh}", en = "{en}" }}
'''
    for name, weight, zh, en in (
        ("problem", 30, "选题", "Problem"),
        ("method", 40, "方法", "Method"),
        ("report", 30, "报告", "Report"),
    )
)


def _people(book, people, ability, chance):
    """What people enter: the other two parts of the grade, decisions, who left."""
    book.add_participation(
        ScoreRow(s.id, Decimal(round(min(100, max(30, 80 + 12 * ability[s.id]))))) for s in people
    )
    gone = [s.id for s in people[-2:]]
    book.set_active(gone, False)
    given = []
    for n, team in enumerate(people[i : i + 3] for i in range(0, len(people) - 2, 3)):
        name = f"第 {n + 1} 组"
        book.add_memberships([Membership(s.id, name) for s in team])
        worth = ability[team[0].id]
        for criterion, weight in (("problem", 30), ("method", 40), ("report", 30)):
            for marker, strict in (("李老师", 0), ("陈助教", -0.06)):
                share = min(1, max(0, 0.75 + 0.1 * worth + strict + chance.gauss(0, 0.07)))
                points = Decimal(round(weight * share))
                given.append(CriterionScore(name, criterion, "", points, marker, "", True))
    book.add_criteria(given)
    book.add_overrides(
        [Override(people[3].id, "gd", Scope.CHECK, "3d", Decimal(3), "题面有误", "李老师")]
    )


__all__ = ["CST", "Composed", "compose"]
