"""What goes wrong in assignment rnn: one plain mistake per variant, with the sentence that names it.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does.
"""

import torch

from grader.catalogue import misconception

# Question 1: batches, masks and losses


def _encode(strings, max_len, number):
    """Ids on the right, `number` giving the id of a character."""
    ids = torch.zeros(len(strings), max_len, dtype=torch.int64)
    for row, string in enumerate(strings):
        for t, character in enumerate(string[:max_len]):
            ids[row, t] = number(character)
    return ids


def _numbering(vocab):
    """The ids of this course: 1, 2, … and one more for unknown characters."""

    def number(character):
        return vocab.index(character) + 1 if character in vocab else len(vocab) + 1

    return number


def _lengths(strings, max_len):
    return torch.tensor([min(len(s), max_len) for s in strings], dtype=torch.int64)


@misconception(
    zh="编号应从 1 开始，0 留给填充符。",
    en="Ids start at 1: 0 is reserved for padding.",
    words="ids that start at 0",
    words_zh="从 0 开始的编号",
)
def encode_batch__ids_start_at_zero(strings, vocab, max_len):
    def number(character):
        return vocab.index(character) if character in vocab else len(vocab)

    return {"ids": _encode(strings, max_len, number), "lengths": _lengths(strings, max_len)}


@misconception(
    zh="填充应在右侧。",
    en="Pad on the right.",
    words="padding on the left",
    words_zh="在左侧填充",
)
def encode_batch__left_padded(strings, vocab, max_len):
    number = _numbering(vocab)
    ids = torch.zeros(len(strings), max_len, dtype=torch.int64)
    for row, string in enumerate(strings):
        kept = string[:max_len]
        for t, character in enumerate(kept):
            ids[row, max_len - len(kept) + t] = number(character)
    return {"ids": ids, "lengths": _lengths(strings, max_len)}


@misconception(
    zh="长度要在截断之后再数：不会超过 max_len。",
    en="Count the length after truncation: it never exceeds max_len.",
    words="lengths before truncation",
    words_zh="截断之前的长度",
)
def encode_batch__length_before_truncation(strings, vocab, max_len):
    lengths = torch.tensor([len(s) for s in strings], dtype=torch.int64)
    return {"ids": _encode(strings, max_len, _numbering(vocab)), "lengths": lengths}


@misconception(
    zh="词表之外的字符要用编号 len(vocab)+1：你给了 0，与填充分不清。",
    en="Unknown characters have the id len(vocab)+1; you gave them 0, which is padding.",
    words="0 for unknown characters",
    words_zh="未知字符编为 0",
)
def encode_batch__unknown_is_pad(strings, vocab, max_len):
    def number(character):
        return vocab.index(character) + 1 if character in vocab else 0

    return {"ids": _encode(strings, max_len, number), "lengths": _lengths(strings, max_len)}


@misconception(
    zh="词表之外的字符不要丢掉，它占一个位置，编号是 len(vocab)+1。",
    en="Do not drop unknown characters: each takes a position, with the id len(vocab)+1.",
    words="unknown characters left out",
    words_zh="丢掉未知字符",
)
def encode_batch__unknown_dropped(strings, vocab, max_len):
    known = ["".join(c for c in s if c in vocab) for s in strings]
    ids = _encode(known, max_len, _numbering(vocab))
    return {"ids": ids, "lengths": _lengths(known, max_len)}


@misconception(
    zh="太长的字符串应去掉末尾，你去掉了开头。",
    en="Strings that are too long lose their end; yours lost their beginning.",
    words="the last max_len characters",
    words_zh="保留最后 max_len 个字符",
)
def encode_batch__keeps_last_characters(strings, vocab, max_len):
    kept = [s[max(len(s) - max_len, 0) :] for s in strings]
    ids = _encode(kept, max_len, _numbering(vocab))
    return {"ids": ids, "lengths": _lengths(kept, max_len)}


def _token_losses(logits, targets, dim=-1):
    """The cross-entropy of every position, (N, T)."""
    log_p = torch.log_softmax(logits, dim=dim)
    return -log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def _valid(targets, lengths):
    """Which positions are not padding, (N, T)."""
    return torch.arange(targets.shape[1], device=lengths.device) < lengths.unsqueeze(1)


def _mean_where(losses, mask):
    return losses.where(mask, 0.0).sum() / mask.sum().clamp(min=1)


def _with_perplexity(loss):
    return {"loss": loss, "perplexity": loss.exp()}


@misconception(
    zh="填充位置也算进了损失，请按 lengths 做掩码。",
    en="Padding positions were counted: mask them with lengths.",
    words="the mean over all positions, padding included",
    words_zh="包括填充在内的全部位置的平均",
)
def sequence_cross_entropy__padding_included(logits, targets, lengths):
    return _with_perplexity(_token_losses(logits, targets).mean())


@misconception(
    zh="分母应是有效词元的个数，不是 N·T。",
    en="Divide by the number of valid tokens, not by N·T.",
    words="the masked sum divided by N·T",
    words_zh="掩码后的和除以 N·T",
)
def sequence_cross_entropy__divided_by_all_positions(logits, targets, lengths):
    losses = _token_losses(logits, targets).where(_valid(targets, lengths), 0.0)
    return _with_perplexity(losses.mean())


