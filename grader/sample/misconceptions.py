"""What goes wrong in `moments`: one plain mistake per variant, with the sentence that names it."""

from grader.catalogue import misconception


@misconception(
    zh="方差除以了 N-1：本题要求除以 N。",
    en="The variance is divided by N-1: this question divides by N.",
    words="the variance over N-1",
    words_zh="除以 N-1 的方差",
)
def moments__bessel(x):
    n = x.numel()
    mean = x.sum() / n
    return {"mean": mean, "variance": ((x - mean) ** 2).sum() / (n - 1)}


@misconception(
    zh="你返回的是标准差：方差不开平方根。",
    en="This is the standard deviation: there is no root in the variance.",
    words="the root of the variance",
    words_zh="方差的平方根",
)
def moments__standard_deviation(x):
    n = x.numel()
    mean = x.sum() / n
    return {"mean": mean, "variance": (((x - mean) ** 2).sum() / n) ** 0.5}


@misconception(
    zh="计算方差时没有减去均值：这是二阶原点矩。",
    en="The mean is not subtracted: this is the second raw moment.",
    words="the mean of the squares",
    words_zh="平方的均值",
)
def moments__not_centred(x):
    n = x.numel()
    return {"mean": x.sum() / n, "variance": (x**2).sum() / n}
