"""Which notebooks are nearly the same? Winnowing over normalised tokens, in the manner of MOSS.

Comments, layout, names and numbers do not matter: `w = x @ y  # 1` and `v=a@b` are the same
text. What was handed out and what many have in common says nothing and is left out, so that two
short right answers to one question do not look like copies. It finds what a person should look
at; it proves nothing.
"""

from __future__ import annotations

import io
import keyword
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

GRAM = 18
"""Tokens in one fingerprint: shorter runs are chance."""
WINDOW = 8
"""Of so many runs one is kept: a common stretch of GRAM + WINDOW tokens is always found."""
FEWEST = 12
"""Fingerprints of one's own that a notebook must have to be compared."""
COMMON = 0.05
"""What more than this share of the class has, and more than three students, is common."""
ALIKE = 0.8
_LAYOUT = frozenset(
    (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    )
)


@dataclass(frozen=True)
class Pair:
    """Two notebooks that are nearly the same."""

    first: str
    second: str
    share: float
    """Of the fingerprints of the smaller one, how many the other has too."""


def fingerprints(source: str) -> tuple[int, ...]:
    """Fingerprints of a program, in increasing order; a handful for a hundred lines.

    Args:
        source: Python text; what comes after a place where it cannot be read is left out.
    """
    words = list(_words(source))
    runs = [
        zlib.crc32("\0".join(words[i : i + GRAM]).encode("utf-8", "replace"))
        for i in range(len(words) - GRAM + 1)
    ]
    windows = (runs[i : i + WINDOW] for i in range(max(1, len(runs) - WINDOW + 1)))
    return tuple(sorted({min(window) for window in windows if window}))


def alike(prints: Mapping[str, Collection[int]], handed_out: Collection[int] = ()) -> list[Pair]:
    """The pairs that are nearly the same, most alike first.

    Args:
        prints: fingerprints by student.
        handed_out: fingerprints of the notebook that everybody got.
    """
    owners: dict[int, list[str]] = defaultdict(list)
    for student in sorted(prints):
        for mark in set(prints[student]).difference(handed_out):
            owners[mark].append(student)
    most = max(3, int(COMMON * len(prints)))
    own: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for students in owners.values():
        if len(students) > most:
            continue
        for student in students:
            own[student] += 1
        if len(students) > 1:
            shared.update(combinations(students, 2))
    found = (
        Pair(a, b, both / min(own[a], own[b]))
        for (a, b), both in shared.items()
        if min(own[a], own[b]) >= FEWEST
    )
    return sorted((p for p in found if p.share >= ALIKE), key=lambda p: (-p.share, p.first))


def _words(source: str) -> Iterable[str]:
    """The tokens without what a copyist changes first."""
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _LAYOUT:
                continue
            yield _word(token, before)
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _word(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.NAME:
        # What comes after a dot is the library's name, which stays.
        return token.string if before == "." or keyword.iskeyword(token.string) else "v"
    if token.type == tokenize.NUMBER:
        return "0"
    return "s" if token.type == tokenize.STRING else token.string