@misconception(
    zh="先对每个序列平均再平均会让短序列权重偏大，应对所有词元一起平均。",
    en="Averaging per sequence first gives short sequences more weight: average over all tokens.",
    words="the mean of the means of the sequences",
    words_zh="各序列平均值的平均",
)
def sequence_cross_entropy__mean_of_sequence_means(logits, targets, lengths):
    losses = _token_losses(logits, targets).where(_valid(targets, lengths), 0.0)
    means = losses.sum(dim=1) / lengths.clamp(min=1)
    return _with_perplexity(means.sum() / (lengths > 0).sum().clamp(min=1))


@misconception(
    zh="你对有效词元求了和：还要除以它们的个数。",
    en="You summed over the valid tokens: divide by their number.",
    words="the sum over the tokens",
    words_zh="对词元求和",
)
def sequence_cross_entropy__sum_over_tokens(logits, targets, lengths):
    losses = _token_losses(logits, targets).where(_valid(targets, lengths), 0.0)
    return _with_perplexity(losses.sum())


@misconception(
    zh="你对时间求和、对序列平均：分母应是有效词元的个数，不是序列数 N。",
    en="You summed over time and averaged over sequences: divide by the number of valid tokens, "
    "not by N.",
    words="the sum over time divided by N",
    words_zh="对时间求和再除以 N",
)
def sequence_cross_entropy__sum_over_time_mean_over_batch(logits, targets, lengths):
    losses = _token_losses(logits, targets).where(_valid(targets, lengths), 0.0)
    return _with_perplexity(losses.sum() / len(lengths))


@misconception(
    zh="掩码多留了一个位置：t 从 0 数起，有效的是 t < length，不是 t <= length。",
    en="The mask keeps one position too many: with t counted from 0, valid means t < length, not "
    "t <= length.",
    words="a mask t <= length",
    words_zh="掩码 t <= length",
)
def sequence_cross_entropy__mask_off_by_one(logits, targets, lengths):
    losses = _token_losses(logits, targets)
    return _with_perplexity(_mean_where(losses, _valid(targets, lengths + 1)))


@misconception(
    zh="softmax 应在词表维（最后一维）上归一化，你用了时间维。",
    en="The softmax belongs on the vocabulary axis (the last one); you used the time axis.",
    words="softmax over time",
    words_zh="在时间维上的 softmax",
)
def sequence_cross_entropy__softmax_over_time(logits, targets, lengths):
    losses = _token_losses(logits, targets, dim=1)
    return _with_perplexity(_mean_where(losses, _valid(targets, lengths)))


@misconception(
    zh="标签 0 在这里是普通的词元：哪些是填充只看 lengths，不看标签。",
    en="Target 0 is an ordinary token here: lengths say what is padding, targets do not.",
    words="target 0 treated as padding",
    words_zh="把标签 0 当作填充",
)
def sequence_cross_entropy__zero_target_ignored(logits, targets, lengths):
    mask = _valid(targets, lengths) & (targets != 0)
    return _with_perplexity(_mean_where(_token_losses(logits, targets), mask))


@misconception(
    zh="没有有效词元时成了 0/0：约定损失为 0，困惑度为 1。",
    en="Without a valid token this is 0/0: the loss is 0 and the perplexity 1 then.",
    words="0/0 when all sequences are empty",
    words_zh="全部为空序列时的 0/0",
)
def sequence_cross_entropy__nan_when_empty(logits, targets, lengths):
    mask = _valid(targets, lengths)
    losses = _token_losses(logits, targets).where(mask, 0.0)
    return _with_perplexity(losses.sum() / mask.sum())


@misconception(
    zh="损失用的是自然对数，所以困惑度是 e 的幂，不是 2 的幂。",
    en="The loss is in nats, so the perplexity is a power of e, not of 2.",
    words="2 to the power of the loss",
    words_zh="2 的损失次幂",
)
def sequence_cross_entropy__perplexity_base_2(logits, targets, lengths):
    loss = _mean_where(_token_losses(logits, targets), _valid(targets, lengths))
    return {"loss": loss, "perplexity": 2**loss}


# Question 2: the simple recurrent network


def _states(x, h0, Wx, Wh, b, activation=torch.tanh):
    """h_1, …, h_T as a list."""
    h, states = h0, []
    for t in range(x.shape[1]):
        h = activation(x[:, t] @ Wx + h @ Wh + b)
        states.append(h)
    return states


@misconception(
    zh="漏了偏置 b。",
    en="The bias b is missing.",
    words="no bias",
    words_zh="没有偏置",
)
def rnn_forward__bias_missing(x, h0, params):
    return torch.stack(_states(x, h0, params["Wx"], params["Wh"], 0.0), dim=1)


@misconception(
    zh="循环权重多转置了一次，应为 h @ Wh。",
    en="The recurrent weights are transposed: h @ Wh.",
    words="h @ Wh.T",
)
def rnn_forward__recurrent_transposed(x, h0, params):
    return torch.stack(_states(x, h0, params["Wx"], params["Wh"].T, params["b"]), dim=1)


