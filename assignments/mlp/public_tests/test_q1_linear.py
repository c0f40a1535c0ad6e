"""Question 1: the linear layer."""

import torch

from grader import assert_close, check


@check("p1a", points=0, functions=("linear_forward",))
def test_linear_forward(student):
    """题目里的例子：x = (1, 2)
    the example of the text: x = (1, 2)"""
    W = torch.tensor([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]])
    z = student.linear_forward(torch.tensor([[1.0, 2.0]]), W, torch.tensor([0.0, 0.0, 1.0]))
    assert_close(z, torch.tensor([[5.0, 2.0, 0.0]]))


@check("p1b", points=0, functions=("linear_backward",))
def test_linear_backward(student):
    """上游梯度是单位矩阵时的三个梯度
    the three gradients when the upstream gradient is the identity"""
    square = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    result = student.linear_backward(torch.eye(2), square, square)
    transposed = torch.tensor([[1.0, 3.0], [2.0, 4.0]])
    assert_close(result, {"dx": transposed, "dW": transposed, "db": torch.ones(2)})
