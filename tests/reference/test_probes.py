"""The probes of the assignments: the reference takes them, and each misconception fails at one."""

from pathlib import Path

import pytest
import torch

from grader import catalogue
from grader.compare import compare
from grader.oracle import plain
from grader.tolerance import VALUE

ROOT = Path(__file__).resolve().parents[2] / "reference"
BOOKS = {p.parent.name: catalogue.load(p.parent) for p in sorted(ROOT.glob("*/probes.py"))}
PROBES = [
    pytest.param(book, probe, id=f"{name}-{probe.function}-{probe.name}")
    for name, book in BOOKS.items()
    for probe in book.all_probes
]


@pytest.mark.parametrize(("book", "probe"), PROBES)
def test_the_reference_and_second_solutions_pass(book, probe):
    expected = plain(book.function(probe.function)(*probe.arguments()))
    for other in book.alternatives(probe.function):
        actual = plain(other.call(*probe.arguments()))
        assert compare(actual, expected, tolerance=VALUE) == ()
    assert probe.words.zh != probe.words.en


def first_failing(book, function, call):
    for probe in book.probes(function):
        expected = plain(book.function(function)(*probe.arguments()))
        try:
            actual = plain(call(*probe.arguments()))
        except Exception:
            return probe.name
        if compare(actual, expected, tolerance=VALUE):
            return probe.name
    return ""


@pytest.mark.parametrize(
    ("assignment", "function", "variant", "name"),
    [
        ("rnn", "rnn_forward", "bias_missing", "bias_only"),
        ("rnn", "rnn_forward", "recurrent_transposed", "recurrent_only"),
        ("rnn", "rnn_backward", "db_mean", "one_step_no_recurrence"),
        ("rnn", "rnn_backward", "no_recurrent_gradient", "last_only"),
        ("rnn", "gru_cell", "update_gate_inverted", "update_bias"),
        ("rnn", "sequence_cross_entropy", "padding_included", "padding"),
        ("mlp", "mlp_forward", "bias_missing", "bias_only"),
        ("mlp", "mlp_forward", "no_nonlinearity", "hidden"),
        ("mlp", "mlp_backward", "bias_regularized", "penalty"),
        ("mlp", "softmax_cross_entropy", "overflow_no_shift", "large"),
        ("gd", "gd_quadratic", "linear_term_dropped", "linear_term"),
        ("gd", "sgd_epoch", "order_ignored", "order"),
        ("gd", "softmax_regression_grad", "sum_not_mean", "no_penalty"),
        ("gd", "linear_regression_grad", "penalty_missing_in_loss", "penalty_only"),
    ],
)
def test_the_first_probe_that_fails_names_the_term(assignment, function, variant, name):
    book = BOOKS[assignment]
    (call,) = (m.call for m in book.misconceptions(function) if m.name == variant)
    with torch.inference_mode():
        assert first_failing(book, function, call) == name
