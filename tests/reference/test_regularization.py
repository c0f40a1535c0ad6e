"""The reference of regularization against torch's optimisers, layers and losses, and autograd."""

import math
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F  # noqa: N812  (the name that everybody uses)

from grader import catalogue
from grader.compare import error

BOOK = catalogue.load(Path(__file__).parents[2] / "reference" / "regularization")
reg = BOOK.solution

CLOSE = {torch.float32: 1e-4, torch.float64: 1e-10}
either_dtype = pytest.mark.parametrize("dtype", CLOSE)
either_input = pytest.mark.parametrize("shape", [(8, 5), (4, 3, 5, 6), (2, 3)])


def normal(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def uniform(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def labels(k, n, seed=0):
    return torch.randint(k, (n,), generator=torch.Generator().manual_seed(seed))


def leaf(x):
    return x.clone().requires_grad_()


def single(value):
    if isinstance(value, dict):
        return {name: single(item) for name, item in value.items()}
    return value.float() if torch.is_tensor(value) and value.is_floating_point() else value


def copied(value):
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return value.clone() if torch.is_tensor(value) else value


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these matrices are small: more threads only wait for each other
    yield
    torch.set_num_threads(threads)


SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2}
ADAM = {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 0.05, "weight_decay": 0.3}
STATE = normal(4, 3), normal(4, 3, seed=1), normal(4, 3, seed=2), uniform(4, 3, seed=3) + 0.1
SCHEDULE = {"base_lr": 0.7, "total_steps": 20, "warmup_steps": 5, "min_lr": 0.1}
PARAMS = {"W1": normal(3, 4), "b1": normal(4), "W2": normal(4, 2, seed=1), "gamma": normal(2)}
IMAGES = normal(3, 2, 4, 4), 1 + normal(2, seed=1), normal(2, seed=2)
RUNNING = normal(2, seed=3), 0.5 + uniform(2)
NORM = {"momentum": 0.3, "eps": 0.1}
X, U = normal(6, 5), uniform(6, 5)
LOSSES = [4.0, 3.75, 3.75, 3.5, 3.625, 3.375, 3.5, 3.5, 3.375, 3.0]

# Calls on which every misconception shows, one or several of them.
EXAMPLES = {
    "sgd_step": [(STATE[:3], {**SGD, "nesterov": nesterov}) for nesterov in (False, True)],
    "adam_step": [((*STATE, t), {**ADAM, "decoupled": kind}) for t in (1, 7) for kind in (0, 1)],
    "lr_at": [((step,), SCHEDULE) for step in range(26)],
    "penalty": [((PARAMS, 0.3, 0.4), {})],
    "dropout": [
        ((X, drop_prob), {"training": training, "u": U, "seed": 3})
        for drop_prob in (0.3, 0.8, 1.0)
        for training in (True, False)
    ],
    "batchnorm_forward": [
        ((*IMAGES, *RUNNING), {**NORM, "training": training}) for training in (True, False)
    ],
    "batchnorm_backward": [((normal(3, 2, 4, 4, seed=9), *IMAGES[:2], 0.1), {})],
    "label_smoothing_loss": [((normal(9, 4), labels(4, 9), 0.2), {})],
    "early_stopping": [
        ((losses, patience, min_delta), {})
        for losses in (LOSSES, LOSSES[:6], [1.0, 2.0, 1.5, 1.25, 0.5, 2.0])
        for patience in (2, 3)
        for min_delta in (0.0, 0.25, 0.375)
    ],
}
FUNCTIONS = pytest.mark.parametrize("name", EXAMPLES)


@either_dtype
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_sgd_step_is_that_of_torch_optim(dtype, nesterov, weight_decay):
    how = {"lr": 0.1, "momentum": 0.9, "weight_decay": weight_decay, "nesterov": nesterov}
    theirs = leaf(normal(3, 4).to(dtype))
    optimizer = torch.optim.SGD([theirs], **how)
    mine = {"param": theirs.detach().clone(), "velocity": torch.zeros_like(theirs)}
    for t in range(5):
        theirs.grad = normal(3, 4, seed=t + 1).to(dtype)
        mine = reg.sgd_step(mine["param"], theirs.grad, mine["velocity"], **how)
        optimizer.step()
    momentum = optimizer.state[theirs]["momentum_buffer"]
    expected = {"param": theirs.detach(), "velocity": momentum}
    assert error(mine, expected) < CLOSE[dtype]


@either_dtype
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("eps", [1e-8, 0.1])
def test_adam_step_is_that_of_torch_optim(dtype, decoupled, eps):
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    theirs = leaf(normal(3, 4).to(dtype))
    optimizer = kind([theirs], lr=0.1, betas=(0.8, 0.99), eps=eps, weight_decay=0.2)
    zero = torch.zeros_like(theirs)
    mine = {"param": theirs.detach().clone(), "m": zero, "v": zero}
    how = {"lr": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": eps, "weight_decay": 0.2}
    for t in range(1, 6):
        theirs.grad = normal(3, 4, seed=t).to(dtype)
        before = mine["param"], theirs.grad, mine["m"], mine["v"]
        mine = reg.adam_step(*before, t, **how, decoupled=decoupled)
        optimizer.step()
    state = optimizer.state[theirs]
    expected = {"param": theirs.detach(), "m": state["exp_avg"], "v": state["exp_avg_sq"]}
    assert error(mine, expected) < CLOSE[dtype]


def test_lr_at_is_the_cosine_of_torch_after_its_warmup():
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.7)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15, eta_min=0.1)
    for step in range(5, 20):
        assert reg.lr_at(step, **SCHEDULE) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        cosine.step()


