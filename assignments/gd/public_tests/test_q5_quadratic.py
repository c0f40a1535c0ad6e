"""Question 5: descent on a quadratic."""

import torch

from grader import assert_close, check


@check("p5a", points=0, functions=("gd_quadratic",))
def test_diagonal(student):
    """A = diag(1, 4) 时的轨迹和临界学习率
    the path and the critical learning rate for A = diag(1, 4)"""
    A = torch.diag(torch.tensor([1.0, 4.0]))
    result = student.gd_quadratic(A, torch.zeros(2), torch.ones(2), 0.25, 2)
    path = torch.tensor([[1.0, 1.0], [0.75, 0.0], [0.5625, 0.0]])
    values = torch.tensor([2.5, 0.28125, 0.158203125])
    assert_close(result, {"path": path, "values": values, "max_stable_lr": 0.5})
