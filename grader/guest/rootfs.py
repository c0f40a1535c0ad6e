"""The file tree that boxes see: made of what a Python program needs, and of nothing else.

Runs as a file, in the launcher, with the right to mount in a mount namespace of its own.
"""

import os
from pathlib import Path

from linuxcalls import (
    MS_BIND,
    MS_PRIVATE,
    MS_REC,
    NODEV,
    NOSUID,
    RDONLY,
    change_root,
    mount,
    restrict_mount,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/sys/devices/system/cpu")
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
TEXTS = {
    "etc/passwd": "root:x:0:0::/:/bin/sh\nstudent:x:1000:1000::/box:/bin/sh\n",
    "etc/group": "root:x:0:\nstudent:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}
GUEST = "/guest"


def build(root, prefixes, guest, hidden):
    """Make the tree at `root` and change into it.

    Args:
        root: an empty folder.
        prefixes: where Python and its packages are installed.
        guest: the folder with these files; its Python files are copied.
        hidden: folders that are empty in the tree, wherever they would appear.
    """
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=755,size=16m,nr_inodes=4096")
    root = Path(root)
    for folder in ("proc", "tmp", "box", "dev/shm", "dev/pts", "etc", GUEST[1:]):
        (root / folder).mkdir(parents=True)
    for path in (*SYSTEM, *FILES):
        _bind(path, root)
    for path in sorted(map(os.path.realpath, prefixes)):
        _bind(path, root)
    for path in prefixes:
        _bind(path, root)
    for path in hidden:
        target = root / path.lstrip("/")
        if target.is_dir():
            mount("tmpfs", str(target), "tmpfs", RDONLY | NOSUID | NODEV, "mode=755,size=4k")
    _devices(root)
    for name, text in TEXTS.items():
        (root / name).write_text(text)
    for file in Path(guest).glob("*.py"):
        (root / GUEST[1:] / file.name).write_bytes(file.read_bytes())
    # A new /proc may only be mounted where a whole one can be seen already.
    mount("/proc", str(root / "proc"), None, MS_BIND | MS_REC)
    mount("tmpfs", str(root / "tmp"), "tmpfs", NOSUID | NODEV, "mode=1777,size=64m")
    change_root(str(root))
    restrict_mount("/", RDONLY)


def _bind(path, root):
    """Show `path` of the machine, read-only, at the same place; links stay links."""
    source, target = Path(path), root / path.lstrip("/")
    if not os.path.lexists(source) or os.path.lexists(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and path != "/etc/localtime":
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    mount(path, str(target), None, MS_BIND | MS_REC)
    restrict_mount(str(target), RDONLY | NOSUID | NODEV, recursive=True)


def _devices(root):
    for name in DEVICES:
        target = root / "dev" / name
        target.touch()
        mount(f"/dev/{name}", str(target), None, MS_BIND)
        restrict_mount(str(target), NOSUID)
    for name, goal in LINKS.items():
        (root / "dev" / name).symlink_to(goal)
