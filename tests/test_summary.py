"""The summaries for instructors: numbers, ranking, who needs a human, and nothing that can run."""

import base64
import hashlib
import json
import re
import statistics
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from click.testing import CliRunner

from grader.classpage import class_markdown, course_markdown, render_class, render_course
from grader.classreport import class_report
from grader.cli import main
from grader.consumption import consumption
from grader.coursereport import course_report, percent
from grader.feedback import write_course, write_feedback
from grader.gradebook import Gradebook
from grader.itemanalysis import Sign
from grader.records import Student
from grader.result import Verdict
from grader.scoring import State
from grader.standing import standings
from grader.winnowing import fingerprints
from tests.composed import compose
from tests.reported import COURSE, DUE, GD, sample

SCRIPT = re.compile(r"<script>(.*?)</script>", re.S)


@pytest.fixture(scope="module")
def semester(tmp_path_factory):
    folder = tmp_path_factory.mktemp("semester")
    with Gradebook(folder / "gradebook.db") as book:
        made = compose(book, folder, students=90, assignments=2)
        lines = standings(made.course, made.assignments, book)
        results = {name: list(book.results(name)) for name in made.assignments}
    reports = {
        name: class_report(made.course, asked, lines, results[name])
        for name, asked in made.assignments.items()
    }
    return made, lines, results, reports


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "g.db") as opened:
        yield opened


def summed(book, *results):
    for result in results:
        book.add_result(result)
    lines = standings(COURSE, {"gd": GD}, book)
    return class_report(COURSE, GD, lines, book.results("gd"))


# -- a class on one assignment -------------------------------------------------------------


def test_questions_are_summed_up_as_they_are_scored(semester):
    _, lines, results, reports = semester
    report = reports["gd"]
    there = {line.student.id for line in lines if line.student.active}
    counted = [r for r in results["gd"] if r.student in there]
    for question in report.questions[:-1]:
        won = {
            r.student: sum(c.earned for c in r.checks if c.question == question.id)
            for r in counted
            if all(
                c.verdict is not Verdict.JUDGE_ERROR for c in r.checks if c.question == question.id
            )
        }
        # A person decided a check of the fourth student.
        if question.id == "3":
            won.pop("20260003", None)
            assert len(question.earned) - len(won) in (0, 1)
            continue
        assert sorted(question.earned) == sorted(won.values())
        assert question.mean == statistics.mean(won.values())
        assert question.full == list(won.values()).count(question.points)
        assert sum(question.distribution) == len(won)
    assert report.questions[-1].id == "w1"


def test_checks_that_are_unrelated_or_reversed_are_found(semester):
    _, _, _, reports = semester
    found = {c.id: c for c in reports["gd"].checks}
    assert found["6b"].sign is Sign.REVERSED
    assert found["6b"].discrimination < -0.2
    assert found["1c"].discrimination > 0.3
    assert found["1c"].passed == Decimal(found["1c"].accepted) / found["1c"].decided
    page = render_class(reports["gd"], "en")
    assert "Those who do well elsewhere fail it more often" in page
    assert f"−{-found['6b'].discrimination:.2f}" in page


def test_misconceptions_are_ranked_and_cost(semester):
    _, lines, results, reports = semester
    report = reports["gd"]
    there = {line.student.id for line in lines if line.student.active}
    who, cost = {}, {}
    for result in results["gd"]:
        for check in result.checks if result.student in there else ():
            for name in check.diagnosis.misconceptions if check.diagnosis else ():
                if check.verdict is not Verdict.JUDGE_ERROR:
                    who.setdefault(name, set()).add(result.student)
                    cost[name] = cost.get(name, 0) + check.points - check.earned
    assert {f.name: (f.students, f.cost) for f in report.misconceptions} == {
        name: (len(students), cost[name]) for name, students in who.items()
    }
    counts = [f.students for f in report.misconceptions]
    assert counts == sorted(counts, reverse=True)
    first = report.misconceptions[0]
    page = render_class(report, "en")
    assert first.diagnosis.message.en in page
    assert first.diagnosis.hint.en in page
    assert f"cost the class {first.cost.normalize():f} points" in page


def test_equal_counts_are_ranked_by_the_points_that_were_lost(book):
    whole, parts = sample().checks[0], sample().checks[9]
    assert (whole.points, parts.points, sum(p.earned for p in parts.parts)) == (3, 9, 5)
    named = (
        replace(whole, diagnosis=replace(whole.diagnosis, misconceptions=("a.first_by_name",))),
        replace(parts, diagnosis=replace(parts.diagnosis, misconceptions=("b.dearer",))),
    )
    report = summed(book, replace(sample(), student="s1", checks=named))
    assert [(f.name, f.cost, f.each) for f in report.misconceptions] == [
        ("b.dearer", 4, 4),
        ("a.first_by_name", 3, 3),
    ]