def test_lr_at_warms_up_and_ends():
    assert [reg.lr_at(s, **SCHEDULE) for s in range(5)] == pytest.approx(
        [0.14, 0.28, 0.42, 0.56, 0.7]
    )
    assert [reg.lr_at(s, **SCHEDULE) for s in (20, 21, 40)] == [0.1, 0.1, 0.1]
    nothing_else = {"base_lr": 1.0, "total_steps": 7, "warmup_steps": 7, "min_lr": 0.02}
    assert [reg.lr_at(s, **nothing_else) for s in (6, 7)] == [1.0, 0.02]
    no_warmup = {"base_lr": 1.0, "total_steps": 10, "warmup_steps": 0, "min_lr": 0.0}
    assert reg.lr_at(0, **no_warmup) == 1.0


@either_dtype
@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.5), (0.2, 0.7)])
def test_penalty_is_that_of_autograd(dtype, l1, l2):
    params = {name: leaf(value.to(dtype)) for name, value in PARAMS.items()}
    weights = [params["W1"], params["W2"]]
    value = sum(l1 * W.abs().sum() + l2 / 2 * W.square().sum() for W in weights)
    value.backward()
    zero = {name: torch.zeros_like(p) for name, p in params.items()}
    grads = {name: zero[name] if p.grad is None else p.grad for name, p in params.items()}
    mine = reg.penalty({name: p.detach() for name, p in params.items()}, l1, l2)
    assert error(mine, {"value": value.detach(), "grads": grads}) < CLOSE[dtype]


def test_the_penalty_of_zero_has_no_gradient():
    mine = reg.penalty({"W": torch.zeros(3), "b": torch.ones(2)}, 0.5, 0.5)
    assert mine["value"] == 0
    assert mine["grads"]["W"].tolist() == [0, 0, 0]


@either_dtype
@pytest.mark.parametrize("drop_prob", [0.0, 0.3, 0.5, 1.0])
def test_dropout_scales_what_it_keeps(dtype, drop_prob):
    x, u = X.to(dtype), U.to(dtype)
    kept = u >= drop_prob
    expected = torch.where(kept, x / (1 - drop_prob) if drop_prob < 1 else 0 * x, 0 * x)
    assert error(reg.dropout(x, drop_prob, training=True, u=u), expected) < CLOSE[dtype]
    assert torch.equal(reg.dropout(x, drop_prob, training=False), x)


