"""Gradebooks of other versions, bad disks, and two processes at once: one line, nothing lost."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.errors import GradebookError
from grader.gradebook import Gradebook, schema
from grader.records import Student

resource = pytest.importorskip("resource", reason="POSIX limits stand in for a full disk")
DATA = Path(__file__).parent / "data"
V1 = (DATA / "gradebook_v1.sql").read_text("utf-8")
V2 = (DATA / "gradebook_v2.sql").read_text("utf-8")


@pytest.fixture
def old(tmp_path):
    """A gradebook of the first version."""
    return written(tmp_path / "course" / "gradebook.db", V1)


def written(path, script):
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript(script)
    return path


def asked(path, query):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(query).fetchall()


def backups(path):
    return sorted(path.parent.glob("gradebook.version-1.*.db"))


def test_an_old_gradebook_opens_with_everything_in_it(old):
    with Gradebook(old) as book:
        assert book.students() == (Student("s1", "张三", "z@x.cn", "A", "zhang"), Student("s2"))
        assert book.current_results("gd")[0].outcome.earned == Decimal("3.50")
        assert book.result("s1", "gd").key == "k"
        assert book.marks("gd")[0].comment == "好"
        assert str(book.project()["s2"].score) == "0.10"
        assert (book.upgrade.before, book.upgrade.after) == (1, schema.VERSION)
        (line,) = book.audit()
        assert (line.who, line.action, line.what) == (
            "grader",
            "upgrade",
            "tables of version 1 → 3",
        )
    assert asked(old, "SELECT version_num FROM alembic_version") == [(f"{schema.VERSION:04}",)]
    with Gradebook(old) as book:
        assert book.upgrade is None


def test_the_backup_is_the_gradebook_as_it_was(old):
    with Gradebook(old) as book:
        backup = book.upgrade.backup
    assert backups(old) == [backup]
    assert asked(backup, "SELECT value FROM meta") == [("1",)]
    assert asked(backup, "SELECT points FROM marks") == [("4.5",)]
    assert "active" not in str(asked(backup, "SELECT sql FROM sqlite_master"))


def test_a_command_says_that_it_has_upgraded(old):
    (old.parent / "course.toml").write_text('[course]\ntitle = "x"\n')
    words = ["-C", str(old.parent), "status"]
    said = CliRunner().invoke(main, words)
    (backup,) = backups(old)
    assert said.exit_code == 0
    assert said.stderr == (
        f"{old} is upgraded from version 1 to 3; as it was, it lies in {backup}\n"
    )
    assert CliRunner().invoke(main, words).stderr == ""


def described(path):
    """Columns, indexes and triggers by table, whatever order they were made in."""
    tables = [n for (n,) in asked(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {
        (table, column[1], column[2], column[3], column[5])
        for table in tables
        for column in asked(path, f"PRAGMA table_info({table})")
    }
    others = asked(path, "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table'")
    return columns, {row for row in others if row[2]}


@pytest.mark.parametrize("script", [V1, V2], ids=["version 1", "version 2"])
def test_an_upgraded_gradebook_is_like_a_new_one(script, tmp_path):
    old = written(tmp_path / "old.db", script)
    with Gradebook(old), Gradebook(tmp_path / "new.db"):
        pass
    assert described(old) == described(tmp_path / "new.db")


def test_an_older_mark_is_kept_and_its_log_is_whole(tmp_path):
    with Gradebook(written(tmp_path / "old.db", V2)) as book:
        (mark,) = book.marks("gd")
        assert (mark.points, mark.attempt) == (Decimal("4.5"), None)
        assert book.audit_broken_at() is None
        assert [e.action for e in book.audit()] == ["roster", "roster", "mark", "upgrade"]


def test_a_gradebook_from_the_future_is_not_touched(tmp_path):
    path = tmp_path / "gradebook.db"
    with Gradebook(path):
        pass
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    before = path.read_bytes()
    with pytest.raises(GradebookError) as caught, Gradebook(path):
        pass
    assert str(caught.value) == (
        f"{path} was written by a newer grader (version 99, this one reads {schema.VERSION}). "
        "Upgrade with `pip install -U dl-grader`; nothing was changed"
    )
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["gradebook.db"]


def test_a_database_of_somebody_else_is_not_touched(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(GradebookError, match="not a gradebook"), Gradebook(path):
        pass
    assert path.read_bytes() == before


OPEN = """
import sys
from grader.gradebook import Gradebook
from grader.errors import GradebookError
try:
    with Gradebook(sys.argv[1]) as book:
        exec(sys.argv[2])
