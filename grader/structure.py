"""Explains values of another type, with other keys, of another length or another dtype.

Of the student's value only what cannot carry a hidden input out is quoted: keys and type names
are the student's words, so a sentence about them uses ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import torch

from grader.codec import Opaque
from grader.compare import Mismatch, kind_of
from grader.observation import subject
from grader.result import Diagnosis, Text


def explain_structure(mismatch: Mismatch, hidden: bool) -> Diagnosis:
    """The diagnosis of a value of another type, another set of keys or another length."""
    actual, expected = mismatch.actual, mismatch.expected
    who = subject(mismatch.leaf)
    if mismatch.missing:
        return _missing_key(mismatch, hidden)
    if actual is None:
        message = Text(f"{who.zh}是 None。", f"{who.en} is None.")
        return Diagnosis(
            "structure.none", message, Text("忘了写 return？", "Is a return missing?")
        )
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        keys = ", ".join(f"`{key}`" for key in expected)
        message = Text(f"{who.zh}中有多余的键。", f"{who.en} has keys that are not asked for.")
        return Diagnosis(
            "structure.extra_key", message, Text(f"应有的键：{keys}。", f"Asked for: {keys}.")
        )
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        many = len(actual) > len(expected)
        n = len(expected)
        message = Text(
            f"{who.zh}应有 {n} 项，你的{'多' if many else '少'}了。",
            f"{who.en} should have {n} items and has {'more' if many else 'fewer'}.",
        )
        return Diagnosis("structure.length", message)
    got, wanted = _type(actual), _type(expected)
    message = Text(
        f"{who.zh}应是{wanted.zh}，却是{got.zh}。",
        f"{who.en} should be {wanted.en}, but is {got.en}.",
    )
    return Diagnosis("structure.type", message, _type_hint(actual, expected))


def explain_dtype(mismatch: Mismatch) -> Diagnosis:
    """The diagnosis of integers for floating numbers and the like."""
    who = subject(mismatch.leaf)
    got, wanted = _NUMBERS[kind_of(mismatch.actual)], _NUMBERS[kind_of(mismatch.expected)]
    message = Text(
        f"{who.zh}应是{wanted.zh}，却是{got.zh}。",
        f"{who.en} should hold {wanted.en}, but holds {got.en}.",
    )
    hint = _CONVERSIONS[kind_of(mismatch.expected)]
    return Diagnosis("dtype", message, hint)


def _missing_key(mismatch: Mismatch, hidden: bool) -> Diagnosis:
    key = mismatch.leaf.rsplit(".", 1)[-1]
    keys = [k for k in mismatch.actual if isinstance(k, str)]
    near = difflib.get_close_matches(key, keys, 1, 0.6)
    if not near:
        near = [k for k in keys if k.casefold() == key.casefold()][:1]
    message = Text(
        f"返回的字典缺少键 `{mismatch.leaf}`。", f"The dict lacks the key `{mismatch.leaf}`."
    )
    if not near:
        return Diagnosis("structure.missing_key", message)
    name = Text("", "") if hidden else Text(f" `{near[0]}`", f", `{near[0]}`,")
    hint = Text(
        f"你的一个键{name.zh}与它很像：检查拼写和大小写。",
        f"One of your keys{name.en} is very like it: check spelling and case.",
    )
    return Diagnosis("structure.misspelt_key", message, hint)


_NUMBERS = {
    "floating": Text("浮点数", "floating numbers"),
    "integer": Text("整数", "integers"),
    "bool": Text("布尔值", "truth values"),
}

_CONVERSIONS = {
    "floating": Text(
        "转换成输入的 dtype：x.to(y.dtype)。", "Convert to the dtype of the input: x.to(y.dtype)."
    ),
    "integer": Text(
        "用 .long() 或 int() 转换，或检查除法 / 与 //。",
        "Convert with .long() or int(), or check / against //.",
    ),
    "bool": Text("返回比较的结果本身。", "Return the result of the comparison itself."),
}

_NOT_CALLED = Text(
    "返回的是函数本身：少了括号？", "This is the function itself: are parentheses missing?"
)
_NUMPY = Text("用 torch.from_numpy 变成张量。", "Turn it into a tensor: torch.from_numpy.")

_HANDED_OUT = {
    "generator": Text("把生成器变成列表：list(…)。", "Turn the generator into a list: list(…)."),
    "function": _NOT_CALLED,
    "method": _NOT_CALLED,
    "builtin_function_or_method": _NOT_CALLED,
    "numpy.ndarray": _NUMPY,
    "ndarray": _NUMPY,
}
"""What to do about types that students hand in by accident; other type names are not quoted."""


def _type_hint(actual: Any, expected: Any) -> Text | None:
    if isinstance(actual, Opaque):
        return _HANDED_OUT.get(actual.type_name.removeprefix("builtins."))
    if isinstance(actual, list | tuple) and isinstance(expected, torch.Tensor):
        return Text(
            "用 torch.stack 或 torch.tensor 变成张量。",
            "Make it a tensor with torch.stack or torch.tensor.",
        )
    if isinstance(expected, Mapping):
        keys = ", ".join(f"`{key}`" for key in expected)
        return Text(f"应有的键：{keys}。", f"Asked for: {keys}.")
    return None


def _type(value: Any) -> Text:
    if isinstance(value, Mapping):
        return Text("字典", "a dict")
    if isinstance(value, list | tuple):
        return Text("列表", "a list")
    if isinstance(value, torch.Tensor):
        return Text("张量", "a tensor")
    if isinstance(value, str):
        return Text("字符串", "a string")
    if isinstance(value, Opaque):
        name = value.type_name.removeprefix("builtins.")
        return (
            Text(name, name)
            if name in _HANDED_OUT
            else Text("其他类型的对象", "an object of another type")
        )
    return Text("None", "None") if value is None else Text("一个数", "a number")
