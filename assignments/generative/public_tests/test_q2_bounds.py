"""Question 2: the evidence lower bound."""

import math

import torch

from grader import assert_close, check


@check("p2a", points=0, functions=("vae_elbo",))
def test_vae_elbo(student):
    """一个像素、一个隐藏单元、一个隐变量，beta = 2
    one pixel, one hidden unit, one latent variable, beta = 2"""
    weights = {f"W{k}": torch.zeros(1, 1) for k in "emvdx"}
    params = weights | {f"b{k}": torch.zeros(1) for k in "emvdx"}
    params["bm"] = torch.ones(1)
    result = student.vae_elbo(params, torch.ones(1, 1), torch.zeros(1, 1), 2.0)
    assert_close(result, {"elbo": -1.6931472, "recon": -0.6931472, "kl": 0.5})


@check("p2b", points=0, functions=("iwae_bound",))
def test_iwae_bound(student):
    """权重是 1 和 3：平均的对数是 log 2
    weights of 1 and 3: the log of their mean is log 2"""
    log_joint = torch.tensor([[0.0], [math.log(3)]])
    bound = student.iwae_bound(log_joint, torch.zeros(2, 1))
    assert_close(bound, torch.tensor([0.6931472]))
