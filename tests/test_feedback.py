# mypy: disable-error-code="comparison-overlap, index"
"""Reports: complete, bilingual, calm about faults, and with nothing in them that can run."""

import base64
import hashlib
import math
import re
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from markdown_it import MarkdownIt

from grader import charts, page, words
from grader.classreport import class_report
from grader.course import Assignment, Course, Limits, Question, ScheduledAssignment
from grader.coursegrade import course_grade
from grader.errors import GraderError
from grader.feedback import render_class, render_markdown, render_student, write_feedback
from grader.gradebook import Gradebook, Mark
from grader.records import MarkRow, Student
from grader.result import (
    CellRun,
    CheckResult,
    Curve,
    Diagnosis,
    Figure,
    Isolation,
    NotebookRun,
    Part,
    SubmissionResult,
    Text,
    Usage,
    Verdict,
    WrittenAnswer,
)
from grader.scoring import AssignmentScore, State, outcome, score_assignment
from grader.standing import standings

CST = timezone(timedelta(hours=8))
DUE = datetime(2026, 10, 9, 23, 59, tzinfo=CST)
PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
GD = Assignment(
    id="gd",
    title=Text("梯度下降与学习准则", "Gradient Descent and Learning Criteria"),
    questions=(
        Question("1", Text("损失函数", "Loss functions"), Decimal(18)),
        Question(
            "2",
            Text("一维梯度下降与数值梯度", "Descent on a square, numerical gradients"),
            Decimal(14),
        ),
        Question("3", Text("线性回归的梯度", "The gradient of linear regression"), Decimal(11)),
        Question(
            "4", Text("Softmax 回归的梯度", "The gradient of softmax regression"), Decimal(16)
        ),
        Question("7", Text("训练一个 Softmax 分类器", "Train a softmax classifier"), Decimal(8)),
        Question("h", Text("代码卫生", "Hygiene"), Decimal(4)),
        Question(
            "w1",
            Text(
                "思考题一：学习率的五种情形",
                "Written question 1: five regimes of the learning rate",
            ),
            Decimal(5),
            written=True,
        ),
        Question(
            "w2",
            Text("思考题二：批量大小", "Written question 2: batch size"),
            Decimal(5),
            written=True,
        ),
    ),
    limits=Limits(),
    course=Path("/course"),
)
COURSE = Course(
    Path("/course"),
    "深度学习",
    assignments=(ScheduledAssignment("gd", DUE), ScheduledAssignment("mlp", DUE)),
)
STUDENT = Student("2023110042", "欧阳知行")


def check(name, question, zh, en, points, verdict=Verdict.ACCEPTED, **more):
    points = Decimal(points)
    got = points if verdict is Verdict.ACCEPTED else Decimal(0)
    return CheckResult(name, question, Text(zh, en), verdict, points, got, **more)


MISSING_HALF = Diagnosis(
    "misconception",
    Text(
        "结果恰好是参考值的 2 倍：本课程的平方损失带系数 1/2（nndl 式 2.16）。",
        "Your value is exactly twice ours: the squared loss of this course carries a factor 1/2.",
    ),
    Text("检查 squared_loss 的定义。", "Compare with the definition in the notebook."),
    ("squared_loss.missing_half",),
)
OVERFLOW = Diagnosis(
    "misconception",
    Text(
        "logits 较大时 exp 溢出为 inf/NaN。",
        "exp overflows for large logits: the result holds NaN.",
    ),
    Text(
        "先减去每行的最大值，或使用 logsumexp。",
        "Subtract each row's maximum first, or use logsumexp.",
    ),
    ("cross_entropy_loss.overflow_no_shift",),
)


