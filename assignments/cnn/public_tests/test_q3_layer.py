"""Question 3: the convolutional layer."""

import torch

from grader import assert_close, check

IMAGE = torch.arange(9.0).reshape(1, 1, 3, 3)
KERNEL = torch.tensor([[0.0, 1.0], [2.0, 3.0]]).reshape(1, 1, 2, 2)


@check("p3a", points=0, functions=("conv2d_forward",))
def test_forward(student):
    """3×3 的图像与 2×2 的核，偏置为 1，步长 1 和 2
    a 3×3 image and a 2×2 kernel with bias 1, strides 1 and 2"""
    every = student.conv2d_forward(IMAGE, KERNEL, torch.ones(1), 1, 0)
    assert_close(every, torch.tensor([[20.0, 26.0], [38.0, 44.0]]).reshape(1, 1, 2, 2))
    padded = student.conv2d_forward(IMAGE, KERNEL, torch.ones(1), 2, 1)
    assert_close(padded, torch.tensor([[1.0, 9.0], [22.0, 44.0]]).reshape(1, 1, 2, 2))


@check("p3b", points=0, functions=("conv2d_backward",))
def test_backward(student):
    """题目中的例子：dout 全为 1
    the example of the question: dout is 1 everywhere"""
    gradients = student.conv2d_backward(torch.ones(1, 1, 2, 2), IMAGE, KERNEL, 1, 0)
    dx = torch.tensor([[0.0, 1.0, 1.0], [2.0, 6.0, 4.0], [2.0, 5.0, 3.0]])
    dw = torch.tensor([[8.0, 12.0], [20.0, 24.0]])
    expected = {
        "dx": dx.reshape(1, 1, 3, 3),
        "dw": dw.reshape(1, 1, 2, 2),
        "db": torch.tensor([4.0]),
    }
    assert_close(gradients, expected)
