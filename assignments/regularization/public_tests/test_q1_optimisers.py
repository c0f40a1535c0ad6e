"""Question 1: optimisers."""

import torch

from grader import assert_close, check


@check("p1a", points=0, functions=("sgd_step",))
def test_sgd_step(student):
    """动量的例子：参数 1，梯度 0.5，速度 0.2
    the example of momentum: parameter 1, gradient 0.5, velocity 0.2"""
    inputs = torch.tensor(1.0), torch.tensor(0.5), torch.tensor(0.2)
    how = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}
    result = student.sgd_step(*inputs, **how, nesterov=False)
    assert_close(result, {"param": 0.932, "velocity": 0.68})


@check("p1b", points=0, functions=("adam_step",))
def test_adam_step(student):
    """Adam 的例子：从 1 出发的第一步
    the example of Adam: the first step from 1"""
    zero = torch.zeros(())
    how = {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    result = student.adam_step(
        torch.tensor(1.0), torch.tensor(0.5), zero, zero, 1, **how, decoupled=False
    )
    assert_close(result, {"param": 0.9, "m": 0.05, "v": 0.00025})


@check("p1c", points=0, functions=("lr_at",))
def test_lr_at(student):
    """学习率的例子：第 0、1、2、6、10 步
    the example of the learning rate: steps 0, 1, 2, 6, 10"""
    how = {"base_lr": 1.0, "total_steps": 10, "warmup_steps": 2, "min_lr": 0.0}
    for step, rate in (0, 0.5), (1, 1.0), (2, 1.0), (6, 0.5), (10, 0.0):
        assert_close(student.lr_at(step, **how), rate, what=f"lr_at({step})")
