"""The final project: a rubric, several markers, teams, comments that stay."""

from decimal import Decimal

import pytest

from grader.config import load_course
from grader.errors import ConfigError
from grader.gradebook import Gradebook
from grader.overview import class_standings
from grader.rubricfile import load_rubric
from tests.test_collect import grader
from tests.test_roster import sheet
from tests.tiny import write_course

RUBRIC = """
disagreement = 25

[[criteria]]
id = "method"
title = { zh = "方法", en = "Method" }
weight = 40

[[criteria.levels]]
id = "excellent"
title = { zh = "优", en = "Excellent" }
share = 100
description = { zh = "很好。", en = "Very good." }

[[criteria.levels]]
id = "fair"
title = { zh = "中", en = "Fair" }
share = 62.5

[[criteria]]
id = "report"
title = { zh = "报告", en = "Report" }
weight = 60
"""


@pytest.fixture
def root(tmp_path):
    root = write_course(tmp_path / "course")
    (root / "project.toml").write_text(RUBRIC, "utf-8")
    (root / "r.csv").write_text("student\ns1\ns2\ns3\n")
    grader(root, "record", "roster", root / "r.csv")
    return root


def projects(root):
    course = load_course(root)
    with Gradebook(course.gradebook) as book:
        return {line.student.id: line for line in class_standings(course, book)}


def test_one_marker_with_levels_points_and_comments(root, tmp_path):
    path = sheet(
        tmp_path / "p.xlsx",
        ["学号", "方法", "方法 评语", "report", "评语"],
        ["s1", "优", "nice", 48.5, "well done"],
        ["s2", "fair", None, None, None],
    )
    said = grader(root, "record", "project", path, "--by", "Li")
    assert said == "project: 4 entries read, 4 new or changed\n"
    assert grader(root, "record", "project", path, "--by", "Li").endswith(" 0 new or changed\n")
    lines = projects(root)
    one = lines["s1"].rubric
    assert (one.score, lines["s1"].grade.project.score) == (Decimal("88.5"), Decimal("88.5"))
    assert one.arithmetic.en == "40 + 48.5 = 88.5"
    assert one.criteria[0].given[0].comment == "nice"
    assert one.criteria[0].given[0].level.description.en == "Very good."
    assert [(c.marker, c.comment) for c in one.comments] == [("Li", "well done")]
    assert lines["s2"].grade.project.score is None
    assert lines["s2"].rubric.arithmetic.zh == "尚未评分：报告。"
    assert lines["s3"].rubric is None


def test_two_markers_and_where_they_disagree(root, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "student,criterion,level,points,marker,comment\n"
        "s1,method,excellent,,Li,\ns1,method,,29.5,Wang,hm\n"
        "s1,report,,50,Li,\ns1,报告,,40,Wang,\n",
        "utf-8",
    )
    said = grader(root, "record", "project", path)
    assert said.splitlines()[1:] == ["apart    s1 method: Li 40, Wang 29.5 of 40"]
    found = projects(root)["s1"].rubric
    assert found.score == Decimal("34.75") + 45
    assert [c.criterion.id for c in found.disagreements] == ["method"]
    assert found.criteria[0].spread == Decimal("10.5")


def test_teams_with_adjustments_and_a_part_of_ones_own(root, tmp_path):
    (tmp_path / "t.csv").write_text(
        "学号,小组,个人调整,原因\ns1,A,-5,缺席答辩\ns2,A,+30,主要贡献\ns3,B,,\n", "utf-8"
    )
    assert "3 new" in grader(root, "record", "teams", tmp_path / "t.csv", "--by", "Li")
    (tmp_path / "p.csv").write_text("team,method,report\nA,excellent,50\n")
    grader(root, "record", "project", tmp_path / "p.csv")
    lines = projects(root)
    assert {s: line.grade.project.score for s, line in lines.items()} == {
        "s1": 85,
        "s2": 100,
        "s3": None,
    }
    assert lines["s1"].rubric.arithmetic.en == "40 + 50 = 90; own adjustment − 5 = 85"
    assert lines["s1"].rubric.reason == "缺席答辩"
    (tmp_path / "own.csv").write_text("student,report\ns1,30\n")
    grader(root, "record", "project", tmp_path / "own.csv")
    assert projects(root)["s1"].grade.project.score == 65
    assert projects(root)["s2"].grade.project.score == 100


