"""Question 5: learning from wrong labels."""

import torch
from sklearn.datasets import load_digits

from grader import check


@check("p5a", points=0, functions=("train_regularized", "predict_regularized"))
def test_digits(train, expect):
    """四成标签有错时，干净样本上的正确率
    the accuracy on clean digits after training with 40 % wrong labels"""
    generator = torch.Generator().manual_seed(1)
    pixels, labels = (torch.tensor(array) for array in load_digits(return_X_y=True))
    order = torch.randperm(len(labels), generator=generator)
    x, y = pixels[order].float() / 16, labels[order]
    noisy = y[:500].clone()
    noisy[:200] = (noisy[:200] + torch.randint(1, 10, (200,), generator=generator)) % 10

    trained = train("train_regularized", x[:500], noisy, 10, seed=0)
    logits = trained.predict("predict_regularized", x[500:1000], shape=(500, 10))
    accuracy = (logits.argmax(dim=1) == y[500:1000]).double().mean().item()
    expect(
        accuracy >= 0.76,
        f"干净样本上的正确率是 {accuracy:.2f}，应不低于 0.76。",
        f"The accuracy on clean digits is {accuracy:.2f}; it should be at least 0.76.",
    )
