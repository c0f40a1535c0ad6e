"""`grader publish`: results go back to the students' repositories, once, through `gh`."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.grade import grade
from grader.gradebook import Gradebook
from grader.publish import run_gh
from grader.records import Student
from grader.sandbox.fake import FakeSandbox
from grader.submission import GradingJob, Submission
from tests.tiny import RIGHT, notebook

GH = """
import json, sys
from pathlib import Path
here = Path(__file__).parent
calls = here / "calls"
arguments = sys.argv[1:]
with calls.open("a") as file:
    file.write(json.dumps(arguments) + "\\n")
busy = here / "busy"
if busy.exists():
    left = int(busy.read_text())
    if left > 0:
        busy.write_text(str(left - 1))
        sys.exit("gh: You have exceeded a secondary rate limit (HTTP 403)")
if "repos/bad/" in " ".join(arguments):
    sys.exit("gh: Not Found (HTTP 404)")
store = here / "comments.json"
comments = json.loads(store.read_text()) if store.exists() else []
fields = dict(a.split("=", 1) for a in arguments if "=" in a and not a.startswith("repos/"))
path = next(a for a in arguments if a.startswith(("repos/", "user")))
method = arguments[arguments.index("--method") + 1] if "--method" in arguments else "GET"
if path == "user":
    print(json.dumps({"login": "teacher"}))
elif method == "GET":
    print(json.dumps([c for c in comments if c["repository"] in path]))
elif method == "POST" and path.endswith("/comments"):
    owner = "/".join(path.split("/")[1:3])
    body = fields["body"]
    comments.append({"id": len(comments) + 1, "repository": owner, "body": body,
                     "user": {"login": "teacher"}})
elif method == "PATCH":
    comments[int(path.rsplit("/", 1)[1]) - 1]["body"] = fields["body"]
