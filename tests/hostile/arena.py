"""Grades attacks, one after the other, at one level, and asks the outside what came of each.

python -m tests.hostile.arena LEVEL [--sample]    one JSON object per attack, for `table`
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

from grader.calls import Request
from grader.closing import Closing
from grader.config import load_assignment, load_course
from grader.errors import SandboxError, SubmissionFault
from grader.feedback import render_markdown, render_student
from grader.grade import grade
from grader.notebook import read
from grader.result import SubmissionResult, Verdict
from grader.sandbox import Sandbox
from grader.sandbox.plain import PlainSandbox
from grader.session import Session
from grader.submission import GradingJob, Submission
from tests.adopting import descendants
from tests.hostile.attack import CONFESS, EXHAUST, FORGE, LEAK, PAGE, PERSIST, PRELUDE, Attack
from tests.hostile.outside import MARKED, Outside
from tests.tiny import RIGHT, hand_in, notebook

WRONG = RIGHT.replace("return (x * x).sum() * 0.5", "return x.sum()")
CHECKS = ("1a", "1b")
OWN = "1a"
"""The check that a wrong half_square loses; 1b is about `scaled`, which is right."""
NAMES = {3: "isolated", 2: "confined", 0: "plain"}
PATIENCE = 60.0
"""Seconds; an attack that holds the grader up for longer has stopped the batch."""
LOOK = """
import builtins, os, sys, tempfile
found = [m for m in (builtins, torch) if hasattr(m, "left_behind")]
found += [m for m in sys.modules if m == "left_behind"]
for place in (".", "/tmp", "/dev/shm", tempfile.gettempdir(), os.path.expanduser("~"), folder):
    try:
        found += [n for n in os.listdir(place) if mark in n]
    except OSError:
        pass
if found:
    raise RuntimeError(f"left behind: {found}")
