"""What a page is made of, and whether anything of it could act."""

import re
from html.parser import HTMLParser

PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")
ADDRESS = re.compile(r"#[\w-]+|(\.\./)*[\w.%@+-]+(/[\w.%@+-]+)*\.html")
_ELEMENTS = """
    html head meta title style body header nav main section aside footer h1 h2 h3 h4 h5 h6
    p div span a b em strong small code pre ul ol li dl dt dd blockquote hr br del
    table caption thead tbody tfoot tr th td figure figcaption img details summary
    svg defs symbol pattern use path circle rect line text
"""
ELEMENTS = frozenset(_ELEMENTS.split())
_ATTRIBUTES = """
    lang charset http-equiv content name class id href hreflang src alt role tabindex scope open
    colspan aria-label aria-labelledby aria-hidden focusable viewbox d cx cy r rx x y x1 x2 y1 y2
    width height fill stroke stroke-width patternunits patterntransform dx dy
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
VOID = frozenset({"meta", "img", "br", "hr"})


class Reader(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = set(), [], []
        self.elements = []
        """Each element in order: its name, and the names of its attributes."""
        self.remarks = []
        self.prose = []
        """The elements inside what people wrote in Markdown."""
        self._depth = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        element = tag, tuple(name for name, _ in attributes)
        if self._depth:
            self.prose.append(element)
            self._depth += tag not in VOID
        else:
            self.elements.append(element)
            if dict(attributes).get("class") in ("answer", "comment"):
                self._depth = 1

    def handle_endtag(self, tag):
        if self._depth and tag not in VOID:
            self._depth -= 1

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        self.remarks.append(data)

    def handle_pi(self, data):
        self.remarks.append(data)

    def unknown_decl(self, data):
        self.remarks.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def assert_harmless(page, *, scripts=0):
    """Nothing on the page is active, loads anything, or leads out of it."""
    found = Reader(page)
    assert found.tags - {"script"} <= ELEMENTS, found.tags - ELEMENTS
    assert sum(tag == "script" for tag, _ in found.elements + found.prose) == scripts
    assert found.remarks == []
    for tag, name, value in found.attributes:
        assert name in ATTRIBUTES or name.startswith("data-"), (tag, name)
        if name == "src":
            assert PICTURE.fullmatch(value), value
        if name == "href":
            assert ADDRESS.fullmatch(value), value
        if name == "http-equiv":
            assert value == "Content-Security-Policy"
        if name in ("fill", "stroke"):
            assert re.fullmatch(r"none|currentColor", value), value
    assert not re.search(r"url\((?!#)|@import|expression\(", styles(page))


def styles(page):
    """What stands in style elements."""
    return "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))


def skeleton(page):
    """The elements of a page and the names of their attributes, outside of prose.

    What stands in backticks in a sentence of ours is plain code, whatever it holds.
    """
    return [element for element in Reader(page).elements if element != ("code", ())]
