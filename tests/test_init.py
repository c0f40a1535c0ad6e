"""A new course is complete, reads well, and overwrites nothing."""

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_assignment, load_course
from grader.course import Course
from grader.errors import UsageError
from grader.init import SAMPLE, SAMPLE_ID, checkout, make_course
from grader.release import build, leaks
from tests.tiny import write_course


def test_the_sample_is_a_sound_course(tmp_path):
    made = make_course(tmp_path / "new" / "course", SAMPLE)
    course = load_course(made.folder)
    assignment = load_assignment(course, SAMPLE_ID)
    assert made.assignments == (SAMPLE_ID,)
    assert [a.id for a in course.assignments] == [SAMPLE_ID]
    assert not leaks(assignment)
    assert any(assignment.hidden_tests.glob("test_*.py"))
    assert (course.submissions / SAMPLE_ID).is_dir()
    for language in course.languages:
        code = "".join(c.source for c in build(assignment, language).cells)
        assert "raise NotImplementedError" in code
        assert "BEGIN SOLUTION" not in code


def test_what_is_written_is_what_holds_without_it(tmp_path):
    course = load_course(make_course(tmp_path / "course", SAMPLE).folder)
    plain = Course(course.root, course.title)
    assert (course.weights, course.late, course.limits) == (
        plain.weights,
        plain.late,
        plain.limits,
    )


def test_a_course_can_be_copied(tmp_path):
    source = write_course(tmp_path / "source")
    (source / "reference" / "tiny" / "__pycache__").mkdir()
    (source / "assignments" / "draft").mkdir()
    (source / "assignments" / "draft" / "assignment.toml").write_text("")
    made = make_course(tmp_path / "copy", source)
    assert made.assignments == ("tiny",)
    for tree in "assignments", "reference", "hidden_tests":
        assert (made.folder / tree / "tiny").is_dir()
    assert not (made.folder / "reference" / "tiny" / "__pycache__").exists()
    assert not (made.folder / "submissions" / "draft").exists()


def test_grades_and_secrets_stay_out_of_git(tmp_path):
    ignored = (make_course(tmp_path / "c", SAMPLE).folder / ".gitignore").read_text().split("\n")
    assert {".grader/", "gradebook.db*", "submissions/", "feedback/"} <= set(ignored)


def test_nothing_is_overwritten(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "precious.txt").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        make_course(folder, SAMPLE)
    assert [p.name for p in folder.iterdir()] == ["precious.txt"]
    with pytest.raises(UsageError, match="is a file"):
        make_course(folder / "precious.txt", SAMPLE)


def test_an_empty_folder_will_do(tmp_path):
    assert make_course(tmp_path, SAMPLE).folder == tmp_path


def test_a_source_without_assignments(tmp_path):
    with pytest.raises(UsageError, match="holds no assignment with hidden tests"):
        make_course(tmp_path / "new", tmp_path)
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(checkout() is None, reason="not run from a checkout")
def test_the_command_takes_the_checkout(tmp_path):
    result = CliRunner().invoke(main, ["init", str(tmp_path / "course")])
    assert result.exit_code == 0
    assert result.stdout.startswith("a course with gd")
    assert f"next: cd {tmp_path / 'course'} && grader release" in result.stdout
    assert (tmp_path / "course" / "reference" / "gd" / "solution.py").is_file()


def test_the_command_refuses(tmp_path):
    (tmp_path / "x").write_text("")
    result = CliRunner().invoke(main, ["init", str(tmp_path), "--sample"])
    assert (result.exit_code, result.stderr) == (
        2,
        f"grader: {tmp_path} is not empty. Name a folder that does not exist yet\n",
    )
