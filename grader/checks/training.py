"""`train` and `quality`: does the student's training reach what it should on data held out?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import torch

from grader.checks.trial import Partly, Trial
from grader.codec import Opaque
from grader.compare import conform
from grader.errors import TimeLimitExceeded, WrongAnswer
from grader.proxy import Subject
from grader.result import Curve, Diagnosis, Text

REPORTS = 5
"""A history has at least so many entries (curriculum 0.2)."""

SHOWN = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "train_", "val_", "valid_", "test_", "d_", "g_")
    for name in ("loss", "accuracy", "acc", "error", "recon", "kl")
)
"""Histories whose curves a report shows. Other names are not ours: a notebook could write a hidden
input into them."""

Finding = tuple[bool, str, str]
"""Whether it holds, and what it means, in Chinese and English."""


@dataclass(frozen=True)
class Trained:
    """A trained model, as the student's code returned it."""

    state: Mapping[str, Any]
    history: Mapping[str, list[float]]
    _predict: Callable[..., Any]

    def predict(self, name: str, *inputs: Any, shape: tuple[int, ...]) -> torch.Tensor:
        """`name(state, *inputs)`, accepted as a floating tensor of this shape, in float64.

        Raises:
            SubmissionFault: there is no such tensor.
        """
        value = self._predict(name, self.state, *inputs)
        mismatch = conform(value, torch.zeros(shape, dtype=torch.float64))
        if mismatch is not None:
            raise WrongAnswer(_form(name, shape, value))
        return torch.as_tensor(value).double()


class Train:
    """The fixture `train`."""

    def __init__(self, subject: Subject, trial: Trial, curves: list[Curve]) -> None:
        self._subject = subject
        self._trial = trial
        self._curves = curves

    def __call__(self, name: str, *inputs: Any, **keywords: Any) -> Trained:
        """Train, and accept state and history.

        A time-out is tried once more: it may have been a hiccup of the machine.

        Raises:
            SubmissionFault: training failed, or returned something else than state and history.
        """
        self._trial.evidence = True
        try:
            record = self._subject.call(name, inputs, keywords)
        except TimeLimitExceeded:
            record = self._subject.call(name, inputs, keywords)
        value = record.reply.value if record.reply else None
        state, history = _accepted(name, value)
        self._remember(history)
        return Trained(state, history, self._call)

    def _call(self, name: str, *inputs: Any) -> Any:
        reply = self._subject.call(name, inputs, {}).reply
        return reply.value if reply else None

    def _remember(self, history: Mapping[str, list[float]]) -> None:
        for key, values in history.items():
            if key not in SHOWN:
                continue
            name = f"{self._trial.within or ''} {key}".strip()
            if len(self._curves) < 12 and all(c.name != name for c in self._curves):
                self._curves.append(Curve(self._trial.mark.id, name, tuple(values[:2000])))


def _accepted(name: str, value: Any) -> tuple[Mapping[str, Any], Mapping[str, list[float]]]:
    if not isinstance(value, dict) or {"state", "history"} - value.keys():
        raise WrongAnswer(
            _wrong(
                f"`{name}` 应返回含有 `state` 和 `history` 的字典。",
                f"`{name}` must return a dict with `state` and `history`.",
            )
        )
    state, history = value["state"], value["history"]
    if not isinstance(state, dict) or not all(_is_data(v) for v in state.values()):
        raise WrongAnswer(
            _wrong(
                "`state` 应是由张量、数、字符串和列表组成的字典（模型请用 state_dict()）。",
                "`state` must be a dict of tensors, numbers, strings and lists "
                "(of a module: its state_dict()).",
            )
        )
    if not isinstance(history, dict) or not all(_is_series(v) for v in history.values()):
        raise WrongAnswer(
            _wrong("`history` 应是由数的列表组成的字典。", "`history` is a dict of number lists.")
        )
    loss = [float(v) for v in history.get("loss") or history.get("d_loss") or []]
    if len(loss) < REPORTS:
        raise WrongAnswer(
            _wrong(
                f"`history['loss']` 至少要有 {REPORTS} 个值（每轮一个）。",
                f"`history['loss']` needs at least {REPORTS} entries, one per epoch.",
            )
        )
    if not math.isfinite(loss[-1]):
        raise WrongAnswer(_not_finite(from_the_start=not math.isfinite(loss[0])))
    return state, {k: [float(v) for v in series] for k, series in history.items()}


