"""The tests of an assignment as pytest collected them: once, for all submissions of a class.

Starting pytest and collecting costs as much as all the rest of judging a small submission, so it
is done by the first one. Nothing of a submission stays here: fixtures are made anew for each
check, and whose check it is they learn from `GRADING`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.config import _prepareconfig

from grader.checks.fixtures import GRADING
from grader.checks.mark import Mark
from grader.errors import BrokenAssignment

if TYPE_CHECKING:
    from grader.checks.plugin import Grading

HERE = Path(__file__).resolve().parent
ARGUMENTS = [
    f"--rootdir={HERE}",
    f"--config-file={HERE / 'pytest.ini'}",
    "--import-mode=importlib",
    "--assert=plain",
    "--capture=no",
    "--disable-plugin-autoload",
    "--noconftest",
    *(
        f"-pno:{name}"
        for name in (
            "cacheprovider",
            "terminal",
            "logging",
            "junitxml",
            "pastebin",
            "doctest",
            "unittest",
            "setuponly",
            "setupplan",
            "stepwise",
            "warnings",
            "faulthandler",
            "debugging",
            "legacypath",
            "unraisableexception",
            "threadexception",
        )
    ),
    "-pgrader.checks.fixtures",
]


class Tests:
    """The tests in some folders, ready to run any number of times.

    Args:
        folders: where they are.

    Raises:
        BrokenAssignment: a module cannot be imported, or a test in it is no check.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._problem: BrokenAssignment | None = None
        self._raised: BaseException | None = None
        try:
            # What pytest.main does before it runs tests, and then ends: configure and collect.
            # pytest-xdist and pytest's own pytester go the same way.
            self._config = _prepareconfig([*ARGUMENTS, *map(str, folders)], [self])
            self._config._do_configure()
            session = pytest.Session.from_config(self._config)
            self._config.hook.pytest_sessionstart(session=session)
            self.items = tuple(session.perform_collect())
        except pytest.UsageError as error:
            raise BrokenAssignment(f"pytest: {error}", f"Look into {folders[0]}") from None
        if self._problem is not None:
            raise self._problem
        for item in self.items:
            if mark_of(item) is None:
                raise BrokenAssignment(
                    f"{item.nodeid} is a test without @check", "Mark it, or rename the function"
                )

    def run(self, item: pytest.Item, grading: Grading) -> BaseException | None:
        """Run one test for one submission.

        Returns:
            the first exception of set-up, call and tear-down.
        """
        self._raised = None
        self._config.stash[GRADING] = grading
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        except BaseException:  # Ctrl-C: pytest has not torn down what it set up
            collected.cache_clear()
            raise
        finally:
            del self._config.stash[GRADING]
        return self._raised

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test module that cannot be imported is our fault."""
        if report.failed and self._problem is None:
            last = str(report.longrepr).strip().splitlines()[-1:]
            self._problem = BrokenAssignment(
                f"{report.nodeid} cannot be collected: {''.join(last)}", "Correct the test module"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        """Keep the first exception of the three phases."""
        if call.excinfo is not None and self._raised is None:
            self._raised = call.excinfo.value
        return (yield)


def tests_in(folders: tuple[Path, ...]) -> Tests:
    """The tests in these folders, as their files are now.

    Raises:
        BrokenAssignment: they cannot be collected.
    """
    files = (path for folder in folders for path in folder.rglob("test_*.py"))
    return collected(folders, frozenset((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=8)
def collected(folders: tuple[Path, ...], files: frozenset[tuple[Path, int]]) -> Tests:
    """`Tests`, kept as long as `files` are what they were."""
    paths = {str(path) for path, _ in files}
    for name, module in list(sys.modules.items()):  # pytest would not read them again
        if getattr(module, "__file__", None) in paths:
            del sys.modules[name]
    return Tests(folders)


def mark_of(item: pytest.Item) -> Mark | None:
    """The mark that `@check` left on a test."""
    mark = getattr(getattr(item, "function", None), "__check__", None)
    return mark if isinstance(mark, Mark) else None


def fixtures_of(item: pytest.Item) -> list[str]:
    """The names of what a test asks for."""
    return list(getattr(item, "fixturenames", []))