"""
"""What the next submission tries to find."""


@dataclass(frozen=True)
class Outcome:
    """What came of one attack."""

    kind: str
    name: str
    level: int
    seen: tuple[str, ...] = ()
    """What the outside saw of it; nothing, if the level holds."""
    tried: bool = True
    seconds: float = 0.0


class Arena(Closing):
    """One sandbox at one level, with a neighbour in it, for many attacks.

    Args:
        level: 3, 2, or 0 for `plain`.

    Raises:
        SandboxError: this machine cannot hold the level.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.uid = _box_uid() if level else os.getuid()
        self.outside = Outside(self.uid)
        os.environ["OUTSIDE_SECRET"] = self.outside.secrets["environ"]
        try:
            self.sandbox = self._open()
            self._meet_neighbour()
        except BaseException:
            self.outside.close()
            raise

    def _open(self) -> Sandbox:
        if self.level == 0:
            return PlainSandbox()
        from grader.sandbox.linux import LinuxSandbox

        return LinuxSandbox(level=self.level, hidden=(self.outside.course,))

    def _meet_neighbour(self) -> None:
        """Another submission that is being graded all the while."""
        self.secret = self.outside.secrets["neighbour"] = (
            f"planted-neighbour-{os.urandom(6).hex()}"
        )
        cell = f"open('neighbour.txt', 'w').write({self.secret!r})\nimport os"
        course = load_course(self.outside.course)
        limits = load_assignment(course, "tiny").limits
        self.neighbour = Session(
            self.sandbox, read(notebook(cell, "def where(): return os.getcwd()")), limits
        )
        self.neighbour.__enter__()
        self.place = self.neighbour.call(Request("where")).value
        self.neighbour.fresh()
        self.outside.processes = descendants()
        self.honest = self._grade("2026000", RIGHT)
        lost = [c.id for c in self.honest.checks if c.verdict is not Verdict.ACCEPTED]
        assert not lost, self.honest

    def attempt(self, attack: Attack) -> Outcome:
        """Grade the attack and look around."""
        if attack.needs_walls and self.level == 0:
            return Outcome(attack.kind, attack.name, self.level, tried=False)
        started = time.monotonic()
        names = self.outside.names() | {"neighbour": self.place}
        told = "\n".join(f"{name} = {value!r}" for name, value in names.items())
        result = self._grade(
            attack.student,
            PRELUDE + told,
            RIGHT if attack.right else WRONG,
            *attack.cells,
            CONFESS,
        )
        seconds = time.monotonic() - started
        seen = [*self._seen(attack, result, seconds), *self.outside.changes()]
        seen += self.outside.left()
        if attack.kind in (PERSIST, EXHAUST):
            seen += self._next(told)
        if seen:
            self._start_again()
        return Outcome(attack.kind, attack.name, self.level, tuple(seen), True, round(seconds, 2))

    def _seen(self, attack: Attack, result: SubmissionResult, seconds: float) -> Iterator[str]:
        if seconds > PATIENCE:
            yield "held the grader up"
        if result.needs_human or result.verdict is Verdict.JUDGE_ERROR:
            yield f"broke the grader: {_reason(result)}"
        yield from self.outside.known(_everything(result))
        if attack.right and _points(result) < _points(self.honest):
            yield "cost points that had been earned"
        if not attack.right and any(c.earned for c in result.checks if c.id == OWN):
            yield "earned points"
        if result.usage.memory > 2 * 768:
            yield f"used {result.usage.memory:.0f} MiB"
        if not self._neighbour_lives():
            yield "ended a neighbour"
        if attack.kind in (LEAK, PAGE, FORGE):
            yield from self._pages(result)

    def _neighbour_lives(self) -> bool:
        try:
            return bool(self.neighbour.call(Request("where")).value == self.place)
        except SubmissionFault:
            return False
        finally:
            self.neighbour.fresh()

    def _next(self, told: str) -> Iterator[str]:
        result = self._grade("2026002", told, RIGHT, LOOK)
        if _points(result) < _points(self.honest):
            yield "cost the next submission points"
        elif "left behind" in _everything(result):
            yield "was seen by the next submission"

    def _pages(self, result: SubmissionResult) -> Iterator[str]:
        """What stands on the pages for students."""
        course = load_course(self.outside.course)
        assignment = load_assignment(course, "tiny")
        for language in "zh", "en":
            html = render_student(result, assignment, course, language=language)
            text = render_markdown(result, assignment, course, language=language)
            plain = _Page(self.honest_page(language))
            found = _Page(html)
            if found.active - plain.active:
                yield f"put {sorted(found.active - plain.active)} on a page"
            if any(mark in html + text for mark in MARKED):
                yield "showed a hidden input"
            if "\u202e" in html or "\x1b" in html or "\x1b" in text:
                yield "put control characters on a page"

    def honest_page(self, language: str) -> str:
        """A page without any attack."""
        course = load_course(self.outside.course)
        return render_student(
            self.honest, load_assignment(course, "tiny"), course, language=language
        )

    def _grade(self, student: str, *cells: str) -> SubmissionResult:
        root = self.outside.course
        path = hand_in(root, student, *cells)
        submission = Submission("tiny", student, path, 1, datetime.now(UTC))
        job = GradingJob(root, submission, "linux", secret=b"s" * 32, checks=CHECKS)
        return grade(job, self.sandbox)

    def _start_again(self) -> None:
        """After damage, everything outside anew, so that the next attack meets what it expects."""
        self.close()
        self.__init__(self.level)

    def close(self) -> None:
        """End the sandbox and clear up outside."""
        self.neighbour.__exit__(None, None, None)
        self.sandbox.close()
        self.outside.close()
        os.environ.pop("OUTSIDE_SECRET", None)


class _Page(HTMLParser):
    """The parts of a page that can do something: elements, handlers, addresses that lead out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.active: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "form", "link", "base", "svg", "b1"):
            self.active.add(f"<{tag}>")
        for name, value in attrs:
            harmless = (value or "").startswith(("#", "data:image/png;", "data:image/jpeg;"))
            if name.startswith("on") or name == "style":
                self.active.add(name)
            elif name in ("src", "href", "srcset", "action") and not harmless:
                self.active.add(f"{name}={value}")


def _everything(result: SubmissionResult) -> str:
    return repr(result)


def _reason(result: SubmissionResult) -> str:
    texts = [result.evidence, *(c.evidence for c in result.checks)]
    lines = next((t for t in texts if t), "").strip().splitlines()
    return lines[-1][:200] if lines else "?"


def _points(result: SubmissionResult) -> float:
    return float(sum(c.earned for c in result.checks))


def _box_uid() -> int:
    from grader.sandbox.zygote import spare_uid

    uid = spare_uid()
    return os.getuid() if uid is None else uid


def main() -> None:
    """Run attacks and print what came of them."""
    from tests.hostile.everything import ATTACKS, SAMPLE

    parser = argparse.ArgumentParser()
    parser.add_argument("level", type=int, choices=NAMES)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--skip", type=int, default=0, help="So many attacks of the list.")
    options = parser.parse_args()
    try:
        arena = Arena(options.level)
    except SandboxError as error:
        print(json.dumps({"cannot": str(error)}))  # noqa: T201
        return
    with arena:
        for attack in (SAMPLE if options.sample else ATTACKS)[options.skip :]:
            if options.only in f"{attack.kind}: {attack.name}":
                print(json.dumps(asdict(arena.attempt(attack))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