def sample():
    checks = (
        check(
            "1a",
            "1",
            "平方损失的数值正确",
            "squared_loss agrees with the reference",
            3,
            Verdict.WRONG_ANSWER,
            functions=("squared_loss",),
            diagnosis=MISSING_HALF,
        ),
        check(
            "1b",
            "1",
            "(N,1) 与 (N,) 混用时不会广播成 N×N",
            "squared_loss does not broadcast (N,1) and (N,) to N×N",
            2,
            functions=("squared_loss",),
        ),
        check(
            "1c",
            "1",
            "0-1 损失正确",
            "zero_one_loss agrees with the reference",
            3,
            functions=("zero_one_loss",),
        ),
        check(
            "1d",
            "1",
            "交叉熵损失正确",
            "cross_entropy_loss agrees with the reference",
            5,
            functions=("cross_entropy_loss",),
        ),
        check(
            "1e",
            "1",
            "logits 很大时交叉熵仍然有限且正确",
            "cross_entropy_loss stays finite and right for extreme logits",
            4,
            Verdict.WRONG_ANSWER,
            functions=("cross_entropy_loss",),
            diagnosis=OVERFLOW,
            evidence="SECRET-EVIDENCE",
        ),
        check(
            "1f",
            "1",
            "每行加一个常数，交叉熵不变",
            "adding a constant per row changes nothing",
            1,
            functions=("cross_entropy_loss",),
        ),
        check(
            "2a",
            "2",
            "θ² 上的梯度下降轨迹正确",
            "gd_on_square follows the right path",
            8,
            functions=("gd_on_square",),
        ),
        check(
            "2d",
            "2",
            "中心差分正确",
            "numerical_gradient is the central difference",
            6,
            Verdict.TIME_LIMIT_EXCEEDED,
            functions=("numerical_gradient",),
            diagnosis=Diagnosis(
                "call_time",
                Text("调用在 10 秒内没有结束。", "The call did not finish within 10 seconds."),
            ),
        ),
        check(
            "3a",
            "3",
            "不带惩罚项时，损失和梯度都正确",
            "loss and gradients are right when nothing is penalised",
            11,
            Verdict.JUDGE_ERROR,
            evidence="Traceback SECRET-TRACEBACK",
        ),
        check(
            "4a",
            "4",
            "损失、W 与 b 的梯度正确",
            "loss and the gradients of W and b are right",
            9,
            Verdict.WRONG_ANSWER,
            functions=("softmax_regression_grad", "cross_entropy_loss"),
            parts=(
                Part("loss", Decimal(3), Decimal(3)),
                Part("W", Decimal(4), Decimal(0)),
                Part("b", Decimal(2), Decimal(2)),
            ),
            diagnosis=Diagnosis(
                "factor",
                Text("W 的每一项都是参考值的 N 倍。", "Every entry of W is N times ours."),
                Text(
                    "损失取平均，梯度也要除以 N。",
                    "The loss is a mean, so the gradient is divided by N.",
                ),
            ),
        ),
        check(
            "4b",
            "4",
            "特征放大后仍然稳定",
            "stays stable for large features",
            7,
            functions=("softmax_regression_grad",),
            given_correct=("cross_entropy_loss",),
        ),
        check(
            "7a",
            "7",
            "在手写数字上训练，准确率达到 0.92",
            "trained on digits, accuracy reaches 0.92",
            8,
            functions=("train_softmax_regression", "predict"),
        ),
        check(
            "h1",
            "h",
            "输出的类型与设备跟随输入",
            "dtype and device follow the input",
            4,
            Verdict.FORBIDDEN_API,
            diagnosis=Diagnosis(
                "forbidden", Text("使用了 torch.autograd。", "torch.autograd is used.")
            ),
        ),
        check(
            "p1",
            "1",
            "公开自测：squared_loss([1,2],[0,0]) = 1.25",
            "public: squared_loss([1,2],[0,0]) = 1.25",
            0,
            public=True,
        ),
    )
    student = tuple(2.3 * 0.93**i + 0.05 * (i % 5) for i in range(60))
    return SubmissionResult(
        assignment="gd",
        student=STUDENT.id,
        attempt=2,
        verdict=Verdict.ACCEPTED,
        graded_at=DUE + timedelta(days=3),
        key="k",
        submitted_at=DUE + timedelta(hours=10),
        checks=checks,
        written=(
            WrittenAnswer("w1", Text("思考题一", "w1"), Decimal(5), filled=True),
            WrittenAnswer("w2", Text("思考题二", "w2"), Decimal(5), filled=False),
        ),
        notebook=NotebookRun(
            Verdict.ACCEPTED,
            cells=(
                CellRun(3, Verdict.ACCEPTED),
                CellRun(
                    12,
                    Verdict.RUN_TIME_ERROR,
                    0.2,
                    Diagnosis(
                        "cell_error",
                        Text("第 12 个单元抛出了异常。", "Cell 12 raised an exception."),
                        Text("检查两个张量的形状。", "Check the shapes of the two tensors."),
                    ),
                    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 10x784)",
                    4,
                    "logits = X @ W + b",
                ),
            ),
            repairs=(
                Text("去掉了 !pip install torch", "Removed !pip install torch"),
                Text("补上了缺少的单元编号", "Added missing cell ids"),
            ),
            figures=(Figure(7, "image/png", PIXEL),),
        ),
        isolation=Isolation("linux", 3, "isolated"),
        usage=Usage(12.4, 15.1, 412),
        curves=(Curve("7a", "loss", student, tuple(2.3 * 0.9**i for i in range(60))),),
        grader_version="0.1.0",
    )


