"""Question 2: convolution in two dimensions."""

import torch

from grader import assert_close, check


@check("2a", points=5)
def test_narrow_and_same(agree, draw):
    """窄卷积和等宽卷积，翻转与不翻转，结果都正确
    narrow and same are right, with and without rotating the kernel"""
    for height, width, u, v in (
        (6, 7, 3, 3),
        (5, 5, 1, 1),
        (8, 5, 3, 5),
        (9, 7, 7, 3),
        (4, 6, 2, 3),
    ):
        img, kernel = draw.normal(height, width), draw.normal(u, v)
        modes = ("narrow", "same") if u % 2 and v % 2 else ("narrow",)
        for mode in modes:
            for flip in False, True:
                agree("convolve2d", img, kernel, mode, flip)
                agree("convolve2d", draw.strided(img), draw.strided(kernel), mode, flip)


@check("2b", points=2)
def test_wide(agree, draw):
    """宽卷积的形状和值正确
    wide convolution has the right shape and values"""
    for height, width, u, v in (6, 7, 3, 3), (5, 4, 2, 4), (1, 6, 1, 3), (2, 3, 4, 5):
        for flip in False, True:
            agree("convolve2d", draw.normal(height, width), draw.normal(u, v), "wide", flip)


@check("2c", points=2)
def test_properties(student, draw):
    """宽卷积可以交换；只有一个亮点的图像给出核本身（互相关给出旋转的核）
    wide convolution commutes; one bright pixel gives the kernel, rotated when correlated"""
    img, kernel = draw.normal(6, 5), draw.normal(3, 4)
    one_way = student.convolve2d(img, kernel, "wide", True)
    other_way = student.convolve2d(kernel, img, "wide", True)
    assert_close(other_way, one_way, tolerance=1e-9, what="交换之后 / after exchanging")

    row, column = draw.integer(0, 6), draw.integer(0, 5)
    impulse = torch.zeros(6, 5, dtype=torch.float64)
    impulse[row, column] = 1
    for flip, found in (True, kernel), (False, kernel.flip(0, 1)):
        response = student.convolve2d(impulse, kernel, "wide", flip)
        expected = torch.zeros(8, 8, dtype=torch.float64)
        expected[row : row + 3, column : column + 4] = found
        assert_close(
            response, expected, tolerance=1e-9, what="亮点的结果 / the response to one pixel"
        )
