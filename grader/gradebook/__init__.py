"""The gradebook: every grading, every mark, every score, kept for good.

SQLite in one file; from Python any SQLAlchemy URL, which is tried on SQLite only. This package is
the only place that knows SQLAlchemy. Rows are only ever added: grading again, marking again or
importing again makes a newer row, and the newest counts; the database itself refuses the rest.
The roster is the exception, it is brought up to date in place. What people do is in the audit log.

Only the parent process writes, one short transaction per call; what a call has returned from
survives SIGKILL. Lists are answered from summary columns, without reading result documents.
"""

from grader.gradebook.book import Gradebook
from grader.gradebook.rows import Mark, ResultRow, Score

__all__ = ["Gradebook", "Mark", "ResultRow", "Score"]
