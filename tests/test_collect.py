"""Taking in submissions: five ways in which they lie, who it is, when, and what is wrong."""

import json
import os
import subprocess
import unicodedata
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_course
from grader.gradebook import Gradebook
from grader.handin import find_submissions
from tests.tiny import COURSE, notebook, write_course

CHINA = timezone(timedelta(hours=8))
ROSTER = """学号,姓名,邮箱,GitHub
2026001,张三,zhang@x.cn,zhangsan
2026002,Li Si,li@x.cn,li-si
2026003,Wang Wu,wang@x.cn,wuwang
2026004,Zhao Liu,zhao@x.cn,
"""


@pytest.fixture
def course(tmp_path):
    root = write_course(tmp_path / "course")
    (root / "course.toml").write_text(COURSE + "due = 2026-10-09T23:59:00+08:00\n", "utf-8")
    (root / "roster.csv").write_text(ROSTER, "utf-8")
    grader(root, "record", "roster", root / "roster.csv")
    return root


def grader(root, *words, code=0):
    done = CliRunner().invoke(main, ["-C", str(root), *map(str, words)])
    assert done.exit_code == code, done.output + done.stderr
    return done.stderr if code else done.stdout


def collect(root, path, *words):
    return json.loads(grader(root, "collect", "tiny", path, "--json", *words))


@cache
def nb(text="1"):
    return notebook(f"x = {text!r}")


def zipped(path, members, stamp=(2026, 10, 9, 20, 0, 0)):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, (name, data) in enumerate(members.items()):
            info = zipfile.ZipInfo(name, (*stamp[:3], stamp[3], i % 60, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def students(found):
    return [(t["student"], t["attempt"]) for t in found["new"]]


def files(root):
    return sorted(
        str(p.relative_to(root / "submissions")) for p in root.glob("submissions/**/*.*")
    )


# -- layouts -----------------------------------------------------------------------------------


def test_a_folder_per_student(course, tmp_path):
    for name in ("2026001", "2026002 Li Si", "Wang Wu"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "homework.ipynb").write_bytes(nb(name))
    found = collect(course, tmp_path / "in")
    assert found["source"] == "folder: in"
    assert students(found) == [("2026001", 1), ("2026002", 1), ("2026003", 1)]
    assert found["missing"] == ["2026004"]
    assert files(course) == [f"tiny/202600{n}/1/tiny.ipynb" for n in (1, 2, 3)]


def test_attempts_in_numbered_folders(course, tmp_path):
    for n in (2, 10):
        place = tmp_path / "in" / "2026001" / str(n)
        place.mkdir(parents=True)
        (place / "a.ipynb").write_bytes(nb(str(n)))
        os.utime(place / "a.ipynb", (1_790_000_000 + n, 1_790_000_000 + n))
    found = collect(course, tmp_path / "in", "--from", "folder")
    assert students(found) == [("2026001", 1), ("2026001", 2)]
    assert found["twice"] == {"2026001": 2}


def test_a_canvas_zip_with_late_work_and_a_gradebook(course, tmp_path):
    path = zipped(
        tmp_path / "submissions.zip",
        {
            "zhangsan_11_901_tiny-2.ipynb": nb("a"),
            "lisi_LATE_12_902_tiny.ipynb": nb("b"),
            "sili_13_903_tiny.ipynb": nb("c"),
        },
    )
    table = tmp_path / "canvas.csv"
    table.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n"
        "Points Possible,,,,\n"
        '"San, Zhang",11,2026001,zhang,1\n"Li, Si",12,2026002,li,1\n"Wu, Wang",13,2026003,w,1\n',
        "utf-8-sig",
    )
    found = collect(course, path, "--roster", table)
    assert found["source"] == "canvas: submissions.zip"
    assert students(found) == [("2026001", 1), ("2026002", 1), ("2026003", 1)]
    assert found["new"][0]["file"] == "tiny.ipynb"
    # The dates are those of the download; Canvas only says that one was late.
    when = [t["submitted_at"] for t in found["new"]]
    assert when == [None, "2026-10-09T23:59:01+08:00", None]
    assert "late" in found["new"][1]["note"]


def test_canvas_names_lead_to_students_unless_two_have_them(course, tmp_path):
    with Gradebook(load_course(course).gradebook) as book:
        from grader.records import Student

        book.put_students([Student("2026009", "Wu Wang")])
    path = zipped(
        tmp_path / "s.zip",
        {"lisi_12_902_tiny.ipynb": nb("b"), "wuwang_LATE_13_903_tiny.ipynb": nb("c")},
    )
    found = collect(course, path)
    assert students(found) == [("2026002", 1)]
    assert [s["file"] for s in found["strangers"]] == ["wuwang_LATE_13_903_tiny.ipynb"]


def test_a_moodle_zip_with_its_worksheet(course, tmp_path):
    path = zipped(
        tmp_path / "m.zip",
        {
            "张三_501_assignsubmission_file_/tiny.ipynb": nb("a"),
            "X Y_502_assignsubmission_file_/tiny.ipynb": nb("b"),
            "X Y_502_assignsubmission_file_/notes.pdf": b"%PDF",
        },
    )
    sheet = tmp_path / "w.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Status,Last modified (submission)\n"
        'Participant 501,张三,zhang@x.cn,ok,"Friday, 9 October 2026, 11:58 PM"\n'
        'Participant 502,X Y,li@x.cn,ok,"Saturday, 10 October 2026, 1:00 AM"\n',
        "utf-8",
    )
    found = collect(course, path, "--roster", sheet, "--times", sheet)
    assert found["source"] == "moodle: m.zip"
    assert students(found) == [("2026001", 1), ("2026002", 1)]
    assert found["new"][1]["submitted_at"] == "2026-10-10T01:00:00+08:00"


