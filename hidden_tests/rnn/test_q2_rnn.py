"""Question 2: the simple recurrent network and backpropagation through time."""

import torch

from grader import assert_close, check

SHAPES = (1, 1, 3, 4, 1), (5, 7, 4, 4, 1), (3, 20, 2, 8, 1.2), (2, 5, 6, 3, 0.5), (4, 4, 3, 5, 0.8)
"""Sequences N, steps T, inputs D, units H, and the scale of the recurrent weights."""


def network(draw, n, t, d, h, scale):
    """Inputs, a starting state that is not zero, parameters."""
    params = {
        "Wx": draw.normal(d, h, scale=d**-0.5),
        "Wh": draw.normal(h, h, scale=scale * h**-0.5),
        "b": draw.normal(h, scale=0.5),
    }
    return draw.strided(draw.normal(n, t, d)), draw.normal(n, h), params


@check("2a", points=7)
def test_rnn_forward(agree, draw):
    """各种形状的输入（包括一个样本、一步），全部状态都正确
    all states are right for inputs of all shapes, one sequence of one step among them"""
    for shape in SHAPES:
        agree("rnn_forward", *network(draw, *shape))


@check("2b", points=2)
def test_time(student, draw):
    """分两段运行与一次运行结果相同；后面的输入不影响前面的状态
    running in two pieces is running once; later inputs do not act on earlier states"""
    x, h0, params = network(draw, 3, 8, 2, 5, 1)
    whole = student.rnn_forward(x, h0, params)
    cut = draw.integer(2, 7)
    early = student.rnn_forward(x[:, :cut], h0, params)
    late = student.rnn_forward(x[:, cut:], early[:, -1], params)
    joined = torch.cat([early, late], dim=1)
    assert_close(joined, whole, tolerance=1e-9, what="分两段运行 / in two pieces")

    changed = x.clone()
    changed[:, cut] += 1
    other = student.rnn_forward(changed, h0, params)
    assert_close(
        other[:, :cut], whole[:, :cut], tolerance=1e-9, what="较早的状态 / earlier states"
    )


@check("2c", points={"dx": 2, "dh0": 2, "dWx": 2, "dWh": 4, "db": 2})
def test_rnn_backward(agree, draw):
    """每一步都有直接梯度时，五个梯度都正确
    all five gradients are right when every step has a direct gradient"""
    for n, t, d, h, scale in SHAPES:
        agree("rnn_backward", draw.normal(n, t, h), *network(draw, n, t, d, h, scale))


@check("2d", points=3)
def test_last_step_only(agree, draw):
    """只有最后一步有直接梯度时，五个梯度都正确
    all five gradients are right when only the last step has a direct gradient"""
    for n, t, d, h, scale in SHAPES[1:]:
        dh = torch.zeros(n, t, h, dtype=torch.float64)
        dh[:, -1] = draw.normal(n, h)
        agree("rnn_backward", dh, *network(draw, n, t, d, h, scale))


@check("2e", points=2)
def test_slopes(student, reference, draw, slope):
    """梯度与损失的数值梯度一致，并且对 dh 是线性的
    gradients agree with slopes of the loss, and are linear in dh"""
    x, h0, params = network(draw, 2, 3, 2, 3, 1)
    dh, other = draw.normal(2, 3, 3), draw.normal(2, 3, 3)
    grads = student.rnn_backward(dh, x, h0, params)

    def loss(x=x, h0=h0, **changed):
        return (dh * reference.rnn_forward(x, h0, {**params, **changed})).sum()

    slopes = {
        "dx": slope(lambda v: loss(x=v), x),
        "dh0": slope(lambda v: loss(h0=v), h0),
        "dWx": slope(lambda v: loss(Wx=v), params["Wx"]),
        "dWh": slope(lambda v: loss(Wh=v), params["Wh"]),
        "db": slope(lambda v: loss(b=v), params["b"]),
    }
    assert_close(grads, slopes, tolerance=1e-6, what="梯度 / the gradients")

    second = student.rnn_backward(other, x, h0, params)
    mixed = student.rnn_backward(2 * dh - other, x, h0, params)
    expected = {leaf: 2 * grads[leaf] - second[leaf] for leaf in grads}
    assert_close(mixed, expected, tolerance=1e-9, what="dh 的线性组合 / a combination of two dh")
