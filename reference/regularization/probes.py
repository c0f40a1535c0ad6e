"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import given, probe

G = torch.Generator().manual_seed(4)


def _normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


PARAM, GRAD, VELOCITY = _normal(4), _normal(4), _normal(4)
X, DOUT, IMAGES, UPSTREAM = _normal(6, 1), _normal(6, 1), _normal(3, 2, 2, 2), _normal(3, 2, 2, 2)


def _sgd(velocity, momentum=0.0, weight_decay=0.0, nesterov=False):
    switches = {"momentum": momentum, "weight_decay": weight_decay, "nesterov": nesterov}
    return given(PARAM.clone(), GRAD.clone(), velocity.clone(), lr=0.5, **switches)


@probe("没有动量、没有权重衰减时", "without momentum and weight decay")
def sgd_step__plain():
    return _sgd(torch.zeros(4, dtype=torch.float64))


@probe("只有动量时", "with momentum only")
def sgd_step__momentum():
    return _sgd(VELOCITY, momentum=0.5)


@probe("有动量并用 Nesterov 形式时", "with momentum in Nesterov's form")
def sgd_step__nesterov():
    return _sgd(VELOCITY, momentum=0.5, nesterov=True)


@probe("有动量和权重衰减时", "with momentum and weight decay")
def sgd_step__decay():
    return _sgd(VELOCITY, momentum=0.5, weight_decay=0.25)


def _adam(m, v, t, weight_decay=0.0, decoupled=False):
    rates = {"lr": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 0.25}
    switches = {"weight_decay": weight_decay, "decoupled": decoupled}
    return given(PARAM.clone(), GRAD.clone(), m.clone(), v.clone(), t, **rates, **switches)


@probe("第一步、没有权重衰减时", "at the first step, without weight decay")
def adam_step__first():
    zero = torch.zeros(4, dtype=torch.float64)
    return _adam(zero, zero, 1)


@probe("第三步、没有权重衰减时", "at the third step, without weight decay")
def adam_step__third():
    return _adam(VELOCITY, VELOCITY**2, 3)


@probe("有 decoupled=False 的权重衰减时", "with weight decay and decoupled=False")
def adam_step__coupled():
    return _adam(VELOCITY, VELOCITY**2, 3, weight_decay=0.25)


@probe("有 decoupled=True 的权重衰减时", "with weight decay and decoupled=True")
def adam_step__decoupled():
    return _adam(VELOCITY, VELOCITY**2, 3, weight_decay=0.25, decoupled=True)


def _forward(x, training, gamma=1.0, beta=0.0):
    channels = torch.ones(x.shape[1], dtype=torch.float64)
    statistics = -0.5 * channels, 4 * channels
    switches = {"momentum": 0.25, "eps": 0.5, "training": training}
    return given(x.clone(), gamma * channels, beta * channels, *statistics, **switches)


@probe(
    "训练模式、一个通道、不缩放不平移时",
    "in training mode, with one channel, not scaled or shifted",
)
def batchnorm_forward__training():
    return _forward(X, training=True)


@probe(
    "测试模式、一个通道、不缩放不平移时", "in test mode, with one channel, not scaled or shifted"
)
def batchnorm_forward__test():
    return _forward(X, training=False)


@probe("有缩放和平移时", "with scale and shift")
def batchnorm_forward__scaled():
    return _forward(X, training=True, gamma=2.0, beta=0.5)


@probe("输入是图像时", "with images")
def batchnorm_forward__images():
    return _forward(IMAGES, training=True)


@probe("一个通道、不缩放时", "with one channel and no scale")
def batchnorm_backward__vectors():
    return DOUT.clone(), X.clone(), torch.ones(1, dtype=torch.float64), 0.5


@probe("有缩放时", "with a scale")
def batchnorm_backward__scaled():
    return DOUT.clone(), X.clone(), torch.full((1,), 2.0, dtype=torch.float64), 0.5


@probe("输入是图像时", "with images")
def batchnorm_backward__images():
    return UPSTREAM.clone(), IMAGES.clone(), torch.ones(2, dtype=torch.float64), 0.5
