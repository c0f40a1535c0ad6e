"""Question 1: batches, masks and losses."""

import torch

from grader import assert_close, check


def text(draw, characters, length):
    return "".join(draw.choice(characters) for _ in range(length))


def batch_of_strings(draw, vocab, unknown, max_len):
    """Seven strings in random order: none, short, exact and long ones, with unknown characters."""
    long, middle = draw.choice(unknown) + text(draw, vocab, max_len - 1), max_len - 2
    strings = [
        "",
        text(draw, vocab, 1),
        # Unknown in the middle, before known ones and at the end.
        text(draw, vocab, 1) + draw.choice(unknown) + text(draw, vocab, middle - 1),
        text(draw, vocab, max_len),
        long + text(draw, vocab + unknown, 1 + draw.integer(0, 3)),
        text(draw, vocab[1:], max_len) + vocab[0] * draw.integer(1, 4),
        draw.choice(unknown) * draw.integer(1, 3),
    ]
    return [strings[i] for i in draw.permutation(len(strings)).tolist()]


@check("1a", points={"ids": 3, "lengths": 2})
def test_encode_batch(agree, draw):
    """编号、填充、未知字符和截断都正确，空串也一样
    ids, padding, unknown characters and truncation are right, for empty strings, too"""
    for vocab, unknown, max_len in (
        ("abcde", "xyz?", 6),
        ("0123456789+=", "ab -", 8),
        ("深度学习", "机器的", 4),
    ):
        agree("encode_batch", batch_of_strings(draw, vocab, unknown, max_len), vocab, max_len)


def tokens(draw, n, t, v):
    """Targets with a zero at the start of every sequence but the first."""
    targets = draw.integers(0, v, n, t)
    targets[1:, 0] = 0
    return targets


@check("1b", points={"loss": 3, "perplexity": 2})
def test_sequence_cross_entropy(agree, draw):
    """长短不一的序列（包括空序列），损失和困惑度都正确
    loss and perplexity are right for sequences of different lengths, some of them empty"""
    logits = draw.strided(draw.normal(1, 4, 3))
    agree("sequence_cross_entropy", logits, tokens(draw, 1, 4, 3), draw.integers(2, 4, 1))
    only_one_token = torch.tensor([0, 1])[draw.permutation(2)]
    agree("sequence_cross_entropy", draw.normal(2, 3, 4), tokens(draw, 2, 3, 4), only_one_token)

    lengths = torch.tensor([0, 9, 1, draw.integer(2, 5), draw.integer(5, 8), 8])
    targets = tokens(draw, 6, 9, 5)
    agree("sequence_cross_entropy", draw.normal(6, 9, 5), targets, lengths[draw.permutation(6)])

    lengths = torch.tensor([5, 1, draw.integer(2, 4), 4])[draw.permutation(4)]
    targets = tokens(draw, 4, 5, 12)
    agree("sequence_cross_entropy", draw.normal(4, 5, 12, scale=3), targets, lengths)


@check("1c", points=2)
def test_extremes(agree, student, reference, draw):
    """一个有效词元也没有时按约定取值；得分很大时损失仍然有限
    without a valid token the convention holds; very large scores give a finite loss"""
    none = torch.zeros(3, dtype=torch.int64)
    agree("sequence_cross_entropy", draw.normal(3, 4, 6), draw.integers(0, 6, 3, 4), none)

    lengths = torch.tensor([5, 2, 4])[draw.permutation(3)]
    targets = draw.integers(0, 6, 3, 5)
    # 2000: beyond what exp can take in float64, and far apart from token to token.
    for scale in 200, 2000:
        large = draw.normal(3, 5, 6, scale=scale)
        # The perplexity is beyond all bounds here; only the loss is asked for.
        loss = student.sequence_cross_entropy(large, targets, lengths)["loss"]
        expected = reference.sequence_cross_entropy(large, targets, lengths)["loss"]
        assert_close(loss, expected, what="得分很大时的损失 / the loss of very large scores")


@check("1d", points=2)
def test_padding_does_not_matter(student, draw):
    """长度之外的得分和标签、序列的次序都不影响结果
    scores and targets behind the length do not matter, nor does the order of the sequences"""
    logits, targets = draw.normal(5, 7, 4), draw.integers(0, 4, 5, 7)
    lengths = torch.tensor([7, 3, 5, 0, 1])[draw.permutation(5)]
    first = student.sequence_cross_entropy(logits, targets, lengths)

    padding = torch.arange(7) >= lengths.unsqueeze(1)
    other_logits = draw.normal(5, 7, 4, scale=30).where(padding.unsqueeze(2), logits)
    other_targets = draw.integers(0, 4, 5, 7).where(padding, targets)
    again = student.sequence_cross_entropy(other_logits, other_targets, lengths)
    assert_close(again, first, tolerance=1e-9, what="填充不同时的结果 / with other padding")

    order = draw.permutation(5)
    mixed = student.sequence_cross_entropy(logits[order], targets[order], lengths[order])
    assert_close(mixed, first, tolerance=1e-9, what="次序不同时的结果 / in another order")
