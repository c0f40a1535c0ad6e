"""The filter program itself, interpreted here call by call, for both architectures."""

from __future__ import annotations

import errno
import importlib.util
import struct
import sys
from pathlib import Path

import pytest

GUEST = Path(__file__).parents[2] / "grader" / "guest"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="filters are of Linux")
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


@pytest.fixture(scope="module")
def guest():
    """The guest's modules, which find each other only when run from their folder."""
    sys.path.insert(0, str(GUEST))
    try:
        loaded = {}
        for name in ("linuxcalls", "syscalls", "seccomp"):
            spec = importlib.util.spec_from_file_location(name, GUEST / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            loaded[name] = module
        yield loaded
    finally:
        sys.path.remove(str(GUEST))
        for name in ("linuxcalls", "syscalls", "seccomp"):
            sys.modules.pop(name, None)


def outcome(rows, number, arguments=(), architecture=0xC000003E):
    """What the kernel would do: run the program on the data of one call."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *(a % 2**64 for a in padded))
    at, value = 0, 0
    while True:
        code, yes, no, constant = rows[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("<I", data, constant)
            case 0x06:
                return constant
            case 0x15:
                at += yes if value == constant else no
            case 0x25:
                at += yes if value > constant else no
            case 0x45:
                at += yes if value & constant else no
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


@pytest.fixture(params=list(ARCHITECTURES))
def machine(request):
    return request.param


@pytest.fixture
def decide(guest, machine):
    """decide(name, *arguments, shared_pids, signals): allowed, or the errno, or "kill"."""
    tables = guest["syscalls"]
    known = {}
    for table in ("FORBIDDEN", "UNKNOWN", "CHECKED", "CHANGES", "OWNERS"):
        known |= tables.numbers(getattr(tables, table), machine)

    def ask(call, *arguments, shared_pids=False, signals=True, architecture=None):
        rows = guest["seccomp"].program(machine, shared_pids, signals)
        number = call if isinstance(call, int) else known[call]
        action = outcome(rows, number, arguments, architecture or ARCHITECTURES[machine])
        if action == 0x7FFF0000:
            return "allowed"
        if action == 0x80000000:
            return "kill"
        assert action >> 16 == 5
        return action & 0xFFFF

    return ask


def test_the_program_fits_the_machine(guest, machine):
    for shared_pids in (False, True):
        rows = guest["seccomp"].program(machine, shared_pids, signals=False)
        assert len(rows) < 4096
        assert all(0 <= yes < 256 and 0 <= no < 256 for _, yes, no, _ in rows)


@pytest.mark.parametrize(
    "name", ["ptrace", "mount", "bpf", "unshare", "setns", "keyctl", "shmget", "open_by_handle_at"]
)
def test_forbidden(decide, name):
    assert decide(name) == errno.EPERM


@pytest.mark.parametrize("name", ["clone3", "io_uring_setup", "memfd_create", "userfaultfd"])
def test_absent(decide, name):
    assert decide(name) == errno.ENOSYS


def test_numbers_beyond_the_list_are_absent(decide):
    assert decide(472) == errno.ENOSYS
    assert decide(0x40000000) == errno.ENOSYS


def test_other_architectures_are_killed(decide):
    assert decide("socket", 1, architecture=0x40000003) == "kill"


def test_threads_and_forks_but_no_namespaces(decide):
    assert decide("clone", 0x3D0F00) == "allowed"
    assert decide("clone", 17) == "allowed"
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert decide("clone", flag | 17) == errno.EPERM


@pytest.mark.parametrize("family", [2, 10, 16, 17, 38, 40])
def test_no_family_but_unix(decide, family):
    assert decide("socket", family) == errno.EPERM
    assert decide("socketpair", family) == errno.EPERM


def test_unix_sockets_only_where_nobody_else_can_be_reached(decide):
    assert decide("socket", 1) == "allowed"
    assert decide("socket", 1, shared_pids=True) == errno.EPERM
    assert decide("socketpair", 1, shared_pids=True) == "allowed"


def test_high_bits_do_not_hide_an_argument(decide):
    assert decide("socket", (1 << 32) | 2) == errno.EPERM
    assert decide("ioctl", 0, (1 << 32) | 0x5412) == errno.EPERM


def test_other_processes_by_number(decide):
    assert decide("prlimit64", 0) == "allowed"
    assert decide("prlimit64", 77) == errno.EPERM
    assert decide("setpriority", 0, 77, shared_pids=True) == errno.EPERM
    assert decide("sched_setscheduler", 77, shared_pids=True) == 0
    assert decide("fcntl", 3, 8, shared_pids=True) == errno.EPERM


def test_signals_where_landlock_cannot_keep_them_in(decide):
    import os

    assert decide("kill", 77, shared_pids=True) == "allowed"
    assert decide("kill", 77, shared_pids=True, signals=False) == errno.EPERM
    assert decide("kill", os.getpid(), shared_pids=True, signals=False) == "allowed"
    assert decide("tkill", 77, shared_pids=True, signals=False) == errno.EPERM
    assert decide("pidfd_send_signal", 3, shared_pids=True, signals=False) == errno.EPERM


def test_modes_are_ignored_and_owners_refused_on_shared_files(decide):
    assert decide("fchmod", 3, shared_pids=True) == 0
    assert decide("fchown", 3, shared_pids=True) == errno.EPERM
    assert decide("fchmod", 3) == "allowed"
