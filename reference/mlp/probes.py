"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import probe

G = torch.Generator().manual_seed(2)


def _normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


X, Y = _normal(4, 3), torch.tensor([0, 1, 1, 0])
SHALLOW = {"W1": _normal(3, 2), "b1": _normal(2)}
DEEP = {"W1": _normal(3, 5), "b1": _normal(5), "W2": _normal(5, 2), "b2": _normal(2)}


def _only(parameters, letter):
    """The parameters with the others set to zero."""
    return {k: v if k[0] == letter else torch.zeros_like(v) for k, v in parameters.items()}


@probe("只有一层、只有偏置时", "with one layer and only the bias")
def mlp_forward__bias_only():
    return _only(SHALLOW, "b"), X, "tanh"


@probe("只有一层、没有偏置时", "with one layer and no bias")
def mlp_forward__weight_only():
    return _only(SHALLOW, "W"), X, "tanh"


@probe("有一个隐藏层、没有偏置时", "with one hidden layer and no bias")
def mlp_forward__hidden():
    return _only(DEEP, "W"), X, "tanh"


@probe("有一个隐藏层和偏置时", "with one hidden layer and biases")
def mlp_forward__all():
    return DEEP, X, "tanh"


@probe("只有一层、一个样本、没有惩罚时", "with one layer, one example and no penalty")
def mlp_backward__one_layer():
    return SHALLOW, X[:1], Y[:1], "tanh", 0.0


@probe("有一个隐藏层、一个样本、没有惩罚时", "with one hidden layer, one example and no penalty")
def mlp_backward__hidden():
    return DEEP, X[:1], Y[:1], "tanh", 0.0


@probe("有多个样本、没有惩罚时", "with several examples and no penalty")
def mlp_backward__batch():
    return DEEP, X, Y, "tanh", 0.0


@probe("有惩罚时", "with a penalty")
def mlp_backward__penalty():
    return DEEP, X, Y, "tanh", 0.3


@probe("一个样本、logits 全为 0 时", "with one example and logits of zero")
def softmax_cross_entropy__zero():
    return torch.zeros(1, 3, dtype=torch.float64), torch.tensor([1])


@probe("只有一个样本时", "with one example")
def softmax_cross_entropy__one_example():
    return X[:1], torch.tensor([2])


@probe("有多个样本时", "with several examples")
def softmax_cross_entropy__batch():
    return X, torch.tensor([0, 2, 1, 2])


@probe("logits 很大时", "with large logits")
def softmax_cross_entropy__large():
    return 2000 * X, torch.tensor([0, 2, 1, 2])
