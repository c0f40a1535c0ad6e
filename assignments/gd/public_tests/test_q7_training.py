"""Question 7: train a softmax classifier."""

import torch
from sklearn.datasets import load_iris

from grader import check


@check("p7a", points=0, functions=("train_softmax_regression", "predict"))
def test_iris(train, expect):
    """鸢尾花数据上的测试正确率
    the accuracy on held-out irises"""
    X, y = (torch.tensor(array) for array in load_iris(return_X_y=True))
    fit, held_out = torch.arange(150) % 3 != 0, torch.arange(150) % 3 == 0
    trained = train("train_softmax_regression", X[fit].float(), y[fit], 3, seed=0)
    logits = trained.predict("predict", X[held_out].float(), shape=(50, 3))
    accuracy = (logits.argmax(dim=1) == y[held_out]).double().mean().item()
    expect(
        accuracy >= 0.85,
        f"测试正确率是 {accuracy:.2f}，应不低于 0.85。",
        f"The accuracy on held-out flowers is {accuracy:.2f}; it should be at least 0.85.",
    )
