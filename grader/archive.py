"""Reads archives as if they had been made to harm us: zip, tar and tar.gz.

Nothing is ever unpacked under a name from an archive; a member is a stream of bytes and the parts
of a path, and whoever wants to keep it chooses where. What is refused comes with its reason, and
what an archive may cost is bounded before it is read.
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Any

from grader.errors import UsageError

MIB = 1024 * 1024
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
UNREADABLE = (".rar", ".7z", ".tar.bz2", ".tar.xz", ".gz", ".bz2", ".xz")
_HEADER = 64 * 1024
"""Bytes of a tar header that describes another one; real ones have a few hundred."""


@dataclass(frozen=True)
class Member:
    """One file in an archive or a folder."""

    parts: tuple[str, ...]
    """Its path; relative, without `.` and `..`."""
    stream: IO[bytes]
    """May be read once, before the next member is asked for; ends at the cap."""
    modified: datetime | None
    """Aware; None: the archive does not say."""


@dataclass(frozen=True)
class Refused:
    """Something that was not taken in, and why."""

    name: str
    reason: str


class Budget:
    """What may be read in all, over an archive and those inside it.

    Args:
        member: bytes of one file.
        total: bytes of everything.
        count: entries.
        ratio: how many times larger than its packed form a file may be, from 16 MiB on: below
            that, the log of a long training may be as repetitive as a bomb.
    """

    def __init__(
        self,
        member: int = 64 * MIB,
        total: int = 4096 * MIB,
        count: int = 50_000,
        ratio: int = 200,
    ) -> None:
        self.member = member
        self.ratio = ratio
        self._bytes = self._total = total
        self._entries = self._count = count

    def entry(self) -> None:
        """Count one entry.

        Raises:
            UsageError: there are too many.
        """
        self._entries -= 1
        if self._entries < 0:
            raise UsageError(
                f"there are more than {self._count} files in it; nothing was taken in",
                "Look at what this archive is; hand over the submissions alone",
            )

    def spend(self, size: int) -> None:
        """Count bytes.

        Raises:
            UsageError: it would unpack to too much.
        """
        self._bytes -= size
        if self._bytes < 0:
            problem = f"it unpacks to more than {self._total // MIB} MiB; nothing was taken in"
            raise UsageError(problem, "Look at what this archive is; hand it over in parts")


def is_archive(name: str) -> bool:
    """Whether a name is that of an archive that can be read."""
    return name.casefold().endswith(SUFFIXES)


def read_archive(
    source: Path | IO[bytes], name: str, budget: Budget, zone: tzinfo
) -> Iterator[Member | Refused]:
    """The files of an archive, in its order.

    Args:
        source: where it is.
        name: what messages call it.
        budget: what may still be read.
        zone: where the clock stood by which a zip tells the time.

    Raises:
        UsageError: it is no archive that can be read, or goes beyond the budget.
    """
    with source.open("rb") if isinstance(source, Path) else source as stream:
        start = stream.read(4)
        stream.seek(0)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zip(stream, name, budget, zone)
        elif start.startswith(b"\x1f\x8b"):
            unzipped: Any = gzip.GzipFile(fileobj=stream)
            yield from _tar(unzipped, name, budget)
        else:
            yield from _tar(stream, name, budget)


def safe_parts(name: str) -> tuple[str, ...] | str:
    """The parts of a path in an archive; or, as text, why it is refused."""
    if len(name) > 1000:
        return "its name is longer than 1000 characters"
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        return "its name holds control characters"
    path = name.replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":":
        return "its path is absolute"
    parts = tuple(p for p in path.split("/") if p not in ("", "."))
    if ".." in parts:
        return "its path leads out of the archive"
    return parts or "it has no name"


def _zip(stream: IO[bytes], name: str, budget: Budget, zone: tzinfo) -> Iterator[Member | Refused]:
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, UnicodeError) as error:
        raise _damaged(name, error) from None
    seen: set[tuple[str, ...]] = set()
    with archive:
        for info in archive.infolist():
            budget.entry()
            shown = _zip_name(info)
            if shown.endswith(("/", "\\")):
                continue
            parts = safe_parts(shown)
            reason = parts if isinstance(parts, str) else _zip_problem(info, budget)
            if not reason and parts in seen:
                reason = "there are two files of this name; the first was taken"
            if reason or isinstance(parts, str):
                yield Refused(printable(shown), reason)
                continue
            seen.add(parts)
            try:
                with archive.open(info) as packed:
                    bounded = io.BufferedReader(_Bounded(packed, budget, info.file_size))
                    yield Member(parts, bounded, _zip_time(info, zone))
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
                yield Refused(printable(shown), f"it is damaged: {error}")
            except (NotImplementedError, ValueError) as error:
                yield Refused(printable(shown), f"it cannot be unpacked: {error}")


def _zip_problem(info: zipfile.ZipInfo, budget: Budget) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG):
        return "it is no plain file"
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.file_size > budget.member:
        return f"it is larger than {budget.member // MIB} MiB"
    if info.file_size > 16 * MIB and info.file_size > budget.ratio * max(info.compress_size, 1):
        return f"it unpacks to more than {budget.ratio} times its size"
    return ""


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name; without the UTF-8 mark, Chinese systems write GB18030 and old ones CP437."""
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _zip_time(info: zipfile.ZipInfo, zone: tzinfo) -> datetime | None:
    """The exact time that most systems add (in UTC), or else the local time to two seconds."""
    extra = info.extra
    while len(extra) >= 4:
        tag, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if tag == 0x5455 and len(field) >= 5 and field[0] & 1:
            return datetime.fromtimestamp(struct.unpack("<i", field[1:5])[0], UTC)
    if info.date_time <= (1980, 1, 1, 0, 0, 0):
        return None
    try:
        return datetime(*info.date_time, tzinfo=zone)
    except ValueError:
        return None


