"""A small class whose submissions are composed, so that what each came to is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader import catalogue, release
from grader.compose import compose
from grader.course import Assignment

SHOWN = (
    ("squared_loss.missing_half",),
    ("cross_entropy_loss.overflow_no_shift",),
    ("softmax_regression_grad.sign_flipped",),
    ("gd_on_square.aliased_path", "sgd_epoch.last_batch_dropped"),
)
"""The misconceptions to show, where the assignment has them; else its first ones."""
CRASH = "w = torch.randn(3)\nlearning_rate = alpha / 2"
LOOP = "step = 0\nwhile step < 10:\n    loss = step**2"
"""Written above a function, so that its cell never comes to define it."""


@dataclass(frozen=True)
class Persona:
    """A student and what is special about the submission."""

    number: str
    name: str
    story: str
    replace: Mapping[str, str] = field(default_factory=dict)
    omit: tuple[str, ...] = ()
    above: Mapping[str, str] = field(default_factory=dict)
    """Lines to put above a function, by its name."""
    language: str = "zh"
    kind: str = "solved"
    """"solved", "untouched" or "broken"."""


def personas(assignment: Assignment) -> tuple[Persona, ...]:
    """The class: right ones, misconceptions, and whatever else is handed in."""
    functions = tuple(assignment.functions)
    middle = functions[len(functions) // 2]
    book = catalogue.load(assignment.reference)
    second = {a.function: a.name for a in reversed(book.all_alternatives)}
    return (
        Persona("2026001", "王芳", "our own solution"),
        Persona("2026002", "Alex Chen", "right, in another style", second, language="en"),
        *_mistaken(assignment),
        Persona("2026007", "陈静", "a cell that raises", above={middle: CRASH}),
        Persona("2026008", "赵磊", "a cell that never ends", above={middle: LOOP}),
        Persona("2026009", "Sofia Moreau", "a missing function", omit=functions[-1:]),
        Persona("2026010", "孙丽", "the untouched notebook", kind="untouched"),
        Persona("2026011", "周强", "a broken file", kind="broken"),
    )


def _mistaken(assignment: Assignment) -> Iterator[Persona]:
    known = [m.id for m in catalogue.load(assignment.reference).all_misconceptions]
    shown = [s for s in SHOWN if set(s) <= set(known)] or [(name,) for name in known[:4]]
    names = ("李伟", "张敏", "刘洋", "Maria Rossi")
    for number, (name, mistakes) in enumerate(zip(names, shown, strict=False), 2026003):
        variants = dict(m.split(".", 1) for m in mistakes)
        yield Persona(str(number), name, ", ".join(mistakes), variants)


def hand_in(folder: Path, assignment: Assignment, persona: Persona) -> Path:
    """Write the persona's notebook to where submissions are found."""
    suffix = "" if persona.language == "zh" else f".{persona.language}"
    path = folder / assignment.id / persona.number / f"{assignment.id}{suffix}.ipynb"
    path.parent.mkdir(parents=True)
    if persona.kind == "untouched":
        notebook = release.build(assignment, persona.language)
    else:
        notebook = compose(
            assignment,
            language=persona.language,
            replace=persona.replace,
            omit=persona.omit,
        )
    for function, lines in persona.above.items():
        for cell in notebook.cells:
            if cell.cell_type == "code" and f"def {function}(" in cell.source:
                cell.source = f"{lines}\n\n\n{cell.source}"
    text: str = nbformat.writes(notebook)
    if persona.kind == "broken":
        text = text[: len(text) // 2]
    path.write_text(text, encoding="utf-8")
    return path
