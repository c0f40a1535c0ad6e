"""Whatever people write, a page stays a page: nothing in it acts, loads, calls or hides."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from nbformat.v4 import new_notebook

from grader import page
from grader.checkpage import check_markdown, check_page
from grader.classpage import render_class
from grader.classreport import class_report
from grader.feedback import render_markdown, render_student
from grader.gradebook import Gradebook
from grader.notebook import Cell, Notebook
from grader.passage import passage
from grader.prose import TAGS, prose
from grader.report import student_report
from grader.result import CellRun, NotebookRun, Place, Verdict
from grader.selfcheck import SelfCheck
from grader.standing import standings
from grader.unseen import visible
from tests.harmless import Reader, assert_harmless, skeleton, styles
from tests.poison import PAYLOADS, marks, person, picture, pictures, poisoned, said, written
from tests.reported import COURSE, GD, sample

hostile = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
MARKDOWN = {"h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "code", "pre", "blockquote"} | {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def student_page(payload, language="zh"):
    return render_student(
        poisoned(payload),
        GD,
        COURSE,
        language=language,
        student=person(payload),
        marks=marks(payload),
        said=said(payload),
    )


def markdown(payload, language="en"):
    return render_markdown(
        poisoned(payload),
        GD,
        COURSE,
        language=language,
        student=person(payload),
        marks=marks(payload),
        said=said(payload),
    )


def self_check(payload):
    result = poisoned(payload)
    return SelfCheck(GD, result.checks, result.notebook)


def plain(payload):
    """A payload of as many lines that means nothing."""
    return "\n".join("x" for _ in payload.splitlines())


@hostile
def test_a_student_page_keeps_its_elements(payload):
    html = student_page(payload)
    assert_harmless(html)
    assert skeleton(html) == skeleton(student_page(plain(payload)))
    assert {tag for tag, _ in Reader(html).prose} <= TAGS
    assert all(not names for _, names in Reader(html).prose if names != ("class",))
    assert styles(html) == styles(student_page("x"))


@hostile
def test_a_self_check_page_keeps_its_elements(payload):
    html = check_page(self_check(payload), "en")
    assert_harmless(html)
    assert skeleton(html) == skeleton(check_page(self_check(plain(payload)), "en"))


def test_nothing_runs_in_the_browser_of_an_instructor(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        for n, payload in enumerate(PAYLOADS.values()):
            result = replace(poisoned(payload), student=f"s{n}")
            failed = replace(result, verdict=Verdict.JUDGE_ERROR, evidence=payload)
            book.add_results([result, replace(failed, student=f"f{n}")])
            book.put_students([replace(person(payload), id=f"s{n}")])
        lines = standings(COURSE, {"gd": GD}, book)
        report = class_report(COURSE, GD, lines, book.results("gd"))
    scripts = render_class(class_report(COURSE, GD, (), ()), "en").count("<script")
    for language in "zh", "en":
        html = render_class(report, language)
        assert_harmless(html, scripts=scripts)
        assert not UNSEEN.search(html)


@hostile
def test_what_was_written_is_there_to_be_read(payload):
    """Made harmless by escaping, not by throwing text away."""
    found = Reader(student_page(payload)).text
    for word in re.findall(r"\w{3,}", payload):
        assert word in found


@hostile
@pytest.mark.parametrize("render", [student_page, markdown])
def test_nobody_is_misled_by_what_cannot_be_seen(payload, render):
    assert not UNSEEN.search(render(payload))


@hostile
@pytest.mark.parametrize("make", [markdown, lambda p: check_markdown(self_check(p), "en")])
def test_nothing_is_markdown(payload, make):
    found = Reader(
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(make(payload))
    )
    assert found.tags <= MARKDOWN
    assert {name for _, name, _ in found.attributes} <= {"class", "style"}
    usual = Reader(MarkdownIt("commonmark").enable("table").render(make(plain(payload))))
    for tag in "h1", "h2", "h3", "ol", "tr", "blockquote":
        assert [t for t, _ in found.elements].count(tag) == [t for t, _ in usual.elements].count(
            tag
        )


@hostile
@pytest.mark.parametrize("make", [markdown, lambda p: check_markdown(self_check(p), "en")])
def test_github_makes_no_links_and_calls_nobody(payload, make):
    text = re.sub(r"^( *)(```+).*?^\1\2`*$", "", make(payload), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert not re.search(r"://|\bwww\.|(?<![\w`])@\w|(?<!&)#\d", text)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x7f\x00", "␡␀"),
        ("列\t1\n∑ é 👩\u200d🔬", "列\t1\n∑ é 👩\u200d🔬"),
    ],
)
def test_what_is_not_seen_gets_a_sign(given, shown):
    assert visible(given) == shown


@pytest.mark.parametrize(
    "text",
    ["1. x", "- x", "+ x", "= x", "---", "# x", "> x", "1) x", "-", "a | b", "@all #12 o/r#1"],
)
def test_literal_text_stays_literal(text):
    html = MarkdownIt("commonmark").enable("table").render(page.escape_markdown(text))
    assert Reader(html).tags == {"p"}
    assert Reader(html).text.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["- 3.5", "-3.5 / 4", "2026-10-09", "1.5"])
def test_numbers_stay_readable(text):
    assert page.escape_markdown(text).replace("&#45;", "-") == text


# -- prose ---------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), *map(written, PAYLOADS.values())])
def test_prose_is_elements_without_attributes(payload):
    found = Reader(f"<main>{prose(payload)}</main>")
    assert found.tags <= TAGS | {"main"}
    assert found.attributes == []
    assert found.remarks == []


def test_prose_means_what_markdown_means():
    found = Reader(
        prose("# A\n\n**b** *c* ~~d~~ `e`\n\n1. f\n\n| g |\n|---|\n| h |\n\n> i\n\n---")
    )
    assert found.tags >= {"h3", "p", "strong", "em", "ol", "li", "table", "td", "blockquote", "hr"}


def test_formulas_are_text():
    html = prose("$a_1 < b_2$ und $$\\sum_i x_i$$ `$x$` \\$5 and 6$")
    assert "<code>a_1 &lt; b_2</code>" in html
    assert "<code>\\sum_i x_i</code>" in html
    assert "<em>" not in html


# -- pictures ------------------------------------------------------------------------------


@hostile
def test_only_pictures_are_pictures(payload):
    given = replace(sample(), notebook=NotebookRun(Verdict.ACCEPTED, figures=pictures(payload)))
    (shown,) = student_report(given, GD, COURSE).figures
    assert shown == pictures(payload)[0]


def test_a_picture_that_fills_the_memory_of_the_reader_is_left_out():
    for width, height, there in ((4000, 3000, 1), (60_000, 60_000, 0), (2**31, 1, 0)):
        figure = replace(pictures("x")[0], data=picture(width, height))
        given = replace(sample(), notebook=NotebookRun(Verdict.ACCEPTED, figures=(figure,)))
        assert len(student_report(given, GD, COURSE).figures) == there


# -- the student's own lines ---------------------------------------------------------------


def test_a_cell_shows_its_line_as_text():
    html = student_page("</span></pre><b1>")
    assert html.count("&lt;/span&gt;&lt;/pre&gt;&lt;b1&gt;") > 10
    stopped = CellRun(1, Verdict.RUN_TIME_ERROR, error="</pre>", line=1, source_line="<i>x</i>")
    given = replace(sample(), notebook=NotebookRun(Verdict.ACCEPTED, cells=(stopped,)))
    assert "&lt;i&gt;x&lt;/i&gt;" in render_student(given, GD, COURSE)


def test_a_passage_of_a_hostile_notebook():
    source = "x = 1\u2028'\ud800' \x1b[31m" + "y" * 5000
    notebook = Notebook((Cell(1, "code", f"{source}\nraise", {}),), (), new_notebook())
    made = passage(notebook, Place(1, 2))
    assert made.lines[1] == "raise"
    assert sum(map(len, made.lines)) < 1000
    assert "\ud800" not in "".join(made.lines)