@misconception(
    zh="每一步都用了 h0，没有把新的状态传下去。",
    en="h0 is used at every step: the new state is not carried on.",
    words="h0 at every step",
    words_zh="每一步都用 h0",
)
def rnn_forward__h0_used_at_every_step(x, h0, params):
    recurrent = (h0 @ params["Wh"]).unsqueeze(1)
    return torch.tanh(x @ params["Wx"] + recurrent + params["b"])


@misconception(
    zh="没有用到 h0：第一步的旧状态是传入的 h0，不是 0。",
    en="h0 is not used: the state before the first step is the given h0, not 0.",
    words="zeros in place of h0",
    words_zh="用 0 代替 h0",
)
def rnn_forward__h0_ignored(x, h0, params):
    zeros = torch.zeros_like(h0)
    return torch.stack(_states(x, zeros, params["Wx"], params["Wh"], params["b"]), dim=1)


@misconception(
    zh="激活函数应是 tanh，你用了 sigmoid。",
    en="The activation is tanh; you used the sigmoid.",
    words="sigmoid in place of tanh",
    words_zh="用 sigmoid 代替 tanh",
)
def rnn_forward__sigmoid(x, h0, params):
    states = _states(x, h0, params["Wx"], params["Wh"], params["b"], torch.sigmoid)
    return torch.stack(states, dim=1)


@misconception(
    zh="激活函数应是 tanh，你用了 ReLU。",
    en="The activation is tanh; you used ReLU.",
    words="ReLU in place of tanh",
    words_zh="用 ReLU 代替 tanh",
)
def rnn_forward__relu(x, h0, params):
    states = _states(x, h0, params["Wx"], params["Wh"], params["b"], torch.relu)
    return torch.stack(states, dim=1)


@misconception(
    zh="输出整体错后一步：第 t 个输出应是 h_t。",
    en="The outputs are shifted: output t must be h_t.",
    words="the state before step t as output t",
    words_zh="第 t 个输出是上一时刻的状态",
)
def rnn_forward__outputs_shifted(x, h0, params):
    states = _states(x, h0, params["Wx"], params["Wh"], params["b"])
    return torch.stack([h0, *states[:-1]], dim=1)


@misconception(
    zh="传给下一步的应是 tanh 之后的 h_t，你传的是 tanh 之前的净输入。",
    en="What goes on to the next step is h_t, after the tanh; you passed on its argument.",
    words="the value before tanh carried to the next step",
    words_zh="把 tanh 之前的值传给下一步",
)
def rnn_forward__preactivation_fed_back(x, h0, params):
    carried = _states(x, h0, params["Wx"], params["Wh"], params["b"], activation=torch.clone)
    return torch.stack(carried, dim=1).tanh()


@misconception(
    zh="x 的形状是 (N, T, D)，批在最前：你把它当作了 (T, N, D)。",
    en="x has shape (N, T, D), batch first; you read it as (T, N, D).",
    words="the time and batch axes of x exchanged",
    words_zh="x 的时间维与批次维互换",
)
def rnn_forward__time_batch_swapped(x, h0, params):
    x = x.transpose(0, 1)
    return torch.stack(_states(x, h0, params["Wx"], params["Wh"], params["b"]), dim=1)


@misconception(
    zh="输出应是 (N, T, H)，你返回了 (T, N, H)：请在第 1 维上 stack。",
    en="The output is (N, T, H); you returned (T, N, H): stack along dimension 1.",
    words="(T, N, H), time first",
    words_zh="时间在前的 (T, N, H)",
)
def rnn_forward__time_first_output(x, h0, params):
    return torch.stack(_states(x, h0, params["Wx"], params["Wh"], params["b"]), dim=0)


@misconception(
    zh="时间方向反了：应从第一个时刻读到最后一个。",
    en="Time runs the wrong way: read from the first step to the last.",
    words="the sequence read from its end",
    words_zh="从末尾读起",
)
def rnn_forward__reversed_time(x, h0, params):
    states = _states(x.flip(1), h0, params["Wx"], params["Wh"], params["b"])
    return torch.stack(states[::-1], dim=1)


def _bptt(
    dh,
    x,
    h0,
    params,
    derivative=lambda h, before: 1 - h**2,
    back=lambda da, Wh: da @ Wh.T,
    state_of=lambda h, before: before,
    keep=lambda total, step: total + step,
):
    """Backpropagation through time, in which single pieces can be replaced."""
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    states = [h0, *_states(x, h0, Wx, Wh, b)]
    later = torch.zeros_like(h0)
    dWx, dWh, db, dx = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(b), []
    for t in reversed(range(x.shape[1])):
        before, h = states[t], states[t + 1]
        da = (dh[:, t] + later) * derivative(h, before)
        dx.append(da @ Wx.T)
        dWx = keep(dWx, x[:, t].T @ da)
        dWh = keep(dWh, state_of(h, before).T @ da)
        db = keep(db, da.sum(dim=0))
        later = back(da, Wh)
    dx = torch.stack(dx[::-1], dim=1)
    return {"dx": dx, "dh0": later, "dWx": dWx, "dWh": dWh, "db": db}


