"""What has arrived: the notebooks of a folder or an archive, kept under names of ours.

Archives that students packed around their notebook are opened, once. Links and devices are never
followed or read. A notebook that a browser has renamed to .json or .txt is still one.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Any

from grader.archive import (
    UNREADABLE,
    Budget,
    Member,
    Refused,
    Spending,
    is_archive,
    printable,
    read_archive,
)
from grader.errors import UsageError

_DISGUISES = (".json", ".txt")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Arrival:
    """One notebook file."""

    parts: tuple[str, ...]
    """Its path in what was handed over; a packed notebook has its archive as a folder."""
    blob: Path
    """Where the bytes are."""
    sha256: str
    modified: datetime | None
    """Aware."""

    @property
    def name(self) -> str:
        """As the student had named it."""
        return self.parts[-1]


@dataclass
class Spool:
    """A folder of ours that takes files by their content.

    Args:
        folder: empty, on the same disk as the submissions.
        zone: where the clock stood by which a zip tells the time.
        budget: what may be read in all.
    """

    folder: Path
    zone: tzinfo
    budget: Budget = field(default_factory=Budget)
    arrivals: list[Arrival] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: list[tuple[str, ...]] = field(default_factory=list)
    """Paths of files that are no notebooks."""

    def take(self, source: Path) -> None:
        """Take in a folder, an archive, or one notebook.

        Raises:
            UsageError: it is none of these, or goes beyond the budget.
        """
        if source.is_dir():
            members: Iterator[Member | Refused] = _folder(source, self.budget)
        elif not source.is_file():
            raise UsageError(f"{source} does not exist", "Name a folder or an archive")
        elif source.suffix == ".ipynb":
            members = _files(source.parent, [source], self.budget)
        elif source.name.casefold().endswith(UNREADABLE) and not is_archive(source.name):
            raise UsageError(f"{source} is in a format that is not read", "Pack it as a zip")
        else:
            members = read_archive(source, str(source), self.budget, self.zone)
        self._take(members, ())

    def _take(self, members: Iterator[Member | Refused], prefix: tuple[str, ...]) -> None:
        for member in members:
            if isinstance(member, Refused):
                name = "/".join((*map(printable, prefix), member.name))
                self.refused.append(Refused(name, member.reason))
            elif not any(_is_clutter(part) for part in member.parts):
                self._one(member, (*prefix, *member.parts), inside=bool(prefix))

    def _one(self, member: Member, parts: tuple[str, ...], *, inside: bool) -> None:
        name = parts[-1].casefold()
        if name.endswith(".ipynb"):
            self._keep(member, parts)
        elif name.endswith(_DISGUISES):
            self._keep(member, parts, disguised=True)
        elif is_archive(name):
            self._open(member, parts, inside=inside)
        elif name.endswith(UNREADABLE):
            self._refuse(parts, "it is packed in a format that is not read: a zip is")
        else:
            self.left_out.append(parts)

    def _keep(self, member: Member, parts: tuple[str, ...], *, disguised: bool = False) -> None:
        kept = self._store(member, parts)
        if kept is None:
            return
        if disguised and not _is_notebook(kept.blob):
            self.left_out.append(parts)
        else:
            self.arrivals.append(kept)

    def _open(self, member: Member, parts: tuple[str, ...], *, inside: bool) -> None:
        if inside:
            self._refuse(parts, "it is an archive inside an archive inside an archive")
            return
        if (kept := self._store(member, parts)) is None:
            return
        try:
            inner = read_archive(kept.blob, parts[-1], self.budget, self.zone)
            self._take(inner, parts)
        except UsageError as error:
            if "nothing was taken in" in error.problem:
                raise
            self._refuse(parts, "it is an archive that cannot be read")

    def _store(self, member: Member, parts: tuple[str, ...]) -> Arrival | None:
        digest, size = hashlib.sha256(), 0
        place = self.folder / f"{len(self.arrivals)}-{len(self.refused)}-{len(self.left_out)}.part"
        try:
            with place.open("wb") as out:
                while data := member.stream.read(_CHUNK):
                    size += len(data)
                    digest.update(data)
                    out.write(data)
                    if size > self.budget.member:
                        break
        except UsageError:
            raise
        except Exception as error:  # zlib, zipfile, OS: whatever a damaged member raises
            if place.parent.is_dir() and isinstance(error, OSError) and error.filename:
                raise
            place.unlink(missing_ok=True)
            self._refuse(parts, f"it is damaged: {error}")
            return None
        if size > self.budget.member:
            place.unlink()
            self._refuse(parts, f"it is larger than {self.budget.member // 1024**2} MiB")
            return None
        blob = self.folder / digest.hexdigest()
        place.replace(blob)
        return Arrival(parts, blob, digest.hexdigest(), member.modified)

    def _refuse(self, parts: tuple[str, ...], reason: str) -> None:
        self.refused.append(Refused(printable("/".join(parts)), reason))


def _folder(root: Path, budget: Budget) -> Iterator[Member | Refused]:
    for folder, folders, files in os.walk(root, followlinks=False):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in links:
            place = Path(folder, name).relative_to(root)
            yield Refused(printable(str(place)), "it is a link")
        folders[:] = sorted(d for d in folders if d not in links and not _is_clutter(d))
        yield from _files(root, [Path(folder, name) for name in sorted(files)], budget)


def _files(root: Path, paths: list[Path], budget: Budget) -> Iterator[Member | Refused]:
    for path in paths:
        budget.entry()
        place = path.relative_to(root)
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            link = stat.S_ISLNK(status.st_mode)
            yield Refused(printable(str(place)), "it is a link" if link else "it is no plain file")
            continue
        with _opened(path) as stream:
            counted: Any = Spending(stream, budget)
            yield Member(place.parts, counted, datetime.fromtimestamp(status.st_mtime, UTC))


def _opened(path: Path) -> IO[bytes]:
    """Not through a link, should one have taken the file's place meanwhile."""
    return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")


def _is_clutter(part: str) -> bool:
    """What systems and editors leave behind."""
    return part.startswith((".", "~$")) or part.casefold() in (
        *("__macosx", "thumbs.db", "desktop.ini", "__pycache__", "node_modules"),
    )


def _is_notebook(path: Path) -> bool:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "nbformat" in value and "cells" in value
