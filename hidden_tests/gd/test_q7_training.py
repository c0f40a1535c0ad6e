"""Question 7: train a softmax classifier."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from grader import Text, assert_close, check


@dataclass
class Split:
    """A data set in raw units, classes renumbered, features and examples reordered, cut in two."""

    classes: int
    X: torch.Tensor
    y: torch.Tensor
    X_held_out: torch.Tensor
    y_held_out: torch.Tensor


def split(load, draw):
    X, y = (torch.tensor(array) for array in load(return_X_y=True))
    classes = len(y.unique())
    X = X[:, draw.permutation(X.shape[1])].float()
    y = draw.permutation(classes)[y]
    order = draw.permutation(len(y))
    fit, held_out = order.tensor_split([round(0.7 * len(y))])
    return Split(classes, X[fit], y[fit], X[held_out], y[held_out])


def has_nan(state):
    return any(torch.is_tensor(value) and value.isnan().any() for value in state.values())


@check("7a", points={"wine": 2, "breast_cancer": 2, "digits": 2})
def test_accuracy(train, draw, part, quality):
    """在葡萄酒、乳腺癌和手写数字数据上，测试正确率达到要求
    accuracy on held-out wines, tumours and digits is good enough"""
    for name, load, threshold in (
        ("wine", load_wine, 0.87),
        ("breast_cancer", load_breast_cancer, 0.90),
        ("digits", load_digits, 0.92),
    ):
        with part(name):
            data = split(load, draw)
            trained = train(
                "train_softmax_regression", data.X, data.y, data.classes, seed=draw.seed()
            )
            shape = len(data.y_held_out), data.classes
            logits = trained.predict("predict", data.X_held_out, shape=shape)
            accuracy = (logits.argmax(dim=1) == data.y_held_out).double().mean().item()
            quality(
                accuracy,
                {threshold: 2},
                "测试正确率",
                "The accuracy on held-out examples",
                findings=[
                    (
                        has_nan(trained.state),
                        "有的特征恒为常数（例如图片边缘的像素），标准差为 0，除法得到 NaN。",
                        "Some features are constant (such as pixels at the border): "
                        "their standard deviation is 0, and the division gives NaN.",
                    ),
                    (
                        name == "wine" and accuracy <= 0.70,
                        "特征没有标准化：wine 的特征量纲相差上千倍。",
                        "Features were not standardised: "
                        "the wine columns differ by three orders of magnitude.",
                    ),
                ],
            )


@check("7b", points=2)
def test_behaviour(train, draw, expect):
    """同一种子得到同样的模型；逐个预测与成批预测一致；训练损失明显下降
    equal seeds give equal models; single predictions equal those of a batch; the loss falls"""
    data = split(load_digits, draw)
    seed = draw.seed()
    first, second = (
        train("train_softmax_regression", data.X, data.y, data.classes, seed=seed) for _ in "12"
    )
    assert_close(
        second.state, first.state, tolerance=1e-6, what=Text("同一种子的模型", "equal seeds")
    )

    rows = data.X_held_out[:5]
    batch = first.predict("predict", rows, shape=(5, data.classes))
    for i in range(5):
        single = first.predict("predict", rows[i : i + 1], shape=(1, data.classes))
        assert_close(single, batch[i : i + 1], tolerance=1e-5, what=Text("逐个预测", "one by one"))

    loss = first.history["loss"]
    expect(
        loss[-1] < loss[0] / 2,
        "最后一轮的训练损失没有降到第一轮的一半以下。",
        "The training loss of the last epoch is not below half of the first.",
    )
