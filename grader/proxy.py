"""The student's functions as the trusted side sees them.

`student.f(x)` calls `f` in the sandbox and returns plain data whose structure and shapes have been
accepted, so that a check may compute with it. Every call is recorded: hygiene rows, follow-through
and the naming of misconceptions all work from the record.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

import torch

from grader.calls import Answer, Reply, Request
from grader.compare import Mismatch, conform
from grader.course import Assignment, Function
from grader.diagnosis import Observation, explain, extent
from grader.errors import BrokenAssignment, ForbiddenApi, SubmissionFault, WrongAnswer
from grader.forbidden import describe_operators, forbidden_operators
from grader.handout import Handout, call_key
from grader.oracle import Oracle
from grader.result import Diagnosis
from grader.tolerance import tolerance_for


class Session(Protocol):
    """What answers calls: `grader.session.Session`, or a test's stand-in."""

    def call(self, request: Request, answer: Answer | None = None) -> Reply:
        """Call a function of the notebook."""
        ...

    def fresh(self) -> None:
        """Forget what calls have changed."""
        ...


@dataclass
class Record:
    """One call of one function, and what it came to."""

    check: str
    function: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    reply: Reply | None = None
    fault: SubmissionFault | None = None
    expected: Any = None
    compared: bool = False
    """Whether the value was compared with the reference's, entry by entry."""
    tolerance: float = 0.0
    scale: float | None = None
    only: tuple[str, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether this call shows that the function is wrong."""
        return self.fault is not None or bool(self.mismatches)

    @property
    def single(self) -> bool:
        """Whether a floating input is float32."""
        return any(t.dtype is torch.float32 for t in tensors_in(self.arguments, self.keywords))

    def observation(self, names: tuple[str, ...]) -> Observation:
        """The same for `grader.diagnosis`, arguments by name."""
        named = list(zip(names, self.arguments, strict=False))
        return Observation(
            function=self.function,
            arguments=(*named, *self.keywords.items()),
            actual=self.reply.value if self.reply else None,
            expected=self.expected,
            raised=self.fault is not None,
            mismatches=self.mismatches,
            check=self.check,
            tolerance=self.tolerance,
            scale=self.scale,
            only=self.only,
        )


@dataclass(frozen=True)
class Explanation:
    """What was said about a mismatch of a call."""

    diagnosis: Diagnosis
    mismatch: Mismatch
    record: Record


def tensors_in(*values: Any) -> list[torch.Tensor]:
    """All tensors in nested containers."""
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += tensors_in(*value)
        elif isinstance(value, Mapping):
            found += tensors_in(*value.values())
    return found


@dataclass
class Circumstances:
    """What holds for the check that is running."""

    check: str = ""
    hidden: bool = True
    stubs: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)


class Subject:
    """The student's side of one grading.

    Args:
        assignment: whose functions are called.
        session: answers the calls.
        oracle: the reference; None on a student's own machine.
        violations: forbidden interfaces found by reading, by function.
        device: where the functions are to compute.
        source: the program that the notebook's code cells form.
        handout: what came with the assignment, on a student's own machine.
    """

    def __init__(
        self,
        assignment: Assignment,
        session: Session,
        oracle: Oracle | None,
        violations: Mapping[str, ForbiddenApi],
        device: str = "cpu",
        source: str = "",
        handout: Handout | None = None,
    ) -> None:
        self.source = source
        self.handout = handout
        self.assignment = assignment
        self.session = session
        self.oracle = oracle
        self.device = device
        self.now = Circumstances()
        self.records: list[Record] = []
        self.explanations: list[Explanation] = []
        self._violations = violations

    def begin(self, check: str, hidden: bool, stubs: tuple[str, ...] = ()) -> None:
        """Start a check: what earlier ones changed is forgotten."""
        self.session.fresh()
        self.now = Circumstances(check, hidden, stubs)

    def function(self, name: str) -> Function:
        """The graded function `name`.

        Raises:
            BrokenAssignment: assignment.toml does not list it.
        """
        try:
            return self.assignment.functions[name]
        except KeyError:
            raise BrokenAssignment(
                f"a check calls {name!r}, which assignment.toml does not list"
            ) from None

    def call(
        self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], seed: int = 0
    ) -> Record:
        """Call a function and record it.

        Raises:
            SubmissionFault: there is no value to compare; recorded as well.
        """
        record = Record(self.now.check, name, arguments, dict(keywords))
        self.records.append(record)
        try:
            record.reply = self._reply(self.function(name), arguments, keywords, seed)
        except SubmissionFault as fault:
            record.fault = fault
            raise
        return record

    def _reply(
        self,
        function: Function,
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
        seed: int,
    ) -> Reply:
        name = function.name
        if name in self._violations:
            raise self._violations[name]
        question = self.assignment.question_of(name)
        operators = _operators(question.forbidden) if question else frozenset()
        stubs = tuple(s for s in self.now.stubs if s != name)
        request = Request(
            name=name,
            arguments=copy.deepcopy(arguments),
            keywords=keywords,
            time_limit=function.call_time,
            seed=seed,
            inference=question is not None and not question.allow_autograd,
            record=bool(operators),
            stubs=stubs,
            device=self.device,
        )
        reply = self.session.call(request, self.oracle.answer if self.oracle else None)
        self.now.asked += reply.asked
        used = sorted(operators.intersection(reply.operators))
        if used:
            raise ForbiddenApi(describe_operators(name, used))
        return reply

    def ask(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call a function outside of every check; nothing remembers it.

        Raises:
            SubmissionFault: no value came.
        """
        self.now = Circumstances()
        return self._reply(self.function(name), arguments, keywords, 0).value

    def accepted(
        self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], seed: int = 0
    ) -> Any:
        """Call a function; its value has the structure and shapes of the reference's.

        Raises:
            SubmissionFault: there is no value, or it has another form.
        """
        record = self.call(name, arguments, keywords, seed)
        assert record.reply is not None  # noqa: S101  (call raises otherwise)
        if self.oracle is None:
            return self._in_handed_out_form(record)
        record.expected = self.oracle.value(name, arguments, keywords)
        function = self.function(name)
        record.tolerance = tolerance_for(function, record.single)
        record.scale = function.scale
        return self._in_form(record, record.expected)

    def _in_handed_out_form(self, record: Record) -> Any:
        """The value of a call, accepted by what came with the assignment, if it knows the call."""
        assert record.reply is not None  # noqa: S101  (`accepted` has it)
        key = call_key(record.function, record.arguments, record.keywords)
        if self.handout is None or key not in self.handout.forms:
            return record.reply.value
        return self._in_form(record, self.handout.expected_form(key))

    def _in_form(self, record: Record, expected: Any) -> Any:
        assert record.reply is not None  # noqa: S101
        mismatch = conform(record.reply.value, expected)
        if mismatch is not None:
            record.mismatches = (mismatch,)
            raise WrongAnswer(self.explain(mismatch, record))
        return in_form_of(record.reply.value, expected)

    def explain(self, mismatch: Mismatch, record: Record) -> Diagnosis:
        """The diagnosis of a mismatch, from the calls that were made so far."""
        found = self._explained(mismatch, record, hidden=self.now.hidden)
        self.explanations.append(Explanation(found, mismatch, record))
        return found

    def explain_again(self, diagnosis: Diagnosis) -> Explanation | None:
        """What `explain` said for a hidden check, from all calls that there were by now."""
        for known in self.explanations:
            if known.diagnosis is diagnosis:
                found = self._explained(known.mismatch, known.record, hidden=True)
                return replace(known, diagnosis=found)
        return None

    def _explained(self, mismatch: Mismatch, record: Record, *, hidden: bool) -> Diagnosis:
        names = self.parameter_names(record.function)
        others = [
            r.observation(names)
            for r in self.records
            if r.function == record.function and r.compared and r is not record
        ]
        found = explain(mismatch, record.observation(names), others, hidden=hidden)
        return replace(found, extent=extent(mismatch, found.code))

    def parameter_names(self, name: str) -> tuple[str, ...]:
        """The names of the positional parameters of a graded function."""
        if self.oracle is None:
            return self.handout.parameters.get(name, ()) if self.handout else ()
        code = self.oracle.catalogue.function(name).__code__
        return tuple(code.co_varnames[: code.co_argcount])

    def seeded(self, name: str) -> bool:
        """Whether a graded function takes a seed, and so must leave the global generator alone."""
        if self.oracle is None:
            return False
        code = self.oracle.catalogue.function(name).__code__
        return "seed" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