def test_clones_of_a_github_classroom(course, tmp_path):
    place = tmp_path / "tiny-submissions"
    released = nb("as handed out")
    (course / "assignments/tiny/tiny.ipynb").write_bytes(released)
    env = os.environ | {"GIT_AUTHOR_DATE": "2026-10-08T10:00:00+0800"}
    env |= {"GIT_COMMITTER_DATE": "2026-10-08T11:00:00+0800", "GIT_CONFIG_GLOBAL": os.devnull}
    for account in ("zhangsan", "LI-si", "unknown"):
        clone = place / f"tiny-{account}"
        clone.mkdir(parents=True)
        (clone / "tiny.ipynb").write_bytes(released)
        (clone / "tiny.en.ipynb").write_bytes(nb(account))
        (clone / "README.md").write_text("#")
        who = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "done"]):
            subprocess.run(["git", *who, *command], cwd=clone, env=env, check=True)
    config = place / "tiny-zhangsan/.git/config"
    config.write_text(
        f"{config.read_text()}[core]\n\tfsmonitor = touch {tmp_path}/pwned\n"
        f"[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {tmp_path}/pwned\n"
    )
    found = collect(course, place)
    assert found["source"] == "classroom: tiny-submissions"
    assert students(found) == [("2026001", 1), ("2026002", 1)]
    assert found["new"][0]["submitted_at"] == "2026-10-08T11:00:00+08:00"
    assert found["new"][0]["file"] == "tiny.en.ipynb"
    assert [s["file"].split("/")[0] for s in found["strangers"]] == ["tiny-unknown"] * 2
    assert not (tmp_path / "pwned").exists()
    roster = place / "classroom_roster.csv"
    roster.write_text("identifier,github_username,github_id,name\n2026003,unknown,99,\n")
    again = collect(course, place)
    assert students(again) == [("2026003", 1)]
    assert len(again["unchanged"]) == 2


