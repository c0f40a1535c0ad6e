"""Code in a box tries to read, reach, change and outlive what is outside it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import textwrap
import threading
import time
from pathlib import Path

import pytest

from grader.course import Limits
from grader.errors import SandboxError
from grader.sandbox import BoxSpec

PRELUDE = """
import ctypes, fcntl, os, platform, signal, socket, struct, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *arguments):
    number = x86 if platform.machine() == "x86_64" else arm
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    if libc.syscall(ctypes.c_long(number), *words) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def connect(kind, address):
    with socket.socket(kind) as client:
        client.settimeout(2)
        client.connect(address)
"""

# Each must end in an OSError. Names in braces are told by the `outside` fixture.
FILES = {
    "read": "open('{secret}').read()",
    "write": "open('{secret}', 'w')",
    "truncate": "os.truncate('{secret}', 0)",
    "delete": "os.remove('{secret}')",
    "rename": "os.rename('{secret}', '{secret}2')",
    "link": "os.link('{secret}', 'here')",
    "through a link": "os.symlink('{secret}', 'link'); open('link').read()",
    "create": "open('{folder}/new', 'w')",
    "list": "os.listdir('{folder}')",
    "hidden tests": "os.listdir('{repository}/hidden_tests')",
    "reference": "os.listdir('{repository}/reference')",
    "course": "open('{repository}/course.toml')",
    "the grader": "os.listdir('{repository}/grader')",
    "home": "open('{home}/.bashrc')",
    "users": "assert 'daemon' not in open('/etc/passwd').read(); raise OSError",
    "shadow": "open('/etc/shadow')",
    "environment": "open('/proc/{grader}/environ').read()",
    "environment of the user": "open('/proc/{victim}/environ').read()",
    "command line": "open('/proc/{grader}/cmdline').read()",
    "root of another": "os.listdir('/proc/{victim}/root/')",
    "root of the warden": "os.listdir('/proc/%d/root/' % os.getppid())",
    "memory of the warden": "open('/proc/%d/mem' % os.getppid(), 'rb').read(1)",
    "own guest files": "open('/guest/kernel.py', 'a')",
    "python": "open(os.__file__, 'a')",
    "a device": "open('/dev/mem')",
    "make a device": "os.mknod('disk', 0o60600, os.makedev(254, 0)); open('disk', 'rb')",
    "by handle": "call(304, 265, -100, ctypes.create_string_buffer(64), 0)",
    "raw disk": "open('/dev/vda', 'rb')",
}
NETWORK = {
    "tcp": "connect(socket.AF_INET, ('127.0.0.1', {port}))",
    "tcp 6": "connect(socket.AF_INET6, ('::1', {port}))",
    "listen": "socket.create_server(('127.0.0.1', 0))",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "socket.socket(17, socket.SOCK_RAW)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "vsock": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "alg": "socket.socket(38, socket.SOCK_SEQPACKET)",
    "abstract": "connect(socket.AF_UNIX, '\\0{abstract}')",
    "path": "connect(socket.AF_UNIX, '{path}')",
    "name": "socket.getaddrinfo('example.org', 80)",
}
PROCESSES = {
    "signal": "os.kill({victim}, signal.SIGTERM)",
    "signal the grader": "os.kill({grader}, 0)",
    "queue a signal": "call(129, 138, {victim}, 15, struct.pack('iii116x', 15, 0, -1))",
    "signal by descriptor": "signal.pidfd_send_signal(os.pidfd_open({victim}), 15)",
    "signal on input": "a, b = os.pipe(); fcntl.fcntl(a, fcntl.F_SETOWN, {victim});"
    " assert fcntl.fcntl(a, fcntl.F_GETOWN) != {victim}; raise OSError",
    "trace": "call(101, 117, 16, {victim}, 0, 0)",
    "trace itself": "call(101, 117, 0, 0, 0, 0)",
    "read memory": "call(310, 270, {victim}, 0, 0, 0, 0, 0)",
    "take a descriptor": "call(438, 438, os.pidfd_open(os.getpid()), 0, 0)",
    "limit": "call(302, 261, {victim}, 7, struct.pack('QQ', 1, 1), 0)",
    "become root": "os.setuid(0)",
    "priority": "os.setpriority(os.PRIO_PROCESS, {victim}, 19)",
}
KERNEL = {
    "user namespace": "call(272, 97, 0x10000000)",
    "user namespace by clone": "call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)",
    "clone3": "call(435, 435, ctypes.create_string_buffer(88), 88)",
    "enter a namespace": "call(308, 268, 0, 0)",
    "mount": "call(165, 40, b'x', b'/tmp', b'tmpfs', 0, 0)",
    "new mount": "call(430, 430, b'tmpfs', 0)",
    "chroot": "os.chroot('.')",
    "io_uring": "call(425, 425, 4, ctypes.create_string_buffer(120))",
    "memfd": "os.memfd_create('x')",
    "userfaultfd": "call(323, 282, 1)",
    "bpf": "call(321, 280, 0, ctypes.create_string_buffer(72), 72)",
    "perf": "call(298, 241, ctypes.create_string_buffer(128), 0, -1, -1, 0)",
    "keys": "call(250, 219, 0, -3, 1)",
    "shared memory": "call(29, 194, 0, 4096, 0o1600)",
    "semaphores": "call(64, 190, 0, 1, 0o1600)",
    "message queue": "call(68, 186, 0, 0o1600)",
    "posix queue": "call(240, 180, b'x', 0o102, 0o600, 0)",
    "modules": "call(313, 273, 0, b'', 0)",
    "personality": "call(135, 92, 0x0040000)",
    "clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "host name": "socket.sethostname('x')",
    "type into a terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "unknown call": "call(500, 500)",
    "x32": "call(0x40000000 + 39, 500)",
}
ATTACKS = {
    f"{kind}: {name}": code
    for kind, group in (
        ("file", FILES),
        ("network", NETWORK),
        ("process", PROCESSES),
        ("kernel", KERNEL),
    )
    for name, code in group.items()
}

ATTEMPT = """
import errno
try:
    {code}
