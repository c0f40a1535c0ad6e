"""What training reaches on hidden seeds: our solution, and solutions that must not pass.

    python benchmarks/training.py mlp --seeds 40
    python benchmarks/training.py mlp --seeds 10 --wrong

Goes through the hidden checks themselves, so that data, split and measure are those of grading.
One row for each task: the runs, the smallest, middle and largest quality, how many reached the
thresholds for full and for half the points, and the probability of missing the full one: the tail
of a law fitted to the runs (normal, for shares on the logit scale, for distances on the log
scale), which is how it can be smaller than one over the number of runs.
"""

from __future__ import annotations

import argparse
import ast
import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.checks import training
from grader.compose import compose_module
from grader.config import load_assignment, load_course
from grader.verify import Trial, grade_trial

COURSE = load_course(Path(__file__).resolve().parents[1])
SHUFFLED = "torch.randperm(len({0}), generator=torch.Generator().manual_seed(seed))"


@dataclass(frozen=True)
class Task:
    """A training function and the checks that measure it."""

    assignment: str
    function: str
    names: tuple[str, ...]
    """Of what is measured, in order."""
    checks: tuple[str, ...]
    spoiled: str
    """A statement that takes away what there is to learn: labels, or how pixels go together; ""
    for points in the plane, where there is no such thing."""


def labels(name: str) -> str:
    return f"{name} = {name}[{SHUFFLED.format(name)}]"


PIXELS = (
    "g = torch.Generator().manual_seed(seed)\n"
    "x = torch.stack([c[torch.randperm(len(c), generator=g)] for c in x.T], dim=1)"
)
TASKS = (
    Task(
        "gd",
        "train_softmax_regression",
        ("wine", "breast cancer", "digits"),
        ("7a",),
        labels("y"),
    ),
    Task("mlp", "train_mlp", ("digits", "spirals"), ("8a", "8b"), labels("y")),
    Task("cnn", "train_cnn", ("translated digits",), ("5a",), labels("y")),
    Task("regularization", "train_regularized", ("mean of 3 runs",), ("5a",), labels("y")),
    Task("generative", "train_vae", ("VAE",), ("4a",), PIXELS),
    Task("generative", "train_gan", ("GAN",), ("4c",), ""),
    Task("rnn", "train_adder", ("adder",), ("5a",), labels("s")),
)
WRONG = {
    "learning rate times 100": (100.0, False),
    "learning rate over 100": (0.01, False),
    "labels shuffled": (1.0, True),
    "no training": (0.0, False),
}


@dataclass
class Measured:
    """All that `quality` was asked about one thing."""

    values: list[float] = field(default_factory=list)
    thresholds: Mapping[float, float] = field(default_factory=dict)
    lower_is_better: bool = False
    unmeasured: int = 0
    """Runs that ended before, such as with a loss that is not finite."""

    def reached(self, threshold: float) -> int:
        return sum(v <= threshold if self.lower_is_better else v >= threshold for v in self.values)


