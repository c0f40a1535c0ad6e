"""The rows H1 to H4 (curriculum 0.6): dtype, arguments, precision, repeatability.

They look at what the other checks have called. A function that does not run has lost its own
points already and is left out; one whose values are wrong is not charged again for precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from grader.callgraph import callers
from grader.checks.trial import Trial
from grader.compare import compare, floating_leaves, identical
from grader.course import Function
from grader.errors import NotAttempted, SubmissionFault, WrongAnswer
from grader.proxy import Record, Subject
from grader.result import Diagnosis, Text
from grader.tolerance import PRECISION

CALLS = 3
"""Recorded calls of a function that are called again."""


class Hygiene:
    """The fixture `hygiene`."""

    def __init__(self, subject: Subject, trial: Trial) -> None:
        self._subject = subject
        self._trial = trial
        # Taken now: what the hygiene rows themselves call must not become evidence for them.
        self._records = [
            r
            for r in subject.records
            if r.check != trial.mark.id and r.function in subject.assignment.functions
        ]

    def _running(self) -> Iterator[tuple[Function, list[Record]]]:
        """The functions that ran, with the calls that came back.

        Raises:
            NotAttempted: none did.
        """
        found = False
        for name, function in self._subject.assignment.functions.items():
            records = [r for r in self._records if r.function == name]
            if records and all(r.fault is None for r in records):
                found = True
                yield function, records
        self._trial.evidence = True
        if not found:
            raise NotAttempted(
                Diagnosis(
                    "nothing_runs",
                    Text("还没有可以检查的函数。", "There is no function to look at yet."),
                )
            )

    def dtype_and_device(self) -> None:
        """H1: float64 in gives float64 out, float32 in float32 out, on the same device."""
        for function, records in list(self._running()):
            if not function.floating or function.trains:
                continue
            double = [r for r in records if r.compared and not r.single and _floating(r)]
            for record in double:
                _require_dtype(function, record.reply, torch.float64, self._subject.device)
            for record in double[:CALLS]:
                self._single(function, record)

    def _single(self, function: Function, record: Record) -> None:
        arguments = narrowed(record.arguments)
        try:
            again = self._subject.call(function.name, arguments, narrowed(record.keywords))
        except SubmissionFault as fault:
            raise WrongAnswer(
                _finding(
                    "dtype",
                    f"`{function.name}` 对 float32 输入报错，对 float64 输入正常。",
                    f"`{function.name}` fails on float32 inputs though float64 works.",
                    "新建的张量要用 dtype=x.dtype, device=x.device。",
                    "Create new tensors with dtype=x.dtype, device=x.device.",
                ),
                fault.evidence,
            ) from None
        _require_dtype(function, again.reply, torch.float32, self._subject.device)

    def arguments_unchanged(self) -> None:
        """H2: arguments are bitwise the same after each call."""
        for function, records in list(self._running()):
            for record in records:
                if record.reply is not None and record.reply.changed:
                    names = self._subject.parameter_names(function.name)
                    which = record.reply.changed[0]
                    # Another name than those that were sent is a word of student code.
                    shown = which if which in record.keywords else ""
                    raise WrongAnswer(_changed(function, which, names, shown))

    def precision(self) -> None:
        """H3: float64 results are as precise as float64 allows.

        A function that is wrong, or that calls one that is, has been charged for that already.
        """
        wrong = {r.function for r in self._records if r.failed}
        charged = callers(self._subject.source, wrong)
        for function, records in list(self._running()):
            if not function.precise or function.name in charged:
                continue
            for record in records:
                if not record.compared or record.single or record.reply is None:
                    continue
                off = compare(
                    record.reply.value,
                    record.expected,
                    tolerance=PRECISION,
                    scale=function.scale,
                    only=record.only,
                )
                if off:
                    raise WrongAnswer(_imprecise(function))

    def repeatable(self) -> None:
        """H4: equal calls give identical results, and the global generator is left alone."""
        for function, records in list(self._running()):
            if function.trains:
                continue
            moved = any(r.reply is not None and r.reply.rng_moved for r in records)
            if moved and self._subject.seeded(function.name):
                raise WrongAnswer(_unseeded(function))
            for record in records[:CALLS]:
                again = self._subject.call(
                    function.name, record.arguments, record.keywords, seed=20260101
                )
                first = record.reply.value if record.reply else None
                if again.reply is None or not identical(first, again.reply.value):
                    raise WrongAnswer(_unseeded(function))


def _floating(record: Record) -> bool:
    """Whether every floating input is a float64 tensor and there is one."""
    return any(t.is_floating_point() for t in _tensors(record.arguments, record.keywords))


def _tensors(*values: Any) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from _tensors(*value.values())
        elif isinstance(value, list | tuple):
            yield from _tensors(*value)


def narrowed(value: Any) -> Any:
    """A copy in which every float64 tensor is float32."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype is torch.float64 else value
    if isinstance(value, list | tuple):
        return type(value)(narrowed(v) for v in value)
    if isinstance(value, Mapping):
        return {k: narrowed(v) for k, v in value.items()}
    return value


