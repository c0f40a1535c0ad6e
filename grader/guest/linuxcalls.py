"""Calls of the Linux kernel that Python has no function for. Runs as a file, before student code.

Every function raises OSError with the name of the call, so that a refusal can be reported.
"""

import ctypes
import os
import platform
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
ARCH = platform.machine()

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

RDONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
DETACH = 2

_MOUNT_SETATTR = 442  # the same number on every architecture, as are all calls above 424
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PDEATHSIG, _DUMPABLE, _KEEPCAPS, _CAPBSET_DROP = 1, 4, 8, 24
_CHILD_SUBREAPER, _NO_NEW_PRIVS, _CAP_AMBIENT = 36, 38, 47
_AMBIENT_RAISE, _AMBIENT_CLEAR_ALL = 2, 4
CAP_DAC_READ_SEARCH = 2


def _check(name, result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def syscall(name, number, *arguments):
    """Make a system call by its number; integers and buffers as arguments."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _check(name, LIBC.syscall(ctypes.c_long(number), *words))


def unshare(flags):
    """Leave the namespaces named in `flags` for new ones."""
    _check("unshare", LIBC.unshare(ctypes.c_int(flags)))


def setns(fd, kind):
    """Enter the namespace that `fd` stands for."""
    _check("setns", LIBC.setns(ctypes.c_int(fd), ctypes.c_int(kind)))


def map_ids(inside, outside_uid, outside_gid):
    """Give the one user of a new user namespace the number `inside`."""
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {outside_uid} 1"),
        ("gid_map", f"{inside} {outside_gid} 1"),
    ):
        try:
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                file.write(line)
        except OSError as error:
            raise OSError(error.errno, f"{name}: {os.strerror(error.errno)}") from None


def mount(source, target, kind=None, flags=0, options=None):
    """Mount something."""
    words = [None if w is None else os.fsencode(w) for w in (source, target, kind, options)]
    result = LIBC.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3])
    _check(f"mount {kind or 'bind'} on {target}", result)


def restrict_mount(path, flags, recursive=False):
    """Add `flags` to a mount, and to those below it; nothing that was forbidden is allowed."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    at = 0x8000 if recursive else 0
    syscall(
        f"restrict mount {path}",
        _MOUNT_SETATTR,
        -100,
        ctypes.c_char_p(os.fsencode(path)),
        at,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )


def change_root(path):
    """Make `path`, a mount, the root, and let go of what was the root before."""
    os.chdir(path)
    here = ctypes.c_char_p(b".")
    syscall("pivot_root", _PIVOT_ROOT[ARCH], here, here)
    _check("umount", LIBC.umount2(b".", DETACH))
    os.chdir("/")


def prctl(name, option, *values):
    """Set an attribute of this process."""
    words = [ctypes.c_ulong(v) for v in (*values, 0, 0, 0, 0)[:4]]
    return _check(name, LIBC.prctl(ctypes.c_int(option), *words))


def die_with_parent():
    """Be killed when the thread that forked this process ends."""
    prctl("pdeathsig", _PDEATHSIG, signal.SIGKILL)


def dumpable(yes):
    """Whether processes of the same user may look into this one, and it into its own /proc."""
    prctl("dumpable", _DUMPABLE, int(yes))


def adopt_orphans():
    """Become the parent of descendants whose own parent ended."""
    prctl("subreaper", _CHILD_SUBREAPER, 1)


def no_new_privileges():
    """From now on no program that is started gains anything by being set-uid."""
    prctl("no_new_privs", _NO_NEW_PRIVS, 1)


def become(uid, keep):
    """Change for good from root to `uid`, with only the capabilities in `keep`."""
    os.setgroups([])
    prctl("keepcaps", _KEEPCAPS, 1)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(keep)
    for capability in keep:
        prctl("ambient", _CAP_AMBIENT, _AMBIENT_RAISE, capability)
    dumpable(True)


def drop_capabilities(keep=()):
    """Give up every capability that is not in `keep`, also for programs started later."""
    if not keep:
        prctl("ambient", _CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    for capability in range(64):
        if capability not in keep:
            try:
                prctl("bounding set", _CAPBSET_DROP, capability)
            except OSError:
                break  # beyond the last one, or not allowed: then there are none to lose
    set_capabilities(keep)


def set_capabilities(keep):
    """Set all three capability sets of this process."""
    mask = sum(1 << capability for capability in keep)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _check("capset", LIBC.capset(ctypes.byref(header), ctypes.byref(data)))
