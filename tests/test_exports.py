"""What `from grader import …` offers is chosen by hand."""

import pytest

import grader


def test_the_public_names():
    assert grader.__all__ == ["Text", "assert_close", "check", "check_here"]


def test_they_are_there():
    assert all(callable(getattr(grader, name)) for name in grader.__all__)


def test_nothing_else_is():
    with pytest.raises(AttributeError, match="has no attribute 'grade_everything'"):
        grader.grade_everything  # noqa: B018  (asking is the test)
