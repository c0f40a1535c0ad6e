"""Question 5: forward propagation."""

import torch

from grader import assert_close, check


@check("p5a", points=0, functions=("mlp_forward",))
def test_small_network(student):
    """一个 1-2-2 的 ReLU 网络，x = 2
    a 1-2-2 network with ReLU at x = 2"""
    params = {
        "W1": torch.tensor([[1.0, -1.0]]),
        "b1": torch.zeros(2),
        "W2": torch.eye(2),
        "b2": torch.zeros(2),
    }
    result = student.mlp_forward(params, torch.tensor([[2.0]]), "relu")
    value = torch.tensor([[2.0, 0.0]])
    assert_close(result, {"logits": value, "hidden": [value]})
