"""The tables of the summaries, sorted and filtered by hand in a browser."""

import pytest

from grader.classpage import render_class, render_course
from grader.classreport import class_report
from grader.coursereport import course_report
from grader.gradebook import Gradebook
from grader.standing import standings
from tests.composed import compose


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with Gradebook(folder / "gradebook.db") as book:
        made = compose(book, folder, students=40, assignments=2)
        lines = standings(made.course, made.assignments, book)
        asked = made.assignments["gd"]
        report = class_report(made.course, asked, lines, book.results("gd"))
    whole = course_report(made.course, made.assignments, lines)
    ids = [line.student.id for line in lines]
    for name, text in (
        ("class", render_class(report, "en", pages=dict.fromkeys(ids, "report.html"))),
        ("course", render_course(whole, "zh")),
    ):
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def column(page, header):
    """The values of a column of the last table, as the browser shows them now."""
    return page.evaluate(
        """header => {
            const table = [...document.querySelectorAll("table")].at(-1);
            const names = [...table.tHead.rows[0].cells].map(c => c.textContent.trim());
            const at = names.indexOf(header);
            return [...table.tBodies[0].rows].filter(r => !r.hidden).map(
                r => r.cells[at].dataset.value ?? r.cells[at].textContent.trim());
        }""",
        header,
    )


def test_a_header_sorts_both_ways_and_says_so(pages, opened):
    with opened(pages / "class.html") as found:
        page = found.page
        header = page.locator("table").last.locator("th", has_text="Of 100")
        assert header.get_attribute("aria-sort") is None
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        seen = column(page, "Of 100")
        known = [float(v) for v in seen if v]
        assert known == sorted(known, reverse=True)
        assert len(set(known)) > 10
        assert seen[len(known) :] == [""] * (len(seen) - len(known))
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "ascending"
        again = column(page, "Of 100")
        assert again[: len(known)] == seen[: len(known)][::-1] or sorted(known) == [
            float(v) for v in again[: len(known)]
        ]
        assert again[len(known) :] == seen[len(known) :]
        # One header at a time says that the table is sorted by it.
        page.locator("table").last.locator("th", has_text="Name").get_by_role("button").click()
        assert page.locator("table").last.locator("th[aria-sort]").count() == 1
        assert found.complaints == found.requests == []


def test_the_keyboard_sorts_too(pages, opened):
    with opened(pages / "class.html") as found:
        button = found.page.locator("table").last.get_by_role("button").first
        button.focus()
        found.page.keyboard.press("Enter")
        found.page.keyboard.press("Space")
        numbers = column(found.page, "Student number")
        assert numbers == sorted(numbers, reverse=True)


def test_a_box_filters(pages, opened):
    with opened(pages / "class.html") as found:
        page = found.page
        everybody = column(page, "Student number")
        box = page.get_by_label("Filter the students")
        box.fill("60000")
        assert column(page, "Student number") == [n for n in everybody if "60000" in n] != []
        assert page.get_by_role("status").last.inner_text() == f"1 / {len(everybody)}"
        box.fill("1 班")
        sections = set(column(page, "Section"))
        assert sections == {"1 班"}
        box.fill("nobody is called that")
        assert column(page, "Student number") == []
        box.fill("")
        assert column(page, "Student number") == everybody


def test_without_script_there_are_plain_tables(pages, opened):
    with opened(pages / "class.html", java_script_enabled=False) as found:
        assert found.page.locator("th button").count() == 0
        assert found.page.locator("input").count() == 0
        assert found.page.get_by_text("Student number").is_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("name", ["class", "course"])
def test_nothing_keeps_anybody_from_reading_the_summaries(pages, opened, name, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    size = {"width": width, "height": 900}
    with opened(pages / f"{name}.html", color_scheme=scheme, viewport=size) as found:
        result = axe.Axe().run(found.page)
        serious = [
            (v["id"], [n["html"][:200] for n in v["nodes"][:3]])
            for v in result.response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == []
        wide = found.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "the page scrolls sideways"
        assert found.complaints == found.requests == []