@misconception(
    zh="漏了从后一时刻传回的梯度，h_t 同时影响当前损失和 h_{t+1}。",
    en="The gradient from step t+1 is missing: h_t feeds the loss and h_{t+1}.",
    words="the direct gradient dh only",
    words_zh="只用直接的梯度 dh",
)
def rnn_backward__no_recurrent_gradient(dh, x, h0, params):
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    h = torch.stack([h0, *_states(x, h0, Wx, Wh, b)], dim=1)
    da = dh * (1 - h[:, 1:] ** 2)
    return {
        "dx": da @ Wx.T,
        "dh0": da[:, 0] @ Wh.T,
        "dWx": torch.einsum("ntd,nth->dh", x, da),
        "dWh": torch.einsum("ntg,nth->gh", h[:, :-1], da),
        "db": da.sum(dim=(0, 1)),
    }


@misconception(
    zh="只用了最后一个时刻的 dh：每个 h_t 都有自己的直接梯度 dh[:, t]。",
    en="Only dh of the last step was used: every h_t has a direct gradient dh[:, t].",
    words="dh of the last step only",
    words_zh="只用最后一个时刻的 dh",
)
def rnn_backward__only_last_upstream(dh, x, h0, params):
    last = torch.cat([torch.zeros_like(dh[:, :-1]), dh[:, -1:]], dim=1)
    return _bptt(last, x, h0, params)


@misconception(
    zh="漏乘 tanh 的导数 1-h²。",
    en="The tanh derivative 1-h² is missing.",
    words="no derivative of tanh",
    words_zh="没有乘 tanh 的导数",
)
def rnn_backward__tanh_derivative_missing(dh, x, h0, params):
    return _bptt(dh, x, h0, params, derivative=lambda h, before: torch.ones_like(h))


@misconception(
    zh="tanh 的导数要用本时刻的输出：1-h_t²，不是 1-h_{t-1}²。",
    en="The tanh derivative uses the output of the same step: 1-h_t², not 1-h_{t-1}².",
    words="1-h_{t-1}² as the derivative",
    words_zh="以 1-h_{t-1}² 为导数",
)
def rnn_backward__tanh_derivative_of_previous(dh, x, h0, params):
    return _bptt(dh, x, h0, params, derivative=lambda h, before: 1 - before**2)


@misconception(
    zh="tanh 的导数是 1-h²，你用了 1-h。",
    en="The derivative of tanh is 1-h²; you used 1-h.",
    words="1-h as the derivative",
    words_zh="以 1-h 为导数",
)
def rnn_backward__tanh_derivative_1_minus_h(dh, x, h0, params):
    return _bptt(dh, x, h0, params, derivative=lambda h, before: 1 - h)


@misconception(
    zh="dWh 要用上一时刻的状态 h_{t-1}。",
    en="dWh uses the previous state h_{t-1}.",
    words="h_t in dWh",
    words_zh="dWh 里用了 h_t",
)
def rnn_backward__dWh_uses_current_state(dh, x, h0, params):
    return _bptt(dh, x, h0, params, state_of=lambda h, before: h)


@misconception(
    zh="db 应对批次和时间求和，你取了平均。",
    en="db is a sum over batch and time; you took the mean.",
    words="the mean in db",
    words_zh="db 取平均",
)
def rnn_backward__db_mean(dh, x, h0, params):
    grads = _bptt(dh, x, h0, params)
    return {**grads, "db": grads["db"] / (x.shape[0] * x.shape[1])}


@misconception(
    zh="dWh 漏了第一个时刻：那里的旧状态是 h0，它的贡献 h0ᵀα₁ 也要加上。",
    en="dWh lacks the first step: the state before it is h0, and h0ᵀα₁ belongs to the sum.",
    words="dWh without the first step",
    words_zh="dWh 里没有第一个时刻",
)
def rnn_backward__h0_gradient_path_skipped(dh, x, h0, params):
    without = _bptt(dh, x, h0, params, keep=lambda total, step: step)["dWh"]
    grads = _bptt(dh, x, h0, params)
    return {**grads, "dWh": grads["dWh"] - without}


@misconception(
    zh="各时刻的参数梯度要累加，你只保留了一个时刻的。",
    en="Parameter gradients add up over time; only one step was kept.",
    words="the gradient of one step, = instead of +=",
    words_zh="只有一个时刻的梯度，写成了 = 而不是 +=",
)
def rnn_backward__overwritten_not_accumulated(dh, x, h0, params):
    return _bptt(dh, x, h0, params, keep=lambda total, step: step)


@misconception(
    zh="梯度传回上一时刻时要乘 Wh 的转置：da @ Wh.T。",
    en="Going back one step multiplies by the transpose: da @ Wh.T.",
    words="da @ Wh",
)
def rnn_backward__Wh_not_transposed(dh, x, h0, params):
    return _bptt(dh, x, h0, params, back=lambda da, Wh: da @ Wh)


