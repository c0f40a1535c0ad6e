"""Second right solutions of assignment generative, written in other ways: they test the tests."""

import copy
import itertools
import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (as everybody writes it)

from .solution import bernoulli_log_likelihood, gaussian_kl

# Question 1: three parts of a VAE


def gaussian_kl__with_std(mu, logvar):
    std = torch.exp(0.5 * logvar)
    per_dimension = -torch.log(std) + (std**2 + mu**2) / 2 - 0.5
    return torch.einsum("nz->n", per_dimension)


def gaussian_kl__loop(mu, logvar):
    """One latent dimension after the other."""
    total = torch.zeros_like(mu[:, 0])
    for m, v in zip(mu.T, logvar.T, strict=True):
        total = total + 0.5 * (m.square() + torch.expm1(v) - v)
    return total


def reparameterize__addcmul(mu, logvar, *, eps=None, num_samples=None, seed=None):
    if eps is None:
        generator = torch.Generator(device="cpu").manual_seed(seed)
        eps = torch.empty(num_samples, *mu.shape).normal_(generator=generator).to(mu)
    return torch.addcmul(mu, logvar.mul(0.5).exp(), eps)


def reparameterize__one_by_one(mu, logvar, *, eps=None, num_samples=None, seed=None):
    if eps is not None:
        return eps * logvar.exp().sqrt() + mu
    generator = torch.Generator()
    generator.manual_seed(seed)
    samples = []
    for _ in range(num_samples):
        noise = torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
        samples.append(mu + logvar.exp().sqrt() * noise.to(mu.device))
    return torch.stack(samples)


def _log_one_plus_exp(t):
    return t.clamp(min=0) + torch.log1p(torch.exp(-t.abs()))


def bernoulli_log_likelihood__branches(logits, x):
    linear = torch.where(logits >= 0, (x - 1) * logits, x * logits)
    return (linear - torch.log1p(torch.exp(-logits.abs()))).sum(-1)


def bernoulli_log_likelihood__logaddexp(logits, x):
    zero = torch.zeros_like(logits)
    log_p, log_not_p = -torch.logaddexp(zero, -logits), -torch.logaddexp(zero, logits)
    return torch.sum(x * log_p + (1 - x) * log_not_p, dim=1)


# Question 2: bounds


def vae_elbo__written_out(params, x, eps, beta):
    p = params
    h = (x @ p["We"] + p["be"]).tanh()
    mu, logvar = h @ p["Wm"] + p["bm"], h @ p["Wv"] + p["bv"]
    std = (logvar / 2).exp()
    logits = (torch.addmm(p["bd"], mu + std * eps, p["Wd"])).tanh() @ p["Wx"] + p["bx"]
    n = x.shape[0]
    recon = -(x * F.softplus(-logits) + (1 - x) * F.softplus(logits)).sum() / n
    kl = ((mu**2 + std**2).sum() - mu.numel() - logvar.sum()) / (2 * n)
    return {"kl": kl, "recon": recon, "elbo": recon - beta * kl}


def vae_elbo__examples(params, x, eps, beta):
    """One example after the other."""
    recon, kl = [], []
    for row, noise in zip(x, eps, strict=True):
        h = torch.tanh(params["We"].T @ row + params["be"])
        mu = params["Wm"].T @ h + params["bm"]
        logvar = params["Wv"].T @ h + params["bv"]
        z = mu + torch.exp(logvar / 2) * noise
        logits = params["Wx"].T @ torch.tanh(params["Wd"].T @ z + params["bd"]) + params["bx"]
        recon.append(bernoulli_log_likelihood(logits[None], row[None])[0])
        kl.append(gaussian_kl(mu[None], logvar[None])[0])
    recon, kl = sum(recon) / len(x), sum(kl) / len(x)
    return {"elbo": recon - beta * kl, "recon": recon, "kl": kl}


def iwae_bound__shifted(log_joint, log_q):
    a = log_joint - log_q
    largest = a.max(dim=0).values
    return largest + (a - largest).exp().mean(dim=0).log()


def iwae_bound__accumulated(log_joint, log_q):
    total = log_joint[0] - log_q[0]
    for joint, q in zip(log_joint[1:], log_q[1:], strict=True):
        total = torch.logaddexp(total, joint - q)
    return total - math.log(log_joint.shape[0])


# Question 3: the game


