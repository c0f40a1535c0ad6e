"""The reference of cnn against torch's own layers, autograd, scipy and closed forms."""

from pathlib import Path

import pytest
import torch
from scipy.signal import convolve2d, correlate2d
from sklearn.datasets import load_digits
from torch.nn import functional as F  # noqa: N812  (the name that everybody uses)

from grader import catalogue
from grader.compare import error

BOOK = catalogue.load(Path(__file__).parents[2] / "reference" / "cnn")
cnn = BOOK.solution

CLOSE = {torch.float32: 1e-4, torch.float64: 1e-10}
either_dtype = pytest.mark.parametrize("dtype", CLOSE)

# N, C, H, W, O, kh, kw, stride, padding
LAYERS = [
    (2, 3, 7, 6, 4, 3, 2, 1, 1),
    (1, 1, 5, 5, 1, 3, 3, 1, 0),
    (2, 2, 8, 9, 3, 3, 3, 2, 1),
    (1, 4, 6, 6, 2, 1, 1, 1, 0),
    (3, 2, 7, 7, 2, 2, 3, 3, 2),
    (2, 3, 4, 5, 5, 4, 5, 1, 0),
    (1, 2, 9, 8, 3, 3, 3, 2, 0),
    (2, 2, 5, 5, 2, 1, 1, 2, 1),
]
# N, C, H, W, kernel, stride
POOLS = [
    (2, 3, 6, 6, 2, 2),
    (1, 1, 5, 7, 3, 2),
    (2, 2, 7, 7, 3, 1),
    (1, 2, 7, 5, 2, 3),
    (2, 1, 4, 4, 4, 4),
    (1, 1, 3, 3, 1, 2),
]
either_mode = pytest.mark.parametrize("mode", ["max", "avg"])


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def ties(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-2, 2, shape, generator=generator).double()


def layer(shape):
    n, c, height, width, o, kh, kw, stride, padding = shape
    x, w, b = normal(n, c, height, width), normal(o, c, kh, kw, seed=1), normal(o, seed=2)
    dout = normal(*F.conv2d(x, w, stride=stride, padding=padding).shape, seed=3)
    return x, w, b, dout, stride, padding


def torch_pool(x, kernel, stride, mode):
    return (F.max_pool2d if mode == "max" else F.avg_pool2d)(x, kernel, stride)


def pool(shape, values=normal):
    n, c, height, width, kernel, stride = shape
    x = values(n, c, height, width)
    dout = normal(*F.avg_pool2d(x, kernel, stride).shape, seed=1)
    return dout, x, kernel, stride


def leaf(x):
    return x.clone().requires_grad_()


def single(value):
    return value.float() if torch.is_tensor(value) and value.is_floating_point() else value


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these images are small: more threads only wait for each other
    yield
    torch.set_num_threads(threads)


CONV = {"type": "conv", "out": 4, "kernel": 3, "stride": 2, "padding": 1, "bias": True}
STACK = [
    CONV,
    {"type": "pool", "kernel": 2, "stride": 2},
    {**CONV, "out": 3, "stride": 1, "bias": False},
    {"type": "linear", "out": 5, "bias": True},
]

# Inputs on which every misconception shows.
EXAMPLES = {
    "conv_output_size": [(20, 4, 1, 1, 3), (20, 3, 2, 1, 2), (11, 3, 3, 0, 1), (12, 3, 3, 0, 1)],
    "receptive_field": [
        ([{"kernel": k, "stride": 2, "dilation": d} for k, d in ((3, 1), (2, 2), (5, 1))],),
        ([],),
    ],
    "count_parameters": [(STACK, [3, 13, 10])],
    "convolve2d": [
        (normal(6, 7), normal(3, 3, seed=1), mode, flip)
        for mode in ("narrow", "same", "wide")
        for flip in (False, True)
    ],
    "conv2d_forward": [layer(shape)[:3] + layer(shape)[4:] for shape in LAYERS],
    "conv2d_backward": [
        (dout, x, w, *sizes) for x, w, _, dout, *sizes in (layer(shape) for shape in LAYERS)
    ],
    "pool2d_forward": [
        (values(pool(shape)[1]), *shape[4:], mode)
        for shape in POOLS
        for values in (torch.clone, lambda x: -x.abs() - 0.1)
        for mode in ("max", "avg")
    ],
    "pool2d_backward": [
        (*pool(shape, values), mode)
        for shape in POOLS
        for values in (normal, ties)
        for mode in ("max", "avg")
    ],
}
FUNCTIONS = pytest.mark.parametrize("name", EXAMPLES)
FLOATING = pytest.mark.parametrize("name", [name for name in EXAMPLES if "2d" in name])


