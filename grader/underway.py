"""One round of an assignment at a time: a second one would grade the same submissions again.

The operating system gives the lock back when its holder ends, however it ends.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from grader.course import Course
from grader.errors import GraderError


@contextmanager
def alone(course: Course, assignment: str) -> Iterator[None]:
    """While this lasts, no other command grades the assignment of this course.

    Raises:
        GraderError: another one is grading it; says which, and since when.
    """
    from filelock import FileLock, Timeout

    course.private.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = course.private / f"grading-{assignment}.txt"
    lock = FileLock(note.with_suffix(".lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        problem = f"{assignment} is being graded by another command{_told(note)}"
        remedy = "Nothing was changed; when that has ended, the same command grades what is left"
        raise GraderError(problem, remedy) from None
    except NotImplementedError:
        # A file system without locks: two rounds would do the work twice, and lose nothing.
        yield
        return
    try:
        now = datetime.now().astimezone()
        note.write_text(
            f"process {os.getpid()} on {platform.node()}, since {now:%H:%M:%S}", encoding="utf-8"
        )
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _told(note: Path) -> str:
    with suppress(OSError):
        return f" ({note.read_text(encoding='utf-8')})"
    return ""
