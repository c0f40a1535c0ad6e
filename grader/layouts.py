"""How submissions lie in what a learning platform hands out: whose file is it, by its path?

canvas     surnamefirst_12345_67890_gd-1.ipynb, or surnamefirst_LATE_12345_67890_gd.ipynb
moodle     Name_12345_assignsubmission_file_/gd.ipynb
classroom  gd-username/gd.ipynb, clones of repositories
folder     2026001/gd.ipynb, or attempts in 2026001/1/ and 2026001/2/
flat       2026001_gd.ipynb
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """Whose file it is, as far as its path tells."""

    owner: str
    """A student number, a name, an e-mail address or an account, perhaps with more around it."""
    hand_in: str
    """Files of one owner with the same value were handed in together."""
    file_name: str
    account: str = ""
    """The platform's number of the person."""
    late: bool = False
    """Whether the platform marks it as late."""
    is_name: bool = False
    """Whether the owner is a person's name, and no account that reads like another's name."""


@dataclass(frozen=True)
class Layout:
    """One way in which submissions lie."""

    name: str
    claim: Callable[[Path], Claim | None]
    """None: the path is not like this."""
    dated: bool
    """Whether the dates of the files are those of the students' work even if all are equal."""


_CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)", re.DOTALL)
_MOODLE = re.compile(
    r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(file|onlinetext)(_(?P<file>.+)|_?)", re.DOTALL
)
_AGAIN = re.compile(r"-\d+(?=(\.\w+)+$)")


def _canvas(path: Path) -> Claim | None:
    found = _CANVAS.fullmatch(path[0])
    if found is None:
        return None
    name = _AGAIN.sub("", found["file"]) if len(path) == 1 else path[-1]
    return Claim(found["name"], "", name, found["id"], found["late"] is not None, is_name=True)


def _moodle(path: Path) -> Claim | None:
    found = _MOODLE.fullmatch(path[0])
    if found is None:
        return None
    name = found["file"] if len(path) == 1 and found["file"] else path[-1]
    return Claim(found["name"], "", name, found["id"], is_name=True)


def _folder(path: Path) -> Claim | None:
    if len(path) < 2:
        return None
    attempt = path[1] if len(path) > 2 and path[1].isdigit() else ""
    return Claim(path[0], attempt, path[-1])


def _flat(path: Path) -> Claim | None:
    return Claim(path[0], "/".join(path), path[-1]) if len(path) == 1 else None


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("canvas", _canvas, dated=False),
        Layout("moodle", _moodle, dated=False),
        Layout("classroom", _folder, dated=True),
        Layout("folder", _folder, dated=True),
        Layout("flat", _flat, dated=True),
    )
}


@dataclass(frozen=True)
class Arrangement:
    """How what was handed over lies."""

    layout: Layout
    depth: int
    """So many folders lie around all of it."""

    def claim(self, path: Path) -> Claim | None:
        """Whose file it is; None: the path is not like the others."""
        return self.layout.claim(path[self.depth :]) if len(path) > self.depth else None


def recognise(
    paths: Sequence[Path],
    knows: Callable[[Claim], bool],
    *,
    clones: bool = False,
    named: str | None = None,
) -> Arrangement:
    """How the paths lie: what makes most sense of them.

    Args:
        paths: of what was handed over.
        knows: whether a claim leads to a student of the roster.
        clones: whether the folders are clones of repositories.
        named: only this layout.
    """
    depths = range(_common(paths) + 1)
    chosen = [LAYOUTS[named]] if named else list(LAYOUTS.values())
    if not clones and named is None:
        chosen = [layout for layout in chosen if layout.name != "classroom"]
    best, most = Arrangement(chosen[-1], 0), (-1.0, -1.0)
    for layout in chosen:
        for depth in depths:
            tried = Arrangement(layout, depth)
            claims = [c for path in paths if (c := tried.claim(path)) is not None]
            score = float(len(claims))
            if layout.name in ("canvas", "moodle"):
                # Their names are unmistakable, whether or not the roster knows them.
                score = 3.0 * len(claims) if 2 * len(claims) > len(paths) else 0.0
            known = float(sum(map(knows, claims))) + (score if score > len(claims) else 0.0)
            if (known, score) > most:
                best, most = tried, (known, score)
    return best


def _common(paths: Sequence[Path]) -> int:
    """How many folders all paths have in common."""
    depth = 0
    while paths and all(len(p) > depth + 1 and p[depth] == paths[0][depth] for p in paths):
        depth += 1
    return depth
