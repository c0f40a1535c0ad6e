"""Shows how long work goes on: a live bar on a terminal, lines elsewhere."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grader.closing import Closing
from grader.headline import Headline

STRIDE = 100
"""Where there is no terminal, one line for so many."""


@contextmanager
def counting(
    what: str, total: int, stream: TextIO | None = None
) -> Iterator[Callable[[object], None]]:
    """Count what is done: yields a function to be called with each that is.

    Args:
        what: what is counted, in a few words.
        total: how many there are, at most.
        stream: where to write; stderr, so that results on stdout stay clean.
    """
    console = Console(file=stream or sys.stderr)
    if not console.is_terminal:
        done = itertools.count(1)

        def said(_: object) -> None:
            number = next(done)
            if number % STRIDE == 0:
                console.print(f"{what}: {number} of {total}", markup=False, highlight=False)

        yield said
        return
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left")
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda _: bar.advance(task)


class RoundProgress(Closing):
    """Counts submissions, and says what the last one came to.

    Args:
        total: how many there are.
        stream: where to write; stderr, so that results on stdout stay clean.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total = total
        self._done = 0
        self._console = Console(file=stream or sys.stderr)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        if self._total and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("grading"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total)
        return self

    def close(self) -> None:
        """Take the bar away. May be called twice."""
        if self._bar is not None:
            self._bar.stop()

    def advance(self, line: Headline) -> None:
        """One more is done."""
        self._done += 1
        verdict = line.verdict.value.replace("_", " ")
        said = f"{line.student}: {verdict}, {line.earned:f} of {line.points:f}"
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=said)
        else:
            self.say(f"[{self._done}/{self._total}] {said}")

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
