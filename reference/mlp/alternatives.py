"""Second right solutions of assignment mlp, written in other ways: they test the tests."""

import math
from itertools import pairwise

import numpy as np
import torch

from .solution import linear_forward, mlp_forward, softmax_cross_entropy

# Question 1: the linear layer


def linear_forward__addmm(x, W, b):
    return torch.addmm(b, x, W)


def linear_forward__broadcast(x, W, b):
    return (x.unsqueeze(2) * W).sum(dim=1) + b


def linear_backward__examples(dout, x, W):
    """One example after the other."""
    dx, dW, db = torch.empty_like(x), torch.zeros_like(W), W.new_zeros(W.shape[1])
    for n in range(len(x)):
        dx[n] = W @ dout[n]
        dW += torch.outer(x[n], dout[n])
        db += dout[n]
    return {"dx": dx, "dW": dW, "db": db}


def linear_backward__einsum(dout, x, W):
    return {
        "db": torch.einsum("nm->m", dout),
        "dW": torch.einsum("nd,nm->dm", x, dout),
        "dx": torch.einsum("nm,dm->nd", dout, W),
    }


# Question 2: activations


def activation__library(z, kind):
    functions = {
        "relu": torch.relu,
        "leaky_relu": lambda t: torch.nn.functional.leaky_relu(t, 0.01),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
    }
    return functions[kind](z)


def activation__halves(z, kind):
    """Everything from |z| and one kind of S-shaped curve."""
    if kind == "tanh":
        small = torch.exp(-2 * z.abs())
        return z.sign() * (1 - small) / (1 + small)
    if kind == "sigmoid":
        return (1 + torch.tanh(z / 2)) / 2
    slope = 0.01 if kind == "leaky_relu" else 0.0
    return (1 + slope) / 2 * z + (1 - slope) / 2 * z.abs()


def activation_grad__exponentials(z, kind):
    if kind in ("relu", "leaky_relu"):
        slopes = torch.full_like(z, 0.0 if kind == "relu" else 0.01)
        slopes[z > 0] = 1
        return slopes
    small = torch.exp(-z.abs() * (2 if kind == "tanh" else 1))
    return (4 if kind == "tanh" else 1) * small / (1 + small) ** 2


def activation_grad__products(z, kind):
    if kind == "sigmoid":
        return torch.sigmoid(z) * torch.sigmoid(-z)
    if kind == "tanh":
        return (1 - torch.tanh(z)) * (1 + torch.tanh(z))
    positive = torch.heaviside(z, torch.zeros_like(z))
    return positive if kind == "relu" else 0.01 + 0.99 * positive


# Question 3: softmax and cross-entropy


def softmax_cross_entropy__logsumexp(logits, y):
    rows = torch.arange(len(y), device=y.device)
    loss = (torch.logsumexp(logits, dim=1) - logits[rows, y]).mean()
    dlogits = torch.softmax(logits, dim=1)
    dlogits[rows, y] -= 1
    return {"loss": loss, "dlogits": dlogits / len(y)}


def softmax_cross_entropy__examples(logits, y):
    """One example after the other; the loss is a Python number."""
    total, rows = 0.0, []
    for z, label in zip(logits, y.tolist(), strict=True):
        weights = torch.exp(z - z.max())
        total += (weights.sum().log() + z.max() - z[label]).item()
        row = weights / weights.sum()
        row[label] = row[label] - 1
        rows.append(row / len(y))
    return {"loss": total / len(y), "dlogits": torch.stack(rows)}


# Question 4: initialisation


def init_params__in_place(sizes, scheme, seed):
    generator = torch.Generator().manual_seed(seed)
    params = {}
    for k in range(1, len(sizes)):
        W = torch.empty(sizes[k - 1], sizes[k])
        if scheme == "he":
            W.normal_(0, (2 / sizes[k - 1]) ** 0.5, generator=generator)
        else:
            bound = (6 / (sizes[k - 1] + sizes[k])) ** 0.5
            W.uniform_(-bound, bound, generator=generator)
        params.update({f"W{k}": W, f"b{k}": torch.zeros(sizes[k])})
    return params


