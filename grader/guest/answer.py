"""Answers the grader's calls of student functions. Runs as a file inside the box.

`serve` reads one frame, does what it says, writes one frame, and so on until the host hangs up.
The student's functions live in `namespace`; what they return goes out as data. Student code can
do anything to this process: what it gains is to decide what its own functions return.
"""

import contextlib
import functools
import io
import random
import sys
import time

import numpy
import torch
import wire
from torch.utils._python_dispatch import TorchDispatchMode

PRINTED = 4000
"""Characters of output kept per call, for the instructor."""


def serve(sock, namespace, places):
    """Answer frames on `sock` until the host hangs up or says "bye".

    Args:
        sock: a connected stream socket.
        namespace: where the notebook's names live.
        places: maps the file name of a code object to the ordinal of the cell it came from.
    """
    while True:
        received = wire.receive(sock)
        if received is None or received[0]["op"] == "bye":
            return
        fields, build = received
        if fields["op"] == "call":
            _Call(sock, namespace, places, fields, build).answer()
        elif fields["op"] == "execute":
            _execute(sock, namespace, places, fields)


class _Call:
    """One call of one student function."""

    def __init__(self, sock, namespace, places, fields, build):
        self.sock = sock
        self.namespace = namespace
        self.places = places
        self.fields = fields
        device = fields.get("device", "cpu")
        self.arguments = _moved(build(fields["args"]), device)
        self.keywords = _moved(build(fields["keywords"]), device)
        self.operators = set()

    def answer(self):
        head = {"id": self.fields["id"]}
        name = self.fields["name"]
        if not callable(self.namespace.get(name)):
            wire.send(self.sock, {**head, "op": "missing"})
            return
        before = self._fingerprints()
        printed = _Tail()
        started = time.perf_counter()
        try:
            with self._surroundings(printed):
                state = _seed(self.fields["seed"])
                value = self.namespace[name](*self.arguments, **self.keywords)
        except BaseException as error:
            head |= {"op": "raise", **describe(error, self.places)}
            wire.send(self.sock, {**head, "printed": printed.text()})
            return
        seconds = time.perf_counter() - started
        moved = not torch.equal(state, torch.get_rng_state())
        head |= {
            "op": "value",
            "seconds": seconds,
            "changed": [k for k, v in self._fingerprints().items() if v != before[k]],
            "rng": moved,
            "operators": sorted(self.operators)[:256],
            "printed": printed.text(),
        }
        try:
            wire.send(self.sock, head, value=value)
        except wire.TooLarge:
            wire.send(self.sock, {"id": head["id"], "op": "too_large"})

    def _fingerprints(self):
        named = {str(i): a for i, a in enumerate(self.arguments)} | self.keywords
        return {k: wire.fingerprint(v) for k, v in named.items()}

    @contextlib.contextmanager
    def _surroundings(self, printed):
        """Output aside, autograd off and operators recorded where asked, callees answered."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(printed))
            stack.enter_context(contextlib.redirect_stderr(printed))
            if self.fields.get("inference"):
                stack.enter_context(torch.inference_mode())
            if self.fields.get("record"):
                stack.enter_context(_Recorder(self.operators))
            for name in self.fields.get("stubs", []):
                stack.callback(self._restore, name, self.namespace.get(name, self))
                self.namespace[name] = self._asking(name)
            yield

    def _restore(self, name, saved):
        if saved is self:
            self.namespace.pop(name, None)
        else:
            self.namespace[name] = saved

    def _asking(self, name):
        """A function that has the grader answer: a correct `name`, whose code never comes here."""

        def ask(*arguments, **keywords):
            head = {"op": "ask", "id": self.fields["id"], "name": name}
            wire.send(self.sock, head, args=list(arguments), keywords=keywords)
            received = wire.receive(self.sock)
            if received is None or received[0]["op"] != "answer":
                raise RuntimeError(f"{name} could not be answered")
            fields, build = received
            return _moved(build(fields["value"]), self.fields.get("device", "cpu"))

        ask.__name__ = name
        return ask


class _Recorder(TorchDispatchMode):
    """Notes which operators ran, as "aten.mm"."""

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # or torch imports its compiler, which takes a second, to keep it away

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.add(func._schema.name.replace("::", "."))
        return func(*args, **(kwargs or {}))


class _Tail(io.TextIOBase):
    """Keeps the first characters written to it and forgets the rest."""

    def __init__(self):
        self.kept = []
        self.left = PRINTED

    def write(self, text):
        if self.left > 0:
            self.kept.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def text(self):
        return "".join(self.kept)


def _seed(seed):
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    seed_torch(seed)
    return torch.get_rng_state()


def seed_torch(seed):
    """As `torch.manual_seed`, which formats the stack for a CUDA that may not be there."""
    if torch.backends.cuda.is_built() or sys.platform == "darwin":
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def _moved(value, device):
    if device == "cpu":
        return value
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, list | tuple):
        return type(value)(_moved(v, device) for v in value)
    if isinstance(value, dict):
        return {k: _moved(v, device) for k, v in value.items()}
    return value


def describe(error, places):
    """Type, message and place of an exception, as plain fields."""
    line, ordinal = None, None
    trace = error.__traceback__
    while trace is not None:
        place = places(trace.tb_frame.f_code.co_filename)
        if place is not None:
            line, ordinal = trace.tb_lineno, place
        trace = trace.tb_next
    try:
        message = str(error)[:PRINTED]
    except BaseException:
        message = ""
    return {
        "type": wire.type_name(type(error)),
        "message": message,
        "line": line,
        "ordinal": ordinal,
        "stub": type(error) is NotImplementedError,
    }


def _execute(sock, namespace, places, fields):
    """Run one cell without a kernel (the `fake` sandbox)."""
    head = {"op": "done", "id": fields["id"]}
    printed = _Tail()
    filename = f"<cell {fields['ordinal']}>"
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            exec(compile(fields["source"], filename, "exec"), namespace)  # noqa: S102
        except BaseException as error:
            head |= {"error": True, **describe(error, places)}
            if isinstance(error, SyntaxError):
                head["line"] = error.lineno
    wire.send(sock, {**head, "printed": printed.text()})


def cell_places(filename):
    """Ordinal of a cell that `_execute` ran."""
    if filename.startswith("<cell ") and filename[6:-1].isdigit():
        return int(filename[6:-1])
    return None


@functools.cache
def warm_up():
    """Do once what is slow the first time, so that no student's call pays for it."""
    with torch.inference_mode(), _Recorder(set()):
        torch.ones(2).sum()


def quiet():
    """Cut a forked process off from the streams of the kernel it came from."""
    sys.stdout = sys.__stdout__ = _Tail()
    sys.stderr = sys.__stderr__ = _Tail()
