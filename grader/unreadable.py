"""What a file is that was handed in as a notebook and is none, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from grader.result import Diagnosis, Text

_SAVE_AGAIN = Text(
    "请在 Jupyter 中打开作业 notebook，确认内容完整，保存后重新提交这个 .ipynb 文件。",
    "Open the notebook in Jupyter, check that it is complete, save it, and hand in that .ipynb "
    "file again.",
)

_KINDS: Mapping[str, tuple[Text, Text]] = MappingProxyType(
    {
        "empty": (Text("提交的文件是空的。", "The file is empty."), _SAVE_AGAIN),
        "large": (
            Text("文件超过 {limit} MiB。", "The file is larger than {limit} MiB."),
            Text(
                "请在 Jupyter 中清除全部输出（Clear All Outputs），保存后重新提交；"
                "不要把数据写进 notebook。",
                "Clear all outputs in Jupyter, save, and hand in again; do not paste data into "
                "the notebook.",
            ),
        ),
        "cells": (
            Text(
                "notebook 的单元格超过 {limit} 个。", "The notebook has more than {limit} cells."
            ),
            _SAVE_AGAIN,
        ),
        "code": (
            Text(
                "notebook 的代码超过 {limit} KiB。",
                "The notebook holds more than {limit} KiB of code.",
            ),
            Text(
                "请删去粘贴在代码里的数据，保存后重新提交。",
                "Remove data that were pasted into the code, save, and hand in again.",
            ),
        ),
        "archive": (
            Text("这个文件是压缩包，不是 notebook。", "The file is an archive, not a notebook."),
            Text(
                "请解压后提交其中的 .ipynb 文件；改扩展名不能转换文件格式。",
                "Unpack it and hand in the .ipynb file; renaming a file does not convert it.",
            ),
        ),
        "document": (
            Text("这个文件是 {what}，不是 notebook。", "The file is {what}, not a notebook."),
            Text(
                "请提交 .ipynb 文件本身，而不是导出、打印或截图的结果。",
                "Hand in the .ipynb file itself, not an export, a print or a screenshot of it.",
            ),
        ),
        "html": (
            Text("这个文件是网页，不是 notebook。", "The file is a web page, not a notebook."),
            Text(
                "请提交 .ipynb 文件本身；从 GitHub 下载时请用 Download raw file，不要另存网页。",
                "Hand in the .ipynb file itself; on GitHub use “Download raw file” instead of "
                "saving the page.",
            ),
        ),
        "script": (
            Text(
                "这个文件是 Python 脚本，不是 notebook。",
                "The file is a Python script, not a notebook.",
            ),
            Text(
                "请把代码放回作业 notebook 的对应单元格，在 Jupyter 中保存后提交 .ipynb 文件。",
                "Put the code into the cells of the assignment's notebook, save it in Jupyter, "
                "and hand in the .ipynb file.",
            ),
        ),
        "shadow": (
            Text(
                "这是 macOS 压缩时附带的“._”文件，不含 notebook 的内容。",
                "This is a “._” file that macOS puts beside the real one; it holds no notebook.",
            ),
            Text(
                "请提交同名但不带“._”的 .ipynb 文件。",
                "Hand in the .ipynb file of the same name without “._”.",
            ),
        ),
        "pointer": (
            Text(
                "这是 Git LFS 的指针文件，不含 notebook 的内容。",
                "This is a Git LFS pointer; it holds no notebook.",
            ),
            Text(
                "请执行 git lfs pull 取得文件，或不用 LFS 重新提交。",
                "Run `git lfs pull`, or commit the notebook without LFS.",
            ),
        ),
        "conflict": (
            Text(
                "文件第 {line} 行有没有解决的 git 合并冲突。",
                "The file holds an unresolved git merge conflict at line {line}.",
            ),
            Text(
                "请解决冲突：选一个版本（git checkout --ours 或 --theirs），"
                "在 Jupyter 中打开检查后重新提交。",
                "Resolve it: take one version (`git checkout --ours` or `--theirs`), open it in "
                "Jupyter, check it, and hand it in again.",
            ),
        ),
        "truncated": (
            Text(
                "notebook 不完整：文件在第 {line} 行中断。",
                "The notebook is incomplete: the file breaks off at line {line}.",
            ),
            Text(
                "下载、复制或保存可能被中断。请在 Jupyter 中打开原文件检查，保存后重新提交。",
                "A download, a copy or saving was probably interrupted. Open the original in "
                "Jupyter, check it, save it, and hand it in again.",
            ),
        ),
        "trailing": (
            Text(
                "notebook 之后还有别的内容（从第 {line} 行起）。",
                "Something follows the end of the notebook, from line {line}.",
            ),
            _SAVE_AGAIN,
        ),
        "damaged": (
            Text(
                "notebook 文件已损坏：第 {line} 行不是合法的 JSON。",
                "The notebook is damaged: line {line} is not JSON.",
            ),
            _SAVE_AGAIN,
        ),
        "deep": (
            Text(
                "notebook 文件的嵌套层数过多，无法读取。",
                "The notebook is nested too deeply to be read.",
            ),
            _SAVE_AGAIN,
        ),
        "json": (
            Text(
                "文件是 JSON，但不是 notebook：里面没有单元格。",
                "The file is JSON but not a notebook: it has no cells.",
            ),
            _SAVE_AGAIN,
        ),
        "text": (
            Text("文件是普通文本，不是 notebook。", "The file is plain text, not a notebook."),
            _SAVE_AGAIN,
        ),
        "unknown": (Text("文件不是 notebook。", "The file is not a notebook."), _SAVE_AGAIN),
    }
)

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "document", "PDF"),
    (b"\x89PNG", "document", "PNG"),
    (b"\xff\xd8\xff", "document", "JPEG"),
    (b"{\\rtf", "document", "RTF"),
    (b"\xd0\xcf\x11\xe0", "document", "Word/Excel"),
    (b"\x00\x05\x16\x07", "shadow", ""),
    (b"PK\x03\x04", "archive", ""),
    (b"PK\x05\x06", "archive", ""),
    (b"Rar!", "archive", ""),
    (b"7z\xbc\xaf\x27\x1c", "archive", ""),
    (b"\x1f\x8b", "archive", ""),
    (b"version https://git-lfs", "pointer", ""),
)
_CONFLICT = re.compile(r"^<{7}(?: |$)", re.MULTILINE)
_HTML = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body|div)\b", re.IGNORECASE)
_PYTHON = re.compile(
    r"^(?:import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|# %%|#!.*python|print\()",
    re.MULTILINE,
)


def unreadable(kind: str, **details: object) -> Diagnosis:
    """The diagnosis for one kind of file that cannot be read."""
    message, hint = _KINDS[kind]
    return Diagnosis(
        code="unreadable_notebook",
        message=Text(message.zh.format(**details), message.en.format(**details)),
        hint=Text(hint.zh.format(**details), hint.en.format(**details)),
    )


def recognise(data: bytes) -> Diagnosis | None:
    """The diagnosis for a file whose first bytes say that it is something else."""
    if not data.strip(b"\0 \t\r\n"):
        return unreadable("empty")
    for signature, kind, what in _SIGNATURES:
        if data.startswith(signature):
            if kind == "archive" and b"word/" in data[:4096]:
                kind, what = "document", "Word"
            return unreadable(kind, what=what)
    return None


def explain(text: str, place: int, *, unterminated: bool = False) -> Diagnosis:
    """Why `text` is not JSON; the parser stopped at `place`, perhaps in a string without end."""
    conflict = _CONFLICT.search(text)
    if conflict:
        return unreadable("conflict", line=_line(text, conflict.start()))
    if _HTML.match(text):
        return unreadable("html")
    if not text.lstrip().startswith(("{", "[")):
        return unreadable("script" if _PYTHON.search(text) else "text")
    if unterminated or place >= len(text.rstrip()) - 1:
        return unreadable("truncated", line=_line(text, len(text)))
    return unreadable("damaged", line=_line(text, place))


def follows(text: str, place: int) -> Diagnosis:
    """The diagnosis for a complete document with something after it, at `place`."""
    conflict = _CONFLICT.search(text)
    if conflict:
        return unreadable("conflict", line=_line(text, conflict.start()))
    return unreadable("trailing", line=_line(text, place))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
