"""Question 1: the linear layer."""

from grader import check

SHAPES = (1, 3, 4), (16, 5, 5), (32, 64, 10)


@check("1a", points=4)
def test_linear_forward(agree, draw):
    """线性层的输出正确，形状和内存布局各不相同
    the output of a linear layer is right for various shapes and memory layouts"""
    for n, d, m in SHAPES:
        x, W, b = draw.normal(n, d), draw.normal(d, m), draw.normal(m)
        agree("linear_forward", x, W, b)
        agree("linear_forward", draw.strided(x), draw.strided(W), b)


@check("1b", points={"dx": 2, "dW": 3, "db": 2})
def test_linear_backward(agree, draw):
    """dx、dW 和 db 分别正确，形状和内存布局各不相同
    dx, dW and db are right, each on its own, for various shapes and memory layouts"""
    for n, d, m in SHAPES:
        dout, x, W = draw.normal(n, m), draw.normal(n, d), draw.normal(d, m)
        agree("linear_backward", dout, x, W)
        agree("linear_backward", draw.strided(dout), draw.strided(x), draw.strided(W))
