"""The command line as a whole: an error is one line with a remedy, exit codes mean something."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader.cli import Grader, main
from grader.errors import SandboxError
from grader.gradebook import Gradebook
from grader.init import SAMPLE, make_course
from grader.records import Student
from grader.version import VERSION


def run(*arguments: str | Path, **options) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], **options)


def test_help_names_every_command():
    result = run("--help")
    assert result.exit_code == 0
    listed = result.stdout.split("Commands:")[1]
    assert all(f"\n  {name} " in listed for name in main.commands)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_help_teaches_by_example(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"    grader {name}" in result.stdout


def test_version():
    assert run("--version").stdout == f"grader, version {VERSION}\n"


def test_the_command_and_the_module_are_the_same():
    asked = [sys.executable, "-m", "grader", "--version"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout == f"grader, version {VERSION}\n"


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        ((), {"torch", "numpy", "sqlalchemy", "rich.console", "jinja2", "nbformat"}),
        (("status",), {"torch", "numpy", "jinja2", "nbformat", "alembic"}),
        (("show", "s1"), {"torch", "numpy", "jinja2", "nbformat", "alembic"}),
        (("grade", "tiny", "nobody"), {"torch", "numpy", "jinja2"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_command_does_not_need_is_not_waited_for(course_folder, words, heavy):
    with Gradebook(course_folder / "gradebook.db") as book:
        book.put_students([Student("s1")])
    script = (
        "import sys\nfrom grader.cli import main\n"
        f"words = {words!r}\n"
        "try:\n"
        f"    main(['-C', {str(course_folder)!r}, *words] if words else ['--help'])\n"
        "finally:\n"
        f"    print('waited for', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "waited for []", done.stderr


def test_an_unknown_command_is_a_usage_error():
    result = run("frobnicate")
    assert result.exit_code == 2
    assert "No such command 'frobnicate'" in result.stderr


def test_outside_of_a_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("status")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"grader: {tmp_path} holds no course.toml. Run this inside a course folder, "
        "name one with --course, or make one with `grader init DIR`\n"
    )


def test_the_course_is_found_upwards(course_folder, monkeypatch):
    inside = course_folder / "assignments" / "tiny"
    monkeypatch.chdir(inside)
    assert run("status").exit_code == 0


def test_a_wrong_key_names_file_key_and_remedy(course_folder):
    (course_folder / "course.toml").write_text('[course]\ntitel = "x"\n')
    result = run("--course", course_folder, "status")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"grader: {course_folder / 'course.toml'}: ")
    assert "title" in result.stderr
    assert result.stderr.count("\n") == 1


def test_weights_that_do_not_add_up(course_folder):
    text = '[course]\ntitle = "x"\n[weights]\nproject = 60\n'
    (course_folder / "course.toml").write_text(text)
    result = run("--course", course_folder, "status")
    assert result.exit_code == 2
    assert "110" in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_not_toml(course_folder):
    (course_folder / "course.toml").write_text("[course\n")
    result = run("--course", course_folder, "status")
    assert result.exit_code == 2
    assert "is not TOML" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["grade", "release", "verify", "feedback"])
def test_an_unknown_assignment(course_folder, command):
    result = run("--course", course_folder, command, "tinny")
    assert result.exit_code == 2
    assert result.stderr == (
        f"grader: there is no assignment 'tinny' in {course_folder / 'assignments'}. "
        "Did you mean 'tiny'? Known: tiny\n"
    )


def test_nothing_handed_in(course_folder):
    result = run("--course", course_folder, "grade", "tiny", "--sandbox", "plain")
    assert result.exit_code == 2
    assert "nothing has been handed in under" in result.stderr
    assert result.stderr.count("\n") == 1


def test_no_gradebook_yet(course_folder):
    result = run("--course", course_folder, "export", "--to", "csv")
    assert result.exit_code == 1
    assert result.stderr == (
        f"grader: there is no gradebook {course_folder.resolve() / 'gradebook.db'}. "
        "Grade something first: `grader grade ASSIGNMENT`\n"
    )


def test_the_traceback_can_be_had(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run("--traceback", "status")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("Traceback (most recent call last):")
    assert "grader: " in shown.stderr
    assert "Traceback" not in run("status").stderr


def raising(error: BaseException) -> Grader:
    group = Grader("grader")

    @group.command()
    def fail() -> None:
        raise error

    return group


def test_a_remedy_of_many_lines_becomes_one():
    group = raising(SandboxError("no sandbox", "first\nthen\n  last"))
    result = CliRunner().invoke(group, ["fail"])
    assert (result.exit_code, result.stderr) == (1, "grader: no sandbox. first then last\n")


def test_ctrl_c_is_130():
    result = CliRunner().invoke(raising(KeyboardInterrupt()), ["fail"])
    assert (result.exit_code, result.stderr) == (130, "grader: interrupted\n")


def test_a_missing_extra_says_what_to_install():
    group = raising(ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy"))
    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == 1
    assert result.stderr == (
        "grader: No module named 'sqlalchemy'. Install it with `pip install 'dl-grader[course]'`\n"
    )


def test_a_bug_of_ours_is_not_dressed_up():
    result = CliRunner().invoke(raising(ZeroDivisionError()), ["fail"])
    assert isinstance(result.exception, ZeroDivisionError)


def without_privileges() -> None:
    """Root may write everywhere; without two of its capabilities it may not."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in 1, 2:  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="drops capabilities")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["init", "{folder}/new"], "{folder}/new"),
        (["--course", "{folder}", "status"], "{folder}"),
        (["--course", "{folder}", "release"], "{folder}/assignments/moments/moments.ipynb"),
        (["--course", "{folder}", "grade", "moments", "--sandbox", "plain"], "{folder}"),
    ],
)
def test_a_folder_without_write_permission(tmp_path, arguments, named):
    folder = make_course(tmp_path / "course", SAMPLE).folder
    closed = [folder, folder / "assignments" / "moments"]
    for path in closed:
        path.chmod(0o555)
    command = [sys.executable, "-m", "grader", *(a.format(folder=folder) for a in arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=without_privileges
    )
    for path in closed:
        path.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("grader: ")
    assert named.format(folder=folder) in done.stderr
    assert done.stderr.count("\n") == 1
