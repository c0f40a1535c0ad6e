"""Characters that nobody sees, or that change how the text around them is seen, made visible.

A student may put them into names, messages and code: an escape sequence repaints a terminal, a
bidirectional override lets a line of code read as another one, NUL ends a file in some programs.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and newline
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # direction, and line ends of Unicode
    "\ufeff\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"  # marks, halves of pairs, tags
)


def visible(text: str) -> str:
    """The text with a sign in place of each such character; tabs and newlines stay.

    ESC becomes ␛, and what has no sign of its own its number: ⟨U+202E⟩.
    """
    return _UNSEEN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
