"""Prints constraints that pin every dependency to the lowest version pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
needed = project["dependencies"] + project["optional-dependencies"]["course"]
for requirement in needed:
    found = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement)
    if found is None:
        raise SystemExit(f"pyproject.toml: {requirement!r} names no lowest version")
    print(f"{found[1]}=={found[2]}")  # noqa: T201  (this is its output)