@misconception(
    zh="梯度传回上一时刻时漏乘了 Wh.T。",
    en="Going back one step has to multiply by Wh.T.",
    words="da passed on unchanged",
    words_zh="原样传回 da",
)
def rnn_backward__next_not_through_Wh(dh, x, h0, params):
    return _bptt(dh, x, h0, params, back=lambda da, Wh: da)


def _divided(grads, count):
    """The gradients of the parameters divided by a number."""
    return {k: v / count if k in ("dWx", "dWh", "db") else v for k, v in grads.items()}


@misconception(
    zh="参数梯度应对时间求和，你除以了 T。",
    en="Parameter gradients are sums over time; you divided by T.",
    words="parameter gradients averaged over time",
    words_zh="对时间取平均的参数梯度",
)
def rnn_backward__averaged_over_time(dh, x, h0, params):
    return _divided(_bptt(dh, x, h0, params), x.shape[1])


@misconception(
    zh="参数梯度应对批次求和，你除以了 N：损失里的平均已经包含在 dh 中。",
    en="Parameter gradients are sums over the batch; you divided by N, but any averaging is in dh "
    "already.",
    words="parameter gradients averaged over the batch",
    words_zh="对批次取平均的参数梯度",
)
def rnn_backward__averaged_over_batch(dh, x, h0, params):
    return _divided(_bptt(dh, x, h0, params), x.shape[0])


@misconception(
    zh="dh0 不是 0：h0 影响 h_1，所以 dh0 = α₁ Whᵀ。",
    en="dh0 is not 0: h0 acts on h_1, so dh0 = α₁ Whᵀ.",
    words="zeros for dh0",
    words_zh="dh0 取 0",
)
def rnn_backward__dh0_zero(dh, x, h0, params):
    return {**_bptt(dh, x, h0, params), "dh0": torch.zeros_like(h0)}


# Question 3: gated cells


def _memory(f, c, i, g):
    return f * c + i * g


def _output(o, c, before):
    return o * torch.tanh(c)


