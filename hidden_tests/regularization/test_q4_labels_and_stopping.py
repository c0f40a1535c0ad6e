"""Question 4: label smoothing and early stopping."""

import torch

from grader import assert_close, check
from grader.result import Text


@check("4a", points=4)
def test_label_smoothing(agree, draw):
    """标签平滑的损失正确，类别数、样本数和平滑程度各不相同
    the smoothed loss is right for various numbers of classes and examples and amounts"""
    for n, k, epsilon in (1, 3, 0.1), (16, 5, 0.2), (32, 10, 0.0), (8, 2, 0.3), (4, 4, 0.1):
        logits, y = draw.normal(n, k, scale=2), draw.integers(0, k, n)
        agree("label_smoothing_loss", logits, y, epsilon)
    agree("label_smoothing_loss", draw.strided(logits), y, epsilon)


@check("4b", points=2)
def test_extreme_logits(agree, student, draw):
    """得分很大时损失仍有限且正确；不平滑时就是交叉熵
    finite and right for large scores; without smoothing it is the cross-entropy"""
    logits, y = draw.normal(20, 10, scale=100), draw.integers(0, 10, 20)
    agree("label_smoothing_loss", logits, y, 0.1)
    agree("label_smoothing_loss", logits.float(), y, 0.1)
    agree("label_smoothing_loss", 20 * logits, y, 0.2)
    plain = student.label_smoothing_loss(logits / 50, y, 0.0)
    expected = torch.nn.functional.cross_entropy(logits / 50, y)
    what = Text("不平滑时的损失", "the loss without smoothing")
    assert_close(plain, expected, tolerance=1e-9, what=what)


GRID = 1 / 16
"""Losses are multiples of it: then `best - min_delta` has no rounding error, ties are ties, and
every way of writing the comparison decides alike."""


def walk(draw, length, spread=2):
    """A falling random walk on the grid; equal neighbours are common."""
    steps = [draw.integer(-spread - 1, spread + 1) for _ in range(length - 1)]
    losses = [draw.integer(60, 100)]
    for step in steps:
        losses.append(losses[-1] + step)
    return [GRID * level for level in losses]


@check("4c", points=4)
def test_early_stopping(agree, draw):
    """停止的轮次和最好的轮次都正确：损失忽高忽低，有的恰好相等或恰好差 min_delta
    both epochs are right for losses that go up and down, tie, or differ by exactly min_delta"""
    for length, patience, min_delta in (
        (3, 1, 0.0),
        (8, 2, GRID),
        (15, 3, 0.0),
        (25, 4, GRID / 2),
        (40, 5, 2 * GRID),
        (40, 4, 0.0),
        (30, 5, GRID),
    ):
        agree("early_stopping", walk(draw, length), patience, min_delta)

    top = GRID * draw.integer(60, 100)
    slow = [top - GRID * epoch for epoch in range(9)]
    agree("early_stopping", slow, 3, GRID)
    agree("early_stopping", slow, 2, 2 * GRID)
    agree("early_stopping", slow, 4, 0.0)
    flat = [top, top - GRID, *[top - GRID] * 4, top - 2 * GRID]
    agree("early_stopping", flat, 3, 0.0)
    hill = [top, top + 2 * GRID, top + GRID, top - GRID, top, top - 3 * GRID, top]
    agree("early_stopping", hill, 3, 0.0)
    agree("early_stopping", [top], 2, 0.0)
