"""Question 4: the gradient of softmax regression."""

import torch

from grader import assert_close, check


@check("p4a", points=0, functions=("softmax_regression_grad",))
def test_at_zero(student):
    """两个样本、参数为 0 时的损失和梯度
    loss and gradients for two examples at zero parameters"""
    X, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 1])
    result = student.softmax_regression_grad(X, y, torch.zeros(1, 2), torch.zeros(2), 0.0)
    assert_close(
        result, {"loss": 0.6931472, "W": torch.tensor([[-0.5, 0.5]]), "b": torch.zeros(2)}
    )
