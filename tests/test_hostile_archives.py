"""Archives that were made to harm: nothing leaves the course's folder, and each is told."""

import io
import os
import stat
import tarfile
import zipfile

import pytest

from grader.archive import Budget, Refused, read_archive, safe_parts
from grader.errors import UsageError
from tests.test_collect import collect, course, files, grader, nb, students, zipped

assert course  # a fixture, used by name

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def nothing_outside(course, tmp_path):
    """Whatever a test collects: outside of the course nothing appears or changes."""
    (tmp_path / "victim.ipynb").write_bytes(b"untouched")
    ours = {"course", "in", "victim.ipynb", "s.zip", "s.tar", "s.tar.gz"}

    yield
    assert (tmp_path / "victim.ipynb").read_bytes() == b"untouched"
    assert {p.name for p in tmp_path.iterdir()} <= ours
    assert not [p for p in course.rglob("*") if p.is_symlink()]


def with_links(path, members):
    """A zip whose members are (name, data, mode)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data, mode in members:
            info = zipfile.ZipInfo(name, (2026, 10, 9, 8, 0, 0))
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return path


def tarred(path, *members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def entry(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime = kind, link, 1_790_000_000
    return info


def reasons(found):
    return {r["file"]: r["reason"] for r in found["refused"]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/2026002/victim.ipynb", "its path is absolute"),
        ("C:\\2026002\\victim.ipynb", "its path is absolute"),
        ("\\\\server\\share\\x.ipynb", "its path is absolute"),
        ("2026002/../../../victim.ipynb", "its path leads out of the archive"),
        ("2026002\\..\\..\\victim.ipynb", "its path leads out of the archive"),
        ("2026002/a\x1b[31m.ipynb", "its name holds control characters"),
        ("2026002/" + "a" * 1200 + ".ipynb", "its name is longer than 1000 characters"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_names_that_lead_elsewhere(course, tmp_path, name, reason, kind):
    if kind == "zip":
        path = zipped(tmp_path / "s.zip", {"2026001/a.ipynb": nb(), name: nb("x")})
    else:
        path = tarred(
            tmp_path / f"s.{kind}",
            (entry("2026001/a.ipynb"), nb()),
            (entry(name), nb("x")),
            mode="w:gz" if kind == "tar.gz" else "w",
        )
    found = collect(course, path, "--from", "folder")
    assert list(reasons(found).values()) == [reason]
    assert files(course) == ["tiny/2026001/1/tiny.ipynb"]
    assert all(c.isprintable() for f in reasons(found) for c in f)


def test_links_and_devices_in_a_zip(course, tmp_path):
    path = with_links(
        tmp_path / "s.zip",
        [
            ("2026001/a.ipynb", nb(), stat.S_IFREG | 0o644),
            ("2026002/a.ipynb", b"/etc/passwd", stat.S_IFLNK | 0o777),
            ("2026003/a.ipynb", b"", stat.S_IFCHR | 0o666),
            ("2026004/a.ipynb", b"", stat.S_IFIFO | 0o666),
        ],
    )
    found = collect(course, path)
    assert list(reasons(found).values()) == ["it is a link", *["it is no plain file"] * 2]
    assert students(found) == [("2026001", 1)]


def test_links_and_devices_in_a_tar(course, tmp_path):
    path = tarred(
        tmp_path / "s.tar",
        (entry("2026001/a.ipynb"), nb()),
        (entry("2026002", tarfile.SYMTYPE, str(tmp_path)), b""),
        (entry("2026002/victim.ipynb"), nb("over the link")),
        (entry("2026003/a.ipynb", tarfile.LNKTYPE, "2026001/a.ipynb"), b""),
        (entry("2026003/b.ipynb", tarfile.LNKTYPE, "/etc/passwd"), b""),
        (entry("2026004/a.ipynb", tarfile.CHRTYPE), b""),
        (entry("2026004/b.ipynb", tarfile.BLKTYPE), b""),
        (entry("2026004/c.ipynb", tarfile.FIFOTYPE), b""),
    )
    found = collect(course, path)
    assert sorted(reasons(found).values()) == ["it is a link"] * 3 + ["it is no plain file"] * 3
    assert students(found) == [("2026001", 1), ("2026002", 1)]


def test_links_in_a_folder_and_links_where_it_goes(course, tmp_path):
    for name in ("2026001", "2026002"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in/2026001/a.ipynb").write_bytes(nb())
    (tmp_path / "in/2026002/a.ipynb").symlink_to(tmp_path / "victim.ipynb")
    (tmp_path / "in/2026003").symlink_to(tmp_path / "in/2026001")
    os.mkfifo(tmp_path / "in/2026001/b.ipynb")
    found = collect(course, tmp_path / "in", "--dry-run")
    assert reasons(found) == {
        "2026003": "it is a link",
        "2026002/a.ipynb": "it is a link",
        "2026001/b.ipynb": "it is no plain file",
    }
    assert students(found) == [("2026001", 1)]


def test_a_link_where_a_student_folder_should_be(course, tmp_path):
    (course / "submissions/tiny").mkdir(parents=True)
    link = course / "submissions/tiny/2026001"
    link.symlink_to(tmp_path)
    path = zipped(tmp_path / "s.zip", {"2026001/a.ipynb": nb()})
    complaint = grader(course, "collect", "tiny", path, "--from", "folder", code=1)
    assert "is a link. Make it a folder" in complaint
    link.unlink()


def test_a_file_that_unpacks_to_far_more(course, tmp_path):
    path = zipped(
        tmp_path / "s.zip", {"2026001/a.ipynb": nb(), "2026002/a.ipynb": b"0" * 17 * MIB}
    )
    assert list(reasons(collect(course, path)).values()) == [
        "it unpacks to more than 200 times its size"
    ]


def test_a_file_that_says_it_is_smaller_than_it_is(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/a.ipynb": nb(), "2026002/a.ipynb": nb("x" * 900)})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    found = collect(course, path)
    assert students(found) == [("2026001", 1)]
    assert "it is damaged" in reasons(found)["2026002/a.ipynb"]


def read(path, budget):
    out = []
    for member in read_archive(path, "s", budget, None):
        if not isinstance(member, Refused):
            while member.stream.read(65536):
                pass
        out.append(member)
    return out


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_too_much_in_all(tmp_path, kind):
    noise = os.urandom(MIB)
    if kind == "zip":
        path = zipped(tmp_path / "s.zip", {f"{n}.ipynb": noise for n in range(4)})
    else:
        members = [(entry(f"{n}.ipynb"), noise) for n in range(4)]
        path = tarred(tmp_path / "s.tar.gz", *members, mode="w:gz")
    with pytest.raises(UsageError, match="unpacks to more than 3 MiB; nothing was taken in"):
        read(path, Budget(total=3 * MIB))
    with pytest.raises(UsageError, match="more than 3 files"):
        read(path, Budget(count=3))
    refused = read(path, Budget(member=MIB - 1, total=9 * MIB))
    assert {r.reason for r in refused} == {"it is larger than 0 MiB"}


def test_a_tar_whose_padding_is_the_bomb(tmp_path):
    path = tarred(tmp_path / "s.tar.gz", (entry("a.txt"), b"0" * 8 * MIB), mode="w:gz")
    assert path.stat().st_size < 20_000
    with pytest.raises(UsageError, match="more than 2 MiB"):
        read(path, Budget(total=2 * MIB))


def test_a_tar_header_that_would_fill_the_memory(course, tmp_path):
    path = tarred(tmp_path / "s.tar", (entry("x", tarfile.XHDTYPE), b"0" * MIB))
    complaint = grader(course, "collect", "tiny", path, code=2)
    assert "a header of it is too large" in complaint


def test_a_sparse_file(course, tmp_path):
    path = tarred(
        tmp_path / "s.tar",
        (entry("2026001/a.ipynb"), nb()),
        (entry("2026002/a.ipynb", tarfile.CONTTYPE), nb("2")),
        (entry("2026003/a.ipynb", b"S"), b""),
    )
    found = collect(course, path)
    assert students(found)[0] == ("2026001", 1)
    assert "it is no plain file" in reasons(found).values()


def packed(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def test_an_archive_in_an_archive_is_opened_once(course, tmp_path):
    twice = packed(inner__zip=packed(tiny__ipynb=nb("deep")))
    path = zipped(
        tmp_path / "s.zip",
        {
            "2026001/work.zip": packed(tiny__ipynb=nb("in a zip")),
            "2026002/work.zip": twice,
            "2026003/work.zip": b"PK\x03\x04 broken",
            "2026004/work.rar": b"Rar!",
        },
    )
    found = collect(course, path)
    assert students(found) == [("2026001", 1)]
    assert reasons(found) == {
        "2026002/work.zip/inner.zip": "it is an archive inside an archive inside an archive",
        "2026003/work.zip": "it is an archive that cannot be read",
        "2026004/work.rar": "it is packed in a format that is not read: a zip is",
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("2026001/a.ipynb", nb("first"))
        archive.writestr("2026001/a.ipynb", nb("second"))
        archive.writestr("2026002/a.ipynb", nb("2"))
    found = collect(course, tmp_path / "s.zip")
    assert reasons(found) == {
        "2026001/a.ipynb": "there are two files of this name; the first was taken"
    }
    assert b"first" in (course / "submissions/tiny/2026001/1/tiny.ipynb").read_bytes()


def test_names_that_differ_in_case_only(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/A.ipynb": nb("1"), "2026001/a.ipynb": nb("2")})
    found = collect(course, path, "--from", "folder")
    assert students(found) == [("2026001", 1)]
    assert len(found["left_out"]) == 1


@pytest.mark.parametrize(
    "name", ["CON.ipynb", "aux.ipynb", "nul.tiny.ipynb", "a:b.ipynb", "x .ipynb"]
)
def test_names_that_another_system_reserves_are_never_used(course, tmp_path, name):
    found = collect(
        course, zipped(tmp_path / "s.zip", {f"2026001/{name}": nb()}), "--from", "folder"
    )
    assert students(found) == [("2026001", 1)]
    assert files(course) == ["tiny/2026001/1/tiny.ipynb"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_names_without_the_mark_for_utf8(course, tmp_path, encoding):
    raw = "张三/作业.ipynb".encode(encoding)
    path = zipped(tmp_path / "s.zip", {"Q" * len(raw): nb(), "2026002/x.ipynb": nb("2")})
    path.write_bytes(path.read_bytes().replace(b"Q" * len(raw), raw))
    found = collect(course, path)
    assert students(found) == [("2026001", 1), ("2026002", 1)]
    assert found["new"][0]["file"] == "作业.ipynb"


def test_an_encrypted_member(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/a.ipynb": nb(), "2026002/a.ipynb": nb("2")})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1
    path.write_bytes(data)
    assert reasons(collect(course, path)) == {"2026002/a.ipynb": "it is encrypted"}


def test_a_damaged_member(course, tmp_path):
    path = zipped(tmp_path / "s.zip", {"2026001/a.ipynb": nb(), "2026002/a.ipynb": nb("2" * 500)})
    data = bytearray(path.read_bytes())
    start = data.index(b"2026002/a.ipynb") + 40
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)
    found = collect(course, path)
    assert students(found) == [("2026001", 1)]
    assert "it is damaged" in reasons(found)["2026002/a.ipynb"]


def test_code_that_is_nested_without_end(course, tmp_path):
    path = zipped(
        tmp_path / "s.zip", {"2026001/a.ipynb": b"[" * 200_000, "2026002/a.json": b"[" * 9**5}
    )
    assert students(collect(course, path)) == [("2026001", 1)]


def test_parts_of_a_path():
    assert safe_parts("./a//b\\c") == ("a", "b", "c")
    assert safe_parts("a/..b/c..") == ("a", "..b", "c..")
    assert safe_parts("./") == "it has no name"
