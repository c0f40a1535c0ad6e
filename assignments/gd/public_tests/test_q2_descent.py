"""Question 2: descent on a square, numerical gradients."""

import torch

from grader import assert_close, check


@check("p2a", points=0, functions=("gd_on_square",))
def test_gd_on_square(student):
    """从 1 出发，学习率 0.1，走三步
    three steps from 1 at learning rate 0.1"""
    path = student.gd_on_square(torch.tensor([1.0]), 0.1, 3)
    assert_close(path, torch.tensor([[1.0], [0.8], [0.64], [0.512]]))


@check("p2b", points=0, functions=("numerical_gradient",))
def test_numerical_gradient(student):
    """t³ 在 1 处、步长 0.1 的中心差分
    the central difference of t³ at 1 with step 0.1"""
    at = torch.tensor([1.0], dtype=torch.float64)
    gradient = student.numerical_gradient([0.0, 0.0, 0.0, 1.0], at, 0.1)
    assert_close(gradient, torch.tensor([3.01]), tolerance=1e-6)
