"""Question 3: batch normalisation."""

import torch

from grader import assert_close, check


@check("p3a", points=0, functions=("batchnorm_forward",))
def test_forward(student):
    """前向的例子：一个通道，两个数 0 和 2
    the example of the forward pass: one channel with the numbers 0 and 2"""
    x, one, zero = torch.tensor([[0.0], [2.0]]), torch.ones(1), torch.zeros(1)
    result = student.batchnorm_forward(
        x, one, zero, zero, one, momentum=0.1, eps=0.0, training=True
    )
    expected = {
        "out": torch.tensor([[-1.0], [1.0]]),
        "running_mean": torch.tensor([0.1]),
        "running_var": torch.tensor([1.1]),
    }
    assert_close(result, expected)


@check("p3b", points=0, functions=("batchnorm_backward",))
def test_backward(student):
    """反向的例子：x = (-1, -1, 1, 1)，上游梯度 (1, 0, 0, 0)
    the example of the backward pass: x = (-1, -1, 1, 1), upstream gradient (1, 0, 0, 0)"""
    x = torch.tensor([[-1.0], [-1.0], [1.0], [1.0]])
    dout = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    expected = {
        "dx": torch.tensor([[0.5], [-0.5], [0.0], [0.0]]),
        "dgamma": torch.tensor([-1.0]),
        "dbeta": torch.tensor([1.0]),
    }
    assert_close(student.batchnorm_backward(dout, x, torch.ones(1), 0.0), expected)
