"""Evaluates the formulas of a workbook exactly: what a spreadsheet does, in fractions."""

from __future__ import annotations

import ast
import math
import operator
import re
from fractions import Fraction
from functools import cache
from typing import Any

from openpyxl import load_workbook

_REFERENCE = re.compile(r"(?:(\w+)!)?\$?([A-Z]{1,3})\$?(\d+)")
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
}


class Spreadsheet:
    """A workbook whose cells can be asked for their values: `s("Grades", "H3")`."""

    def __init__(self, path) -> None:
        self.book = load_workbook(path)
        self.cell = cache(self._cell)

    def __call__(self, sheet: str, place: str) -> Any:
        return self.cell(sheet, place)

    def rows(self, sheet: str, header: int):
        """The lines under a header, by the titles in it."""
        titles = [c.value for c in self.book[sheet][header]]
        for line in self.book[sheet].iter_rows(min_row=header + 1):
            yield {t: self(sheet, c.coordinate) for t, c in zip(titles, line, strict=True)}

    def _cell(self, sheet: str, place: str) -> Any:
        cell = self.book[sheet][place]
        if cell.data_type == "f":
            return self._formula(sheet, cell.value[1:])
        if isinstance(cell.value, int | float):
            # What a spreadsheet shows of a float: 15 digits.
            return Fraction(format(cell.value, ".15g"))
        return cell.value

    def _formula(self, sheet: str, text: str) -> Any:
        def called(found):
            return f'_REF("{found[1] or sheet}","{found[2]}{found[3]}")'

        parts = re.split(r'("[^"]*")', text)
        inner = [p if p.startswith('"') else _REFERENCE.sub(called, p) for p in parts]
        source = "".join(
            p if p.startswith('"') else re.sub(r"(?<![<>=])=", "==", p) for p in inner
        )
        return self._value(ast.parse(source, mode="eval").body)

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else Fraction(str(node.value))
        if isinstance(node, ast.BinOp):
            left, right = (self._number(n) for n in (node.left, node.right))
            return _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Compare):
            left, right = self._value(node.left), self._value(node.comparators[0])
            return _OPERATORS[type(node.ops[0])](0 if left is None else left, right)
        assert isinstance(node, ast.Call)
        return self._call(node.func.id, node.args)

    def _number(self, node: ast.AST) -> Fraction:
        value = self._value(node)
        return Fraction(0) if value is None else Fraction(value)

    def _call(self, name: str, given: list[ast.expr]) -> Any:
        if name == "_REF":
            return self(*(n.value for n in given))
        if name == "IF":
            return self._value(given[1] if self._value(given[0]) else given[2])
        numbers = [self._number(n) for n in given]
        if name == "MIN":
            return min(numbers)
        # Nothing here is negative, so that down is towards zero.
        half = {"ROUND": Fraction(1, 2), "ROUNDDOWN": Fraction(0)}
        scale = 10 ** int(numbers[1])
        if name == "ROUNDUP":
            return Fraction(math.ceil(numbers[0] * scale), scale)
        return Fraction(math.floor(numbers[0] * scale + half[name]), scale)
