"""Reports in which everything that a person may have written is hostile."""

import base64
import struct
import zlib
from dataclasses import replace
from decimal import Decimal

from grader.entries import Comment, Override, Scope
from grader.records import Student
from grader.report import Said
from grader.result import (
    CellRun,
    Curve,
    Diagnosis,
    Extent,
    Figure,
    Isolation,
    NotebookRun,
    Part,
    Passage,
    Place,
    Text,
    Verdict,
)
from tests.reported import DUE, MARKS, PIXEL, sample

EVIL = "evil.invalid"
RAN = "document.documentElement.dataset.ran=1;alert(1)"
PAYLOADS = {
    "script": f"<script>{RAN}</script><script src=//{EVIL}/x.js></script>",
    "onerror": f'"><img src=x onerror={RAN}>',
    "onload": f"'></style></title></textarea></noscript><svg/onload={RAN}>",
    "autofocus": f'" autofocus tabindex=1 onfocus="{RAN}" x="',
    "attribute without quotes": f"x onmouseover={RAN} style=animation-name:x onanimationend={RAN}",
    "iframe": f"</pre><iframe src=javascript:{RAN}></iframe><iframe srcdoc='<script>{RAN}'>",
    "objects": f"<object data=//{EVIL}/x></object><embed src=//{EVIL}/x><base href=//{EVIL}/>",
    "refresh": f"<meta http-equiv=refresh content='0;url=//{EVIL}/'><link rel=prefetch href=//{EVIL}>",
    "form": f"<form action=//{EVIL}/><input name=q value=1 autofocus><button>Go</button></form>",
    "media": f"<video src=//{EVIL}/v autoplay></video><audio src=//{EVIL}/a><img src=//{EVIL}/i>",
    "template syntax": "{{ 7 * 7 }} {% raw %} {# x #} %(num)s %n %s {0} ${x} <%= 1 %>",
    "style": f"</style><style>@import url(//{EVIL}/x.css);*{{background:url(//{EVIL}/b)}}</style>",
    "style attribute": f'<p style="background:url(//{EVIL}/c);position:fixed;inset:0">x</p>',
    "comment": f"--><!-- <!--> ]]> <![CDATA[ <?php {EVIL} ?> <!DOCTYPE x>",
    "unfinished": "<a href='javascript:alert(1)' <b x='",
    "entities": "&lt;b1&gt; &#60;b1&#62; &#x3c;script&#x3e; &amp;lt;b1&amp;gt; &NotEqualTilde;&#0;&#xD800;",
    "links": f"[x](javascript:{RAN}) [y](https://{EVIL}/) [z][r] [r]\n\n[r]: javascript:{RAN} 't'",
    "pictures": f"![x](http://{EVIL}/x.png) ![y][r] ![d](data:text/html,<script>{RAN}</script>)",
    "addresses": f"https://{EVIL}/ www.{EVIL} <https://{EVIL}/> <javascript:{RAN}> a@{EVIL} @all #1 o/r#1",
    "data addresses": f"[x](data:text/html;base64,PHNjcmlwdD4=) data:text/html,<script>{RAN}</script>",
    "markdown": "`` ` <b1> | a\n\n# head\n===\n\n---\n\n> quote\n\n| a | b |\n|---|---|\n| **c** | ~~d~~ |",
    "lists": "1. one\n2) two\n- three\n+ four\n* five\n- [ ] six",
    "line start": "- - 1. # x",
    "an open fence": "```html\n<b1>\n~~~~\n````",
    "an open fence in a list": "- x\n\n      ```\n      <b1>",
    "html block": f"<details open><summary>x</summary>\n\n<div onclick={RAN}>\n\n**b**\n</div>",
    "formulas": f"$</code><img src=x onerror={RAN}>$ $$\\href{{javascript:{RAN}}}{{x}}$$ $`<b1>`$ \\(x\\)",
    "svg": f"<svg><script>{RAN}</script><animate onbegin={RAN} attributeName=x dur=1s>"
    f"<set attributeName=href to=javascript:{RAN}><a href=//{EVIL}><text>x</text></a>",
    "foreign": f"<svg><foreignObject><iframe srcdoc='<script>{RAN}</script>'/></foreignObject>"
    f"<use href='//{EVIL}/x.svg#a'/><image href='//{EVIL}/i'/></svg>",
    "mutation": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
    f"onerror={RAN}&gt;'>",
    "unseen": "]]>\u2028\u2029\u202e\u2066\x00\ufeff\x7f\x9b31m\U000e0041 &#x202e; l\u200fr",
    "a terminal": "\x1b[2J\x1b[31mred\x1b]8;;http://evil.invalid\x07link\x1b]8;;\x07\x1b]0;title\x07\x08",
    "long": "W" * 3000,
}


