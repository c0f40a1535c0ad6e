"""Pages in a real browser: they say nothing, ask for nothing, and everybody can use them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from grader.checkpage import check_page
from grader.feedback import render_student, write_feedback
from grader.gradebook import Gradebook
from grader.prose import TAGS
from grader.records import MarkRow, Student
from grader.selfcheck import SelfCheck
from tests.browser.chromium import (
    Look,
    accessibility,
    elements,
    inside_prose,
    overflow,
    provoked,
    unreachable,
)
from tests.poison import PAYLOADS, marks, person, poisoned, said
from tests.reported import COURSE, GD, MARKS, STUDENT, grade, sample

PHONE = 390
NAMES = "student.zh", "student.en", "check.zh", "check.en", "class.zh", "class.en"


def student_page(language, result, payload=None):
    other = "en" if language == "zh" else "zh"
    who = {"student": STUDENT, "marks": MARKS}
    if payload is not None:
        who = {"student": person(payload), "marks": marks(payload), "said": said(payload)}
    links = [(other, f"student.{other}.html")]
    return render_student(result, GD, COURSE, grade(result), language, links=links, **who)


def self_check_page(language, result):
    return check_page(SelfCheck(GD, result.checks, result.notebook), language)


def class_pages(folder, results, people):
    with Gradebook(folder / "g.db") as book:
        book.put_students(people)
        book.add_marks("gd", [MarkRow(people[0].id, "w1", Decimal(3), "评语", "王")])
        for result in results:
            book.add_result(result)
        write_feedback(COURSE, GD, book, folder / "out")
    return {f"class.{code}": folder / f"out/gd/class.{code}.html" for code in ("zh", "en")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of each page, by name."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for language in "zh", "en":
        made[f"student.{language}"] = student_page(language, sample())
        made[f"check.{language}"] = self_check_page(language, sample())
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    people = [Student(f"20261{n:02}", f"学生{n}") for n in range(12)]
    results = [replace(sample(), student=s.id) for s in people[:9]]
    addresses = {name: folder / f"{name}.html" for name in made}
    addresses |= class_pages(folder, results, people)
    return {name: path.as_uri() for name, path in addresses.items()}


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_read_it(eyes, site, name):
    look = Look(dark=name.endswith("en"))
    seen = eyes.look(site[name], look, accessibility=accessibility, overflow=overflow)
    assert seen.answers == {"accessibility": [], "overflow": []}
    assert seen.quiet, seen


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_it_and_a_keyboard_reaches_it(eyes, site, name):
    seen = eyes.look(site[name], Look(PHONE), overflow=overflow, unreachable=unreachable)
    assert seen.answers == {"overflow": [], "unreachable": []}
    assert seen.quiet, seen


@pytest.mark.parametrize("name", NAMES[::2])
def test_it_needs_no_script(eyes, site, name):
    def words(page):
        return len(page.locator("body").inner_text())

    plain = eyes.look(site[name], Look(script=False), words=words)
    assert plain.quiet, plain
    assert plain.answers["words"] > 0.9 * eyes.look(site[name], words=words).answers["words"]


@pytest.fixture(scope="module")
def usual(eyes, tmp_path_factory):
    """What the pages are made of, by kind and number of lines of the payload."""
    folder, known = tmp_path_factory.mktemp("usual"), {}

    def made_of(kind, lines):
        if (kind, lines) not in known:
            path = folder / f"{kind}{lines}.html"
            path.write_text(hostile(kind, "\n".join("x" * lines)), encoding="utf-8")
            seen = eyes.look(path.as_uri(), elements=elements)
            known[kind, lines] = skeleton(seen.answers["elements"])
        return known[kind, lines]

    return made_of


def hostile(kind, payload):
    result = poisoned(payload)
    if kind == "check":
        return self_check_page("en", result)
    return student_page("zh", result, payload)


@pytest.mark.parametrize("kind", ["student", "check"])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_runs_even_without_the_policy(eyes, usual, tmp_path, kind, payload):
    path = tmp_path / "page.html"
    path.write_text(hostile(kind, payload), encoding="utf-8")
    questions = {"elements": elements, "prose": inside_prose, "provoked": provoked}
    seen = eyes.look(path.as_uri(), Look(policy=False), **questions)
    assert seen.quiet, seen
    assert seen.answers["provoked"] is False
    assert set(seen.answers["prose"]) <= set(TAGS)
    assert skeleton(seen.answers["elements"]) == usual(kind, len(payload.splitlines()))


def skeleton(elements):
    """Without plain code elements: what stands in backticks in our sentences is one."""
    return [element for element in elements if element != ["code", []]]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_for_an_instructor(eyes, tmp_path, language):
    people = [replace(person(p), id=f"s{n:02}") for n, p in enumerate(PAYLOADS.values())]
    results = [
        replace(poisoned(p), student=s.id) for s, p in zip(people, PAYLOADS.values(), strict=True)
    ]
    address = class_pages(tmp_path, results, people)[f"class.{language}"].as_uri()
    for look in Look(), Look(policy=False), Look(PHONE):
        seen = eyes.look(address, look, overflow=overflow, provoked=provoked)
        assert seen.quiet, seen
        assert seen.answers == {"overflow": [], "provoked": False}


@pytest.mark.parametrize("name", ["long", "unseen", "markdown", "script"])
def test_what_is_long_or_odd_fits_on_a_phone(eyes, tmp_path, name):
    for kind in "student", "check":
        path = tmp_path / f"{kind}.html"
        path.write_text(hostile(kind, PAYLOADS[name]), encoding="utf-8")
        seen = eyes.look(path.as_uri(), Look(PHONE), overflow=overflow, reach=unreachable)
        assert seen.answers == {"overflow": [], "reach": []}
        assert seen.quiet, seen


def test_the_browser_would_notice(eyes, tmp_path):
    """The questions have an answer where there is something to find."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<html><body><b onclick='document.documentElement.dataset.ran=1'>x</b><img src='x.png'>"
        "<div style='width:3000px;color:#eee'>y</div><p tabindex=0 style='outline:none'>z</p>"
        "<script>console.error('loud'); alert(1)</script></body></html>"
    )
    seen = eyes.look(
        page.as_uri(),
        accessibility=accessibility,
        overflow=overflow,
        unreachable=unreachable,
        provoked=provoked,
    )
    assert seen.dialogs == ["1"]
    assert "loud" in seen.messages
    assert [r.rpartition("/")[2] for r in seen.requests] == ["x.png"]
    assert all(seen.answers.values()), seen.answers
