"""Opens the hints that came with a released assignment, for public checks.

As in grading, all calls of a function are looked at together, and a variant is named when it
explains enough of those on which it differs from what is right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from grader.catalogue import Misconception
from grader.checks.naming import EXPLAINED
from grader.diagnosis import misconception_diagnosis
from grader.handout import Handout, call_key
from grader.proxy import Record
from grader.result import CheckResult, Diagnosis, Text
from grader.sealedhints import unseal
from grader.variants import ENOUGH


def open_hints(
    results: list[CheckResult], records: Sequence[Record], handout: Handout | None
) -> list[CheckResult]:
    """The results, with named misconceptions where public outputs open a hint.

    Args:
        results: of all checks.
        records: the calls that were made for them.
        handout: what came with the assignment, if anything did.
    """
    if handout is None or not handout.hints:
        return results
    failed = {r.id for r in results if r.public and r.verdict in EXPLAINED}
    if not failed:
        return results
    public = {r.id for r in results if r.public}
    calls = [r for r in records if r.check in public and r.reply is not None]
    functions = dict.fromkeys(r.function for r in calls if r.check in failed)
    named = {f: found for f in functions if (found := _named(f, calls, handout)) is not None}
    return [_explained(r, calls, named) if r.id in failed else r for r in results]


def _named(function: str, records: list[Record], handout: Handout) -> Diagnosis | None:
    outputs = {
        call_key(r.function, r.arguments, r.keywords): r.reply.value
        for r in records
        if r.function == function and r.reply is not None
    }
    shares: list[tuple[float, str]] = []
    for hint in handout.hints:
        relevant = [call for call in outputs if call in hint.keys]
        opened = [text for call in relevant if (text := unseal(hint, call, outputs[call]))]
        if opened and len(opened) >= ENOUGH * len(relevant):
            shares.append((len(opened) / len(relevant), opened[0]))
    best = max((share for share, _ in shares), default=0.0)
    texts = [text for share, text in shares if share == best]
    # Three that cannot be told apart are no explanation.
    if not texts or len(texts) > 2:
        return None
    return misconception_diagnosis([read_hint(text) for text in texts])


def read_hint(text: str) -> Misconception:
    """The misconception that an opened hint names; it cannot be run."""
    data: dict[str, Any] = json.loads(text)
    hint = data["hint"]
    return Misconception(
        function=data["function"],
        name=data["name"],
        call=_without_code,
        hint=None if hint is None else Text(**hint),
        words=Text(**data["words"]),
    )


def write_hint(wrong: Misconception) -> str:
    """The text that is sealed: what `read_hint` reads."""
    hint = wrong.hint
    told = {
        "function": wrong.function,
        "name": wrong.name,
        "hint": None if hint is None else {"zh": hint.zh, "en": hint.en},
        "words": {"zh": wrong.words.zh, "en": wrong.words.en},
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _without_code(*_: Any, **__: Any) -> None:
    raise NotImplementedError("a handed-out hint has no code")


def _explained(
    result: CheckResult, calls: list[Record], named: dict[str, Diagnosis]
) -> CheckResult:
    asked = dict.fromkeys(r.function for r in calls if r.check == result.id)
    diagnosis = next((named[f] for f in asked if f in named), None)
    return result if diagnosis is None else replace(result, diagnosis=diagnosis)