def init_params__numpy(sizes, scheme, seed):
    generator = np.random.default_rng(seed)
    params = {}
    for k, shape in enumerate(pairwise(sizes), start=1):
        if scheme == "he":
            W = generator.normal(0, math.sqrt(2 / shape[0]), shape)
        else:
            W = math.sqrt(6 / sum(shape)) * generator.uniform(-1, 1, shape)
        params[f"W{k}"] = torch.tensor(W, dtype=torch.float32)
        params[f"b{k}"] = torch.zeros(shape[1], dtype=torch.float32)
    return params


# Question 5: forward propagation


def mlp_forward__last_apart(params, x, activation_name):
    """All layers alike, and the last activation is taken back."""
    functions = {
        "relu": torch.relu,
        "leaky_relu": lambda t: torch.maximum(t, 0.01 * t),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
    }
    hidden, k = [], 1
    while f"W{k}" in params:
        z = linear_forward(x, params[f"W{k}"], params[f"b{k}"])
        x = functions[activation_name](z)
        hidden.append(x)
        k += 1
    return {"hidden": hidden[:-1], "logits": z}


def mlp_forward__recursive(params, x, activation_name):
    def outputs(k, h):
        z = torch.addmm(params[f"b{k}"], h, params[f"W{k}"])
        if f"W{k + 1}" not in params:
            return [z]
        if activation_name == "relu":
            a = torch.where(z > 0, z, torch.zeros_like(z))
        elif activation_name == "leaky_relu":
            a = torch.where(z > 0, z, z / 100)
        else:
            a = torch.sigmoid(z) if activation_name == "sigmoid" else torch.tanh(z)
        return [a, *outputs(k + 1, a)]

    *hidden, logits = outputs(1, x)
    return {"logits": logits, "hidden": hidden}


# Question 6: backpropagation


def mlp_backward__from_activations(params, x, y, activation_name, weight_decay):
    """The derivatives of all four activations can be told from the activations."""
    derivative = {
        "relu": lambda h: (h > 0).to(h.dtype),
        "leaky_relu": lambda h: torch.where(h > 0, torch.ones_like(h), torch.full_like(h, 0.01)),
        "sigmoid": lambda h: h * (1 - h),
        "tanh": lambda h: 1 - h * h,
    }[activation_name]
    forward = mlp_forward(params, x, activation_name)
    top = softmax_cross_entropy(forward["logits"], y)
    delta, grads = top["dlogits"], {}
    h = [x, *forward["hidden"]]
    for k in reversed(range(1, len(h) + 1)):
        grads[f"W{k}"] = h[k - 1].T @ delta + weight_decay * params[f"W{k}"]
        grads[f"b{k}"] = delta.sum(0)
        delta = (delta @ params[f"W{k}"].T) * derivative(h[k - 1])
    penalty = sum((params[f"W{k}"] ** 2).sum() for k in range(1, len(h) + 1))
    return {"loss": top["loss"] + 0.5 * weight_decay * penalty, "grads": grads}


def mlp_backward__recursive(params, x, y, activation_name, weight_decay):
    """Each layer runs forward, asks the layers above for its error, and answers the one below."""
    grads = {}

    def bend(z):
        if activation_name in ("sigmoid", "tanh"):
            a = torch.sigmoid(z) if activation_name == "sigmoid" else torch.tanh(z)
            return a, a - a**2 if activation_name == "sigmoid" else 1 - a**2
        factor = torch.full_like(z, 0.01 if activation_name == "leaky_relu" else 0)
        factor[z > 0] = 1
        return z * factor, factor

    def layer(k, h):
        W = params[f"W{k}"]
        z = h @ W + params[f"b{k}"]
        if f"W{k + 1}" in params:
            a, slope = bend(z)
            loss, error = layer(k + 1, a)
            error = error * slope
        else:
            log_p = z - z.logsumexp(dim=1, keepdim=True)
            onehot = torch.zeros_like(z).scatter_(1, y[:, None], 1)
            loss, error = -(log_p * onehot).sum() / len(y), (log_p.exp() - onehot) / len(y)
        grads[f"W{k}"] = torch.einsum("nd,nm->dm", h, error) + weight_decay * W
        grads[f"b{k}"] = torch.einsum("nm->m", error)
        return loss + weight_decay * W.norm() ** 2 / 2, error @ W.T

    loss, _ = layer(1, x)
    return {"loss": loss, "grads": grads}


