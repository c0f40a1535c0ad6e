"""Why a cell did not run to its end, in words a student understands.

Cells run before any hidden input exists, so the student's own exception may be shown beside these.
"""

from __future__ import annotations

from dataclasses import replace

from grader.course import Limits
from grader.faults import is_full_disk, is_out_of_processes
from grader.kernelclient import CellEnd
from grader.result import Diagnosis, Text, Verdict
from grader.sandbox.exceeded import disk_limit, process_limit


def diagnose_cell(number: int, end: CellEnd, limits: Limits) -> Diagnosis | None:
    """What to say about cell `number`; None when it ran to its end."""
    match end.verdict:
        case Verdict.ACCEPTED:
            return None
        case Verdict.TIME_LIMIT_EXCEEDED if end.seconds < limits.cell_time:
            return _all_time(number, limits)
        case Verdict.TIME_LIMIT_EXCEEDED:
            return _time(number, limits)
        case Verdict.OUTPUT_LIMIT_EXCEEDED if is_full_disk(end.error):
            return placed(disk_limit(limits.disk).diagnosis, number)
        case Verdict.OUTPUT_LIMIT_EXCEEDED:
            return _output(number, limits)
        case Verdict.MEMORY_LIMIT_EXCEEDED:
            return _memory(number, limits)
        case Verdict.SKIPPED:
            return _no_time_left(number, limits)
    if end.dead:
        return _died(number)
    if end.error.startswith("StdinNotImplementedError"):
        return _input(number)
    if is_out_of_processes(end.error):
        return placed(process_limit(limits.processes).diagnosis, number)
    return Diagnosis(
        "cell_error",
        Text(f"第 {number} 个单元运行时报错。", f"Cell {number} raised an error."),
        Text(
            "后面的单元照常运行；重启内核后从头运行一遍可以重现。",
            "The cells after it were run all the same; restart the kernel and run all to see it.",
        ),
    )


def placed(diagnosis: Diagnosis, number: int) -> Diagnosis:
    """Which limit was broken, and in which cell."""
    said = diagnosis.message
    message = Text(f"运行第 {number} 个单元时：{said.zh}", f"In cell {number}: {said.en}")
    return replace(diagnosis, message=message)


def _all_time(number: int, limits: Limits) -> Diagnosis:
    seconds = f"{limits.wall_time:g}"
    return Diagnosis(
        "notebook_time",
        Text(
            f"整个笔记本的 {seconds} 秒在运行第 {number} 个单元时用完，该单元被中断。",
            f"The {seconds} seconds of the whole notebook were used up in cell {number}, which "
            "was stopped.",
        ),
        Text(
            "看看前面哪些单元最慢，减少训练轮数。",
            "See which cells before it are slow; train for fewer epochs.",
        ),
    )


def _time(number: int, limits: Limits) -> Diagnosis:
    seconds = f"{limits.cell_time:g}"
    return Diagnosis(
        "cell_time",
        Text(
            f"第 {number} 个单元运行超过 {seconds} 秒，被中断。",
            f"Cell {number} ran for more than {seconds} seconds and was stopped.",
        ),
        Text(
            "检查循环的终止条件，或减少训练轮数。",
            "Check the condition of the loop, or train for fewer epochs.",
        ),
    )


def _output(number: int, limits: Limits) -> Diagnosis:
    size = f"{limits.output / 2**20:.3g}"
    return Diagnosis(
        "cell_output",
        Text(
            f"到第 {number} 个单元为止，输出超过了 {size} MiB。",
            f"By cell {number} the notebook had put out more than {size} MiB.",
        ),
        Text("删去循环中的 print。", "Remove print calls from loops."),
    )


def _memory(number: int, limits: Limits) -> Diagnosis:
    return Diagnosis(
        "cell_memory",
        Text(
            f"第 {number} 个单元使用的内存超过了 {limits.memory} MiB。",
            f"Cell {number} used more than {limits.memory} MiB of memory.",
        ),
        Text(
            "检查是否由于广播产生了巨大的中间张量，或者在列表里不断保存张量。",
            "Does broadcasting create a huge tensor, or does a list keep growing?",
        ),
    )


def _no_time_left(number: int, limits: Limits) -> Diagnosis:
    seconds = f"{limits.wall_time:g}"
    return Diagnosis(
        "notebook_time",
        Text(
            f"整个笔记本的 {seconds} 秒已用完，第 {number} 个单元没有运行。",
            f"The {seconds} seconds of the whole notebook were used up before cell {number}.",
        ),
    )


def _died(number: int) -> Diagnosis:
    return Diagnosis(
        "cell_died",
        Text(
            f"第 {number} 个单元使内核终止；评分时跳过了它，其余单元照常运行。",
            f"Cell {number} ended the kernel; it was left out and the other cells were run.",
        ),
        Text("去掉 exit、os._exit 一类的调用。", "Remove calls such as exit or os._exit."),
    )


def _input(number: int) -> Diagnosis:
    return Diagnosis(
        "cell_input",
        Text(
            f"第 {number} 个单元等待键盘输入（input）。",
            f"Cell {number} waits for keyboard input.",
        ),
        Text(
            "评分时没有人输入：把值直接写在代码里。",
            "Nobody types while it is graded: write the value into the code.",
        ),
    )
