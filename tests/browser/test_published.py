"""What is published, from a web server as everybody has one."""

import functools
import http.server
import threading
from dataclasses import replace

import pytest

from grader import site
from grader.feedback import write_feedback
from grader.gradebook import Gradebook
from grader.records import Student
from grader.standing import standings
from tests.browser.chromium import Look, accessibility, overflow, unreachable
from tests.reported import COURSE, GD, sample

SECRET = b"s" * 32
PEOPLE = Student("s1", "甲同学"), Student("s2", "乙同学")


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address at which two students' reports are served."""
    folder = tmp_path_factory.mktemp("site")
    with Gradebook(folder / "g.db") as book:
        book.put_students(PEOPLE)
        book.add_results([replace(sample(), student=s.id) for s in PEOPLE])
        lines = standings(COURSE, {"gd": GD}, book)
        done = write_feedback(COURSE, GD, book, folder / "out", lines=lines)
    table = folder / "out" / "published.csv"
    site.write_published(COURSE, done.reports, lines, folder / "web", secret=SECRET, table=table)
    handler = functools.partial(Silent, directory=folder / "web")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_pages_that_lead_on_can_be_read_by_everybody(eyes, served):
    for address in served, f"{served}{site.token(SECRET, 's1')}/":
        for look in Look(390), Look(dark=True):
            questions = {"axe": accessibility, "wide": overflow, "keys": unreachable}
            seen = eyes.look(address, look, **questions)
            assert seen.answers == {"axe": [], "wide": [], "keys": []}
            assert seen.quiet, seen


def test_a_student_finds_the_report_and_nobody_else(eyes, served):
    def follow(page):
        page.click("ul.reports a[lang=en]")
        page.wait_for_load_state()
        return page.title(), page.content()

    seen = eyes.look(f"{served}{site.token(SECRET, 's1')}/", follow=follow)
    title, content = seen.answers["follow"]
    assert title == "Gradient Descent and Learning Criteria · 甲同学"
    assert "乙同学" not in content
    assert seen.messages == []


def test_the_first_page_leads_nowhere(eyes, served):
    seen = eyes.look(served, links=lambda page: page.locator("a").count())
    assert seen.answers["links"] == 0
