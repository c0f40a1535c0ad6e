"""What a person wrote in Markdown, as HTML that cannot do anything.

Raw HTML, links and pictures of the text do not become elements: nothing is loaded, nothing can be
clicked, nothing runs. markdown-it-py is told so, and nh3 takes out whatever should slip through.
Formulas between dollar signs stay as they were typed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from grader.errors import GraderError

if TYPE_CHECKING:
    from collections.abc import Callable

_INLINE = ("em", "strong", "del", "code", "span", "br")
_LISTS = ("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
_BLOCKS = ("p", "hr", "pre", "blockquote", "h3", "h4", "h5", "h6")
TAGS = frozenset((*_INLINE, *_LISTS, *_BLOCKS))
"""What may come out; h1 and h2 are those of the report."""


def prose(text: str) -> Markup:
    """The text as HTML with the elements of `TAGS` and no attributes.

    Raises:
        GraderError: markdown-it-py or nh3 is not installed.
    """
    render, clean = _tools()
    return Markup(clean(render(text)))  # noqa: S704  # nh3 has cleaned it


def _formula(source: str, options: dict[str, bool]) -> str:
    typed = f"<code>{escape(source.strip())}</code>"
    return f"<p>{typed}</p>" if options.get("display_mode") else typed


@cache
def _tools() -> tuple[Callable[[str], str], Callable[[str], str]]:
    try:
        import nh3
        from markdown_it import MarkdownIt
        from mdit_py_plugins.dollarmath import dollarmath_plugin
    except ImportError:
        problem = "reports need markdown-it-py and nh3, which are not installed"
        raise GraderError(problem, "Run `pip install 'dl-grader[course]'`") from None
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 30})
    reader.enable(["table", "strikethrough"]).disable(["link", "image", "autolink", "reference"])
    reader.use(dollarmath_plugin, renderer=_formula, double_inline=True, allow_labels=False)

    def render(text: str) -> str:
        tokens = reader.parse(text)
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
        made: str = reader.renderer.render(tokens, reader.options, {})
        return made

    cleaner = nh3.Cleaner(
        tags=set(TAGS), attributes={}, clean_content_tags={"script", "style"}, link_rel=None
    )
    return render, cleaner.clean
