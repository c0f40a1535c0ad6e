"""The walls of one box, in the order in which they have to be raised. Runs as a file.

The warden raises the outer ones (`mount_box`, `leave_user_namespace`), the kernel the inner ones
(`confine`), because the warden must still be able to end what it started.
"""

import os
import resource
from pathlib import Path

import landlock
import linuxcalls as linux
import rootfs
import seccomp

MIB = 1024 * 1024
THREADS = 32
"""Threads of the kernel itself and of its copies; they count as processes for the kernel of the
machine, and not for the limit that a submission has."""
FILES = 16384
DEVICES = tuple(f"/dev/{name}" for name in rootfs.DEVICES)


def mount_box(limits):
    """New namespaces, with a /proc and writable folders of limited size in them."""
    linux.unshare(linux.NEWNS | linux.NEWNET | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP)
    quiet = linux.NOSUID | linux.NODEV
    linux.mount("proc", "/proc", "proc", quiet | linux.NOEXEC)
    size = f"size={limits['disk']}m,nr_inodes={FILES},mode=755"
    linux.mount("tmpfs", "/tmp", "tmpfs", quiet, size)  # noqa: S108
    for name in ("box", "tmp"):  # one file system, so that one size counts for both
        folder = Path("/tmp", name)  # noqa: S108
        folder.mkdir()
        linux.mount(str(folder), f"/{name}", None, linux.MS_BIND)
    shared = max(limits["disk"], limits["memory"] // 8)
    linux.mount("tmpfs", "/dev/shm", "tmpfs", quiet, f"size={shared}m,nr_inodes=4096")  # noqa: S108
    linux.mount("devpts", "/dev/pts", "devpts", linux.NOSUID, "newinstance,ptmxmode=0666,mode=620")


def leave_user_namespace():
    """Lose every right over what has been mounted."""
    uid, gid = os.getuid(), os.getgid()
    linux.unshare(linux.NEWUSER)
    linux.map_ids(1000, uid, gid)


def limit(order):
    """What one process may use; sums are watched from outside."""
    limits = order["limits"]
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    values = {
        # What is mapped now, the allowance, and the addresses that threads reserve.
        resource.RLIMIT_AS: mapped + (limits["memory"] + 768) * MIB,
        resource.RLIMIT_FSIZE: limits["disk"] * MIB,
        resource.RLIMIT_CPU: int(limits["cpu_time"]) + 10,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NPROC: order["others"] + limits["processes"] + THREADS,
    }
    for name, value in values.items():
        hard = resource.getrlimit(name)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (bound, bound))


def confine(order):
    """Raise the inner walls around this process, for good.

    Returns:
        what stands, such as "landlock 7".
    """
    # Where memory runs out on the whole machine, the box goes first.
    Path("/proc/self/oom_score_adj").write_text("1000")
    limit(order)
    isolated = order["level"] == 3
    known = landlock.version()
    linux.no_new_privileges()
    if known:
        landlock.restrict(_rules(order, isolated))
    elif not isolated:
        raise OSError("no Landlock")
    keep = () if isolated else tuple(order["capabilities"])
    linux.drop_capabilities(keep)
    seccomp.install(shared_pids=not isolated, signals=isolated or known >= 6)
    return ([f"landlock {known}"] if known else []) + ["seccomp"]


def _rules(order, isolated):
    read, write = landlock.READ, landlock.WRITE
    device = landlock.READ_FILE | landlock.WRITE_FILE | landlock.IOCTL_DEV
    rules = [(path, device) for path in DEVICES]
    if isolated:
        writable = ("/box", "/tmp", "/dev/shm", "/dev/pts")  # noqa: S108  (the box's own)
        return [("/", read), *((path, write) for path in writable), *rules]
    folders = (*rootfs.SYSTEM, *order["prefixes"])
    rules += [(path, landlock.READ_DIR) for path in folders]
    rules += [(path, read) for folder in folders for path in _around(folder, order["hidden"])]
    single = (*rootfs.FILES, order["guest"], "/proc/cpuinfo", "/proc/meminfo")
    rules += [(path, read) for path in single]
    return [*rules, (order["work"], write), (order["scratch"], write)]


def _around(folder, hidden):
    """`folder`, or what is in it, so that nothing in it that is hidden is included."""
    folder = os.path.realpath(folder)
    inside = [path for path in hidden if path == folder or path.startswith(folder + "/")]
    if not inside:
        return [folder]
    if folder in inside or not Path(folder).is_dir():
        return []
    with os.scandir(folder) as entries:
        return [path for entry in entries for path in _around(entry.path, inside)]