MARKS = {
    "w1": Mark(
        "gd", STUDENT.id, "w1", Decimal(4), "第三种情形缺少推导。<b>见</b>讲义。", "助教 王", DUE
    )
}


def grade(result, course=COURSE):
    score = score_assignment(
        GD, course.assignments[0], outcome(result), {"w1": Decimal(4)}, policy=course.late
    )
    mlp = AssignmentScore("mlp", Text("全连接网络", "Networks"), Decimal(100), State.MISSING)
    return course_grade(course, [score, mlp], Decimal("88"), None)


def student_page(language="en", result=None, **more):
    result = result or sample()
    return render_student(
        result, GD, COURSE, grade(result), language, student=STUDENT, marks=MARKS, **more
    )


class Reader(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def assert_harmless(page):
    found = Reader(page)
    assert not found.tags & {"script", "iframe", "object", "embed", "form", "link", "base", "b1"}
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style", tag
        if name == "src":
            assert value.startswith("data:image/"), value
        if name == "href":
            assert re.fullmatch(r"#[\w-]+|[\w.%/-]+\.html", value), value


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_says_what_it_should(language):
    found = Reader(student_page(language)).text
    for check in sample().checks:
        assert check.title[language] in found
        if check.diagnosis and check.verdict is not Verdict.JUDGE_ERROR:
            assert check.diagnosis.message[language] in found
    said = {
        "en": (
            "38.7 / 81",
            "1 started day × 10 % = 10 %",
            "of 43 earned points: 4.3 are taken off",
            "Cell 12, line 4",
            "Correct given a correct cross_entropy_loss",
            "partly correct",
            "The grader failed here, not you",
            "Removed !pip install torch",
            "412 MiB",
            "So far, out of 50 that are known",
            "You left the answer empty.",
            "isolated: no network",
        ),
        "zh": (
            "38.7 / 81",
            "迟交 1 天",
            "第 12 个单元第 4 行",
            "部分正确",
            "不是你的错",
            "课堂表现",
        ),
    }
    for words_ in said[language]:
        assert words_ in found
    assert "logits = X @ W + b" in found
    assert "mat1 and mat2 shapes cannot be multiplied" in found
    assert "第三种情形缺少推导。<b>见</b>讲义。" in found


@pytest.mark.parametrize("render", [student_page, lambda *a: markdown(*a)])
def test_evidence_never_reaches_a_student(render):
    assert "SECRET" not in render("en")
    assert "SECRET" not in render("zh")


def markdown(language="en", result=None):
    result = result or sample()
    return render_markdown(
        result, GD, COURSE, grade(result), language, student=STUDENT, marks=MARKS
    )


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'></style></title><svg/onload=alert(1)>",
    "</pre><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }} {% raw %} %(num)s %n ${x}",
    "[x](javascript:alert(1)) ![x](http://evil/x.png) `` ` <b1> | a\n\n# head\n```\n",
    "]]><!-- \u2028\u202e\x00 &lt;b1&gt;",
]


