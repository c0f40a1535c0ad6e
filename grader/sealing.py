"""Hidden tests in one encrypted file, for grading where the student's repository is.

The file is AES-256-GCM under a key from HKDF; what is inside is a course of one assignment. It is
unpacked into memory: a folder of a tmpfs that only the grader's user can enter, that no box shows,
and that is removed afterwards. Who can read the key can read the tests: docs/classroom.md says who
that is.
"""

from __future__ import annotations

import ctypes
import hmac
import io
import json
import os
import secrets
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.course import Assignment, Course
from grader.errors import GraderError, UsageError
from grader.secret import course_secret
from grader.version import VERSION

VARIABLE = "GRADER_KEY"
MAGIC = b"dl-grader sealed 1\n"
MEMORY = Path("/dev/shm")  # noqa: S108  (memory; the folder made in it is private)
_KEY, _SALT, _NONCE = 32, 16, 12


def new_key() -> str:
    """A key that nobody has seen, as text."""
    return secrets.token_urlsafe(_KEY)


def take_key() -> str:
    """The key in the environment, which forgets it: no child inherits it, /proc shows zeros.

    Raises:
        UsageError: there is none.
    """
    key = os.environ.get(VARIABLE, "")
    _wipe(VARIABLE)
    os.environ.pop(VARIABLE, None)
    if not key:
        raise UsageError(
            f"there is no {VARIABLE} in the environment",
            "Put the key that `grader pack` printed into a secret of that name; pull requests "
            "from forks get no secrets",
        )
    return key


def pack(course: Course, assignment: Assignment, key: str) -> bytes:
    """Everything that grades an assignment, encrypted.

    Hidden inputs are seeded from the course secret, but not with it: a key that got out does not
    tell those of the instructor's own grading.

    Raises:
        UsageError: there are no hidden tests.
    """
    if not any(assignment.hidden_tests.glob("test_*.py")):
        raise UsageError(f"{assignment.hidden_tests} holds no tests", "Write test_*.py there")
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _members(assignment):
            archive.write(path, path.relative_to(assignment.course).as_posix())
        archive.writestr("course.toml", _course_file(course))
        seed = hmac.digest(course_secret(course.private), b"sealed", "sha256")
        archive.writestr(".grader/secret", seed.hex() + "\n")
    return _encrypt(plain.getvalue(), key, assignment.id)


def unpack(sealed: bytes, key: str) -> bytes:
    """The zip file inside.

    Raises:
        UsageError: it was made by a newer grader, or the key is another one, or it was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, _, rest = sealed.removeprefix(MAGIC).partition(b"\n")
    if not sealed.startswith(MAGIC) or len(rest) < _SALT + _NONCE:
        raise UsageError(
            "that is no sealed bundle of this version", "Make it anew with `grader pack`"
        )
    salt, nonce, body = rest[:_SALT], rest[_SALT : _SALT + _NONCE], rest[_SALT + _NONCE :]
    try:
        return AESGCM(_derived(key, salt)).decrypt(nonce, body, MAGIC + head)
    except InvalidTag:
        raise UsageError(
            "the sealed bundle does not open: it was packed with another key, or changed",
            f"Put the key that `grader pack` printed for it into {VARIABLE}",
        ) from None


@contextmanager
def unsealed(sealed: bytes, key: str) -> Iterator[Path]:
    """The course inside of a bundle, as a folder in memory, until the block ends.

    Raises:
        UsageError: as `unpack`.
        GraderError: this machine has no memory to put files into.
    """
    plain = unpack(sealed, key)
    folder = Path(tempfile.mkdtemp(prefix="grader-", dir=_memory()))  # mode 0700
    try:
        with zipfile.ZipFile(io.BytesIO(plain)) as archive:
            archive.extractall(folder)
        (folder / ".grader" / "secret").chmod(0o600)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path:
    """Where files are in memory only."""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        mounts = []
    kinds = {line.split()[1]: line.split()[2] for line in mounts}
    if kinds.get(str(MEMORY)) != "tmpfs":
        raise GraderError(
            f"{MEMORY} is not a tmpfs, and hidden tests are not written to a disk",
            "Grade on Linux, with /dev/shm mounted",
        )
    return MEMORY


def _members(assignment: Assignment) -> list[Path]:
    trees = (assignment.folder, assignment.hidden_tests, assignment.reference)
    return sorted(
        path
        for tree in trees
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".ipynb"
    )


def _course_file(course: Course) -> str:
    """A course of its title and languages: no dates, no marks."""
    title = json.dumps(course.title, ensure_ascii=False)
    return f"[course]\ntitle = {title}\nlanguages = {json.dumps(list(course.languages))}\n"


def _encrypt(plain: bytes, key: str, assignment: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = json.dumps({"assignment": assignment, "grader": VERSION}).encode()
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    body = AESGCM(_derived(key, salt)).encrypt(nonce, plain, MAGIC + head)
    return MAGIC + head + b"\n" + salt + nonce + body


def _derived(key: str, salt: bytes) -> bytes:
    """The key of one bundle. Keys are random and long: no slow derivation is needed.

    Raises:
        UsageError: the key is too short to be one of ours.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if len(key) < _KEY:
        raise UsageError(
            f"{VARIABLE} is too short to be a key", "Let `grader pack` make one; a word is no key"
        )
    return HKDF(SHA256(), _KEY, salt, b"dl-grader sealed").derive(key.encode())


def _wipe(name: str) -> None:
    """Overwrite a variable where the kernel shows it: /proc/PID/environ reads that memory."""
    if sys.platform != "linux":
        return
    start = f"{name}=".encode()
    environ = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    for place in range(1 << 16):
        entry = environ[place]
        if not entry:
            return
        text = ctypes.string_at(entry)
        if text.startswith(start):
            ctypes.memset(entry + len(start), 0, len(text) - len(start))
