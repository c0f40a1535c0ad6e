"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import probe

G = torch.Generator().manual_seed(3)


def _normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


X, W, B = _normal(2, 2, 5, 5), _normal(3, 2, 3, 3), _normal(3)
ONE = _normal(1, 1, 4, 4)
NO_BIAS = torch.zeros_like(B)
IDENTITY = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
IDENTITY[0, 0, 1, 1] = 1
ONE_HOT = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
ONE_HOT[0, 0, 0, 2] = 1
NONE = torch.zeros(1, dtype=torch.float64)
D1333 = _normal(1, 3, 3, 3)
D2333 = _normal(2, 3, 3, 3)
D2322 = _normal(2, 3, 2, 2)
D2355 = _normal(2, 3, 5, 5)
D1122 = _normal(1, 1, 2, 2)
D2233 = _normal(2, 2, 3, 3)


@probe("核全为 0、只有偏置时", "with zero kernels and only the bias")
def conv2d_forward__bias_only():
    return X, torch.zeros_like(W), B, 1, 0


@probe("恒等核、一个通道、步长 1 时", "with the identity kernel, one channel and stride 1")
def conv2d_forward__identity():
    return ONE, IDENTITY, NONE, 1, 0


@probe("只有一个非零元素的核时", "with a kernel of one entry")
def conv2d_forward__one_hot():
    return ONE, ONE_HOT, NONE, 1, 0


@probe("多个通道、步长 1、没有填充时", "with several channels, stride 1 and no padding")
def conv2d_forward__stride_1():
    return X, W, NO_BIAS, 1, 0


@probe("步长为 2、没有填充时", "with stride 2 and no padding")
def conv2d_forward__stride_2():
    return X, W, NO_BIAS, 2, 0


@probe("步长为 1、有一圈填充时", "with stride 1 and one ring of padding")
def conv2d_forward__padding():
    return X, W, NO_BIAS, 1, 1


@probe("一个样本、步长 1、没有填充时", "with one example, stride 1 and no padding")
def conv2d_backward__one_example():
    return D1333, X[:1], W, 1, 0


@probe("多个样本、步长 1、没有填充时", "with several examples, stride 1 and no padding")
def conv2d_backward__stride_1():
    return D2333, X, W, 1, 0


@probe("步长为 2、没有填充时", "with stride 2 and no padding")
def conv2d_backward__stride_2():
    return D2322, X, W, 2, 0


@probe("步长为 1、有一圈填充时", "with stride 1 and one ring of padding")
def conv2d_backward__padding():
    return D2355, X, W, 1, 1


@probe("取平均、窗口不重叠时", "with means over windows that do not overlap")
def pool2d_forward__mean():
    return ONE, 2, 2, "avg"


@probe("取最大值、窗口不重叠时", "with maxima over windows that do not overlap")
def pool2d_forward__max():
    return ONE, 2, 2, "max"


@probe("窗口重叠时", "with windows that overlap")
def pool2d_forward__overlapping():
    return X, 3, 1, "max"


@probe("最后的窗口不完整时", "with a last window that is not complete")
def pool2d_forward__incomplete():
    return X, 2, 2, "max"


@probe("取平均、窗口不重叠时", "with means over windows that do not overlap")
def pool2d_backward__mean():
    return D1122, ONE, 2, 2, "avg"


@probe("取最大值、窗口不重叠时", "with maxima over windows that do not overlap")
def pool2d_backward__max():
    return D1122, ONE, 2, 2, "max"


@probe("窗口重叠时", "with windows that overlap")
def pool2d_backward__overlapping():
    return D2233, X, 3, 1, "max"
