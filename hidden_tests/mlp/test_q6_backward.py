"""Question 6: backpropagation."""

from itertools import pairwise

from grader import assert_close, check

KINDS = "relu", "leaky_relu", "sigmoid", "tanh"
SIZES = [4, 5, 3], [6, 8, 7, 4], [5, 3], [10, 16, 12, 8, 10]


def network(draw, sizes):
    params = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        params[f"W{k}"] = draw.normal(n_in, n_out, scale=n_in**-0.5)
        params[f"b{k}"] = draw.normal(n_out, scale=0.5)
    return params


def problem(draw, n, sizes):
    return network(draw, sizes), draw.normal(n, sizes[0]), draw.integers(0, sizes[-1], n)


@check("6a", points={"loss": 2, "last": 2, "others": 5})
def test_without_penalty(agree, draw):
    """没有惩罚项时：损失、最后一层的梯度、其余各层的梯度分别正确
    without penalty: the loss, the gradients of the last layer and those of the others are right"""
    for sizes in SIZES:
        last = len(sizes) - 1
        parts = {
            "loss": ("loss",),
            "last": (f"grads.W{last}", f"grads.b{last}"),
            "others": tuple(f"grads.{name}{k}" for k in range(1, last) for name in "Wb"),
        }
        for kind in KINDS:
            for n in 1, 9:
                params, x, y = problem(draw, n, sizes)
                agree.using(parts=parts)("mlp_backward", params, x, y, kind, 0.0)


@check("6b", points={"loss": 2, "grads": 2})
def test_with_penalty(agree, draw):
    """有惩罚项时，损失和梯度分别正确
    loss and gradients with a penalty are right, each on its own"""
    for sizes in [5, 6, 4], [4, 3], [3, 5, 5, 3]:
        for kind in "relu", "tanh":
            params, x, y = problem(draw, 12, sizes)
            agree("mlp_backward", params, x, y, kind, 0.1)


@check("6c", points={"own": 2, "reference": 2})
def test_slopes(student, reference, draw, slope, part):
    """梯度与你自己的损失一致，也与正确的损失一致（中心差分）
    gradients agree with central differences of your own loss, and of the right one"""
    params, x, y = problem(draw, 5, [3, 3, 3])
    decay = draw.number(0.05, 0.2)

    def slopes(function):
        """The slope of the loss of mlp_backward along every parameter."""
        return {
            key: slope(
                lambda v, key=key: function({**params, key: v}, x, y, "tanh", decay)["loss"], value
            )
            for key, value in params.items()
        }

    with part("own"):
        grads = student.mlp_backward(params, x, y, "tanh", decay)["grads"]
        own = slopes(student.mlp_backward)
        assert_close(grads, own, tolerance=1e-6, what="梯度 / the gradients")
    with part("reference"):
        grads = student.mlp_backward(params, x, y, "tanh", decay)["grads"]
        right = slopes(reference.mlp_backward)
        assert_close(grads, right, tolerance=1e-6, what="梯度 / the gradients")
