"""Question 8: training."""

import torch
from sklearn.datasets import make_moons

from grader import check


@check("p8a", points=0, functions=("train_mlp", "predict"))
def test_moons(train, expect):
    """两个月牙上的测试正确率，隐藏层 [16]
    the accuracy on held-out points of two moons, hidden layers [16]"""
    points, labels = make_moons(400, noise=0.2, random_state=0)
    x, y = torch.tensor(points, dtype=torch.float32), torch.tensor(labels)
    trained = train("train_mlp", x[:200], y[:200], 2, hidden=[16], seed=0)
    logits = trained.predict("predict", x[200:], shape=(200, 2))
    accuracy = (logits.argmax(dim=1) == y[200:]).double().mean().item()
    expect(
        accuracy >= 0.85,
        f"测试正确率是 {accuracy:.2f}，应不低于 0.85。",
        f"The accuracy on held-out points is {accuracy:.2f}; it should be at least 0.85.",
    )