except OSError as e:
    print("refused", errno.errorcode.get(e.errno, e.errno))
else:
    print("LEAK")
"""
HARMLESS = (
    "file: read",
    "file: list",
    "file: environment of the user",
    "file: command line",
    "file: root of another",
    "network: tcp",
    "network: listen",
    "network: udp",
    "network: netlink",
    "network: vsock",
    "network: abstract",
    "network: path",
    "process: trace itself",
    "kernel: user namespace",
    "kernel: io_uring",
    "kernel: memfd",
    "kernel: shared memory",
    "kernel: message queue",
    "kernel: personality",
)


@pytest.fixture(scope="module")
def attacked(sandbox):
    with sandbox.open(BoxSpec(Limits())) as opened:
        yield opened


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused(attacked, run, outside, name):
    places = {"repository": Path(__file__).parents[2], "home": Path.home()}
    code = ATTACKS[name].format(**outside.names, **places)
    printed = run(attacked, PRELUDE + ATTEMPT.format(code=code))
    assert printed.startswith("refused")
    if name.startswith("kernel"):  # refused by the filter, not because of what we passed
        assert printed.split()[1] in ("EPERM", "EACCES", "ENOSYS")


def test_attacks_succeed_without_walls(outside, box_uid, tmp_path):
    """Else the test above would show nothing. Only such as harm nothing, and never as root."""
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None or os.getuid() != 0:
        pytest.skip("needs root, to become somebody else, and a Python that anybody can run")
    for name in HARMLESS:
        code = ATTACKS[name].format(**outside.names)
        done = subprocess.run(
            [python, "-c", PRELUDE + ATTEMPT.format(code=code)],
            user=box_uid,
            cwd="/",
            capture_output=True,
            text=True,
        )
        assert done.stdout.split("\n")[0] == "LEAK", (name, done.stdout, done.stderr)


def test_outside_is_unchanged_by_what_is_not_refused(attacked, run, outside):
    attempts = """
        import os
        for change in (
            lambda: os.chmod({secret!r}, 0),
            lambda: os.utime({secret!r}, (0, 0)),
            lambda: os.chown({secret!r}, os.getuid(), os.getgid()),
            lambda: os.setxattr({secret!r}, "user.x", b"y"),
            lambda: os.sched_setscheduler({victim}, os.SCHED_IDLE, os.sched_param(0)),
            lambda: os.kill(-1, 0),
            lambda: os.killpg(os.getpgid({victim}), 15),
        ):
            try:
                change()
            except OSError:
                pass
    """
    before = outside.secret.stat()
    assert run(attacked, textwrap.dedent(attempts.format(**outside.names))) == ""
    after = outside.secret.stat()
    assert before[:8] == after[:8]
    assert before.st_mtime == after.st_mtime
    assert outside.secret.read_text() == "expected values"
    assert sorted(p.name for p in outside.folder.iterdir()) == ["secret", "socket"]
    assert outside.victim.poll() is None
    assert os.sched_getscheduler(outside.victim.pid) == os.SCHED_OTHER
    assert attacked.alive()


def test_foreign_system_calls_kill_the_caller(box, run):
    if platform.machine() != "x86_64":
        pytest.skip("32-bit calls exist on x86-64 only")
    code = """
    import ctypes, mmap, os
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, getpid; int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    pid = os.fork()
    if pid == 0:
        ctypes.CFUNCTYPE(ctypes.c_int)(address)()
        os._exit(0)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
    """
    assert run(box, textwrap.dedent(code)) == "31"


def test_nothing_is_inherited(box, run):
    code = """
    import os, stat
    kinds = set()
    for fd in range(1024):
        try: mode = os.fstat(fd).st_mode
        except OSError: continue
        kinds.add(stat.S_IFMT(mode) if not stat.S_ISREG(mode) else "file")
    print(kinds <= {stat.S_IFSOCK, stat.S_IFIFO, stat.S_IFCHR, 0}, kinds)
    print(sorted(set(os.environ) & {"HOSTNAME", "PWD", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"}))
    """
    printed = run(box, textwrap.dedent(code)).splitlines()
    assert printed[0].startswith("True")
    assert printed[1] == "[]"


def test_other_processes_are_invisible(box, run, sandbox):
    code = "import os; print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))"
    expected = "[1, 2]" if sandbox.isolation.level == 3 else "PermissionError: [Errno 13] "
    assert run(box, code).startswith(expected)


def test_boxes_do_not_see_each_other(sandbox, run):
    with sandbox.open(BoxSpec(Limits())) as one, sandbox.open(BoxSpec(Limits())) as two:
        place = run(
            one, "import os; open('mine', 'w').write('my answer'); print(os.getcwd(), os.getpid())"
        )
        folder, pid = place.split()
        code = f"""
import os, signal
try: print(open({folder + "/mine"!r}).read())
except OSError as e: print("refused")
try: os.kill({pid}, signal.SIGKILL) if {pid} != os.getpid() else 1 / 0
except (OSError, ZeroDivisionError): print("refused")
try: print(open({one.connection["ip"]!r} + "-1"))
except OSError as e: print("refused")
"""
        assert run(two, code).split() == ["refused"] * 3
        assert one.alive()


def test_files_arrive_and_can_be_written(box, run):
    code = """print(open("data.csv").read(), repr(open("empty").read()))
open("out.txt", "w").write("x")
import tempfile; tempfile.NamedTemporaryFile().write(b"x")"""
    assert run(box, code) == "1,2\n ''"


@pytest.mark.slow
def test_ordinary_programs_work(box, run, sandbox):
    code = """
import torch, numpy as np, matplotlib.pyplot as plt, subprocess
from sklearn.datasets import load_digits
w = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.1)
for _ in range(3):
    optimizer.zero_grad(); ((w - 1) ** 2).sum().backward(); optimizer.step()
plt.plot([1, 2]); plt.savefig("figure.png"); plt.close()
torch.save(w, "w.pt"); torch.load("w.pt"); np.linalg.svd(np.ones((3, 3)))
torch.set_num_threads(2); torch.ones(500, 500) @ torch.ones(500, 500)
load_digits()
print(subprocess.run(["echo", "hello"], capture_output=True, text=True).stdout)
"""
    assert run(box, code) == "hello"
    if sandbox.isolation.level == 3:
        workers = """
from torch.utils.data import DataLoader
print(sum(float(batch.sum()) for batch in DataLoader(torch.ones(64, 3), 8, num_workers=2)))
!echo shell
"""
        assert run(box, workers).split() == ["192.0", "shell"]


def test_interrupt_stops_a_cell(box, run):
    threading.Timer(1.0, box.interrupt).start()
    started = time.monotonic()
    assert run(box, "import time\nwhile True: time.sleep(0.1)").startswith("KeyboardInterrupt")
    assert time.monotonic() - started < 10
    assert run(box, "print(1)") == "1"


@pytest.mark.parametrize("level", [0, 1, 4])
def test_unknown_levels_are_refused(level):
    from grader.sandbox.linux import LinuxSandbox

    with pytest.raises(SandboxError):
        LinuxSandbox(level=level)


@pytest.mark.slow
@pytest.mark.parametrize("level", [3, 2])
def test_what_is_hidden_is_not_shown_with_the_packages(level, run):
    """An installed grader brings a course with solutions, next to packages that boxes need."""
    from grader.sandbox.linux import LinuxSandbox

    secret = Path(pytest.__file__)
    try:
        opened = LinuxSandbox(level=level, hidden=(secret.parent,))
    except SandboxError as error:
        pytest.skip(f"level {level} cannot be had: {error}")
    with opened, opened.open(BoxSpec(Limits())) as box:
        code = f"""
        try: print(open({str(secret)!r}).read())
        except OSError as e: print("refused")
        import tomllib, torch.nn.utils.prune, pygments.lexers.python  # not imported before
        """
        assert run(box, textwrap.dedent(code)) == "refused"
