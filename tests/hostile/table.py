"""The table of attacks and levels in docs/security.md, made by attacking.

    python -m tests.hostile.table docs/security.md

Run it as root, so that both root and an ordinary user can be tried; it takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests import ordinary
from tests.hostile.arena import Outcome
from tests.hostile.everything import ATTACKS

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
COLUMNS = ((3, True), (3, False), (2, True), (2, False), (0, False))
"""(level, as root); `plain` is tried as an ordinary user only."""
TITLES = {
    (3, True): "3, root",
    (3, False): "3, user",
    (2, True): "2, root",
    (2, False): "2, user",
    (0, False): "plain, user",
}
Column = Mapping[str, Outcome] | str
"""What came of each attack, or why the column could not be had."""


def attempt(level: int, *, as_root: bool) -> Column:
    """All attacks at one level; one that ends the whole arena is gone round."""
    outcomes: list[Outcome] = []
    while len(outcomes) < len(ATTACKS):
        found = _told(level, len(outcomes), as_root=as_root)
        if isinstance(found, str):
            return found
        outcomes += found
        if len(outcomes) < len(ATTACKS):
            fatal = ATTACKS[len(outcomes)]
            outcomes.append(Outcome(fatal.kind, fatal.name, level, ("ended the grader",)))
    return {f"{o.kind}: {o.name}": o for o in outcomes}


def _told(level: int, skipped: int, *, as_root: bool) -> list[Outcome] | str:
    """What an arena says of the attacks after the first ones, until it ends."""
    arguments = ["-m", "tests.hostile.arena", str(level), f"--skip={skipped}"]
    with tempfile.TemporaryDirectory(prefix="aside-") as aside:
        if as_root and os.getuid() != 0:
            return "needs root"
        command = [sys.executable, *arguments]
        if not as_root and os.getuid() == 0:
            if ordinary.cannot():
                return ordinary.cannot()
            command = ordinary.command(Path(aside), *arguments)
        done = subprocess.run(
            command, cwd=ordinary.REPOSITORY, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode == 1:  # an exception of ours, not a signal
        done.check_returncode()
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if said and "cannot" in said[0]:
        return str(said[0]["cannot"])
    return [Outcome(**fields) for fields in said]


def table(columns: Mapping[tuple[int, bool], Column]) -> str:
    """Markdown: a summary by class, then every attack."""
    lines = [
        f"{len(ATTACKS)} attacks, observed from outside the box. ✓ it came to nothing; ✗ what was "
        "seen of it; – not tried, because without walls it would end the tests or the machine; "
        "? not part of the run that wrote this.",
        "",
        _row(["class", "attack", *(TITLES[c] for c in COLUMNS)]),
        _row(["---"] * (2 + len(COLUMNS))),
    ]
    for attack in ATTACKS:
        name = f"{attack.kind}: {attack.name}"
        cells = [_cell(columns[c], name) for c in COLUMNS]
        lines.append(_row([attack.kind, attack.name, *cells]))
    lines.append("")
    for column in COLUMNS:
        found = columns[column]
        if isinstance(found, str):
            lines.append(f"* **{TITLES[column]}**: not had on the machine of this table: {found}")
            continue
        tried = [o for o in found.values() if o.tried]
        held = sum(not o.seen for o in tried)
        lines.append(f"* **{TITLES[column]}**: {held} of {len(tried)} attacks came to nothing.")
    return "\n".join(lines)


def _cell(column: Column, name: str) -> str:
    if isinstance(column, str) or name not in column:
        return "?"
    outcome = column[name]
    if not outcome.tried:
        return "–"
    return (
        "✗ " + "; ".join(dict.fromkeys(_short(s) for s in outcome.seen)) if outcome.seen else "✓"
    )


def _short(seen: str) -> str:
    """Without the names of temporary files, which differ from run to run."""
    head = seen.split(" /")[0]
    return "left files" if head == "left" else head.split(":")[0]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def write(path: Path, text: str) -> None:
    """Put the table between its markers."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Attack, and write the document."""
    parser = argparse.ArgumentParser(description="Writes the table of attacks.")
    parser.add_argument("document", type=Path)
    document = parser.parse_args().document
    columns: dict[tuple[int, bool], Column] = {}
    for level, as_root in COLUMNS:
        print(f"level {level}, {'root' if as_root else 'user'} …", file=sys.stderr)  # noqa: T201
        columns[level, as_root] = attempt(level, as_root=as_root)
    write(document, table(columns))


if __name__ == "__main__":
    main()