_operators = lru_cache(maxsize=64)(forbidden_operators)


def in_form_of(actual: Any, expected: Any) -> Any:
    """An accepted value, numbers and 0-dim tensors as the reference has them, tensors float64."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(actual, torch.Tensor):
            return torch.tensor(actual, dtype=expected.dtype)
        return actual.to(expected.dtype) if expected.is_floating_point() else actual
    if isinstance(actual, torch.Tensor):
        return actual.item()
    if isinstance(expected, Mapping):
        return {k: in_form_of(actual[k], expected[k]) for k in expected}
    if isinstance(expected, list | tuple):
        return [in_form_of(a, e) for a, e in zip(actual, expected, strict=True)]
    return actual


class Student:
    """The fixture `student`: `student.f(…)` and `student.raw.f(…)`."""

    def __init__(self, subject: Subject, accept: bool = True) -> None:
        self._subject = subject
        self._accept = accept

    @property
    def raw(self) -> Student:
        """Calls whose value is any plain data."""
        return Student(self._subject, accept=False)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if self._accept:
                return self._subject.accepted(name, arguments, keywords)
            reply = self._subject.call(name, arguments, keywords).reply
            return reply.value if reply else None

        return call


class Reference:
    """The fixture `reference`: `reference.f(…)` in float64 on the CPU."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if self._subject.oracle is None:
                raise BrokenAssignment("a public test needs the reference", "Write the value down")
            return self._subject.oracle.value(name, arguments, keywords)

        return call