def test_nearly_equal_notebooks_are_shown_with_both_students(semester):
    _, _, results, reports = semester
    (pair,) = reports["gd"].alike
    first, second = sorted(r.student for r in results["gd"])[:2]
    assert (pair.first, pair.second) == (first, second)
    prints = {r.student: set(r.fingerprints) for r in results["gd"]}
    common = len(prints[first] & prints[second])
    assert pair.share == common / min(len(prints[first]), len(prints[second]))
    page = render_class(reports["gd"], "en", pages={first: "a.html", second: "b.html"})
    section = page[page.index('id="people"') : page.index('id="distribution"')]
    assert f'<a href="a.html">{first}</a>' in section
    assert f'<a href="b.html">{second}</a>' in section
    assert f"{pair.share * 100:.0f} %" in section
    assert f"{first} – {second}" in class_markdown(reports["gd"], "en").replace("\\", "")


def test_what_was_handed_out_makes_nobody_alike(tmp_path, book):
    import nbformat

    given = "\n".join(
        f"def f{n}(x, y):\n    z = x.take_{n}(-1) @ y.T + {n}\n    return [z.mean()] * 2"
        for n in range(30)
    )
    asked = replace(GD, course=tmp_path)
    asked.folder.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(given)])
    nbformat.write(notebook, asked.folder / "gd.ipynb")
    for student in ("s1", "s2"):
        result = replace(sample(), student=student, fingerprints=fingerprints(given))
        book.add_result(result)
    lines = standings(COURSE, {"gd": asked}, book)
    assert class_report(COURSE, asked, lines, book.results("gd")).alike == ()
    (asked.folder / "gd.ipynb").write_text("not a notebook")
    (pair,) = class_report(COURSE, asked, lines, book.results("gd")).alike
    assert pair.share == 1


def test_those_who_have_left_are_not_counted(book):
    mine = [replace(sample(), student=f"s{n}", submitted_at=DUE) for n in range(3)]
    before = summed(book, *mine)
    book.set_active(["s2"], False)
    lines = standings(COURSE, {"gd": GD}, book)
    after = class_report(COURSE, GD, lines, book.results("gd"))
    assert (before.inactive, after.inactive) == (0, 1)
    assert (len(before.lines), len(after.lines)) == (3, 2)
    assert [f.students for f in after.misconceptions] == [2, 2]
    assert after.failures[0].students == ("s0", "s1")
    assert {c.decided for c in after.checks} == {2}
    assert len(after.questions[0].earned) == 2
    page = render_class(after, "en")
    assert ">s2<" not in page
    assert "1 student who has left the course is not counted." in page


def test_time_and_memory():
    values = {f"s{n}": float(n) for n in range(1, 101)}
    found = consumption(values, 300)
    assert (found.median, found.largest, found.whose) == (50.5, 100, "s100")
    assert found.high == pytest.approx(np.quantile(np.arange(1, 101), 0.95))
    assert consumption({}) is None


def test_few_students_are_told_so(book):
    page = render_class(summed(book, replace(sample(), student="s1")), "en")
    assert "not enough data" in page
    assert "computed from 20 students on" in page


def test_decisions_of_people_are_listed(semester):
    _, _, _, reports = semester
    page = render_class(reports["gd"], "zh")
    assert "1 项由人工代替评分程序作出的决定" in page
    assert "题面有误" in page
    assert reports["mlp"].decisions == ()


def test_charts_say_their_numbers_in_words(semester):
    _, _, _, reports = semester
    report = reports["gd"]
    labels = re.findall(
        r'<svg class="histogram"[^>]*aria-label="([^"]*)"', render_class(report, "en")
    )
    whole = labels[0]
    for tenth, count in enumerate(report.distribution):
        told = f"{tenth * 10}–{tenth * 10 + 10}: {count}"
        assert (told in whole) == bool(count)
    assert len(labels) == 1 + len(report.questions)


# -- the semester --------------------------------------------------------------------------


def test_progress_over_the_semester(semester):
    made, lines, _, _ = semester
    report = course_report(made.course, made.assignments, lines)
    assert report.inactive == 2
    there = [line for line in lines if line.student.active]
    for row in report.progress:
        scores = [line.score(row.id) for line in there]
        known = [float(s.percent) for s in scores if s.percent is not None]
        assert row.quarters == pytest.approx(np.percentile(known, [0, 25, 50, 75, 100]))
        assert row.handed_in == sum(s.attempt > 0 for s in scores)
        assert row.late == sum(s.late is not None and s.late.days > 0 for s in scores) > 0
        assert row.missing == sum(s.state is State.MISSING for s in scores) > 0
        assert row.handed_in + row.missing == row.students == len(there)
    assert sum(report.distribution) == len(report.percents) == len(there)
    grade = there[0].grade
    assert percent(grade) == grade.so_far * 100 / grade.reachable


