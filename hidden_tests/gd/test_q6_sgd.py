"""Question 6: mini-batch stochastic gradient descent."""

from grader import check


def epoch(draw, n, batch_size, scale=1):
    X, y = draw.normal(n, 5, scale=scale), draw.integers(0, 3, n)
    W, b = draw.normal(5, 3), draw.normal(3)
    return X, y, W, b, draw.number(0.3, 1), batch_size, draw.permutation(n)


@check("6a", points=4)
def test_equal_batches(agree, draw):
    """样本数是批次大小的整数倍时，更新后的参数正确
    the parameters after an epoch of equal batches are right"""
    for _ in range(3):
        agree.using(only=("W", "b"))("sgd_epoch", *epoch(draw, 12, 4))


@check("6b", points=3)
def test_last_batch(agree, draw):
    """最后一个批次较小、批次比数据还大、批次大小为 1 时，参数和更新次数都正确
    parameters and number of updates are right for a short last batch, one batch, batches of one"""
    for n, batch_size in (23, 5), (7, 16), (6, 1):
        agree.using(only=("W", "b"))("sgd_epoch", *epoch(draw, n, batch_size))


@check("6c", points=2)
def test_losses(agree, draw):
    """记录的是每次更新之前的批次损失，特征较大时也对
    what is recorded is the batch loss before each update, also for large features"""
    for n, batch_size, scale in (12, 4, 1), (23, 5, 1), (7, 16, 1), (6, 1, 1), (12, 4, 10):
        agree.using(only=("losses",))("sgd_epoch", *epoch(draw, n, batch_size, scale))
