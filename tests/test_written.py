"""Finding the answers in words, with and without metadata."""

import json

import pytest

from grader.notebook import read
from grader.written import find_written, is_filled, marker

PLACEHOLDER = "*在这里作答。*"
QUESTION = f"## 思考题一\n\n解释。\n\n{marker('w1')}"


def given(source, kind="markdown", **role):
    metadata = {"grader": {"given": True, **role}}
    return {"cell_type": kind, "source": source, "metadata": metadata}


def own(source, kind="markdown"):
    return {"cell_type": kind, "source": source, "metadata": {}}


def answer(source, question="w1"):
    return given(source, written=question, placeholder=PLACEHOLDER)


def notebook(*cells, bare=False):
    kept = [cell | {"metadata": {}} if bare else cell for cell in cells]
    return read(json.dumps({"cells": kept}).encode())


@pytest.mark.parametrize("bare", [False, True])
def test_the_answer_cell(bare):
    made = notebook(
        given(QUESTION),
        given("plot()", "code"),
        answer("因子是 $1-2\\eta$。"),
        given("## 第 6 题"),
        given("text"),
        bare=bare,
    )
    assert find_written(made, "w1") == "因子是 $1-2\\eta$。"
    assert is_filled(made, "w1", PLACEHOLDER)
    assert find_written(made, "w2") is None
    assert not is_filled(made, "w2")


@pytest.mark.parametrize("bare", [False, True])
def test_cells_added_below_belong_to_the_answer(bare):
    made = notebook(
        given(QUESTION),
        answer(PLACEHOLDER),
        own("### 1\n首先"),
        own("plot()", "code"),
        own("其次"),
        given("## 第 6 题"),
        own("别的"),
        bare=bare,
    )
    assert find_written(made, "w1") == f"{PLACEHOLDER}\n\n### 1\n首先\n\n其次"
    assert is_filled(made, "w1", PLACEHOLDER)


def test_a_deleted_answer_cell_is_found_below_its_question():
    made = notebook(given(QUESTION), own("我的答案"), given("## 第 6 题"), answer("x", "w2"))
    assert find_written(made, "w1") == "我的答案"
    assert is_filled(made, "w1")


def test_an_answer_in_the_cell_of_the_question():
    made = notebook(own(QUESTION + "\n答案在此"), own(f"## 思考题二\n{marker('w2')}"), own("二"))
    assert find_written(made, "w1") == "答案在此"
    assert find_written(made, "w2") == "二"


def test_a_split_answer_cell_is_put_together():
    made = notebook(given(QUESTION), answer("一"), answer("二"), given("## x"))
    assert find_written(made, "w1") == "一\n\n二"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (PLACEHOLDER, False),
        ("", False),
        ("  \n", False),
        ("在这里作答", False),
        ("<!-- nothing -->", False),
        ("---\n***", False),
        (f"{PLACEHOLDER}\n\n好", True),
        ("A", True),
        ("![figure](attachment:a.png)", True),
        ("$\\eta$", True),
        ("42", True),
    ],
)
def test_what_counts_as_an_answer(text, filled):
    assert is_filled(notebook(given(QUESTION), answer(text)), "w1") is filled
    bare = notebook(given(QUESTION), answer(text), bare=True)
    assert is_filled(bare, "w1", PLACEHOLDER) is filled


def test_a_missing_question_is_not_filled():
    assert find_written(notebook(own("x")), "w1") is None
    assert not is_filled(notebook(), "w1")
