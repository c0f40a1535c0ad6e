"""Public checks: explicit expected values, worth nothing."""

import torch

from grader import assert_close, check


@check("p1", points=0, functions=("moments",))
def test_four_numbers(student):
    """1、2、3、4 的均值是 2.5，方差是 1.25
    the mean of 1, 2, 3, 4 is 2.5, the variance 1.25"""
    result = student.moments(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert_close(result["mean"], torch.tensor(2.5))
    assert_close(result["variance"], torch.tensor(1.25))
