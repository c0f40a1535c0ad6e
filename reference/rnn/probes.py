"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import probe

G = torch.Generator().manual_seed(6)


def _normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


def _zeros(*shape):
    return torch.zeros(shape, dtype=torch.float64)


X, H, C, DH = _normal(2, 3, 2), _normal(2, 3), _normal(2, 3), _normal(2, 3, 3)
SIMPLE = {"Wx": _normal(2, 3), "Wh": _normal(3, 3), "b": _normal(3)}
GRU = {
    **{f"Wx{g}": _normal(2, 3) for g in "zrh"},
    **{f"Wh{g}": _normal(3, 3) for g in "zrh"},
    **{f"b{g}": _normal(3) for g in "zrh"},
}
LOGITS = _normal(2, 3, 4)
TARGETS = torch.tensor([[1, 2, 3], [3, 1, 2]])


def _only(parameters, *names):
    """The parameters with all but these set to zero."""
    return {k: v if k in names else torch.zeros_like(v) for k, v in parameters.items()}


@probe("只有偏置、一个时刻时", "with only the bias and one step in time")
def rnn_forward__bias_only():
    return X[:, :1], H, _only(SIMPLE, "b")


@probe("只有输入权重、一个时刻时", "with only the input weight and one step in time")
def rnn_forward__input_only():
    return X[:, :1], H, _only(SIMPLE, "Wx")


@probe("只有循环权重、一个时刻时", "with only the recurrent weight and one step in time")
def rnn_forward__recurrent_only():
    return X[:, :1], H, _only(SIMPLE, "Wh")


@probe("全部参数、三个时刻时", "with all parameters and three steps in time")
def rnn_forward__three_steps():
    return X, H, SIMPLE


@probe("只有一个时刻、循环权重为 0 时", "with one step in time and no recurrent weight")
def rnn_backward__one_step_no_recurrence():
    return DH[:, :1], X[:, :1], H, _only(SIMPLE, "Wx", "b")


@probe("只有一个时刻时", "with one step in time")
def rnn_backward__one_step():
    return DH[:, :1], X[:, :1], H, SIMPLE


@probe("三个时刻、只有最后一个时刻有梯度时", "with a gradient at the last of three steps only")
def rnn_backward__last_only():
    dh = DH.clone()
    dh[:, :-1] = 0
    return dh, X, H, SIMPLE


@probe("每个时刻都有梯度时", "with a gradient at every step")
def rnn_backward__every_step():
    return DH, X, H, SIMPLE


@probe("参数全为 0 时", "with all parameters zero")
def gru_cell__zero():
    return X[:, 0], H, _only(GRU)


@probe("只有更新门的偏置时", "with only the bias of the update gate")
def gru_cell__update_bias():
    return X[:, 0], H, _only(GRU, "bz")


@probe("只有更新门时", "with only the update gate")
def gru_cell__update():
    return X[:, 0], H, _only(GRU, "Wxz", "Whz", "bz")


@probe("只有候选状态的输入权重和偏置时", "with only input weight and bias of the candidate")
def gru_cell__candidate():
    return X[:, 0], H, _only(GRU, "Wxh", "bh")


@probe("重置门恒为 1/2、有候选状态的循环权重时", "with the reset gate at 1/2 and the candidate")
def gru_cell__recurrent_candidate():
    return X[:, 0], H, _only(GRU, "Wxh", "Whh", "bh")


@probe("全部参数都有时", "with all parameters")
def gru_cell__all():
    return X[:, 0], H, GRU


@probe("只有一个序列、没有填充时", "with one sequence and no padding")
def sequence_cross_entropy__one_sequence():
    return LOGITS[:1], TARGETS[:1], torch.tensor([3])


@probe("两个等长的序列、没有填充时", "with two sequences of one length and no padding")
def sequence_cross_entropy__equal_lengths():
    return LOGITS, TARGETS, torch.tensor([3, 3])


@probe("有一个较短的序列时", "with one shorter sequence")
def sequence_cross_entropy__padding():
    return LOGITS, TARGETS * torch.tensor([[1, 1, 1], [1, 0, 0]]), torch.tensor([3, 1])
