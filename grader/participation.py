"""What was noted session by session becomes the score for participation, with its arithmetic.

A session that was held counts for everybody: who has no record of it was absent, and has nothing
in a quiz. Who was excused is not asked about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from grader.course import ParticipationPolicy
from grader.decimals import digits
from grader.entries import SessionRecord
from grader.result import Text

_HUNDRED = Decimal(100)
_ZERO = Decimal(0)
Session = tuple[date, str]
"""A day, and what tells two sessions of it apart."""


@dataclass(frozen=True)
class Held:
    """What there was for the class to take part in."""

    attendance: frozenset[Session] = frozenset()
    quizzes: Mapping[Session, Decimal] | None = None
    """What each was worth."""
    answers: bool = False
    """Whether answers were noted at all."""


@dataclass(frozen=True)
class KindScore:
    """Attendance, answers or quizzes of one student."""

    kind: str
    """"attendance", "answers" or "quizzes"."""
    weight: Decimal
    """Percent of participation, as the rules say."""
    score: Decimal | None
    """On the 100-point scale; None: there was none yet, or none that asked this student."""
    arithmetic: Text


@dataclass(frozen=True)
class ParticipationScore:
    """The score for participation with everything it was made from."""

    kinds: tuple[KindScore, ...]
    score: Decimal | None
    """On the 100-point scale; None: nothing has been noted."""
    arithmetic: Text


def held(records: Iterable[SessionRecord]) -> Held:
    """What was held, from the records of the whole class."""
    records = tuple(records)
    quizzes: dict[Session, Decimal] = {}
    for record in records:
        if record.kind == "quiz":
            session = (record.held_on, record.label)
            worth = _HUNDRED if record.maximum is None else record.maximum
            quizzes[session] = max(worth, quizzes.get(session, _ZERO))
    return Held(
        attendance=frozenset((r.held_on, r.label) for r in records if r.kind == "attendance"),
        quizzes=quizzes,
        answers=any(r.kind == "answer" for r in records),
    )


def participation_score(
    policy: ParticipationPolicy, there: Held, records: Iterable[SessionRecord]
) -> ParticipationScore:
    """The score of one student.

    Kinds that were never held are left out, and the weights of the others are taken to 100.

    Args:
        policy: the rules of the course.
        there: what was held.
        records: those of the student.
    """
    mine = {(r.kind, r.held_on, r.label): r for r in records}
    kinds = tuple(
        kind
        for kind in (
            _attendance(policy, there, mine),
            _answers(policy, there, mine),
            _quizzes(policy, there, mine),
        )
        if kind.weight
    )
    counted = [(k.weight, k.score) for k in kinds if k.score is not None]
    total = sum((weight for weight, _ in counted), _ZERO)
    if not total:
        return ParticipationScore(kinds, None, Text("尚无记录。", "Nothing has been noted."))
    score = sum((weight * s for weight, s in counted), _ZERO) / total
    terms = " + ".join(f"{plain(weight)} × {plain(s)}" for weight, s in counted)
    sum_of = f"({terms}) / {plain(total)} = {plain(score)}"
    return ParticipationScore(kinds, score, Text(sum_of, sum_of))


_Mine = Mapping[tuple[str, date, str], SessionRecord]


def _attendance(policy: ParticipationPolicy, there: Held, mine: _Mine) -> KindScore:
    found = [mine.get(("attendance", day, label)) for day, label in there.attendance]
    asked = [r for r in found if r is None or r.maximum != 0]
    n, free = len(asked), len(found) - len(asked)
    present = sum((r.value or _ZERO for r in asked if r is not None), _ZERO)
    missed = n - present
    counted = max(_ZERO, missed - policy.allowed_absences)
    score = _HUNDRED * (n - counted) / n if n else None
    if score is None:
        return KindScore("attendance", policy.attendance, None, _none(free))
    zh = f"{n} 次课，缺 {plain(missed)} 次"
    en = f"{n} sessions, {plain(missed)} missed"
    if policy.allowed_absences and missed:
        zh += f"，允许 {policy.allowed_absences} 次，计 {plain(counted)} 次"
        en += f", {policy.allowed_absences} allowed, {plain(counted)} count"
    if free:
        zh, en = f"{zh}（另有请假 {free} 次）", f"{en} ({free} excused)"
    sum_of = f"100 × ({n} − {plain(counted)}) / {n} = {plain(score)}"
    return KindScore(
        "attendance", policy.attendance, score, Text(f"{zh}：{sum_of}", f"{en}: {sum_of}")
    )


def _answers(policy: ParticipationPolicy, there: Held, mine: _Mine) -> KindScore:
    if not there.answers:
        return KindScore("answers", policy.answers, None, _none(0))
    n = sum((r.value or _ZERO for (kind, _, _), r in mine.items() if kind == "answer"), _ZERO)
    points = policy.per_answer * n
    score = min(points, policy.answers_maximum) * 100 / policy.answers_maximum
    capped = f"min({plain(points)}, {plain(policy.answers_maximum)})"
    sum_of = (
        f"{plain(n)} × {plain(policy.per_answer)} = {plain(points)}; "
        f"100 × {capped} / {plain(policy.answers_maximum)} = {plain(score)}"
    )
    return KindScore(
        "answers", policy.answers, score, Text(f"回答 {sum_of}", f"answers: {sum_of}")
    )


def _quizzes(policy: ParticipationPolicy, there: Held, mine: _Mine) -> KindScore:
    shares: list[Decimal] = []
    excused = 0
    for (day, label), worth in sorted((there.quizzes or {}).items()):
        record = mine.get(("quiz", day, label))
        if record is not None and record.maximum == 0:
            excused += 1
            continue
        value = record.value if record is not None and record.value is not None else _ZERO
        full = worth if record is None or record.maximum is None else record.maximum
        shares.append(_HUNDRED * value / full if full else _ZERO)
    if not shares:
        return KindScore("quizzes", policy.quizzes, None, _none(excused))
    dropped = min(policy.drop_quizzes, len(shares) - 1)
    kept = sorted(shares)[dropped:]
    score = sum(kept, _ZERO) / len(kept)
    terms = " + ".join(map(plain, kept))
    sum_of = f"({terms}) / {len(kept)} = {plain(score)}"
    zh, en = f"{len(shares)} 次测验", f"{len(shares)} quizzes"
    if dropped:
        zh, en = f"{zh}，去掉最低 {dropped} 次", f"{en}, the lowest {dropped} dropped"
    if excused:
        zh, en = f"{zh}（另有请假 {excused} 次）", f"{en} ({excused} excused)"
    return KindScore("quizzes", policy.quizzes, score, Text(f"{zh}：{sum_of}", f"{en}: {sum_of}"))


def _none(excused: int) -> Text:
    if excused:
        return Text(f"请假 {excused} 次，不计。", f"excused {excused} times: does not count.")
    return Text("尚未进行，不计。", "There was none yet: does not count.")


def plain(value: Decimal) -> str:
    """A number as it is shown: at most four decimals, no zeros at the end."""
    return digits(value.quantize(Decimal("1.0000")))
