"""Attacks that want to be there when the next submission is graded.

`mark` is a name that nobody else uses; the outside looks for processes and files that carry it,
and the next submission for what it was not given.
"""

from __future__ import annotations

from tests.hostile.attack import PERSIST, attack

ATTACKS = (
    attack(PERSIST, "a daemon in a session of its own",
           """
           if os.fork() == 0:
               os.setsid()
               if os.fork() == 0:
                   for n in range(3, 256): each(lambda: os.close(n))
                   os.execv(sys.executable, [mark, "-c", "import time; time.sleep(600)"])
               os._exit(0)
           """),
    attack(PERSIST, "a process that ignores every signal",
           """
           code = "import signal, time\\nfor n in range(1, 32):\\n    try: signal.signal(n, signal.SIG_IGN)\\n    except (OSError, ValueError): pass\\ntime.sleep(600)"
           subprocess.Popen([mark, "-c", code], executable=sys.executable, start_new_session=True)
           time.sleep(0.2)
           """),
    attack(PERSIST, "a process that has stopped itself",
           """
           if os.fork() == 0:
               os.setsid(); os.kill(os.getpid(), signal.SIGSTOP); os._exit(0)
           """),
    attack(PERSIST, "a process made by the kernel's death",
           """
           if os.fork() == 0:
               os.setsid()
               parent = os.getppid()
               while os.getppid() == parent: time.sleep(0.01)
               os.execv(sys.executable, [mark, "-c", "import time; time.sleep(600)"])
           os._exit(1)
           """),
    attack(PERSIST, "files in every folder that can be written",
           """
           for place in (".", "/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir(), os.path.expanduser("~"), folder,
                         os.path.dirname(os.getcwd()), os.path.dirname(torch.__file__), "/var/spool/cron/crontabs"):
               each(lambda: open(os.path.join(place, mark), "w").write("left"))
           """),
    attack(PERSIST, "changed site-packages, sitecustomize and .pth files",
           """
           site = os.path.dirname(os.path.dirname(torch.__file__))
           for name in ("sitecustomize.py", "usercustomize.py", mark + ".pth", mark + ".py"):
               for place in (site, os.path.dirname(os.__file__), os.path.expanduser("~/.local/lib")):
                   each(lambda: open(os.path.join(place, name), "x").write("import os"))
           """),
    attack(PERSIST, "cron, shell and IPython start files",
           """
           home = os.path.expanduser("~")
           each(lambda: os.makedirs(home + "/.ipython/profile_default/startup"))
           for path in (home + "/.bashrc", home + "/.profile", home + "/.ipython/profile_default/startup/" + mark + ".py",
                        "/etc/cron.d/" + mark, "/var/spool/cron/" + mark):
               each(lambda: open(path, "a").write("\\n# " + mark))
           each(lambda: subprocess.run(["crontab", "-"], input=b"* * * * * true # " + mark.encode(), timeout=3))
           """, needs_walls=True),
    attack(PERSIST, "changed modules that the next submission shares",
           """
           torch.left_behind = True
           torch.Tensor.sum = lambda *a, **k: torch.zeros(())
           sys.modules["left_behind"] = torch
           import builtins; builtins.left_behind = True
           """),
    attack(PERSIST, "shared memory, semaphores and named pipes",
           """
           each(lambda: libc.shmget(mark_key, 4096, 0o1666), lambda: libc.semget(mark_key, 1, 0o1666),
                lambda: libc.msgget(mark_key, 0o1666), lambda: os.mkfifo("/tmp/" + mark),
                lambda: open("/dev/shm/" + mark, "w").write("left"))
           """),
    attack(PERSIST, "a thread and handlers for the end",
           """
           import atexit
           def stay():
               while True:
                   try: time.sleep(600)
                   except BaseException: pass
           atexit.register(stay)
           threading.Thread(target=stay).start()
           for n in (1, 2, 15): signal.signal(n, lambda *a: stay())
           """),
    attack(PERSIST, "a mount, a locked file and a file that cannot be deleted",
           """
           each(lambda: call(165, 40, b"x", b"/tmp", b"tmpfs", 0, 0), lambda: os.makedirs("/tmp/" + mark + "/" + "d/" * 200),
                lambda: os.chmod("/tmp/" + mark, 0), lambda: os.makedirs(mark + "/a"), lambda: os.chmod(mark, 0),
                lambda: fcntl.flock(open(mark + "lock", "w"), fcntl.LOCK_EX))
           """, needs_walls=True),
)  # fmt: skip
