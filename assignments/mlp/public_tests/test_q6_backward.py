"""Question 6: backpropagation."""

import torch

from grader import assert_close, check


@check("p6a", points=0, functions=("mlp_backward",))
def test_small_network(student):
    """一个 1-2-2 的 ReLU 网络，x = 2，y = 0
    a 1-2-2 network with ReLU at x = 2, y = 0"""
    params = {
        "W1": torch.tensor([[1.0, -1.0]]),
        "b1": torch.zeros(2),
        "W2": torch.eye(2),
        "b2": torch.zeros(2),
    }
    x, y = torch.tensor([[2.0]]), torch.tensor([0])
    result = student.mlp_backward(params, x, y, "relu", 0.0)
    p = 0.1192029
    expected = {
        "W1": torch.tensor([[-2 * p, 0.0]]),
        "b1": torch.tensor([-p, 0.0]),
        "W2": torch.tensor([[-2 * p, 2 * p], [0.0, 0.0]]),
        "b2": torch.tensor([-p, p]),
    }
    assert_close(result, {"loss": 0.1269280, "grads": expected})


@check("p6b", points=0, functions=("mlp_backward", "numerical_gradient"))
def test_against_own_numerical_gradient(student, expect):
    """一个 3-4-2 的 tanh 网络：反向传播与你自己的数值梯度一致
    a 3-4-2 network with tanh: backpropagation agrees with your own numerical gradients"""
    shapes = {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)}
    wave = {key: torch.arange(1.0, 13.0).double().sin() for key in shapes}
    params = {k: wave[k][: torch.Size(s).numel()].reshape(s) for k, s in shapes.items()}
    x = torch.linspace(-1, 1, 15).double().cos().reshape(5, 3)
    y = torch.tensor([0, 1, 1, 0, 1])

    result = student.mlp_backward(params, x, y, "tanh", 0.0)
    grads = result.get("grads") if isinstance(result, dict) else None
    for key, shape in shapes.items():
        numerical = student.numerical_gradient(params, x, y, "tanh", key, 1e-5)
        expect(
            torch.is_tensor(numerical) and tuple(numerical.shape) == shape,
            f"numerical_gradient 对 {key} 应返回形状为 {shape} 的张量。",
            f"numerical_gradient for {key} should return a tensor of shape {shape}.",
        )
        gradient = grads.get(key) if isinstance(grads, dict) else None
        what = f"{key} 的梯度 / the gradient of {key}"
        assert_close(gradient, numerical, tolerance=1e-6, what=what)