def test_a_flat_folder(course, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("2026001_tiny", "tiny-2026002-李四", "20260011", "2026003", "2026003 (1)"):
        (tmp_path / "in" / f"{name}.ipynb").write_bytes(nb(name))
    found = collect(course, tmp_path / "in")
    assert found["source"] == "flat: in"
    assert students(found) == [
        ("2026001", 1),
        ("2026002", 1),
        ("2026003", 1),
        ("2026003", 2),
    ]
    assert [s["file"] for s in found["strangers"]] == ["20260011.ipynb"]


def test_folders_around_all_of_it_do_not_matter(course, tmp_path):
    path = zipped(
        tmp_path / "s.zip", {"a/b/2026001/x.ipynb": nb("1"), "a/b/2026002/x.ipynb": nb("2")}
    )
    assert students(collect(course, path)) == [("2026001", 1), ("2026002", 1)]


def test_without_a_roster_whoever_hands_in_is_a_student(tmp_path):
    root = write_course(tmp_path / "course")
    (tmp_path / "in/77").mkdir(parents=True)
    (tmp_path / "in/CON").mkdir()
    for name in ("77", "CON"):
        (tmp_path / "in" / name / "a.ipynb").write_bytes(nb(name))
    found = collect(root, tmp_path / "in")
    assert students(found) == [("77", 1)]
    assert "CON" in found["strangers"][0]["file"]


# -- the same again, and what does not fit ------------------------------------------------------


def test_the_same_again_changes_nothing_and_a_new_version_is_an_attempt(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("1"), "2026002/x.ipynb": nb("2")})
    collect(course, path)
    before = files(course)
    with Gradebook(load_course(course).gradebook) as book:
        kept = book.submissions()
    again = collect(course, path)
    assert (again["new"], len(again["unchanged"]), files(course)) == ([], 2, before)
    with Gradebook(load_course(course).gradebook) as book:
        assert book.submissions() == kept
    newer = zipped(
        tmp_path / "t.zip", {"2026001/x.ipynb": nb("better"), "2026002/x.ipynb": nb("2")}
    )
    found = collect(course, newer)
    assert students(found) == [("2026001", 2)]
    assert found["twice"] == {"2026001": 2}


def test_an_old_version_handed_in_again_later_is_a_new_attempt(course, tmp_path):
    for hour, text, new in ((8, "a", 1), (9, "b", 1), (8, "a", 0), (10, "a", 1)):
        path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb(text)}, (2026, 10, 9, hour, 0, 0))
        assert len(collect(course, path, "--from", "folder")["new"]) == new


def test_a_dry_run_makes_nothing_in_a_new_course(tmp_path):
    root = write_course(tmp_path / "course")
    before = sorted(root.rglob("*"))
    path = zipped(tmp_path / "in.zip", {"2026001_tiny.ipynb": nb()})
    found = collect(root, path, "--dry-run", "--from", "flat")
    assert students(found) == [("2026001", 1)]
    assert sorted(root.rglob("*")) == before


def test_a_dry_run_changes_nothing(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("1"), "2026002/x.ipynb": nb("2")})
    found = collect(course, path, "--dry-run")
    assert students(found) == [("2026001", 1), ("2026002", 1)]
    assert not (course / "submissions").exists()
    assert not (course / ".grader").exists()
    with Gradebook(load_course(course).gradebook) as book:
        assert book.submissions() == ()


def test_what_was_put_there_by_hand_stays_the_first_attempt(course, tmp_path):
    place = course / "submissions/tiny/2026001"
    place.mkdir(parents=True)
    (place / "tiny.ipynb").write_bytes(nb("by hand"))
    found = collect(course, zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("2")}))
    assert students(found) == [("2026001", 2)]
    assert [s.attempt for s in find_submissions(load_course(course), "tiny")] == [1, 2]


def test_the_time_that_was_collected_is_the_one_that_counts(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("1")}, (2026, 10, 9, 21, 0, 0))
    collect(course, path, "--from", "folder")
    found = load_course(course)
    with Gradebook(found.gradebook) as book:
        (entry,) = book.submissions("tiny")
    assert entry.submitted_at == datetime(2026, 10, 9, 21, 0, tzinfo=CHINA)
    os.utime(course / "submissions/tiny/2026001/1/tiny.ipynb", (0, 0))
    (submission,) = find_submissions(found, "tiny", (), [entry])
    assert submission.submitted_at == entry.submitted_at


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 21), ("Asia/Shanghai", 13)])
def test_a_zip_tells_local_time(course, tmp_path, zone, hour):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("1")}, (2026, 10, 9, 21, 0, 0))
    found = collect(course, path, "--timezone", zone, "--from", "folder")
    when = datetime.fromisoformat(found["new"][0]["submitted_at"]).astimezone(UTC)
    assert (when.day, when.hour) == (9, hour)


def test_a_zip_with_exact_times(course, tmp_path):
    info = zipfile.ZipInfo("2026001/x.ipynb", (2020, 1, 1, 0, 0, 0))
    moment = datetime(2026, 10, 9, 12, 0, 1, tzinfo=UTC)
    info.extra = b"UT\x05\x00\x01" + int(moment.timestamp()).to_bytes(4, "little")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(info, nb())
    found = collect(course, tmp_path / "s.zip", "--from", "folder")
    assert datetime.fromisoformat(found["new"][0]["submitted_at"]) == moment