def _is_data(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_data(v) for v in value)
    return isinstance(value, torch.Tensor | int | float | str) and not isinstance(value, Opaque)


def _is_series(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(v, int | float) or (isinstance(v, torch.Tensor) and v.numel() == 1)
        for v in value
    )


def _wrong(
    zh: str, en: str, hint_zh: str = "", hint_en: str = "", code: str = "structure"
) -> Diagnosis:
    return Diagnosis(code, Text(zh, en), Text(hint_zh, hint_en) if hint_zh else None)


def _not_finite(*, from_the_start: bool) -> Diagnosis:
    zh, en = "训练结束时损失不是有限数。", "The loss is not finite at the end of training."
    if from_the_start:
        hint = Text(
            "从第一轮起就是 NaN：有的特征恒为常数（例如图片边缘的像素），标准差为 0，"
            "除法得到 NaN。",
            "It is NaN from the first epoch on: some features are constant (such as pixels at the "
            "border), their standard deviation is 0, and the division gives NaN.",
        )
    else:
        hint = Text(
            "损失先有限后发散：减小学习率，或检查是否对 0 取了对数。",
            "It diverged on the way: lower the learning rate, or look for a log of 0.",
        )
    return Diagnosis("nonfinite_loss", Text(zh, en), hint)


def _form(name: str, shape: tuple[int, ...], value: Any) -> Diagnosis:
    """What came is not told in sizes or names: student code could write a hidden input there."""
    tensor = isinstance(value, torch.Tensor)
    floating = tensor and value.is_floating_point()
    if not tensor:
        got = Text("得到的不是张量", "and returned no tensor")
    elif not floating:
        got = Text("得到的不是浮点数", "and returned other numbers")
    elif value.ndim != len(shape):
        got = Text("得到的轴数不同", "and returned another number of axes")
    else:
        wrong = ", ".join(str(i) for i, n in enumerate(shape) if value.shape[i] != n)
        got = Text(f"轴 {wrong} 的长度不对", f"and the size of axis {wrong} is another")
    return Diagnosis(
        "shape",
        Text(
            f"`{name}` 应返回形状为 {shape} 的浮点张量，{got.zh}。",
            f"`{name}` must return a floating tensor of shape {shape}, {got.en}.",
        ),
    )


class Quality:
    """The fixture `quality`: points by threshold."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def __call__(
        self,
        value: float,
        thresholds: Mapping[float, float],
        zh: str,
        en: str,
        findings: Sequence[Finding] = (),
        lower_is_better: bool = False,
    ) -> None:
        """Award the points of the best threshold that `value` reaches.

        Args:
            value: the measured quality; NaN reaches nothing.
            thresholds: points by threshold; the largest number of points is the full one.
            zh: what was measured, in Chinese.
            en: what was measured, in English.
            findings: the first that holds explains a failure.
            lower_is_better: for distances and errors.

        Raises:
            SubmissionFault: the threshold for full points was missed.
        """
        reached = [
            Decimal(str(points))
            for threshold, points in thresholds.items()
            if (value <= threshold if lower_is_better else value >= threshold)
        ]
        full = Decimal(str(max(thresholds.values())))
        earned = max(reached, default=Decimal(0))
        if earned == full:
            return
        best = max(thresholds, key=lambda t: thresholds[t])
        diagnosis = _missed(value, best, zh, en, findings, lower_is_better)
        raise Partly(WrongAnswer(diagnosis), self._trial.worth() * earned / full)


def _missed(
    value: float,
    threshold: float,
    zh: str,
    en: str,
    findings: Sequence[Finding],
    lower_is_better: bool,
) -> Diagnosis:
    bound_zh, bound_en = ("不超过", "at most") if lower_is_better else ("至少", "at least")
    hint = next((Text(z, e) for holds, z, e in findings if holds), None)
    return Diagnosis(
        "threshold",
        Text(
            f"{zh}为 {value:.3g}，要求{bound_zh} {threshold:g}。",
            f"{en} is {value:.3g}; {bound_en} {threshold:g} is asked for.",
        ),
        hint,
    )
