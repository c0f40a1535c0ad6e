"""The reference of assignment generative against autograd, torch.distributions, closed forms."""

import math
from pathlib import Path

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F  # noqa: N812  (as everybody writes it)

from grader.catalogue import load

REFERENCE = load(Path(__file__).parents[2] / "reference" / "generative").solution
DTYPES = [torch.float32, torch.float64]
MODES = ["non_saturating", "minimax"]


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(20260901)


def normal(generator, dtype, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def bits(generator, dtype, *shape):
    return torch.randint(2, shape, generator=generator).to(dtype)


def close(actual, expected):
    bound = 2e-5 if actual.dtype is torch.float32 else 1e-12
    torch.testing.assert_close(actual, expected, rtol=bound, atol=bound)


@pytest.mark.parametrize(("n", "z"), [(1, 2), (8, 5), (4, 1)])
def test_gaussian_kl(dtype, generator, n, z):
    mu, logvar = normal(generator, dtype, n, z), normal(generator, dtype, n, z)
    posterior, prior = Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), 1)
    close(REFERENCE.gaussian_kl(mu, logvar), kl_divergence(posterior, prior).sum(dim=1))


def test_reparameterize_with_noise(dtype, generator):
    mu, logvar, eps = (normal(generator, dtype, *s) for s in ((3, 2), (3, 2), (5, 3, 2)))
    z = REFERENCE.reparameterize(mu, logvar, eps=eps)
    assert z.shape == (5, 3, 2)
    log_density = Normal(mu, (logvar / 2).exp()).log_prob(z)
    close(log_density, Normal(torch.zeros_like(mu), 1).log_prob(eps) - logvar / 2)


def test_reparameterize_with_seed(dtype, generator):
    mu, logvar = normal(generator, dtype, 3, 2), normal(generator, dtype, 3, 2)
    before = torch.get_rng_state()
    z = REFERENCE.reparameterize(mu, logvar, num_samples=2000, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    assert z.dtype is dtype
    assert z.shape == (2000, 3, 2)
    u = (z - mu) / (logvar / 2).exp()
    assert u.mean(dim=0).abs().max() < 0.15
    assert (u.std(dim=0) - 1).abs().max() < 0.1
    assert torch.equal(z, REFERENCE.reparameterize(mu, logvar, num_samples=2000, seed=5))


@pytest.mark.parametrize("scale", [1, 200])
def test_bernoulli_log_likelihood(dtype, generator, scale):
    logits, x = scale * normal(generator, dtype, 6, 9), bits(generator, dtype, 6, 9)
    expected = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)
    close(REFERENCE.bernoulli_log_likelihood(logits, x), expected)
    if scale == 1:
        close(expected, Bernoulli(logits=logits).log_prob(x).sum(dim=1))


def vae(generator, dtype, n, d, h, z):
    shapes = {
        "We": (d, h), "be": (h,), "Wm": (h, z), "bm": (z,), "Wv": (h, z), "bv": (z,),
        "Wd": (z, h), "bd": (h,), "Wx": (h, d), "bx": (d,),
    }  # fmt: skip
    params = {key: normal(generator, dtype, *shape) / 2 for key, shape in shapes.items()}
    return params, bits(generator, dtype, n, d), normal(generator, dtype, n, z)


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
@pytest.mark.parametrize(("n", "d", "h", "z"), [(1, 6, 5, 2), (8, 12, 7, 3), (5, 9, 6, 1)])
def test_vae_elbo(dtype, generator, n, d, h, z, beta):
    p, x, eps = vae(generator, dtype, n, d, h, z)
    hidden = torch.tanh(F.linear(x, p["We"].T, p["be"]))
    mu = F.linear(hidden, p["Wm"].T, p["bm"])
    posterior = Normal(mu, F.linear(hidden, p["Wv"].T, p["bv"]).exp().sqrt())
    decoded = torch.tanh(F.linear(mu + posterior.scale * eps, p["Wd"].T, p["bd"]))
    pixels = Bernoulli(logits=F.linear(decoded, p["Wx"].T, p["bx"]))
    recon = pixels.log_prob(x).sum() / n
    kl = kl_divergence(posterior, Normal(torch.zeros_like(mu), 1)).sum() / n

    result = REFERENCE.vae_elbo(p, x, eps, beta)
    close(result["recon"], recon)
    close(result["kl"], kl)
    close(result["elbo"], recon - beta * kl)


def test_iwae_bound(dtype, generator):
    log_joint, log_q = normal(generator, dtype, 7, 4), normal(generator, dtype, 7, 4)
    naive = (log_joint - log_q).exp().mean(dim=0).log()
    close(REFERENCE.iwae_bound(log_joint, log_q), naive)
    far = REFERENCE.iwae_bound(log_joint.double() - 2000, log_q.double())
    torch.testing.assert_close(far, naive.double() - 2000, rtol=1e-6, atol=1e-6)
    close(REFERENCE.iwae_bound(log_joint[:1], log_q[:1]), (log_joint - log_q)[0])


