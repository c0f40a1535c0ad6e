"""A real browser for pages: Debian's Chromium by playwright; skipped where there is none."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest


@dataclass
class Opened:
    """A page in the browser, and what happened while it was open."""

    page: object
    complaints: list[str] = field(default_factory=list)
    """What the console said, and exceptions of scripts."""
    requests: list[str] = field(default_factory=list)
    """Addresses other than that of the page."""


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
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
