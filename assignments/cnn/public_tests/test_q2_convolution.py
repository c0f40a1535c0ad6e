"""Question 2: convolution in two dimensions."""

import torch

from grader import assert_close, check

IMAGE = torch.arange(9.0).reshape(3, 3)
KERNEL = torch.tensor([[0.0, 1.0], [2.0, 3.0]])


@check("p2a", points=0, functions=("convolve2d",))
def test_narrow(student):
    """3×3 的图像与 2×2 的核：互相关和卷积
    a 3×3 image and a 2×2 kernel: cross-correlation and convolution"""
    correlation = student.convolve2d(IMAGE, KERNEL, "narrow", False)
    assert_close(
        correlation, torch.tensor([[19.0, 25.0], [37.0, 43.0]]), what="互相关 / correlation"
    )
    convolution = student.convolve2d(IMAGE, KERNEL, "narrow", True)
    assert_close(convolution, torch.tensor([[5.0, 11.0], [23.0, 29.0]]), what="卷积 / convolution")


@check("p2b", points=0, functions=("convolve2d",))
def test_shapes(student, expect):
    """宽卷积和等宽卷积的形状
    the shapes of wide and same"""
    for kernel, mode, shape in (KERNEL, "wide", (4, 4)), (torch.ones(3, 3), "same", (3, 3)):
        result = student.convolve2d(IMAGE, kernel, mode, True)
        expect(
            torch.is_tensor(result) and result.shape == shape,
            f"mode 为 {mode!r} 时，结果的形状应当是 {shape}。",
            f"With mode {mode!r} the result should have shape {shape}.",
        )
