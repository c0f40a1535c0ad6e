"""How well causes are named, measured on the tiny assignment and by the command."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.cli.bench import echo_diagnosed
from grader.config import load_assignment, load_course
from grader.diagnosed import OUTCOMES, diagnose, share_right, shares
from tests.tiny import MISCONCEPTIONS


@pytest.fixture
def found(course_folder):
    return diagnose(load_assignment(load_course(course_folder), "tiny"))


def of(found, **wanted):
    return [n for n in found if all(getattr(n, key) == value for key, value in wanted.items())]


def test_every_wrong_variant_is_named_and_a_withheld_one_never_by_another_name(found):
    named = of(found, kind="misconception")
    assert {(n.function, n.detail) for n in named} == {
        ("half_square", "missing_half"),
        ("half_square", "mean"),
    }
    assert share_right(named) == 1
    assert shares(of(found, kind="withheld"))["wrong"] == 0


def test_distortions_are_named(found):
    made = of(found, kind="distortion", function="scaled")
    assert {n.family for n in made} >= {"sign", "2", "N", "reversed", "one short", "scalar"}
    (sign,) = of(made, family="sign")
    assert (sign.outcome, sign.code) == ("right", "relation.sign")
    assert "opposite sign" in sign.message
    assert (share_right(made) or 0) > 0.9
    assert shares(made)["wrong"] == 0


def test_a_misleading_catalogue_shows(course_folder):
    """A variant that is named for a result which it explains only in part counts as wrong."""
    path = course_folder / "reference/tiny/misconceptions.py"
    path.write_text(
        MISCONCEPTIONS
        + """

@misconception(words="nearly the sign")
def scaled__nearly_negative(x, factor):
    return {"value": -x * factor, "total": -(x * factor).sum()} if len(x) != 3 else {}
""",
        "utf-8",
    )
    tests = course_folder / "hidden_tests/tiny/test_q1.py"
    tests.write_text(tests.read_text("utf-8").replace("for n in 2, 5:", "for n in 2, 5, 6, 7, 3:"))
    found = diagnose(load_assignment(load_course(course_folder), "tiny"))
    (sign,) = of(found, kind="distortion", function="scaled", family="sign")
    assert sign.outcome == "wrong"
    assert "nearly the sign" in sign.message


def test_the_table(found, capsys):
    echo_diagnosed("tiny", found)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["cause", *OUTCOMES, "named"]
    assert lines[1].split()[:2] == ["misconception", "2"]
    assert lines[-1] == f"tiny: 0 of {len(found)} causes named wrongly"


def test_no_share_of_nothing():
    assert share_right([]) is None


@pytest.mark.slow
def test_the_command(course_folder):
    run = CliRunner()
    solution = course_folder / "reference/tiny/solution.py"
    english = '\n# %% [markdown] lang="en" written="w1"\n# *Answer here.*\n'
    solution.write_text(solution.read_text("utf-8") + english, "utf-8")
    given = ["--course", str(course_folder), "verify", "--diagnosis", "--seeds", "1", "-j", "1"]
    done = run.invoke(main, [*given, "--sandbox", "plain", "--json"])
    assert done.stdout, done.stderr
    (report,) = json.loads(done.stdout)
    assert {n["kind"] for n in report["diagnosed"]} == {"misconception", "withheld", "distortion"}
    assert Decimal(len(report["diagnosed"])) > 30
