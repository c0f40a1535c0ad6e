"""Statistical tests of random results, at a stated probability of a false alarm.

A row has the false-alarm probability 1e-6 for a correct solution, split by Bonferroni over its
parts: with 3 attempts, 100 students and 5 rows that is 0.0015 false alarms a term (curriculum 9).
Exact tests are preferred to asymptotic ones: at 1e-6 the chi-square approximation fails where
expected counts are small. Random output is never compared with the reference's random output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy import stats

from grader.errors import BrokenAssignment, WrongAnswer
from grader.result import Diagnosis, Text

ALPHA = 1e-6
"""Probability that a correct solution fails a row."""


class DistributionTest:
    """The statistical tests of one row; each raises `WrongAnswer` if its p-value is too small.

    The tests take values whose structure and shape have been accepted. NaN fails every test.

    Args:
        parts: how many of the single tests the row makes.
        alpha: probability that a correct solution fails the row.
    """

    def __init__(self, parts: int, alpha: float = ALPHA) -> None:
        if parts < 1:
            raise BrokenAssignment("a statistical row needs at least one part", "Count its tests")
        self.threshold = alpha / parts

    def mean(self, sample: torch.Tensor, mean: float, std: float) -> None:
        """The mean of independent values whose law has this mean and standard deviation.

        z = (average - mean) * sqrt(n) / std, two-sided.
        """
        x = _flat(sample)
        z = (x.mean() - mean) * math.sqrt(x.size) / std
        self._demand(_two_sided(z), "mean", "均值", "the mean")

    def variance(
        self, sample: torch.Tensor, variance: float, kurtosis: float = 3.0, mean: float = 0.0
    ) -> None:
        """The variance of independent values whose law has this mean, variance and kurtosis.

        z = (average of (x - mean)² / variance - 1) / sqrt((kurtosis - 1) / n), two-sided. The
        kurtosis is 3 for a normal and 1.8 for a uniform law.
        """
        squares = (_flat(sample) - mean) ** 2 / variance
        z = (squares.mean() - 1) / math.sqrt((kurtosis - 1) / squares.size)
        self._demand(_two_sided(z), "variance", "方差", "the variance")

    def law(self, sample: torch.Tensor, law: stats.rv_continuous) -> None:
        """Kolmogorov-Smirnov of independent values against a (frozen) law of `scipy.stats`."""
        x = _flat(sample)
        self._demand(
            stats.kstest(x, law.cdf).pvalue, "law", "分布的形状", "the shape of the distribution"
        )

    def proportion(self, count: int, n: int, probability: float) -> None:
        """How many of `n` independent events occurred: exact two-sided binomial test."""
        p = stats.binomtest(int(count), int(n), probability).pvalue
        self._demand(p, "proportion", "出现的比例", "the proportion")

    def spread(
        self,
        counts: torch.Tensor | Sequence[int],
        n: int,
        probability: float,
        which: Text | None = None,
    ) -> None:
        """How counts of `n` independent events each vary: chi-square, both tails.

        The sum of (count - n p)² / (n p (1 - p)), with one degree of freedom a count, because the
        probability is known. Too regular is as wrong as too irregular.

        Args:
            counts: one count a row, a column or a seed.
            n: events behind each count.
            probability: of one event.
            which: what was counted, in front of the finding.
        """
        k = _flat(torch.as_tensor(counts))
        statistic = ((k - n * probability) ** 2).sum() / (n * probability * (1 - probability))
        tails = stats.chi2.cdf(statistic, k.size), stats.chi2.sf(statistic, k.size)
        what = which or Text("计数", "the counts")
        self._demand(2 * min(tails), "spread", f"{what.zh}的波动", f"the spread of {what.en}")

    def lagged(self, sample: torch.Tensor, axis: int, mean: float, std: float) -> None:
        """Independence of neighbours along an axis.

        z = sum of the products of neighbours, standardised, over the root of their number; the
        products of independent values are uncorrelated, so z is normal for many of them.
        """
        x = (sample.detach().to(torch.float64) - mean) / std
        n = x.shape[axis] - 1
        products = _flat(x.narrow(axis, 0, n) * x.narrow(axis, 1, n))
        z = products.sum() / math.sqrt(products.size)
        what = f"沿轴 {axis} 的相邻值", f"neighbours along axis {axis}"
        self._demand(
            _two_sided(z), "dependence", f"{what[0]}的独立性", f"the independence of {what[1]}"
        )

    def uncorrelated(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Independence of two samples of mean 0 and variance 1, value by value.

        z = sum of x y / sqrt(n); mean and variance are known, so nothing is estimated.
        """
        products = _flat(x) * _flat(y)
        z = products.sum() / math.sqrt(products.size)
        self._demand(
            _two_sided(z), "dependence", "两组样本的独立性", "the independence of two samples"
        )

    def _demand(self, p: float, code: str, zh: str, en: str) -> None:
        # Not `p < threshold`: NaN must fail.
        if not p >= self.threshold:
            message = Text(
                f"{zh}与要求的分布不符（正确的实现出现这种结果的概率小于百万分之一）。",
                f"{en[0].upper()}{en[1:]} does not fit the required distribution; a correct "
                "solution gets here less than once in a million times.",
            )
            raise WrongAnswer(Diagnosis(f"distribution.{code}", message))