def poisoned(payload):
    given = sample()
    diagnosis = Diagnosis(payload, Text(payload, payload), Text(payload, payload), (payload,))
    checks = tuple(
        replace(
            c,
            title=Text(payload, payload),
            diagnosis=diagnosis,
            functions=(payload,),
            given_correct=(payload,),
            parts=(Part(payload, Decimal(1), Decimal(0)),),
            evidence=payload,
        )
        for c in given.checks
    )
    cells = (
        CellRun(
            1, Verdict.RUN_TIME_ERROR, 0.1, diagnosis, error=payload, line=1, source_line=payload
        ),
    )
    pictures = (
        Figure(1, "image/png", payload),
        Figure(1, "text/html", PIXEL),
        Figure(1, "image/svg+xml", base64.b64encode(b"<svg onload=alert(1)>").decode()),
        Figure(1, "image/png", base64.b64encode(b"<svg onload=alert(1)>").decode()),
    )
    return replace(
        given,
        student=payload,
        checks=checks,
        notebook=NotebookRun(
            Verdict.ACCEPTED, diagnosis, cells, (Text(payload, payload),), pictures
        ),
        curves=(Curve("7a", payload, (1.0, 2.0)),),
        device=payload,
        grader_version=payload,
        diagnosis=diagnosis,
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_a_student_wrote_can_run(payload):
    result = poisoned(payload)
    html = render_student(result, GD, COURSE, grade(result), student=Student(payload, payload))
    assert_harmless(html)
    assert "<img" not in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_a_student_wrote_is_markdown(payload):
    html = MarkdownIt("commonmark").enable("table").render(markdown("en", poisoned(payload)))
    found = Reader(html)
    plain = {"h1", "h2", "p", "ul", "li", "strong", "code", "blockquote"}
    assert found.tags <= plain | {"table", "thead", "tbody", "tr", "th", "td"}
    headings = html.count("<h2>")
    assert headings == MarkdownIt("commonmark").render(markdown("en")).count("<h2>")


def test_a_normal_page_is_harmless_too():
    html = student_page(links=(("en", "en.html"),))
    assert_harmless(html)
    assert "://" not in html


def test_the_page_allows_itself_nothing_but_its_style():
    html = student_page()
    css = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = Reader(html).attributes
    content = next(v for t, n, v in policy if t == "meta" and n == "content" and "default" in v)
    assert "default-src 'none'" in content
    assert f"style-src 'sha256-{digest}'" in content
    assert "url(http" not in css


def test_pictures_that_are_pictures_are_shown():
    assert f'src="data:image/png;base64,{PIXEL}"' in student_page()


def test_a_notebook_that_could_not_be_run():
    diagnosis = Diagnosis("unreadable", Text("文件不是笔记本。", "The file is not a notebook."))
    broken = replace(
        sample(),
        verdict=Verdict.RUN_TIME_ERROR,
        checks=(),
        notebook=None,
        diagnosis=diagnosis,
        curves=(),
        submitted_at=None,
    )
    found = Reader(student_page("en", broken)).text
    assert "Your notebook could not be run" in found
    assert "The file is not a notebook." in found
    assert "Nothing of this question could be checked." in found
    assert "could not be run" in markdown("en", broken)


def test_a_grader_that_failed_takes_no_points():
    failed = replace(sample(), verdict=Verdict.JUDGE_ERROR, checks=(), evidence="SECRET")
    html = student_page("en", failed)
    assert "The grader failed, not you" in html
    assert "? / 18" in Reader(html).text
    assert "could not be run" not in html
    assert "SECRET" not in html


def test_work_handed_in_too_late():
    late = replace(sample(), submitted_at=DUE + timedelta(days=5))
    assert "nothing is accepted any more" in student_page("en", late)


def test_a_final_grade_shows_its_rounding():
    result = replace(sample(), checks=(check("1a", "1", "对", "right", 71),), submitted_at=DUE)
    score = score_assignment(
        GD,
        COURSE.assignments[0],
        outcome(result),
        {"w1": Decimal(5), "w2": Decimal(4)},
        policy=COURSE.late,
    )
    made = course_grade(COURSE, [score], Decimal(88), Decimal(84))
    html = render_student(result, GD, COURSE, made, "en", marks={})
    assert made.total is not None
    assert f"≈ {made.total}" in Reader(html).text


def test_without_a_course_grade_the_section_is_left_out():
    html = render_student(sample(), GD, COURSE, language="en")
    assert "Your place in the course grade" not in html
    assert "2023110042" in html


def test_a_report_is_small_and_quick():
    student_page()
    start = time.perf_counter()
    html = student_page()
    assert time.perf_counter() - start < 0.2
    assert len(html.encode()) < 300_000


def test_an_unknown_language_speaks_english():
    assert "At a glance" in student_page("fr")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("87", "87"), ("87.50", "87.5"), ("36.3333333", "36.33…"), ("0", "0"), ("0.004", "0.00…")],
)
def test_numbers_say_when_they_go_on(value, shown):
    assert page.number(Decimal(value)) == shown


