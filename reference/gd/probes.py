"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import probe

X = torch.tensor([[1.0, 2.0], [0.5, -1.0], [-2.0, 1.0], [3.0, 0.5]], dtype=torch.float64)
Y = torch.tensor([1.0, -1.0, 2.0, 0.5], dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 2])
W = torch.tensor([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]], dtype=torch.float64)
B = torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64)


def _float(x):
    return torch.tensor(x, dtype=torch.float64)


@probe("一个样本、输入为 0、没有惩罚时", "with one example that is zero, and no penalty")
def linear_regression_grad__bias_only():
    return torch.zeros_like(X[:1]), Y[:1], _float([0.0, 0.0]), _float(0.7), 0.0


@probe("只有一个样本、没有惩罚时", "with one example and no penalty")
def linear_regression_grad__one_example():
    return X[:1], Y[:1], _float([0.5, -0.25]), _float(0.7), 0.0


@probe("有多个样本、没有惩罚（lam = 0）时", "with several examples and no penalty (lam = 0)")
def linear_regression_grad__no_penalty():
    return X, Y, _float([0.5, -0.25]), _float(0.7), 0.0


@probe("残差为 0、只剩惩罚时", "with no residual, so that only the penalty is left")
def linear_regression_grad__penalty_only():
    w = _float([0.5, -0.25])
    return X, X @ w + 0.7, w, _float(0.7), 0.3


@probe("一个样本、权重为 0 时", "with one example and zero weights")
def softmax_regression_grad__bias_only():
    return X[:1], LABELS[:1], torch.zeros_like(W), B, 0.0


@probe("只有一个样本、没有惩罚时", "with one example and no penalty")
def softmax_regression_grad__one_example():
    return X[:1], LABELS[:1], W, B, 0.0


@probe("有多个样本、没有惩罚（lam = 0）时", "with several examples and no penalty (lam = 0)")
def softmax_regression_grad__no_penalty():
    return X, LABELS, W, B, 0.0


@probe(
    "A 为单位矩阵、没有一次项、只走一步时", "with the identity as A, no linear term and one step"
)
def gd_quadratic__identity():
    return torch.eye(2, dtype=torch.float64), _float([0.0, 0.0]), _float([1.0, -2.0]), 0.1, 1


@probe(
    "只有一次项起作用（起点为 0）、只走一步时", "with only the linear term (from 0) and one step"
)
def gd_quadratic__linear_term():
    a = _float([[2.0, 0.5], [0.5, 1.0]])
    return a, _float([0.5, -1.0]), _float([0.0, 0.0]), 0.1, 1


@probe("没有一次项、走两步时", "without the linear term and with two steps")
def gd_quadratic__two_steps():
    a = _float([[2.0, 0.5], [0.5, 1.0]])
    return a, _float([0.0, 0.0]), _float([1.0, -2.0]), 0.1, 2


@probe("整批只有一个样本时", "with one example in all")
def sgd_epoch__one_example():
    return X[:1], LABELS[:1], W, B, 0.1, 1, torch.tensor([0])


@probe("只有一个完整的批、次序不变时", "with one full batch in the order given")
def sgd_epoch__one_batch():
    return X, LABELS, W, B, 0.1, 4, torch.arange(4)


@probe("有两个完整的批、次序不变时", "with two full batches in the order given")
def sgd_epoch__two_batches():
    return X, LABELS, W, B, 0.1, 2, torch.arange(4)


@probe("有两个完整的批、打乱次序时", "with two full batches in another order")
def sgd_epoch__order():
    return X, LABELS, W, B, 0.1, 2, torch.tensor([2, 0, 3, 1])


@probe("最后一批不满时", "with a last batch that is not full")
def sgd_epoch__incomplete():
    return X, LABELS, W, B, 0.1, 3, torch.arange(4)


@probe("有多个样本和惩罚时", "with several examples and a penalty")
def softmax_regression_grad__penalty():
    return X, LABELS, W, B, 0.3
