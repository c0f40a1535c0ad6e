"""Question 7: numerical gradients."""

from itertools import pairwise

from grader import assert_close, check


def network(draw, sizes):
    params = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        params[f"W{k}"] = draw.normal(n_in, n_out)
        params[f"b{k}"] = draw.normal(n_out, scale=0.5)
    return params


@check("7a", points=4)
def test_central_difference(agree, draw):
    """中心差分的值正确：检验的是公式本身，所以步长取得很大
    the central difference is right; large steps, for the formula is tested, not its limit"""
    for sizes in [3, 3], [2, 3, 2]:
        params, n = network(draw, sizes), draw.integer(4, 8)
        x, y = draw.normal(n, sizes[0]), draw.integers(0, sizes[-1], n)
        for key in params:
            for kind, h in ("tanh", 0.5), ("relu", 0.3):
                agree("numerical_gradient", params, x, y, kind, key, h)


@check("7b", points=2)
def test_small_step(student, reference, draw):
    """步长很小时，数值梯度等于准确的梯度
    with a small step the numerical gradient is the exact one"""
    params = network(draw, [3, 4, 3])
    x, y = draw.normal(6, 3), draw.integers(0, 3, 6)
    exact = reference.mlp_backward(params, x, y, "tanh", 0.0)["grads"]
    for key in params:
        slopes = student.numerical_gradient(params, x, y, "tanh", key, 1e-5)
        assert_close(slopes, exact[key], tolerance=1e-7, what=f"{key} 的数值梯度 / {key}")
