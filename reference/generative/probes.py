"""Ungraded calls that leave one term of a function, the simplest first (docs/diagnosis.md)."""

import torch

from grader.catalogue import probe

G = torch.Generator().manual_seed(5)


def _normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


X = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.5]], dtype=torch.float64)
EPS = _normal(2, 2)
VAE = {
    "We": _normal(3, 4),
    "be": _normal(4),
    "Wm": _normal(4, 2),
    "bm": _normal(2),
    "Wv": _normal(4, 2) / 2,
    "bv": _normal(2) / 2,
    "Wd": _normal(2, 4),
    "bd": _normal(4),
    "Wx": _normal(4, 3),
    "bx": _normal(3),
}


def _elbo(*kept, beta=1.0):
    """The bound with all other parameters set to zero."""
    parameters = {k: v.clone() if k in kept else torch.zeros_like(v) for k, v in VAE.items()}
    return parameters, X.clone(), EPS.clone(), beta


@probe("只有解码器的输出偏置时", "with only the bias of the decoder's output")
def vae_elbo__decoder_bias():
    return _elbo("bx")


@probe("编码器全为 0、只有解码器时", "with the encoder at zero and only the decoder")
def vae_elbo__decoder():
    return _elbo("Wd", "bd", "Wx", "bx")


@probe("只有方差的偏置和解码器时", "with only the variance's bias and the decoder")
def vae_elbo__variance():
    return _elbo("bv", "Wd", "bd", "Wx", "bx")


@probe("只有均值的偏置、β 为 2 时", "with only the mean's bias and a beta of 2")
def vae_elbo__mean():
    return _elbo("bm", beta=2.0)


@probe("只抽一个样本时", "with one sample")
def iwae_bound__one_sample():
    return X[:1].clone(), X[1:].clone()


@probe("所有权重相等时", "with equal weights")
def iwae_bound__equal_weights():
    return torch.full((4, 2), -1.0, dtype=torch.float64), torch.full(
        (4, 2), -3.0, dtype=torch.float64
    )


@probe("有几个不等的权重时", "with several weights")
def iwae_bound__weights():
    return VAE["Wm"].clone(), VAE["Wv"].clone()


GENERATOR = {"W1": _normal(2, 4), "b1": _normal(4), "W2": _normal(4, 3), "b2": _normal(3)}
DISCRIMINATOR = {"W1": _normal(3, 4), "b1": _normal(4), "W2": _normal(4, 1), "b2": _normal(1)}


def _gradients(kept):
    networks = (
        {k: v.clone() if k in kept else torch.zeros_like(v) for k, v in network.items()}
        for network in (GENERATOR, DISCRIMINATOR)
    )
    return *networks, X.clone(), EPS.clone()


@probe("两个网络都只有输出偏置时", "with only the output biases of both networks")
def gan_gradients__biases():
    return _gradients(("b2",))


@probe("两个网络都完整时", "with both networks complete")
def gan_gradients__all():
    return _gradients(("W1", "b1", "W2", "b2"))