class _Wary(tarfile.TarInfo):
    """A tar header; those that only describe others are read into memory, so they are small."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        describing = (
            *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
            *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
        )
        if self.type in describing and self.size > _HEADER:
            raise tarfile.ReadError("a header of it is too large")
        return super()._proc_member(archive)  # type: ignore[misc]


def _tar(stream: IO[bytes], name: str, budget: Budget) -> Iterator[Member | Refused]:
    """Read front to back, so that also what is skipped counts as unpacked."""
    seen: set[tuple[str, ...]] = set()
    try:
        counted: Any = Spending(stream, budget)
        archive = tarfile.open(  # noqa: SIM115  a closed one would have to read to its end
            fileobj=counted, mode="r|", tarinfo=_Wary
        )
        for info in archive:
            budget.entry()
            if info.isdir():
                continue
            parts = safe_parts(info.name)
            reason = parts if isinstance(parts, str) else _tar_problem(info, budget)
            if not reason and parts in seen:
                reason = "there are two files of this name; the first was taken"
            packed = None if reason else archive.extractfile(info)
            if packed is None or isinstance(parts, str):
                yield Refused(printable(info.name), reason or "it is no plain file")
                continue
            seen.add(parts)
            yield Member(parts, packed, _tar_time(info))
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
        raise _damaged(name, error) from None


def _tar_problem(info: tarfile.TarInfo, budget: Budget) -> str:
    if info.issym() or info.islnk():
        return "it is a link"
    if not info.isreg() or info.issparse():
        return "it is no plain file"
    if info.size > budget.member:
        return f"it is larger than {budget.member // MIB} MiB"
    return ""


def _tar_time(info: tarfile.TarInfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(info.mtime, UTC) if info.mtime else None
    except (ValueError, OverflowError, OSError):
        return None


class _Bounded(io.RawIOBase):
    """A member of a zip, which cannot give more than it said; what it gives is counted."""

    def __init__(self, packed: IO[bytes], budget: Budget, size: int) -> None:
        self._packed = packed
        self._budget = budget
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._packed.read(min(len(buffer), self._left + 1))
        if len(data) > self._left:
            raise zipfile.BadZipFile("it is larger than it says")
        self._left -= len(data)
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


class Spending:
    """A stream whose every byte is counted."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int) -> bytes:
        """At most so many bytes, which are then spent."""
        data = self._stream.read(size)
        self._budget.spend(len(data))
        return data


def printable(name: str) -> str:
    """A name of theirs as one line that a terminal takes for text."""
    return "".join(c if c.isprintable() else "�" for c in name)[:200]


def _damaged(name: str, error: Exception) -> UsageError:
    return UsageError(
        f"{name} is no archive that can be read: {error}", "Hand over a zip, a tar or a tar.gz"
    )
