"""Which course a command is about: `--course`, or the nearest folder upwards that is one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from grader.config import load_course
from grader.course import Course


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


pass_place = click.make_pass_decorator(Place)


def _nearest(start: Path) -> Path:
    folders = (start, *start.parents)
    return next((f for f in folders if (f / "course.toml").is_file()), start)
