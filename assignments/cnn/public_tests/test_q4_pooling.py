"""Question 4: pooling."""

import torch

from grader import assert_close, check

IMAGE = torch.arange(9.0).reshape(1, 1, 3, 3)


@check("p4a", points=0, functions=("pool2d_forward",))
def test_forward(student):
    """3×3 的图像，2×2 的窗口，步长 1
    a 3×3 image, windows of 2×2, stride 1"""
    largest = torch.tensor([[4.0, 5.0], [7.0, 8.0]]).reshape(1, 1, 2, 2)
    mean = torch.tensor([[2.0, 3.0], [5.0, 6.0]]).reshape(1, 1, 2, 2)
    assert_close(student.pool2d_forward(IMAGE, 2, 1, "max"), largest, what="max")
    assert_close(student.pool2d_forward(IMAGE, 2, 1, "avg"), mean, what="avg")


@check("p4b", points=0, functions=("pool2d_backward",))
def test_backward(student):
    """同一幅图像，dout 全为 1，最大汇聚
    the same image, dout is 1 everywhere, max pooling"""
    dx = student.pool2d_backward(torch.ones(1, 1, 2, 2), IMAGE, 2, 1, "max")
    expected = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    assert_close(dx, expected.reshape(1, 1, 3, 3))
