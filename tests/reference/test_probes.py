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


def answer(call, probe):
    inputs = probe.given()
    return plain(call(*inputs.arguments, **inputs.keywords))


@pytest.mark.parametrize(("book", "probe"), PROBES)
def test_the_reference_and_second_solutions_pass(book, probe):
    expected = answer(book.function(probe.function), probe)
    for other in book.alternatives(probe.function):
        actual = answer(other.call, probe)
        assert compare(actual, expected, tolerance=VALUE) == ()
    assert probe.words.zh != probe.words.en


def first_failing(book, function, call):
    for probe in book.probes(function):
        expected = answer(book.function(function), probe)
        try:
            actual = answer(call, probe)
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
        ("regularization", "sgd_step", "ascent", "plain"),
        ("regularization", "sgd_step", "velocity_not_updated", "plain"),
        ("regularization", "sgd_step", "nesterov_ignored", "nesterov"),
        ("regularization", "sgd_step", "wd_sign", "decay"),
        ("regularization", "adam_step", "no_bias_correction", "first"),
        ("regularization", "adam_step", "t_plus_1", "first"),
        ("regularization", "adam_step", "decay_without_lr", "decoupled"),
        ("regularization", "adam_step", "always_decoupled", "coupled"),
        ("regularization", "batchnorm_forward", "divided_by_variance", "training"),
        ("regularization", "batchnorm_forward", "running_var_biased", "training"),
        ("regularization", "batchnorm_forward", "batch_stats_at_test", "test"),
        ("regularization", "batchnorm_forward", "gamma_beta_forgotten", "scaled"),
        ("regularization", "batchnorm_forward", "spatial_not_pooled", "images"),
        ("regularization", "batchnorm_backward", "dgamma_mean", "vectors"),
        ("regularization", "batchnorm_backward", "gamma_missing", "scaled"),
        ("regularization", "batchnorm_backward", "sum_over_batch_only", "images"),
        ("generative", "vae_elbo", "mse_reconstruction", "decoder_bias"),
        ("generative", "vae_elbo", "latent_is_mean", "decoder"),
        ("generative", "vae_elbo", "std_is_exp_logvar", "variance"),
        ("generative", "vae_elbo", "beta_ignored", "mean"),
        ("generative", "iwae_bound", "q_added", "one_sample"),
        ("generative", "iwae_bound", "log_sum_not_mean", "equal_weights"),
        ("generative", "iwae_bound", "mean_of_logs", "weights"),
        ("generative", "gan_gradients", "real_term_missing", "biases"),
        ("generative", "gan_gradients", "d_grads_accumulate_g_loss", "biases"),
        ("generative", "gan_gradients", "generator_detached", "all"),
        ("gd", "gd_quadratic", "linear_term_dropped", "linear_term"),
        ("gd", "sgd_epoch", "order_ignored", "order"),
        ("gd", "softmax_regression_grad", "sum_not_mean", "no_penalty"),
        ("gd", "linear_regression_grad", "penalty_missing_in_loss", "penalty_only"),
    ],
)
def test_the_first_probe_that_fails_names_the_term(assignment, function, variant, name):
    book = BOOKS[assignment]
    (call,) = (m.call for m in book.misconceptions(function) if m.name == variant)
    with torch.inference_mode(function != "gan_gradients"):  # which differentiates
        assert first_failing(book, function, call) == name