def test_iwae_bound_rises_to_the_likelihood(generator):
    """A model in which log p(x) is known: x = z + noise, and a posterior that is a bit off."""
    x = normal(generator, torch.float64, 400)
    z = 0.4 * x + normal(generator, torch.float64, 512, 400)
    log_joint = Normal(0.0, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(x)
    log_q = Normal(0.4 * x, 1.0).log_prob(z)
    gaps = [
        (Normal(0.0, 2**0.5).log_prob(x) - REFERENCE.iwae_bound(log_joint[:s], log_q[:s])).mean()
        for s in (1, 8, 512)
    ]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2].abs() < 0.01


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", [1, 200])
def test_gan_losses(dtype, generator, mode, scale):
    d_real, d_fake = (scale * normal(generator, dtype, n) for n in (16, 5))
    bce = F.binary_cross_entropy_with_logits
    real, fake = torch.ones_like(d_real), torch.zeros_like(d_fake)
    result = REFERENCE.gan_losses(d_real, d_fake, mode)
    close(result["d_loss"], bce(d_real, real) + bce(d_fake, fake))
    g_loss = bce(d_fake, 1 - fake) if mode == "non_saturating" else -bce(d_fake, fake)
    close(result["g_loss"], g_loss)


def test_gan_losses_refuse_other_modes():
    with pytest.raises(ValueError, match="wasserstein"):
        REFERENCE.gan_losses(torch.zeros(1), torch.zeros(1), "wasserstein")


def test_gan_game(dtype, generator):
    p, q = (torch.softmax(normal(generator, dtype, 9), dim=0) for _ in "pq")
    result = REFERENCE.gan_game(p, q)
    m = (p + q) / 2
    js = (F.kl_div(m.log(), p, reduction="sum") + F.kl_div(m.log(), q, reduction="sum")) / 2
    close(result["js"], js)
    close(result["value"], 2 * js - 2 * math.log(2))
    close(result["d_star"], p / (p + q))

    # No other discriminator does better.
    D = (result["d_star"] + 0.01 * normal(generator, dtype, 9)).clamp(0.001, 0.999)
    assert (p * D.log() + q * (1 - D).log()).sum() < result["value"]


def test_gan_game_without_overlap(dtype):
    p, q = torch.tensor([1.0, 0, 0], dtype=dtype), torch.tensor([0, 0, 1.0], dtype=dtype)
    result = REFERENCE.gan_game(p, q)
    close(result["d_star"], torch.tensor([1, 0.5, 0], dtype=dtype))
    close(result["value"], torch.tensor(0, dtype=dtype))
    close(result["js"], torch.tensor(math.log(2), dtype=dtype))


def network(generator, dtype, n_in, n_hidden, n_out):
    return {
        "W1": normal(generator, dtype, n_in, n_hidden),
        "b1": normal(generator, dtype, n_hidden),
        "W2": normal(generator, dtype, n_hidden, n_out),
        "b2": normal(generator, dtype, n_out),
    }


@pytest.mark.parametrize(("n", "m", "z", "d", "h"), [(1, 1, 2, 2, 4), (10, 7, 1, 3, 5)])
def test_gan_gradients(dtype, generator, n, m, z, d, h):
    g_params, d_params = network(generator, dtype, z, h, d), network(generator, dtype, d, h, 1)
    x, noise = normal(generator, dtype, n, d), normal(generator, dtype, m, z)
    result = REFERENCE.gan_gradients(g_params, d_params, x, noise)
    assert not any(v.requires_grad for v in [*g_params.values(), *d_params.values()])

    def losses(g, f):
        fake = REFERENCE.two_layers(f, REFERENCE.two_layers(g, noise))
        real = REFERENCE.two_layers(f, x)
        bce = F.binary_cross_entropy_with_logits
        d_loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
        return d_loss, bce(fake, torch.ones_like(fake))

    d_loss, g_loss = losses(g_params, d_params)
    close(result["d_loss"], d_loss)
    close(result["g_loss"], g_loss)
    d_grads = torch.func.grad(lambda f: losses(g_params, f)[0])(d_params)
    g_grads = torch.func.grad(lambda g: losses(g, d_params)[1])(g_params)
    for key in g_params:
        close(result["d_grads"][key], d_grads[key])
        close(result["g_grads"][key], g_grads[key])


def test_vae_learns(generator):
    """Two patterns with a few wrong bits are learnt, the same way for equal seeds."""
    x = bits(generator, torch.float32, 2, 64)[torch.arange(120) % 2]
    x = torch.where(torch.rand(120, 64, generator=generator) < 0.02, 1 - x, x)
    before = torch.random.get_rng_state()
    trained = REFERENCE.train_vae(x, 2, seed=1, epochs=20)
    again = REFERENCE.train_vae(x, 2, seed=1, epochs=20)
    assert torch.equal(torch.random.get_rng_state(), before)
    state, history = trained["state"], trained["history"]
    assert all(torch.equal(state[key], again["state"][key]) for key in state)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["loss"][-1] == pytest.approx(history["kl"][-1] - history["recon"][-1], rel=1e-4)
    mu = REFERENCE.vae_encode(state, x)["mu"]
    assert ((REFERENCE.vae_decode(state, mu) > 0) == (x > 0.5)).double().mean() > 0.95


def test_gan_returns_to_the_units_of_the_data(generator):
    x = 0.1 * normal(generator, torch.float32, 2000, 2) + torch.tensor([50.0, -3.0])
    trained = REFERENCE.train_gan(x, seed=0, steps=50)
    assert [len(v) for v in trained["history"].values()] == [50, 50]
    before = torch.random.get_rng_state()
    points = REFERENCE.gan_sample(trained["state"], 300, 4)
    assert torch.equal(points, REFERENCE.gan_sample(trained["state"], 300, 4))
    assert not torch.equal(points, REFERENCE.gan_sample(trained["state"], 300, 5))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (points.mean(dim=0) - x.mean(dim=0)).abs().max() < 0.5