def gan_losses__clamped(d_real, d_fake, mode):
    d_loss = _log_one_plus_exp(-d_real).sum() / len(d_real)
    d_loss = d_loss + _log_one_plus_exp(d_fake).sum() / len(d_fake)
    sign = {"non_saturating": -1, "minimax": 1}[mode]
    return {"g_loss": -sign * _log_one_plus_exp(sign * d_fake).mean(), "d_loss": d_loss}


def gan_losses__logaddexp(d_real, d_fake, mode):
    """-log D and -log(1 - D) of every example."""
    right, wrong = (
        torch.logaddexp(torch.zeros_like(d), s * d) for d, s in ((d_real, -1), (d_fake, 1))
    )
    g = torch.logaddexp(torch.zeros_like(d_fake), -d_fake) if mode[0] == "n" else -wrong
    return {"d_loss": right.mean() + wrong.mean(), "g_loss": g.mean()}


def gan_game__mixture(p, q):
    m = (p + q) / 2

    def kl(a, b):
        some = a > 0
        return (a[some] * (a[some] / b[some]).log()).sum()

    js = (kl(p, m) + kl(q, m)) / 2
    d_star = torch.full_like(p, 0.5)
    d_star[m > 0] = p[m > 0] / (2 * m[m > 0])
    return {"d_star": d_star, "value": 2 * js - 2 * math.log(2), "js": js}


def gan_game__python(p, q):
    """With Python numbers."""
    best, value = [], 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        best.append(a / (a + b) if a + b else 0.5)
        value += a * math.log(a / (a + b)) if a else 0.0
        value += b * math.log(b / (a + b)) if b else 0.0
    return {"d_star": p.new_tensor(best), "value": value, "js": value / 2 + math.log(2)}


def gan_gradients__by_hand(g_params, d_params, x_real, z):
    """Backpropagation written out."""

    def forward(p, x):
        h = torch.tanh(x @ p["W1"] + p["b1"])
        return h, h @ p["W2"] + p["b2"]

    def backward(p, x, h, out):
        dz = (out @ p["W2"].T) * (1 - h**2)
        grads = {"W1": x.T @ dz, "b1": dz.sum(0), "W2": h.T @ out, "b2": out.sum(0)}
        return grads, dz @ p["W1"].T

    h_g, fake = forward(g_params, z)
    h_real, real_logits = forward(d_params, x_real)
    h_fake, fake_logits = forward(d_params, fake)

    of_real, _ = backward(d_params, x_real, h_real, -torch.sigmoid(-real_logits) / len(x_real))
    of_fake, _ = backward(d_params, fake, h_fake, torch.sigmoid(fake_logits) / len(z))
    _, at_fake = backward(d_params, fake, h_fake, -torch.sigmoid(-fake_logits) / len(z))
    return {
        "d_loss": _log_one_plus_exp(-real_logits).mean() + _log_one_plus_exp(fake_logits).mean(),
        "g_loss": _log_one_plus_exp(-fake_logits).mean(),
        "d_grads": {key: of_real[key] + of_fake[key] for key in of_real},
        "g_grads": backward(g_params, z, h_g, at_fake)[0],
    }


def gan_gradients__backward(g_params, d_params, x_real, z):
    """Two calls of backward, with the first player's gradients read before the second one's."""
    G = {k: nn.Parameter(v.clone()) for k, v in g_params.items()}
    D = {k: nn.Parameter(v.clone()) for k, v in d_params.items()}

    def play(p, x):
        return (x.mm(p["W1"]) + p["b1"]).tanh().mm(p["W2"]) + p["b2"]

    fake = play(G, z)
    d_loss = F.softplus(-play(D, x_real)).mean() + F.softplus(play(D, fake.detach())).mean()
    d_loss.backward()
    d_grads = {k: v.grad.clone() for k, v in D.items()}
    g_loss = F.softplus(-play(D, fake)).mean()
    g_loss.backward()
    return {
        "d_loss": d_loss.item(),
        "g_loss": g_loss.item(),
        "d_grads": d_grads,
        "g_grads": {k: v.grad for k, v in G.items()},
    }


# Question 4: the VAE


class _Autoencoder(nn.Module):
    def __init__(self, latent, width):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, 64))

    def forward(self, x):
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(z), mu, logvar


def _restored(state):
    weights = {name: value for name, value in state.items() if "coder" in name}
    net = _Autoencoder(state["latent"], state["width"])
    net.load_state_dict(weights)
    return net.to(weights["encoder.0.weight"].device).eval()