def test_the_same_code_under_two_names(course, tmp_path):
    (course / "assignments/tiny/tiny.ipynb").write_bytes(nb("as handed out"))
    copied = json.loads(nb("mine"))
    copied["metadata"]["changed"] = True
    path = zipped(
        tmp_path / "s.zip",
        {
            "2026001/x.ipynb": nb("mine"),
            "2026002/x.ipynb": json.dumps(copied),
            "2026003/x.ipynb": nb("as handed out"),
            "2026004/x.ipynb": nb("as handed out"),
        },
    )
    found = collect(course, path)
    assert found["alike"] == [["2026001", "2026002"]]
    assert found["new"][2]["note"] == "is the notebook as it was handed out"


def test_names_as_macos_writes_them_and_numbers_in_another_case(course, tmp_path):
    (course / "more.csv").write_text("student,name\nS2026a,Álvaro Núñez\nS2026b,x\n", "utf-8")
    grader(course, "record", "roster", course / "more.csv")
    apart = unicodedata.normalize("NFD", "Álvaro Núñez")
    path = zipped(tmp_path / "s.zip", {f"{apart}/x.ipynb": nb("1"), "s2026B x/x.ipynb": nb("2")})
    assert students(collect(course, path)) == [("S2026a", 1), ("S2026b", 1)]


def test_notebooks_without_code_are_not_alike(course, tmp_path):
    empty = [notebook(), notebook().replace(b"4", b"4 ", 1)]
    path = zipped(tmp_path / "s.zip", {f"202600{n}/x.ipynb": b for n, b in enumerate(empty, 1)})
    assert collect(course, path)["alike"] == []


def test_large_files_beside_the_notebooks_are_not_read(course, tmp_path):
    (tmp_path / "in/2026001").mkdir(parents=True)
    (tmp_path / "in/2026001/x.ipynb").write_bytes(nb())
    with (tmp_path / "in/2026001/data.bin").open("wb") as stream:
        stream.truncate(9 * 1024**3)  # a hole: takes no room
    assert students(collect(course, tmp_path / "in", "--from", "folder")) == [("2026001", 1)]


def test_a_student_who_sent_something_else(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb(), "2026002/x.pdf": b"%PDF"})
    found = collect(course, path)
    assert "2026002" in found["missing"]
    assert found["left_out"] == [
        {"file": "2026002/x.pdf", "reason": "is no notebook; 2026002 sent nothing else"}
    ]


def test_a_notebook_that_a_browser_renamed(course, tmp_path):
    path = zipped(
        tmp_path / "s.zip",
        {"2026001/x.ipynb.json": nb("1"), "2026002/x.txt": nb("2"), "2026003/data.json": b"{}"},
    )
    assert students(collect(course, path)) == [("2026001", 1), ("2026002", 1)]


def test_the_table_for_people(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb("1"), "9999/x.ipynb": nb("2")})
    text = grader(course, "collect", "tiny", path)
    assert "tiny: 1 new, 0 as before, 3 missing (folder: s.zip)" in text
    assert "  2026002 Li Si\n" in text
    assert "not on the roster:\n  9999/x.ipynb: '9999'\n" in text
    assert "Add who is not on the roster with `grader record roster`" in text


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("nothing", None, "does not exist. Name a folder or an archive"),
        ("a.zip", b"PK\x03\x04 and no more", "is no archive that can be read"),
        ("a.tar.gz", b"\x1f\x8b and no more", "is no archive that can be read"),
        ("a.tar", b"x" * 2000, "is no archive that can be read"),
        ("a.rar", b"Rar!", "is in a format that is not read. Pack it as a zip"),
    ],
)
def test_what_cannot_be_taken_in(course, tmp_path, name, data, complaint):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert complaint in grader(course, "collect", "tiny", tmp_path / name, code=2)


def test_an_unknown_time_zone(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb()})
    complaint = grader(course, "collect", "tiny", path, "--timezone", "Mars/Olympus", code=2)
    assert "there is no time zone 'Mars/Olympus'. Name one such as Asia/Shanghai" in complaint


def test_a_time_that_is_not_understood(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/x.ipynb": nb()})
    (tmp_path / "t.csv").write_text("student,submitted\n2026001,yesterday\n")
    complaint = grader(course, "collect", "tiny", path, "--times", tmp_path / "t.csv", code=2)
    assert "row 2, column 'submitted': 'yesterday' is no time that is understood" in complaint
    assert not (course / "submissions").exists()