except GradebookError as error:
    sys.exit(str(error))
"""


def opening(path, deed="pass", **more):
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, path, deed],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_two_processes_upgrade_once(old):
    deed = "print(book.upgrade is not None, len(book.marks()))"
    processes = [opening(old, deed) for _ in range(2)]
    said = [p.communicate() for p in processes]
    assert sorted(out for out, _ in said) == ["False 1\n", "True 1\n"], said
    assert len(backups(old)) == 1
    assert len(asked(old, "SELECT * FROM audit")) == 1


def little_room(size):
    """Files of this process grow to `size` bytes and no further, as on a disk that is full."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_no_room_for_the_backup_changes_nothing(old):
    with closing(sqlite3.connect(old)) as raw, raw:
        raw.execute("INSERT INTO students VALUES ('s3', ?, '', '', '')", ["x" * 100_000])
    process = opening(old, preexec_fn=little_room(60_000))
    _, error = process.communicate()
    assert process.returncode == 1
    assert "needs an upgrade, and no backup can be written beside it" in error
    assert error.count("\n") == 1
    assert asked(old, "SELECT value FROM meta") == [("1",)]
    assert {p.name for p in old.parent.iterdir()} <= {
        f"gradebook.db{x}" for x in ("", "-wal", "-shm")
    }


def test_a_full_disk_keeps_what_was_there(tmp_path):
    path = tmp_path / "gradebook.db"
    with Gradebook(path) as book:
        book.put_students([Student("s1", "first")])
    deed = "book.put_students([Student(f't{n}', 'x' * 1000) for n in range(1000)])"
    room = path.stat().st_size + 100_000
    process = opening(
        path, f"from grader.records import Student\n{deed}", preexec_fn=little_room(room)
    )
    _, error = process.communicate()
    assert process.returncode == 1
    assert error.count("\n") == 1
    assert "nothing recorded so far is lost" in error
    with Gradebook(path) as book:
        assert book.students() == (Student("s1", "first"),)


READER = """
import os, sys
from grader.gradebook import Gradebook
from grader.records import Student
from grader.errors import GradebookError
with Gradebook(sys.argv[2]) as book:
    book.put_students([Student("s1")])  # what is imported late must be imported by root
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with Gradebook(sys.argv[1]) as book:
    print([s.name for s in book.students()])
    try:
        book.set_active(["s1"], False)
    except GradebookError as error:
        print(error)
"""


def test_a_read_only_gradebook_is_read(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    path = folder / "gradebook.db"
    with Gradebook(path) as book:
        book.put_students([Student("s1", "first")])
    path.chmod(0o444)
    folder.chmod(0o555)
    for above in folder.parents[:4]:  # with pytest-xdist there is one folder more
        above.chmod(above.stat().st_mode | 0o055)
    reader = [sys.executable, "-c", READER, path, tmp_path / "other.db"]
    said = subprocess.run(reader, capture_output=True, text=True, check=False)
    folder.chmod(0o755)
    assert said.stdout.splitlines() == [
        "['first']",
        f"{path} cannot be written (attempt to write a readonly database). "
        "Make the file and its folder writable",
    ], said.stderr
    assert [p.name for p in folder.iterdir()] == ["gradebook.db"]
