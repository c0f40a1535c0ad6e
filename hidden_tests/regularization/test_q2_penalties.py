"""Question 2: penalties and dropout."""

import torch

from grader import assert_close, check
from grader.result import Text


def network(draw):
    """The parameters of a small network; one weight is zero in places."""
    W2 = draw.normal(4, 3)
    W2[0], W2[2, 1] = 0, 0
    return {
        "W1": draw.normal(3, 4),
        "b1": draw.normal(4, offset=1),
        "W2": W2,
        "b2": draw.normal(3),
        "gamma": draw.normal(2),
    }


@check("2a", points={"value": 2, "grads": 2})
def test_penalty(agree, draw):
    """惩罚的值和梯度分别正确：只有 L1、只有 L2、两者都有，权重中有 0
    value and gradients of the penalty, each on its own: L1, L2 and both, with zeros in weights"""
    for l1, l2 in (0.3, 0.0), (0.0, 0.5), (0.1, 0.7):
        agree("penalty", network(draw), l1, l2)
    agree("penalty", {"W": draw.strided(draw.normal(3, 5)), "b": draw.normal()}, 0.2, 0.1)


@check("2b", points=2)
def test_penalty_properties(student, draw):
    """偏置的梯度恰好是 0；只有 L2 时，权重放大 c 倍，惩罚变成 c² 倍
    gradients of biases are exactly 0; with L2 alone, weights times c give the penalty times c²"""
    params = network(draw)
    grads = student.penalty(params, 0.4, 0.3)["grads"]
    for name in "b1", "b2", "gamma":
        what = Text(f"`{name}` 的梯度", f"the gradient of `{name}`")
        assert_close(grads[name], 0 * params[name], tolerance=0.0, what=what)

    c = draw.number(1.5, 3)
    larger = {name: c * p if name.startswith("W") else p for name, p in params.items()}
    once = student.penalty(params, 0.0, 0.6)["value"]
    scaled = student.penalty(larger, 0.0, 0.6)["value"]
    what = Text("权重放大之后的惩罚", "the penalty of scaled weights")
    assert_close(scaled, c**2 * once, tolerance=1e-9, what=what)


@check("2c", points=4)
def test_dropout(agree, draw):
    """训练模式，给定随机数时，结果正确
    the result in training is right for given random numbers"""
    for drop_prob in 0.3, 0.5, 0.8:
        for shape in (1, 7), (6, 9), (3, 2, 4, 4):
            x, u = draw.normal(*shape), draw.uniform(*shape)
            agree("dropout", x, drop_prob, training=True, u=u)
    # A number that equals the probability keeps its unit.
    u = torch.tensor([0.0, 0.25, 0.5, 0.5, 0.75], dtype=torch.float64)
    agree("dropout", draw.normal(5), 0.5, training=True, u=u[draw.permutation(5)])
    x, u = draw.strided(draw.normal(4, 6)), draw.strided(draw.uniform(4, 6))
    agree("dropout", x, 0.3, training=True, u=u)


@check("2d", points=3)
def test_dropout_at_the_ends(agree, draw):
    """丢弃概率是 0 或 1 时结果正确且有限；测试模式原样返回
    right and finite for probabilities 0 and 1; test mode returns what came in"""
    for drop_prob in 0.0, 1.0:
        agree("dropout", draw.normal(5, 6), drop_prob, training=True, u=draw.uniform(5, 6))
        agree("dropout", draw.normal(5, 6), drop_prob, training=True, seed=draw.seed())
    for drop_prob in 0.3, 0.8, 1.0:
        agree("dropout", draw.normal(5, 6), drop_prob, training=False, u=draw.uniform(5, 6))
        agree("dropout", draw.normal(5, 6), drop_prob, training=False, seed=draw.seed())
    agree("dropout", draw.normal(5, 6), 0.4, training=False)


@check("2e", points=5)
def test_random_mask(student, draw, distribution, expect):
    """用种子抽取时，每个单元独立地以 drop_prob 被丢弃，保留的都放大同样的倍数；种子决定结果
    drawn from a seed, units are dropped independently with probability drop_prob, kept ones are
    all scaled alike, and the seed decides"""
    tests = distribution(18)
    level = draw.number(0.5, 2)

    def mask(drop_prob, rows, columns, seed):
        """Which units were kept."""
        x = torch.full((rows, columns), level, dtype=torch.float64)
        value = student.raw.dropout(x, drop_prob, training=True, seed=seed)
        expect(
            isinstance(value, torch.Tensor) and value.shape == x.shape,
            "用种子抽取时，结果的形状应与 x 相同。",
            "With a seed, the result should have the shape of x.",
        )
        kept = value != 0
        what = Text("保留的值", "the values kept")
        assert_close(value, x * kept / (1 - drop_prob), tolerance=1e-9, what=what)
        return kept

    for drop_prob in 0.2, 0.5, 0.8:
        seed, keep = draw.seed(), 1 - drop_prob
        kept = mask(drop_prob, 200, 300, seed)
        tests.proportion(int(kept.sum()), kept.numel(), keep)
        tests.spread(
            kept.sum(dim=1), 300, keep, Text("各行保留数", "the numbers kept in the rows")
        )
        tests.spread(
            kept.sum(dim=0), 200, keep, Text("各列保留数", "the numbers kept in the columns")
        )
        for axis in 0, 1:
            tests.lagged(kept, axis, keep, (keep * drop_prob) ** 0.5)
        totals = [int(mask(drop_prob, 50, 60, draw.seed()).sum()) for _ in range(40)]
        tests.spread(
            totals, 3000, keep, Text("不同种子的保留数", "the numbers kept with other seeds")
        )

    again, other = mask(drop_prob, 200, 300, seed), mask(drop_prob, 200, 300, seed + 1)
    expect(
        bool((again == kept).all()),
        "同一个种子两次得到的掩码不同。",
        "Equal seeds gave different masks.",
    )
    expect(
        not bool((other == kept).all()),
        "不同的种子得到了同样的掩码。",
        "Different seeds gave the same mask.",
    )
