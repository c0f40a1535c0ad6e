"""Deadlines and what missing them costs. Exact, and with every step of the arithmetic.

The deadline of a student is that of the course, or the one of an extension; grace minutes are
added to either. After it, every started day counts; free days of the student pay for days first,
and what is left costs a share of the earned points, up to a cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from grader.course import LatePolicy, ScheduledAssignment
from grader.decimals import digits
from grader.entries import Extension
from grader.result import Text

_DAY = timedelta(days=1)
_ONE = Decimal(1)


@dataclass(frozen=True)
class Deadline:
    """When something is due for one student."""

    due: datetime
    """With the extension, without the grace minutes."""
    grace: timedelta = timedelta(0)
    extension: Extension | None = None

    def missed_by(self, submitted_at: datetime | None) -> int:
        """Started days after the deadline and its grace; 0: on time, or nobody knows when."""
        last = self.due + self.grace
        if submitted_at is None or submitted_at <= last:
            return 0
        return -((last - submitted_at) // _DAY)


@dataclass(frozen=True)
class LateDeduction:
    """What handing in late cost, as arithmetic: `points = earned x share`."""

    due: datetime
    """For this student, with an extension if there is one."""
    submitted_at: datetime
    days: int
    """Started days after the deadline."""
    per_day: Decimal
    accepted: bool
    """False: handed in after the last day on which anything is accepted."""
    share: Decimal
    """Share of the earned points that is lost, at most 1."""
    earned: Decimal
    """Before the deduction."""
    points: Decimal
    """What is taken off."""
    free: int = 0
    """Days that the student's free days paid for."""
    capped: bool = False
    """Whether the cap of the course made the share smaller."""
    grace: timedelta = timedelta(0)

    @property
    def arithmetic(self) -> Text:
        """How the points come about, from the days on."""
        if not self.accepted:
            return Text(
                f"迟交 {self.days} 天，已超过最后期限，不再计分：扣 {digits(self.points)} 分。",
                f"{_days(self.days)} late; nothing is accepted any more after so long: "
                f"{digits(self.points)} are taken off.",
            )
        zh, en = f"迟交 {self.days} 天", _days(self.days)
        if self.free:
            left = self.days - self.free
            zh += f" − 免扣 {self.free} 天 = {left} 天"
            en += f" − {self.free} free = {left}"
        rate, share = f"{digits(self.per_day * 100)} %", f"{digits(self.share * 100)} %"
        cap_zh, cap_en = ("，上限 ", ", at most ") if self.capped else (" = ", " = ")
        return Text(
            f"{zh} × {rate}{cap_zh}{share} · "
            f"已得 {digits(self.earned)} 分，扣 {digits(self.points)} 分。",
            f"{en} × {rate}{cap_en}{share} · "
            f"of {digits(self.earned)} earned points: {digits(self.points)} are taken off.",
        )


def deadline(
    scheduled: ScheduledAssignment, policy: LatePolicy, extension: Extension | None = None
) -> Deadline | None:
    """When an assignment is due for one student; None: never."""
    grace = timedelta(minutes=policy.grace_minutes)
    if extension is not None and extension.until is not None:
        return Deadline(extension.until, grace, extension)
    if scheduled.due is None:
        return None
    if extension is not None and extension.hours is not None:
        more = timedelta(seconds=float(extension.hours * 3600))
        return Deadline(scheduled.due + more, grace, extension)
    return Deadline(scheduled.due, grace)


def late_deduction(
    policy: LatePolicy,
    due: Deadline | None,
    submitted_at: datetime | None,
    points: Decimal,
    free_days: int = 0,
) -> LateDeduction | None:
    """What `points` lose by being late; None when the submission is on time or undated.

    Args:
        policy: what late work loses.
        due: when it was due for this student.
        submitted_at: when it came.
        points: what was earned.
        free_days: so many free days the student has left. Days are spent only on what is
            accepted with their help.
    """
    days = due.missed_by(submitted_at) if due else 0
    if due is None or submitted_at is None or not days:
        return None
    free = min(free_days, days)
    accepted = days - free <= policy.days
    if not accepted:
        free = 0
    asked = policy.per_day * (days - free)
    share = min(policy.cap, asked, _ONE) if accepted else _ONE
    return LateDeduction(
        due=due.due,
        submitted_at=submitted_at,
        days=days,
        per_day=policy.per_day,
        accepted=accepted,
        share=share,
        earned=points,
        points=points * share,
        free=free,
        capped=accepted and share < asked,
        grace=due.grace,
    )


def _days(n: int) -> str:
    return f"{n} started {'day' if n == 1 else 'days'}"
