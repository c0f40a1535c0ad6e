"""Question 5: learning to carry."""

import torch

from grader import assert_close, check


def additions(draw, pairs, positions):
    """Two numbers in digits, least significant first, and their sum; the last digits are 0."""
    a, b = draw.integers(0, 10, pairs, positions), draw.integers(0, 10, pairs, positions)
    a[:, -1] = 0
    b[:, -1] = 0
    s, carry = torch.zeros_like(a), torch.zeros(pairs, dtype=torch.int64)
    for t in range(positions):
        total = a[:, t] + b[:, t] + carry
        s[:, t], carry = total % 10, total // 10
    return a, b, s


@check("5a", points=8)
def test_accuracy(train, draw, quality):
    """没有见过的 7 位数加法，8 位全部正确的比例达到要求
    the share of unseen 7-digit additions with all 8 digits right is large enough"""
    a, b, s = additions(draw, 8000, 8)
    trained = train("train_adder", a, b, s, seed=draw.seed())

    a, b, s = additions(draw, 1000, 8)
    right = trained.predict("predict_adder", a, b, shape=(1000, 8, 10)).argmax(dim=-1) == s
    digits = right.double().mean().item()
    sums = right.all(dim=1).double().mean().item()
    quality(
        sums,
        {0.90: 8, 0.50: 4},
        "8 位全部正确的比例",
        "The share of sums with all 8 digits right",
        findings=[
            (
                sums <= 0.03 and 0.54 <= digits <= 0.6,
                f"单个数字的正确率是 {digits:.2f}：模型没有利用上一位的进位。",
                f"Single digits are right at {digits:.2f}: "
                "the model does not use the carry of the previous digit.",
            ),
            (
                digits < 0.3,
                f"单个数字的正确率只有 {digits:.2f}，比随便猜好不了多少：模型几乎没有学到东西。",
                f"Single digits are right at {digits:.2f}, little better than guessing: "
                "the model has learnt next to nothing.",
            ),
            (
                True,
                f"单个数字的正确率是 {digits:.2f}：方向对了，但更新次数太少或学习率太小，"
                "请多训练几轮。",
                f"Single digits are right at {digits:.2f}: on the right way, but there were too "
                "few updates, or the learning rate is too small. Train for more epochs.",
            ),
        ],
    )


@check("5b", points=1)
def test_behaviour(train, draw):
    """可以预测更长的加法；后面的数字不影响前面的得分；同一种子得到同样的模型
    longer sums can be predicted; later digits do not act on earlier scores; equal seeds agree"""
    data, seed = additions(draw, 400, 5), draw.seed()
    first, second = (train("train_adder", *data, seed=seed) for _ in range(2))

    a, b, _ = additions(draw, 20, 24)
    scores = first.predict("predict_adder", a, b, shape=(20, 24, 10))
    again = second.predict("predict_adder", a, b, shape=(20, 24, 10))
    assert_close(again, scores, tolerance=1e-4, what="同一种子的模型 / equal seeds")

    cut = draw.integer(6, 18)
    a, b = a.clone(), b.clone()
    a[:, cut:] = draw.integers(0, 10, 20, 24 - cut)
    b[:, cut:] = draw.integers(0, 10, 20, 24 - cut)
    changed = first.predict("predict_adder", a, b, shape=(20, 24, 10))
    assert_close(
        changed[:, :cut], scores[:, :cut], tolerance=1e-5, what="较早的得分 / earlier scores"
    )