def test_conv_output_size_is_that_of_torch():
    for size in range(9, 15):
        for kernel in 1, 2, 3:
            for stride in 1, 2, 3:
                for padding in 0, 1, 2:
                    for dilation in 1, 2, 3:
                        out = F.conv1d(
                            torch.zeros(1, 1, size),
                            torch.zeros(1, 1, kernel),
                            stride=stride,
                            padding=padding,
                            dilation=dilation,
                        )
                        expected = out.shape[-1]
                        options = size, kernel, stride, padding, dilation
                        assert cnn.conv_output_size(*options) == expected


@pytest.mark.parametrize("seed", range(5))
def test_receptive_field_is_what_a_gradient_reaches(seed):
    generator = torch.Generator().manual_seed(seed)
    kernels, strides, dilations = (
        torch.randint(1, high, (4,), generator=generator).tolist() for high in (5, 3, 3)
    )
    x = leaf(torch.ones(1, 1, 300))
    out, layers = x, []
    for kernel, stride, dilation in zip(kernels, strides, dilations, strict=True):
        layers.append({"kernel": kernel, "stride": stride, "dilation": dilation})
        out = F.conv1d(out, torch.ones(1, 1, kernel), stride=stride, dilation=dilation)
    reached = []
    for unit in 0, 1:
        (gradient,) = torch.autograd.grad(out[0, 0, unit], x, retain_graph=True)
        reached.append(gradient[0, 0].nonzero().flatten())
    size = int(reached[0][-1] - reached[0][0]) + 1
    distance = int(reached[1][0] - reached[0][0])
    assert cnn.receptive_field(layers) == {"size": size, "stride": distance}
    assert cnn.receptive_field([]) == {"size": 1, "stride": 1}


def test_count_parameters_is_that_of_modules():
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=2, padding=1),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(4, 3, 3, padding=1, bias=False),
        torch.nn.Flatten(),
        torch.nn.Linear(3 * 3 * 2, 5),
    )
    result = cnn.count_parameters(STACK, [3, 13, 10])
    macs = 4 * 27 * 7 * 5 + 3 * 36 * 3 * 2 + 5 * 18
    params = sum(p.numel() for p in net.parameters())
    assert net(torch.zeros(1, 3, 13, 10)).shape == (1, 5)
    assert result == {"params": params, "macs": macs, "output_shape": [5, 1, 1]}
    assert cnn.count_parameters(STACK[:3], [3, 13, 10])["output_shape"] == [3, 3, 2]
    assert cnn.count_parameters([], [3, 13, 10])["output_shape"] == [3, 13, 10]


@either_dtype
@pytest.mark.parametrize(
    ("mode", "scipy_mode", "size"),
    [
        (*modes, size)
        for modes in (("narrow", "valid"), ("same", "same"), ("wide", "full"))
        for size in ((3, 3), (1, 1), (3, 5), (2, 3), (4, 1))
        if modes[0] != "same" or all(side % 2 for side in size)
    ],
)
def test_convolve2d_is_that_of_scipy(dtype, mode, scipy_mode, size):
    img, kernel = normal(8, 6), normal(*size, seed=1)
    for flip, theirs in (False, correlate2d), (True, convolve2d):
        expected = torch.tensor(theirs(img.numpy(), kernel.numpy(), scipy_mode))
        mine = cnn.convolve2d(img.to(dtype), kernel.to(dtype), mode, flip)
        assert error(mine, expected) < CLOSE[dtype]


@either_dtype
@pytest.mark.parametrize("shape", LAYERS)
def test_conv2d_is_that_of_torch_and_autograd(dtype, shape):
    x, w, b, dout, stride, padding = layer(shape)
    x, w, b, dout = (value.to(dtype) for value in (x, w, b, dout))
    leaves = leaf(x), leaf(w), leaf(b)
    out = F.conv2d(*leaves, stride=stride, padding=padding)
    out.backward(dout)
    assert error(cnn.conv2d_forward(x, w, b, stride, padding), out.detach()) < CLOSE[dtype]
    expected = dict(zip(("dx", "dw", "db"), (value.grad for value in leaves), strict=True))
    assert error(cnn.conv2d_backward(dout, x, w, stride, padding), expected) < CLOSE[dtype]


@either_dtype
@either_mode
@pytest.mark.parametrize("shape", POOLS)
@pytest.mark.parametrize("values", [normal, ties])
def test_pool2d_is_that_of_torch_and_autograd(dtype, mode, shape, values):
    dout, x, kernel, stride = pool(shape, values)
    dout, x = dout.to(dtype), x.to(dtype)
    variable = leaf(x)
    out = torch_pool(variable, kernel, stride, mode)
    out.backward(dout)
    assert error(cnn.pool2d_forward(x, kernel, stride, mode), out.detach()) < CLOSE[dtype]
    mine = cnn.pool2d_backward(dout, x, kernel, stride, mode)
    assert error(mine, variable.grad) < CLOSE[dtype]


