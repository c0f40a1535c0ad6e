"""Question 3: softmax and cross-entropy as one unit."""

import torch

from grader import assert_close, check


@check("3a", points={"loss": 3, "dlogits": 4})
def test_loss_and_gradient(agree, draw):
    """损失和对 logits 的梯度分别正确
    the loss and the gradient with respect to the logits are right, each on its own"""
    for n, k in (1, 3), (17, 5), (5, 5), (64, 10):
        logits, y = draw.normal(n, k, scale=draw.number(1, 3)), draw.integers(0, k, n)
        agree("softmax_cross_entropy", logits, y)
        agree("softmax_cross_entropy", draw.strided(logits), y)


@check("3b", points=3)
def test_extreme_logits(agree, draw):
    """logits 很大时，损失和梯度仍是有限且正确的
    loss and gradient stay finite and right for large logits"""
    y = draw.integers(0, 10, 20)
    for scale in 50, 2000:
        logits = draw.normal(20, 10, scale=scale)
        agree("softmax_cross_entropy", logits, y)
        agree("softmax_cross_entropy", logits.float(), y)


@check("3c", points=2)
def test_identities(student, draw, slope):
    """每行梯度之和为 0；一行得分加同一个数不改变结果；梯度与数值梯度一致
    rows of the gradient sum to 0; adding a number to a row changes nothing; slopes agree"""
    logits, y = draw.normal(6, 4, scale=2), draw.integers(0, 4, 6)
    result = student.softmax_cross_entropy(logits, y)
    sums, none = result["dlogits"].sum(dim=1), torch.zeros(6, dtype=torch.float64)
    assert_close(sums, none, tolerance=1e-12, what="每行之和 / the sums of the rows")

    raised = student.softmax_cross_entropy(logits + draw.normal(6, 1, scale=5), y)
    assert_close(raised, result, tolerance=1e-9, what="加上常数之后 / after adding a constant")

    slopes = slope(lambda v: student.softmax_cross_entropy(v, y)["loss"], logits)
    assert_close(result["dlogits"], slopes, tolerance=1e-6, what="梯度 / the gradient")
