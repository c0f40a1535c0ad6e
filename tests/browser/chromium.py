"""A browser that looks at pages and says what it saw.

Playwright keeps an event loop in the thread that uses it, where no other test could start one; so
the browser lives in a thread of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Error, Page, sync_playwright

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
SERIOUS = ("serious", "critical")


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    width: int = 1280
    dark: bool = False
    script: bool = True
    policy: bool = True
    """Whether the content security policy of the page holds; without it, only escaping helps."""


@dataclass
class Seen:
    """What happened while a page was open."""

    address: str = "about:blank"
    requests: list[str] = field(default_factory=list)
    """Everything that was asked for, but the page itself."""
    messages: list[str] = field(default_factory=list)
    """Warnings and errors of the console, violations of the policy among them."""
    dialogs: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """What was asked about the page, by question."""

    def ask(self, url: str) -> None:
        """Something was asked for."""
        if url not in (self.address, "about:blank") and not url.startswith("data:"):
            self.requests.append(url)

    def hear(self, kind: str, text: str) -> None:
        """Something was said in the console."""
        if kind in ("warning", "error"):
            self.messages.append(text)

    @property
    def quiet(self) -> bool:
        """Nothing was loaded, said or opened."""
        return not (self.requests or self.messages or self.dialogs)


Question = Callable[[Page], Any]


class Eyes:
    """One Chromium; `look` may be called from any thread.

    Raises:
        Error: the browser does not start.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._pages: dict[Look, Page] = {}
        self._seen = Seen()
        self._browser = self._thread.submit(self._start).result()

    def _start(self) -> Browser:
        self._playwright = sync_playwright().start()
        return self._playwright.chromium.launch(executable_path=PROGRAM)

    def look(self, address: str, how: Look = Look(), **questions: Question) -> Seen:
        """Open the page at the address, ask about it, and close it."""
        return self._thread.submit(self._look, address, how, questions).result()

    def close(self) -> None:
        """End the browser."""
        for end in (self._browser.close, self._playwright.stop):
            self._thread.submit(end).result()
        self._thread.shutdown()

    def _look(self, address: str, how: Look, questions: dict[str, Question]) -> Seen:
        page = self._pages.get(how) or self._pages.setdefault(how, self._page(how))
        self._seen = seen = Seen(address)
        page.goto(address, wait_until="load")
        seen.answers = {name: ask(page) for name, ask in questions.items()}
        page.goto("about:blank")
        self._seen = Seen()
        return seen

    def _page(self, how: Look) -> Page:
        """A page that is looked at in one way; opening one takes longer than looking."""
        context = self._browser.new_context(
            viewport={"width": how.width, "height": 900},
            color_scheme="dark" if how.dark else "light",
            java_script_enabled=how.script,
            bypass_csp=not how.policy,
            reduced_motion="reduce",
        )
        page = context.new_page()
        context.on("page", lambda opened: self._seen.requests.append(f"window {opened.url}"))
        context.on("request", lambda request: self._seen.ask(request.url))
        page.on("console", lambda said: self._seen.hear(said.type, said.text))
        page.on("pageerror", lambda error: self._seen.hear("error", str(error)))
        page.on("dialog", self._dismiss)
        return page

    def _dismiss(self, dialog: Dialog) -> None:
        self._seen.dialogs.append(dialog.message)
        with suppress(Error):
            dialog.dismiss()


# -- questions -----------------------------------------------------------------------------


def accessibility(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical: rule, element, why."""
    found = Axe().run(page).response["violations"]
    return [
        f"{problem['id']}: {node['target']}: {node['failureSummary']}"
        for problem in found
        if problem["impact"] in SERIOUS
        for node in problem["nodes"]
    ]


def overflow(page: Page) -> list[str]:
    """What makes the page wider than the window; boxes that scroll on their own are allowed."""
    found: list[str] = page.evaluate(
        """() => {
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1
                    && !e.closest('.scroll'))
                .map(e => `${e.localName}.${e.className} ${e.textContent.slice(0, 60)}`)
                .concat(`${root.scrollWidth} > ${root.clientWidth}`);
        }"""
    )
    return found


_OPERABLE = """
    const shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 0;
    const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
        && e.scrollWidth > e.clientWidth + 1;
    const named = e => `${e.localName}#${[...document.querySelectorAll('*')].indexOf(e)}`;
"""


def unreachable(page: Page) -> list[str]:
    """What can be operated or scrolled, and is not reached with Tab or does not show it."""
    wanted = page.evaluate(
        f"""() => {{ {_OPERABLE}
            return [...document.querySelectorAll('*')].filter(e => shown(e) && !e.disabled && (
                e.matches('a[href], button, input, select, textarea, summary, [tabindex="0"]')
                || scrolls(e))).map(named);
        }}"""
    )
    reached: dict[str, bool] = {}
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    for _ in range(len(wanted) + 2):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            f"""() => {{ {_OPERABLE}
                const e = document.activeElement, s = getComputedStyle(e);
                const ring = s.outlineStyle !== 'none' || s.boxShadow !== 'none';
                return [e === document.body ? '' : named(e), ring];
            }}"""
        )
        if name in reached or not name:
            break
        reached[name] = ring
    return [name for name in wanted if not reached.get(name)]


def elements(page: Page) -> list[Any]:
    """Every element in order: its name, and the names of its attributes."""
    found: list[Any] = page.evaluate(
        """() => [...document.querySelectorAll('*')]
            .filter(e => !e.closest('.answer, .comment') || e.matches('.answer, .comment'))
            .map(e => [e.localName, e.getAttributeNames()])"""
    )
    return found


def inside_prose(page: Page) -> list[str]:
    """The elements in what people wrote in Markdown, `name attribute…`."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(':is(.answer, .comment) > :not(h3:first-child), '
                + ':is(.answer, .comment) > :not(h3:first-child) *')]
            .map(e => [e.localName, ...e.getAttributeNames()].join(' '))"""
    )
    return sorted(set(found))


def provoked(page: Page) -> bool:
    """Whether anything runs, also after every element was pointed at, pressed and focused."""
    ran: bool = page.evaluate(
        """async () => {
            const events =
                ['mouseover', 'pointerover', 'focus', 'click', 'toggle', 'error', 'load'];
            document.addEventListener('click', e => {
                if (!e.target.closest('summary')) e.preventDefault();
            }, true);
            for (const e of document.querySelectorAll('*')) {
                const to = e.getAttribute('href') ?? e.getAttribute('xlink:href') ?? '#';
                if (!to.startsWith('#') && !new URL(to, location).href.startsWith('file:'))
                    return true;
                for (const name of events)
                    e.dispatchEvent(new Event(name, {bubbles: true, cancelable: true}));
            }
            await new Promise(done => setTimeout(done, 20));
            return 'ran' in document.documentElement.dataset;
        }"""
    )
    return ran
