"""Second right solutions of assignment rnn, written in another way, to test the tests."""

import math

import torch
from torch import nn

from .solution import rnn_forward

# Question 1: batches, masks and losses


def encode_batch__padded_lists(strings, vocab, max_len):
    ids, lengths = [], []
    for string in strings:
        kept = list(string)[:max_len]
        numbers = [vocab.find(c) + 1 or len(vocab) + 1 for c in kept]
        ids.append(numbers + [0] * (max_len - len(kept)))
        lengths.append(len(kept))
    return {"ids": torch.tensor(ids), "lengths": torch.tensor(lengths)}


def encode_batch__column_by_column(strings, vocab, max_len):
    table = dict(zip(vocab, range(1, len(vocab) + 1), strict=True)) | {"": 0}
    columns = [
        torch.tensor([table.get(s[t : t + 1], len(vocab) + 1) for s in strings])
        for t in range(max_len)
    ]
    lengths = torch.tensor([len(s) for s in strings]).clamp(max=max_len)
    return {"ids": torch.stack(columns, dim=1), "lengths": lengths}


def sequence_cross_entropy__valid_rows(logits, targets, lengths):
    valid = torch.arange(logits.shape[1], device=logits.device)[None, :] < lengths[:, None]
    z, y = logits[valid], targets[valid]
    if len(y) == 0:
        return {"loss": logits.new_zeros(()), "perplexity": logits.new_ones(())}
    loss = (z.logsumexp(dim=1) - z[torch.arange(len(y), device=y.device), y]).mean()
    return {"loss": loss, "perplexity": torch.exp(loss)}


def sequence_cross_entropy__loop(logits, targets, lengths):
    total, count = 0.0, 0
    for scores, labels, length in zip(logits, targets, lengths.tolist(), strict=True):
        for t in range(length):
            total = total - torch.log_softmax(scores[t], dim=0)[labels[t]]
            count += 1
    loss = logits.new_tensor(0.0) + total / max(count, 1)
    return {"loss": loss, "perplexity": math.e**loss}


# Question 2: the simple recurrent network


def rnn_forward__concatenated(x, h0, params):
    W = torch.cat([params["Wx"], params["Wh"]])
    h, out = h0, x.new_empty(*x.shape[:2], h0.shape[1])
    for t in range(x.shape[1]):
        h = (torch.cat([x[:, t], h], dim=1) @ W + params["b"]).tanh()
        out[:, t] = h
    return out


def rnn_forward__inputs_first(x, h0, params):
    inputs = torch.einsum("ntd,dh->tnh", x, params["Wx"]) + params["b"]
    states = [h0]
    for a in inputs.unbind():
        states.append(torch.tanh(a + states[-1].mm(params["Wh"])))
    return torch.stack(states[1:]).permute(1, 0, 2)


def rnn_backward__collected(dh, x, h0, params):
    h = rnn_forward(x, h0, params)
    slope = 1 - h.square()
    da, later = [None] * x.shape[1], 0
    for t in range(x.shape[1] - 1, -1, -1):
        da[t] = (dh[:, t] + later) * slope[:, t]
        later = da[t] @ params["Wh"].T
    da = torch.stack(da, dim=1)
    before = torch.cat([h0[:, None], h[:, :-1]], dim=1)
    return {
        "dx": da @ params["Wx"].T,
        "dh0": later,
        "dWx": torch.einsum("ntd,nth->dh", x, da),
        "dWh": before.flatten(0, 1).T @ da.flatten(0, 1),
        "db": da.sum(dim=(0, 1)),
    }


def rnn_backward__one_sequence_at_a_time(dh, x, h0, params):
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    total = {"dWx": 0 * Wx, "dWh": 0 * Wh, "db": 0 * b}
    rows = {"dx": [], "dh0": []}
    for upstream, inputs, start in zip(dh, x, h0, strict=True):
        states = [start]
        for value in inputs:
            states.append(torch.tanh(value @ Wx + states[-1] @ Wh + b))
        later, dx = torch.zeros_like(start), []
        for t in range(len(inputs), 0, -1):
            da = (upstream[t - 1] + later) / torch.cosh(torch.atanh(states[t])) ** 2
            dx.insert(0, Wx @ da)
            total["dWx"] = total["dWx"] + torch.outer(inputs[t - 1], da)
            total["dWh"] = total["dWh"] + torch.outer(states[t - 1], da)
            total["db"] = total["db"] + da
            later = Wh @ da
        rows["dx"].append(torch.stack(dx))
        rows["dh0"].append(later)
    return {name: torch.stack(values) for name, values in rows.items()} | total


