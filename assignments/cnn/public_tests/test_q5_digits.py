"""Question 5: digits that move."""

import torch
from sklearn.datasets import load_digits

from grader import check


@check("p5a", points=0, functions=("train_cnn", "predict_cnn"))
def test_places(train, expect):
    """用一半的数字训练，在另一半上测试，每个数字放在不同的位置
    train on half of the digits, test on the others, each at another place"""
    digits = load_digits()
    images, y = torch.tensor(digits.images, dtype=torch.float32), torch.tensor(digits.target)
    x = torch.zeros(len(y), 1, 14, 14)
    for k, (canvas, image) in enumerate(zip(x, images, strict=True)):
        top, left = divmod(17 * k % 49, 7)
        canvas[0, top : top + 8, left : left + 8] = image
    trained = train("train_cnn", x[::2], y[::2], 10, seed=0)
    logits = trained.predict("predict_cnn", x[1::2], shape=(len(y[1::2]), 10))
    accuracy = (logits.argmax(dim=1) == y[1::2]).double().mean().item()
    expect(
        accuracy >= 0.85,
        f"测试正确率是 {accuracy:.2f}，应不低于 0.85。",
        f"The accuracy on held-out digits is {accuracy:.2f}; it should be at least 0.85.",
    )