store.write_text(json.dumps(comments))
"""


class Classroom:
    def __init__(self, course, tools, clones):
        self.course, self.tools, self.clones = course, tools, clones

    def clone(self, name, *cells, owner="course"):
        top = self.clones / name
        top.mkdir(parents=True)
        (top / "tiny.ipynb").write_bytes(notebook(*cells))
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(top)]
        for command in (
            ["init", "-q"],
            ["add", "."],
            ["commit", "-qm", "work"],
            ["remote", "add", "origin", f"git@github.example:{owner}/{name}.git"],
        ):
            subprocess.run([*git, *command], check=True, env=os.environ | {"HOME": str(top)})
        return top

    def publish(self, *options):
        command = ["-C", str(self.course), "publish", "tiny", str(self.clones), *options]
        command += ["--json", "--pause", "0"]
        done = CliRunner().invoke(main, command)
        self.code = done.exit_code
        return {line["student"]: line["outcome"] for line in json.loads(done.stdout)}

    @property
    def calls(self):
        path = self.tools / "calls"
        return [json.loads(c) for c in path.read_text().splitlines()] if path.exists() else []

    @property
    def writes(self):
        return [c for c in self.calls if "--method" in c]

    @property
    def comments(self):
        return json.loads((self.tools / "comments.json").read_text())


@pytest.fixture
def classroom(course_folder, tmp_path, monkeypatch, grade_tiny):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text(f"#!{sys.executable}{GH}")
    (tools / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    made = Classroom(course_folder, tools, tmp_path / "clones")
    made.clone("tiny-ada", RIGHT)
    result = grade_tiny(RIGHT)
    submitted = course_folder / "submissions" / "tiny" / "2026001" / "tiny.ipynb"
    submitted.write_bytes((made.clones / "tiny-ada" / "tiny.ipynb").read_bytes())
    with Gradebook(course_folder / "gradebook.db") as book:
        book.put_students([Student("2026001", "Ada", github="Ada"), Student("2026002", "Bo")])
        book.add_result(result)
    return made


def test_a_dry_run_writes_nothing(classroom):
    assert classroom.publish("--dry-run") == {"2026001": "would be written"}
    assert classroom.writes == []


def test_a_result_becomes_a_status_and_one_comment(classroom):
    assert classroom.publish() == {"2026001": "written"}
    status, comment = classroom.writes
    commit = subprocess.run(
        ["git", "-C", str(classroom.clones / "tiny-ada"), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"repos/course/tiny-ada/statuses/{commit}" in status
    assert "state=success" in status
    assert "context=dl-grader/tiny" in status
    assert "description=tiny: 18 / 18" in status
    assert f"repos/course/tiny-ada/commits/{commit}/comments" in comment
    assert "18" in classroom.comments[0]["body"]


def test_publishing_again_sends_nothing_and_a_new_result_changes_the_comment(classroom):
    classroom.publish()
    sent = len(classroom.writes)
    assert classroom.publish() == {"2026001": "unchanged"}
    assert len(classroom.writes) == sent
    with Gradebook(classroom.course / "gradebook.db") as book:
        old = book.result("2026001", "tiny")
        assert old is not None
        lost = [replace(c, earned=c.earned * 0) for c in old.checks]
        book.add_result(replace(old, checks=tuple(lost)))
    assert classroom.publish("--language", "en") == {"2026001": "written"}
    assert "PATCH" in classroom.writes[-1]
    assert len(classroom.comments) == 1
    assert "state=failure" in classroom.writes[-2]


def test_the_feedback_pull_request_gets_the_comment(classroom):
    assert classroom.publish("--pull-request", "1") == {"2026001": "written"}
    assert "repos/course/tiny-ada/issues/1/comments" in classroom.writes[-1]
    assert classroom.publish("--pull-request", "1") == {"2026001": "unchanged"}
    classroom.publish("--pull-request", "1", "--language", "en")
    assert "repos/course/tiny-ada/issues/comments/1" in classroom.writes[-1]


def test_a_mark_that_a_student_wrote_is_not_ours(classroom):
    forged = {"id": 1, "repository": "course/tiny-ada", "body": "<!-- dl-grader tiny -->\n18/18"}
    store = classroom.tools / "comments.json"
    store.write_text(json.dumps([forged | {"user": {"login": "ada"}}]))
    assert classroom.publish() == {"2026001": "written"}
    assert [c["user"]["login"] for c in classroom.comments] == ["ada", "teacher"]


def test_what_was_pushed_after_grading_waits(classroom):
    notebook_file = classroom.clones / "tiny-ada" / "tiny.ipynb"
    notebook_file.write_bytes(notebook(RIGHT, "more = 1"))
    assert classroom.publish() == {"2026001": "changed since it was graded"}
    assert classroom.writes == []


def test_of_several_attempts_the_one_that_counts_is_published(classroom):
    path = classroom.course / "course.toml"
    path.write_text(path.read_text() + '[homework]\nattempts = "best"\n')
    second = classroom.course / "submissions" / "tiny" / "2026001" / "2" / "tiny.ipynb"
    second.parent.mkdir()
    second.write_bytes(notebook("worse = 1"))
    pushed = classroom.clones / "tiny-ada" / "tiny.ipynb"
    pushed.write_bytes(second.read_bytes())
    assert classroom.publish() == {"2026001": "changed since it was graded"}
    with Gradebook(classroom.course / "gradebook.db") as book:
        first = book.result("2026001", "tiny")
        assert first is not None
        lost = tuple(replace(c, earned=c.earned * 0) for c in first.checks)
        book.add_result(replace(first, attempt=2, checks=lost))
    assert classroom.publish() == {"2026001": "written"}
    assert "description=tiny: 18 / 18" in classroom.writes[0]
    path.write_text(path.read_text().replace("best", "last"))
    assert classroom.publish() == {"2026001": "written"}
    assert "state=failure" in classroom.writes[2]


def test_who_was_not_graded_and_who_is_unknown(classroom, tmp_path):
    classroom.clone("tiny-bo-github", RIGHT)
    classroom.clone("tiny-stranger", RIGHT)
    roster = tmp_path / "classroom_roster.csv"
    roster.write_text("identifier,github_username,name\n2026002,bo-github,Bo\n2026003,,Cy\n")
    told = classroom.publish("--roster", str(roster))
    assert told == {"2026001": "written", "2026002": "not graded"}


def test_editing_tests_or_the_workflow_changes_nothing(classroom, grade_tiny):
    """What the instructor's run takes from a repository is its notebook."""
    wrong = RIGHT.replace("* 0.5", "")
    before = grade_tiny(wrong)
    top = classroom.clone("tiny-2026002", wrong)
    for name in "public_tests/test_public.py", "assignment.toml", ".github/workflows/c.yml":
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("raise SystemExit(0)")
    home = classroom.course / "submissions" / "tiny" / "2026002"
    home.mkdir()
    (home / "tiny.ipynb").write_bytes((top / "tiny.ipynb").read_bytes())
    submission = Submission("tiny", "2026002", home / "tiny.ipynb")
    after = grade(
        GradingJob(classroom.course, submission, "fake", secret=b"s" * 32), FakeSandbox()
    )
    assert 0 < after.earned == before.earned < before.points
    with Gradebook(classroom.course / "gradebook.db") as book:
        book.add_result(after)
    assert classroom.publish("2026002") == {"2026002": "written"}
    assert "state=failure" in classroom.writes[0]


def test_a_repository_that_fails_does_not_stop_the_others(classroom):
    clone = classroom.clones / "tiny-ada"
    clone.rename(clone.with_name("tiny-2026001"))
    url = "git@github.example:bad/x"
    remote = ["remote", "set-url", "origin", url]
    subprocess.run(["git", "-C", str(clone.with_name("tiny-2026001")), *remote], check=True)
    (told,) = classroom.publish().values()
    assert "gh failed: gh: Not Found" in told
    assert classroom.code == 1


def test_a_busy_github_is_asked_again(classroom):
    (classroom.tools / "busy").write_text("2")
    assert json.loads(run_gh(["api", "user"], pause=0.01)) == {"login": "teacher"}
    assert len(classroom.calls) == 3


def test_nothing_hidden_is_in_a_comment(classroom):
    classroom.publish()
    text = classroom.comments[0]["body"]
    assert "evidence" not in text
    assert Path(classroom.course).as_posix() not in text
