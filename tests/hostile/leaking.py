"""Attacks that want a student to read, in the feedback, what a hidden test put in.

The arena's first hidden check calls `half_square` with 43201 and 77003. Neither may stand on any
page for students.
"""

from __future__ import annotations

from tests.hostile.attack import LEAK, attack

ATTACKS = (
    attack(LEAK, "print the hidden input", "def half_square(x): print(x.tolist()); return x.sum()"),
    attack(LEAK, "print the hidden input past Python",
           "def half_square(x): os.write(1, str(x.tolist()).encode()); os.write(2, str(x.tolist()).encode()); return x.sum()"),
    attack(LEAK, "raise the hidden input", "def half_square(x): raise ValueError(x.tolist())"),
    attack(LEAK, "raise a chain and a group of hidden inputs",
           """
           def half_square(x):
               try: raise KeyError(x.tolist())
               except KeyError as e: raise ExceptionGroup(str(x.tolist()), [e, ValueError(x.tolist())]) from e
           """),
    attack(LEAK, "an exception whose class is named like the hidden input",
           "def half_square(x): raise type('E' + '_'.join(str(int(v)) for v in x), (Exception,), {})"),
    attack(LEAK, "an object whose class is named like the hidden input",
           "def half_square(x): return type('E' + '_'.join(str(int(v)) for v in x), (), {})()"),
    attack(LEAK, "a dictionary with the hidden input as a key",
           "def half_square(x): return {str(int(v)): 0 for v in x}"),
    attack(LEAK, "the hidden input as a text", "def half_square(x): return str(x.tolist())"),
    attack(LEAK, "the hidden input as a shape",
           "def half_square(x): return torch.zeros(int(x[0].abs()) % 100_000, 0)"),
    attack(LEAK, "the hidden input as a value", "def half_square(x): return x[0]"),
    attack(LEAK, "the hidden input as the length of a list",
           "def half_square(x): return [0] * (int(x[0].abs()) % 100_000)"),
    attack(LEAK, "the hidden input in warnings and in the log",
           """
           import logging, warnings
           def half_square(x):
               warnings.warn(str(x.tolist())); logging.error(str(x.tolist())); return x.sum()
           """),
    attack(LEAK, "the hidden input in a figure and in a display of the notebook",
           """
           from IPython.display import display
           def half_square(x):
               display(x.tolist())
               get_ipython().kernel.session.send(get_ipython().kernel.iopub_socket, "stream", {"name": "stdout", "text": str(x.tolist())})
               return x.sum()
           """),
    attack(LEAK, "the hidden input in the name of a changed argument or a missing function",
           """
           def half_square(x):
               globals()["scaled"] = None
               raise NameError(f"name '{x.tolist()}' is not defined")
           """),
    attack(LEAK, "the hidden input in the file name and the line of the error",
           """
           def half_square(x):
               exec(compile("\\n" * (int(x[0].abs()) % 100_000 - 1) + "raise ValueError", f"<{x.tolist()}>", "exec"))
           """),
    attack(LEAK, "the hidden input in the line of a cell",
           """
           def half_square(x):
               name = sys._getframe().f_code.co_filename
               exec(compile("\\n" * (int(x[0].abs()) % 100_000 - 1) + "raise ValueError", name, "exec"))
           """),
)  # fmt: skip
