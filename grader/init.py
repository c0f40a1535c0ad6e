"""Makes a course folder that grades out of the box; never overwrites anything."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.config import load_course
from grader.errors import GraderError, UsageError

PACKAGE = Path(__file__).resolve().parent
SAMPLE = PACKAGE / "sample"
TREES = ("assignments", "reference", "hidden_tests")
SAMPLE_ID = "moments"
SAMPLE_FILES = {
    "assignment.toml": f"assignments/{SAMPLE_ID}/assignment.toml",
    "public.py": f"assignments/{SAMPLE_ID}/public_tests/test_public.py",
    "solution.py": f"reference/{SAMPLE_ID}/solution.py",
    "misconceptions.py": f"reference/{SAMPLE_ID}/misconceptions.py",
    "alternatives.py": f"reference/{SAMPLE_ID}/alternatives.py",
    "hidden.py": f"hidden_tests/{SAMPLE_ID}/test_moments.py",
}
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")

COURSE = """\
# What counts, when it is due, and what a submission may use.
# docs/configuration.md explains every key; a key that is not known is an error.

[course]
title = "深度学习"
languages = ["zh", "en"]        # the first is the one students get by default

[weights]                       # percent of the course grade; they add up to 100
participation = 10              # 课堂表现
homework = 40                   # 作业
project = 50                    # 期末大作业

[participation]                 # of what is recorded in sessions, in percent; they add up to 100
attendance = 50                 # 出勤
answers = 20                    # 提问
quizzes = 30                    # 测验

[late]
per_day = 0.10                  # share of the earned points lost per started day
days = 3                        # after so many days nothing is accepted

[limits]                        # of one submission; an assignment may change them
cell_time = 120                 # seconds for one cell
wall_time = 300                 # seconds for the whole notebook
memory = 2048                   # MiB

"""
SCHEDULED = """\
[[assignments]]
id = "{id}"
# due = 2026-10-09T23:59:00+08:00
# weight = 1                    # relative to the other assignments

"""
GITIGNORE = """\
# Grades, secrets and students' work stay out of git.
.grader/
gradebook.db*
submissions/
feedback/
__pycache__/
.ipynb_checkpoints/
"""


@dataclass(frozen=True)
class Made:
    """What was made."""

    folder: Path
    assignments: tuple[str, ...]


def checkout() -> Path | None:
    """The repository that this grader runs from; None when it was installed as a package."""
    root = PACKAGE.parent
    there = (root / "course.toml").is_file() and (root / "reference").is_dir()
    return root if there else None


def make_course(folder: Path, source: Path | None = None, only: str | None = None) -> Made:
    """Make a course.

    Args:
        folder: where; must not exist or be empty.
        source: a folder with `assignments/`, `reference/` and `hidden_tests/` to copy; by default
            the checkout that this grader runs from, else a small sample, `SAMPLE`.
        only: copy this assignment alone, if it is there.

    Raises:
        UsageError: the folder is not empty, or the source holds no assignments.
        GraderError: a file cannot be written.
    """
    origin = source or checkout() or SAMPLE
    names = _assignments(origin) if origin != SAMPLE else (SAMPLE_ID,)
    names = (only,) if only is not None and only in names else names
    _refuse_to_overwrite(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if origin == SAMPLE:
            _copy_sample(folder)
        else:
            _copy(origin, names, folder)
        listed = "".join(SCHEDULED.format(id=name) for name in names)
        (folder / "course.toml").write_text(COURSE + listed.rstrip() + "\n", encoding="utf-8")
        (folder / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
        for name in names:
            (folder / "submissions" / name).mkdir(parents=True)
    except OSError as error:
        place = error.filename or folder
        problem = f"{place} cannot be written: {error.strerror or error}"
        raise GraderError(problem, "Name a folder that you may write to") from None
    return Made(folder, names)


def _assignments(source: Path) -> tuple[str, ...]:
    """The complete assignments of a folder: those of its calendar first, in its order."""
    there = sorted(p.parent.name for p in source.glob("assignments/*/assignment.toml"))
    there = [name for name in there if any((source / "hidden_tests" / name).glob("test_*.py"))]
    if not there:
        raise UsageError(
            f"{source} holds no assignment with hidden tests",
            "Name a course or a checkout of the grader with --from",
        )
    calendar = load_course(source).assignments if (source / "course.toml").is_file() else ()
    planned = [a.id for a in calendar if a.id in there]
    return tuple(dict.fromkeys([*planned, *there]))


def _refuse_to_overwrite(folder: Path) -> None:
    if folder.is_file():
        raise UsageError(f"{folder} is a file", "Name a folder that does not exist yet")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "Name a folder that does not exist yet")


def _copy(origin: Path, names: tuple[str, ...], folder: Path) -> None:
    for tree in TREES:
        for name in names:
            if (origin / tree / name).is_dir():
                shutil.copytree(origin / tree / name, folder / tree / name, ignore=_LEFT_OUT)


def _copy_sample(folder: Path) -> None:
    for name, target in SAMPLE_FILES.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLE / name, folder / target)
