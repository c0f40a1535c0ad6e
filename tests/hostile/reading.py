"""Attacks that want to see what is not theirs."""

from __future__ import annotations

from tests.hostile.attack import READ, attack

ATTACKS = (
    attack(READ, "hidden tests, by name", "grab(course + '/hidden_tests/tiny/test_q1.py')"),
    attack(READ, "the reference, by name", "grab(course + '/reference/tiny/solution.py')"),
    attack(READ, "the gradebook, by name", "grab(course + '/gradebook.db')"),
    attack(READ, "the course secret, by name", "grab(course + '/secret')"),
    attack(
        READ, "a submission of somebody else, by name",
        "grab(course + '/submissions/tiny/2026999/tiny.ipynb')",
    ),
    attack(
        READ, "everything below the temporary folder, the homes and the root",
        """
        count = 0
        for top in (os.path.dirname(course), course, "/tmp", "/home", "/root", "/srv", "/mnt"):
            for folder, folders, files in os.walk(top):
                for name in files:
                    count += 1
                    if count > 20000: break
                    if "site-packages" in folder: continue
                    path = os.path.join(folder, name)
                    each(lambda: os.path.getsize(path) < 100_000 and os.path.isfile(path)
                         and grab(path))
        """,
    ),
    attack(
        READ, "hidden tests through links",
        """
        target = course + "/hidden_tests/tiny/test_q1.py"
        each(lambda: os.symlink(target, "soft"), lambda: grab("soft"))
        each(lambda: os.link(target, "hard"), lambda: grab("hard"))
        each(lambda: grab("/proc/self/root" + target), lambda: grab("/proc/self/cwd/.." + target))
        """,
    ),
    attack(
        READ, "hidden tests through the roots and folders of other processes",
        """
        for pid in [victim, grader, 1, os.getppid()]:
            for way in "root", "cwd":
                each(lambda: grab(f"/proc/{pid}/{way}{course}/hidden_tests/tiny/test_q1.py"))
            each(lambda: [grab(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")])
        """,
    ),
    attack(
        READ, "the environment, its own and that of all processes",
        """
        take(os.environ)
        pids = [victim, grader, 1, os.getppid()]
        each(lambda: pids.extend(p for p in os.listdir("/proc") if p.isdigit()))
        for pid in pids:
            each(lambda: grab(f"/proc/{pid}/environ"))
        """,
    ),
    attack(
        READ, "command lines of other processes",
        """
        pids = [victim]
        each(lambda: pids.extend(p for p in os.listdir("/proc") if p.isdigit()))
        for pid in pids:
            each(lambda: grab(f"/proc/{pid}/cmdline"))
        """,
    ),
    attack(
        READ, "the memory of other processes, through /proc",
        """
        for pid in victim, os.getppid(), 1, grader:
            each(lambda: memory(pid))
        """,
    ),
    attack(
        READ, "the memory of another process, by system call",
        """
        buffer = ctypes.create_string_buffer(1 << 16)
        local = struct.pack("QQ", ctypes.addressof(buffer), 1 << 16)
        with open(f"/proc/{victim}/maps") as maps:
            for line in maps:
                start = int(line.split("-")[0], 16)
                remote = struct.pack("QQ", start, 1 << 16)
                each(lambda: call(310, 270, victim, local, 1, remote, 1, 0), lambda: take(buffer.raw))
        """,
    ),
    attack(
        READ, "the work of a neighbour that is being graded now",
        """
        places = ["/box", "/tmp", tempfile.gettempdir(), os.path.dirname(os.getcwd()),
                  os.path.dirname(os.path.dirname(os.getcwd()))]
        for top in places:
            for folder, folders, files in os.walk(top):
                for name in files:
                    if name.startswith("neighbour"):
                        each(lambda: grab(os.path.join(folder, name)))
        each(lambda: grab(neighbour + "/neighbour.txt"))
        """,
    ),
    attack(
        READ, "System V shared memory of the machine",
        """
        for size in 0, 4096:
            segment = libc.shmget(shm_key, size, 0o400)
            if segment >= 0:
                address = libc.shmat(segment, None, 0o10000)
                if address != -1:
                    take(ctypes.string_at(address, 64))
        """,
    ),
    attack(READ, "POSIX shared memory of the machine", "grab('/dev/shm/' + shm_name)"),
    attack(
        READ, "what the grader left in descriptors, frames and objects",
        """
        for fd in range(3, 256):
            each(lambda: take(os.pread(fd, 1 << 16, 0)), lambda: take(os.readlink(f"/proc/self/fd/{fd}")))
        frame = sys._getframe()
        while frame:
            each(lambda: take(repr(frame.f_locals)[:1_000_000]))
            frame = frame.f_back
        for thing in gc.get_objects():
            if type(thing) in (dict, list, tuple):
                each(lambda: take([v for v in (thing.values() if type(thing) is dict else thing)
                                   if type(v) in (str, bytes)]))
        """,
    ),
    attack(
        READ, "the grader's own package and course, by import",
        """
        sys.path[:0] = [course, os.path.dirname(course)]
        for name in ("hidden_tests.tiny.test_q1", "reference.tiny.solution", "grader.secret",
                     "grader.checks", "grader.oracle"):
            each(lambda: grab(__import__(name, fromlist=["x"]).__file__))
        """,
    ),
)  # fmt: skip