# Question 3: gated cells


def lstm_forward__four_products(x, h0, c0, params):
    H = h0.shape[1]
    blocks = [slice(k * H, (k + 1) * H) for k in range(4)]
    h, c = h0, c0
    result = {"h": x.new_zeros(*x.shape[:2], H), "c": x.new_zeros(*x.shape[:2], H)}
    for t in range(x.shape[1]):
        i, f, g, o = (
            x[:, t] @ params["Wx"][:, k] + h @ params["Wh"][:, k] + params["b"][k] for k in blocks
        )
        c = c * f.sigmoid() + g.tanh() * i.sigmoid()
        h = c.tanh() * o.sigmoid()
        result["h"][:, t], result["c"][:, t] = h, c
    return result


def lstm_forward__exponentials(x, h0, c0, params):
    def sigma(a):
        return 1 / (1 + torch.exp(-a))

    W = torch.cat([params["Wx"], params["Wh"]])
    h, c, steps = h0, c0, []
    for value in x.unbind(dim=1):
        gates = torch.cat([value, h], dim=1) @ W + params["b"]
        i, f, g, o = gates.unflatten(1, (4, -1)).unbind(dim=1)
        c = sigma(f) * c + sigma(i) * (2 * sigma(2 * g) - 1)
        h = sigma(o) * (2 * sigma(2 * c) - 1)
        steps.append(torch.stack([h, c]))
    h, c = torch.stack(steps, dim=2)
    return {"h": h, "c": c}


def gru_cell__moving_average(x, h, params):
    W = torch.cat([params["Wxz"], params["Wxr"]], dim=1)
    U = torch.cat([params["Whz"], params["Whr"]], dim=1)
    b = torch.cat([params["bz"], params["br"]])
    z, r = torch.sigmoid(x @ W + h @ U + b).chunk(2, dim=1)
    n = torch.tanh(x @ params["Wxh"] + (h * r) @ params["Whh"] + params["bh"])
    return n + z * (h - n)


def gru_cell__lerp(x, h, params):
    def affine(gate, state):
        W = torch.cat([params[f"Wx{gate}"], params[f"Wh{gate}"]])
        return torch.cat([x, state], dim=1) @ W + params[f"b{gate}"]

    candidate = affine("h", affine("r", h).sigmoid() * h).tanh()
    return torch.lerp(candidate, h, affine("z", h).sigmoid())


# Question 4: the size of gradients, and sampling


def clip_grad_norm__epsilon(grads, max_norm):
    total = torch.linalg.vector_norm(torch.cat([g.reshape(-1) for g in grads.values()]))
    factor = (max_norm / (total + 1e-6)).clamp(max=1)
    return {"grads": {k: factor * g for k, g in grads.items()}, "total_norm": total}


def clip_grad_norm__norm_of_norms(grads, max_norm):
    total = math.sqrt(sum(float(g.norm()) ** 2 for g in grads.values()))
    if total <= max_norm:
        return {"grads": dict(grads), "total_norm": total}
    return {"grads": {k: g / (total / max_norm) for k, g in grads.items()}, "total_norm": total}


def state_jacobian_norms__singular_values(h, Wh):
    norms = []
    for k in range(len(h)):
        product = torch.eye(len(Wh), dtype=Wh.dtype, device=Wh.device)
        for t in range(k + 1, len(h)):
            product = product @ Wh @ torch.diag(1 - h[t] ** 2)
        norms.append(torch.linalg.svdvals(product)[0])
    return torch.stack(norms)


def state_jacobian_norms__columns(h, Wh):
    column = torch.eye(len(Wh), dtype=Wh.dtype, device=Wh.device)
    found = [torch.linalg.norm(column, ord=2)]
    for t in range(len(h) - 1, 0, -1):
        column = Wh @ ((1 - h[t].square()).unsqueeze(1) * column)
        found = [torch.linalg.eigvalsh(column @ column.T)[-1].sqrt(), *found]
    return torch.stack(found)