def test_the_seed_of_dropout_decides():
    x = torch.ones(200, 300)
    first, again, other = (reg.dropout(x, 0.3, training=True, seed=s) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert abs((first == 0).double().mean().item() - 0.3) < 0.01
    assert abs(first.double().mean().item() - 1) < 0.02


@either_dtype
@either_input
@pytest.mark.parametrize("training", [True, False])
def test_batchnorm_forward_is_that_of_torch(dtype, shape, training):
    c = shape[1]
    x, gamma, beta = normal(*shape).to(dtype), normal(c, seed=1).to(dtype), normal(c).to(dtype)
    mean, var = normal(c, seed=2).to(dtype), (0.5 + uniform(c)).to(dtype)
    mine = reg.batchnorm_forward(x, gamma, beta, mean, var, **NORM, training=training)
    running = mean.clone(), var.clone()
    out = F.batch_norm(x, *running, gamma, beta, training=training, momentum=0.3, eps=0.1)
    expected = {"out": out, "running_mean": running[0], "running_var": running[1]}
    assert error(mine, expected) < CLOSE[dtype]


def test_batchnorm_forward_is_accurate_for_a_large_mean():
    x, one, zero = (normal(64, 5) + 1000).float(), torch.ones(5), torch.zeros(5)
    how = {"momentum": 0.1, "eps": 1e-5, "training": True}
    narrow = reg.batchnorm_forward(x, one, zero, zero, one, **how)
    wide = reg.batchnorm_forward(x.double(), *(v.double() for v in (one, zero, zero, one)), **how)
    assert error(narrow["out"], wide["out"]) < 1e-4


@either_dtype
@pytest.mark.parametrize("shape", [(8, 5), (4, 3, 5, 6), (3, 3)])  # of two numbers dx is 0
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batchnorm_backward_is_that_of_autograd(dtype, shape, eps):
    inputs = normal(*shape), normal(shape[1]), normal(shape[1])
    x, gamma, beta = (leaf(value.to(dtype)) for value in inputs)
    dout = normal(*shape, seed=5).to(dtype)
    F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps).backward(dout)
    expected = {"dx": x.grad, "dgamma": gamma.grad, "dbeta": beta.grad}
    mine = reg.batchnorm_backward(dout, x.detach(), gamma.detach(), eps)
    assert error(mine, expected) < CLOSE[dtype]


@either_dtype
@pytest.mark.parametrize("scale", [1, 100, 1000])
@pytest.mark.parametrize(("k", "epsilon"), [(3, 0.1), (10, 0.0), (2, 0.3)])
def test_label_smoothing_is_that_of_torch_with_another_epsilon(dtype, scale, k, epsilon):
    logits, y = normal(12, k, scale=scale).to(dtype), labels(k, 12)
    expected = F.cross_entropy(logits, y, label_smoothing=epsilon * k / (k - 1))
    assert error(reg.label_smoothing_loss(logits, y, epsilon), expected) < CLOSE[dtype]


@pytest.mark.parametrize(
    ("losses", "patience", "min_delta", "best", "stop"),
    [
        ([1.0, 0.8, 0.9, 0.85, 0.7], 2, 0.0, 1, 3),
        ([1.0, 0.8, 0.9, 0.85, 0.7], 3, 0.0, 4, 4),
        ([1.0], 1, 0.0, 0, 0),
        ([1.0, 1.0, 1.0], 1, 0.0, 0, 1),
        ([1.0, 0.75, 0.5, 0.25], 2, 0.25, 2, 3),
        ([3.0, 2.0, 1.0], 1, 0.0, 2, 2),
        ([math.inf, 2.0, 3.0], 2, 0.0, 1, 2),
    ],
)
def test_early_stopping(losses, patience, min_delta, best, stop):
    found = reg.early_stopping(losses, patience, min_delta)
    assert found == {"best_epoch": best, "stop_epoch": stop}


@FUNCTIONS
def test_dtype_follows_the_inputs(name):
    for arguments, how in EXAMPLES[name]:
        result = BOOK.function(name)(*map(single, arguments), **single(how))
        waiting, dtypes = [result], set()
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                waiting += value.values()
            elif torch.is_tensor(value):
                dtypes.add(value.dtype)
        assert dtypes <= {torch.float32}