def test_moments_carry_their_zone():
    assert page.moment(DUE) == "2026-10-09 23:59 UTC+08"
    half = timezone(timedelta(hours=5, minutes=30))
    assert page.moment(datetime(2026, 1, 2, 3, 4, tzinfo=half)) == "2026-01-02 03:04 UTC+05:30"
    assert page.moment(None) == page.number(None) == page.grade(None) == "–"


# -- charts --------------------------------------------------------------------------------


def test_bars_never_run_over():
    drawn = charts.bar([("earned", Decimal(9)), ("open", Decimal(9))], Decimal(10), "x")
    widths = [float(w) for w in re.findall(r'width="([\d.]+)%"', drawn)]
    assert sum(widths[1:]) <= 100
    assert charts.bar([("earned", Decimal(1))], Decimal(0), "<x>").count("<rect") == 1


def test_curves_survive_what_training_does():
    nan, inf = math.nan, math.inf
    drawn = charts.curves((nan, 1.0, inf, 2.0, 3.0), (), "x")
    assert drawn.count("M") == 2
    assert "nan" not in drawn
    assert charts.curves((nan,), (), "x") == ""
    assert charts.curves((), (), "x") == ""
    assert charts.curves((-1e308, 1e308), (), "x") == ""
    assert "nan" not in charts.curves((1.0,), (1.0,), "x")
    assert len(charts.curves(tuple(map(float, range(100_000))), (), "x")) < 20_000


# -- words ---------------------------------------------------------------------------------


def messages():
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    for template in (*page.folder().glob("*.html"), *page.folder().glob("*.md")):
        yield from extract_from_file("jinja2.ext:babel_extract", template, options=options)
    yield from extract_from_file("python", Path(words.__file__), keywords={"N_": None})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_has_its_translation(language):
    with (words.FOLDER / language / "grader.po").open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    needed = {m[0] if isinstance(m, tuple) else m for _, m, *_ in messages()}
    translated = set()
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and all(strings) and not message.fuzzy:
            translated.add(message.id[0] if message.pluralizable else message.id)
            assert not list(message.check(catalogue)), message.id
    assert needed - translated == set()
    assert translated - needed == set()


def test_a_chinese_report_holds_no_english_words():
    with (words.FOLDER / "zh" / "grader.po").open("rb") as stream:
        english = [m.id for m in read_po(stream) if isinstance(m.id, str) and " " in m.id]
    found = Reader(student_page("zh")).text
    assert [text for text in english if text in found] == []


# -- the folder ----------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "g.db") as opened:
        yield opened


