"""Question 5: forward propagation."""

from itertools import pairwise

from grader import check

KINDS = "relu", "leaky_relu", "sigmoid", "tanh"
SIZES = [4, 5, 3], [6, 8, 7, 4], [5, 3], [10, 16, 12, 8, 10], [4, 4, 4]


def network(draw, sizes):
    params = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        params[f"W{k}"] = draw.normal(n_in, n_out, scale=n_in**-0.5)
        params[f"b{k}"] = draw.normal(n_out, scale=0.5)
    return params


def compare(agree, draw):
    for sizes in SIZES:
        for kind in KINDS:
            params = network(draw, sizes)
            agree("mlp_forward", params, draw.normal(1, sizes[0]), kind)
            agree("mlp_forward", params, draw.strided(draw.normal(9, sizes[0])), kind)


@check("5a", points=6)
def test_logits(agree, draw):
    """不同深度和激活函数的网络，logits 正确
    logits are right for networks of various depths and activations"""
    compare(agree.using(only=("logits",)), draw)


@check("5b", points=3)
def test_hidden(agree, draw):
    """隐藏层激活值的个数和值正确，没有隐藏层时是空列表
    number and values of the hidden activations are right; without hidden layers there are none"""
    compare(agree.using(only=("hidden",)), draw)
