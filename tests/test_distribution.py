"""The statistical tests: correct code passes, every known mistake fails."""

import math

import pytest
import torch
from scipy import stats

from grader.distribution import (
    DistributionTest,
    check_categories,
    check_mask,
    check_standard_normal,
    check_weights,
)
from grader.errors import BrokenAssignment, WrongAnswer

F64 = torch.float64


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=F64)


def uniform(*shape, seed=0):
    return torch.rand(shape, generator=generator(seed), dtype=F64)


STD = math.sqrt(2 / 400)
HE = normal(400, 300) * STD
FLAT = (uniform(400, 300) * 2 - 1) * math.sqrt(3) * STD


@pytest.mark.parametrize("seed", range(10))
def test_correct_weights_pass(seed):
    check_weights(normal(400, 300, seed=seed) * STD, STD, "normal")
    bound = math.sqrt(3) * STD
    check_weights((uniform(400, 300, seed=seed) * 2 - 1) * bound, STD, "uniform")


@pytest.mark.parametrize(
    ("weights", "law", "code"),
    [
        (HE * math.sqrt(400 / 300), "normal", "variance"),
        (HE * STD, "normal", "variance"),
        (HE + STD / 50, "normal", "mean"),
        (FLAT, "normal", "law"),
        (HE, "uniform", "law"),
        (HE.abs(), "normal", "mean"),
        (HE.sign() * STD, "normal", "law"),
        (HE * math.nan, "normal", "nonfinite"),
        (HE * math.inf, "normal", "nonfinite"),
    ],
)
def test_wrong_weights_fail(weights, law, code):
    with pytest.raises(WrongAnswer) as caught:
        check_weights(weights, STD, law)
    assert caught.value.diagnosis.code == f"distribution.{code}"


def test_the_right_moments_are_not_the_right_law():
    """A two-point law has mean 0, and with its kurtosis the right variance."""
    points = HE.sign()
    test = DistributionTest(3)
    test.mean(points, 0.0, 1.0)
    with pytest.raises(WrongAnswer):
        test.law(points, stats.norm())


def mask(keep, seed, shape=(200, 300)):
    return uniform(*shape, seed=seed) < keep


def totals(keep, first):
    return [int(mask(keep, first + i, (50, 60)).sum()) for i in range(40)]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_correct_mask_passes(keep, seed):
    check_mask(mask(keep, seed), totals(keep, 100 * seed), 3000, keep)


RIGHT = mask(0.8, 1)
FIXED = [2400] * 40


@pytest.mark.parametrize(
    ("kept", "seeds", "code"),
    [
        (mask(0.2, 1), None, "proportion"),
        (mask(0.79, 1), None, "proportion"),
        (mask(0.8, 1, (200, 1)).expand(200, 300), None, ""),
        (mask(0.8, 1, (1, 300)).expand(200, 300), None, ""),
        (torch.arange(60000).reshape(200, 300) % 5 > 0, None, "spread"),
        (RIGHT, FIXED, "spread"),
        (torch.cat([RIGHT[:, :150], RIGHT[:, :150]], 1)[:, torch.arange(300) // 2], None, ""),
    ],
)
def test_a_wrong_mask_fails(kept, seeds, code):
    with pytest.raises(WrongAnswer) as caught:
        check_mask(kept, seeds or totals(0.8, 100), 3000, 0.8)
    assert caught.value.diagnosis.code.startswith(f"distribution.{code}")


def test_neighbours_that_move_together_are_seen():
    x = normal(50, 101)
    test = DistributionTest(2)
    test.lagged(x, 1, 0.0, 1.0)
    smooth = (x[:, 1:] + x[:, :-1]) / math.sqrt(2)
    test.lagged(smooth, 0, 0.0, 1.0)
    with pytest.raises(WrongAnswer, match="neighbours along axis 1"):
        test.lagged(smooth, 1, 0.0, 1.0)


@pytest.mark.parametrize("seed", range(10))
def test_correct_draws_pass(seed):
    check_standard_normal(normal(4000, 3, 2, seed=seed))


@pytest.mark.parametrize(
    "u",
    [
        normal(4000, 3, 2) * 1.3,
        (uniform(4000, 3, 2) - 0.5) * math.sqrt(12),
        normal(4000, 1, 2).expand(4000, 3, 2),
        normal(1, 3, 2).expand(4000, 3, 2),
        normal(4000, 3, 2) + torch.tensor([0.0, 0.2]),
        normal(4000, 3, 2) * math.nan,
    ],
)
def test_wrong_draws_fail(u):
    with pytest.raises(WrongAnswer):
        check_standard_normal(u)


LOGITS = torch.tensor([0.0, 1, 2, 3, -1, 0.5, -4], dtype=F64)


def sample(p, seed=0, n=20000):
    return torch.multinomial(p, n, replacement=True, generator=generator(seed))


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_correct_tokens_pass(temperature, seed):
    p = torch.softmax(LOGITS / temperature, 0)
    check_categories(sample(p, seed), p, parts=21)


@pytest.mark.parametrize("temperature", [0.5, 2])
def test_wrong_tokens_fail(temperature):
    p = torch.softmax(LOGITS / temperature, 0)
    for wrong in (
        torch.softmax(LOGITS, 0),
        torch.softmax(LOGITS * temperature, 0),
        torch.softmax(torch.softmax(LOGITS, 0) / temperature, 0),
        torch.eye(7)[3],
        torch.ones(7),
    ):
        with pytest.raises(WrongAnswer, match="proportion"):
            check_categories(sample(wrong), p, parts=14)


def test_tokens_that_do_not_exist_fail():
    with pytest.raises(WrongAnswer, match="do not exist"):
        check_categories(torch.tensor([0, 7]), torch.softmax(LOGITS, 0))


def test_the_threshold_is_shared_by_the_parts():
    """z = 5 has p = 5.7e-7: a false alarm alone, not one of two."""
    x = torch.full((25,), 1.0, dtype=F64)
    DistributionTest(2).mean(x, 0.0, 1.0)
    with pytest.raises(WrongAnswer):
        DistributionTest(1).mean(x, 0.0, 1.0)
    with pytest.raises(WrongAnswer):
        DistributionTest(2, alpha=1e-3).mean(x, 0.0, 1.0)
    with pytest.raises(BrokenAssignment):
        DistributionTest(0)


def test_the_rate_of_false_alarms_is_the_stated_one():
    alarms = 0
    for seed in range(400):
        try:
            DistributionTest(1, alpha=0.1).variance(normal(200, seed=seed), 1.0)
        except WrongAnswer:
            alarms += 1
    assert 20 <= alarms <= 62  # binomial(400, 0.1): mean 40, sd 6
