"""The self-check: a few small numbers that anybody can work out on paper."""

import math

import torch

from grader import assert_close, check


def column(*numbers):
    """One sequence of a single input or unit, (1, T, 1)."""
    return torch.tensor(numbers, dtype=torch.float64).reshape(1, -1, 1)


def one_unit():
    """A network of one unit whose weights are 1 and whose bias is 0."""
    one = torch.ones(1, 1, dtype=torch.float64)
    return {"Wx": one, "Wh": one, "b": torch.zeros(1, dtype=torch.float64)}


@check("p1a", points=0, functions=("encode_batch",))
def test_encode_batch(student):
    """三个短字符串的编号和长度
    ids and lengths of three short strings"""
    batch = student.encode_batch(["ab", "", "bxaa"], "ab", 3)
    ids = torch.tensor([[1, 2, 0], [0, 0, 0], [2, 3, 1]])
    expected = {"ids": ids, "lengths": torch.tensor([2, 0, 3])}
    assert_close(batch, expected, what="编码 / the encoding")


@check("p1b", points=0, functions=("sequence_cross_entropy",))
def test_sequence_cross_entropy(student):
    """5 个词的得分都相等时，损失是 log 5，困惑度是 5
    equal scores of 5 words have loss log 5 and perplexity 5"""
    logits = torch.zeros(2, 3, 5, dtype=torch.float64)
    targets = torch.tensor([[1, 4, 0], [2, 0, 0]])
    result = student.sequence_cross_entropy(logits, targets, torch.tensor([3, 1]))
    expected = {"loss": math.log(5), "perplexity": 5.0}
    assert_close(result, expected, what="损失和困惑度 / loss and perplexity")


@check("p2a", points=0, functions=("rnn_forward",))
def test_rnn_forward(student):
    """一个单元、两步的状态
    the states of one unit in two steps"""
    h = student.rnn_forward(column(1, 0), torch.zeros(1, 1, dtype=torch.float64), one_unit())
    assert_close(h, column(0.7616, 0.6420), tolerance=1e-4, what="h")


@check("p2b", points=0, functions=("rnn_backward",))
def test_rnn_backward(student):
    """一个单元、两步的梯度，只有最后一步有直接梯度
    the gradients of one unit in two steps, of which only the last has a direct gradient"""
    h0 = torch.zeros(1, 1, dtype=torch.float64)
    grads = student.rnn_backward(column(0, 1), column(1, 0), h0, one_unit())
    expected = {
        "dx": column(0.2469, 0.5878),
        "dh0": column(0.2469)[0],
        "dWx": column(0.2469)[0],
        "dWh": column(0.4477)[0],
        "db": column(0.8347)[0, 0],
    }
    assert_close(grads, expected, tolerance=2e-4, what="梯度 / the gradients")


@check("p3a", points=0, functions=("lstm_forward",))
def test_lstm_forward(student):
    """参数全为 0、记忆为 1 的 LSTM 走一步
    one step of an LSTM whose parameters are 0 and whose memory is 1"""
    zero, one = (torch.full((1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    params = {
        "Wx": torch.zeros(1, 4, dtype=torch.float64),
        "Wh": torch.zeros(1, 4, dtype=torch.float64),
        "b": torch.zeros(4, dtype=torch.float64),
    }
    result = student.lstm_forward(column(1), zero, one, params)
    expected = {"h": column(0.2311), "c": column(0.5)}
    assert_close(result, expected, tolerance=2e-4, what="状态和记忆 / state and memory")


@check("p3b", points=0, functions=("gru_cell",))
def test_gru_cell(student):
    """参数全为 0、状态为 1 的 GRU 走一步
    one step of a GRU whose parameters are 0 and whose state is 1"""
    zero, one = (torch.full((1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    params = {f"W{kind}{gate}": zero for kind in "xh" for gate in "zrh"}
    params |= {f"b{gate}": zero[0] for gate in "zrh"}
    assert_close(student.gru_cell(one, one, params), one / 2, what="h")


@check("p4a", points=0, functions=("clip_grad_norm",))
def test_clip_grad_norm(student):
    """梯度 3 和 4 裁剪到范数 1
    the gradients 3 and 4, clipped to norm 1"""
    a, b = (torch.tensor([v], dtype=torch.float64) for v in (3.0, 4.0))
    result = student.clip_grad_norm({"a": a, "b": b}, 1.0)
    expected = {"grads": {"a": a / 5, "b": b / 5}, "total_norm": 5.0}
    assert_close(result, expected, tolerance=1e-5, what="梯度和范数 / gradients and norm")


@check("p4b", points=0, functions=("state_jacobian_norms",))
def test_state_jacobian_norms(student):
    """状态为 0、循环权重为 I/2 时，每往回一步范数减半
    at zero states and with I/2 as recurrent weights the norm halves with every step back"""
    h = torch.zeros(3, 2, dtype=torch.float64)
    norms = student.state_jacobian_norms(h, torch.eye(2, dtype=torch.float64) / 2)
    expected = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64)
    assert_close(norms, expected, what="norms")


@check("p4c", points=0, functions=("sample_tokens",))
def test_sample_tokens(student, expect):
    """温度 0 总取得分最大的词；温度 1 时比例大致正确
    temperature 0 always takes the best token; at temperature 1 the shares are about right"""
    logits = torch.tensor([0.0, math.log(3)], dtype=torch.float64)
    best = student.sample_tokens(logits, 0.0, 4, 0)
    assert_close(best, torch.tensor([1, 1, 1, 1]), what="温度 0 / temperature 0")
    drawn = student.sample_tokens(logits, 1.0, 4000, 0)
    share = (torch.as_tensor(drawn) == 1).double().mean().item()
    expect(
        0.70 <= share <= 0.80,
        f"得分 0 和 log 3：第二个词应占约 0.75，你的占 {share:.3f}。",
        f"Scores 0 and log 3: the second token should have a share of 0.75, yours is {share:.3f}.",
    )


@check("p5a", points=0, functions=("train_adder", "predict_adder"))
def test_adder(train, expect):
    """3 位数的加法，一半以上全对
    more than half of the additions of 3-digit numbers are right in all digits"""
    trained = train("train_adder", *additions(5000, seed=0), seed=0)
    a, b, s = additions(500, seed=1)
    logits = trained.predict("predict_adder", a, b, shape=(500, 4, 10))
    share = (logits.argmax(dim=-1) == s).all(dim=1).double().mean().item()
    expect(
        share >= 0.5,
        f"3 位数加法全对的比例是 {share:.3f}，应至少 0.5。",
        f"The share of 3-digit additions right in all digits is {share:.3f}; 0.5 is asked for.",
    )


def additions(pairs, seed):
    """Sums of two numbers of 3 digits, least significant first; 4 positions."""
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(0, 1000, (2, pairs), generator=generator)
    return [
        torch.stack([n // 10**t % 10 for t in range(4)], 1)
        for n in (first, second, first + second)
    ]
