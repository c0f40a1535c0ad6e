"""The demonstration: every kind of submission comes to what its story says."""

from collections import Counter

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_assignment, load_course
from grader.demo import CELL_TIME, play, set_stage, strongest
from grader.errors import SubmissionFault
from grader.init import SAMPLE, checkout, make_course
from grader.notebook import read
from grader.personas import SHOWN, hand_in, personas
from grader.result import Verdict


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    course = load_course(make_course(tmp_path_factory.mktemp("demo") / "c", SAMPLE).folder)
    return load_assignment(course, "moments")


def test_the_class_is_mixed(sample):
    cast = personas(sample)
    assert len({p.number for p in cast}) == len(cast) == 10
    assert Counter(p.kind for p in cast) == {"solved": 8, "untouched": 1, "broken": 1}
    assert sum(p.language == "en" for p in cast) == 1


def test_the_broken_file_is_broken_and_the_others_are_not(sample, tmp_path):
    for persona in personas(sample):
        path = hand_in(tmp_path, sample, persona)
        if persona.kind == "broken":
            with pytest.raises(SubmissionFault):
                read(path)
        else:
            assert read(path).cells


@pytest.mark.skipif(checkout() is None, reason="not run from a checkout")
def test_gd_shows_its_own_misconceptions():
    course = load_course(checkout())
    stories = [p.story for p in personas(load_assignment(course, "gd"))]
    assert [", ".join(s) for s in SHOWN] == stories[2:6]


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    result = CliRunner().invoke(main, ["demo", str(tmp_path), "--sandbox", "plain"])
    assert result.exit_code == 2
    assert "is not empty" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


@pytest.mark.slow
def test_the_whole_cycle(tmp_path):
    stage = set_stage(tmp_path / "demo", SAMPLE)
    assert stage.assignment.limits.cell_time == CELL_TIME
    sandbox, _isolation, _weaker = strongest("auto")
    seen = []
    played = play(stage, sandbox, 2, seen.append)
    assert len(seen) == len(stage.cast)
    came_to = {persona.story: line for persona, line in played.results}
    assert not any(line.needs_human for line in came_to.values())
    for story in "our own solution", "right, in another style":
        assert came_to[story].verdict is Verdict.ACCEPTED
        assert came_to[story].earned == 10
    for name in "bessel", "standard_deviation", "not_centred":
        assert came_to[f"moments.{name}"].misconceptions == (f"moments.{name}",)
    for story in "a cell that raises", "a cell that never ends", "a missing function":
        assert came_to[story].earned == 0
    assert came_to["a broken file"].verdict is Verdict.RUN_TIME_ERROR
    assert all(path.is_file() for path in (*played.feedback.summaries, played.grades))
    assert played.feedback.students == len(stage.cast)
