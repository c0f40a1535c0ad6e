"""Question 7: numerical gradients."""

import torch

from grader import assert_close, check


@check("p7a", points=0, functions=("numerical_gradient",))
def test_one_layer(student):
    """题目里的例子：一层网络，参数全为 0
    the example of the text: one layer, all parameters 0"""
    params = {"W1": torch.zeros(1, 2).double(), "b1": torch.zeros(2).double()}
    x, y = torch.ones(1, 1).double(), torch.tensor([0])
    slopes = student.numerical_gradient(params, x, y, "relu", "W1", 0.5)
    assert_close(slopes, torch.tensor([[-0.5, 0.5]]).double())