def train_vae__module(x, latent_dim, *, seed, width=200, epochs=80):
    torch.manual_seed(seed)
    net = _Autoencoder(latent_dim, width).to(x.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.0)
    loader = torch.utils.data.DataLoader(x, batch_size=50, shuffle=True)
    curve = []
    for _ in range(epochs):
        losses = []
        for batch in loader:
            logits, mu, logvar = net(batch)
            mismatch = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
            divergence = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = (mismatch + divergence) / len(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        curve.append(sum(losses) / len(losses))
    state = {**net.state_dict(), "latent": latent_dim, "width": width}
    return {"state": state, "history": {"loss": curve}}


def vae_encode__module(state, x):
    with torch.no_grad():
        mu, logvar = _restored(state).encoder(x).chunk(2, dim=1)
    return {"mu": mu, "logvar": logvar}


def vae_decode__module(state, z):
    with torch.no_grad():
        return _restored(state).decoder(z)


def _layer(h, state, k):
    return h @ state[f"w{k}"] + state[f"c{k}"]


def train_vae__annealed(x, latent_dim, *, seed, steps=1800, width=100):
    """Plain tensors, with a KL whose weight grows from 0 to 1 over the first fifth."""
    g = torch.Generator().manual_seed(seed)
    sizes = [
        (64, width),
        (width, latent_dim),
        (width, latent_dim),
        (latent_dim, width),
        (width, 64),
    ]
    state = {}
    for k, (a, b) in enumerate(sizes):
        state[f"w{k}"] = (torch.rand(a, b, generator=g) - 0.5) * 2 * math.sqrt(3 / a)
        state[f"c{k}"] = torch.zeros(b)
    state = {k: v.to(x.device).requires_grad_() for k, v in state.items()}
    optimizer = torch.optim.Adam(list(state.values()), lr=3e-3)
    history, recent = [], []
    for t in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - t / steps)
        batch = x[torch.randint(len(x), (64,), generator=g).to(x.device)]
        h = torch.tanh(_layer(batch, state, 0))
        mu, logvar = _layer(h, state, 1), _layer(h, state, 2)
        noise = torch.randn(mu.shape, generator=g).to(x)
        logits = _layer(torch.tanh(_layer(mu + (logvar / 2).exp() * noise, state, 3)), state, 4)
        recon = (batch * logits - F.softplus(logits)).sum(1)
        kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(1)
        loss = (min(1.0, 5 * t / steps) * kl - recon).mean()
        for value in state.values():
            value.grad = None
        loss.backward()
        optimizer.step()
        recent.append((kl - recon).mean().item())
        if len(recent) == 100:
            history.append(sum(recent) / 100)
            recent = []
    return {"state": {k: v.detach() for k, v in state.items()}, "history": {"loss": history}}


def vae_encode__annealed(state, x):
    h = _layer(x, state, 0).tanh()
    return {"logvar": _layer(h, state, 2), "mu": _layer(h, state, 1)}


def vae_decode__annealed(state, z):
    return _layer(_layer(z, state, 3).tanh(), state, 4)


# Question 4: the GAN


class _Player(nn.Module):
    def __init__(self, n_in, n_out, width=64):
        super().__init__()
        self.inner = nn.ModuleList([nn.Linear(n_in, width), nn.Linear(width, width)])
        self.outer = nn.Linear(width, n_out)

    def forward(self, x):
        for layer in self.inner:
            x = F.leaky_relu(layer(x), 0.2)
        return self.outer(x)


