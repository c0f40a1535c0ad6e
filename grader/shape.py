"""Explains a wrong shape: the axis that was kept, dropped, swapped, broadcast or cut.

A size of the student's value is quoted only where it follows from the expected shape or the shape
of an input: sizes could carry a hidden input out.
"""

from __future__ import annotations

import itertools

import torch

from grader.compare import Mismatch, as_tensor, entry_errors
from grader.observation import Observation, subject
from grader.result import Diagnosis, Text
from grader.tolerance import VALUE

Shape = tuple[int, ...]


def explain_shape(mismatch: Mismatch, observation: Observation | None, hidden: bool) -> Diagnosis:
    """The diagnosis of a shape: the axis that was kept, dropped, swapped, broadcast or cut."""
    a, b = as_tensor(mismatch.actual), as_tensor(mismatch.expected)
    got, wanted = tuple(a.shape), tuple(b.shape)
    known = set(wanted)
    if observation is not None:
        known |= {size for _, x in observation.tensors for size in x.shape}
    who = subject(mismatch.leaf)
    yours = _shown(got, known) if hidden else str(got)
    message = Text(
        f"{who.zh}形状是 {yours}，应为 {wanted}。",
        f"{who.en} has shape {yours}, expected {wanted}.",
    )
    tolerance = VALUE if observation is None else observation.tolerance
    code, hint = _pattern(a, b, known, tolerance)
    if code == "shape" and observation is not None:
        code, hint = _wrong_axis(got, wanted, observation) or (code, hint)
    return Diagnosis(code, message, hint)


def _wrong_axis(
    got: Shape, wanted: Shape, observation: Observation
) -> tuple[str, Text | None] | None:
    """One axis that has the size of another axis of an input than it should."""
    differing = [i for i, n in enumerate(got) if len(got) == len(wanted) and n != wanted[i]]
    if len(differing) != 1:
        return None
    axis = differing[0]
    for name, x in observation.tensors:
        sizes = list(x.shape)
        if wanted[axis] in sizes and got[axis] in sizes:
            yours, ours = sizes.index(got[axis]), sizes.index(wanted[axis])
            return "shape.wrong_axis", Text(
                f"轴 {axis} 的长度等于 `{name}` 轴 {yours} 的长度，应等于轴 {ours} 的：求和或平均"
                "用错了轴？",
                f"Axis {axis} has the size of axis {yours} of `{name}`, not that of axis "
                f"{ours}: was a sum or mean taken over the wrong axis?",
            )
    return None


def _pattern(
    a: torch.Tensor, b: torch.Tensor, known: set[int], tolerance: float
) -> tuple[str, Text | None]:
    got, wanted = tuple(a.shape), tuple(b.shape)
    if _squeezed(got) == _squeezed(wanted):
        return "shape.squeeze", Text(
            "只差长度为 1 的轴：检查 keepdim、squeeze、unsqueeze 或 reshape。",
            "Only axes of length 1 differ: check keepdim, squeeze, unsqueeze or reshape.",
        )
    if len(got) == len(wanted) <= 5 and sorted(got) == sorted(wanted):
        orders = [p for p in itertools.permutations(range(len(got))) if _at(got, p) == wanted]
        order = next((p for p in orders if _close(a.permute(p), b, tolerance)), orders[0])
        how = ".T" if len(got) == 2 else f".permute{order}"
        return "shape.transposed", Text(
            f"轴的顺序不同：差一个 {how}？", f"The axes are in another order: is {how} missing?"
        )
    if a.numel() == b.numel():
        return "shape.reshape", Text(
            "元素个数相同：检查 reshape 或 flatten。",
            "The number of entries is right: check reshape or flatten.",
        )
    cut = _cut(a, b, tolerance)
    if cut is not None:
        return cut
    n = got[-1] if got else 0
    if len(got) >= 2 and got[-2:] == (n, n) and n in known and wanted in (got[:-1], ()):
        return "shape.broadcast", Text(
            "形状为 (N,1) 与 (N,) 的张量相运算会广播成 (N,N)：先统一形状。",
            "(N,1) with (N,) broadcasts to (N,N): bring both to one shape first.",
        )
    axes = _dropped(got, wanted)
    if axes:
        return "shape.not_reduced", Text(
            f"缺少对轴 {_list(axes)} 的求和或平均。",
            f"A sum or mean over axis {_list(axes)} is missing.",
        )
    axes = _dropped(wanted, got)
    if axes:
        return "shape.reduced", Text(
            f"多做了一次求和或平均：轴 {_list(axes)} 应保留。",
            f"One reduction too many: axis {_list(axes)} should stay.",
        )
    return "shape", None


def _cut(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> tuple[str, Text | None] | None:
    """One axis too long or too short, and whether the rest agrees at its start or its end."""
    if a.ndim != b.ndim:
        return None
    differing = [i for i in range(a.ndim) if a.shape[i] != b.shape[i]]
    if len(differing) != 1:
        return None
    axis = differing[0]
    n = min(a.shape[axis], b.shape[axis])
    excess = a.shape[axis] - b.shape[axis]
    many = excess > 0
    word = ("extra", "多出", "too many") if many else ("missing", "缺少", "missing")
    for place, zh, en, start in (
        ("end", "末尾", "at the end", True),
        ("start", "开头", "at the start", False),
    ):
        parts = [x.narrow(axis, 0 if start else x.shape[axis] - n, n) for x in (a, b)]
        if n and _close(parts[0], parts[1], tolerance):
            one = abs(excess) == 1
            return f"shape.{word[0]}_at_{place}", Text(
                f"轴 {axis} 的{zh}{word[1]}{'一项' if one else '若干项'}，其余部分一致。",
                f"Along axis {axis}, {'one entry is' if one else 'entries are'} {word[2]} {en}; "
                "the rest agrees.",
            )
    if abs(excess) > 1:
        return None
    return f"shape.{word[0]}", Text(
        f"轴 {axis} {word[1]}一项。", f"Along axis {axis}, one entry is {word[2]}."
    )


def _shown(shape: Shape, known: set[int]) -> str:
    """A shape whose sizes are quoted only where they follow from sizes that we know."""
    near = {0, 1, *known, *(n + 1 for n in known), *(n - 1 for n in known)}
    near |= {m * n for m in known for n in known}
    return (
        "("
        + ", ".join(str(n) if n in near else "?" for n in shape)
        + ("," if len(shape) == 1 else "")
        + ")"
    )


def _squeezed(shape: Shape) -> Shape:
    return tuple(n for n in shape if n != 1)


def _at(shape: Shape, order: tuple[int, ...]) -> Shape:
    return tuple(shape[i] for i in order)


def _dropped(longer: Shape, shorter: Shape) -> tuple[int, ...]:
    """The axes of `longer` that are not in `shorter`; empty where it is not a part of it."""
    for axes in itertools.combinations(range(len(longer)), max(len(longer) - len(shorter), 0)):
        if tuple(n for i, n in enumerate(longer) if i not in axes) == shorter:
            return axes
    return ()


def _list(axes: tuple[int, ...]) -> str:
    return ", ".join(map(str, axes))


def _close(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> bool:
    return bool((entry_errors(a, b) <= tolerance).all())
