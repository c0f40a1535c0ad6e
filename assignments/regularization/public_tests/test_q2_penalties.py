"""Question 2: penalties and dropout."""

import torch

from grader import assert_close, check


@check("p2a", points=0, functions=("penalty",))
def test_penalty(student):
    """惩罚项的例子：W = (1, -2)，b = 5
    the example of the penalty: W = (1, -2), b = 5"""
    params = {"W": torch.tensor([[1.0, -2.0]]), "b": torch.tensor([5.0])}
    expected = {
        "value": 0.8,
        "grads": {"W": torch.tensor([[0.3, -0.5]]), "b": torch.tensor([0.0])},
    }
    assert_close(student.penalty(params, 0.1, 0.2), expected)


@check("p2b", points=0, functions=("dropout",))
def test_dropout(student):
    """丢弃法的例子：丢弃概率 0.5
    the example of dropout: probability 0.5"""
    x, u = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.1, 0.6, 0.5, 0.9])
    expected = torch.tensor([0.0, 4.0, 6.0, 8.0])
    assert_close(student.dropout(x, 0.5, training=True, u=u), expected)


@check("p2c", points=0, functions=("dropout",))
def test_dropout_at_test_time(student):
    """测试模式原样返回
    test mode returns what came in"""
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert_close(student.dropout(x, 0.5, training=False), x)
