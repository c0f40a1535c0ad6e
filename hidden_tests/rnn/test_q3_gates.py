"""Question 3: gated cells."""

import torch

from grader import assert_close, check

SHAPES = (1, 1, 3, 4, 1), (5, 7, 4, 4, 1), (3, 20, 2, 8, 1.2), (2, 5, 6, 3, 0.5), (4, 4, 3, 5, 0.8)
"""Sequences N, steps T, inputs D, units H, and the scale of the recurrent weights."""


def lstm(draw, n, t, d, h, scale):
    """Inputs, starting state and memory, parameters."""
    params = {
        "Wx": draw.normal(d, 4 * h, scale=d**-0.5),
        "Wh": draw.normal(h, 4 * h, scale=scale * h**-0.5),
        "b": draw.normal(4 * h, scale=0.5),
    }
    return draw.strided(draw.normal(n, t, d)), draw.normal(n, h), draw.normal(n, h), params


def gru(draw, n, d, h, scale):
    """Inputs, old states, parameters."""
    params = {}
    for gate in "zrh":
        params[f"Wx{gate}"] = draw.normal(d, h, scale=d**-0.5)
        params[f"Wh{gate}"] = draw.normal(h, h, scale=scale * h**-0.5)
        params[f"b{gate}"] = draw.normal(h, scale=0.5)
    return draw.strided(draw.normal(n, d)), draw.normal(n, h), params


def with_bias(params, block, value):
    """The parameters of an LSTM with one block of the bias set, its weights as they are."""
    b = params["b"].clone()
    h = len(b) // 4
    b[block * h : (block + 1) * h] = value
    return {**params, "b": b}


@check("3a", points={"h": 5, "c": 3})
def test_lstm_forward(agree, draw):
    """各种形状的输入，LSTM 的状态和记忆都正确
    states and memory of the LSTM are right for inputs of all shapes"""
    for shape in SHAPES:
        agree("lstm_forward", *lstm(draw, *shape))


@check("3b", points=3)
def test_lstm_gates(student, draw):
    """门全开或全关时的行为正确；分两段运行与一次运行结果相同
    gates that are wide open or shut do what they should; running in two pieces is running once"""
    x, h0, c0, params = lstm(draw, 3, 8, 2, 4, 1)
    keeping = with_bias(with_bias(params, 0, -50.0), 1, 50.0)
    kept = student.lstm_forward(x, h0, c0, keeping)["c"][:, -1]
    assert_close(kept, c0, tolerance=1e-9, what="保留的记忆 / the memory that is kept")

    silent = student.lstm_forward(x, h0, c0, with_bias(params, 3, -50.0))["h"]
    assert_close(
        silent, 0 * silent, tolerance=1e-9, what="输出门关闭时的 h / h behind a shut gate"
    )

    whole = student.lstm_forward(x, h0, c0, params)
    cut = draw.integer(2, 7)
    early = student.lstm_forward(x[:, :cut], h0, c0, params)
    late = student.lstm_forward(x[:, cut:], early["h"][:, -1], early["c"][:, -1], params)
    joined = {leaf: torch.cat([early[leaf], late[leaf]], dim=1) for leaf in whole}
    assert_close(joined, whole, tolerance=1e-9, what="分两段运行 / in two pieces")


@check("3c", points=6)
def test_gru_cell(agree, draw):
    """各种形状的输入，GRU 的新状态都正确
    the new state of the GRU is right for inputs of all shapes"""
    for n, _, d, h, scale in SHAPES:
        agree("gru_cell", *gru(draw, n, d, h, scale))


@check("3d", points=2)
def test_gru_gates(student, draw):
    """更新门全开时状态不变；两个门全关时结果与旧状态无关
    an open update gate keeps the state; with both gates shut the old state does not matter"""
    x, h, params = gru(draw, 4, 3, 5, 0.5)
    bias = torch.full((5,), 60.0, dtype=torch.float64)
    kept = student.gru_cell(x, h, {**params, "bz": bias})
    assert_close(kept, h, tolerance=1e-9, what="保留的状态 / the state that is kept")

    shut = {**params, "bz": -bias, "br": -bias}
    first, second = (student.gru_cell(x, state, shut) for state in (h, draw.normal(4, 5)))
    assert_close(second, first, tolerance=1e-9, what="换了旧状态的结果 / with another old state")
