from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from grader.grade import grade
from grader.result import SubmissionResult
from grader.sandbox import Sandbox
from grader.sandbox.fake import FakeSandbox
from grader.submission import GradingJob, Submission
from tests.tiny import hand_in, write_course

settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile(
    "campaign", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-level",
        action="store_true",
        help="tests of the sandbox and attacks on it at all levels, not only at the strongest",
    )
    parser.addoption(
        "--every-variant",
        action="store_true",
        help="every variant of tests/assignments with every row, every seed of tests/reference",
    )
    parser.addoption(
        "--chaos",
        type=int,
        default=0,
        metavar="N",
        help="tests/test_chaos.py kills N of each kind of process, not one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `--every-variant` and `--every-level` want."""
    if config.getoption("--every-variant") or config.getoption("--every-level"):
        return
    thorough = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=thorough)
    items[:] = [item for item in items if item not in thorough]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """As in the sandbox; more threads than cores make everything wait."""
    torch.set_num_threads(1)


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


class Grade:
    """Grades cells of the tiny assignment: `grade(*cells)`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(
        self, *cells: str, sandbox: Sandbox | None = None, secret: bytes = b"s" * 32
    ) -> SubmissionResult:
        path = hand_in(self.root, "2026001", *cells)
        submission = Submission("tiny", "2026001", path, 1, datetime.now(UTC))
        job = GradingJob(self.root, submission, "fake", secret=secret)
        return grade(job, sandbox or FakeSandbox())


@pytest.fixture
def grade_tiny(course_folder: Path) -> Grade:
    return Grade(course_folder)
