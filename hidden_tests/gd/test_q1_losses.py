"""Question 1: loss functions."""

import torch

from grader import Text, assert_close, check


@check("1a", points=3)
def test_squared_loss(agree, draw):
    """平方损失的值正确，只有一个样本时也对
    the squared loss is right, also for a single example"""
    for n in 64, 7, 1:
        agree("squared_loss", draw.normal(n, scale=3), draw.normal(n, scale=3))


@check("1b", points=2)
def test_squared_loss_of_columns(agree, draw):
    """预测值或标签是形状 (N, 1) 的一列时，平方损失仍然正确
    the squared loss is right when predictions or labels come as a column of shape (N, 1)"""
    agree("squared_loss", draw.normal(9, 1), draw.normal(9))
    agree("squared_loss", draw.normal(6, 1), draw.normal(6, 1))
    agree("squared_loss", draw.normal(8), draw.normal(8, 1))


@check("1c", points=3)
def test_zero_one_loss(agree, draw):
    """0-1 损失是分错的比例
    the 0-1 loss is the share of wrong predictions"""
    for n, k in (200, 10), (17, 2), (1, 3):
        agree("zero_one_loss", draw.normal(n, k), draw.integers(0, k, n))


@check("1d", points=5)
def test_cross_entropy_loss(agree, draw):
    """交叉熵损失的值正确，类别数、样本数和内存布局各不相同
    the cross-entropy is right for various numbers of classes and examples and memory layouts"""
    for n, k in (64, 10), (17, 5), (1, 3):
        logits = draw.normal(n, k, scale=draw.number(1, 3))
        agree("cross_entropy_loss", logits, draw.integers(0, k, n))
        agree("cross_entropy_loss", draw.strided(logits), draw.integers(0, k, n))


@check("1e", points=4)
def test_cross_entropy_of_extreme_logits(agree, draw):
    """logits 很大、很小或各行相差悬殊时，交叉熵仍是有限且正确的
    the cross-entropy stays finite and right for huge, tiny and very uneven logits"""
    y = draw.integers(0, 10, 20)
    agree("cross_entropy_loss", draw.normal(20, 10, scale=50) + draw.normal(20, 1, scale=300), y)
    agree("cross_entropy_loss", draw.normal(20, 10, scale=1000), y)
    agree("cross_entropy_loss", draw.normal(20, 10, offset=200), y)
    agree("cross_entropy_loss", draw.normal(20, 10, offset=-2000), y)
    agree("cross_entropy_loss", draw.normal(20, 10, scale=1000).float(), y)


@check("1f", points=1)
def test_cross_entropy_is_invariant(student, draw):
    """给一行得分加同一个数，或给类别重新编号，交叉熵不变
    adding a number to a row of scores, or renumbering the classes, changes nothing"""
    logits, y = draw.normal(12, 5), draw.integers(0, 5, 12)
    loss = student.cross_entropy_loss(logits, y)

    raised = student.cross_entropy_loss(logits + draw.normal(12, 1, scale=5), y)
    assert_close(
        raised, loss, tolerance=1e-9, what=Text("加上常数之后的损失", "the loss after adding")
    )

    order = draw.permutation(5)
    renumbered = student.cross_entropy_loss(logits[:, order], torch.argsort(order)[y])
    assert_close(
        renumbered,
        loss,
        tolerance=1e-9,
        what=Text("重新编号之后的损失", "the loss after renumbering"),
    )
