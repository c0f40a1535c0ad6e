"""The repository that GitHub Classroom copies for every student."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import jinja2

from grader import page
from grader.course import Assignment
from grader.errors import UsageError
from grader.release import notebook_bytes, notebook_name, released_files
from grader.version import VERSION

SEALED = "hidden.sealed"
_PLACES = {
    "classroom.yml": ".github/workflows/classroom.yml",
    "devcontainer.json": ".devcontainer/devcontainer.json",
    "Dockerfile": ".devcontainer/Dockerfile",
    "gitignore": ".gitignore",
    "gitattributes": ".gitattributes",
    "requirements.txt": "requirements.txt",
    "README.md": "README.md",
    "README.en.md": "README.en.md",
}
_SPARE = 10
"""Minutes for setting up, beyond what the notebook may take."""


@dataclass(frozen=True)
class Choices:
    """What an instructor decides about a template repository."""

    requirement: str = ""
    """How dl-grader is installed there; this version by default."""
    sealed: Path | None = None
    """A bundle that `grader pack` made, to be put into it."""
    points: Decimal | None = None
    """What the public checks are worth together on GitHub."""
    reporter: bool = True
    """Whether to hand the result to GitHub Classroom's reporter."""


def write_template(
    assignment: Assignment, folder: Path, choices: Choices | None = None
) -> tuple[Path, ...]:
    """Write the template repository; what is there of an earlier one is written anew.

    Args:
        assignment: which one; its handout has been written.
        folder: the top of the repository.
        choices: what the workflow does beyond the public checks.

    Raises:
        UsageError: the folder holds a course, or the bundle is not there.
        BrokenAssignment: `solution.py` is wrong.
    """
    chosen = choices or Choices()
    if (folder / "course.toml").exists():
        raise UsageError(f"{folder} is a course", "Name a folder for the template repository")
    files = {
        file.relative_to(assignment.folder).as_posix(): file.read_bytes()
        for file in released_files(assignment)
    }
    for language in "zh", "en":
        files[notebook_name(assignment, language)] = notebook_bytes(assignment, language)
    values = _values(assignment, chosen)
    for name, place in _PLACES.items():
        files[place] = _environment().get_template(name).render(values).encode()
    for place, data in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    written = [folder / place for place in files]
    if chosen.sealed is not None:
        if not chosen.sealed.is_file():
            raise UsageError(f"{chosen.sealed} is not there", "Make it with `grader pack`")
        written.append(Path(shutil.copy(chosen.sealed, folder / SEALED)))
    return tuple(sorted(written))


def _values(assignment: Assignment, chosen: Choices) -> dict[str, Any]:
    return {
        "id": assignment.id,
        "title_zh": assignment.title.zh,
        "title_en": assignment.title.en,
        "notebook": notebook_name(assignment, "zh"),
        "notebook_en": notebook_name(assignment, "en"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "minutes": _SPARE + 2 * int(assignment.limits.wall_time // 60),
        "requirements": _requirements(chosen),
        "sealed": SEALED if chosen.sealed is not None else "",
        "points": chosen.points,
        "reporter": chosen.reporter,
    }


def _requirements(chosen: Choices) -> list[str]:
    """dl-grader and what it needs here, each with the version that is installed."""
    extra = "[course]" if chosen.sealed is not None else ""
    first = chosen.requirement or f"dl-grader{extra}=={VERSION}"
    return [first, *sorted(f"{name}=={pin}" for name, pin in _pins().items())]


def _pins() -> dict[str, str]:
    try:
        needed = requires("dl-grader") or []
    except PackageNotFoundError:
        return {}
    names = [re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0] for line in needed if ";" not in line]
    found = {}
    for name in names:
        try:
            found[name] = version(name).split("+")[0]  # +cpu is another build of the same
        except PackageNotFoundError:
            continue
    return found


def _environment() -> jinja2.Environment:
    """Brackets instead of braces: GitHub has uses of its own for those."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(page.folder().parent / "classroom"),
        autoescape=False,  # noqa: S701  # no HTML; the values are the instructor's own
        undefined=jinja2.StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
