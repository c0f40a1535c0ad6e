"""The reference of assignment rnn against autograd, torch.nn and closed forms."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (as everybody writes it)

from grader.catalogue import load

REFERENCE = load(Path(__file__).parents[2] / "reference" / "rnn").solution
SHAPES = [(1, 1, 3, 4), (5, 7, 4, 4), (3, 20, 2, 8), (2, 5, 6, 3)]
DTYPES = [torch.float32, torch.float64]


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(20260901)


def normal(generator, dtype, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def close(actual, expected):
    bound = 1e-5 if actual.dtype is torch.float32 else 1e-12
    torch.testing.assert_close(actual, expected, rtol=bound, atol=bound)


def network(generator, dtype, n, t, d, h, gates=1):
    params = {
        "Wx": normal(generator, dtype, d, gates * h) / math.sqrt(d),
        "Wh": normal(generator, dtype, h, gates * h) / math.sqrt(h),
        "b": normal(generator, dtype, gates * h),
    }
    return normal(generator, dtype, n, t, d), normal(generator, dtype, n, h), params


def module(kind, params, gates):
    """The module of torch with these parameters; its second bias is 0."""
    (d, width), h = params["Wx"].shape, params["Wh"].shape[0]
    made = kind(d, h, batch_first=True).to(params["Wx"].dtype)
    assert width == gates * h
    with torch.no_grad():
        made.weight_ih_l0.copy_(params["Wx"].T)
        made.weight_hh_l0.copy_(params["Wh"].T)
        made.bias_ih_l0.copy_(params["b"])
        made.bias_hh_l0.zero_()
    return made


def test_encode_batch():
    batch = REFERENCE.encode_batch(["ba", "", "a?bb", "b"], "ab", 3)
    assert batch["ids"].tolist() == [[2, 1, 0], [0, 0, 0], [1, 3, 2], [2, 0, 0]]
    assert batch["lengths"].tolist() == [2, 0, 3, 1]
    assert batch["ids"].dtype is batch["lengths"].dtype is torch.int64


@pytest.mark.parametrize("lengths", [[9, 0, 4], [1, 1, 1], [9, 9, 9]])
def test_sequence_cross_entropy(generator, dtype, lengths):
    logits = 3 * normal(generator, dtype, 3, 9, 5)
    targets = torch.randint(0, 5, (3, 9), generator=generator)
    lengths = torch.tensor(lengths)
    result = REFERENCE.sequence_cross_entropy(logits, targets, lengths)
    ignored = targets.masked_fill(torch.arange(9) >= lengths[:, None], -100)
    expected = F.cross_entropy(logits.transpose(1, 2), ignored)
    close(result["loss"], expected)
    close(result["perplexity"], expected.exp())


def test_sequence_cross_entropy_without_tokens(generator, dtype):
    logits = normal(generator, dtype, 2, 3, 4)
    zeros = torch.zeros(2, 3, dtype=torch.int64)
    result = REFERENCE.sequence_cross_entropy(logits, zeros, zeros[:, 0])
    assert result["loss"] == 0
    assert result["perplexity"] == 1


def test_sequence_cross_entropy_ignores_what_is_padding(dtype):
    logits = torch.tensor([[[1e4, -1e4], [math.nan, math.inf]]], dtype=dtype)
    targets = torch.tensor([[1, 0]])
    result = REFERENCE.sequence_cross_entropy(logits, targets, torch.tensor([1]))
    assert result["loss"] == 2e4


@pytest.mark.parametrize("shape", SHAPES)
def test_rnn_forward(generator, dtype, shape):
    x, h0, params = network(generator, dtype, *shape)
    expected, _ = module(nn.RNN, params, 1)(x, h0[None])
    close(REFERENCE.rnn_forward(x, h0, params), expected.detach())


@pytest.mark.parametrize("shape", SHAPES)
def test_rnn_backward(generator, dtype, shape):
    x, h0, params = network(generator, dtype, *shape)
    dh = normal(generator, dtype, *x.shape[:2], h0.shape[1])
    grads = REFERENCE.rnn_backward(dh, x, h0, params)
    leaves = {"x": x, "h0": h0, **params}
    leaves = {name: value.clone().requires_grad_() for name, value in leaves.items()}
    weights = {name: leaves[name] for name in params}
    h = REFERENCE.rnn_forward(leaves["x"], leaves["h0"], weights)
    expected = torch.autograd.grad((dh * h).sum(), list(leaves.values()))
    for name, value in zip(leaves, expected, strict=True):
        largest = value.abs().max()
        close(grads[f"d{name}"] / largest, value / largest)


@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_forward(generator, dtype, shape):
    x, h0, params = network(generator, dtype, *shape, gates=4)
    c0 = normal(generator, dtype, *h0.shape)
    result = REFERENCE.lstm_forward(x, h0, c0, params)
    h, (_, last) = module(nn.LSTM, params, 4)(x, (h0[None], c0[None]))
    close(result["h"], h.detach())
    close(result["c"][:, -1], last[0].detach())


def gates(generator, dtype, d, h):
    params = {}
    for gate in "zrh":
        params[f"Wx{gate}"] = normal(generator, dtype, d, h)
        params[f"Wh{gate}"] = normal(generator, dtype, h, h)
        params[f"b{gate}"] = normal(generator, dtype, h)
    return params


def test_gru_cell_is_that_of_torch_when_the_reset_gate_is_open(generator, dtype):
    params = gates(generator, dtype, 3, 5)
    params["br"] = torch.full((5,), 80.0, dtype=dtype)
    x, h = normal(generator, dtype, 4, 3), normal(generator, dtype, 4, 5)
    cell = nn.GRUCell(3, 5).to(dtype)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([params[f"Wx{g}"] for g in "rzh"], dim=1).T)
        cell.weight_hh.copy_(torch.cat([params[f"Wh{g}"] for g in "rzh"], dim=1).T)
        cell.bias_ih.copy_(torch.cat([params[f"b{g}"] for g in "rzh"]))
        cell.bias_hh.zero_()
    close(REFERENCE.gru_cell(x, h, params), cell(x, h).detach())


def test_gru_cell_resets_before_the_product(dtype):
    # One unit: z = 1/2, r = sigmoid(log 3) = 3/4, n = tanh(3/4 · 2 · 1).
    value = {"Wxz": 0, "Whz": 0, "bz": 0, "Wxr": 0, "Whr": 0, "br": math.log(3)}
    value |= {"Wxh": 0, "Whh": 1, "bh": 0}
    params = {
        k: torch.tensor(v, dtype=dtype).reshape((1,) if k[0] == "b" else (1, 1))
        for k, v in value.items()
    }
    h = torch.tensor([[2.0]], dtype=dtype)
    expected = torch.tensor([[1 + math.tanh(1.5) / 2]], dtype=dtype)
    close(REFERENCE.gru_cell(torch.zeros(1, 1, dtype=dtype), h, params), expected)


@pytest.mark.parametrize("max_norm", [0.5, 1.0, 100.0])
def test_clip_grad_norm(generator, dtype, max_norm):
    grads = {"b": normal(generator, dtype, 4), "W": normal(generator, dtype, 2, 3, 2)}
    result = REFERENCE.clip_grad_norm(grads, max_norm)
    parameters = [nn.Parameter(g.clone()) for g in grads.values()]
    for parameter, g in zip(parameters, grads.values(), strict=True):
        parameter.grad = g.clone()
    total = nn.utils.clip_grad_norm_(parameters, max_norm)
    close(result["total_norm"], total)
    for parameter, g in zip(parameters, result["grads"].values(), strict=True):
        torch.testing.assert_close(g, parameter.grad, rtol=1e-5, atol=1e-5)


def test_clip_grad_norm_of_zeros(dtype):
    result = REFERENCE.clip_grad_norm({"a": torch.zeros(3, dtype=dtype)}, 1.0)
    assert result["total_norm"] == 0
    assert (result["grads"]["a"] == 0).all()


def test_state_jacobian_norms(generator, dtype):
    x, h0, params = network(generator, dtype, 1, 6, 2, 3)
    h = REFERENCE.rnn_forward(x, h0, params)[0]
    norms = REFERENCE.state_jacobian_norms(h, params["Wh"])
    for k in range(6):

        def last(state, k=k):
            later = x[:, k + 1 :]
            if later.shape[1] == 0:
                return state
            return REFERENCE.rnn_forward(later, state[None], params)[0, -1]

        jacobian = torch.autograd.functional.jacobian(last, h[k])
        close(norms[k], torch.linalg.svdvals(jacobian)[0])


def test_sample_tokens(dtype):
    p = torch.tensor([0.1, 0.2, 0.7], dtype=dtype)
    for temperature in 0.5, 1.0, 2.0:
        tokens = REFERENCE.sample_tokens(p.log(), temperature, 20000, 1)
        expected = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
        shares = tokens.bincount(minlength=3) / 20000
        torch.testing.assert_close(shares.to(dtype), expected, rtol=0, atol=0.02)
    assert REFERENCE.sample_tokens(p, 0.0, 3, 0).tolist() == [2, 2, 2]


def test_sample_tokens_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    REFERENCE.sample_tokens(torch.zeros(4), 1.0, 5, 3)
    assert torch.equal(torch.get_rng_state(), before)


def value_of(digits):
    """The numbers that rows of digits stand for."""
    return (digits * 10 ** torch.arange(digits.shape[1])).sum(dim=1)


def test_make_additions():
    a, b, s = REFERENCE.make_additions(200, 7, seed=0)
    assert torch.equal(value_of(a) + value_of(b), value_of(s))
    assert not a[:, -1].any()
    assert not b[:, -1].any()


def test_adder_learns_something_soon_and_again_the_same():
    data = REFERENCE.make_additions(600, 2, seed=0)
    first, second = (
        REFERENCE.train_adder(*data, seed=5, hidden=16, epochs=6, cell="lstm") for _ in range(2)
    )
    assert first["history"]["loss"][-1] < first["history"]["loss"][0]
    assert first["history"] == second["history"]
    for name, value in first["state"].items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, second["state"][name])
    a, b, _ = REFERENCE.make_additions(4, 9, seed=1)
    assert REFERENCE.predict_adder(first["state"], a, b).shape == (4, 10, 10)
