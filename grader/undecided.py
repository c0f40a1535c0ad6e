"""What a fault of ours leaves of a grading: a result that says nothing yet of the submission."""

from __future__ import annotations

from datetime import UTC, datetime

from grader.result import Diagnosis, SubmissionResult, Text, Verdict
from grader.submission import GradingJob
from grader.version import VERSION

OUR_FAULT = Diagnosis(
    "judge_error",
    Text(
        "评分程序自身出错，本次提交的分数待定。",
        "The grader itself failed; the points of this submission are not decided yet.",
    ),
    Text("老师会处理，你不需要做什么。", "A person will look at it; you need do nothing."),
)


def undecided(job: GradingJob) -> SubmissionResult:
    """A result that says nothing yet of the submission: what a fault of ours leaves."""
    return SubmissionResult(
        assignment=job.submission.assignment,
        student=job.submission.student,
        attempt=job.submission.attempt,
        verdict=Verdict.JUDGE_ERROR,
        graded_at=datetime.now(UTC),
        key=job.key,
        logic=job.logic,
        submitted_at=job.submission.submitted_at,
        device=job.device,
        grader_version=VERSION,
    )
