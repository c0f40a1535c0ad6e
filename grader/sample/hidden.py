"""Question 1: mean and variance of a sample."""

from grader import check


@check("1a", points={"mean": 3, "variance": 4})
def test_samples(agree, draw):
    """若干样本的均值与方差都正确
    mean and variance of several samples are right"""
    for n in 2, 5, 40:
        agree("moments", draw.normal(n, offset=1))


@check("1b", points=3)
def test_one_value(agree, draw):
    """只有一个数时方差为 0
    the variance of a single number is 0"""
    agree("moments", draw.normal(1, offset=2))