def train_gan__averaged_copy(x, *, seed, rounds=2000):
    """Labels and cross-entropy, one common scale, latent points from a cube, a copy for averages."""
    torch.manual_seed(seed)
    centre, scale = x.mean(0), (x - x.mean(0)).square().mean().sqrt()
    data = (x - centre) / scale
    G, D = _Player(4, 2).to(x.device), _Player(2, 1).to(x.device)
    slow = copy.deepcopy(G)
    g_steps = torch.optim.Adam(G.parameters(), 1e-3, (0.5, 0.99))
    d_steps = torch.optim.Adam(D.parameters(), 2e-3, (0.5, 0.99))
    bce, ones = nn.BCEWithLogitsLoss(), torch.ones(128, 1, device=x.device)
    curves = {"d_loss": [], "g_loss": []}
    for k in range(rounds):
        real = data[torch.randperm(len(data))[:128].to(x.device)].requires_grad_()
        fake = G(torch.rand(128, 4).to(x) * 2 - 1)
        score = D(real)
        d_loss = bce(score, ones) + bce(D(fake.detach()), 0 * ones)
        slope = torch.autograd.grad(score.sum(), real, create_graph=True)[0]
        d_steps.zero_grad()
        (d_loss + 0.05 * slope.pow(2).sum(1).mean()).backward()
        d_steps.step()
        g_loss = bce(D(fake), ones)
        g_steps.zero_grad()
        g_loss.backward()
        g_steps.step()
        with torch.no_grad():
            for mean, now in zip(slow.parameters(), G.parameters(), strict=True):
                mean.copy_(0.99 * mean + 0.01 * now)
        if k % 100 == 99:
            curves["d_loss"].append(d_loss.item())
            curves["g_loss"].append(g_loss.item())
    state = {f"slow.{name}": value for name, value in slow.state_dict().items()}
    return {"state": state | {"centre": centre, "scale": scale.item()}, "history": curves}


def gan_sample__averaged_copy(state, n, seed):
    net = _Player(4, 2)
    net.load_state_dict({k[5:]: v.cpu() for k, v in state.items() if k.startswith("slow.")})
    u = torch.rand(n, 4, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        points = net(2 * u - 1).to(state["centre"].device)
    return points * state["scale"] + state["centre"]


def _lists_of_tensors(sizes, generator, like):
    shapes = [s for m, n in itertools.pairwise(sizes) for s in ((n, m), (n,))]
    bounds = [m**-0.5 for m in sizes[:-1] for _ in range(2)]
    return [
        (bound * (2 * torch.rand(shape, generator=generator) - 1)).to(like).requires_grad_()
        for shape, bound in zip(shapes, bounds, strict=True)
    ]


def _through(x, weights):
    last = len(weights) // 2 - 1
    for k in range(last + 1):
        x = F.linear(x, weights[2 * k], weights[2 * k + 1])
        if k < last:
            x = torch.maximum(x, 0.2 * x)
    return x


def train_gan__plain_tensors(x, *, seed, steps=2000, size=128):
    """No modules; the discriminator sees both halves of a batch at once; rates fall to zero."""
    g = torch.Generator().manual_seed(seed)
    low, high = x.amin(0), x.amax(0)
    unit = (x - low) / (high - low) * 4 - 2
    G = _lists_of_tensors([2, 64, 64, 2], g, unit)
    D = _lists_of_tensors([2, 64, 64, 1], g, unit)
    optimizers = [torch.optim.Adam(w, rate, (0.5, 0.99)) for w, rate in ((G, 1e-3), (D, 2e-3))]
    signs = torch.cat([torch.ones(size, 1), -torch.ones(size, 1)]).to(unit)
    mean = [w.detach().clone() for w in G]
    history = {"d_loss": [], "g_loss": []}
    for step in range(steps):
        for optimizer, rate in zip(optimizers, (1e-3, 2e-3), strict=True):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        chosen = torch.randint(len(unit), (size,), generator=g).to(x.device)
        made = _through(torch.randn(size, 2, generator=g).to(unit), G)
        both = torch.cat([unit[chosen], made.detach()]).requires_grad_()
        scores = _through(both, D)
        d_loss = 2 * F.softplus(-signs * scores).mean()
        (slopes,) = torch.autograd.grad(scores.sum(), both, create_graph=True)
        r1 = 0.05 * slopes[:size].square().sum() / size
        for w, slope in zip(D, torch.autograd.grad(d_loss + r1, D), strict=True):
            w.grad = slope
        optimizers[1].step()
        g_loss = F.softplus(-_through(made, D)).mean()
        for w, slope in zip(G, torch.autograd.grad(g_loss, G), strict=True):
            w.grad = slope
        optimizers[0].step()
        for old, now in zip(mean, G, strict=True):
            old.mul_(0.99).add_(now.detach(), alpha=0.01)
        if step % 200 == 0:
            history["d_loss"].append(d_loss.item())
            history["g_loss"].append(g_loss.item())
    state = {f"w{k}": w for k, w in enumerate(mean)}
    return {"state": {**state, "low": low, "high": high}, "history": history}


def gan_sample__plain_tensors(state, n, seed):
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)).to(state["low"])
    unit = _through(z, [state[f"w{k}"] for k in range(6)])
    return (unit + 2) / 4 * (state["high"] - state["low"]) + state["low"]
