"""`handout.json`: what a released assignment tells the grader on the student's machine.

It is the stamp (which grader made it), and the little of the reference that a self-check needs to
say the same as grading: what form right results of the public calls have, how parameters are
called, and the hints of misconceptions, each sealed with the wrong outputs it belongs to
(`grader.sealedhints`). No code, no expected value.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from grader.diagnosis import digest
from grader.errors import UsageError
from grader.sealedhints import SealedHint
from grader.version import VERSION

NAME = "handout.json"
FORMAT = 1
NODES = 2000
"""A result of more leaves than this has no form here."""


@dataclass(frozen=True)
class Handout:
    """What came with an assignment."""

    assignment: str
    grader: str = VERSION
    """The version that released it."""
    forms: Mapping[str, Any] = field(default_factory=dict)
    """By call: the form of the right result, as JSON."""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By function: its positional parameters."""
    hints: tuple[SealedHint, ...] = ()

    def expected_form(self, call: str) -> Any:
        """Zeros in the form of the right result, for `compare.conform`.

        Raises:
            KeyError: the form of that call is not known.
        """
        return _zeros(self.forms[call])

    def to_json(self) -> str:
        """The text of the file: equal handouts give equal texts."""
        hints = [{"text": h.text, "proof": h.proof, "keys": dict(h.keys)} for h in self.hints]
        whole = {
            "format": FORMAT,
            "assignment": self.assignment,
            "grader": self.grader,
            "parameters": {name: list(known) for name, known in self.parameters.items()},
            "forms": dict(self.forms),
            "hints": hints,
        }
        return json.dumps(whole, indent=1, sort_keys=True) + "\n"


def call_key(function: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> str:
    """The name under which a handout knows one call of a public test."""
    inputs = digest((arguments, dict(keywords)))
    return hashlib.sha256(function.encode() + b"\0" + inputs).hexdigest()[:16]


def form_of(value: Any) -> Any:
    """The form of a plain value as JSON; None if it is too large or holds what is not data."""
    try:
        return _form(value, [NODES])
    except ValueError:
        return None


def read_handout(folder: Path) -> Handout | None:
    """The handout in the folder of an assignment; None if it was never released.

    Raises:
        UsageError: a newer grader made it, or it is damaged.
    """
    path = folder / NAME
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not isinstance(data, dict) or not isinstance(data.get("grader"), str):
        raise _damaged(path)
    if data.get("format") != FORMAT or _is_newer(data["grader"], VERSION):
        raise UsageError(
            f"this assignment was released with dl-grader {data['grader']}, and {VERSION} is "
            "installed",
            "Run `pip install --upgrade dl-grader`, restart the kernel, and check again",
        )
    try:
        return Handout(
            assignment=str(data["assignment"]),
            grader=data["grader"],
            forms=dict(data["forms"]),
            parameters={name: tuple(known) for name, known in data["parameters"].items()},
            hints=tuple(
                SealedHint(h["text"], h["proof"], {c: tuple(k) for c, k in h["keys"].items()})
                for h in data["hints"]
            ),
        )
    except (KeyError, TypeError, AttributeError):
        raise _damaged(path) from None


def _damaged(path: Path) -> UsageError:
    return UsageError(f"{path} is damaged", "Download the assignment again")


def _is_newer(theirs: str, ours: str) -> bool:
    """Whether their version is newer; a source tree that was never installed is never older."""
    return ours != "0" and _numbers(theirs) > _numbers(ours)


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, release[0].split("."))) if release else ()


def _form(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("too large")
    if isinstance(value, torch.Tensor):
        return {"tensor": str(value.dtype).removeprefix("torch."), "shape": list(value.shape)}
    if isinstance(value, Mapping):
        return {"dict": [[key, _form(item, left)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_form(item, left) for item in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": type(value).__name__}
    raise ValueError("not data")


def _zeros(form: Mapping[str, Any]) -> Any:
    if "tensor" in form:
        return torch.zeros(form["shape"], dtype=getattr(torch, form["tensor"]))
    if "dict" in form:
        return {key: _zeros(item) for key, item in form["dict"]}
    if "list" in form:
        return [_zeros(item) for item in form["list"]]
    return {"bool": False, "int": 0, "float": 0.0, "str": ""}.get(form["plain"])
