"""Attacks that want all of the machine, or the grader to wait for ever.

The arena's limits are small (`arena.LIMITS`). The right solution stands beside the attack, so that
its points show that nothing but the attack was stopped; the next submission shows that the machine
is there for it.
"""

from __future__ import annotations

from tests.hostile.attack import EXHAUST, attack
from tests.hostile.forging import FRAME

ATTACKS = (
    attack(EXHAUST, "a fork bomb",
           """
           while True:
               try: os.fork()
               except OSError: time.sleep(0.01)
           """, right=True, needs_walls=True),
    attack(EXHAUST, "threads without end",
           """
           try:
               while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
           except RuntimeError: pass
           """, needs_walls=True),  # what stays full is its own share: no copy answers its calls
    attack(EXHAUST, "memory in one process",
           "kept = []\nwhile True: kept.append(torch.ones(2**22))", right=True),
    attack(EXHAUST, "memory in many processes",
           """
           for _ in range(6):
               if os.fork() == 0:
                   kept = [torch.ones(2**24) for _ in range(8)]
                   time.sleep(60); os._exit(0)
           time.sleep(60)
           """, right=True),
    attack(EXHAUST, "memory in shared mappings",
           """
           kept = []
           while True:
               kept.append(mmap.mmap(-1, 16 << 20)); kept[-1].write(bytes(16 << 20))
           """, right=True),
    attack(EXHAUST, "the disk, in many files",
           """
           for n in range(400):
               each(lambda: open(f"{'/tmp' if n % 2 else '.'}/{n}", "wb").write(bytes(1 << 20)))
           time.sleep(1)
           """, right=True, needs_walls=True),
    attack(EXHAUST, "the disk, in one file",
           """
           signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
           with open("large", "wb") as file:
               for _ in range(400): file.write(bytes(1 << 20))
           """),  # watched, not limited, at level 2: what stays full is its own share
    attack(EXHAUST, "inodes",
           "for n in range(40000): open(f'i{n}', 'w').close()", right=True),
    attack(EXHAUST, "descriptors",
           "kept = []\nwhile True: kept.append(os.open('/dev/null', 0))", right=True),
    attack(EXHAUST, "print without end", "while True: print('a' * 1000)", right=True),
    attack(EXHAUST, "one gigantic line", "print('a' * 100_000_000)", right=True),
    attack(EXHAUST, "output past Python, on descriptor 1",
           "data = b'a' * 65536\nfor _ in range(4000): os.write(1, data)", right=True),
    attack(EXHAUST, "displayed data that unpacks to a giant",
           """
           import zlib
           from IPython.display import display
           bomb = zlib.compress(bytes(50_000_000), 9).hex()
           display({"image/png": bomb, "text/html": "<b>" * 200_000}, raw=True)
           """, right=True),
    attack(EXHAUST, "an exception with a gigantic text",
           "raise ValueError('a' * 50_000_000)", right=True),
    attack(EXHAUST, "an endless loop", "while True: pass", right=True),
    attack(EXHAUST, "a loop that no interrupt ends",
           """
           while True:
               try:
                   while True: time.sleep(1)
               except BaseException: pass
           """, right=True),
    attack(EXHAUST, "sleep in C with signals blocked",
           "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})\nlibc.sleep(60)",
           right=True),
    attack(EXHAUST, "recursion without end", "def deeper(): deeper()\ndeeper()", right=True),
    attack(EXHAUST, "a kernel that ends, in a call as in a cell",
           "def half_square(x): os.kill(os.getppid(), 9); os._exit(0)"),
    attack(EXHAUST, "an endless reply",
           "def half_square(x): return torch.zeros(1).expand(10**12)"),
    attack(EXHAUST, "a reply that announces more than there is",
           FRAME, """
           def half_square(x):
               send_all(struct.pack("<IQ", 64, 2**62)); time.sleep(60)
           """),
    attack(EXHAUST, "a reply that comes a byte at a time",
           FRAME, """
           def half_square(x):
               send_all(struct.pack("<IQ", 1000, 0))
               while True: send_all(b" "); time.sleep(0.2)
           """),
    attack(EXHAUST, "a header that nests without end",
           FRAME, """
           def half_square(x):
               text = b'{"op": "value", "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
               send_all(struct.pack("<IQ", len(text), 0) + text)
               return x.sum()
           """),
    attack(EXHAUST, "a reply of a million small things",
           FRAME, """
           def half_square(x):
               text = b'{"op": "value", "value": {"l": [' + b"1," * 1_000_000 + b'1]}, "tensors": []}'
               send_all(struct.pack("<IQ", len(text), 0) + text)
               return x.sum()
           """),
    attack(EXHAUST, "a tensor of announced terabytes",
           FRAME, """
           def half_square(x):
               send_all(frame({"op": "value", "value": {"t": 0}, "tensors":
                               [{"dtype": "float64", "shape": [2**40, 2**20], "device": "cpu"}]}))
               return x.sum()
           """),
)  # fmt: skip
