"""What a level is known not to hold. Everything else that an attack brings about is a defect."""

from __future__ import annotations

from tests.hostile.arena import Outcome

PLAIN = ("read a secret", "changed", "reached a socket", "ended", "stopped", "left", "was seen")
"""`plain` limits and judges, but hides nothing (docs/security.md)."""


def unexpected(outcome: Outcome) -> tuple[str, ...]:
    """What the outside saw and should not have seen at this level."""
    if outcome.level == 0:
        return tuple(seen for seen in outcome.seen if not seen.startswith(PLAIN))
    return outcome.seen