def written(payload):
    """An answer in which the payload stands wherever Markdown could take it up."""
    return (
        f"{payload}\n\n# {payload}\n\n* {payload}\n\n> {payload}\n\n`{payload}`\n\n"
        f"[{payload}]({payload})\n\n![{payload}]({payload} '{payload}')\n\n<{payload}>\n\n"
        f"| {payload} | b |\n|:---|---|\n| c | {payload} |\n\n$ {payload} $\n\n$$\n{payload}\n$$\n\n"
        f"```{payload}\n{payload}\n```\n\n<div>{payload}\n\n{payload}"
    )


def picture(width=3, height=2, text=""):
    """A PNG of this size, with a comment in it."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\x90" * min(width, 100)) * min(height, 100))
    said = chunk(b"tEXt", b"Comment\0" + text.encode("utf-8", "replace"))
    signature = b"\x89PNG\r\n\x1a\n"
    made = signature + chunk(b"IHDR", header) + said + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(made).decode()


def pictures(payload):
    """The first one is a picture, whatever is written in it; the others only claim to be one."""
    drawn = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RAN}'>{payload}</svg>".encode()
    return (
        Figure(1, "image/png", picture(text=payload)),
        Figure(1, "image/png", payload),
        Figure(1, "image/png", f"{PIXEL}{payload}"),
        Figure(1, "text/html", PIXEL),
        Figure(1, f'image/png" onerror="{payload}', PIXEL),
        Figure(1, "image/svg+xml", base64.b64encode(drawn).decode()),
        Figure(1, "image/png", base64.b64encode(drawn).decode()),
        Figure(1, "image/png", picture(60_000, 60_000)),
    )


def poisoned(payload):
    """A result with the payload in every text of it."""
    given = sample()
    said = Text(payload, payload)
    place = Place(1, 2)
    diagnosis = Diagnosis(payload, said, said, (payload,), place, Extent(1, 2, 0.5, (1,)))
    passage = Passage(place, 1, (payload, payload, *payload.splitlines()[:4]))
    checks = tuple(
        replace(
            c,
            title=said,
            diagnosis=diagnosis,
            functions=(payload,),
            given_correct=(payload,),
            parts=(Part(payload, Decimal(2), Decimal(1)),),
            evidence=payload,
            passage=passage,
        )
        for c in given.checks
    )
    trace = f"Traceback (most recent call last):\n  File {payload}\n{payload}: {payload}"
    stopped = CellRun(1, Verdict.RUN_TIME_ERROR, 0.1, diagnosis, trace, 1, payload)
    return replace(
        given,
        student=payload,
        checks=checks,
        written=tuple(
            replace(w, title=said, filled=True, text=written(payload)) for w in given.written
        ),
        notebook=NotebookRun(
            Verdict.ACCEPTED,
            diagnosis,
            (replace(stopped, passage=passage), stopped),
            (said,),
            pictures(payload),
        ),
        curves=(Curve("7a", payload, (1.0, 2.0), (1.0, 1.5)),),
        isolation=Isolation(payload, 3, payload, (payload,), (payload,)),
        device=payload,
        grader_version=payload,
        diagnosis=diagnosis,
    )


def person(payload):
    return Student(payload, payload, payload, payload, payload)


def marks(payload):
    (mark,) = MARKS.values()
    return {"w1": replace(mark, comment=written(payload), marker=payload)}


def said(payload):
    """What people told the student, copied from somewhere hostile."""
    decided = Override("s", "gd", Scope.CHECK, "1b", Decimal(1), payload, payload, DUE)
    return Said((decided,), (Comment("s", "gd", "1", payload, payload, DUE),))
