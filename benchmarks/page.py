"""Writes the numbers of `results/*.json` into docs/benchmarks.md and the READMEs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import compare, gradebook, memory, phases, reports, selfcheck
from benchmarks.table import RESULTS

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- numbers: python -m benchmarks -->", "<!-- end of numbers -->"
READMES = {
    "README.md": "On two cores and in a sandbox it grades {nbgrader:.0f} times as many notebooks "
    "an hour as nbgrader,\n{otter:.0f} times as many as `otter run`, and {twice:.0f} times as "
    "many as two of those at once\n([measured](docs/benchmarks.md)).",
    "README.zh-CN.md": "相同作业、相同测试、两个核、带沙箱：速度是 nbgrader 的 {nbgrader:.0f} 倍、"
    "`otter run` 的 {otter:.0f} 倍，\n是两个 `otter run` 同时运行的 {twice:.0f} 倍"
    "（[实测](docs/benchmarks.md)）。",
}


def write_page() -> None:
    """Put the present numbers where they are read."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")}
    lines = [*_budgets(found), "", *_speeds(found), "", *_phases(found), "", *_growth(found)]
    _replace(ROOT / "docs" / "benchmarks.md", "\n".join(["", *lines, ""]))
    if "compare" in found:
        pace = found["compare"]["seconds_per_submission"]
        twice = pace["otter, two at once"] / pace["ours, 2 workers"]
        ratios = found["compare"]["throughput_ratio"] | {"twice": twice}
        for name, sentence in READMES.items():
            _replace(ROOT / name, "\n" + sentence.format_map(ratios) + "\n")


def _replace(path: Path, text: str) -> None:
    whole = path.read_text("utf-8")
    changed = re.sub(f"(?<={BEGIN}\n).*?(?={END})", lambda _: text, whole, flags=re.DOTALL)
    path.write_text(changed, encoding="utf-8")


def _budgets(found: dict[str, Any]) -> Iterator[str]:
    yield "| what | measured | budget | |"
    yield "|---|---|---|---|"
    for what, value, unit, budget, most in _rows(found):
        held = value <= budget if most else value >= budget
        bound = f"{'≤' if most else '≥'} {budget:g}{unit}"
        yield f"| {what} | {value:.3g}{unit} | {bound} | {'held' if held else '**missed**'} |"


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, float, str, float, bool]]:
    if "compare" in found:
        for name, ratio in found["compare"]["throughput_ratio"].items():
            yield f"throughput over {name}'s", ratio, " ×", compare.BUDGET[name], False
    if "phases" in found:
        spent = found["phases"]["phases_ms"]
        report = spent["report, two languages"]["CPU ms"] / 1000
        yield "CPU per submission", spent["all"]["CPU ms"] / 1000, " s", phases.BUDGET["all"], True
        yield "of which the report", report, " s", phases.BUDGET["report"], True
    if "memory" in found:
        yield (
            "one more sandbox",
            found["memory"]["pss_mib"]["one more box"],
            " MiB",
            memory.BUDGET,
            True,
        )
    if "selfcheck" in found:
        ratio = found["selfcheck"]["ratio"]
        yield "self-check over the notebook alone", ratio, " ×", selfcheck.BUDGET, True
    if "reports" in found:
        told = found["reports"]
        spent = told["summary_cpu_seconds"]
        what = f"summaries of {told['students']} students × {told['assignments']}, CPU"
        yield what, spent["gathered"] + spent["in one language"], " s", reports.SUMMARY, True
        for name, unit, budget in (
            ("CPU ms", " ms", reports.MILLISECONDS),
            ("kB", " kB", reports.KILOBYTES),
        ):
            for which in ("median", "largest"):
                value = told["student"][f"{name}, {which}"]
                yield (
                    f"one student's report, {which}{', CPU' * (unit == ' ms')}",
                    value,
                    unit,
                    budget,
                    True,
                )
    if "gradebook" in found:
        small, large = found["gradebook"]["classes"]
        rows = found["gradebook"]["seconds"]
        for name, row in rows.items():
            what = f"`grader {name}`, {small} students × 6"
            yield what, row["wall"], " s", gradebook.BUDGET, True
        what = f"its CPU with {large} students, start-up aside, at most"
        grown = max(row["growth"] for row in rows.values())
        yield what, grown, " ×", gradebook.GROWTH, True


def _speeds(found: dict[str, Any]) -> Iterator[str]:
    yield "| grading, with feedback | submissions a minute | the same, start-up included | CPU-s |"
    yield "|---|---|---|---|"
    told = found.get("compare", {"seconds_per_submission": {}})
    for name, seconds in told["seconds_per_submission"].items():
        cpu = told["cpu_seconds_per_submission_whole_commands"][name]
        whole = told["seconds_per_submission_whole_commands"][name]
        yield f"| {name} | {60 / seconds:.3g} | {60 / whole:.3g} | {cpu:.2g} |"
    for row in found.get("throughput", {"throughput": []})["throughput"]:
        workers = f"{row['workers']} worker{'s' * (row['workers'] > 1)}"
        name = f"ours, {row['kernel']}, {workers}, without feedback"
        cpu = row["CPU-s each, whole command"]
        yield f"| {name} | {row['submissions/min']:.3g} | | {cpu:.2g} |"


def _phases(found: dict[str, Any]) -> Iterator[str]:
    yield "| one warm submission | wall ms | our CPU ms | guest CPU ms |"
    yield "|---|---|---|---|"
    for name, row in found.get("phases", {"phases_ms": {}})["phases_ms"].items():
        cells = (f"{row[key]:.0f}" for key in ("wall ms", "our CPU ms", "guest CPU ms"))
        yield f"| {name} | {' | '.join(cells)} |"


def _growth(found: dict[str, Any]) -> Iterator[str]:
    yield "| submissions | ms each | coordinator MiB | largest worker MiB |"
    yield "|---|---|---|---|"
    for row in found.get("growth", {"growth": []})["growth"]:
        yield "| " + " | ".join(f"{value:.0f}" for value in row.values()) + " |"
