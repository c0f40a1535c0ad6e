"""Question 3: the adversarial game."""

import math

import torch

from grader import assert_close, check

TWO_LOG_2, LOG_2 = 2 * math.log(2), math.log(2)


@check("p3a", points=0, functions=("gan_losses",))
def test_gan_losses(student):
    """logit 都是 0 时的两个损失，两种形式
    the losses for logits of 0, in both forms"""
    zero = torch.zeros(1)
    losses = student.gan_losses(zero, zero, "non_saturating")
    assert_close(losses, {"d_loss": TWO_LOG_2, "g_loss": LOG_2})
    losses = student.gan_losses(zero, zero, "minimax")
    assert_close(losses, {"d_loss": TWO_LOG_2, "g_loss": -LOG_2})


@check("p3b", points=0, functions=("gan_game",))
def test_gan_game(student):
    """支撑集不相交的两个分布；相同的两个分布
    two distributions with disjoint supports; two equal ones"""
    p, q = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert_close(student.gan_game(p, q), {"d_star": p, "value": 0.0, "js": LOG_2})
    half = torch.full((2,), 0.5)
    assert_close(student.gan_game(half, half), {"d_star": half, "value": -TWO_LOG_2, "js": 0.0})


@check("p3c", points=0, functions=("gan_gradients",))
def test_gan_gradients(student):
    """题目里的例子：所有参数为 0，只有判别器的 W2 是 1
    the example of the text: all parameters 0, except for W2 of the discriminator, which is 1"""
    network = {"W1": torch.zeros(1, 1), "b1": torch.zeros(1), "W2": torch.zeros(1, 1)}
    network["b2"] = torch.zeros(1)
    critic = network | {"W2": torch.ones(1, 1)}
    points = torch.ones(1, 1)
    result = student.gan_gradients(network, critic, points, points)
    zeros = dict.fromkeys(network, 0.0)
    d_grads = {key: torch.full_like(network[key], value) for key, value in zeros.items()}
    d_grads["W1"] = torch.full((1, 1), -0.5)
    g_grads = {key: torch.zeros_like(value) for key, value in network.items()}
    expected = {"d_loss": TWO_LOG_2, "g_loss": LOG_2, "d_grads": d_grads, "g_grads": g_grads}
    assert_close(result, expected)
