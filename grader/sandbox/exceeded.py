"""What a student is told about a limit that ended the program."""

from __future__ import annotations

from grader.errors import (
    MemoryLimitExceeded,
    OutputLimitExceeded,
    RunTimeError,
    SubmissionFault,
    TimeLimitExceeded,
)
from grader.result import Diagnosis, Text


def memory_limit(mib: int) -> SubmissionFault:
    """All processes together used more memory than allowed."""
    return MemoryLimitExceeded(
        Diagnosis(
            "memory_limit",
            Text(
                f"程序占用的内存超过了允许的 {mib} MiB，已被终止。",
                f"The program used more than the {mib} MiB of memory that are allowed and was "
                "ended.",
            ),
            Text(
                "检查张量的形状（广播可能悄悄产生很大的矩阵），以及是否把带计算图的张量存进了列表；"
                "记录损失时用 loss.item()。",
                "Check the shapes of your tensors (broadcasting can silently make a huge matrix), "
                "and whether a list keeps tensors together with their graphs; record losses with "
                "loss.item().",
            ),
        )
    )


def cpu_limit(seconds: float) -> SubmissionFault:
    """All processes together computed longer than allowed."""
    return TimeLimitExceeded(
        Diagnosis(
            "cpu_limit",
            Text(
                f"程序占用的 CPU 时间超过了允许的 {seconds:g} 秒，已被终止。",
                f"The program computed for more than the {seconds:g} seconds of CPU time that are "
                "allowed and was ended.",
            ),
            Text(
                "检查是否有不会结束的循环，或者可以用张量运算代替的 Python 循环。",
                "Look for a loop that never ends, or for Python loops that a tensor operation can "
                "replace.",
            ),
        )
    )


def process_limit(count: int) -> SubmissionFault:
    """More processes were started than allowed."""
    return RunTimeError(
        Diagnosis(
            "process_limit",
            Text(
                f"程序启动的进程超过了允许的 {count} 个，已被终止。",
                f"The program started more than the {count} processes that are allowed and was "
                "ended.",
            ),
            Text(
                "减少 DataLoader 的 num_workers，并检查是否在循环里不断创建进程。",
                "Lower num_workers of your DataLoader, and check whether a loop keeps starting "
                "processes.",
            ),
        )
    )


def disk_limit(mib: int) -> SubmissionFault:
    """More was written to files than allowed."""
    return OutputLimitExceeded(
        Diagnosis(
            "disk_limit",
            Text(
                f"程序写入文件的数据超过了允许的 {mib} MiB，已被终止。",
                f"The program wrote more than the {mib} MiB to files that are allowed and was "
                "ended.",
            ),
            Text(
                "不要在循环里反复保存模型或数据；评分不需要这些文件。",
                "Do not save models or data again and again in a loop; grading needs none of "
                "these files.",
            ),
        )
    )
