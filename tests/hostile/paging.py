"""Attacks on whoever opens a report: nothing that a student wrote may run in a browser."""

from __future__ import annotations

from tests.hostile.attack import PAGE, attack

SCRIPT = "</pre></code></td><script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style>"

ATTACKS = (
    attack(PAGE, "a script in printed output", f"print({SCRIPT!r})"),
    attack(PAGE, "a script in displayed HTML and SVG",
           f"""
           from IPython.display import HTML, SVG, Javascript, display
           display(HTML({SCRIPT!r}), Javascript("alert(1)"))
           display({{"image/svg+xml": "<svg onload=alert(1)><script>alert(1)</script></svg>"}}, raw=True)
           """),
    attack(PAGE, "a script in an exception", f"raise ValueError({SCRIPT!r})"),
    attack(PAGE, "a script in the name of an exception", f"raise type({SCRIPT!r}, (Exception,), {{}})"),
    attack(PAGE, "a script in the line that failed", f"raise ValueError  # {SCRIPT}"),
    attack(PAGE, "a script in the name of a returned type",
           f"def half_square(x): return type({SCRIPT!r}, (), {{}})()"),
    attack(PAGE, "a script in the keys of a returned dictionary",
           f"def scaled(x, factor): return {{{SCRIPT!r}: x, 'value': x}}"),
    attack(PAGE, "a script in a picture",
           f"""
           import base64
           from IPython.display import display
           display({{"image/png": base64.b64encode({SCRIPT!r}.encode()).decode()}}, raw=True)
           display({{"image/png": '" onerror="alert(1)'}}, raw=True)
           display({{"image/png": base64.b64encode(b"\\x89PNG\\r\\n\\x1a\\n" + {SCRIPT!r}.encode()).decode() + '"><script>'}}, raw=True)
           """),
    attack(PAGE, "links and pictures in Markdown",
           "raise ValueError('[x](javascript:alert(1)) ![x](http://example.org/x.png) <b1> `` ` | \\n\\n# head')"),
    attack(PAGE, "a template of the report's own language",
           "raise ValueError('{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}${7*7}')"),
    attack(PAGE, "a script in the student's number", "x = 1", student="<script>alert(1)<"),
    attack(PAGE, "texts that turn, hide and ring",
           "raise ValueError('\\u202e\\u2066\\x1b[2J\\x1b]0;title\\x07\\x00\\ud800 ]]> <!-- ')"),
)  # fmt: skip
