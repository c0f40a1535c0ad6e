"""Question 2: activations."""

import torch

from grader import check

KINDS = "relu", "leaky_relu", "sigmoid", "tanh"
EXTREMES = torch.tensor([-1000.0, -100.0, -20.0, 0.0, 20.0, 100.0, 1000.0], dtype=torch.float64)


def with_zeros(draw):
    """6×5 pre-activations, some of them exactly 0."""
    z = draw.normal(6, 5, scale=3)
    z.view(-1)[draw.permutation(30)[:6]] = 0
    return z


@check("2a", points=3)
def test_activation(agree, draw):
    """四种激活函数的值正确，在 0 处和对任意形状也对
    the values of all four activations are right, also at 0 and for any shape"""
    for kind in KINDS:
        agree("activation", with_zeros(draw), kind)
        agree("activation", draw.strided(with_zeros(draw)), kind)
        agree("activation", draw.normal(2, 3, 2, scale=3), kind)


@check("2b", points=2)
def test_activation_of_extremes(agree):
    """净输入的绝对值很大时，激活函数仍是有限且正确的
    activations stay finite and right for pre-activations of large magnitude"""
    for kind in KINDS:
        agree("activation", EXTREMES, kind)
        agree("activation", EXTREMES.float(), kind)


@check("2c", points={"value": 4, "zero": 1})
def test_activation_grad(agree, draw, part):
    """四种激活函数的导数正确；在 0 处的导数符合约定
    the derivatives of all four activations are right; at 0 they follow the convention"""
    with part("value"):
        for kind in KINDS:
            agree("activation_grad", draw.normal(6, 5, scale=3), kind)
            agree("activation_grad", draw.strided(draw.normal(5, 4, scale=3)), kind)
            agree("activation_grad", draw.normal(3, scale=3), kind)
    with part("zero"):
        for kind in "relu", "leaky_relu":
            agree("activation_grad", torch.zeros(2, 3, dtype=torch.float64), kind)
            agree("activation_grad", torch.zeros(4, dtype=torch.float64), kind)


@check("2d", points=2)
def test_activation_grad_of_extremes(agree):
    """净输入的绝对值很大时，导数仍是有限且正确的
    derivatives stay finite and right for pre-activations of large magnitude"""
    z = torch.where(EXTREMES == 0, 1.0, EXTREMES)  # what holds at 0 is another check's matter
    for kind in KINDS:
        agree("activation_grad", z, kind)
        agree("activation_grad", z.float(), kind)
