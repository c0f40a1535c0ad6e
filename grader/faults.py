"""Exceptions of student code in our words.

While student code holds a hidden input, anything it writes may carry that input out, the message
of an exception and the name of a home-made exception class included. So a diagnosis is made of a
known type name, the place in the student's own notebook, and a sentence of ours that a message is
recognised to call for; the message itself is evidence for instructors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.errors import (
    MemoryLimitExceeded,
    NotAttempted,
    OutputLimitExceeded,
    RunTimeError,
    SubmissionFault,
)
from grader.result import Diagnosis, Place, Text

KNOWN = frozenset(
    (
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BufferError",
        "EOFError",
        "FloatingPointError",
        "ImportError",
        "IndexError",
        "KeyError",
        "KeyboardInterrupt",
        "LookupError",
        "ModuleNotFoundError",
        "NameError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "RecursionError",
        "ReferenceError",
        "RuntimeError",
        "StopIteration",
        "SyntaxError",
        "SystemError",
        "SystemExit",
        "TypeError",
        "UnboundLocalError",
        "UnicodeError",
        "ValueError",
        "ZeroDivisionError",
    )
)
"""Types whose names are shown."""


@dataclass(frozen=True)
class Raised:
    """An exception as the guest described it; nothing of it is trusted."""

    type: str
    message: str = ""
    cell: int | None = None
    """Number of the cell in which it was raised."""
    line: int | None = None
    stub: bool = False
    """Whether it was exactly NotImplementedError."""


_HINTS: tuple[tuple[str, Text], ...] = (
    (
        r"mat1 and mat2|size mismatch|shapes? cannot be multiplied|inconsistent tensor size",
        Text(
            "矩阵乘法的形状对不上：写下每个因子的形状，检查是否漏了或多了转置。",
            "The shapes of a matrix product do not fit: write down the shape of every factor and "
            "look for a missing or an extra transpose.",
        ),
    ),
    (
        r"must match the size of tensor|broadcast|expand",
        Text(
            "两个张量的形状无法广播：检查是否需要 reshape、unsqueeze 或 keepdim。",
            "Two shapes cannot be broadcast: is a reshape, unsqueeze or keepdim missing?",
        ),
    ),
    (
        r"expected .*(scalar type|dtype)|dtypes? .*(same|match)|result type .* can't be cast",
        Text(
            "张量的 dtype 不一致：新建的张量要用 dtype=x.dtype。",
            "Tensors of different dtype meet: create new tensors with dtype=x.dtype.",
        ),
    ),
    (
        r"does not require grad|inference tensor|requires_grad",
        Text(
            "本题要求手写梯度，评分时不能使用自动求导。",
            "This question asks for the gradient by hand: autograd does not work here.",
        ),
    ),
    (
        r"out of (bounds|range)",
        Text(
            "下标越界：检查循环的上界，以及批大小为 1 等情形。",
            "An index is out of range: check loop bounds, and cases such as a batch of one.",
        ),
    ),
    (
        r"positional argument|keyword argument",
        Text(
            "参数个数或名字与题目不符：不要改动函数的签名。",
            "The number or names of the arguments differ: leave the signature as it was given.",
        ),
    ),
    (
        r"view size is not compatible",
        Text(
            "输入可能不是连续存储的：用 reshape 代替 view。",
            "The input may not be contiguous: use reshape instead of view.",
        ),
    ),
    (
        r"'(NoneType|float|int)' object has no attribute",
        Text(
            "某个值不是张量：检查是否漏了 return，或参数可能是 Python 数。",
            "Some value is no tensor: a return is missing, or an argument is a Python number.",
        ),
    ),
    (
        r"name '.*' is not defined|cannot access local variable",
        Text(
            "用到了没有定义的名字：定义它的单元是否排在后面或报错了？",
            "A name is not defined: does its cell come later, or did it fail?",
        ),
    ),
)

_NO_PROCESS = ("BlockingIOError: [Errno 11]", "RuntimeError: can't start new thread")
_FULL_DISK = re.compile(r"OSError: \[Errno (27|28|122)\]")
_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)


def fault_of_exception(name: str, raised: Raised, printed: str = "") -> SubmissionFault:
    """The fault that an exception in the student's function `name` stands for."""
    evidence = f"{raised.type}: {raised.message}" + (f"\n{printed}" if printed else "")
    if raised.stub:
        return NotAttempted(_not_written(name), evidence)
    if raised.type == "MemoryError" or _MEMORY.search(raised.message):
        return MemoryLimitExceeded(_memory(name), evidence)
    if is_full_disk(f"{raised.type}: {raised.message}"):
        return OutputLimitExceeded(_disk(name), evidence)
    return RunTimeError(_exception(name, raised), evidence)


def is_full_disk(error: str) -> bool:
    """Whether `TypeName: message` is what a program is told that has written too much."""
    return _FULL_DISK.match(error) is not None


def is_out_of_processes(error: str) -> bool:
    """Whether `TypeName: message` is what a program is told that may start no more processes."""
    return error.startswith(_NO_PROCESS)


def _disk(name: str) -> Diagnosis:
    return Diagnosis(
        "call_disk",
        Text(
            f"`{name}` 写入文件的数据超过了上限。", f"`{name}` wrote more to files than allowed."
        ),
        Text("函数不需要写文件。", "The function need not write files."),
    )


def _not_written(name: str) -> Diagnosis:
    return Diagnosis(
        "not_implemented",
        Text(f"`{name}` 还没有完成。", f"`{name}` has not been written yet."),
        Text(
            "用自己的代码替换 `raise NotImplementedError`。",
            "Replace `raise NotImplementedError` with your code.",
        ),
    )


def _memory(name: str) -> Diagnosis:
    return Diagnosis(
        "call_memory",
        Text(f"`{name}` 需要的内存超过了上限。", f"`{name}` asked for more memory than allowed."),
        Text(
            "检查是否由于广播产生了巨大的中间张量。",
            "Does broadcasting create a huge intermediate tensor?",
        ),
    )


def _exception(name: str, raised: Raised) -> Diagnosis:
    known = raised.type in KNOWN
    kind_zh, kind_en = (f" {raised.type}", raised.type) if known else ("异常", "an exception")
    place = Place(raised.cell, raised.line) if raised.cell and raised.line else None
    where_zh = f"（第 {raised.cell} 个单元第 {raised.line} 行）" if place else ""
    where_en = f" (cell {raised.cell}, line {raised.line})" if place else ""
    if raised.type == "RecursionError":
        hint: Text | None = Text(
            "递归没有终止条件，或层数太多。", "A recursion has no end, or goes too deep."
        )
    else:
        hint = next((h for p, h in _HINTS if re.search(p, raised.message)), None)
    return Diagnosis(
        "exception",
        Text(f"`{name}` 抛出了{kind_zh}{where_zh}。", f"`{name}` raised {kind_en}{where_en}."),
        hint,
        place=place,
    )