def _require_dtype(function: Function, reply: Any, dtype: torch.dtype, device: str) -> None:
    if reply is None:
        return
    for leaf in floating_leaves(reply.value):
        if leaf.dtype is not dtype:
            wanted = str(dtype).removeprefix("torch.")
            got = str(leaf.dtype).removeprefix("torch.")
            raise WrongAnswer(
                _finding(
                    "dtype",
                    f"输入是 {wanted} 时，`{function.name}` 返回了 {got}。",
                    f"Given {wanted}, `{function.name}` returned {got}.",
                    "新建的张量要用 dtype=x.dtype，不要用 .float() 转换。",
                    "Create new tensors with dtype=x.dtype and do not convert with .float().",
                )
            )
    if any(where != device for where in reply.devices):
        raise WrongAnswer(
            _finding(
                "device",
                f"`{function.name}` 的结果不在输入所在的设备上。",
                f"The result of `{function.name}` is not on the device of its inputs.",
                "新建的张量要用 device=x.device。",
                "Create new tensors with device=x.device.",
            )
        )


def _changed(function: Function, which: str, names: tuple[str, ...], keyword: str) -> Diagnosis:
    position = int(which) if which.isdecimal() and len(which) < 4 else -1
    shown = names[position] if 0 <= position < len(names) else keyword
    return _finding(
        "argument_changed",
        f"`{function.name}` 改动了传入的参数 `{shown}`。",
        f"`{function.name}` changed its argument `{shown}`.",
        "用 x = x + 1 代替 x += 1，或者先 clone()。",
        "Write x = x + 1 instead of x += 1, or clone() first.",
    )


def _imprecise(function: Function) -> Diagnosis:
    return _finding(
        "precision",
        f"`{function.name}` 在 float64 下的精度不足。",
        f"`{function.name}` loses precision in float64.",
        "中间某处产生了 float32 张量，例如 torch.zeros(n) 或 one_hot(...).float()。",
        "Somewhere a float32 tensor is made, as by torch.zeros(n) or one_hot(...).float().",
    )


def _unseeded(function: Function) -> Diagnosis:
    return _finding(
        "not_repeatable",
        f"`{function.name}` 两次相同的调用结果不同，或使用了全局随机数。",
        f"Two equal calls of `{function.name}` differ, or it draws from the global generator.",
        "用 torch.Generator().manual_seed(seed)，并避免保存在函数之外的状态。",
        "Use torch.Generator().manual_seed(seed), and keep no state outside the function.",
    )


def _finding(code: str, zh: str, en: str, hint_zh: str, hint_en: str) -> Diagnosis:
    return Diagnosis(code, Text(zh, en), Text(hint_zh, hint_en))