@FLOATING
def test_dtype_follows_the_inputs(name):
    calls = [BOOK.function(name), *(m.call for m in BOOK.misconceptions(name))]
    for arguments in EXAMPLES[name]:
        for call in calls:
            try:
                result = call(*map(single, arguments))
            except RuntimeError:  # a mistake that needs square kernels
                continue
            leaves = result.values() if isinstance(result, dict) else [result]
            assert {value.dtype for value in leaves} == {torch.float32}


@FUNCTIONS
def test_no_variant_touches_its_arguments_or_the_global_generator(name):
    variants = [*BOOK.misconceptions(name), *BOOK.alternatives(name)]
    for call in [BOOK.function(name), *(variant.call for variant in variants)]:
        for arguments in EXAMPLES[name]:
            before = [value.clone() if torch.is_tensor(value) else value for value in arguments]
            state = torch.get_rng_state()
            attempt(call, arguments)
            assert error(list(arguments), before) == 0
            assert torch.equal(torch.get_rng_state(), state)


@FUNCTIONS
def test_alternatives_agree(name):
    assert BOOK.alternatives(name)
    for alternative in BOOK.alternatives(name):
        for arguments in EXAMPLES[name]:
            expected = BOOK.function(name)(*arguments)
            assert error(alternative.call(*arguments), expected) < 1e-10, alternative.name
            narrow = alternative.call(*map(single, arguments))
            assert error(narrow, expected) < 1e-4, alternative.name


def attempt(call, arguments):
    """What a variant returns; None where its mistake makes it fail."""
    try:
        return call(*arguments)
    except RuntimeError:
        return None


@FUNCTIONS
def test_every_misconception_differs_from_the_reference_and_from_the_others(name):
    results = {
        variant: [attempt(call, arguments) for arguments in EXAMPLES[name]]
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
    assert len(BOOK.all_misconceptions) == 53
    assert all(m.hint for m in BOOK.all_misconceptions)


def split(seed):
    """Digits at random places of a 14×14 canvas, cut in two."""
    generator = torch.Generator().manual_seed(seed)
    digits = load_digits()
    images, y = torch.tensor(digits.images, dtype=torch.float32), torch.tensor(digits.target)
    x = torch.zeros(len(y), 1, 14, 14)
    corners = torch.randint(7, (len(y), 2), generator=generator).tolist()
    for canvas, image, (top, left) in zip(x, images, corners, strict=True):
        canvas[0, top : top + 8, left : left + 8] = image
    fit, held_out = torch.randperm(len(y), generator=generator).split([1258, 539])
    return x[fit], y[fit], x[held_out], y[held_out]


def accuracy(train, predict, seed):
    x, y, x_held_out, y_held_out = split(seed)
    trained = train(x, y, 10, seed=seed)
    hits = predict(trained["state"], x_held_out).argmax(dim=1) == y_held_out
    return hits.float().mean().item()


PAIRS = {
    "reference": (cnn.train_cnn, cnn.predict_cnn),
    **{
        alternative.name: (
            alternative.call,
            next(p.call for p in BOOK.alternatives("predict_cnn") if p.name == alternative.name),
        )
        for alternative in BOOK.alternatives("train_cnn")
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
def test_training_reaches_its_threshold(pair):
    assert accuracy(*PAIRS[pair], seed=0) >= 0.90


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("first", [0, 5, 10, 15])  # one piece would keep one core busy alone
def test_training_reaches_its_threshold_for_twenty_seeds(first):
    seeds = range(first, first + 5)
    assert min(accuracy(*PAIRS["reference"], seed) for seed in seeds) >= 0.90


@pytest.mark.parametrize("pair", PAIRS)
def test_training_is_repeatable_and_its_loss_falls(pair):
    train, predict = PAIRS[pair]
    x, y, x_held_out, _ = split(seed=0)
    first, second = (train(x[:160], y[:160], 10, seed=3, epochs=6) for _ in range(2))
    assert error(second["state"], first["state"]) == 0
    assert first["history"]["loss"][-1] < first["history"]["loss"][0]
    batch = predict(first["state"], x_held_out[:5])
    assert error(predict(first["state"], x_held_out[2:3]), batch[2:3]) < 1e-5


def dense(hidden):
    """A linear model (hidden = 0) or a dense network: neither knows of translations."""

    def train(x, y, num_classes, *, seed):
        torch.manual_seed(seed)
        middle = [torch.nn.Linear(196, hidden), torch.nn.ReLU()] if hidden else []
        last = torch.nn.Linear(hidden or 196, num_classes)
        model = torch.nn.Sequential(torch.nn.Flatten(), *middle, last)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(20):
            for batch in torch.randperm(len(y)).split(64):
                optimizer.zero_grad()
                F.cross_entropy(model(x[batch] / 16), y[batch]).backward()
                optimizer.step()
        return {"state": model}

    return train


@pytest.mark.parametrize("hidden", [0, 128])
def test_digits_that_move_cannot_be_learned_without_convolutions(hidden):
    train = dense(hidden)
    assert accuracy(train, lambda model, x: model(x / 16).detach(), seed=0) < 0.80
