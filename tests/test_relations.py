"""Synthetic mistakes and the sentence that each of them gets."""

import math

import pytest
import torch
from torch.nn.functional import one_hot, pad

from grader.compare import compare
from grader.diagnosis import explain
from grader.observation import Observation
from grader.tolerance import VALUE

N, D, K = 20, 5, 3
G = torch.Generator().manual_seed(7)


def normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


X, S, V = normal(N, D), normal(6, 6), normal(8)
Y = torch.randint(0, K, (N,), generator=G)
W = normal(D, K)
LAM = 0.3
ARGUMENTS = (("X", X), ("y", Y), ("W", W), ("S", S), ("lam", LAM), ("lr", 0.05))
ONE = torch.ones((), dtype=torch.float64)


def diagnosis(actual, expected, arguments=ARGUMENTS, others=(), hidden=True, tolerance=VALUE):
    mismatch = compare(actual, expected, tolerance=tolerance)[0]
    observation = Observation("f", arguments, actual, expected, tolerance=tolerance)
    return explain(mismatch, observation, others, hidden=hidden)


GRADIENT = normal(D, K)
MIXED = normal(N, K)

TABLE = [
    ("relation.sign", lambda b: -b, W, "opposite sign"),
    ("relation.factor", lambda b: 2 * b, W, "2 times ours"),
    ("relation.factor", lambda b: b / 2, W, "1/2 times ours"),
    ("relation.factor", lambda b: b / math.log(2), W, "1/ln 2 times"),
    ("relation.factor", lambda b: b * N, GRADIENT, "N times ours"),
    ("relation.factor", lambda b: b / N, GRADIENT, "rows of `X`"),
    ("relation.factor", lambda b: -b * N, GRADIENT, "−N"),
    ("relation.factor", lambda b: b / N**2, GRADIENT, "1/N²"),
    ("relation.factor", lambda b: b * D, GRADIENT, "columns of `X`"),
    ("relation.factor", lambda b: b * LAM, GRADIENT, "`lam` times"),
    ("relation.factor", lambda b: b / (1 - LAM), GRADIENT, "1/(1-`lam`)"),
    ("relation.zero", lambda b: b * 0, W, "zero everywhere"),
    ("relation.unchanged", lambda b: W.clone(), GRADIENT, "input `W`"),
    ("relation.transposed", lambda b: b.T, normal(6, 6), "axes 0 and 1 swapped"),
    ("relation.reversed", lambda b: b.flip(0), V, "reversed along axis 0"),
    ("relation.reversed", lambda b: b.flip(1), MIXED, "reversed along axis 1"),
    ("relation.shifted", lambda b: b.roll(1, 0), MIXED, "too late along axis 0"),
    ("relation.shifted", lambda b: b.roll(-1, 0), V, "too early along axis 0"),
    ("relation.offset", lambda b: b + 0.7, MIXED, "one constant everywhere"),
    ("relation.offset_axis", lambda b: b + V[:K], MIXED, "not change along axis 0"),
    ("relation.offset_axis", lambda b: b + X[:, :1], MIXED, "not change along axis 1"),
    ("relation.input", lambda b: b - LAM * W, GRADIENT, "multiple of the input `W`"),
    ("relation.input", lambda b: b + 1.7 * W, GRADIENT, "multiple of the input `W`"),
    ("location.last", lambda b: b.index_fill(0, torch.tensor([18, 19]), 9), MIXED, "last 2 rows"),
    ("location.first", lambda b: b.index_fill(1, torch.tensor([0]), 9), MIXED, "along axis 1"),
    ("location.border", lambda b: pad(b[1:-1, 1:-1], [1] * 4), S + 9, "border"),
    ("location.negative", lambda b: torch.where(S < 0, 0.1 * b + 3, b), S + 9, "`S` is negative"),
    ("location.labels", lambda b: b + one_hot(Y, K) * MIXED, MIXED, "in `y`"),
    (
        "location.other_classes",
        lambda b: b * one_hot(Y, K),
        MIXED,
        "other than `y`",
    ),
    ("relation.repeated", lambda b: b[-1:].expand(N, K), MIXED, "same entries all along axis 0"),
    ("location.only_first", lambda b: torch.cat([b[:1], b[1:].sin()]), V + 9, "right only in the"),
    ("location.only_last", lambda b: torch.cat([b[:-2].sin(), b[-2:]]), MIXED + 9, "last 2 rows"),
    ("value", lambda b: b.sin(), MIXED, "of 60 entries are off"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "mistake", "expected", "words"), TABLE)
@pytest.mark.parametrize("rounded", [False, True])
def test_a_mistake_gets_its_sentence_in_both_precisions(code, mistake, expected, words, rounded):
    actual = mistake(expected)
    found = diagnosis(actual.float() if rounded else actual, expected)
    assert (found.code, words in found.message.en) == (code, True), found
    assert found.message.zh != found.message.en


@pytest.mark.parametrize("c", [-1, 1, -2])
def test_the_coefficient_of_an_added_input_says_what_happened(c):
    found = diagnosis(GRADIENT + c * LAM * W, GRADIENT)
    assert found.code == "relation.input"
    word = {-1: "missing", 1: "once too often", -2: "wrong sign"}[c]
    assert found.hint is not None
    assert word in found.hint.en
    assert "`lam`·`W`" in found.hint.en


def test_a_scalar_argument_of_two_is_not_mistaken_for_a_flipped_sign():
    found = diagnosis(GRADIENT - 2 * W, GRADIENT, (("W", W), ("lam", 2.0)))
    assert found.hint is not None
    assert "`lam`·`W` is missing" in found.hint.en