# Question 7: numerical gradients


def numerical_gradient__one_entry_changed(params, x, y, activation_name, key, h):
    """A copy of the parameters, one entry changed and put back."""
    params = {name: value.clone() for name, value in params.items()}
    theta = params[key]
    result = torch.zeros_like(theta)
    for index in np.ndindex(*theta.shape):
        kept = theta[index].item()
        values = []
        for moved in (kept + h, kept - h):
            theta[index] = moved
            logits = mlp_forward(params, x, activation_name)["logits"]
            values.append(softmax_cross_entropy(logits, y)["loss"])
        theta[index] = kept
        result[index] = (values[0] - values[1]) / (2 * h)
    return result


def numerical_gradient__all_shifts(params, x, y, activation_name, key, h):
    """All shifted copies of the parameter at once, as rows of a matrix."""
    theta = params[key]
    shifts = h * torch.eye(theta.numel(), dtype=theta.dtype, device=theta.device)

    def losses(rows):
        result = []
        for row in rows:
            changed = params | {key: row.view(theta.shape)}
            logits = mlp_forward(changed, x, activation_name)["logits"]
            picked = logits.gather(1, y[:, None]).squeeze(1)
            result.append((logits.logsumexp(dim=1) - picked).mean())
        return torch.stack(result)

    flat = theta.flatten()
    return ((losses(flat + shifts) - losses(flat - shifts)) / (2 * h)).view(theta.shape)


# Question 8: training. A training function and `predict` belong together.