def _lstm(
    x,
    h0,
    c0,
    params,
    order="ifgo",
    candidate=torch.tanh,
    forget=torch.sigmoid,
    memory=_memory,
    output=_output,
):
    """An LSTM in which single pieces can be replaced."""
    h, c, states, cells = h0, c0, [], []
    for t in range(x.shape[1]):
        gates = x[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        block = dict(zip(order, gates.chunk(4, dim=1), strict=True))
        before = c
        i, f, o = torch.sigmoid(block["i"]), forget(block["f"]), torch.sigmoid(block["o"])
        c = memory(f, before, i, candidate(block["g"]))
        h = output(o, c, before)
        states.append(h)
        cells.append(c)
    return {"h": torch.stack(states, dim=1), "c": torch.stack(cells, dim=1)}


@misconception(
    zh="这是 nndl 式 6.57 的门顺序；本作业按 [i,f,g,o] 切分。",
    en="This is the gate order of nndl 6.57; here the blocks are [i,f,g,o].",
    words="the blocks [g,o,i,f] of nndl 6.57",
    words_zh="nndl 式 6.57 的分块 [g,o,i,f]",
)
def lstm_forward__order_goif_nndl(x, h0, c0, params):
    return _lstm(x, h0, c0, params, order="goif")


@misconception(
    zh="后两块用反了：顺序是 [i,f,g,o]，你用了 [i,f,o,g]。",
    en="The last two blocks are exchanged: the order is [i,f,g,o], yours was [i,f,o,g].",
    words="the blocks [i,f,o,g]",
    words_zh="分块 [i,f,o,g]",
)
def lstm_forward__order_ifog(x, h0, c0, params):
    return _lstm(x, h0, c0, params, order="ifog")


@misconception(
    zh="分块的顺序是 [i,f,g,o]，你用了 [f,i,o,g]。",
    en="The order of the blocks is [i,f,g,o]; yours was [f,i,o,g].",
    words="the blocks [f,i,o,g]",
    words_zh="分块 [f,i,o,g]",
)
def lstm_forward__order_fiog(x, h0, c0, params):
    return _lstm(x, h0, c0, params, order="fiog")


@misconception(
    zh="分块的顺序是 [i,f,g,o]，你用了 [o,i,f,g]。",
    en="The order of the blocks is [i,f,g,o]; yours was [o,i,f,g].",
    words="the blocks [o,i,f,g]",
    words_zh="分块 [o,i,f,g]",
)
def lstm_forward__order_ofig(x, h0, c0, params):
    return _lstm(x, h0, c0, params, order="oifg")


@misconception(
    zh="中间两块用反了：顺序是 [i,f,g,o]，你用了 [i,g,f,o]。",
    en="The middle blocks are exchanged: the order is [i,f,g,o], yours was [i,g,f,o].",
    words="the blocks [i,g,f,o]",
    words_zh="分块 [i,g,f,o]",
)
def lstm_forward__order_fgio(x, h0, c0, params):
    return _lstm(x, h0, c0, params, order="igfo")


@misconception(
    zh="候选值 g 用 tanh，不用 sigmoid：它要能取负值。",
    en="The candidate g takes tanh, not the sigmoid: it must be able to be negative.",
    words="sigmoid for the candidate",
    words_zh="候选值用 sigmoid",
)
def lstm_forward__candidate_sigmoid(x, h0, c0, params):
    return _lstm(x, h0, c0, params, candidate=torch.sigmoid)


@misconception(
    zh="遗忘门多加了 1：那是初始化偏置的做法，应写在 b 里，不写在公式里。",
    en="The forget gate got an extra +1: that is a way to initialise b, not a part of the formula.",
    words="σ(f+1) for the forget gate",
    words_zh="遗忘门用 σ(f+1)",
)
def lstm_forward__forget_gate_plus_one(x, h0, c0, params):
    return _lstm(x, h0, c0, params, forget=lambda f: torch.sigmoid(f + 1))


@misconception(
    zh="遗忘门和输入门用反了。",
    en="The forget and input gates are exchanged.",
    words="c = i·c + f·g",
)
def lstm_forward__forget_and_input_swapped(x, h0, c0, params):
    return _lstm(x, h0, c0, params, memory=lambda f, c, i, g: i * c + f * g)


@misconception(
    zh="输入门有自己的参数，不是 1-f（那是耦合门的变体）。",
    en="The input gate has parameters of its own; 1-f is the variant with coupled gates.",
    words="c = f·c + (1-f)·g",
)
def lstm_forward__coupled_gates(x, h0, c0, params):
    return _lstm(x, h0, c0, params, memory=lambda f, c, i, g: f * c + (1 - f) * g)


@misconception(
    zh="漏了输入门：写入记忆的是 i·g。",
    en="The input gate is missing: what is written to the memory is i·g.",
    words="c = f·c + g",
)
def lstm_forward__input_gate_missing(x, h0, c0, params):
    return _lstm(x, h0, c0, params, memory=lambda f, c, i, g: f * c + g)


@misconception(
    zh="输出时漏了 tanh(c)。",
    en="tanh(c) is missing in the output.",
    words="h = o·c",
)
def lstm_forward__output_tanh_missing(x, h0, c0, params):
    return _lstm(x, h0, c0, params, output=lambda o, c, before: o * c)


@misconception(
    zh="输出用了上一时刻的记忆：h_t = o·tanh(c_t)，先更新 c。",
    en="The output uses the memory of the step before: h_t = o·tanh(c_t), so update c first.",
    words="h = o·tanh(c_{t-1})",
)
def lstm_forward__output_from_old_cell(x, h0, c0, params):
    return _lstm(x, h0, c0, params, output=lambda o, c, before: o * torch.tanh(before))


@misconception(
    zh="漏了输出门：h_t = o·tanh(c_t)。",
    en="The output gate is missing: h_t = o·tanh(c_t).",
    words="h = tanh(c)",
)
def lstm_forward__output_gate_missing(x, h0, c0, params):
    return _lstm(x, h0, c0, params, output=lambda o, c, before: torch.tanh(c))


def _gate(x, h, params, name):
    """The sigmoid gate "z" or "r"."""
    return torch.sigmoid(x @ params[f"Wx{name}"] + h @ params[f"Wh{name}"] + params[f"b{name}"])


def _candidate(x, h, params, r):
    return torch.tanh(x @ params["Wxh"] + (r * h) @ params["Whh"] + params["bh"])


@misconception(
    zh="更新门和重置门用反了。",
    en="The update and reset gates are exchanged.",
    words="z and r exchanged",
    words_zh="z 与 r 互换",
)
def gru_cell__gates_swapped(x, h, params):
    z, r = _gate(x, h, params, "r"), _gate(x, h, params, "z")
    return z * h + (1 - z) * _candidate(x, h, params, r)


@misconception(
    zh="更新门方向反了：教材中 z 乘旧状态，1-z 乘候选状态。",
    en="The update gate is inverted: z multiplies the old state, 1-z the candidate.",
    words="(1-z)·h + z·n",
)
def gru_cell__update_gate_inverted(x, h, params):
    z, r = _gate(x, h, params, "z"), _gate(x, h, params, "r")
    return (1 - z) * h + z * _candidate(x, h, params, r)


@misconception(
    zh="这是 nn.GRU 的写法；教材中先算 r*h 再乘 Whh。",
    en="This is nn.GRU's form; here r*h is multiplied by Whh.",
    words="r*(h @ Whh)",
)
def gru_cell__reset_after_matmul(x, h, params):
    z, r = _gate(x, h, params, "z"), _gate(x, h, params, "r")
    n = torch.tanh(x @ params["Wxh"] + r * (h @ params["Whh"]) + params["bh"])
    return z * h + (1 - z) * n


@misconception(
    zh="重置门只乘 h，并且在乘 Whh 之前：你把它乘在了 h @ Whh + bh 上。",
    en="The reset gate multiplies h alone, before Whh; you multiplied h @ Whh + bh by it.",
    words="r*(h @ Whh + bh)",
)
def gru_cell__reset_after_matmul_with_bias(x, h, params):
    z, r = _gate(x, h, params, "z"), _gate(x, h, params, "r")
    n = torch.tanh(x @ params["Wxh"] + r * (h @ params["Whh"] + params["bh"]))
    return z * h + (1 - z) * n


@misconception(
    zh="候选状态里漏了重置门：用 r*h，不用 h。",
    en="The candidate lacks the reset gate: it takes r*h, not h.",
    words="no reset gate",
    words_zh="没有重置门",
)
def gru_cell__reset_gate_missing(x, h, params):
    z = _gate(x, h, params, "z")
    return z * h + (1 - z) * _candidate(x, h, params, torch.ones_like(h))


@misconception(
    zh="候选状态用 tanh，不用 sigmoid。",
    en="The candidate takes tanh, not the sigmoid.",
    words="sigmoid for the candidate",
    words_zh="候选状态用 sigmoid",
)
def gru_cell__candidate_sigmoid(x, h, params):
    z, r = _gate(x, h, params, "z"), _gate(x, h, params, "r")
    n = torch.sigmoid(x @ params["Wxh"] + (r * h) @ params["Whh"] + params["bh"])
    return z * h + (1 - z) * n


@misconception(
    zh="候选状态漏乘 1-z：新旧状态的权重之和应为 1。",
    en="The candidate lacks its factor 1-z: the weights of old and new add up to 1.",
    words="z·h + n",
)
def gru_cell__one_minus_missing(x, h, params):
    z, r = _gate(x, h, params, "z"), _gate(x, h, params, "r")
    return z * h + _candidate(x, h, params, r)


@misconception(
    zh="漏了更新门：候选状态要与旧状态加权平均。",
    en="The update gate is missing: the result is a weighted mean of old state and candidate.",
    words="the candidate alone",
    words_zh="只有候选状态",
)
def gru_cell__update_gate_missing(x, h, params):
    return _candidate(x, h, params, _gate(x, h, params, "r"))


# Question 4: the size of gradients


def _total_norm(grads):
    return torch.stack([(g**2).sum() for g in grads.values()]).sum().sqrt()


def _clipped(grads, total, max_norm):
    """The gradients scaled so that `total` becomes `max_norm`, if it exceeds it."""
    factor = max_norm / total if total > max_norm else 1.0
    return {name: g * factor for name, g in grads.items()}


@misconception(
    zh="应把所有参数的梯度合起来算一个全局范数，否则会改变梯度方向。",
    en="Use one global norm over all tensors, otherwise the direction changes.",
    words="every tensor clipped by its own norm",
    words_zh="各张量按自己的范数裁剪",
)
def clip_grad_norm__per_tensor_norm(grads, max_norm):
    clipped = {}
    for name, g in grads.items():
        norm = (g**2).sum().sqrt()
        clipped[name] = g * (max_norm / norm) if norm > max_norm else g
    return {"grads": clipped, "total_norm": _total_norm(grads)}


@misconception(
    zh="你按数值裁剪了每个分量，会改变方向：应按范数整体缩小。",
    en="You clipped every entry by value, which changes the direction: scale by the norm.",
    words="entries clipped to ±max_norm",
    words_zh="各分量截断到 ±max_norm",
)
def clip_grad_norm__clip_by_value(grads, max_norm):
    clipped = {name: g.clamp(-max_norm, max_norm) for name, g in grads.items()}
    return {"grads": clipped, "total_norm": _total_norm(grads)}


@misconception(
    zh="范数没有超过 max_norm 时梯度应保持不变，你把它放大了。",
    en="Gradients whose norm does not exceed max_norm stay as they are; you scaled them up.",
    words="always scaled to max_norm",
    words_zh="总是缩放到 max_norm",
)
def clip_grad_norm__always_rescaled(grads, max_norm):
    total = _total_norm(grads)
    clipped = {name: g * (max_norm / total) for name, g in grads.items()}
    return {"grads": clipped, "total_norm": total}


@misconception(
    zh="范数漏了开平方。",
    en="The norm lacks its square root.",
    words="the squared norm",
    words_zh="范数的平方",
)
def clip_grad_norm__squared_norm(grads, max_norm):
    total = torch.stack([(g**2).sum() for g in grads.values()]).sum()
    return {"grads": _clipped(grads, total, max_norm), "total_norm": total}


@misconception(
    zh="应是 L2 范数（平方和开方），你用了绝对值之和。",
    en="The norm is the L2 norm, the root of the sum of squares; you summed absolute values.",
    words="the L1 norm",
    words_zh="L1 范数",
)
def clip_grad_norm__l1_norm(grads, max_norm):
    total = torch.stack([g.abs().sum() for g in grads.values()]).sum()
    return {"grads": _clipped(grads, total, max_norm), "total_norm": total}


@misconception(
    zh="total_norm 应是裁剪之前的范数，你返回了裁剪之后的。",
    en="total_norm is the norm before clipping; you returned the one after it.",
    words="the norm after clipping",
    words_zh="裁剪之后的范数",
)
def clip_grad_norm__norm_after_clipping(grads, max_norm):
    total = _total_norm(grads)
    return {"grads": _clipped(grads, total, max_norm), "total_norm": total.clamp(max=max_norm)}


@misconception(
    zh="全局范数是各张量范数的平方和再开方，你取了其中最大的一个。",
    en="The global norm is the root of the sum of squared norms; you took the largest of them.",
    words="the largest of the tensors' norms",
    words_zh="各张量范数的最大值",
)
def clip_grad_norm__max_of_tensor_norms(grads, max_norm):
    total = torch.stack([(g**2).sum().sqrt() for g in grads.values()]).max()
    return {"grads": _clipped(grads, total, max_norm), "total_norm": total}


def _spectral(product):
    return torch.linalg.matrix_norm(product, ord=2)


def _steps(h, Wh):
    """The Jacobians J_2, …, J_T of the single steps, (T - 1, H, H)."""
    return Wh * (1 - h[1:] ** 2).unsqueeze(1)


def _products(h, steps):
    """J_{s+1} ⋯ J_T for s = 1, …, T."""
    found = [torch.eye(h.shape[1], dtype=h.dtype, device=h.device)]
    for step in steps.flip(0):
        found.append(step @ found[-1])
    return found[::-1]


@misconception(
    zh="谱范数是最大奇异值，你算的是 Frobenius 范数。",
    en="The spectral norm is the largest singular value; this is the Frobenius norm.",
    words="the Frobenius norm",
    words_zh="Frobenius 范数",
)
def state_jacobian_norms__frobenius(h, Wh):
    return torch.stack([(p**2).sum().sqrt() for p in _products(h, _steps(h, Wh))])


@misconception(
    zh="谱范数是最大奇异值，不是特征值模的最大值：矩阵不对称时两者不同。",
    en="The spectral norm is the largest singular value, not the largest modulus of an "
    "eigenvalue: they differ unless the matrix is symmetric.",
    words="the spectral radius",
    words_zh="谱半径",
)
def state_jacobian_norms__spectral_radius(h, Wh):
    return torch.stack([torch.linalg.eigvals(p).abs().max() for p in _products(h, _steps(h, Wh))])


@misconception(
    zh="漏了 tanh 的导数：每一步是 Wh diag(1-h²)，不只是 Wh。",
    en="The tanh derivative is missing: a step is Wh diag(1-h²), not Wh alone.",
    words="powers of Wh alone",
    words_zh="只有 Wh 的幂",
)
def state_jacobian_norms__derivative_missing(h, Wh):
    steps = Wh.expand(len(h) - 1, *Wh.shape)
    return torch.stack([_spectral(p) for p in _products(h, steps)])


@misconception(
    zh="从 h_{t-1} 到 h_t 的一步用 1-h_t²，你用了 1-h_{t-1}²。",
    en="The step from h_{t-1} to h_t takes 1-h_t²; you used 1-h_{t-1}².",
    words="1-h_{t-1}² in step t",
    words_zh="第 t 步用了 1-h_{t-1}²",
)
def state_jacobian_norms__derivative_of_previous(h, Wh):
    steps = Wh * (1 - h[:-1] ** 2).unsqueeze(1)
    return torch.stack([_spectral(p) for p in _products(h, steps)])


@misconception(
    zh="对角阵乘错了一边：J_t = Wh diag(1-h_t²)，即 Wh 的各**列**乘以 1-h_t²。",
    en="The diagonal is on the wrong side: J_t = Wh diag(1-h_t²) scales the columns of Wh.",
    words="diag(1-h²) Wh",
)
def state_jacobian_norms__derivative_on_rows(h, Wh):
    steps = (1 - h[1:] ** 2).unsqueeze(2) * Wh
    return torch.stack([_spectral(p) for p in _products(h, steps)])


@misconception(
    zh="先连乘再求范数：范数的乘积只是上界。",
    en="Multiply first, then take the norm: the product of the norms is only a bound.",
    words="the product of the norms",
    words_zh="范数的乘积",
)
def state_jacobian_norms__product_of_norms(h, Wh):
    norms = [h.new_ones(())]
    for step in _steps(h, Wh).flip(0):
        norms.append(norms[-1] * _spectral(step))
    return torch.stack(norms[::-1])


@misconception(
    zh="连乘的次序反了：应是 J_{s+1} J_{s+2} ⋯ J_T，往回走时新的因子乘在左边。",
    en="The order of the product is reversed: it is J_{s+1} J_{s+2} ⋯ J_T, and going back each "
    "new factor comes on the left.",
    words="J_T ⋯ J_{s+1}",
)
def state_jacobian_norms__product_order_reversed(h, Wh):
    product = torch.eye(h.shape[1], dtype=h.dtype, device=h.device)
    norms = [_spectral(product)]
    for step in _steps(h, Wh).flip(0):
        product = product @ step
        norms.append(_spectral(product))
    return torch.stack(norms[::-1])


@misconception(
    zh="错开了一位：第 k 个（从 0 数起）是对 h_{k+1} 的导数，最后一个才是 1。",
    en="Off by one: entry k, counted from 0, is the derivative w.r.t. h_{k+1}, and only the last "
    "one is the empty product.",
    words="entry k for h_{k+2}",
    words_zh="第 k 个对应 h_{k+2}",
)
def state_jacobian_norms__shifted_by_one(h, Wh):
    norms = [_spectral(p) for p in _products(h, _steps(h, Wh))]
    return torch.stack([*norms[1:], norms[-1]])