def sample_tokens__gumbel(logits, temperature, num_samples, seed):
    if temperature == 0:
        best = int(torch.argmax(logits))
        return torch.full((num_samples,), best, dtype=torch.int64, device=logits.device)
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(num_samples, len(logits), generator=generator, dtype=torch.float64)
    noise = -torch.log(-torch.log(u.clamp(min=1e-300)))
    return (logits / temperature + noise.to(logits.device)).argmax(dim=1)


def sample_tokens__inverse(logits, temperature, num_samples, seed):
    if temperature == 0:
        return logits.max(dim=0).indices.expand(num_samples).clone()
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(num_samples, generator=generator, dtype=torch.float64).to(logits.device)
    cumulated = torch.softmax(logits.double() / temperature, dim=0).cumsum(dim=0)
    return torch.searchsorted(cumulated, u).clamp(max=len(logits) - 1)


# Question 5: learning to carry


class _Carry(nn.Module):
    """An LSTM on the sum of two embeddings."""

    def __init__(self, width):
        super().__init__()
        self.first, self.second = nn.Embedding(10, width), nn.Embedding(10, width)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, 10)

    def forward(self, a, b):
        states, _ = self.lstm(self.first(a) + self.second(b))
        return self.head(states)


def train_adder__embedded_lstm(a, b, s, *, seed, width=64, rounds=20):
    torch.manual_seed(seed)
    model = _Carry(width).to(a.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0)
    data = torch.utils.data.TensorDataset(a, b, s)
    loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=rounds * len(loader)
    )
    criterion, curve = nn.CrossEntropyLoss(), []
    for _ in range(rounds):
        losses = []
        for left, right, answer in loader:
            loss = criterion(model(left, right).transpose(1, 2), answer)
            model.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        curve.append(torch.stack(losses).mean().item())
    state = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    return {"state": {"width": width} | state, "history": {"loss": curve}}


def predict_adder__embedded_lstm(state, a, b):
    model = _Carry(state["width"])
    model.load_state_dict({name: t for name, t in state.items() if name != "width"})
    model = model.to(a.device).eval()
    with torch.inference_mode():
        return model(a, b)


def _scores(p, a, b):
    """A simple recurrent network; looking a digit up is multiplying its one-hot code."""
    h, scores = p["h0"].expand(len(a), -1), []
    for t in range(a.shape[1]):
        h = torch.tanh(p["A"][a[:, t]] + p["B"][b[:, t]] + h @ p["U"] + p["bias"])
        scores.append(h @ p["V"] + p["c"])
    return torch.stack(scores, dim=1)


def train_adder__plain_tensors(a, b, s, *, seed, hidden=64, epochs=20, rate=0.01):
    generator = torch.Generator().manual_seed(seed)
    sizes = {
        "A": (10, hidden),
        "B": (10, hidden),
        "U": (hidden, hidden),
        "V": (hidden, 10),
        "bias": (hidden,),
        "c": (10,),
        "h0": (hidden,),
    }
    p = {k: torch.randn(size, generator=generator) * hidden**-0.5 for k, size in sizes.items()}
    p = {k: v.to(a.device).requires_grad_() for k, v in p.items()}
    optimizer = torch.optim.Adam(p.values(), lr=rate)
    loss_by_epoch = []
    for epoch in range(epochs):
        order = torch.randperm(len(a), generator=generator).to(a.device)
        total = 0.0
        for k in range(0, len(a), 64):
            progress = (epoch + k / len(a)) / epochs
            optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * progress)) / 2
            batch = order[k : k + 64]
            log_p = _scores(p, a[batch], b[batch]).log_softmax(dim=2)
            loss = -log_p.gather(2, s[batch][:, :, None]).mean()
            optimizer.zero_grad()
            loss.backward()
            norm = torch.sqrt(sum((v.grad**2).sum() for v in p.values()))
            for v in p.values():
                v.grad *= (1 / norm).clamp(max=1)
            optimizer.step()
            total += float(loss.detach()) * len(batch)
        loss_by_epoch.append(total / len(a))
    return {
        "state": {k: v.detach().clone() for k, v in p.items()},
        "history": {"loss": loss_by_epoch},
    }


def predict_adder__plain_tensors(state, a, b):
    return _scores(state, a, b)