def test_markers_of_projects(semester):
    made, lines, _, _ = semester
    report = course_report(made.course, made.assignments, lines)
    strict, mild = report.markers
    assert (strict.name, mild.name) == ("陈助教", "李老师")
    assert strict.offset == pytest.approx(-mild.offset)
    # Every criterion of a team counts once, however many members it has.
    teams = {line.rubric.team for line in lines if line.rubric and line.student.active}
    assert strict.given == 3 * len(teams)
    apart = {
        (line.rubric.team, c.criterion.id)
        for line in lines
        if line.rubric and line.student.active
        for c in line.rubric.criteria
        if c.disagrees
    }
    assert {(a.subject, a.result.criterion.id) for a in report.apart} == apart
    assert len(report.apart) == len(apart) > 0
    assert all(len(a.students) == 3 for a in report.apart if a.subject == "第 1 组")
    page, said = render_course(report, "en"), course_markdown(report, "en")
    for text in (page, said):
        assert "陈助教" in text
        assert f"−{-strict.offset:.1f}" in text


def test_a_course_without_anything_has_a_summary():
    report = course_report(COURSE, {}, ())
    assert "There is no assignment yet." in render_course(report, "en")
    assert "Nothing is known yet." in course_markdown(report, "en")


def test_the_pages_link_each_other(book, tmp_path):
    book.put_students([Student("s1", "甲"), Student("s2", "乙")])
    book.add_result(replace(sample(), student="s1"))
    lines = standings(COURSE, {"gd": GD}, book)
    out = tmp_path / "out"
    write_feedback(COURSE, GD, book, out, lines=lines, course_page=True)
    written = write_course(COURSE, {"gd": GD}, lines, out)
    assert [p.name for p in written] == ["course.zh.html", "course.en.html"]
    for path in (*written, out / "gd" / "class.zh.html", out / "gd" / "class.en.html"):
        links = re.findall(r'href="([^"#]+)"', path.read_text(encoding="utf-8"))
        assert links
        for link in links:
            assert (path.parent / link).is_file(), link
    course = written[1].read_text(encoding="utf-8")
    assert 'href="gd/students/s1/en.html"' in course
    assert 'href="gd/class.en.html"' in course
    assert "students/s2" not in course


# -- what can run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']
)
def test_a_name_is_harmless(book, payload):
    book.put_students([Student("s1", payload, section=payload), Student("s2", payload)])
    book.add_overrides([])
    twin = tuple(range(60))
    for student in ("s1", "s2"):
        book.add_result(replace(sample(), student=student, fingerprints=twin))
    lines = standings(COURSE, {"gd": GD}, book)
    report = class_report(COURSE, GD, lines, book.results("gd"))
    assert report.alike
    pages = [
        render_class(report, "en"),
        render_course(course_report(COURSE, {"gd": GD}, lines), "en"),
    ]
    for page in pages:
        assert payload not in page
        assert payload.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in page
        assert len(SCRIPT.findall(page)) == page.count("<script") == 1


def test_instructors_pages_allow_one_script_of_ours(semester):
    _, _, _, reports = semester
    page = render_class(reports["gd"], "en")
    (script,) = SCRIPT.findall(page)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    for forbidden in ("fetch", "XMLHttp", "innerHTML", "eval", "http"):
        assert forbidden not in script


# -- in the terminal -----------------------------------------------------------------------


@pytest.fixture
def run(course_folder):
    with Gradebook(course_folder / "gradebook.db") as opened:
        opened.put_students([Student("s1", "甲"), Student("s2", "乙")])
        for student in ("s1", "s2"):
            result = replace(sample(), assignment="tiny", student=student)
            opened.add_result(replace(result, fingerprints=tuple(range(60))))

    def call(*arguments):
        done = CliRunner().invoke(main, ["--course", str(course_folder), *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


def test_the_summary_of_a_class_in_the_terminal(run):
    said = run("summary", "tiny", "--language", "en")
    for words in (
        "What a person has to look at",
        "check 3a · 2 students: s1, s2",
        "s1 – s2: 100 %",
        "**2 students**: exp overflows for large logits",
        "cost the class 8 points, 4.0 each",
        "not enough data",
    ):
        assert words in said.replace("\\", "")
    assert "区分度" in run("summary", "tiny")


def test_the_summary_of_a_class_for_programs(run):
    told = json.loads(run("summary", "tiny", "--json"))
    assert told["misconceptions"][0]["name"] == "cross_entropy_loss.overflow_no_shift"
    assert (told["misconceptions"][0]["students"], told["misconceptions"][0]["cost"]) == (2, "8")
    assert told["alike"] == [{"students": ["s1", "s2"], "share": 1.0}]
    assert told["failures"] == [{"check": "3a", "students": ["s1", "s2"]}]
    assert told["seconds"]["median"] == 12.4


def test_the_summary_of_the_semester_in_the_terminal(run):
    assert "| tiny" in run("summary", "--language", "en")
    told = json.loads(run("summary", "--json"))
    assert told["assignments"][0]["handed_in"] == 2
    assert set(told["standing"]) == {"s1", "s2"}


def test_feedback_writes_the_summary_of_the_course(run, course_folder):
    said = run("feedback", "tiny", "--language", "en")
    assert said.splitlines()[-1] == f"course summary: {course_folder / 'feedback/course.en.html'}"
    assert 'href="../course.en.html"' in (course_folder / "feedback/tiny/class.en.html").read_text(
        encoding="utf-8"
    )
