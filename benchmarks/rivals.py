"""The other graders, each in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from benchmarks import lesson
from benchmarks.timing import Took, pace, run

CACHE = Path(os.environ.get("BENCHMARK_CACHE", Path.home() / ".cache" / "dl-grader-benchmarks"))
PINS = {
    "nbgrader": ("nbgrader==0.9.6", "ipykernel", "numpy", "torch==2.13.0"),
    "otter": ("otter-grader==7.0.0", "ipykernel", "numpy", "torch==2.13.0"),
}
STUDENTS = 64


def environment(name: str) -> Path:
    """The folder of a rival's virtual environment, made when it is not there."""
    folder = CACHE / f"venv-{name}"
    if not (folder / "bin" / name).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *PINS[name]], check=True)
    return folder


class Rival:
    """A grader that can be asked to grade some of its students."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self._bin = environment(name) / "bin"
        self._path = {"PATH": f"{self._bin}:{os.environ['PATH']}"}
        folder.mkdir(parents=True)

    def _run(self, *command: str) -> Took:
        return run([str(self._bin / command[0]), *command[1:]], self.folder, self._path)


class Nbgrader(Rival):
    """`nbgrader autograde` and `nbgrader generate_feedback`."""

    def __init__(self, folder: Path) -> None:
        super().__init__("nbgrader", folder)
        lesson.write_for_nbgrader(folder, STUDENTS)
        self._run("nbgrader", "generate_assignment", lesson.NAME, "--force")

    def grade(self, first: int, count: int) -> Took:
        """Grade students from number `first` on, with feedback."""
        took = Took(0.0, 0.0)
        for command in ("autograde", "generate_feedback"):
            pattern = self._pattern(first, count)
            took += self._run("nbgrader", command, lesson.NAME, "--force", f"--student={pattern}")
        names = [f"s{number:05}" for number in range(first, first + count)]
        steady = 0.0
        for made in ("autograded/{}/{}/{}.ipynb", "feedback/{}/{}/{}.html"):
            files = [self.folder / made.format(n, lesson.NAME, lesson.NAME) for n in names]
            steady += pace(file.stat().st_mtime for file in files)
        return replace(took, steady=steady)

    def _pattern(self, first: int, count: int) -> str:
        """nbgrader takes one student or all, so the others are put aside."""
        submitted, aside = self.folder / "submitted", self.folder / "aside"
        aside.mkdir(exist_ok=True)
        wanted = {f"s{number:05}" for number in range(first, first + count)}
        for home in (*submitted.iterdir(), *aside.iterdir()):
            target = (submitted if home.name in wanted else aside) / home.name
            if home != target:
                home.rename(target)
        return "*"

    def points(self, first: int) -> float:
        """What a student got."""
        script = (
            "from nbgrader.api import Gradebook\n"
            "with Gradebook('sqlite:///gradebook.db') as book:\n"
            f"    print(book.find_submission('{lesson.NAME}', 's{first:05}').score)"
        )
        command = [str(self._bin / "python"), "-c", script]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return float(done.stdout)


class Otter(Rival):
    """`otter run`, one process per submission, as it is."""

    def __init__(self, folder: Path) -> None:
        super().__init__("otter", folder)
        lesson.write_for_otter(folder, STUDENTS)
        self._run("otter", "generate", "-t", "tests", "-o", "autograder.zip")

    def grade(self, first: int, count: int, at_once: int = 1) -> Took:
        """Grade students from number `first` on."""
        with ThreadPoolExecutor(at_once) as pool:
            each = list(pool.map(self._one, range(first, first + count)))
        wall = sum(took.wall for took in each) / at_once
        return Took(wall, sum(took.cpu for took in each), wall / count)

    def _one(self, number: int) -> Took:
        out = self.folder / "out" / str(number)
        out.mkdir(parents=True, exist_ok=True)
        command = ["otter", "run", "--no-logo", "-a", "../../autograder.zip", "-o", "."]
        command = [str(self._bin / command[0]), *command[1:]]
        return run([*command, f"../../submissions/s{number:05}.ipynb"], out, self._path)

    def points(self, first: int) -> float:
        """What a student got."""
        import json

        told = json.loads((self.folder / "out" / str(first) / "results.json").read_text())
        return float(sum(test.get("score", 0) for test in told["tests"]))
