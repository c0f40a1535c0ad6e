"""`agree`: the student's function and the reference's give the same for the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.checks.trial import Trial
from grader.compare import Mismatch, compare, covers
from grader.errors import BrokenAssignment, WrongAnswer
from grader.proxy import Record, Subject
from grader.tolerance import tolerance_for


@dataclass(frozen=True)
class Options:
    """How `agree` compares."""

    tolerance: float | None = None
    scale: float | None = None
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    only: tuple[str, ...] = ()


class Agree:
    """The fixture `agree`."""

    def __init__(self, subject: Subject, trial: Trial, options: Options | None = None) -> None:
        self._subject = subject
        self._trial = trial
        self._options = options or Options()

    def using(
        self,
        *,
        tolerance: float | None = None,
        scale: float | None = None,
        parts: Mapping[str, tuple[str, ...]] | None = None,
        only: tuple[str, ...] = (),
    ) -> Agree:
        """An `agree` that compares in another way.

        Args:
            tolerance: instead of the policy's.
            scale: S of the error measure, instead of the largest expected entry.
            parts: the leaves that each part of the check covers.
            only: compare these leaves and ignore the others' values.
        """
        options = Options(tolerance, scale, tuple((parts or {}).items()), tuple(only))
        return Agree(self._subject, self._trial, options)

    def __call__(self, name: str, *arguments: Any, **keywords: Any) -> None:
        """Call both and compare.

        A difference costs the check, or its parts, and the test goes on: how a function is wrong
        shows on all of its inputs together.

        Raises:
            SubmissionFault: no value came.
        """
        oracle = self._subject.oracle
        if oracle is None:
            raise BrokenAssignment("agree needs the reference", "Write the expected value down")
        self._trial.evidence = True
        record = self._subject.call(name, arguments, keywords)
        assert record.reply is not None  # noqa: S101  (call raises otherwise)
        record.expected = oracle.value(name, arguments, keywords)
        record.compared = True
        function = self._subject.function(name)
        record.tolerance = self._options.tolerance or tolerance_for(function, record.single)
        record.scale = self._options.scale or function.scale
        record.only = self._options.only
        record.mismatches = compare(
            record.reply.value,
            record.expected,
            tolerance=record.tolerance,
            scale=record.scale,
            only=self._options.only,
        )
        self._charge(record)

    def _charge(self, record: Record) -> None:
        if self._trial.mark.parts and self._trial.within is None:
            self._charge_parts(record)
        elif record.mismatches:
            fault = self._fault(record, record.mismatches[0])
            self._trial.lose(self._trial.within or "", fault)

    def _charge_parts(self, record: Record) -> None:
        covered = dict(self._options.parts)
        for part in self._trial.parts:
            names = covered.get(part, (part,))
            self._trial.tried.add(part)
            for mismatch in record.mismatches:
                whole = mismatch.kind == "structure" and not mismatch.leaf
                if whole or any(covers(name, mismatch.leaf) for name in names):
                    self._trial.lose(part, self._fault(record, mismatch))

    def _fault(self, record: Record, mismatch: Mismatch) -> WrongAnswer:
        return WrongAnswer(self._subject.explain(mismatch, record), _evidence(record))


def _evidence(record: Record) -> str:
    """What an instructor sees: the call in numbers."""
    reply = record.reply.value if record.reply else None
    return f"{record.function}: got {_short(reply)}, expected {_short(record.expected)}"


def _short(value: Any, limit: int = 600) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + " …"