def test_a_score_of_its_own_replaces_the_rubric(root, tmp_path):
    (tmp_path / "p.csv").write_text("student,method,report\ns1,40,60\n")
    grader(root, "record", "project", tmp_path / "p.csv")
    (tmp_path / "s.csv").write_text("student,score,comment\ns1,77,agreed\n")
    assert "1 row read" in grader(root, "record", "project", tmp_path / "s.csv")
    line = projects(root)["s1"]
    assert (line.grade.project.score, line.project.comment, line.rubric.score) == (
        77,
        "agreed",
        100,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("student,method\ns1,41\n", "row 2, column 'method': 41 is over the maximum of 40"),
        ("student,method\ns1,excelent\n", "'method' has no level 'excelent'. Did you mean 'exc"),
        ("student,report\ns1,good\n", "'report' has no level 'good'. Levels: none; write points"),
        ("student,method\ns9,1\n", "'s9' is not on the roster"),
        ("team,method\nA,1\n", "row 2, column 'team': there is no team 'A'. Say who is in it"),
        ("student,criterion,points\ns1,methd,1\n", "'methd' is not in the rubric. Did you mean"),
        ("student,criterion,points\ns1,method,\n", "row 2, column 'points': is empty"),
        ("student,method\ns1,1\ns1,2\n", "row 3, column 'student': 's1' has two scores"),
    ],
)
def test_complaints(root, tmp_path, text, complaint):
    (tmp_path / "p.csv").write_text(text)
    assert complaint in grader(root, "record", "project", tmp_path / "p.csv", code=2)
    with Gradebook(load_course(root).gradebook) as book:
        assert book.criteria() == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("student,team,adjustment\ns1,A,5\n", "'s1' has an adjustment without a reason"),
        ("student,team,adjustment,reason\ns1,A,much,x\n", "'much' is no adjustment. Write a num"),
        ("student,team,adjustment,reason\ns1,A,101,x\n", "'101' is no adjustment"),
        ("student,team\ns1,A\ns1,B\n", "'s1' is there twice, first in row 2"),
    ],
)
def test_complaints_about_teams(root, tmp_path, text, complaint):
    (tmp_path / "t.csv").write_text(text)
    assert complaint in grader(root, "record", "teams", tmp_path / "t.csv", code=2)
    with Gradebook(load_course(root).gradebook) as book:
        assert book.memberships() == {}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("weight = 60", "weight = 59", "the weights of the criteria add up to 99, not to 100"),
        ('id = "report"', 'id = "method"', "two criteria are called 'method'"),
        ('id = "fair"', 'id = "excellent"', "two levels of 'method' are called 'excellent'"),
        ("disagreement", "disagrement", "unknown key. Did you mean 'disagreement'?"),
    ],
)
def test_a_broken_rubric(root, old, new, complaint):
    (root / "project.toml").write_text(RUBRIC.replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rubric(load_course(root))
    assert str(caught.value).startswith(f"{root / 'project.toml'}: ")
    assert complaint in str(caught.value)


def test_without_a_rubric(root, tmp_path):
    (root / "project.toml").unlink()
    (tmp_path / "p.csv").write_text("student,criterion,points\ns1,method,1\n")
    complaint = grader(root, "record", "project", tmp_path / "p.csv", code=2)
    assert "project.toml does not exist. Write the criteria there" in complaint


def test_show_says_where_the_score_comes_from(root, tmp_path):
    (tmp_path / "t.csv").write_text("student,team,adjustment,reason\ns1,A,-5,late\n")
    grader(root, "record", "teams", tmp_path / "t.csv")
    (tmp_path / "p.csv").write_text(
        "team,method,method comment,report,marker\nA,excellent,nice,50,Li\nA,20,,50,Wang\n"
    )
    grader(root, "record", "project", tmp_path / "p.csv")
    (tmp_path / "a.csv").write_text("student,2026-09-14,2026-09-21\ns1,1,0\n")
    grader(root, "record", "attendance", tmp_path / "a.csv")
    text = grader(root, "show", "s1")
    assert "attendance (50%): 2 sessions, 1 missed: 100 × (2 − 1) / 2 = 50\n" in text
    assert "project of team A\n" in text
    assert "method         30  40  Li excellent, Wang 20 (apart)  nice\n" in text
    assert "30 + 50 = 80; own adjustment − 5 = 75\nadjusted because: late\n" in text
    assert "participation of 3, project of 1 recorded" in grader(root, "status")
