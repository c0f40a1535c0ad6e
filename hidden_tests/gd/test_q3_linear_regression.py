"""Question 3: the gradient of linear regression."""

from grader import Text, assert_close, check


@check("3a", points=4)
def test_without_penalty(agree, draw):
    """不带惩罚项时，损失和梯度都正确
    loss and gradients are right when nothing is penalised"""
    for n, d in (20, 4), (1, 3):
        X, y, w, b = draw.normal(n, d), draw.normal(n), draw.normal(d), draw.normal()
        agree("linear_regression_grad", X, y, w, b, 0.0)


@check("3b", points=4)
def test_with_penalty(agree, draw):
    """带惩罚项时，损失和梯度都正确
    loss and gradients are right with a penalty"""
    for n, d, lam in (33, 7, 0.5), (8, 20, 2.0):
        X, y, w, b = draw.normal(n, d), draw.normal(n), draw.normal(d), draw.normal()
        agree("linear_regression_grad", X, y, w, b, lam)


@check("3c", points=3)
def test_identities(student, draw, slope):
    """惩罚项只带来它应带来的部分，梯度与损失的数值梯度一致
    the penalty adds what it should and nothing else; gradients agree with slopes of the loss"""
    X, y, w, b = draw.normal(15, 4), draw.normal(15), draw.normal(4), draw.normal()
    lam = draw.number(0.5, 2)
    penalised = student.linear_regression_grad(X, y, w, b, lam)
    plain = student.linear_regression_grad(X, y, w, b, 0.0)

    added = {leaf: penalised[leaf] - plain[leaf] for leaf in plain}
    penalty = {"loss": lam / 2 * w @ w, "w": lam * w, "b": 0 * b}
    assert_close(added, penalty, tolerance=1e-9, what=Text("惩罚项", "the penalty"))

    slopes = {
        "w": slope(lambda v: student.linear_regression_grad(X, y, v, b, lam)["loss"], w),
        "b": slope(lambda v: student.linear_regression_grad(X, y, w, v, lam)["loss"], b),
    }
    gradients = {leaf: penalised[leaf] for leaf in slopes}
    assert_close(gradients, slopes, tolerance=1e-6, what=Text("梯度", "the gradients"))
