"""Question 1: loss functions."""

import torch

from grader import assert_close, check


@check("p1a", points=0, functions=("squared_loss",))
def test_squared_loss(student):
    """平方损失的例子：预测 (1, 2)，标签 (0, 0)
    the squared loss of the example: predictions (1, 2), labels (0, 0)"""
    # Of two examples the sum is what a mean without 1/2 is, too; three tell them apart.
    assert_close(student.squared_loss(torch.tensor([1.0, 2.0, 1.0]), torch.zeros(3)), 1.0)
    assert_close(student.squared_loss(torch.tensor([1.0, 2.0]), torch.zeros(2)), 1.25)


@check("p1b", points=0, functions=("zero_one_loss",))
def test_zero_one_loss(student):
    """0-1 损失的例子：三个样本错一个
    the 0-1 loss of the example: one mistake in three"""
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    assert_close(student.zero_one_loss(logits, torch.tensor([0, 1, 1])), 1 / 3)


@check("p1c", points=0, functions=("cross_entropy_loss",))
def test_cross_entropy_loss(student):
    """三类得分相同时，交叉熵是 log 3
    the cross-entropy of three equal scores is log 3"""
    loss = student.cross_entropy_loss(torch.zeros(4, 3), torch.tensor([0, 1, 2, 0]))
    assert_close(loss, 1.0986123)


@check("p1d", points=0, functions=("cross_entropy_loss",))
def test_cross_entropy_of_large_logits(student):
    """得分很大时交叉熵仍是有限的
    the cross-entropy stays finite for large scores"""
    logits = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]])
    assert_close(student.cross_entropy_loss(logits, torch.tensor([0, 0])), 500.0)
