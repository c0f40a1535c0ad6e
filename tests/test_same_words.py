"""A result says the same in the same order as a page, as Markdown and on a terminal."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from grader.checkpage import check_markdown, check_page
from grader.cli.texts import echo_report
from grader.entries import Comment, Override, Scope
from grader.feedback import render_markdown, render_student
from grader.report import Said
from grader.result import Diagnosis, Passage, Place, Text
from grader.selfcheck import SelfCheck
from tests.harmless import VOID
from tests.reported import COURSE, DUE, GD, MARKS, STUDENT, grade, sample

SAID = Said(
    (Override(STUDENT.id, "gd", Scope.CHECK, "1b", None, "读错了题", "王", DUE),),
    (Comment(STUDENT.id, "gd", "1", "先看损失的定义。", "王", DUE),),
)
TOP = Diagnosis("repaired", Text("有一个单元格式不对。", "A cell was malformed."))


class Sentences(HTMLParser):
    """The texts of a page from its heading on, but for pictures, charts and addresses."""

    LEFT_OUT = frozenset({"svg", "figure", "nav", "footer", "style"})

    def __init__(self, text):
        super().__init__()
        self.found, self._skipped, self._started = [], 0, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._started |= tag == "h1"
        gone = tag in self.LEFT_OUT or dict(attributes).get("class") == "gutter"
        if gone or (self._skipped and tag not in VOID):
            self._skipped += 1

    def handle_endtag(self, tag):
        if self._skipped and tag not in VOID:
            self._skipped -= 1

    def handle_data(self, data):
        if self._started and not self._skipped and (said := bare(data)):
            self.found.append(said)


def bare(text):
    """The text without blanks, dots between things, and the lines of tables."""
    return re.sub(r"[\s·•\u2500-\u257f]|\x1b\[[\d;]*m", "", text)


def rich_sample():
    """Everything at once: also a page of the student's code beside a check."""
    passage = Passage(Place(5, 2), 1, ("def mse(a, b):", "    return ((a - b) ** 2).mean()"))
    given = sample()
    checks = tuple(replace(c, passage=passage) if c.diagnosis else c for c in given.checks)
    return replace(given, checks=checks, diagnosis=TOP)


def reported(render, language, result):
    return render(
        result,
        GD,
        COURSE,
        grade(result),
        language,
        student=STUDENT,
        marks=MARKS,
        said=SAID,
    )


def missing(sentences, text):
    """The first sentence that does not follow those before it in the text."""
    at, text = 0, bare(text)
    for number, sentence in enumerate(sentences):
        found = text.find(sentence, at)
        if found < 0:
            return f"{sentence!r} after {sentences[max(0, number - 3) : number]}"
        at = found + len(sentence)
    return None


def as_text(markdown):
    found = re.sub(r"<[^>]+>", "", MarkdownIt("commonmark").enable("table").render(markdown))
    for entity, character in ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"):
        found = found.replace(entity, character)
    return found.replace("\u200b", "")


@pytest.fixture
def terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "400")

    def shown(markdown):
        echo_report(markdown)
        return capsys.readouterr().out.replace("\u200b", "")

    return shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_says_the_same_everywhere(language, terminal):
    result = rich_sample()
    sentences = Sentences(reported(render_student, language, result)).found
    markdown = reported(render_markdown, language, result)
    assert len(sentences) > 150
    assert missing(sentences, as_text(markdown)) is None
    assert missing(sentences, terminal(markdown)) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_self_check_says_the_same_everywhere(language, terminal):
    result = rich_sample()
    done = SelfCheck(GD, result.checks, replace(result.notebook, diagnosis=TOP))
    sentences = [
        s
        for s in Sentences(check_page(done, language)).found
        if not re.fullmatch(r"\d+|/\d+", s)  # the large number at the top
    ]
    markdown = check_markdown(done, language)
    assert len(sentences) > 50
    assert missing(sentences, as_text(markdown)) is None
    assert missing(sentences, terminal(markdown)) is None


def test_what_is_missing_is_noticed():
    assert missing(["a", "b"], "a c b") is None
    assert missing(["a", "b"], "b a").startswith("'b' after")