def test_the_folder(book, tmp_path):
    people = [Student("s1", "甲同学"), Student("s2", "乙同学"), Student("s3", "丙同学")]
    book.put_students(people)
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal(3), "评语甲", "王")])
    book.add_result(replace(sample(), student="s1"))
    book.add_result(replace(sample(), student="s2", isolation=Isolation("plain", 0, "limits")))
    written = write_feedback(COURSE, GD, book, tmp_path / "out")
    assert written.students == 2
    files = {
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.html")
    }
    assert files == {
        "gd/class.zh.html",
        "gd/class.en.html",
        "gd/students/s1/zh.html",
        "gd/students/s1/en.html",
        "gd/students/s2/zh.html",
        "gd/students/s2/en.html",
    }
    mine = (tmp_path / "out/gd/students/s1/zh.html").read_text(encoding="utf-8")
    assert "甲同学" in mine
    assert "评语甲" in mine
    assert "乙同学" not in mine
    assert "SECRET" not in mine
    summary = written.summaries[0].read_text(encoding="utf-8")
    assert_harmless(summary)
    assert 'href="students/s1/zh.html"' in summary
    assert "SECRET-TRACEBACK" in summary
    assert "丙同学" in summary
    assert "1 份结果不是在完全隔离下评出的" in summary


@pytest.mark.parametrize("student", ["..", ".", "a/b", "学号 1", "<script>", "a" * 90])
def test_student_numbers_stay_in_their_folder(book, tmp_path, student):
    book.add_result(replace(sample(), student=student))
    written = write_feedback(COURSE, GD, book, tmp_path / "out", ("zh",))
    (made,) = (tmp_path / "out" / "gd" / "students").iterdir()
    assert (made / "zh.html").is_file()
    assert_harmless(written.summaries[0].read_text(encoding="utf-8"))
    assert len(list((tmp_path / "out").rglob("*.html"))) == 2


def test_a_folder_that_cannot_be_written(book, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(GraderError, match="cannot be written"):
        write_feedback(COURSE, GD, book, tmp_path / "out")


def test_a_class_is_summed_up(book):
    book.put_students([Student(f"s{n}") for n in range(4)])
    for n in range(3):
        book.add_result(replace(sample(), student=f"s{n}", submitted_at=DUE))
    unreadable = replace(sample(), student="s3", verdict=Verdict.RUN_TIME_ERROR, checks=())
    book.add_result(unreadable)
    lines = standings(COURSE, {"gd": GD}, book)
    report = class_report(COURSE, GD, lines, book.results("gd"))
    assert (report.graded, report.unreadable, len(report.lines)) == (4, ("s3",), 4)
    assert sum(report.distribution) == len(report.percents) == 4
    assert [(f.name, f.students, f.checks) for f in report.misconceptions] == [
        ("cross_entropy_loss.overflow_no_shift", 3, ("1e",)),
        ("squared_loss.missing_half", 3, ("1a",)),
    ]
    (failure,) = report.failures
    assert (failure.where, failure.students) == ("3a", ("s0", "s1", "s2"))
    shares = {c.id: c.share for c in report.checks}
    assert (shares["1a"], shares["1b"], shares["p1"]) == (0, 1, 1)
    assert shares["4a"] == Decimal(5) / 9
    assert "3a" not in shares


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_runs_in_the_browser_of_an_instructor(book, payload):
    failed = replace(poisoned(payload), verdict=Verdict.JUDGE_ERROR, evidence=payload)
    for n, each in enumerate((poisoned(payload), failed)):
        book.add_result(replace(each, student=f"s{n}"))
    book.put_students([Student("s0", payload)])
    lines = standings(COURSE, {"gd": GD}, book)
    report = class_report(COURSE, GD, lines, book.results("gd"))
    assert_harmless(render_class(report, "en"))


def test_an_empty_class_has_a_summary(book):
    report = class_report(COURSE, GD, (), ())
    assert "No misconception was recognised." in render_class(report, "en")
    assert (report.mean, report.median) == (None, None)
