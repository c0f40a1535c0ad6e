"""Templates become pages: self-contained, with nothing of other people in them that can run.

HTML escapes every value, Markdown escapes every value in its own way; a template cannot forget
to. The page forbids itself everything in a content security policy except its own style sheet,
named by its digest, and pictures inside the page. Pages for instructors may also run one file of
ours, which sorts tables, named by its digest, too; those of students run nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from grader import charts, classcharts, words
from grader.coursegrade import rounded
from grader.decimals import roughly
from grader.errors import GraderError
from grader.prose import prose
from grader.result import Passage
from grader.unseen import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")
_OPENS = re.compile(r"^([-+=])(?=[-=\s]|$)|^(\d{1,9})(?=[.)](\s|$))")
_CALLS = re.compile(r"(@|\\#)(?=\w)")
_NAMES = re.compile(r"`([^`\n]+)`")
_CENT = Decimal("0.01")


def html(name: str, language: str, **values: Any) -> str:
    """The HTML page that the template `name` makes of the values."""
    return _page(name, language, ("style.css",), (), values)


def html_for_instructors(name: str, language: str, **values: Any) -> str:
    """The same, with a style for tables that can be sorted, and their script."""
    return _page(name, language, ("style.css", "class.css"), ("tables.js",), values)


def markdown(name: str, language: str, **values: Any) -> str:
    """The Markdown text that the template `name` makes of the values."""
    text = _environment(language, "md").get_template(name).render(language=language, **values)
    return visible(re.sub(r"\n{3,}", "\n\n", text).strip()) + "\n"


def number(value: Decimal | None) -> str:
    """A number as it was computed: up to two decimals; "…" where there are more."""
    if value is None:
        return "–"
    exact = value.quantize(Decimal("1e-12"))
    shown = exact.quantize(_CENT, ROUND_DOWN)
    text = format(shown, "f").rstrip("0").rstrip(".") if shown else "0"
    return text if shown == exact else f"{shown:f}…"


def grade(value: Decimal | None) -> str:
    """A number on the 100-point scale, rounded as the course rounds."""
    return "–" if value is None else str(rounded(value))


def moment(value: datetime | None) -> str:
    """A point in time with its zone, to the minute."""
    if value is None:
        return "–"
    zone = value.strftime("%z")
    return f"{value:%Y-%m-%d %H:%M} UTC{zone[:3]}" + (f":{zone[3:5]}" if zone[3:5] != "00" else "")


class _Plain(str):
    """Markdown that is already safe."""

    __slots__ = ()


def escape_markdown(value: Any) -> str:
    """The value as literal text inside a line of Markdown.

    Also where GitHub makes links of bare addresses and calls the people and issues that a text
    names, and at the start of a line, where a hyphen or a number opens a list.
    """
    if isinstance(value, _Plain):
        return value
    text = " ".join(str(value).split()) if str(value).strip() else str(value)
    text = _SPECIAL.sub(r"\\\1", text).replace("\\&", "&amp;").replace("\\<", "&lt;")
    text = _OPENS.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", text)
    text = text.replace("://", "&#58;//").replace("www.", "www&#46;")
    return _CALLS.sub(r"\1&#8203;", text)


def code(value: Any) -> _Plain:
    """The value as a code span that it cannot leave."""
    text = " ".join(str(value).split())
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return _Plain(f"{fence}{pad}{text}{pad}{fence}" if text else "")


def html_with_code(value: Any) -> Markup:
    """A sentence in which names in backticks are set as code."""
    parts = (
        Markup("<code>{}</code>").format(part) if inside % 2 else escape(part)
        for inside, part in enumerate(_NAMES.split(str(value)))
    )
    return Markup("").join(parts)


def markdown_with_code(value: Any) -> _Plain:
    """The same in Markdown, whatever the name holds."""
    parts = (
        code(part) if inside % 2 else _spaced(part)
        for inside, part in enumerate(_NAMES.split(str(value)))
    )
    return _Plain("".join(parts))


def _spaced(part: str) -> str:
    """Literal text that keeps its distance from what stands beside it."""
    text = escape_markdown(part)
    return (
        f"{' ' * part.startswith(' ')}{text}{' ' * part.endswith(' ')}" if part.strip() else part
    )


def fenced(lines: Iterable[str], indent: int = 0) -> _Plain:
    """The lines as a block of code that they cannot end, `indent` blanks from the left."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    block = (f"{fence}text", *text.splitlines(), fence)
    return _Plain("\n".join(f"{' ' * indent}{line}".rstrip() for line in block))


def numbered(passage: Passage) -> list[str]:
    """Lines of code with their numbers, and a mark at the one that is meant."""
    marked = enumerate(passage.lines, start=passage.first)
    return [f"{'▸' if n == passage.place.line else ' '}{n:>4}  {line}" for n, line in marked]


def folder() -> Path:
    """Where the templates are: beside the modules in a wheel, at the top of the repository."""
    here = Path(__file__).parent
    for place in (here / "templates", here.parent / "templates"):
        if place.is_dir():
            return place / "reports"
    raise GraderError(f"the templates are missing from {here}", "Install dl-grader again")


def _page(
    name: str,
    language: str,
    styles: tuple[str, ...],
    scripts: tuple[str, ...],
    values: Mapping[str, Any],
) -> str:
    css, css_digest = _inlined(styles)
    script, script_digest = _inlined(scripts)
    template = _environment(language, "html").get_template(name)
    page = template.render(
        css=css,
        css_digest=css_digest,
        script=script,
        script_digest=script_digest,
        language=language,
        **values,
    )
    return visible(page)


@cache
def _environment(language: str, kind: str) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder()),
        autoescape=kind == "html",  # noqa: S701  # Markdown has an escape of its own
        finalize=None if kind == "html" else escape_markdown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    spoken = words.catalogue(language)
    install: Callable[..., None] = made.install_gettext_translations  # type: ignore[attr-defined]
    install(spoken, newstyle=True)
    made.filters |= {"number": number, "rounded": grade, "moment": moment, "roughly": roughly}
    made.filters |= {"code": code, "fenced": fenced, "numbered": numbered}
    made.filters["with_code"] = html_with_code if kind == "html" else markdown_with_code
    made.globals |= {
        "words": words,
        "charts": charts,
        "classcharts": classcharts,
        "prose": prose,
    }
    return made


@cache
def _inlined(names: tuple[str, ...]) -> tuple[Markup, str]:
    """Files of ours to be inlined one after the other, and the digest that the policy names."""
    text = "".join((folder() / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(text), digest  # noqa: S704  # our own files, not values
