"""Runs the mutants of an assignment: which do the hidden tests kill, and which survive?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from grader.callgraph import callers
from grader.compose import compose_module
from grader.course import Assignment, Course
from grader.errors import BrokenAssignment
from grader.mutants import Mutant, equivalents, is_equivalent, mutants
from grader.result import SubmissionResult, Verdict
from grader.verify import Trial, affected, grade_trial, right_trials, run_trials


@dataclass(frozen=True)
class Fate:
    """What became of a mutant."""

    mutant: Mutant
    killed_by: str = ""
    """The id of the check that noticed it; "" for a survivor."""
    listed: bool = False
    """A person has written it down as equivalent."""

    @property
    def equivalent(self) -> bool:
        """Whether it was written down and nothing says otherwise."""
        return self.listed and not self.killed_by


@dataclass(frozen=True)
class MutationRun:
    """The fates of all mutants of an assignment."""

    assignment: str
    fates: tuple[Fate, ...]

    @property
    def survivors(self) -> tuple[Fate, ...]:
        """Neither killed nor known to be equivalent."""
        return tuple(f for f in self.fates if not f.killed_by and not f.equivalent)

    @property
    def refuted(self) -> tuple[Fate, ...]:
        """Written down as equivalent, and yet a check notices them."""
        return tuple(f for f in self.fates if f.listed and f.killed_by)

    @property
    def counted(self) -> int:
        """How many are not equivalent."""
        return sum(not f.equivalent for f in self.fates)

    @property
    def killed(self) -> int:
        """How many were killed."""
        return sum(bool(f.killed_by) for f in self.fates)

    @property
    def share(self) -> float:
        """Killed out of those that are not equivalent."""
        return self.killed / self.counted if self.counted else 1.0


def run_mutants(
    course: Course,
    assignment: Assignment,
    executor: Executor | None = None,
    on_fate: Callable[[Fate], None] | None = None,
) -> MutationRun:
    """Grade every mutant until a check notices it.

    Raises:
        BrokenAssignment: the reference itself does not earn everything.
    """
    first = right_trials(course, assignment, 1)[0]
    reference = grade_trial(first)
    if reference.earned != reference.points or reference.verdict is Verdict.JUDGE_ERROR:
        raise BrokenAssignment(
            f"the reference of {assignment.id} earns {reference.earned}",
            f"Run `grader verify {assignment.id}` first",
        )
    known = equivalents(assignment)
    source = compose_module(assignment)
    todo = mutants(assignment)
    reach = {m.function: callers(source, [m.function]) for m in todo}
    trials = [
        Trial(
            course.root,
            assignment.id,
            str(mutant),
            sources={mutant.function: mutant.source},
            checks=affected(reference, reach[mutant.function]),
            fail_fast=True,
        )
        for mutant in todo
    ]
    fates = []
    for mutant, result in zip(todo, run_trials(trials, executor), strict=True):
        fates.append(Fate(mutant, _killer(result), is_equivalent(mutant, known)))
        if on_fate is not None:
            on_fate(fates[-1])
    return MutationRun(assignment.id, tuple(fates))


def _killer(result: SubmissionResult) -> str:
    if result.verdict is not Verdict.ACCEPTED:
        return str(result.verdict)
    failed = [c for c in result.checks if c.verdict is not Verdict.ACCEPTED and not c.public]
    return failed[0].id if failed else ""
