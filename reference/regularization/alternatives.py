"""Second right solutions of assignment regularization, written another way, to test the tests."""

import math

import torch

# Question 1: optimisers


def sgd_step__in_place_on_copies(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    param, velocity = param.clone(), velocity.clone()
    step = torch.add(grad, param, alpha=weight_decay)
    velocity.mul_(momentum).add_(step)
    if nesterov:
        step.add_(velocity, alpha=momentum)
    else:
        step.copy_(velocity)
    param.sub_(step, alpha=lr)
    return {"param": param, "velocity": velocity}


def sgd_step__expanded(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    v = momentum * velocity + grad + weight_decay * param
    if nesterov:
        moved = param - lr * (1 + momentum) * (grad + weight_decay * param)
        moved = moved - lr * momentum**2 * velocity
    else:
        moved = (1 - lr * weight_decay) * param - lr * (grad + momentum * velocity)
    return {"velocity": v, "param": moved}


def adam_step__order_of_pytorch(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, m, v = param.clone(), m.clone(), v.clone()
    if decoupled:
        param.mul_(1 - lr * weight_decay)
    else:
        grad = grad.add(param, alpha=weight_decay)
    m.lerp_(grad, 1 - beta1)
    v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    denominator = v.sqrt().div_(math.sqrt(1 - beta2**t)).add_(eps)
    param.addcdiv_(m, denominator, value=-lr / (1 - beta1**t))
    return {"param": param, "m": m, "v": v}


def adam_step__entry_by_entry(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    params, first, second = [], [], []
    flat = (tensor.flatten().tolist() for tensor in (param, grad, m, v))
    for w, g, a, b in zip(*flat, strict=True):
        if not decoupled:
            g += weight_decay * w
        a = beta1 * a + (1 - beta1) * g
        b = beta2 * b + (1 - beta2) * g * g
        step = lr * (a / (1 - beta1**t)) / (math.sqrt(b / (1 - beta2**t)) + eps)
        params.append(w - (lr * weight_decay * w if decoupled else 0) - step)
        first.append(a)
        second.append(b)
    shaped = [param.new_tensor(values).reshape(param.shape) for values in (params, first, second)]
    return dict(zip(("param", "m", "v"), shaped, strict=True))


def lr_at__half_angle(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return (step + 1) / warmup_steps * base_lr
    angle = math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)
    return base_lr * math.cos(angle) ** 2 + min_lr * math.sin(angle) ** 2


def lr_at__whole_table(step, *, base_lr, total_steps, warmup_steps, min_lr):
    rates = [base_lr * k / warmup_steps for k in range(1, warmup_steps + 1)]
    left = total_steps - warmup_steps
    middle, height = (base_lr + min_lr) / 2, (base_lr - min_lr) / 2
    rates += [middle + height * math.cos(k * math.pi / left) for k in range(left)]
    return rates[step] if step < len(rates) else min_lr


# Question 2: penalties and dropout


def penalty__norms(params, l1, l2):
    weights = [p for name, p in params.items() if name[0] == "W"]
    value = sum(l1 * W.norm(p=1) + l2 / 2 * W.norm() ** 2 for W in weights)
    grads = {
        name: l1 * p.sgn() + p * l2 if name[0] == "W" else p.new_zeros(p.shape)
        for name, p in params.items()
    }
    return {"value": value, "grads": grads}


def penalty__one_long_vector(params, l1, l2):
    sizes = [p.numel() for p in params.values()]
    flat = torch.cat([p.flatten() for p in params.values()])
    chosen = torch.cat(
        [torch.full_like(p.flatten(), float(name.startswith("W"))) for name, p in params.items()]
    )
    w = flat * chosen
    pushed = l1 * ((w > 0).to(w.dtype) - (w < 0).to(w.dtype)) + l2 * w
    pieces = pushed.split(sizes)
    return {
        "value": l1 * w.abs().sum() + 0.5 * l2 * w.dot(w),
        "grads": {
            name: piece.view(p.shape)
            for (name, p), piece in zip(params.items(), pieces, strict=True)
        },
    }


def dropout__where(x, drop_prob, *, training, u=None, seed=None):
    if not training or drop_prob == 0:
        return x.clone()
    if u is None:
        generator = torch.Generator()
        generator.manual_seed(seed)
        u = torch.rand(*x.shape, generator=generator, dtype=torch.float64).to(x.device)
    zero = torch.zeros((), dtype=x.dtype, device=x.device)
    scale = 0.0 if drop_prob == 1 else 1 / (1 - drop_prob)
    return torch.where(u < drop_prob, zero, x * scale)


def dropout__keep_probability(x, drop_prob, *, training, u=None, seed=None):
    keep = 1 - drop_prob
    if not training:
        return x
    if keep == 0:
        return 0 * x
    if u is None:
        generator = torch.Generator().manual_seed(seed)
        mask = torch.empty(x.shape, dtype=x.dtype).bernoulli_(keep, generator=generator)
        return x / keep * mask.to(x.device)
    return (x / keep).masked_fill(u < drop_prob, 0)


# Question 3: batch normalisation


def batchnorm_forward__channels_last(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    rows = x.movedim(1, -1)
    table = rows.reshape(-1, x.shape[1])
    mean, var = running_mean, running_var
    if training:
        mean = table.mean(0)
        var = table.var(0, correction=0)
        running_mean = running_mean + momentum * (mean - running_mean)
        running_var = running_var + momentum * (table.var(0, correction=1) - running_var)
    out = (table - mean) * torch.rsqrt(var + eps) * gamma + beta
    return {
        "out": out.reshape(rows.shape).movedim(-1, 1),
        "running_mean": running_mean,
        "running_var": running_var,
    }


def batchnorm_forward__channel_by_channel(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    out = torch.empty_like(x)
    new_mean, new_var = running_mean.clone(), running_var.clone()
    for c in range(x.shape[1]):
        values = x[:, c]
        centre, spread = running_mean[c], running_var[c]
        if training:
            n = values.numel()
            centre = values.sum() / n
            squares = ((values - centre) ** 2).sum()
            spread = squares / n
            new_mean[c] = momentum * centre + (1 - momentum) * running_mean[c]
            new_var[c] = momentum * squares / (n - 1) + (1 - momentum) * running_var[c]
        out[:, c] = gamma[c] * (values - centre) / torch.sqrt(spread + eps) + beta[c]
    return {"out": out, "running_mean": new_mean, "running_var": new_var}


def batchnorm_backward__step_by_step(dout, x, gamma, eps):
    """The chain rule in the steps of the paper."""
    rows = x.movedim(1, -1).reshape(-1, x.shape[1])
    upstream = dout.movedim(1, -1).reshape(rows.shape)
    n = len(rows)
    centred = rows - rows.mean(dim=0)
    inverse = 1 / torch.sqrt((centred**2).mean(dim=0) + eps)
    dx_hat = upstream * gamma
    dvar = (dx_hat * centred).sum(dim=0) * -0.5 * inverse**3
    dmean = -(dx_hat * inverse).sum(dim=0) - 2 * dvar * centred.mean(dim=0)
    dx = dx_hat * inverse + dvar * 2 * centred / n + dmean / n
    images = x.movedim(1, -1)
    return {
        "dx": dx.reshape(images.shape).movedim(-1, 1),
        "dgamma": (upstream * centred * inverse).sum(dim=0),
        "dbeta": upstream.sum(dim=0),
    }


def batchnorm_backward__projection(dout, x, gamma, eps):
    """dx is what remains of g without its parts along 1 and along x̂."""
    dx, dgamma, dbeta = torch.empty_like(x), torch.empty_like(gamma), torch.empty_like(gamma)
    for c in range(x.shape[1]):
        values, g = x[:, c].reshape(-1), dout[:, c].reshape(-1)
        std = (values.var(correction=0) + eps).sqrt()
        x_hat = (values - values.mean()) / std
        dgamma[c], dbeta[c] = g @ x_hat, g.sum()
        left = g - (dbeta[c] + dgamma[c] * x_hat) / len(g)
        dx[:, c] = (gamma[c] / std * left).reshape(x[:, c].shape)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


# Question 4: label smoothing and early stopping


def label_smoothing_loss__logsumexp(logits, y, epsilon):
    n, k = logits.shape
    rows = torch.arange(n, device=y.device)
    at_label = logits[rows, y]
    others = (logits.sum(dim=1) - at_label) / (k - 1)
    return (logits.logsumexp(dim=1) - (1 - epsilon) * at_label - epsilon * others).mean()


def label_smoothing_loss__mixture(logits, y, epsilon):
    """With δ = εK/(K-1) the targets are (1-δ) onehot + δ/K."""
    k = logits.shape[1]
    delta = epsilon * k / (k - 1)
    shifted = logits - logits.amax(dim=1, keepdim=True)
    log_p = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    onehot = torch.nn.functional.one_hot(y, k).to(logits.dtype)
    hard = (onehot * log_p).sum(dim=1)
    return -((1 - delta) * hard + delta * log_p.mean(dim=1)).mean()


def early_stopping__waiting(val_losses, patience, min_delta):
    best, best_epoch, waited, epoch = None, 0, 0, -1
    for epoch in range(len(val_losses)):
        if best is None or best - val_losses[epoch] > min_delta:
            best, best_epoch, waited = val_losses[epoch], epoch, 0
            continue
        waited += 1
        if waited >= patience:
            break
    return {"stop_epoch": epoch, "best_epoch": best_epoch}


def early_stopping__jumps(val_losses, patience, min_delta):
    """From one improvement to the next, if it comes within `patience` epochs."""
    best, last = 0, len(val_losses) - 1
    while True:
        coming = range(best + 1, min(best + patience, last) + 1)
        found = [e for e in coming if val_losses[e] < val_losses[best] - min_delta]
        if not found:
            return {"best_epoch": best, "stop_epoch": min(best + patience, last)}
        best = found[0]


# Question 5: train on wrong labels. A training function and `predict_regularized` belong together.


class _BatchNormNet(torch.nn.Module):
    def __init__(self, features, classes, width, drop_prob):
        super().__init__()
        self.first = torch.nn.Linear(features, width)
        self.norm = torch.nn.BatchNorm1d(width)
        self.drop = torch.nn.Dropout(drop_prob)
        self.last = torch.nn.Linear(width, classes)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


def train_regularized__batch_norm_module(x, y, num_classes, *, seed, epochs=40, width=128):
    """Batch norm, dropout and noise on the inputs; the epoch is chosen by validation accuracy."""
    torch.manual_seed(seed)
    shuffled = torch.randperm(len(y)).to(y.device)
    held_out, fit = shuffled.split([len(y) // 4, len(y) - len(y) // 4])
    net = _BatchNormNet(x.shape[1], num_classes, width, 0.6).to(x.device)
    optimizer = torch.optim.SGD(
        net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-3
    )
    history, best, state = {"loss": [], "val_loss": []}, math.inf, {}
    for _ in range(epochs):
        net.train()
        losses = []
        for batch in fit[torch.randperm(len(fit)).to(y.device)].split(50):
            noisy = x[batch] + 0.2 * torch.randn(len(batch), x.shape[1]).to(x.device)
            loss = torch.nn.functional.cross_entropy(net(noisy), y[batch], label_smoothing=0.2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            val = torch.nn.functional.cross_entropy(net(x[held_out]), y[held_out]).item()
        history["loss"].append(sum(losses) / len(losses))
        history["val_loss"].append(val)
        if val < best:
            best = val
            state = {name: value.detach().clone() for name, value in net.state_dict().items()}
    return {"state": {**state, "width": width}, "history": history}


def predict_regularized__batch_norm_module(state, x):
    weights = {name: value for name, value in state.items() if name != "width"}
    net = _BatchNormNet(x.shape[1], len(weights["last.bias"]), state["width"], 0.0).to(x.device)
    net.load_state_dict(weights)
    net.eval()
    with torch.no_grad():
        return net(x)


def train_regularized__plain_tensors(x, y, num_classes, *, seed, epochs=60, width=200, lr=0.1):
    """One hidden layer in plain tensors, gradients by hand, dropout, averaged over all epochs."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape, std):
        return (std * torch.randn(*shape, generator=generator)).to(x.device)

    features = x.shape[1]
    W1, b1 = normal(features, width, std=(2 / features) ** 0.5), x.new_zeros(width)
    W2, b2 = normal(width, num_classes, std=(1 / width) ** 0.5), x.new_zeros(num_classes)
    params = [W1, b1, W2, b2]
    averages = [p.clone() for p in params]
    velocities = [torch.zeros_like(p) for p in params]
    onehot = torch.nn.functional.one_hot(y, num_classes).to(x.dtype)
    targets = 0.85 * onehot + 0.15 / num_classes
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(y), generator=generator).to(y.device).split(50):
            W1, b1, W2, b2 = params
            inputs = x[batch] + normal(len(batch), features, std=0.3)
            keep = (torch.rand(len(batch), width, generator=generator) < 0.5).to(x) * 2
            before = inputs @ W1 + b1
            hidden = before.clamp_min(0) * keep
            log_p = torch.log_softmax(hidden @ W2 + b2, dim=1)
            total -= (targets[batch] * log_p).sum().item()
            error = (log_p.exp() - targets[batch]) / len(batch)
            back = error @ W2.T * keep * (before > 0)
            grads = [
                inputs.T @ back + 2e-3 * W1,
                back.sum(dim=0),
                hidden.T @ error + 2e-3 * W2,
                error.sum(dim=0),
            ]
            velocities = [0.9 * v + g for v, g in zip(velocities, grads, strict=True)]
            rate = lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
            params = [p - rate * v for p, v in zip(params, velocities, strict=True)]
            averages = [0.99 * a + 0.01 * p for a, p in zip(averages, params, strict=True)]
        losses.append(total / len(y))
    return {"state": dict(zip("abcd", averages, strict=True)), "history": {"loss": losses}}


def predict_regularized__plain_tensors(state, x):
    hidden = torch.clamp(x @ state["a"] + state["b"], min=0)
    return hidden @ state["c"] + state["d"]
