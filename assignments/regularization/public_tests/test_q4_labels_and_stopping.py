"""Question 4: label smoothing and early stopping."""

import torch

from grader import assert_close, check


@check("p4a", points=0, functions=("label_smoothing_loss",))
def test_label_smoothing(student):
    """四类得分相同时，损失是 log 4
    the loss of four equal scores is log 4"""
    loss = student.label_smoothing_loss(torch.zeros(3, 4), torch.tensor([0, 1, 3]), 0.1)
    assert_close(loss, 1.3862944)


@check("p4b", points=0, functions=("early_stopping",))
def test_early_stopping(student):
    """提前停止的例子：patience = 2
    the example of early stopping: patience = 2"""
    result = student.early_stopping([1.0, 0.8, 0.9, 0.85, 0.7], 2, 0.0)
    assert_close(result, {"best_epoch": 1, "stop_epoch": 3})
