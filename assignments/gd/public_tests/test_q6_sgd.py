"""Question 6: mini-batch stochastic gradient descent."""

import torch

from grader import check


@check("p6a", points=0, functions=("sgd_epoch",))
def test_shapes(student, expect):
    """七个样本、批次大小为 3 时，结果的形状
    the shapes of the result for seven examples in batches of 3"""
    X, y = torch.linspace(-1, 1, 14).reshape(7, 2), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    result = student.sgd_epoch(X, y, torch.zeros(2, 3), torch.zeros(3), 0.1, 3, torch.arange(7))
    for key, shape in ("W", (2, 3)), ("b", (3,)), ("losses", (3,)):
        expect(
            isinstance(result, dict) and key in result and result[key].shape == shape,
            f"结果中 {key} 的形状应当是 {shape}。",
            f"The result should have {key} with shape {shape}.",
        )
