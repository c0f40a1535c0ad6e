"""Question 5: learning from wrong labels."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits

from grader import assert_close, check
from grader.result import Text

WRONG = 0.4
"""Share of the training labels that are replaced by another class."""


@dataclass
class Digits:
    """500 digits with noisy labels and 539 with clean ones; pixels and classes in a new order."""

    x: torch.Tensor
    y: torch.Tensor
    x_held_out: torch.Tensor
    y_held_out: torch.Tensor


def digits(draw):
    x, y = (torch.tensor(array) for array in load_digits(return_X_y=True))
    x = (x[:, draw.permutation(64)] / 16).float()
    y = draw.permutation(10)[y]
    order = draw.permutation(len(y))
    fit, held_out = order[:500], order[500:1039]
    noisy = y[fit]
    wrong = draw.permutation(500)[: round(WRONG * 500)]
    noisy[wrong] = (noisy[wrong] + draw.integers(1, 10, len(wrong))) % 10
    return Digits(x[fit], noisy, x[held_out], y[held_out])


def accuracy(trained, x, y):
    logits = trained.predict("predict_regularized", x, shape=(len(y), 10))
    return (logits.argmax(dim=1) == y).double().mean().item()


@check("5a", points=8)
def test_accuracy(train, draw, quality):
    """四成标签有错的手写数字上，三次训练的平均测试正确率（干净标签）达到要求
    mean accuracy of three runs on clean held-out digits, after training with 40 % wrong labels"""
    clean, noisy = [], []
    for _ in range(3):
        data = digits(draw)
        trained = train("train_regularized", data.x, data.y, 10, seed=draw.seed())
        clean.append(accuracy(trained, data.x_held_out, data.y_held_out))
        noisy.append(accuracy(trained, data.x, data.y))
    mean, memorised = sum(clean) / 3, sum(noisy) / 3
    quality(
        mean,
        {0.76: 8, 0.71: 4},
        "三次训练的平均测试正确率",
        "The mean accuracy of three runs on held-out digits",
        findings=[
            (
                mean < 0.70 and memorised >= 0.8,
                f"网络把错误标签也背下来了：它答对了 {memorised:.0%} 的训练标签，"
                "而其中只有 60% 是对的。需要更强的正则化，或更早停止。",
                f"The network memorised the wrong labels: it reproduces {memorised:.0%} of the "
                "training labels, though only 60% of them are right. Regularise more, or stop "
                "earlier.",
            ),
            (
                memorised < 0.3,
                "训练集上的正确率也很低：网络还没有学到东西。"
                "检查学习率、轮数，以及预测时用的是不是训练得到的参数。",
                "Accuracy is low on the training set as well: nothing has been learned yet. Look "
                "at learning rate and epochs, and whether prediction uses what was trained.",
            ),
        ],
    )


@check("5b", points=1)
def test_behaviour(train, draw):
    """同一种子得到同样的模型；逐个预测与成批预测一致（测试模式）
    equal seeds give equal models; single predictions equal those of a batch (evaluation mode)"""
    data, seed = digits(draw), draw.seed()
    first, second = (train("train_regularized", data.x, data.y, 10, seed=seed) for _ in "12")
    what = Text("同一种子的模型", "models of equal seeds")
    assert_close(second.state, first.state, tolerance=1e-6, what=what)

    rows = data.x_held_out[:5]
    batch = first.predict("predict_regularized", rows, shape=(5, 10))
    for i in range(5):
        single = first.predict("predict_regularized", rows[i : i + 1], shape=(1, 10))
        what = Text("逐个预测", "one by one")
        assert_close(single, batch[i : i + 1], tolerance=1e-5, what=what)
