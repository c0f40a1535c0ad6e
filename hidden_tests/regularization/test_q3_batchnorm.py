"""Question 3: batch normalisation."""

import torch

from grader import assert_close, check
from grader.result import Text

SHAPES = (8, 5), (2, 3), (4, 3, 5, 6), (16, 4), (3, 2, 4, 4)


def layer(draw, shape):
    """Input, scale, shift and running statistics."""
    channels = shape[1]
    offsets = draw.normal(1, channels, *[1] * (len(shape) - 2), scale=2)
    x = draw.normal(*shape, scale=draw.number(0.5, 3)) + offsets
    running = draw.normal(channels), draw.uniform(channels, low=0.5, high=2)
    return x.float().double(), draw.normal(channels, offset=1), draw.normal(channels), *running


def layers(draw):
    """Inputs with what is set for them."""
    settings = zip(SHAPES, (1e-5, 1e-3, 0.1, 0.1, 1e-3), (0.1, 0.3, 0.1, 0.3, 0.3), strict=True)
    for shape, eps, momentum in settings:
        yield layer(draw, shape), {"momentum": momentum, "eps": eps}


@check("3a", points=5)
def test_output(agree, draw):
    """训练模式的输出正确，输入是表格或图像
    the output in training is right for tables and for images"""
    compare = agree.using(only=("out",))
    for (x, *others), how in layers(draw):
        compare("batchnorm_forward", x, *others, **how, training=True)
    compare("batchnorm_forward", draw.strided(x), *others, **how, training=True)


@check("3b", points={"running_mean": 1, "running_var": 2})
def test_running_statistics(agree, draw):
    """训练模式的滑动均值和滑动方差分别正确
    running mean and running variance in training, each on its own"""
    for inputs, how in layers(draw):
        agree("batchnorm_forward", *inputs, **how, training=True)


@check("3c", points=2)
def test_test_mode(agree, draw):
    """测试模式用滑动统计量，并且不改变它们
    test mode uses the running statistics and leaves them as they are"""
    for inputs, how in layers(draw):
        agree("batchnorm_forward", *inputs, **how, training=False)


@check("3d", points=1)
def test_large_mean(agree, draw):
    """均值远大于标准差时，float32 的输出仍然准确
    the float32 output stays accurate when the mean is much larger than the deviation"""
    x = draw.normal(64, 5, offset=1000)
    others = draw.normal(5, offset=1), draw.normal(5), draw.normal(5), draw.uniform(5, low=0.5)
    inputs = [value.float() for value in (x, *others)]
    compare = agree.using(tolerance=1e-3, only=("out",))
    compare("batchnorm_forward", *inputs, momentum=0.1, eps=1e-5, training=True)


@check("3e", points=1)
def test_invariance(student, draw):
    """每个通道乘一个正数再加一个数，训练模式的输出不变
    the output in training ignores a positive factor and an offset of every channel"""
    how = {"momentum": 0.1, "eps": 0.0, "training": True}
    for shape in (12, 4), (3, 2, 4, 4):
        x, *others = layer(draw, shape)
        ones = [1] * (len(shape) - 2)
        factor = draw.uniform(1, shape[1], *ones, low=0.5, high=3)
        moved = factor * x + draw.normal(1, shape[1], *ones, scale=2)
        before = student.batchnorm_forward(x, *others, **how)["out"]
        after = student.batchnorm_forward(moved, *others, **how)["out"]
        what = Text("通道缩放平移之后的输出", "the output after scaling and shifting channels")
        assert_close(after, before, tolerance=1e-8, what=what)


@check("3f", points={"dx": 5, "dgamma": 2, "dbeta": 1})
def test_backward(agree, draw):
    """x、gamma、beta 的梯度分别正确
    the gradients of x, gamma and beta, each on its own"""
    for shape, eps in ((8, 5), 1e-5), ((3, 3), 0.1), ((4, 3, 5, 6), 1e-3), ((16, 4), 0.1):
        x, gamma, *_ = layer(draw, shape)
        agree("batchnorm_backward", draw.normal(*shape), x, gamma, eps)
    agree("batchnorm_backward", draw.strided(draw.normal(*shape)), draw.strided(x), gamma, eps)


@check("3g", points=3)
def test_backward_properties(student, draw, slope):
    """dx 在每个通道内与 1 和 x̂ 都正交；梯度与数值梯度一致
    within a channel dx is orthogonal to 1 and to x̂; gradients agree with slopes"""
    x, gamma, beta, *_ = layer(draw, (9, 3))
    dout = draw.normal(9, 3)

    dx = student.batchnorm_backward(dout, x, gamma, 0.0)["dx"]
    x_hat = (x - x.mean(dim=0)) / x.std(dim=0, correction=0)
    zero = torch.zeros(3, dtype=torch.float64)
    what = Text("dx 在每个通道内的和", "the sum of dx in every channel")
    assert_close(dx.sum(dim=0), zero, tolerance=1e-9, what=what)
    what = Text("dx·x̂ 在每个通道内的和（eps 为 0）", "the sum of dx·x̂ in every channel (eps 0)")
    assert_close((dx * x_hat).sum(dim=0), zero, tolerance=1e-9, what=what)

    def objective(x, gamma, beta):
        out = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=0.1)
        return (dout * out).sum()

    slopes = {
        "dx": slope(lambda v: objective(v, gamma, beta), x),
        "dgamma": slope(lambda v: objective(x, v, beta), gamma),
        "dbeta": slope(lambda v: objective(x, gamma, v), beta),
    }
    gradients = student.batchnorm_backward(dout, x, gamma, 0.1)
    assert_close(gradients, slopes, tolerance=1e-6, what=Text("梯度", "the gradients"))
