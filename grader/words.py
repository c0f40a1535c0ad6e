"""The words of reports: gettext catalogues, and what verdicts and states are called.

Catalogues are `grader/locale/LANGUAGE/grader.po`. They are read as they are, through Babel, and
compiled in memory once per process, so there is no build step that could be forgotten. Words that
are only chosen at run time are listed here, wrapped in `N_` so that they are found.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from grader.itemanalysis import Sign
from grader.result import Verdict
from grader.scoring import State

FOLDER = Path(__file__).parent / "locale"
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}


def N_(text: str) -> str:  # noqa: N802  # the name that gettext tools look for
    """The text itself; marks it for the catalogues."""
    return text


VERDICTS = {
    Verdict.ACCEPTED: N_("correct"),
    Verdict.WRONG_ANSWER: N_("not correct"),
    Verdict.RUN_TIME_ERROR: N_("stopped with an error"),
    Verdict.TIME_LIMIT_EXCEEDED: N_("took too long"),
    Verdict.MEMORY_LIMIT_EXCEEDED: N_("used too much memory"),
    Verdict.OUTPUT_LIMIT_EXCEEDED: N_("put out too much"),
    Verdict.FORBIDDEN_API: N_("uses a forbidden interface"),
    Verdict.SKIPPED: N_("not attempted"),
    Verdict.JUDGE_ERROR: N_("not decided yet"),
}
PARTLY = N_("partly correct")
STATES = {
    State.COMPLETE: N_("complete"),
    State.PENDING: N_("written questions not marked yet"),
    State.UNDECIDED: N_("not decided yet"),
    State.NOT_GRADED: N_("handed in, not graded yet"),
    State.OPEN: N_("not due yet"),
    State.MISSING: N_("missing"),
}
PARTS = {
    "participation": N_("Participation"),
    "homework": N_("Homework"),
    "project": N_("Final project"),
}
NOTED = {
    "attendance": N_("Attendance"),
    "answers": N_("Answers in class"),
    "quizzes": N_("Quizzes"),
}
LEVELS = {
    3: N_("isolated: no network, no other files, no other processes"),
    2: N_("confined: no network, files restricted"),
    1: N_("filtered: dangerous system calls refused"),
    0: N_("limits on time and memory only"),
}
SIGNS = {
    Sign.REVERSED: (
        N_("reversed"),
        N_(
            "Those who do well elsewhere fail it more often than the others. Most often the check "
            "or its wording is wrong: read it before you count it."
        ),
    ),
    Sign.CHANCE: (
        N_("unrelated"),
        N_(
            "Who passes has little to do with how the rest went: it may hang on a detail that was "
            "never explained, or on luck."
        ),
    ),
    Sign.HARD: (
        N_("hard"),
        N_("Hardly anybody earns it: explain it again, or say more clearly what is asked."),
    ),
    Sign.EASY: (
        N_("easy"),
        N_("Nearly everybody earns it: fine for the basics, but it tells nobody apart."),
    ),
}
"""What to call a check that should be looked at, and why."""


LANGUAGES = {"zh": "中文", "en": "English"}


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of one language; a language without a catalogue speaks English."""
    path = FOLDER / language / "grader.po"
    if not path.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