def calls(factor, sizes):
    made = []
    for n in sizes:
        b = normal().item()
        actual = b * factor(n)
        arguments = (("X", normal(n, 4)),)
        found = compare(actual, b, tolerance=VALUE)
        made.append(Observation("f", arguments, actual, b, mismatches=found))
    return made


def scalar(observations):
    last = observations[-1]
    return explain(last.mismatches[0], last, observations)


def test_a_single_number_needs_three_calls_before_a_factor_is_believed():
    assert scalar(calls(lambda n: n, (5, 7))).code == "value"
    found = scalar(calls(lambda n: n, (5, 7, 9)))
    assert found.code == "relation.factor"
    assert "rows of `X`" in found.message.en
    assert scalar(calls(lambda n: -1, (5, 7, 9))).code == "relation.sign"


def test_a_factor_that_changes_its_name_is_no_factor():
    assert scalar(calls(lambda n: {5: 2, 7: 7, 9: 0.5}[n], (5, 7, 9))).code == "value"


def test_a_right_call_does_not_count_for_or_against():
    mixed = [*calls(lambda n: 1, (3,)), *calls(lambda n: n, (5, 7, 9))]
    assert scalar(mixed).code == "relation.factor"


def test_a_batch_size_of_two_is_told_by_the_other_calls():
    assert "rows of `X`" in scalar(calls(lambda n: n, (2, 5, 7))).message.en


def test_chance_is_not_a_relation():
    """Independent results of every small shape are never given a relation."""
    for seed in range(200):
        g = torch.Generator().manual_seed(seed)
        shape = [(2,), (3,), (2, 2), (3, 2), (4, 4)][seed % 5]
        a, b = (torch.randn(shape, generator=g, dtype=torch.float64) for _ in range(2))
        assert diagnosis(a, b).code == "value", (seed, shape)


def test_whole_numbers_have_relations_as_well():
    assert diagnosis(torch.arange(5) + 1, torch.arange(5)).code in (
        "relation.offset",
        "relation.shifted",
    )


def test_infinities_of_the_reference_are_no_obstacle():
    b = torch.tensor([math.inf, 1.0, 2.0, 3.0])
    a = torch.tensor([math.inf, 1.0, 2.0, 4.0])
    assert diagnosis(a, b, ()).code == "location.last"


def wrong(actual, expected, **arguments):
    """One call of `f`, compared."""
    found = compare(actual, expected, tolerance=VALUE)
    return Observation("f", tuple(arguments.items()), actual, expected, mismatches=found)


def together(observations):
    failing = next(o for o in observations if o.mismatches)
    return explain(failing.mismatches[0], failing, observations)


def test_what_holds_by_chance_on_one_call_does_not_hold_on_the_next():
    """A batch of two doubles as a factor 2, until a batch of five comes."""
    made = []
    for n in 2, 5:
        b = normal(4, 3)
        made.append(wrong(b * n, b, X=normal(n, 7)))
    assert "2 times" in together(made[:1]).message.en
    assert "number of rows of `X`" in together(made).message.en
    b = normal(4, 3)
    assert together([*made, wrong(b * 3.3, b, X=normal(9, 7))]).code == "relation.multiple"
    assert together([*made, wrong(b.sin(), b, X=normal(9, 7))]).code == "value"


def test_a_call_that_is_too_small_to_show_a_pattern_does_not_refute_it():
    made = [wrong(b.roll(1, 0), b) for b in (normal(2, 1), normal(6, 3), normal(5, 2))]
    assert together(made).code == "relation.shifted"


@pytest.mark.parametrize(
    ("mistake", "code", "words"),
    [
        (lambda b: b / math.log(10), "relation.factor", "natural"),
        (lambda b: b * N / (N - 1), "relation.factor", "N−1"),
        (lambda b: b * math.sqrt((N - 1) / N), "relation.factor", "N−1"),
        (lambda b: b * N * D, "relation.factor", "entries of `X`"),
        (lambda b: b * 3.21, "relation.multiple", "none of the usual"),
        (lambda b: b[torch.randperm(N, generator=G)], "relation.permuted", "another order"),
        (lambda b: b - V[:K], "relation.bias", "`bias` is missing"),
        (lambda b: b + V[:K], "relation.bias", "`bias` is counted once too often"),
        (lambda b: b.abs(), "relation.function", "absolute"),
        (lambda b: b.exp(), "relation.function", "exponential"),
        (lambda b: 1 - b, "relation.function", "1 minus"),
    ],
)
def test_more_mistakes(mistake, code, words):
    found = diagnosis(mistake(MIXED), MIXED, (*ARGUMENTS[:-1], ("bias", V[:K])))
    assert (found.code, words in f"{found.message.en} {found.hint}") == (code, True), found


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (lambda w, lam: -lam * w.square().sum() / 2, "`lam`·‖`W`‖²/2 is missing"),
        (lambda w, lam: lam * w.square().sum() / 2, "`lam`·‖`W`‖²/2 is counted once too often"),
        (lambda w, lam: -lam * w.abs().sum(), "`lam`·‖`W`‖₁ is missing"),
        (lambda w, lam: 0.25, "same constant every time"),
    ],
)
def test_a_term_of_a_single_number(term, words):
    made = []
    for lam in 0.3, 0.7, 1.9:
        w, b = normal(4, 3), normal()
        made.append(wrong(b + term(w, lam), b, W=w, lam=lam))
    assert words in str(together(made))
    assert together(made[:2]).code == "value"


def test_no_sentence_gives_the_factor_of_the_student_in_numbers():
    """It could be a hidden input."""
    found = diagnosis(MIXED * 482719, MIXED)
    assert found.code == "relation.multiple"
    assert "482719" not in str(found)
