"""Question 2: activations."""

import torch

from grader import assert_close, check

Z = torch.tensor([-1.0, 0.0, 2.0])


@check("p2a", points=0, functions=("activation",))
def test_activation(student):
    """四种激活函数在 -1、0、2 处的值
    the four activations at -1, 0 and 2"""
    assert_close(student.activation(Z, "relu"), torch.tensor([0.0, 0.0, 2.0]))
    assert_close(student.activation(Z, "leaky_relu"), torch.tensor([-0.01, 0.0, 2.0]))
    assert_close(student.activation(Z, "sigmoid"), torch.tensor([0.2689414, 0.5, 0.8807970]))
    assert_close(student.activation(Z, "tanh"), torch.tensor([-0.7615942, 0.0, 0.9640276]))


@check("p2b", points=0, functions=("activation",))
def test_large_arguments(student):
    """很大的净输入不会溢出
    large pre-activations do not overflow"""
    assert_close(student.activation(torch.tensor([-500.0, 500.0]), "sigmoid"), Z.new([0, 1]))


@check("p2c", points=0, functions=("activation_grad",))
def test_activation_grad(student):
    """四种激活函数在 -1 和 2 处的导数
    the derivatives of the four activations at -1 and 2"""
    z = torch.tensor([-1.0, 2.0])
    assert_close(student.activation_grad(z, "relu"), torch.tensor([0.0, 1.0]))
    assert_close(student.activation_grad(z, "leaky_relu"), torch.tensor([0.01, 1.0]))
    assert_close(student.activation_grad(z, "sigmoid"), torch.tensor([0.1966119, 0.1049936]))
    assert_close(student.activation_grad(z, "tanh"), torch.tensor([0.4199743, 0.0706508]))