class Meter:
    """Stands before `quality` and writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Mapping[float, float], bool]] = []
        self._judge = training.Quality.__call__

    def __enter__(self) -> Meter:
        def call(quality, value, thresholds, zh, en, findings=(), lower_is_better=False):
            self.asked.append((value, thresholds, lower_is_better))
            self._judge(quality, value, thresholds, zh, en, findings, lower_is_better)

        training.Quality.__call__ = call
        return self

    def __exit__(self, *_: object) -> None:
        training.Quality.__call__ = self._judge


def spoiled(task: Task, factor: float, shuffle: bool) -> dict[str, str]:
    """The training function with other learning rates, or on data without a meaning."""
    tree = ast.parse(compose_module(load_assignment(COURSE, task.assignment)))
    function = next(
        n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == task.function
    )
    rates = [
        k.value
        for n in ast.walk(function)
        if isinstance(n, ast.Call)
        for k in n.keywords
        if k.arg == "lr"
    ]
    rates += [
        default
        for argument, default in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True
        )
        if argument.arg == "lr"
    ]
    for rate in rates:
        if isinstance(rate, ast.Constant):
            rate.value *= factor
    if shuffle:
        function.body[1:1] = ast.parse(task.spoiled).body
    return {task.function: ast.unparse(ast.fix_missing_locations(function))}


def measure(task: Task, seeds: range, sources: Mapping[str, str]) -> dict[str, Measured]:
    """Run the checks of a task on hidden seeds."""
    found = {name: Measured() for name in task.names}
    for seed in seeds:
        with Meter() as meter:
            result = grade_trial(
                Trial(
                    COURSE.root,
                    task.assignment,
                    "training",
                    seed=seed,
                    sources=sources,
                    checks=task.checks,
                )
            )
        if result.judge_errors or result.evidence:
            raise SystemExit(f"judge_error: {result.evidence or result.judge_errors[0].evidence}")
        asked = iter(meter.asked)
        parts = _outcomes(task, result)
        for name, ran in zip(task.names, parts, strict=True):
            if not ran:
                found[name].unmeasured += 1
                continue
            value, thresholds, lower = next(asked)
            found[name].values.append(value)
            found[name].thresholds = thresholds
            found[name].lower_is_better = lower
    return found


def _outcomes(task: Task, result) -> list[bool]:
    """For each thing measured, whether it came to a measurement."""
    outcomes = []
    for check in (c for c in result.checks if c.id in task.checks):
        code = check.diagnosis.code if check.diagnosis else ""
        outcomes += [code in ("", "threshold")] * (len(check.parts) or 1)
    return outcomes


def tail(found: Measured) -> float:
    """The probability of missing the full threshold under a law fitted to the runs."""
    full = max(found.thresholds, key=lambda t: found.thresholds[t])
    if found.lower_is_better:
        scale = lambda v: -math.log(max(v, 1e-6))  # noqa: E731
    elif 0 < full < 1:
        scale = lambda v: math.log((v + 1e-3) / (1 - v + 1e-3))  # noqa: E731
    else:
        scale = lambda v: v  # noqa: E731
    values = [scale(v) for v in found.values]
    spread = statistics.stdev(values) if len(values) > 1 else math.nan
    if not spread:
        return math.nan
    return statistics.NormalDist(statistics.fmean(values), spread).cdf(scale(full))


def row(name: str, variant: str, found: Measured, seconds: float) -> str:
    n = len(found.values) + found.unmeasured
    if not found.values:
        return f"| {name} | {variant} | {n} | loss not finite | 0 | 0 | | {seconds:.1f} |"
    ordered = sorted(found.values)
    spread = f"{ordered[0]:.4g} / {statistics.median(ordered):.4g} / {ordered[-1]:.4g}"
    by_points = sorted(found.thresholds, key=lambda t: -found.thresholds[t])
    reached = [f"{found.reached(t)}" for t in by_points] + ["-"]
    chance = f"{tail(found):.0e}" if variant == "reference" else ""
    cells = name, variant, n, spread, *reached[:2], chance, f"{seconds:.1f}"
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", choices=sorted({t.assignment for t in TASKS}))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    parser.add_argument("--wrong", action="store_true", help="what must not pass instead")
    chosen = parser.parse_args()
    print(
        "| task | solution | runs | min / median / max | full | half | P(below full) | s a run |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for task in (t for t in TASKS if t.assignment == chosen.assignment):
        variants = WRONG if chosen.wrong else {"reference": None}
        for variant, how in variants.items():
            if how and how[1] and not task.spoiled:
                continue
            sources = spoiled(task, *how) if how else {}
            started = time.perf_counter()
            seeds = range(chosen.first, chosen.first + chosen.seeds)
            measured = measure(task, seeds, sources)
            seconds = (time.perf_counter() - started) / chosen.seeds
            for name, found in measured.items():
                print(row(f"{task.assignment} {name}", variant, found, seconds), flush=True)


if __name__ == "__main__":
    main()
