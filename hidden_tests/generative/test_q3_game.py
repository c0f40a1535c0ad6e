"""Question 3: the adversarial game."""

import math

import torch

from grader import assert_close, check
from grader.result import Text

MODES = "non_saturating", "minimax"
PIECES = 4096


def probabilities(draw, n):
    """`n` positive probabilities; multiples of 1/4096, so that their sum is 1 exactly."""
    cuts = (draw.permutation(PIECES - 1)[: n - 1] + 1).sort().values
    ends = torch.cat([torch.tensor([0]), cuts, torch.tensor([PIECES])])
    return ends.diff().double() / PIECES


def spread(draw, n, support):
    """Probabilities that are 0 outside the support."""
    p = torch.zeros(n, dtype=torch.float64)
    p[list(support)] = probabilities(draw, len(support))
    return p


@check("3a", points={"d_loss": 3, "g_loss": 3})
def test_gan_losses(agree, draw):
    """两个网络的损失分别正确，两种形式、真假个数不同也对
    the losses of both networks are right for both forms, also with unequal numbers of examples"""
    for n, m in (16, 5), (1, 1), (8, 8):
        d_real, d_fake = draw.normal(n, scale=2, offset=0.5), draw.normal(m, scale=2, offset=-0.5)
        for mode in MODES:
            agree("gan_losses", d_real, d_fake, mode)
    for mode in MODES:
        agree("gan_losses", draw.strided(draw.normal(6)), draw.strided(draw.normal(9)), mode)


@check("3b", points=3)
def test_extreme_logits(agree, draw):
    """logits 的绝对值很大时，两个损失仍是有限且正确的
    both losses stay finite and right for logits of large magnitude"""
    d_real, d_fake = draw.normal(12, scale=200), draw.normal(9, scale=200)
    for mode in MODES:
        agree("gan_losses", d_real, d_fake, mode)
        agree("gan_losses", d_real.float(), d_fake.float(), mode)


@check("3c", points={"d_star": 1, "value": 1.5, "js": 1.5})
def test_gan_game(agree, draw):
    """最优判别器、博弈的值和 JS 散度分别正确
    best discriminator, value of the game and JS divergence are right, each on its own"""
    for n in 5, 2, 20:
        p, q = probabilities(draw, n), probabilities(draw, n)
        agree("gan_game", p, q)
        agree("gan_game", draw.strided(q), draw.strided(p))


@check("3d", points=2)
def test_zero_probabilities(agree, student, draw, expect):
    """有概率为 0、支撑集不相交或两个分布相同时，结果有限且正确，JS 散度不越界
    finite and right with probabilities of 0, disjoint supports or equal distributions"""
    same = probabilities(draw, 4)
    cases = [
        (spread(draw, 5, (0, 2, 3)), probabilities(draw, 5)),
        (probabilities(draw, 5), spread(draw, 5, (1, 4))),
        (spread(draw, 6, (0, 1, 3)), spread(draw, 6, (1, 3, 4))),
        (spread(draw, 5, (0, 3)), spread(draw, 5, (1, 4))),
        (same, same.clone()),
    ]
    for p, q in cases:
        agree("gan_game", p, q)
        agree("gan_game", p.float(), q.float())
    for p, q in cases:
        js = student.gan_game(p, q)["js"]
        expect(
            -1e-6 <= js <= math.log(2) + 1e-6,
            "JS 散度应在 0 与 ln 2 之间。",
            "A JS divergence lies between 0 and ln 2.",
        )


@check("3e", points=1)
def test_value_and_divergence(student, draw):
    """博弈的值与 JS 散度之间的恒等式成立
    the identity between the value of the game and the JS divergence holds"""
    for n in 3, 12:
        result = student.gan_game(probabilities(draw, n), probabilities(draw, n))
        what = Text("value 与 2·js - 2 ln 2", "value against 2·js - 2 ln 2")
        expected = 2 * result["js"] - 2 * math.log(2)
        assert_close(result["value"], expected, tolerance=1e-9, what=what)


def two_layers(draw, n_in, n_hidden, n_out):
    return {
        "W1": draw.normal(n_in, n_hidden, scale=1.5 * n_in**-0.5),
        "b1": draw.normal(n_hidden, scale=0.5),
        "W2": draw.normal(n_hidden, n_out, scale=1.5 * n_hidden**-0.5),
        "b2": draw.normal(n_out, scale=0.5),
    }


@check("3f", points={"losses": 2, "d_grads": 3, "g_grads": 3})
def test_gan_gradients(agree, draw):
    """两个损失、判别器的梯度和生成器的梯度分别正确
    the losses, the discriminator's and the generator's gradients are right, each on its own"""
    agree = agree.using(
        parts={
            "losses": ("d_loss", "g_loss"),
            "d_grads": ("d_grads",),
            "g_grads": ("g_grads",),
        }
    )
    for n, m, z, d, h in (10, 7, 1, 3, 5), (1, 1, 2, 2, 4), (16, 16, 3, 2, 8):
        g_params, d_params = two_layers(draw, z, h, d), two_layers(draw, d, h, 1)
        x_real, noise = draw.normal(n, d, offset=0.5), draw.normal(m, z)
        agree("gan_gradients", g_params, d_params, x_real, noise)
        agree("gan_gradients", g_params, d_params, draw.strided(x_real), draw.strided(noise))
