"""The gradebook as one thing: people, results, what people entered, and the log of it all."""

from __future__ import annotations

from grader.gradebook.auditing import Audited
from grader.gradebook.entered import Entered
from grader.gradebook.results import Results
from grader.gradebook.roster import People


class Gradebook(People, Results, Entered, Audited):
    """A gradebook, opened by `with`.

    Args:
        target: path of an SQLite file, or an SQLAlchemy URL.
        create: whether to make it when it is not there.
        wait: seconds to wait for another process that is writing.

    Raises:
        GradebookError: from every method, when the gradebook cannot be opened, read or written;
            one line and a remedy.
    """
