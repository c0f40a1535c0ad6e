"""All attacks."""

from __future__ import annotations

from tests.hostile import escaping, exhausting, forging, leaking, paging, persisting, reading

MODULES = (reading, forging, escaping, exhausting, persisting, leaking, paging)
ATTACKS = tuple(found for module in MODULES for found in module.ATTACKS)
SAMPLE = tuple(found for module in MODULES for found in module.ATTACKS[::8])
"""A few of every class, for levels that are not tried in full."""
