"""Question 5: digits that move."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits

from grader import assert_close, check

SIDE = 14


@dataclass
class Split:
    """Digits on canvases, turned alike and renumbered, cut in two."""

    x: torch.Tensor
    y: torch.Tensor
    x_held_out: torch.Tensor
    y_held_out: torch.Tensor


def turned(images, draw):
    """All images under one of the eight symmetries of the square."""
    images = images.rot90(draw.integer(0, 4), dims=(1, 2))
    return images.flip(2) if draw.integer(0, 2) else images


def split(draw):
    digits = load_digits()
    y = draw.permutation(10)[torch.tensor(digits.target)]
    images = turned(torch.tensor(digits.images, dtype=torch.float32), draw)
    count, height, width = images.shape
    x = torch.zeros(count, 1, SIDE, SIDE)
    tops = draw.integers(0, SIDE - height + 1, count).tolist()
    lefts = draw.integers(0, SIDE - width + 1, count).tolist()
    for canvas, image, top, left in zip(x, images, tops, lefts, strict=True):
        canvas[0, top : top + height, left : left + width] = image
    fit, held_out = draw.permutation(count).tensor_split([round(0.7 * count)])
    return Split(x[fit], y[fit], x[held_out], y[held_out])


@check("5a", points=10)
def test_accuracy(train, draw, quality):
    """在没有见过的、位置随机的数字上，正确率达到要求
    accuracy on held-out digits at random places is good enough"""
    data = split(draw)
    trained = train("train_cnn", data.x, data.y, 10, seed=draw.seed())
    logits = trained.predict("predict_cnn", data.x_held_out, shape=(len(data.y_held_out), 10))
    accuracy = (logits.argmax(dim=1) == data.y_held_out).double().mean().item()
    quality(
        accuracy,
        {0.90: 10, 0.80: 5},
        "测试正确率",
        "The accuracy on held-out images",
        findings=[
            (
                accuracy < 0.16,
                "与随便猜差不多：几乎没有学到东西。检查学习率和像素的尺度，参数是否真的更新了。",
                "No better than guessing: next to nothing was learnt. Check the learning rate, "
                "the scale of the pixels, and whether parameters are updated at all.",
            ),
            (
                accuracy < 0.30,
                "线性模型就是这个水平：请用卷积层、非线性激活和汇聚层。",
                "This is the level of a linear model: use convolutions, non-linearities and "
                "pooling.",
            ),
            (
                0.60 < accuracy < 0.755,
                "全连接网络就是这个水平：模型没有利用平移不变性。",
                "This is the level of a dense network: the model has no translation invariance.",
            ),
            (
                accuracy >= 0.755,
                "如果你在卷积之后直接展平，位置信息就被写死了，试试全局汇聚；否则多训练几轮。",
                "If you flatten the features after the convolutions, position is hard-wired: try "
                "global pooling. Otherwise train for more epochs.",
            ),
            (
                True,
                "训练不足：更新次数太少，或学习率不合适。",
                "Not trained enough: too few updates, or an unsuitable learning rate.",
            ),
        ],
    )


@check("5b", points=2)
def test_behaviour(train, draw):
    """同一种子得到同样的模型；逐个预测与成批预测一致
    equal seeds give equal models; single predictions equal those of a batch"""
    data, seed = split(draw), draw.seed()
    first, second = (train("train_cnn", data.x[:200], data.y[:200], 10, seed=seed) for _ in "12")
    rows = data.x_held_out[:6]
    batch = first.predict("predict_cnn", rows, shape=(6, 10))
    again = second.predict("predict_cnn", rows, shape=(6, 10))
    assert_close(again, batch, tolerance=1e-4, what="同一种子的模型 / equal seeds")

    for i in range(6):
        single = first.predict("predict_cnn", rows[i : i + 1], shape=(1, 10))
        assert_close(single, batch[i : i + 1], tolerance=1e-5, what="逐个预测 / one by one")
