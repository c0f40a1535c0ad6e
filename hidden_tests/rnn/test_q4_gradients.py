"""Question 4: the size of gradients, and sampling."""

import torch

from grader import assert_close, check


def gradients(draw, scale=1.0):
    """Of ranks 1 to 3; their norm exceeds the scale."""
    return {
        "b": draw.normal(5, scale=scale, offset=scale),
        "W": draw.strided(draw.normal(4, 3, scale=scale)),
        "kernel": draw.normal(2, 3, 2, scale=scale),
    }


@check("4a", points={"grads": 2.5, "total_norm": 1.5})
def test_clip_grad_norm(agree, draw):
    """超过上限时整体缩小，不超过时不变；返回裁剪前的全局范数
    too large: all scaled down; not too large: left alone; the norm is that before clipping"""
    for max_norm in 1.0, 100.0, 0.5:
        agree("clip_grad_norm", gradients(draw), max_norm)


@check("4b", points=2)
def test_zero_gradients(agree):
    """梯度全为 0 时保持不变，范数为 0
    gradients that are all zero stay, and their norm is 0"""
    grads = {
        "W": torch.zeros(3, 2, dtype=torch.float64),
        "b": torch.zeros(2, dtype=torch.float64),
    }
    for max_norm in 1.0, 0.25:
        agree("clip_grad_norm", grads, max_norm)


@check("4c", points=4)
def test_state_jacobian_norms(agree, draw):
    """各种长度和大小的状态，雅可比矩阵的谱范数都正确
    the spectral norms of the Jacobians are right for states of all lengths and sizes"""
    for t, h, scale in (1, 4, 1), (6, 3, 1), (20, 5, 0.7), (12, 8, 1.5):
        states = draw.strided(draw.normal(t, h, scale=0.6)).tanh()
        agree("state_jacobian_norms", states, draw.normal(h, h, scale=scale * h**-0.5))


@check("4d", points=2)
def test_orthogonal(student, draw):
    """状态为 0 而循环权重正交时范数全为 1；权重减半，每步范数减半
    at zero states orthogonal weights give ones; half of them halve the norm at every step"""
    steps, units = 7, 4
    Q, _ = torch.linalg.qr(draw.normal(units, units))
    h = torch.zeros(steps, units, dtype=torch.float64)
    ones = torch.ones(steps, dtype=torch.float64)
    norms = student.state_jacobian_norms(h, Q)
    assert_close(norms, ones, tolerance=1e-9, what="正交权重 / orthogonal weights")

    halves = 0.5 ** torch.arange(steps - 1, -1, -1, dtype=torch.float64)
    norms = student.state_jacobian_norms(h, Q / 2)
    assert_close(norms, halves, tolerance=1e-9, what="减半的权重 / half of the weights")


@check("4e", points=4)
def test_distribution_of_tokens(student, draw, distribution):
    """三种温度下，各词出现的次数与 softmax 概率相符
    at three temperatures every token occurs as often as the softmax says"""
    size, draws, temperatures = 7, 20000, (0.5, 1.0, 2.0)
    logits = draw.normal(size, scale=1.2)
    test = distribution(size * len(temperatures))
    for temperature in temperatures:
        tokens = student.sample_tokens(logits, temperature, draws, draw.seed())
        expected = torch.softmax(logits / temperature, dim=0)
        for token in range(size):
            test.proportion(int((tokens == token).sum()), draws, expected[token].item())


@check("4f", points=2)
def test_tokens(agree, student, draw, expect):
    """温度 0 取得分最大的词；同一种子结果相同，不同种子结果不同；类型与形状正确
    temperature 0 takes the best token; equal seeds agree and others differ; type and shape fit"""
    for size in 3, 11:
        agree("sample_tokens", draw.normal(size), 0.0, draw.integer(2, 9), draw.seed())

    logits, seed = draw.normal(6), draw.seed()
    first = student.sample_tokens(logits, 1.0, 200, seed)
    assert_close(student.sample_tokens(logits, 1.0, 200, seed), first, what="同一种子 / one seed")
    expect(
        (student.sample_tokens(logits, 1.0, 200, seed + 1) != first).any(),
        "换了种子，抽到的却完全一样：种子没有起作用。",
        "Another seed gave the very same draws: the seed has no effect.",
    )
    expect(
        ((first >= 0) & (first < 6)).all(),
        "抽到了不存在的词。",
        "There are draws of tokens that do not exist.",
    )
