"""Question 1: the three parts of a VAE."""

import torch
from scipy import stats

from grader import assert_close, check
from grader.result import Text


@check("1a", points=6)
def test_gaussian_kl(agree, draw):
    """各种形状和大小的均值与方差，KL 散度正确
    the KL divergence is right for means and variances of various shapes and sizes"""
    for n, z, scale in (8, 5, 1), (1, 2, 1), (16, 3, 3), (4, 1, 1), (4, 4, 1):
        mu, logvar = draw.normal(n, z, scale=scale), draw.normal(n, z, scale=scale)
        agree("gaussian_kl", mu, logvar)
        agree("gaussian_kl", draw.strided(mu), draw.strided(logvar))
    zeros = torch.zeros(3, 2, dtype=torch.float64)
    agree("gaussian_kl", zeros, zeros)


@check("1b", points=3)
def test_properties_of_the_kl(student, draw, expect):
    """KL 非负，与先验相同时为 0；对各维可加；与均值的正负无关
    never negative, 0 for the prior, adds up over dimensions, does not see the signs of means"""
    mu, logvar = draw.normal(40, 5), draw.normal(40, 5)
    kl = student.gaussian_kl(mu, logvar)
    expect((kl >= -1e-6).all(), "有的 KL 散度是负数。", "Some KL divergences are negative.")

    zeros = torch.zeros(4, 3, dtype=torch.float64)
    prior = student.gaussian_kl(zeros, zeros)
    assert_close(prior, zeros[:, 0], what=Text("与先验相同时", "for the prior itself"))

    first = student.gaussian_kl(mu[:, :2], logvar[:, :2])
    second = student.gaussian_kl(mu[:, 2:], logvar[:, 2:])
    assert_close(first + second, kl, what=Text("各维之和", "the sum over dimensions"))

    mirrored = student.gaussian_kl(-mu, logvar)
    assert_close(mirrored, kl, what=Text("均值变号之后", "with the signs of the means changed"))


@check("1c", points=6)
def test_given_noise(agree, draw):
    """给定 eps 时采样值正确，eps 可以多一维
    samples are right when eps is given, also with one axis more"""
    for n, z in (5, 4), (1, 3), (4, 4), (6, 1):
        mu, logvar = draw.normal(n, z), draw.normal(n, z, scale=2)
        agree("reparameterize", mu, logvar, eps=draw.normal(n, z))
        strided = draw.strided(mu), draw.strided(logvar)
        agree("reparameterize", *strided, eps=draw.normal(6, n, z))


@check("1d", points=5)
def test_drawn_noise(student, draw, distribution, expect):
    """给定种子时，采样值服从要求的正态分布，各样本相互独立，换种子则不同
    with a seed, samples follow the required normal law, independently; other seeds differ"""
    draws, n, z = 4000, 3, 2
    mu, logvar = draw.normal(n, z), draw.normal(n, z)
    seed = draw.seed()
    samples = student.reparameterize(mu, logvar, num_samples=draws, seed=seed)
    u = (samples - mu) / torch.exp(logvar / 2)

    pairs = [(i, j) for i in range(n) for j in range(i)]
    test = distribution(2 * n * z + 1 + len(pairs) * z)
    for i in range(n):
        for k in range(z):
            test.mean(u[:, i, k], 0.0, 1.0)
            test.variance(u[:, i, k], 1.0)
    for i, j in pairs:
        for k in range(z):
            test.uncorrelated(u[:, i, k], u[:, j, k])
    test.law(u, stats.norm())

    one, other = (student.reparameterize(mu, logvar, num_samples=2, seed=seed + k) for k in (0, 1))
    expect(
        (one != other).all(),
        "换了种子，采样值却没有变：种子没有起作用。",
        "Another seed gave the same samples: the seed has no effect.",
    )


@check("1e", points=4)
def test_bernoulli_log_likelihood(agree, draw):
    """二值和介于 0、1 之间的像素，对数似然都正确
    the log-likelihood is right for binary pixels and for those between 0 and 1"""
    for n, d in (8, 64), (1, 5), (6, 6):
        logits, grey = draw.normal(n, d, scale=2), draw.uniform(n, d)
        agree("bernoulli_log_likelihood", logits, draw.integers(0, 2, n, d).double())
        agree("bernoulli_log_likelihood", draw.strided(logits), draw.strided(grey))


@check("1f", points=4)
def test_extreme_logits(agree, draw):
    """logits 的绝对值很大时，对数似然仍是有限且正确的
    the log-likelihood stays finite and right for logits of large magnitude"""
    signs = 2.0 * draw.integers(0, 2, 6, 8) - 1
    for logits in draw.normal(6, 8, scale=200), 1000 * signs.double():
        for x in draw.integers(0, 2, 6, 8).double(), draw.uniform(6, 8):
            agree("bernoulli_log_likelihood", logits, x)
            agree("bernoulli_log_likelihood", logits.float(), x.float())
