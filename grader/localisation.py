"""Says where a result is wrong, and what those places have in common.

Places are indices, borders, rows, and sets of entries that an input picks out: the negative ones,
the zeros, the labels. Between calls it is a condition on the arguments: only where `lam` is not 0.
No value of an input is quoted (curriculum 11, steps 5 and 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from grader.compare import Mismatch, as_tensor, entry_errors, kind_of, leaves
from grader.observation import Observation, subject
from grader.result import Diagnosis, Text

OVERFLOW = {torch.float64: 700.0, torch.float32: 88.0, torch.float16: 11.0}
"""From which size of its argument exp is infinite."""


def explain_nonfinite(mismatch: Mismatch, observation: Observation | None) -> Diagnosis:
    """The diagnosis of NaN and infinities where the reference has none, or the reverse."""
    a, b = as_tensor(mismatch.actual), as_tensor(mismatch.expected)
    who = subject(mismatch.leaf)
    bad = ~a.isfinite() & ((a != b) | a.isnan())
    if not bad.any():
        message = Text(
            f"{who.zh}在精确结果为无穷的地方是有限的。",
            f"{who.en} is finite where the exact result is infinite.",
        )
        return Diagnosis("nonfinite.missing", message)
    nan = bool(a[bad].isnan().all())
    what = Text("NaN", "NaN") if nan else Text("NaN 或无穷", "NaN or infinite")
    everywhere = Text("处处", " everywhere") if a.numel() > 1 else Text("", "")
    place = everywhere if bad.all() else _rows(bad)
    message = Text(f"{who.zh}{place.zh}是 {what.zh}。", f"{who.en} is {what.en}{place.en}.")
    hint = None if observation is None else _cause(bad, observation)
    return Diagnosis("nonfinite", message, hint)


def locate(mismatch: Mismatch, observation: Observation | None) -> Diagnosis | None:
    """Which entries of a leaf of the right shape are wrong; None where they form no pattern."""
    a, b = as_tensor(mismatch.actual), as_tensor(mismatch.expected)
    tolerance = 0.0 if observation is None else observation.tolerance
    scale = None if observation is None else observation.scale
    bad = ~(entry_errors(a, b, scale) <= tolerance) if kind_of(b) == "floating" else a != b
    if bad.all() or not bad.any():
        return None
    who = subject(mismatch.leaf)
    if observation is not None:
        picked = next(_picked(bad, observation), None)
        if picked is not None:
            return _only(picked[0], who, picked[1])
    for axis in range(bad.ndim):
        place = _slab(_along(bad, axis), axis, bad.ndim)
        if place is not None:
            return _only(f"location.{place[0]}", who, place[1])
    if bad.ndim >= 2 and min(bad.shape[-2:]) >= 3 and not bad[..., 1:-1, 1:-1].any():
        border = Text(
            "边缘（最后两轴）：检查填充", "at the border of the last two axes: check the padding"
        )
        return _only("location.border", who, border)
    for axis in range(bad.ndim):
        place = _slab(~_along(bad, axis), axis, bad.ndim)
        if place is not None:
            zh, en = f"{who.zh}只有{place[1].zh}是对的。", f"{who.en} is right only {place[1].en}."
            return Diagnosis(f"location.only_{place[0]}", Text(zh, en))
    return None


def condition(observation: Observation, others: tuple[Observation, ...]) -> Text | None:
    """What all failing calls have in common and no passing one has, such as "`lam` is not 0"."""
    calls = [o for o in others if o.function == observation.function and not o.raised]
    failing = [o for o in calls if o.mismatches]
    passing = [o for o in calls if not o.mismatches]
    if not failing or not passing:
        return None
    for name, wording, holds in _features(observation):
        if all(holds(o) for o in failing) and not any(holds(o) for o in passing):
            return Text(
                f"在已做的调用中，只有当 `{name}` {wording.zh} 时才出错。",
                f"In the calls that were made, it is wrong only where `{name}` {wording.en}.",
            )
    return None


def agreeing(observation: Observation) -> Text | None:
    """The leaves that are right, where some are."""
    wrong = {m.leaf for m in observation.mismatches}
    right = [path for path, _ in leaves(observation.expected) if path not in wrong]
    if not wrong or not right or "" in wrong or len(right) > 6:
        return None
    names = ", ".join(f"`{path}`" for path in right)
    return Text(f"正确的部分：{names}。", f"What is right: {names}.")


def _only(code: str, who: Text, place: Text) -> Diagnosis:
    message = Text(f"{who.zh}只有一部分出错：{place.zh}。", f"{who.en} is wrong only {place.en}.")
    return Diagnosis(code, message)


def _rows(bad: torch.Tensor) -> Text:
    wrong = bad.reshape(bad.shape[0], -1).any(dim=1)
    n, total = int(wrong.sum()), len(wrong)
    if n < total and bad.ndim > 1:
        return Text(f"有 {n} 行（共 {total} 行）", f" in {n} of {total} rows")
    n, total = int(bad.sum()), bad.numel()
    return Text(f"有 {n} 个元素（共 {total} 个）", f" at {n} of {total} entries")


def _cause(bad: torch.Tensor, observation: Observation) -> Text | None:
    """What the inputs behind the entries that are not finite have in common."""
    for name, x in observation.tensors:
        if x.is_floating_point() and x.numel():
            largest = x.abs().reshape(x.shape[0], -1).amax(dim=1)
            zeros = (x == 0).reshape(x.shape[0], -1).any(dim=1)
            rows = bad.reshape(bad.shape[0], -1).any(dim=1) if bad.ndim else bad.reshape(1)
            matched = rows.shape == largest.shape and not rows.all()
            if (not matched and zeros.any()) or (matched and torch.equal(zeros, rows)):
                return Text(
                    f"`{name}` 的这些行含有 0：检查 log 0、0/0 或除以 0。"
                    if matched
                    else f"`{name}` 含有 0：检查 log 0、0/0 或除以 0。",
                    f"`{name}` holds zeros there: check for log 0, 0/0, or a division by 0.",
                )
            limit = OVERFLOW.get(x.dtype, 700.0)
            over = largest > limit
            ordered = matched and bool(largest[rows].min() > largest[~rows].max())
            if over.any() if not matched else ordered or torch.equal(over, rows):
                return Text(
                    f"`{name}` 在那里的绝对值最大：检查 exp 的溢出。",
                    f"`{name}` is largest there in absolute value: check for an overflow of exp.",
                )
    return _degenerate(observation)


def _degenerate(observation: Observation) -> Text | None:
    """Arguments at the edge of what is allowed."""
    for name, v in observation.numbers:
        if v in (0, 1):
            return Text(
                f"这里 `{name}` 等于 {v:g}：检查除以 0 的情形。",
                f"`{name}` is {v:g} here: check for a division by 0.",
            )
    for name, x in observation.tensors:
        if x.numel() == 0:
            return Text(f"`{name}` 是空的。", f"`{name}` is empty.")
        if x.shape[0] == 1:
            return Text(
                f"`{name}` 只有一行：检查方差或除以 N-1。",
                f"`{name}` has one row only: check variances and divisions by N-1.",
            )
    return None


def _picked(bad: torch.Tensor, observation: Observation) -> Iterator[tuple[str, Text]]:
    """Sets of entries that an input picks out and that hold exactly the wrong ones."""
    for name, x in observation.tensors:
        if x.shape == bad.shape and x.is_floating_point():
            for code, mask, zh, en in (
                ("location.negative", x < 0, "为负", "is negative"),
                ("location.positive", x > 0, "为正", "is positive"),
                ("location.zero", x == 0, "等于 0", "is 0"),
            ):
                if torch.equal(bad, mask):
                    yield code, Text(f"`{name}` {zh}的位置", f"where `{name}` {en}")
        if x.dtype == torch.int64 and bad.ndim == 2 and x.shape == bad.shape[:1]:
            label = torch.arange(bad.shape[1]) == x[:, None]
            if torch.equal(bad, label):
                yield (
                    "location.labels",
                    Text(f"`{name}` 所指的类别", f"at the classes in `{name}`"),
                )
            if torch.equal(bad, ~label):
                yield (
                    "location.other_classes",
                    Text(f"`{name}` 以外的类别", f"at the classes other than `{name}`"),
                )


def _along(bad: torch.Tensor, axis: int) -> torch.Tensor:
    """Which places of an axis hold anything that is wrong."""
    others = [i for i in range(bad.ndim) if i != axis]
    return bad.any(dim=others) if others else bad


def _slab(marked: torch.Tensor, axis: int, rank: int) -> tuple[str, Text] | None:
    """Whether the marked places of an axis are its first or its last ones, and few."""
    n = len(marked)
    places = marked.nonzero().reshape(-1).tolist()
    k = len(places)
    if not 0 < k <= max(1, n // 2) or n < 3:
        return None
    row = axis == 0 and rank > 1
    rows = ("rows" if k > 1 else "row") if row else ("entries" if k > 1 else "entry")
    count = f"{k} {rows}" if k > 1 else rows
    along = Text("", "") if axis == 0 else Text(f"沿轴 {axis} 的", f" along axis {axis}")
    unit = "行" if row else "项"
    if places == list(range(n - k, n)):
        return "last", Text(f"{along.zh}最后 {k} {unit}", f"in the last {count}{along.en}")
    if places == list(range(k)):
        return "first", Text(f"{along.zh}最前 {k} {unit}", f"in the first {count}{along.en}")
    return None


def _features(
    observation: Observation,
) -> Iterator[tuple[str, Text, Callable[[Observation], bool]]]:
    """Conditions on the arguments that calls may share."""

    def number(name: str, test: Callable[[float], bool]) -> Callable[[Observation], bool]:
        return lambda o: any(n == name and test(v) for n, v in o.numbers)

    def size(name: str, axis: int) -> Callable[[Observation], bool]:
        return lambda o: any(
            n == name and x.ndim > axis and x.shape[axis] > 1 for n, x in o.tensors
        )

    def flag(name: str, value: bool) -> Callable[[Observation], bool]:
        return lambda o: (name, value) in o.flags

    for name, value in observation.flags:
        yield name, Text(f"为 {value}", f"is {value}"), flag(name, value)
    for name in (n for n, _ in observation.numbers if "[" not in n):
        yield name, Text("不为 0", "is not 0"), number(name, lambda v: v != 0)
        yield name, Text("等于 0", "is 0"), number(name, lambda v: v == 0)
        yield name, Text("大于 1", "is greater than 1"), number(name, lambda v: v > 1)
    for name, x in observation.tensors:
        for axis in range(x.ndim):
            wording = Text(f"第 {axis} 轴长于 1", f"has more than one entry along axis {axis}")
            yield name, wording, size(name, axis)
