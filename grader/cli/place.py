"""Which course a command is about: `--course`, or the nearest folder upwards that is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.config import load_course
from grader.course import Course

if TYPE_CHECKING:
    from grader.gradebook import Gradebook


@dataclass(frozen=True)
class Place:
    """What was said before the command."""

    named: Path | None = None
    traceback: bool = False

    @cached_property
    def course(self) -> Course:
        """The course.

        Raises:
            UsageError: there is none here.
            ConfigError: its file is wrong.
        """
        return load_course(self.named or _nearest(Path.cwd()))

    @contextmanager
    def gradebook(self, *, create: bool = True) -> Iterator[Gradebook]:
        """The gradebook of the course, open; an upgrade is told.

        Args:
            create: whether to make it when it is not there.

        Raises:
            GradebookError: it cannot be opened.
        """
        from grader.gradebook import Gradebook

        with Gradebook(self.course.gradebook, create=create) as book:
            if (done := book.upgrade) is not None:
                kept = f"; as it was, it lies in {done.backup}" if done.backup else ""
                told = f"{book.name} is upgraded from version {done.before} to {done.after}"
                click.echo(f"{told}{kept}", err=True)
            yield book


pass_place = click.make_pass_decorator(Place)


def _nearest(start: Path) -> Path:
    folders = (start, *start.parents)
    return next((f for f in folders if (f / "course.toml").is_file()), start)
