"""Writes docs/cli.md from what `--help` says: `python -m grader.cli.reference docs/cli.md`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from grader.cli import main

HEAD = """\
# Command line

Written by `make docs` from what `--help` says; do not edit it.

Results go to stdout, progress and complaints to stderr, so `grader … > file` keeps what matters.
Exit code 0: the command did its work, whatever the students did; 1: an error of ours, or a
judge_error; 2: usage; 130: interrupted. An error is one line that says what is wrong, where, and
what to do.
"""
WIDTH = 88


def page() -> str:
    """The whole page."""
    parts = [HEAD, _section("grader", main)]
    parts += [_section(f"grader {name}", main.commands[name]) for name in sorted(main.commands)]
    return "\n".join(parts)


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    return f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
