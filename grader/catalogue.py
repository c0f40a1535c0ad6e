"""What we wrote about an assignment: the solution, the wrong variants, the second right ones.

`reference/<id>/` holds `solution.py`, `misconceptions.py`, `alternatives.py` and `probes.py`; only
the first must be there. They are imported as submodules of a package made up for the folder, so
that `from .solution import …` works and two courses do not meet in `sys.modules`. A variant or a
probe is a function named `{function}__{variant}`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar

from grader.errors import BrokenAssignment
from grader.excerpt import extract
from grader.result import Text

__all__ = [
    "Alternative",
    "Catalogue",
    "Given",
    "Misconception",
    "Probe",
    "extract",
    "given",
    "load",
    "misconception",
    "probe",
]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Misconception:
    """A wrong variant of a function."""

    function: str
    name: str
    call: Callable[..., Any]
    hint: Text | None
    """What to tell a student whose results equal those of the variant."""
    words: Text
    """What was computed, in a few words."""

    @property
    def id(self) -> str:
        """The name that results and reports use, such as "squared_loss.missing_half"."""
        return f"{self.function}.{self.name}"


@dataclass(frozen=True)
class Alternative:
    """A second right solution of a function, to test the tests."""

    function: str
    name: str
    call: Callable[..., Any]


@dataclass(frozen=True)
class Given:
    """What a call is given."""

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)


def given(*arguments: Any, **keywords: Any) -> Given:
    """What a probe of a function with keyword-only parameters returns."""
    return Given(arguments, keywords)


@dataclass(frozen=True)
class Probe:
    """Inputs of our own that switch most of a function off, so that one term is left."""

    function: str
    name: str
    words: Text
    """What is left, such as "with only the bias switched on"."""
    make: Callable[[], Given | tuple[Any, ...]]

    def given(self) -> Given:
        """The inputs, made anew, so that a call that changes them changes no other's."""
        made = self.make()
        return made if isinstance(made, Given) else Given(tuple(made))


@dataclass(frozen=True)
class Catalogue:
    """The reference folder of one assignment, imported."""

    folder: Path
    solution: ModuleType
    all_misconceptions: tuple[Misconception, ...] = ()
    all_alternatives: tuple[Alternative, ...] = ()
    all_probes: tuple[Probe, ...] = ()

    def function(self, name: str) -> Callable[..., Any]:
        """The reference function of that name.

        Raises:
            BrokenAssignment: the solution does not define it.
        """
        found = vars(self.solution).get(name)
        if not callable(found):
            raise BrokenAssignment(
                f"{self.folder / 'solution.py'} defines no function {name}",
                "Write it, or take it out of assignment.toml",
            )
        return found  # type: ignore[no-any-return]  # callable() does not say of what

    def misconceptions(self, function: str) -> tuple[Misconception, ...]:
        """The wrong variants of a function."""
        return tuple(m for m in self.all_misconceptions if m.function == function)

    def alternatives(self, function: str) -> tuple[Alternative, ...]:
        """The second right solutions of a function."""
        return tuple(a for a in self.all_alternatives if a.function == function)

    def probes(self, function: str) -> tuple[Probe, ...]:
        """The probes of a function, the simplest first."""
        return tuple(p for p in self.all_probes if p.function == function)


@dataclass(frozen=True)
class _Note:
    hint: Text | None
    words: Text


def misconception(
    zh: str | None = None, en: str | None = None, *, words: str, words_zh: str | None = None
) -> Callable[[F], F]:
    """Marks a function of `misconceptions.py` as a wrong variant.

    Args:
        zh: the hint in Chinese.
        en: the hint in English; with neither, the feedback says what was computed.
        words: what was computed, in a few words.
        words_zh: the same in Chinese.
    """
    if (zh is None) != (en is None):
        raise TypeError("a hint needs both languages: give zh and en, or neither")
    hint = None if zh is None or en is None else Text(zh, en)

    def mark(function: F) -> F:
        vars(function)["misconception"] = _Note(hint, Text(words_zh or words, words))
        return function

    return mark


