"""Attacks that want to change or reach what is outside the box."""

from __future__ import annotations

from tests.hostile.attack import ESCAPE, attack

ATTACKS = (
    attack(ESCAPE, "overwrite a file outside", "open(canary, 'w').write('changed')"),
    attack(ESCAPE, "truncate a file outside", "os.truncate(canary, 0)"),
    attack(ESCAPE, "delete and rename files outside",
           "each(lambda: os.rename(canary, canary + '2'), lambda: os.remove(canary))"),
    attack(ESCAPE, "create files and links outside",
           """
           each(lambda: open(folder + "/new", "w"), lambda: os.mkdir(folder + "/newer"),
                lambda: os.symlink("/", folder + "/soft"), lambda: os.link(canary, folder + "/hard"))
           """),
    attack(ESCAPE, "change mode, times, owner and attributes of a file outside",
           """
           each(lambda: os.chmod(canary, 0), lambda: os.utime(canary, (0, 0)),
                lambda: os.chown(canary, 1, 1), lambda: os.setxattr(canary, "user.x", b"y"))
           """),
    attack(ESCAPE, "change hidden tests and the gradebook",
           """
           each(lambda: open(course + "/gradebook.db", "a").write("100"),
                lambda: open(course + "/hidden_tests/tiny/test_q1.py", "w").write(""))
           """),
    attack(ESCAPE, "a file outside through a link, a handle and a descriptor's folder",
           """
           each(lambda: os.symlink(canary, "soft2"), lambda: open("soft2", "w"),
                lambda: open("/proc/self/root" + canary, "w"),
                lambda: open(f"/proc/{os.getppid()}/root{canary}", "w"),
                lambda: call(304, 265, -100, ctypes.create_string_buffer(64), 0))
           """),
    attack(ESCAPE, "signal a process outside",
           "each(*[lambda n=n: os.kill(victim, n) for n in (15, 9)])"),
    attack(ESCAPE, "signal everybody", "each(lambda: os.kill(-1, 9))", needs_walls=True),
    attack(ESCAPE, "signal the grader", "each(lambda: os.kill(grader, 9))", needs_walls=True),
    attack(ESCAPE, "signal groups, descriptors and queues",
           """
           each(lambda: os.killpg(os.getpgid(victim), 9), lambda: os.killpg(victim, 9),
                lambda: signal.pidfd_send_signal(os.pidfd_open(victim), 9),
                lambda: call(129, 138, victim, 9, struct.pack("iii116x", 9, 0, -1)),
                lambda: call(200, 130, victim, 9))
           """),
    attack(ESCAPE, "signals by input and output",
           """
           a, b = socket.socketpair()
           each(lambda: fcntl.fcntl(a, fcntl.F_SETOWN, victim), lambda: fcntl.fcntl(a, 10, 9),
                lambda: fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC), lambda: b.send(b"x"))
           """),
    attack(ESCAPE, "trace and stop a process outside",
           "each(lambda: call(101, 117, 16, victim, 0, 0), lambda: call(101, 117, 0x4206, victim, 0, 0))"),
    attack(ESCAPE, "write into the memory of a process outside",
           """
           def poke():
               with open(f"/proc/{victim}/maps") as maps:
                   start = next(int(l.split("-")[0], 16) for l in maps if "r-xp" in l)
               with open(f"/proc/{victim}/mem", "r+b", 0) as file:
                   file.seek(start); file.write(bytes(4096))
           each(poke)
           """),
    attack(ESCAPE, "limits, priority and scheduling of a process outside",
           """
           each(lambda: call(302, 261, victim, 7, struct.pack("QQ", 1, 1), 0),
                lambda: os.setpriority(os.PRIO_PROCESS, victim, 19),
                lambda: os.sched_setscheduler(victim, os.SCHED_IDLE, os.sched_param(0)),
                lambda: os.sched_setaffinity(victim, {0}))
           """),
    attack(ESCAPE, "a descriptor taken from a process outside",
           "each(lambda: os.write(call(438, 438, os.pidfd_open(victim), 1, 0), b'x'))"),
    attack(ESCAPE, "a TCP socket of the machine", "each(lambda: knock(socket.AF_INET, ('127.0.0.1', port)))"),
    attack(ESCAPE, "a UDP socket of the machine",
           "each(lambda: knock(socket.AF_INET, ('127.0.0.1', udp), socket.SOCK_DGRAM))"),
    attack(ESCAPE, "an abstract socket of the machine", "each(lambda: knock(socket.AF_UNIX, '\\0' + abstract))"),
    attack(ESCAPE, "a socket in a folder of the machine", "each(lambda: knock(socket.AF_UNIX, path))"),
    attack(ESCAPE, "a socket of the machine, from a child process in sessions of its own",
           """
           code = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({path!r})"
           each(lambda: subprocess.run([sys.executable, "-c", code], start_new_session=True, timeout=5),
                lambda: subprocess.run(["sh", "-c", f"echo x > {canary}"], timeout=5))
           """),
    attack(ESCAPE, "a user namespace, and mounts in it",
           """
           each(lambda: call(272, 97, 0x10000000 | 0x20000),
                lambda: call(56, 220, 0x10000000 | 17, 0, 0, 0, 0),
                lambda: call(165, 40, b"x", folder.encode(), b"tmpfs", 0, 0),
                lambda: subprocess.run(["unshare", "-Urm", "sh", "-c", f"echo x > {canary}"], timeout=5))
           """),
    attack(ESCAPE, "the namespaces and the root of a process outside",
           """
           for name in "user", "mnt", "pid", "net":
               for pid in victim, 1, os.getppid():
                   each(lambda: call(308, 268, os.open(f"/proc/{pid}/ns/{name}", 0), 0))
           each(lambda: os.chroot(f"/proc/{victim}/root"), lambda: os.chroot("."), lambda: open(canary, "w"))
           """),
    attack(ESCAPE, "root by identity and by setuid programs",
           """
           import shutil
           each(lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0]))
           each(lambda: shutil.copy("/bin/sh", "shell"), lambda: os.chmod("shell", 0o6755),
                lambda: os.chown("shell", 0, 0),
                lambda: subprocess.run(["./shell", "-p", "-c", f"echo x > {closed}"], timeout=5),
                lambda: subprocess.run(["su", "-c", f"echo x > {closed}"], timeout=5, stdin=subprocess.DEVNULL),
                lambda: subprocess.run([suid, "x", closed], timeout=5))
           """),
    attack(ESCAPE, "devices of the machine",
           """
           for name in "mem", "kmsg", "vda", "sda", "nvme0n1", "loop-control":
               each(lambda: open("/dev/" + name, "r+b"))
           each(lambda: os.mknod("disk", 0o60600, os.makedev(254, 0)), lambda: open("disk", "r+b"))
           """, needs_walls=True),
    attack(ESCAPE, "settings of the kernel and of control groups",
           """
           for name in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/sys/fs/cgroup/release_agent",
                        "/sys/fs/cgroup/cgroup.procs", "/proc/sys/kernel/modprobe"):
               each(lambda: open(name, "w").write("|" + canary))
           each(lambda: socket.sethostname("x"), lambda: time.clock_settime(time.CLOCK_REALTIME, 0))
           """, needs_walls=True),
    attack(ESCAPE, "System V shared memory of the machine",
           """
           segment = libc.shmget(shm_key, 0, 0o600)
           if segment >= 0:
               address = libc.shmat(segment, None, 0)
               if address != -1: ctypes.memmove(address, b"changed", 7)
           """),
    attack(ESCAPE, "POSIX shared memory of the machine", "each(lambda: open('/dev/shm/' + shm_name, 'w').write('x'))"),
    attack(ESCAPE, "interfaces of the kernel that are known for their bugs",
           """
           each(lambda: call(425, 425, 4, ctypes.create_string_buffer(120)), lambda: call(323, 282, 1),
                lambda: call(321, 280, 0, ctypes.create_string_buffer(72), 72),
                lambda: call(298, 241, ctypes.create_string_buffer(128), 0, -1, -1, 0),
                lambda: call(250, 219, 0, -3, 1), lambda: socket.socket(38, socket.SOCK_SEQPACKET))
           """),
    attack(ESCAPE, "keys typed into the terminal of the grader",
           "each(*[lambda fd=fd: fcntl.ioctl(fd, 0x5412, b'x') for fd in range(256)])"),
    attack(ESCAPE, "files of Python and of the guest",
           """
           for file in (os.__file__, torch.__file__, "/guest/kernel.py", sys.executable):
               each(lambda: open(file, "a").close(), lambda: os.chmod(file, 0o777), lambda: os.utime(file, (0, 0)))
           """, needs_walls=True),
)  # fmt: skip
