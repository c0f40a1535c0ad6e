"""Speaks to GitHub Actions: annotations, step summary, outputs, and text that commands nothing.

A runner reads commands out of what a step prints. Whatever came from a student is escaped where it
stands in a command, and what is printed for people is fenced off with a token that nobody could
foresee.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SUMMARY = 1_000_000
"""Bytes; GitHub refuses a step summary of more than a mebibyte."""


@dataclass(frozen=True)
class Annotation:
    """A remark at a place in a file."""

    message: str
    title: str = ""
    file: str = ""
    line: int = 0
    level: str = "error"
    """"error", "warning" or "notice"."""

    def __str__(self) -> str:
        """The workflow command."""
        fields = {"file": self.file, "line": self.line or "", "title": self.title}
        listed = ",".join(f"{name}={_property(str(v))}" for name, v in fields.items() if v)
        return f"::{self.level}{f' {listed}' if listed else ''}::{_data(self.message)}"


def fenced(lines: Iterable[str]) -> list[str]:
    """Lines to print among which the runner finds no command."""
    token = secrets.token_hex(16)
    return [f"::stop-commands::{token}", *map(harmless, lines), f"::{token}::"]


def harmless(line: str) -> str:
    """A line that is no workflow command, of neither form, whatever is in it."""
    line = " ".join(line.split("\n")).replace("\r", " ").replace("##[", "## [")
    return f" {line.lstrip()}".replace(" ::", " : :", 1) if line.lstrip()[:2] == "::" else line


def _data(text: str) -> str:
    text = text.replace("##[", "## [")
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


@dataclass(frozen=True)
class Runner:
    """The files that a runner reads after the step; None where there is no runner."""

    summary: Path | None = None
    output: Path | None = None

    @staticmethod
    def here() -> Runner:
        """That of this process."""
        paths = {
            name: Path(found) if (found := os.environ.get(variable)) else None
            for name, variable in (
                ("summary", "GITHUB_STEP_SUMMARY"),
                ("output", "GITHUB_OUTPUT"),
            )
        }
        return Runner(**paths)

    def summarise(self, markdown: str) -> None:
        """Add to the page of the run."""
        if self.summary is not None:
            data = markdown.encode()
            if len(data) > SUMMARY:
                data = data[:SUMMARY].rsplit(b"\n", 1)[0] + b"\n\n...\n"
            with self.summary.open("ab") as file:
                file.write(data)

    def put(self, outputs: Mapping[str, str]) -> None:
        """Set outputs of the step; values are one line each.

        Raises:
            ValueError: a value has more than one line.
        """
        if any("\n" in value or "\r" in value for value in outputs.values()):
            raise ValueError("an output of more than one line")
        if self.output is not None:
            with self.output.open("a", encoding="utf-8") as file:
                file.writelines(f"{name}={value}\n" for name, value in outputs.items())
