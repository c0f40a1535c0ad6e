"""Question 4: pooling."""

from grader import check

# N, C, H, W, kernel, stride; the third has windows with gaps and pixels that are never read
SHAPES = (
    (2, 3, 6, 6, 2, 2),
    (1, 1, 5, 7, 3, 2),
    (1, 2, 7, 5, 2, 3),
    (2, 2, 7, 7, 3, 1),
    (2, 1, 4, 4, 4, 4),
)
OVERLAPPING = ((1, 1, 5, 7, 3, 2), (2, 2, 7, 7, 3, 1))


def negative(draw, *shape):
    return -draw.uniform(*shape, low=0.5, high=2)


def upstream(draw, x, kernel, stride):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    return draw.normal(*x.shape[:2], rows, columns)


@check("4a", points=5)
def test_forward(agree, draw):
    """最大汇聚和平均汇聚的值正确，窗口重叠、有空隙、不完整时都对
    max and average pooling are right, also with windows that overlap, leave gaps or do not fit"""
    for *shape, kernel, stride in SHAPES:
        for mode in "max", "avg":
            x = draw.normal(*shape)
            agree("pool2d_forward", x, kernel, stride, mode)
            agree("pool2d_forward", draw.strided(x), kernel, stride, mode)


@check("4b", points=2)
def test_negative(agree, draw):
    """输入全为负数时，汇聚的值正确
    pooling is right when all inputs are negative"""
    for *shape, kernel, stride in SHAPES:
        for mode in "max", "avg":
            agree("pool2d_forward", negative(draw, *shape), kernel, stride, mode)


@check("4c", points=5)
def test_backward(agree, draw):
    """没有并列最大值时，梯度正确
    the gradient is right without tied maxima"""
    for sign, (*shape, kernel, stride) in zip((1, 0, 1, 0, 1), SHAPES, strict=True):
        x = draw.normal(*shape) if sign else negative(draw, *shape)
        dout = upstream(draw, x, kernel, stride)
        for mode in "max", "avg":
            agree("pool2d_backward", dout, x, kernel, stride, mode)
        agree("pool2d_backward", draw.strided(dout), draw.strided(x), kernel, stride, "max")


@check("4d", points=2)
def test_overlapping(agree, draw):
    """窗口重叠时，一个像素收到的梯度累加起来
    where windows overlap, the gradients of a pixel add up"""
    for *shape, kernel, stride in OVERLAPPING:
        for mode in "max", "avg":
            x = negative(draw, *shape)
            agree("pool2d_backward", upstream(draw, x, kernel, stride), x, kernel, stride, mode)


@check("4e", points=2)
def test_ties(agree, draw):
    """有并列最大值时，梯度只给第一个
    among tied maxima the first one alone gets the gradient"""
    for *shape, kernel, stride in SHAPES:
        x = draw.integers(-2, 2, *shape).double()
        agree("pool2d_backward", upstream(draw, x, kernel, stride), x, kernel, stride, "max")