class _Network(torch.nn.Module):
    """A module whose weights are buffers: nothing here needs automatic differentiation."""

    def __init__(self, sizes, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.depth = len(sizes) - 1
        for k in range(self.depth):
            std = math.sqrt(2 / sizes[k])
            weight = std * torch.randn(sizes[k], sizes[k + 1], generator=generator)
            self.register_buffer(f"weight{k}", weight)
            self.register_buffer(f"bias{k}", torch.zeros(sizes[k + 1]))
        self.register_buffer("mean", torch.zeros(sizes[0]))
        self.register_buffer("scale", torch.ones(sizes[0]))

    def forward(self, x):
        """Activations of all layers, the standardised input first and the logits last."""
        h = [(x - self.mean) / self.scale]
        for k in range(self.depth):
            z = torch.addmm(getattr(self, f"bias{k}"), h[-1], getattr(self, f"weight{k}"))
            h.append(z if k == self.depth - 1 else torch.relu(z))
        return h

    def backward_pass(self, h, y):
        """The loss and the gradient of every weight and bias."""
        p = torch.softmax(h[-1], dim=1)
        rows = torch.arange(len(y), device=y.device)
        loss = -p[rows, y].clamp_min(1e-30).log().mean().item()
        p[rows, y] -= 1
        error, gradients = p / len(y), {}
        for k in reversed(range(self.depth)):
            gradients[f"weight{k}"] = h[k].T @ error
            gradients[f"bias{k}"] = error.sum(dim=0)
            error = error @ getattr(self, f"weight{k}").T * (h[k] > 0)
        return loss, gradients


def train_mlp__module(x, y, num_classes, *, hidden, seed, updates=1500, lr=3e-3):
    """An nn.Module and Adam, written out."""
    sizes = [x.shape[1], *hidden, num_classes]
    net = _Network(sizes, seed).to(x.device)
    net.mean.copy_(x.mean(dim=0))
    net.scale.copy_(x.std(dim=0).clamp_min(1e-3))
    generator = torch.Generator().manual_seed(seed + 1)
    names = [n for n, _ in net.named_buffers() if n not in ("mean", "scale")]
    m = {n: torch.zeros_like(getattr(net, n)) for n in names}
    v = {n: torch.zeros_like(getattr(net, n)) for n in names}
    losses = []
    for t in range(1, updates + 1):
        batch = torch.randint(len(y), (64,), generator=generator).to(y.device)
        loss, gradients = net.backward_pass(net(x[batch]), y[batch])
        losses.append(loss)
        rate = lr * min(1.0, 2 * (1 - t / updates))
        for n in names:
            m[n].lerp_(gradients[n], 0.1)
            v[n].lerp_(gradients[n] ** 2, 0.01)
            step = (m[n] / (1 - 0.9**t)) / ((v[n] / (1 - 0.99**t)).sqrt() + 1e-8)
            getattr(net, n).sub_(rate * step)
    history = [sum(part) / len(part) for part in np.array_split(losses, 15)]
    return {"state": {**net.state_dict(), "sizes": sizes}, "history": {"loss": history}}


def predict__module(state, x):
    weights = dict(state)
    net = _Network(weights.pop("sizes")).to(x.device)
    net.load_state_dict(weights)
    return net(x)[-1]


def train_mlp__numpy(x, y, num_classes, *, hidden, seed, epochs=60, lr=0.05):
    """All in numpy, with leaky ReLUs and scaled columns; weights go into one list."""
    rng = np.random.default_rng(seed)
    x, y = x.cpu().numpy().astype(np.float64), y.cpu().numpy()
    low, high = x.min(axis=0), x.max(axis=0)
    x = 4 * (x - low) / np.where(high > low, high - low, 1) - 2

    sizes = [x.shape[1], *hidden, num_classes]
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers.append([rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)), np.zeros(n_out)])
    speed = [[np.zeros_like(W), np.zeros_like(b)] for W, b in layers]

    history = []
    for epoch in range(epochs):
        order, total = rng.permutation(len(y)), 0.0
        rate = lr if epoch < 0.6 * epochs else lr / 5
        for start in range(0, len(y), 20):
            batch = order[start : start + 20]
            h = [x[batch]]
            for W, b in layers[:-1]:
                z = h[-1] @ W + b
                h.append(np.where(z > 0, z, 0.1 * z))
            z = h[-1] @ layers[-1][0] + layers[-1][1]
            z = z - z.max(axis=1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            total -= log_p[np.arange(len(batch)), y[batch]].sum()
            error = (np.exp(log_p) - np.eye(num_classes)[y[batch]]) / len(batch)
            for k in range(len(layers) - 1, -1, -1):
                slopes = h[k].T @ error, error.sum(axis=0)
                error = error @ layers[k][0].T * np.where(h[k] > 0, 1, 0.1)
                for i in (0, 1):
                    speed[k][i] = 0.9 * speed[k][i] - rate * slopes[i]
                    layers[k][i] = layers[k][i] + speed[k][i]
        history.append(float(total / len(y)))
    state = {
        "weights": [torch.tensor(W) for W, _ in layers],
        "biases": [torch.tensor(b) for _, b in layers],
        "low": torch.tensor(low),
        "high": torch.tensor(high),
    }
    return {"state": state, "history": {"loss": history}}


def predict__numpy(state, x):
    low, high = state["low"], state["high"]
    width = torch.where(high > low, high - low, torch.ones_like(low))
    h = 4 * (x - low) / width - 2
    for W, b in list(zip(state["weights"], state["biases"], strict=True))[:-1]:
        h = torch.nn.functional.leaky_relu(h @ W + b, 0.1)
    return (h @ state["weights"][-1] + state["biases"][-1]).float()
