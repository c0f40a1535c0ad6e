"""A real browser for pages: Debian's Chromium by playwright; skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.browser.chromium import PROGRAM, Eyes


@dataclass
class Opened:
    """A page in the browser, and what happened while it was open."""

    page: object
    complaints: list[str] = field(default_factory=list)
    """What the console said, and exceptions of scripts."""
    requests: list[str] = field(default_factory=list)
    """Addresses other than that of the page."""


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; while it is open, no other test of the process can start a loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser):
    """`with opened(path, **options_of_the_context) as found`: a file in the browser."""

    @contextmanager
    def look(path, **options):
        context = browser.new_context(**options)
        page = context.new_page()
        found = Opened(page)
        page.on("console", lambda said: found.complaints.append(said.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("request", lambda asked: found.requests.append(asked.url))
        page.goto(path.as_uri())
        found.requests.remove(path.as_uri())
        yield found
        context.close()

    return look


@pytest.fixture(scope="package")  # attacks count the processes that are left
def eyes() -> Iterator[Eyes]:
    """The same for looks at many pages, in a thread of its own."""
    if PROGRAM is None:
        pytest.skip("no chromium here: nobody looks at the pages (`apt-get install chromium`)")
    opened = Eyes()
    yield opened
    opened.close()