def check_weights(weights: torch.Tensor, std: float, law: str, alpha: float = ALPHA) -> None:
    """Initial weights of mean 0 (curriculum 9.2): mean, variance, Kolmogorov-Smirnov.

    Args:
        weights: a large matrix; 400 × 300 separates all known mistakes.
        std: what their standard deviation should be.
        law: "normal" or "uniform".
        alpha: probability that a correct solution fails.

    Raises:
        WrongAnswer: they do not follow the law.
    """
    test = DistributionTest(3, alpha)
    kurtosis, expected = _LAWS[law]
    test.mean(weights, 0.0, std)
    test.variance(weights, std**2, kurtosis)
    test.law(weights, expected(std))


def check_mask(
    kept: torch.Tensor, totals: Sequence[int], size: int, keep: float, alpha: float = ALPHA
) -> None:
    """A dropout mask (curriculum 9.3): number kept, rows, columns, neighbours, seeds.

    Args:
        kept: bool matrix, whether an entry was kept; 200 × 300 separates all known mistakes.
        totals: how many entries other seeds kept, each in a tensor of `size` entries. A mask that
            drops a fixed number shows only here.
        size: entries behind each of `totals`.
        keep: probability to keep an entry.
        alpha: probability that a correct solution fails.

    Raises:
        WrongAnswer: the mask does not consist of independent draws of that probability.
    """
    test = DistributionTest(6, alpha)
    n, m = kept.shape
    test.proportion(int(kept.sum()), kept.numel(), keep)
    test.spread(kept.sum(dim=1), m, keep, Text("各行保留数", "the numbers kept in the rows"))
    test.spread(kept.sum(dim=0), n, keep, Text("各列保留数", "the numbers kept in the columns"))
    std = math.sqrt(keep * (1 - keep))
    for axis in 0, 1:
        test.lagged(kept, axis, keep, std)
    test.spread(totals, size, keep, Text("不同种子的保留数", "the numbers kept with other seeds"))


def check_standard_normal(u: torch.Tensor, alpha: float = ALPHA) -> None:
    """Standardised draws (curriculum 9.4), shape (samples, examples, coordinates).

    Mean and variance per coordinate, Kolmogorov-Smirnov on all, independence of every two
    examples. 4000 samples separate all known mistakes.

    Raises:
        WrongAnswer: they are not independent standard normal numbers.
    """
    _, n, z = u.shape
    pairs = [(i, j) for i in range(n) for j in range(i)]
    test = DistributionTest(2 * n * z + 1 + len(pairs) * z, alpha)
    for i in range(n):
        for k in range(z):
            test.mean(u[:, i, k], 0.0, 1.0)
            test.variance(u[:, i, k], 1.0)
    for i, j in pairs:
        for k in range(z):
            test.uncorrelated(u[:, i, k], u[:, j, k])
    test.law(u, stats.norm())


def check_categories(
    draws: torch.Tensor,
    probabilities: torch.Tensor,
    parts: int | None = None,
    alpha: float = ALPHA,
) -> None:
    """Sampled categories (curriculum 9.5): an exact binomial test for each.

    Args:
        draws: int64, independent draws of 0 … V - 1.
        probabilities: what they should be, shape (V,).
        parts: tests of the whole row, if it makes several calls; V if not given.
        alpha: probability that a correct solution fails the row.

    Raises:
        WrongAnswer: a category is too rare or too frequent, or is none.
    """
    p = _flat(probabilities)
    test = DistributionTest(parts or p.size, alpha)
    outside = int(((draws < 0) | (draws >= p.size)).sum())
    if outside:
        message = Text("抽到了不存在的类别。", "There are draws of categories that do not exist.")
        raise WrongAnswer(Diagnosis("distribution.range", message))
    counts = torch.bincount(draws.reshape(-1).to(torch.int64), minlength=p.size)
    for count, probability in zip(counts.tolist(), p.tolist(), strict=True):
        test.proportion(count, draws.numel(), probability)


def _normal(std: float) -> stats.rv_continuous:
    return stats.norm(0, std)


def _uniform(std: float) -> stats.rv_continuous:
    return stats.uniform(-math.sqrt(3) * std, 2 * math.sqrt(3) * std)


_LAWS = {"normal": (3.0, _normal), "uniform": (1.8, _uniform)}
"""Kurtosis, and the law of mean 0 with a given standard deviation."""


def _flat(sample: torch.Tensor) -> np.ndarray:
    if not sample.isfinite().all():
        message = Text("随机数中有 NaN 或无穷。", "Some draws are NaN or infinite.")
        raise WrongAnswer(Diagnosis("distribution.nonfinite", message))
    return sample.detach().to(torch.float64).reshape(-1).numpy()


def _two_sided(z: float) -> float:
    return float(2 * stats.norm.sf(abs(z)))
