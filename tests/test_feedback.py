# mypy: disable-error-code="comparison-overlap, index"
"""Reports: complete, bilingual, calm about faults, and with nothing in them that can run."""

import base64
import hashlib
import math
import re
import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from grader import charts, page, words
from grader.classpage import render_class
from grader.classreport import class_report
from grader.course import ParticipationPolicy
from grader.coursegrade import course_grade
from grader.entries import CriterionScore, Membership, SessionRecord
from grader.errors import GraderError
from grader.feedback import render_markdown, render_student, write_feedback
from grader.gradebook import Gradebook
from grader.participation import held, participation_score
from grader.records import MarkRow, ScoreRow, Student
from grader.report import Grounds
from grader.result import (
    Diagnosis,
    Isolation,
    Text,
    Verdict,
)
from grader.rubric import Criterion, Level, Rubric, project_scores
from grader.scoring import outcome, score_assignment
from grader.standing import standings
from tests.harmless import Reader, assert_harmless
from tests.reported import COURSE, DUE, GD, MARKS, PIXEL, STUDENT, check, grade, sample


def student_page(language="en", result=None, **more):
    result = result or sample()
    return render_student(
        result, GD, COURSE, grade(result), language, student=STUDENT, marks=MARKS, **more
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_says_what_it_should(language):
    found = Reader(student_page(language)).text
    for line in sample().checks:
        assert line.title[language] in found
        if line.diagnosis and line.verdict is not Verdict.JUDGE_ERROR:
            assert line.diagnosis.message[language] in found
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


def markdown(language="en", result=None, **more):
    result = result or sample()
    return render_markdown(
        result, GD, COURSE, grade(result), language, student=STUDENT, marks=MARKS, **more
    )


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


def test_names_in_a_sentence_are_set_as_code():
    said = "your `W` <b> is off; `a|b` too"
    assert page.html_with_code(said) == (
        "your <code>W</code> &lt;b&gt; is off; <code>a|b</code> too"
    )
    assert page.markdown_with_code(said) == r"your `W` &lt;b\> is off; `a|b` too"


def test_a_lonely_backtick_is_text():
    assert page.html_with_code("a ` b") == "a ` b"
    assert page.markdown_with_code("a ` b") == r"a \` b"


# -- charts --------------------------------------------------------------------------------


def test_bars_never_run_over():
    drawn = charts.bar([("earned", Decimal(9)), ("open", Decimal(9))], Decimal(10), "x")
    widths = [float(w) for w in re.findall(r'width="([\d.]+)%"', drawn)]
    assert sum(widths[1:]) <= 100
    assert charts.bar([("earned", Decimal(1))], Decimal(0), "<x>").count("<rect") == 1


def test_curves_survive_what_training_does():
    nan, inf = math.nan, math.inf
    said = charts.CurveWords("x", "step", "yours", "ours", "log")
    drawn = charts.curves((nan, 1.0, inf, 2.0, 3.0), (), said)
    assert drawn.count("M") == 2
    assert "nan" not in drawn
    assert charts.curves((nan,), (), said) == ""
    assert charts.curves((), (), said) == ""
    assert charts.curves((-1e308, 1e308), (), said) == ""
    assert "nan" not in charts.curves((1.0,), (1.0,), said)
    assert len(charts.curves(tuple(map(float, range(100_000))), (), said)) < 20_000


# -- participation and project -----------------------------------------------------------------


def grounds():
    day = date(2026, 9, 14)
    noted = [SessionRecord("s", day + timedelta(n), "", "attendance", Decimal(n)) for n in (0, 1)]
    noted.append(SessionRecord("s", day, "", "answer", Decimal(1)))
    good = Level("good", Text("良好", "good"), Decimal(80), Text("大体清楚", "mostly clear"))
    rubric = Rubric(
        Text("期末大作业", "Final project"),
        (
            Criterion("method", Text("方法", "Method"), Decimal(60), Text("", ""), (good,)),
            Criterion("talk", Text("报告", "Talk"), Decimal(40), Text("", "")),
        ),
    )
    given = [
        CriterionScore("T1", "method", "good", None, "Li", "<b>*很好*</b>", team=True),
        CriterionScore("T1", "method", "", Decimal(60), "Wang", team=True),
        CriterionScore("T1", "talk", "", Decimal(30), "Li", team=True),
        CriterionScore("T1", "", "", None, "Li", "Thank **you**", team=True),
    ]
    team = {"s": Membership("s", "T1", Decimal(3), "did the <i>work</i>")}
    return Grounds(
        participation_score(ParticipationPolicy(), held(noted), noted),
        project_scores(rubric, given, team)["s"],
    )


def test_where_participation_and_project_come_from():
    text = Reader(student_page(grounds=grounds())).text
    for said in (
        "Where participation comes from",
        "Attendance 50 % · ",
        "Answers in class 20 % · ",
        "Final project · T1",
        "Method · 54 / 60",
        "Li 48 · good: mostly clear",
        "<b> 很好 </b>",
        "Wang 60",
        "Talk · 30 / 40",
        "Thank you",
        "54 + 30 = 84; own adjustment + 3 = 87",
        "(did the <i>work</i>)",
    ):
        assert said in text, said
    chinese = Reader(student_page("zh", grounds=grounds())).text
    for said in "课堂表现的由来", "出勤 50 % · ", "Li 48 · 良好: 大体清楚", "个人调整 + 3 = 87":
        assert said in chinese, said


def test_where_they_come_from_in_markdown():
    text = markdown(grounds=grounds())
    for said in (
        "## Where participation comes from\n",
        "- **Attendance** 50 % · ",
        "- **Method** 54 / 60\n  - Li: 48 · good: mostly clear · &lt;b\\>\\*很好\\*",
        "Comment · Li: Thank \\*\\*you\\*\\*\n",
        "54 + 30 = 84; own adjustment + 3 = 87 (did the &lt;i\\>work",
    ):
        assert said in text, said


def test_a_score_that_was_entered_needs_no_grounds(book, tmp_path):
    day = date(2026, 9, 14)
    book.add_sessions([SessionRecord(s, day, "", "attendance", Decimal(1)) for s in ("s1", "s2")])
    book.add_participation([ScoreRow("s2", Decimal(70))])
    for student in "s1", "s2":
        book.add_result(replace(sample(), student=student))
    done = write_feedback(COURSE, GD, book, tmp_path, ("en",))
    pages = [(done.folder / f"students/{s}/en.html").read_text("utf-8") for s in ("s1", "s2")]
    assert ["Where participation comes from" in page for page in pages] == [True, False]


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
    assert_harmless(summary, scripts=summary.count("<script"))
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
    summary = written.summaries[0].read_text(encoding="utf-8")
    assert_harmless(summary, scripts=summary.count("<script"))
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


def test_an_empty_class_has_a_summary(book):
    report = class_report(COURSE, GD, (), ())
    assert "No misconception was recognised." in render_class(report, "en")
    assert (report.mean, report.median) == (None, None)
