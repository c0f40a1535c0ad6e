"""What a student's cells say that cannot work where they are graded, and what is put in its place.

There is no network, no screen and no Colab. Such a line is replaced by one that does nothing, with
the same indentation and the same number of lines, so that the line numbers of error messages stay
those of the student's notebook. Every repair is reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from grader.magics import PYTHON_BODIES, Magic, cell_magic, magics, parse, without_magics
from grader.result import Text

_INSTALLER = re.compile(
    r"""[!%]{0,2}\s*(?:sudo\s+)?
    (?:(?:\{?\s*sys\.executable\s*\}?|"\{sys\.executable\}"|python[\d.]*)\s+-m\s+)?
    (?:uv\s+pip|pip[\d.]*|conda|mamba|apt|apt-get)\b(?:[ \t]|$)""",
    re.VERBOSE,
)
_SCREEN = re.compile(r"%matplotlib\s+(?!inline\b|agg\b|--list|-l\b)\S+", re.IGNORECASE)
_PLAIN_SCREEN = re.compile(r"%matplotlib\s*$")
_ENDING = re.compile(r"%(?:reset|exit|quit|Exit|Quit)\b")
_SHELL_CELLS = frozenset({"bash", "sh", "!", "script", "system", "sx"})

_COLAB_CALLS = frozenset(
    {"mount", "flush_and_unmount", "upload", "upload_file", "download", "view"}
    | {"authenticate_user", "enable_custom_widget_manager"}
)
_SCREENS = re.compile(r"(?:tk|qt|gtk|wx|mac|nbagg|webagg|module://)", re.IGNORECASE)

_WORDS = ("colab", "exit", "quit", "shutdown", ".use(", "switch_backend")
"""A cell without any of them needs no closer look."""

_SENTENCES: Mapping[str, Text] = MappingProxyType(
    {
        "install": Text(
            "第 {} 格：安装软件包的命令没有执行（评分环境不联网，课程所需的软件包已装好）。",
            "Cell {}: commands that install packages were not run (there is no network; what the "
            "course needs is installed).",
        ),
        "colab": Text(
            "第 {} 格：只能在 Google Colab 里使用的语句没有执行。",
            "Cell {}: statements that work only in Google Colab were not run.",
        ),
        "screen": Text(
            "第 {} 格：交互式绘图后端改成了 inline（评分环境没有屏幕）。",
            "Cell {}: the interactive plotting backend was replaced by inline (there is no "
            "screen).",
        ),
        "ending": Text(
            "第 {} 格：清空变量或退出内核的命令没有执行。",
            "Cell {}: commands that clear all variables or end the kernel were not run.",
        ),
    }
)


@dataclass
class _Edit:
    """Replace the text between two places of a cell; columns count UTF-8 bytes, as in `ast`."""

    kind: str
    node: ast.stmt | ast.expr
    text: str


@dataclass
class Repairer:
    """Repairs the cells of one notebook in their order and remembers what was done."""

    colab: set[str] = field(default_factory=set)
    """Names that cells imported from google.colab."""
    done: dict[str, list[int]] = field(default_factory=dict)

    def repair(self, number: int, source: str) -> str:
        """What is executed instead of cell `number`: as many lines as `source` has."""
        name = cell_magic(source)
        if name in _SHELL_CELLS:
            return self._shell(number, source)
        lines = source.split("\n")
        if name is None or name in PYTHON_BODIES:
            for magic in magics(source):
                self._magic(number, magic, lines)
        return self._python(number, "\n".join(lines))

    def report(self) -> tuple[Text, ...]:
        """One sentence for each kind of repair, naming the cells."""
        return tuple(_sentence(_SENTENCES[kind], self.done[kind]) for kind in sorted(self.done))

    def _note(self, kind: str, number: int) -> None:
        cells = self.done.setdefault(kind, [])
        if number not in cells[-1:]:
            cells.append(number)

    def _shell(self, number: int, source: str) -> str:
        lines = source.split("\n")
        for index, line in enumerate(lines):
            if index and _INSTALLER.match(line.lstrip(" \t")):
                indent = line[: len(line) - len(line.lstrip(" \t"))]
                # `:` keeps an `if` of the shell complete.
                lines[index] = f"{indent}: # {line.lstrip()}"
                self._note("install", number)
        return "\n".join(lines)

    def _magic(self, number: int, magic: Magic, lines: list[str]) -> None:
        if _INSTALLER.match(magic.text):
            value = f"{magic.target}[]" if magic.target else "pass"
            self._note("install", number)
        elif _SCREEN.match(magic.text) or _PLAIN_SCREEN.match(magic.text):
            value = "%matplotlib inline"
            self._note("screen", number)
        elif _ENDING.match(magic.text):
            value = "pass"
            self._note("ending", number)
        else:
            return
        for index in range(magic.first, magic.last + 1):
            lines[index] = f"{magic.indent}# {lines[index].strip()}"
        kept = "" if value.startswith("%") else f"  # {magic.text.splitlines()[0]}"
        lines[magic.first] = f"{magic.indent}{value}{kept}"

    def _python(self, number: int, source: str) -> str:
        if not self.colab and not any(word in source for word in _WORDS):
            return source
        tree = parse(without_magics(source))
        if tree is None:
            return source
        edits = self._edits(tree)
        for edit in reversed(edits):
            source = _replace(source, edit)
        for kind in {edit.kind for edit in edits}:
            self._note(kind, number)
        return source

    def _edits(self, tree: ast.Module) -> list[_Edit]:
        guarded = _inside(tree, ast.Try)
        quoted = _inside(tree, ast.JoinedStr)  # Python 3.11 gives no true columns there
        found = [
            _Edit("colab", node, "pass")
            for node in ast.walk(tree)
            # Inside `try` the failing import is how a notebook finds out where it runs.
            if isinstance(node, ast.Import | ast.ImportFrom)
            and id(node) not in guarded
            and self._imports_colab(node)
        ]
        found += [
            _Edit("ending", statement.value, "None")
            for statement in tree.body
            if isinstance(statement, ast.Expr) and _ends_kernel(statement.value)
        ]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and id(node) not in quoted:
                found += self._call(node)
        return _outermost(found)

    def _call(self, call: ast.Call) -> Iterator[_Edit]:
        if not isinstance(call.func, ast.Attribute):
            return
        method = call.func.attr
        if method in {"do_shutdown", "ask_exit"}:
            yield _Edit("ending", call, "None")
        elif method in _COLAB_CALLS and _root(call.func) in self.colab:
            yield _Edit("colab", call, "{}" if method == "upload" else "None")
        elif method in {"use", "switch_backend"} and _names_screen(call.args):
            yield _Edit("screen", call, "None")

    def _imports_colab(self, node: ast.Import | ast.ImportFrom) -> bool:
        if isinstance(node, ast.ImportFrom):
            home = node.module or ""
            ours = [n for n in node.names if f"{home}.{n.name}.".startswith("google.colab.")]
        else:
            ours = [n for n in node.names if f"{n.name}.".startswith("google.colab.")]
        if len(ours) != len(node.names) or not ours:
            return False
        self.colab.update(n.asname or n.name.split(".")[0] for n in ours)
        return True


def _inside(tree: ast.Module, kind: type[ast.AST]) -> set[int]:
    """The identities of all nodes below nodes of one kind."""
    return {id(n) for top in ast.walk(tree) if isinstance(top, kind) for n in ast.walk(top)}


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes starts from."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _outermost(edits: Iterable[_Edit]) -> list[_Edit]:
    """The edits in the order of the text, without those inside another one."""
    kept: list[_Edit] = []
    for edit in sorted(edits, key=lambda e: (_span(e.node)[0], [-n for n in _span(e.node)[1]])):
        if not kept or _span(edit.node)[0] >= _span(kept[-1].node)[1]:
            kept.append(edit)
    return kept


def _span(node: ast.stmt | ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset), end


def _replace(source: str, edit: _Edit) -> str:
    (first, start), (last, end) = _span(edit.node)
    lines = source.split("\n")
    head = lines[first - 1].encode()[:start].decode()
    tail = lines[last - 1].encode()[end:].decode()
    if first == last:
        lines[first - 1] = head + edit.text + tail
    else:
        # The lines between stay empty; brackets carry what follows the last one.
        opening, closing = ("(", ")") if edit.text != "pass" else ("", "")
        lines[first - 1] = head + opening + edit.text
        lines[first : last - 1] = [""] * (last - first - 1)
        lines[last - 1] = closing + tail
    return "\n".join(lines)


def _ends_kernel(value: ast.expr) -> bool:
    name = value.func if isinstance(value, ast.Call) else value
    return isinstance(name, ast.Name) and name.id in {"exit", "quit"}


def _names_screen(arguments: list[ast.expr]) -> bool:
    """Whether the one argument is a plotting backend that needs a screen."""
    match arguments:
        case [ast.Constant(value=str(backend))]:
            return bool(_SCREENS.match(backend))
    return False


def _sentence(pattern: Text, cells: list[int]) -> Text:
    shown = [str(number) for number in cells[:10]]
    more = len(cells) > len(shown)
    zh = pattern.zh.format("、".join(shown) + (" 等" if more else ""))
    en = pattern.en.format(", ".join(shown) + (" and others" if more else ""))
    return Text(zh, en if len(cells) == 1 else en.replace("Cell", "Cells", 1))
