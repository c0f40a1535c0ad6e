"""Question 4: the gradient of softmax regression."""

import torch

from grader import Text, assert_close, check


def problem(draw, n, d, k, scale=1):
    return (
        draw.normal(n, d, scale=scale),
        draw.integers(0, k, n),
        draw.normal(d, k),
        draw.normal(k),
    )


@check("4a", points={"loss": 2, "W": 3, "b": 2})
def test_gradient(agree, draw):
    """损失、W 的梯度和 b 的梯度分别正确
    the loss, the gradient of W and the gradient of b are right, each on its own"""
    agree("softmax_regression_grad", *problem(draw, 33, 7, 10), 0.5)
    for n, d, k in (20, 5, 3), (4, 4, 4), (1, 3, 4):
        agree("softmax_regression_grad", *problem(draw, n, d, k), 0.0)


@check("4b", points=4)
def test_large_features(agree, draw):
    """特征很大时，损失和梯度仍是有限且正确的
    loss and gradients stay finite and right for large features"""
    for scale in 10, 100:
        X, y, W, b = problem(draw, 20, 5, 3, scale)
        agree("softmax_regression_grad", X, y, W, b, 0.1)
        agree("softmax_regression_grad", X.float(), y, W.float(), b.float(), 0.1)


@check("4c", points={"sums": 2, "penalty": 1, "slopes": 2})
def test_identities(student, draw, slope, part):
    """各类梯度之和、惩罚项的作用、与数值梯度的一致性
    the sums of the gradients over classes, the effect of the penalty, agreement with slopes"""
    X, y, W, b = problem(draw, 12, 4, 3)
    lam = draw.number(0.5, 2)

    def result(lam, W=W, b=b):
        return student.softmax_regression_grad(X, y, W, b, lam)

    with part("sums"):
        sums = {leaf: result(lam)[leaf].sum(dim=-1) for leaf in ("W", "b")}
        expected = {"W": lam * W.sum(dim=1), "b": torch.zeros(())}
        assert_close(
            sums, expected, tolerance=1e-9, what=Text("对类别求和", "the sums over classes")
        )

    with part("penalty"):
        once, twice = (
            {leaf: value - result(0.0)[leaf] for leaf, value in result(strength).items()}
            for strength in (lam, 2 * lam)
        )
        doubled = {leaf: 2 * value for leaf, value in once.items()}
        assert_close(twice, doubled, tolerance=1e-9, what=Text("惩罚项", "the penalty"))

    with part("slopes"):
        slopes = {
            "W": slope(lambda v: result(lam, W=v)["loss"], W),
            "b": slope(lambda v: result(lam, b=v)["loss"], b),
        }
        gradients = {leaf: result(lam)[leaf] for leaf in slopes}
        assert_close(gradients, slopes, tolerance=1e-6, what=Text("梯度", "the gradients"))
