"""Question 3: softmax and cross-entropy as one unit."""

import torch

from grader import assert_close, check


@check("p3a", points=0, functions=("softmax_cross_entropy",))
def test_equal_scores(student):
    """两个样本、四类得分相同时的损失和梯度
    loss and gradient for two examples with four equal scores"""
    result = student.softmax_cross_entropy(torch.zeros(2, 4), torch.tensor([0, 3]))
    rows = torch.tensor([[-0.375, 0.125, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]])
    assert_close(result, {"loss": 1.3862944, "dlogits": rows})


@check("p3b", points=0, functions=("softmax_cross_entropy",))
def test_large_scores(student):
    """得分很大时结果仍是有限的
    the result stays finite for large scores"""
    result = student.softmax_cross_entropy(torch.tensor([[900.0, 0.0]]), torch.tensor([1]))
    assert_close(result, {"loss": 900.0, "dlogits": torch.tensor([[1.0, -1.0]])})
