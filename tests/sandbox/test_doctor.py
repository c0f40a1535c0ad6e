"""`grader doctor` says what was tried at each level, and what came of it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.result import Isolation
from grader.sandbox import probe


def test_every_attempt_is_shown_and_refused():
    done = CliRunner().invoke(main, ["doctor", "--json"])
    levels = [level for level in json.loads(done.stdout) if level["holds"]]
    if not levels:
        pytest.skip("no sandbox can be had here")
    for level in levels:
        assert len(level["refused"]) >= 15
        assert all(level["refused"].values())
    shown = CliRunner().invoke(main, ["doctor"]).stdout
    assert all(name in shown for name in levels[0]["refused"])
    assert "SUCCEEDED" not in shown


def test_a_level_that_leaks_is_not_to_be_had(monkeypatch):
    tried = {"read a file of the grader": True, "mount": False}
    monkeypatch.setattr(probe, "_try", lambda level: (Isolation("linux", level, "x"), tried))
    probe.attempt.cache_clear()
    try:
        done = CliRunner().invoke(main, ["doctor"])
    finally:
        probe.attempt.cache_clear()
    assert done.exit_code == 1
    assert "code in the box could read a file of the grader" in done.stdout
    assert "SUCCEEDED" in done.stdout
    assert "sysctl" in done.stderr
