"""Second right solutions of assignment gd, written another way, to test the tests."""

import math

import torch

# Question 1: loss functions


def squared_loss__loop(y_hat, y):
    total = 0
    for prediction, label in zip(y_hat.flatten(), y.flatten(), strict=True):
        total = total + (prediction - label) ** 2
    return total / (2 * len(y))


def squared_loss__dot_product(y_hat, y):
    residual = y_hat.squeeze(-1) if y_hat.dim() == 2 else y_hat
    residual = residual - y.view_as(residual)
    return residual @ residual / (2 * residual.numel())


def zero_one_loss__loop(logits, y):
    wrong = sum(
        row.argmax().item() != label for row, label in zip(logits, y.tolist(), strict=True)
    )
    return logits.new_tensor(wrong / len(y))


def zero_one_loss__one_minus_accuracy(logits, y):
    hits = logits.max(dim=1).indices.eq(y)
    return 1 - hits.sum().to(logits.dtype) / len(y)


def cross_entropy_loss__logsumexp(logits, y):
    rows = torch.arange(len(y), device=y.device)
    return (torch.logsumexp(logits, dim=1) - logits[rows, y]).mean()


def cross_entropy_loss__log_softmax_onehot(logits, y):
    onehot = torch.nn.functional.one_hot(y, logits.shape[1]).to(logits.dtype)
    return -(onehot * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def cross_entropy_loss__python_numbers(logits, y):
    total = 0.0
    for row, label in zip(logits.tolist(), y.tolist(), strict=True):
        top = max(row)
        total += top + math.log(sum(math.exp(z - top) for z in row)) - row[label]
    return logits.new_tensor(total / len(y))


# Question 2: descent on a square, numerical gradients


def gd_on_square__closed_form(theta0, lr, steps):
    t = torch.arange(steps + 1, dtype=theta0.dtype, device=theta0.device)
    factors = (1 - 2 * lr) ** t
    return factors.reshape(-1, *[1] * theta0.dim()) * theta0


def gd_on_square__preallocated(theta0, lr, steps):
    path = theta0.new_empty(steps + 1, *theta0.shape)
    path[0] = theta0
    for t in range(steps):
        path[t + 1] = (1 - 2 * lr) * path[t]
    return path


def numerical_gradient__horner(coef, theta, h):
    def f(t):
        value = torch.zeros_like(t)
        for c in reversed(coef):
            value = value * t + c
        return value

    return (f(theta + h) - f(theta - h)) / (2 * h)


def numerical_gradient__one_by_one(coef, theta, h):
    def f(t):
        value = 0.0
        for k in range(len(coef)):
            value += coef[k] * t**k
        return value

    return theta.new_tensor([(f(t + h) - f(t - h)) / (2 * h) for t in theta.tolist()])


# Question 3: the gradient of linear regression


def linear_regression_grad__loop(X, y, w, b, lam):
    n = len(y)
    loss, dw, db = lam / 2 * w.dot(w), lam * w, torch.zeros_like(b)
    for x, label in zip(X, y, strict=True):
        residual = x.dot(w) + b - label
        loss = loss + residual**2 / (2 * n)
        dw = dw + residual * x / n
        db = db + residual / n
    return {"loss": loss, "w": dw, "b": db}


def linear_regression_grad__bias_as_weight(X, y, w, b, lam):
    features = torch.cat([X, torch.ones_like(X[:, :1])], dim=1)
    weights = torch.cat([w, b.reshape(1)])
    penalised = torch.cat([w, torch.zeros_like(w[:1])])
    residual = features @ weights - y
    gradient = features.T @ residual / len(y) + lam * penalised
    loss = residual @ residual / (2 * len(y)) + lam / 2 * penalised @ penalised
    return {"loss": loss, "w": gradient[:-1], "b": gradient[-1]}


# Question 4: the gradient of softmax regression


def softmax_regression_grad__indexing(X, y, W, b, lam):
    n = len(y)
    logits = X @ W + b
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    rows = torch.arange(n, device=y.device)
    error = log_p.exp()
    error[rows, y] -= 1
    return {
        "loss": -log_p[rows, y].mean() + lam / 2 * W.norm() ** 2,
        "W": X.T @ error / n + lam * W,
        "b": error.mean(dim=0),
    }


def softmax_regression_grad__loop(X, y, W, b, lam):
    n = len(y)
    loss, dW, db = lam / 2 * (W * W).sum(), lam * W, torch.zeros_like(b)
    for x, label in zip(X, y.tolist(), strict=True):
        z = x @ W + b
        error = torch.softmax(z, dim=0)
        error[label] = error[label] - 1
        loss = loss + (z.logsumexp(dim=0) - z[label]) / n
        dW = dW + torch.outer(x, error) / n
        db = db + error / n
    return {"loss": loss, "W": dW, "b": db}


# Question 5: descent on a quadratic


def gd_quadratic__eigenvectors(A, c, theta0, lr, steps):
    eigenvalues, vectors = torch.linalg.eigh(A)
    minimum = torch.linalg.solve(A, c)
    start = vectors.T @ (theta0 - minimum)
    t = torch.arange(steps + 1, dtype=A.dtype, device=A.device).unsqueeze(1)
    path = minimum + ((1 - lr * eigenvalues) ** t * start) @ vectors.T
    values = ((path @ A) * path).sum(dim=1) / 2 - path @ c
    return {"path": path, "values": values, "max_stable_lr": 2 / eigenvalues[-1].item()}


def gd_quadratic__preallocated(A, c, theta0, lr, steps):
    path = theta0.new_empty(steps + 1, len(theta0))
    values = theta0.new_empty(steps + 1)
    theta = theta0.clone()
    for t in range(steps + 1):
        path[t] = theta
        values[t] = 0.5 * theta.dot(A.mv(theta)) - c.dot(theta)
        theta -= lr * (A.mv(theta) - c)
    largest = torch.linalg.matrix_norm(A, ord=2)
    return {"path": path, "values": values, "max_stable_lr": (2 / largest).item()}


# Question 6: mini-batch stochastic gradient descent


def sgd_epoch__slices(X, y, W, b, lr, batch_size, order):
    n = len(y)
    W, b = W.clone(), b.clone()
    losses = X.new_zeros(math.ceil(n / batch_size))
    for k in range(len(losses)):
        batch = order[k * batch_size : min((k + 1) * batch_size, n)]
        inputs, labels = X[batch], y[batch]
        rows = torch.arange(len(batch), device=y.device)
        log_p = torch.log_softmax(inputs @ W + b, dim=1)
        losses[k] = -log_p[rows, labels].mean()
        error = log_p.exp()
        error[rows, labels] -= 1
        W -= lr * (inputs.T @ error) / len(batch)
        b -= lr * error.sum(dim=0) / len(batch)
    return {"W": W, "b": b, "losses": losses}


def sgd_epoch__reordered_first(X, y, W, b, lr, batch_size, order):
    losses = []
    batches = zip(X[order].split(batch_size), y[order].split(batch_size), strict=True)
    for inputs, labels in batches:
        logits = inputs @ W + b
        onehot = torch.nn.functional.one_hot(labels, len(b)).to(logits.dtype)
        loss = (logits.logsumexp(dim=1) - (onehot * logits).sum(dim=1)).mean()
        error = (torch.softmax(logits, dim=1) - onehot) / len(labels)
        W, b = W - lr * inputs.T @ error, b - lr * error.sum(dim=0)
        losses.append(loss)
    return {"W": W, "b": b, "losses": torch.stack(losses)}


# Question 7: train a softmax classifier. A training function and `predict` belong together.


def train_softmax_regression__linear_module(X, y, num_classes, *, seed, epochs=60, lr=0.05):
    generator = torch.Generator().manual_seed(seed)
    mean, std = X.mean(dim=0), X.std(dim=0)
    std[std < 1e-8] = 1
    inputs = (X - mean) / std

    torch.manual_seed(seed)
    net = torch.nn.Linear(X.shape[1], num_classes).to(X.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    history = {"loss": []}
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(y), generator=generator).to(y.device).split(32):
            loss = torch.nn.functional.cross_entropy(net(inputs[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history["loss"].append(total / len(y))
    state = {name: value.detach() for name, value in net.state_dict().items()}
    return {"state": {**state, "mean": mean, "std": std}, "history": history}


def predict__linear_module(state, X):
    num_classes, num_features = state["weight"].shape
    net = torch.nn.Linear(num_features, num_classes).to(X.device)
    net.load_state_dict({"weight": state["weight"], "bias": state["bias"]})
    with torch.no_grad():
        return net((X - state["mean"]) / state["std"])


def train_softmax_regression__full_batch(X, y, num_classes, *, seed, steps=400, lr=1.0):
    """Nothing is random here; the scaling is folded into the weights."""
    mean, std = X.mean(dim=0), X.std(dim=0).clamp_min(1e-6)
    inputs = (X - mean) / std
    onehot = torch.nn.functional.one_hot(y, num_classes).to(X.dtype)
    W, b = X.new_zeros(X.shape[1], num_classes), X.new_zeros(num_classes)
    losses = []
    for _ in range(steps):
        log_p = torch.log_softmax(inputs @ W + b, dim=1)
        losses.append(-(onehot * log_p).sum(dim=1).mean().item())
        error = (log_p.exp() - onehot) / len(y)
        W, b = W - lr * inputs.T @ error, b - lr * error.sum(dim=0)
    W = W / std.unsqueeze(1)
    return {"state": {"W": W, "b": b - mean @ W}, "history": {"loss": losses}}


def predict__full_batch(state, X):
    return X @ state["W"] + state["b"]
