"""What a new roster changes: who is new, whose data differ, who has disappeared, who is back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.records import Student

_FIELDS = ("name", "email", "section", "github")


@dataclass(frozen=True)
class Change:
    """One field of one student."""

    student: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Enrolment:
    """The differences between the roster that is kept and the one that is given."""

    new: tuple[Student, ...]
    changes: tuple[Change, ...]
    gone: tuple[Student, ...]
    """Active, and not in the given roster."""
    back: tuple[Student, ...]
    """Not active, and in the given roster."""


def enrolment(kept: Iterable[Student], given: Iterable[Student]) -> Enrolment:
    """Compare; an empty field of the given roster leaves what is kept."""
    before = {s.id: s for s in kept}
    after = {s.id: s for s in given}
    both = [(before[number], s) for number, s in after.items() if number in before]
    return Enrolment(
        new=tuple(s for number, s in after.items() if number not in before),
        changes=tuple(
            Change(old.id, name, getattr(old, name), getattr(s, name))
            for old, s in both
            for name in _FIELDS
            if getattr(s, name) and getattr(s, name) != getattr(old, name)
        ),
        gone=tuple(s for s in before.values() if s.active and s.id not in after),
        back=tuple(s for s, _ in both if not s.active),
    )