@FUNCTIONS
def test_no_variant_touches_its_arguments_or_the_global_generator(name):
    variants = [*BOOK.misconceptions(name), *BOOK.alternatives(name)]
    for call in [BOOK.function(name), *(variant.call for variant in variants)]:
        for arguments, how in EXAMPLES[name]:
            before = [copied(value) for value in arguments]
            state = torch.get_rng_state()
            call(*arguments, **how)
            assert error(list(arguments), before) == 0
            assert torch.equal(torch.get_rng_state(), state)


@FUNCTIONS
def test_alternatives_agree(name):
    assert len(BOOK.alternatives(name)) == 2
    for alternative in BOOK.alternatives(name):
        for arguments, how in EXAMPLES[name]:
            expected = BOOK.function(name)(*arguments, **how)
            assert error(alternative.call(*arguments, **how), expected) < 1e-10, alternative.name
            narrow = alternative.call(*map(single, arguments), **single(how))
            assert error(narrow, expected) < 1e-4, alternative.name


@FUNCTIONS
def test_every_misconception_differs_from_the_reference_and_from_the_others(name):
    results = {
        variant: [call(*arguments, **how) for arguments, how in EXAMPLES[name]]
        for variant, call in [
            ("reference", BOOK.function(name)),
            *((m.name, m.call) for m in BOOK.misconceptions(name)),
        ]
    }
    for one, mine in results.items():
        for other, theirs in results.items():
            if one != other:
                apart = [error(a, b, nan_equal=True) for a, b in zip(mine, theirs, strict=True)]
                assert max(apart) > 1e-4, (one, other)


def test_every_misconception_has_its_hint():
    assert len(BOOK.all_misconceptions) == 74
    assert all(m.hint for m in BOOK.all_misconceptions)


def digits(seed):
    generator = torch.Generator().manual_seed(seed)
    pixels, y = (torch.tensor(array) for array in load_digits(return_X_y=True))
    order = torch.randperm(len(y), generator=generator)
    x, y = pixels[order].float() / 16, y[order]
    noisy = y[:500].clone()
    replaced = torch.randint(1, 10, (200,), generator=generator)
    noisy[:200] = (noisy[:200] + replaced) % 10
    return x[:500], noisy, x[500:1039], y[500:1039]


def accuracy(train, predict, seed, **options):
    x, y, x_held_out, y_held_out = digits(seed)
    state = train(x, y, 10, seed=seed, **options)["state"]
    return (predict(state, x_held_out).argmax(dim=1) == y_held_out).double().mean().item()


PAIRS = {
    "reference": (reg.train_regularized, reg.predict_regularized),
    **{
        alternative.name: (
            alternative.call,
            next(
                p.call
                for p in BOOK.alternatives("predict_regularized")
                if p.name == alternative.name
            ),
        )
        for alternative in BOOK.alternatives("train_regularized")
    },
}
SEEDS = {"reference": 21}
"""The thresholds are promised for the reference; a few seeds tell whether the others follow."""


@pytest.mark.parametrize("pair", PAIRS)
def test_training_reaches_its_threshold(pair):
    assert accuracy(*PAIRS[pair], seed=0) >= 0.76


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
def test_training_reaches_its_threshold_for_many_seeds(pair):
    scores = torch.tensor([accuracy(*PAIRS[pair], seed) for seed in range(SEEDS.get(pair, 6))])
    assert scores.reshape(-1, 3).mean(dim=1).min() >= 0.76


@pytest.mark.slow
def test_a_network_without_regularisation_memorises_the_wrong_labels():
    off = {"drop_prob": 0.0, "weight_decay": 0.0, "smoothing": 0.0, "patience": None}
    scores = [accuracy(*PAIRS["reference"], seed, **off, epochs=60) for seed in range(3)]
    assert sum(scores) / 3 < 0.70


def test_training_is_repeatable_and_rows_are_independent():
    x, y, x_held_out, _ = digits(seed=0)
    first, second = (reg.train_regularized(x, y, 10, seed=3, epochs=6) for _ in range(2))
    assert error(second["state"], first["state"]) == 0
    batch = reg.predict_regularized(first["state"], x_held_out[:5])
    single_row = reg.predict_regularized(first["state"], x_held_out[2:3])
    assert error(single_row, batch[2:3]) < 1e-5
