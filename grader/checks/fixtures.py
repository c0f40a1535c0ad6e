"""What a check may ask for. docs/writing-checks.md shows each of them in use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest
import torch

from grader.checks.agree import Agree
from grader.checks.hygiene import Hygiene
from grader.checks.training import Quality, Train
from grader.draw import Draw
from grader.errors import WrongAnswer
from grader.proxy import Reference, Student
from grader.result import Diagnosis, Text

if TYPE_CHECKING:
    from grader.checks.plugin import Grading
    from grader.distribution import DistributionTest

GRADING = pytest.StashKey["Grading"]()


@pytest.fixture
def grading(request: pytest.FixtureRequest) -> Grading:
    """The grading under way."""
    return request.config.stash[GRADING]


@pytest.fixture
def student(grading: Grading) -> Student:
    """The student's functions; what they return has been accepted in form."""
    grading.trial.evidence = True
    return Student(grading.subject)


@pytest.fixture
def reference(grading: Grading) -> Reference:
    """The reference's functions, float64 on the CPU."""
    return Reference(grading.subject)


@pytest.fixture
def agree(grading: Grading) -> Agree:
    """Student and reference give the same."""
    return Agree(grading.subject, grading.trial)


@pytest.fixture
def draw(grading: Grading) -> Draw:
    """The seeded generator of inputs of this check."""
    return grading.draw()


@pytest.fixture
def part(grading: Grading) -> Callable[[str], AbstractContextManager[None]]:
    """A block whose faults cost the named part only."""
    return grading.trial.part


@pytest.fixture
def train(grading: Grading) -> Train:
    """Calls a training function and accepts what it returns."""
    return Train(grading.subject, grading.trial, grading.curves)


@pytest.fixture
def quality(grading: Grading) -> Quality:
    """Points by threshold."""
    return Quality(grading.trial)


@pytest.fixture
def hygiene(grading: Grading) -> Hygiene:
    """The rows H1 to H4."""
    return Hygiene(grading.subject, grading.trial)


@pytest.fixture
def distribution(grading: Grading) -> type[DistributionTest]:
    """Statistical tests at a stated false-alarm probability."""
    from grader.distribution import DistributionTest  # scipy.stats takes a second

    return DistributionTest


@pytest.fixture
def expect() -> Callable[[object, str, str], None]:
    """A property that must hold: `expect(condition, zh, en)`."""

    def expect(condition: object, zh: str, en: str) -> None:
        if not bool(condition):
            raise WrongAnswer(Diagnosis("property", Text(zh, en)))

    return expect


@pytest.fixture
def slope() -> Callable[..., torch.Tensor]:
    """Central differences of a scalar function: `slope(f, at, h=1e-5)`."""

    def slope(
        function: Callable[[torch.Tensor], object], at: torch.Tensor, h: float = 1e-5
    ) -> torch.Tensor:
        flat = at.detach().double().reshape(-1)
        slopes = []
        for i in range(flat.numel()):
            step = torch.zeros_like(flat)
            step[i] = h
            above = float(function((flat + step).reshape(at.shape)))  # type: ignore[arg-type]
            below = float(function((flat - step).reshape(at.shape)))  # type: ignore[arg-type]
            slopes.append((above - below) / (2 * h))
        return torch.tensor(slopes, dtype=torch.float64).reshape(at.shape)

    return slope
