"""Question 1: the three parts of a VAE."""

import math

import torch

from grader import assert_close, check


@check("p1a", points=0, functions=("gaussian_kl",))
def test_gaussian_kl(student):
    """均值为 1 时 KL 是 0.5；方差为 1 和 4 时是 0.8069
    a mean of 1 has the KL 0.5; variances of 1 and 4 have 0.8069"""
    kl = student.gaussian_kl(torch.tensor([[1.0]]), torch.tensor([[0.0]]))
    assert_close(kl, torch.tensor([0.5]))
    kl = student.gaussian_kl(torch.zeros(1, 2), torch.tensor([[math.log(4), 0.0]]))
    assert_close(kl, torch.tensor([0.8069]), tolerance=1e-4)


@check("p1b", points=0, functions=("reparameterize",))
def test_given_noise(student):
    """均值 1、方差 4、eps 为 0.5 时采样值是 2
    mean 1, variance 4 and eps 0.5 give the sample 2"""
    mu, logvar, eps = (torch.tensor([[v]]) for v in (1.0, math.log(4), 0.5))
    assert_close(student.reparameterize(mu, logvar, eps=eps), torch.tensor([[2.0]]))


@check("p1c", points=0, functions=("reparameterize",))
def test_drawn_noise(student, expect):
    """给定种子时的形状，以及均值大致正确
    with a seed: the shape, and a mean that is about right"""
    mu = torch.tensor([[1.0, -2.0]])
    z = student.reparameterize(mu, torch.zeros(1, 2), num_samples=1000, seed=0)
    expect(
        torch.is_tensor(z) and tuple(z.shape) == (1000, 1, 2),
        "num_samples=1000、N=1、Z=2 时形状应是 (1000, 1, 2)。",
        "For num_samples=1000, N=1 and Z=2 the shape should be (1000, 1, 2).",
    )
    expect(
        ((z.mean(dim=0) - mu).abs() < 0.2).all(),
        "1000 个采样值的平均离均值太远。",
        "The average of 1000 samples is too far from the mean.",
    )


@check("p1d", points=0, functions=("bernoulli_log_likelihood",))
def test_bernoulli_log_likelihood(student):
    """3 个 logit 都是 0：对数似然是 3·log(1/2)
    three logits of 0: the log-likelihood is 3·log(1/2)"""
    x = torch.tensor([[1.0, 0.0, 1.0]])
    value = student.bernoulli_log_likelihood(torch.zeros(1, 3), x)
    assert_close(value, torch.tensor([-2.0794415]))


@check("p1e", points=0, functions=("bernoulli_log_likelihood",))
def test_large_logits(student):
    """很大的 logit 不会溢出
    large logits do not overflow"""
    value = student.bernoulli_log_likelihood(torch.tensor([[500.0]]), torch.tensor([[0.0]]))
    assert_close(value, torch.tensor([-500.0]))