def probe(zh: str, en: str) -> Callable[[F], F]:
    """Marks a function of `probes.py` that returns the arguments of an ungraded call.

    They are a tuple, or `given(…)` where some go by keyword.

    Args:
        zh: what the call leaves of the function, in Chinese.
        en: the same in English, such as "with only the bias switched on".
    """

    def mark(function: F) -> F:
        vars(function)["probe"] = Text(zh, en)
        return function

    return mark


def load(folder: Path) -> Catalogue:
    """Imports the reference folder of an assignment; once, until one of its files changes.

    Raises:
        BrokenAssignment: a file cannot be imported, or a variant belongs to no function.
    """
    folder = folder.resolve()
    state = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in _files(folder))
    if folder not in _loaded or _loaded[folder][0] != state:
        _loaded[folder] = (state, _import(folder))
    return _loaded[folder][1]


_State = tuple[tuple[str, int, int], ...]
_loaded: dict[Path, tuple[_State, Catalogue]] = {}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py"))


def _import(folder: Path) -> Catalogue:
    package = f"_reference_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        del sys.modules[name]
    parent = ModuleType(package, f"The reference folder {folder}.")
    parent.__path__ = [str(folder)]
    sys.modules[package] = parent
    solution = _module(folder, package, "solution")
    if solution is None:
        raise BrokenAssignment(
            f"{folder} holds no solution.py",
            "Write the reference there: it is the one source of notebooks and expected values",
        )
    wrong = _module(folder, package, "misconceptions")
    right = _module(folder, package, "alternatives")
    probing = _module(folder, package, "probes")
    return Catalogue(
        folder=folder,
        solution=solution,
        all_misconceptions=tuple(_misconceptions(wrong, solution)) if wrong else (),
        all_alternatives=tuple(
            Alternative(*names, call) for names, call in _variants(right, solution)
        )
        if right
        else (),
        all_probes=tuple(_probes(probing, solution)) if probing else (),
    )


class _Fresh(SourceFileLoader):
    """Compiles each time: cached byte code is matched by whole seconds, and we are faster."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _module(folder: Path, package: str, stem: str) -> ModuleType | None:
    path = folder / f"{stem}.py"
    if not path.is_file():
        return None
    name = f"{package}.{stem}"
    loader = _Fresh(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert isinstance(spec, ModuleSpec)  # noqa: S101 - a loader was given
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except Exception as problem:
        del sys.modules[name]
        raise BrokenAssignment(
            f"{path} cannot be imported: {type(problem).__name__}: {problem}",
            "Importing it must only define things; run it with python to see where it stops",
        ) from problem
    return module


def _variants(
    module: ModuleType, solution: ModuleType
) -> Iterator[tuple[tuple[str, str], Callable[..., Any]]]:
    """(function, variant), callable for the variants of a file, in its order."""
    for name, value in vars(module).items():
        mine = callable(value) and getattr(value, "__module__", None) == module.__name__
        if not mine or name.startswith("_") or "__" not in name:
            continue
        function, variant = name.split("__", 1)
        if not callable(vars(solution).get(function)):
            raise BrokenAssignment(
                f"{module.__file__}: {name} is a variant of no function of solution.py",
                "Name it {function}__{variant}; helpers start with an underscore",
            )
        yield (function, variant), value


def _misconceptions(module: ModuleType, solution: ModuleType) -> Iterator[Misconception]:
    for (function, variant), call in _variants(module, solution):
        note = getattr(call, "misconception", None)
        if not isinstance(note, _Note):
            raise BrokenAssignment(
                f"{module.__file__}: {call.__name__} does not say what it gets wrong",
                "Decorate it with @misconception(zh=…, en=…, words=…)",
            )
        yield Misconception(function, variant, call, note.hint, note.words)


def _probes(module: ModuleType, solution: ModuleType) -> Iterator[Probe]:
    for (function, name), call in _variants(module, solution):
        words = getattr(call, "probe", None)
        if not isinstance(words, Text):
            raise BrokenAssignment(
                f"{module.__file__}: {call.__name__} does not say what it leaves of the function",
                "Decorate it with @probe(zh=…, en=…)",
            )
        yield Probe(function, name, words, call)
