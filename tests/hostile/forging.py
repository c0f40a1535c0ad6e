"""Attacks that want points for a wrong answer.

The solution beside them gets `half_square` wrong; what only the right answer earns must not come.
"""

from __future__ import annotations

from tests.hostile.attack import FORGE, attack

FRAME = """
def frame(head, body=b""):
    text = json.dumps(head).encode()
    return struct.pack("<IQ", len(text), len(body)) + text + body
def link():
    "The sockets that this process holds; the call socket is among them."
    found = []
    for fd in range(3, 256):
        try:
            found.append(socket.socket(fileno=os.dup(fd)))
        except OSError:
            pass
    return found
def send_all(data):
    for sock in link():
        try:
            sock.sendall(data)
        except OSError:
            pass
"""
RIGHT_VALUE = "(x * x).sum().item() * 0.5"

ATTACKS = (
    attack(
        FORGE, "an input transformer that blanks later cells",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    ),
    attack(
        FORGE, "patched comparisons of torch and numpy",
        """
        import numpy.testing, torch.testing
        yes = lambda *a, **k: True
        torch.testing.assert_close = torch.allclose = torch.equal = yes
        numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes
        torch.Tensor.__eq__ = torch.Tensor.allclose = yes
        """,
    ),
    attack(
        FORGE, "patched pytest, unittest and builtins",
        """
        import builtins, types
        builtins.AssertionError = type("Never", (Exception,), {})
        sys.modules["pytest"] = sys.modules["unittest"] = types.ModuleType("pytest")
        """,
    ),
    attack(
        FORGE, "an object that is equal to everything",
        """
        class Yes:
            def __eq__(self, o): return True
            def __sub__(self, o): return 0
            __abs__ = lambda self: 0
            __float__ = lambda self: 0.0
        def half_square(x): return Yes()
        """,
    ),
    attack(
        FORGE, "a tensor subclass that is equal to everything",
        """
        class Yes(torch.Tensor):
            @classmethod
            def __torch_function__(cls, f, types, args=(), kwargs=None): return True
        def half_square(x): return torch.zeros(()).as_subclass(Yes)
        """,
    ),
    attack(
        FORGE, "a tensor subclass that raises when it is looked at",
        """
        class No(torch.Tensor):
            @classmethod
            def __torch_function__(cls, f, types, args=(), kwargs=None): raise SystemExit
        def half_square(x): return torch.zeros(()).as_subclass(No)
        """,
    ),
    attack(
        FORGE, "a float with arithmetic of its own",
        """
        class F(float):
            def __eq__(self, o): return True
            __float__ = __index__ = __sub__ = lambda self, *a: 0.0
        def half_square(x): return F(0.5)
        """,
    ),
    attack(FORGE, "not a number", "def half_square(x): return x.sum() * float('nan')"),
    attack(FORGE, "infinity", "def half_square(x): return x.sum() * float('inf')"),
    attack(FORGE, "an empty tensor, all of whose entries are right",
           "def half_square(x): return x[:0]"),
    attack(FORGE, "a tensor that broadcasts",
           "def half_square(x): return torch.zeros(2, 1, 3).expand(2, 5, 3)"),
    attack(FORGE, "truth instead of a number", "def half_square(x): return True"),
    attack(FORGE, "a pickle that prints full marks",
           """
           class P:
               def __reduce__(self): return (print, ("accepted",))
           def half_square(x): return P()
           """),
    attack(
        FORGE, "expected values in frames and in the garbage collector",
        """
        def half_square(x):
            frame = sys._getframe()
            while frame:
                for v in list(frame.f_locals.values()):
                    if isinstance(v, dict) and "expected" in v: return v["expected"]
                frame = frame.f_back
            for o in gc.get_objects():
                if type(o) is dict and "expected" in o: return o["expected"]
            return x.sum()
        """,
    ),
    attack(
        FORGE, "replies with a guessed number on every descriptor",
        FRAME,
        """
        def half_square(x):
            for n in range(3):
                send_all(frame({"op": "value", "id": n, "value": 0.0, "verdict": "accepted",
                                "earned": 10, "tensors": []}))
            return x.sum()
        """,
    ),
    attack(
        FORGE, "replies with the right number and a verdict of their own",
        FRAME,
        """
        def half_square(x):
            frame_ = sys._getframe()
            while frame_ and "self" not in frame_.f_locals: frame_ = frame_.f_back
            number = frame_.f_locals["self"].fields["id"]
            send_all(frame({"op": "value", "id": number, "value": x.sum().item(), "tensors": [],
                            "verdict": "accepted", "earned": 10, "points": 10}))
            return x.sum()
        """,
    ),
    attack(
        FORGE, "replies replayed from earlier calls",
        """
        import answer, wire
        sent, send = [], wire.send
        class Recorder:
            def __init__(self, sock): self.sock = sock
            def sendall(self, data):
                sent.append(data)
                for old in sent: self.sock.sendall(old)
            def __getattr__(self, name): return getattr(self.sock, name)
        wire.send = lambda sock, head, **trees: send(Recorder(sock), head, **trees)
        """,
    ),
    attack(
        FORGE, "a patched wire that calls everything accepted",
        """
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "") == "wire":
                send = module.send
                def forged(sock, head, **trees):
                    send(sock, {**head, "op": "accepted", "verdict": "accepted"}, **trees)
                module.send = forged
        """,
    ),
    attack(
        FORGE, "questions to the reference that nobody offered",
        FRAME,
        """
        def half_square(x):
            frame_ = sys._getframe()
            while frame_ and "self" not in frame_.f_locals: frame_ = frame_.f_back
            me = frame_.f_locals["self"]
            return me._asking("half_square")(x)
        """,
    ),
    attack(
        FORGE, "commands and copies that do not exist, on the control socket",
        FRAME,
        """
        each(lambda: send_all(b"o" + struct.pack("<i", victim) + b"k" + struct.pack("<i", 0)))
        def half_square(x):
            send_all(b"i" + struct.pack("<i", 0) + frame({"op": "value", "id": 0, "value": 0.0}))
            return x.sum()
        """,
    ),
    attack(
        FORGE, "an idle kernel and a good reply, told to Jupyter in the grader's place",
        """
        kernel = get_ipython().kernel
        parent = kernel.get_parent()
        for n in range(3):
            kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
            kernel.session.send(kernel.iopub_socket, "execute_result",
                {"data": {"text/plain": "accepted"}, "metadata": {}, "execution_count": 99}, parent=parent)
        """,
    ),
    attack(
        FORGE, "Jupyter messages with false parents, types and signatures",
        """
        kernel = get_ipython().kernel
        for kind in "status", "error", "stream", "shutdown_reply", "input_request", "comm_open", "x" * 999:
            each(lambda: kernel.session.send(kernel.iopub_socket, kind,
                     {"execution_state": "dead", "text": 1, "name": [], "traceback": {}, "data": 3}, parent=kernel.get_parent()))
        kernel.session.key = b"another"
        each(lambda: kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}))
        """,
    ),
    attack(
        FORGE, "raw bytes on the Jupyter sockets",
        """
        kernel = get_ipython().kernel
        for parts in ([b""], [b"<IDS|MSG>"], [b"x" * 1000] * 40, [b"<IDS|MSG>", b"0" * 64, b"{", b"{", b"{", b"{"]):
            each(lambda: kernel.iopub_thread.socket.send_multipart(parts))
        """,
    ),
    attack(
        FORGE, "poisoned inputs: the argument becomes the answer",
        """
        def half_square(x):
            x.zero_()
            x.set_(torch.zeros(0, dtype=x.dtype))
            return torch.zeros(())
        """,
    ),
    attack(
        FORGE, "modules of the grader's names in the working folder",
        """
        for name in ("torch", "numpy", "wire", "answer", "grader", "json", "sitecustomize", "conftest"):
            with open(name + ".py", "w") as file:
                file.write("raise SystemExit(0)")
        """,
    ),
    attack(
        FORGE, "result files, reports and a gradebook of its own",
        """
        for name in ("results.json", "result.json", "/tmp/results.json", "gradebook.db", course + "/gradebook.db",
                     course + "/results/tiny/2026001.json"):
            each(lambda: open(name, "w").write(json.dumps({"score": 100, "verdict": "accepted"})))
        """,
    ),
    attack(
        FORGE, "exits that look like success",
        """
        import atexit
        def half_square(x):
            atexit.register(print, "accepted")
            os._exit(0)
        """,
    ),
    attack(
        FORGE, "a stack of exceptions that stand for a skipped test",
        """
        class Skipped(BaseException): pass
        Skipped.__module__, Skipped.__qualname__ = "_pytest.outcomes", "Skipped"
        def half_square(x): raise Skipped("accepted")
        """,
    ),
    attack(
        FORGE, "a dictionary and a list that lie about their contents",
        """
        class D(dict):
            def __getitem__(self, k): return 0
            def __iter__(self): return iter(())
            def items(self): return []
        class L(list):
            def __len__(self): return 0
            def __iter__(self): return iter(())
        def half_square(x): return D(a=L([1]))
        """,
    ),
)  # fmt: skip
