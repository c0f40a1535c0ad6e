"""Question 8: training."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits

from grader import assert_close, check


@dataclass
class Data:
    """Training data in raw units and what is held out, in random order."""

    classes: int
    x: torch.Tensor
    y: torch.Tensor
    x_held_out: torch.Tensor
    y_held_out: torch.Tensor


def digits(draw, n=1258):
    """Handwritten digits, classes renumbered, pixels and examples reordered."""
    x, y = (torch.tensor(array) for array in load_digits(return_X_y=True))
    x = x[:, draw.permutation(64)].float()
    y = draw.permutation(10)[y]
    order = draw.permutation(len(y))
    fit, held_out = order[:n], order[1258:]
    return Data(10, x[fit], y[fit], x[held_out], y[held_out])


def spirals(draw):
    """Two spirals of 1.5 turns, arms renumbered, turned, scaled and shifted as a whole."""
    n, fit = 1600, 600
    arm = draw.permutation(n) % 2
    radius = draw.uniform(n).sqrt()
    angle = 3 * torch.pi * radius + torch.pi * arm + draw.number(0, 2 * torch.pi)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    points = points + draw.normal(n, 2, scale=0.02)
    x = (draw.number(0.5, 20) * points + draw.normal(2, scale=10)).float()
    y = draw.permutation(2)[arm]
    return Data(2, x[:fit], y[:fit], x[fit:], y[fit:])


def accuracy_of(trained, data):
    shape = len(data.y_held_out), data.classes
    logits = trained.predict("predict", data.x_held_out, shape=shape)
    return (logits.argmax(dim=1) == data.y_held_out).double().mean().item()


def has_nan(state):
    return any(torch.is_tensor(value) and value.isnan().any() for value in state.values())


SYMMETRIC = (
    "权重全部初始化为 0（或都相同），隐藏单元保持对称，学不到东西？",
    "Do all weights start at zero, or equal? Hidden units then stay identical and learn nothing.",
)


@check("8a", points=5)
def test_digits(train, draw, quality):
    """手写数字上的测试正确率，隐藏层 [64]
    the accuracy on held-out digits, hidden layers [64]"""
    data = digits(draw)
    trained = train("train_mlp", data.x, data.y, data.classes, hidden=[64], seed=draw.seed())
    accuracy = accuracy_of(trained, data)
    quality(
        accuracy,
        {0.92: 5, 0.85: 2},
        "手写数字的测试正确率",
        "The accuracy on held-out digits",
        findings=[
            (
                has_nan(trained.state),
                "模型里有 NaN：有的像素恒为 0，标准差为 0，除法得到 NaN？",
                "There is NaN in the model: some pixels are constant, "
                "their standard deviation is 0, and the division gives NaN?",
            ),
            (accuracy <= 0.2, *SYMMETRIC),
        ],
    )


@check("8b", points=5)
def test_spirals(train, draw, quality):
    """两条螺旋线上的测试正确率，隐藏层 [64, 64]
    the accuracy on held-out points of two spirals, hidden layers [64, 64]"""
    data = spirals(draw)
    trained = train("train_mlp", data.x, data.y, data.classes, hidden=[64, 64], seed=draw.seed())
    accuracy = accuracy_of(trained, data)
    quality(
        accuracy,
        {0.95: 5, 0.85: 2},
        "螺旋线的测试正确率",
        "The accuracy on held-out points of the spirals",
        findings=[
            (
                has_nan(trained.state),
                "模型里有 NaN：学习率是否过大？",
                "There is NaN in the model: is the learning rate too large?",
            ),
            (accuracy <= 0.56, *SYMMETRIC),
            (
                accuracy <= 0.74,
                "与线性模型相当：隐藏层没有非线性？",
                "This is what a linear model reaches: no nonlinearity between the layers?",
            ),
        ],
    )


@check("8c", points=1)
def test_behaviour(train, draw, expect):
    """同一种子得到同样的模型；逐个预测与成批预测一致；训练损失明显下降
    equal seeds give equal models; single predictions equal those of a batch; the loss falls"""
    data = digits(draw, n=400)
    seed = draw.seed()
    first, second = (
        train("train_mlp", data.x, data.y, data.classes, hidden=[64], seed=seed) for _ in "12"
    )
    assert_close(second.state, first.state, tolerance=1e-6, what="同一种子的模型 / equal seeds")

    rows = data.x_held_out[:5]
    batch = first.predict("predict", rows, shape=(5, data.classes))
    for i in range(5):
        single = first.predict("predict", rows[i : i + 1], shape=(1, data.classes))
        assert_close(single, batch[i : i + 1], tolerance=1e-5, what="逐个预测 / one by one")

    loss = first.history["loss"]
    expect(
        loss[-1] < loss[0] / 2,
        "最后一轮的训练损失没有降到第一轮的一半以下。",
        "The training loss of the last epoch is not below half of the first.",
    )
