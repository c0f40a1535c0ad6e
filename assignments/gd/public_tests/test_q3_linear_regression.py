"""Question 3: the gradient of linear regression."""

import torch

from grader import assert_close, check


@check("p3a", points=0, functions=("linear_regression_grad",))
def test_at_zero(student):
    """两个样本、参数为 0 时的损失和梯度
    loss and gradients for two examples at zero parameters"""
    X, y = torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 2.0])
    result = student.linear_regression_grad(X, y, torch.zeros(1), torch.tensor(0.0), 0.0)
    assert_close(result, {"loss": 1.25, "w": torch.tensor([-2.5]), "b": -1.5})
