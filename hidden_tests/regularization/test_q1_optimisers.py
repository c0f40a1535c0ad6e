"""Question 1: optimisers."""

from grader import assert_close, check
from grader.result import Text


def sgd_inputs(draw, *shape):
    """Parameter, gradient and velocity."""
    return draw.normal(*shape), draw.normal(*shape), draw.normal(*shape)


def adam_inputs(draw, *shape):
    """Parameter, gradient and a state in the middle of training."""
    second = draw.uniform(*shape, low=0.05, high=2)
    return draw.normal(*shape), draw.normal(*shape), draw.normal(*shape, scale=0.5), second


@check("1a", points={"param": 2, "velocity": 2})
def test_momentum(agree, draw):
    """带动量和权重衰减的一步：新的参数和新的速度分别正确
    one step with momentum and weight decay: new parameters and new velocity, each on its own"""
    for shape, weight_decay in ((6,), 0.0), ((), 0.1), ((3, 4), 0.1), ((4, 4), 0.3):
        how = {"lr": draw.number(0.05, 0.5), "momentum": 0.9, "weight_decay": weight_decay}
        agree("sgd_step", *sgd_inputs(draw, *shape), **how, nesterov=False)
    param, grad, velocity = map(draw.strided, sgd_inputs(draw, 3, 5))
    agree("sgd_step", param, grad, velocity, **how, nesterov=False)


@check("1b", points=3)
def test_nesterov(agree, draw):
    """Nesterov 形式的一步，有无权重衰减都正确
    one step in Nesterov's form, with and without weight decay"""
    for shape, momentum, weight_decay in ((7,), 0.8, 0.0), ((2, 3), 0.5, 0.2), ((), 0.8, 0.1):
        how = {"lr": draw.number(0.05, 0.5), "momentum": momentum, "weight_decay": weight_decay}
        agree("sgd_step", *sgd_inputs(draw, *shape), **how, nesterov=True)


@check("1c", points=1)
def test_no_step(agree, draw):
    """学习率、动量和速度都是 0 时，参数不变，速度等于梯度
    with rate, momentum and velocity 0, parameters stay and the velocity is the gradient"""
    param, grad, velocity = sgd_inputs(draw, 5)
    how = {"lr": 0.0, "momentum": 0.0, "weight_decay": 0.0}
    for nesterov in False, True:
        agree("sgd_step", param, grad, 0 * velocity, **how, nesterov=nesterov)


BETAS = {"beta1": 0.9, "beta2": 0.999}
PLAIN = {"weight_decay": 0.0, "decoupled": False}


@check("1d", points={"param": 3, "state": 2})
def test_adam(agree, draw):
    """没有衰减的 Adam：新的参数和新的状态分别正确，从第一步到第五十步，eps 有大有小
    Adam without decay: new parameters and new state, from step 1 to 50, eps large and small"""
    compare = agree.using(parts={"state": ("m", "v")})
    for t, shape, eps in (
        (1, (5,), 1e-8),
        (1, (2, 3), 0.1),
        (2, (3, 3), 0.1),
        (3, (), 1e-3),
        (50, (4, 2), 1e-8),
        (50, (6,), 0.1),
    ):
        param, grad, m, v = adam_inputs(draw, *shape)
        if t == 1:
            m, v = 0 * m, 0 * v
        lr = draw.number(0.05, 0.5)
        compare("adam_step", param, grad, m, v, t, lr=lr, **BETAS, eps=eps, **PLAIN)
    inputs = map(draw.strided, adam_inputs(draw, 3, 4))
    compare("adam_step", *inputs, 4, lr=0.1, beta1=0.8, beta2=0.95, eps=0.01, **PLAIN)


@check("1e", points={"param": 4, "state": 1})
def test_decay(agree, draw):
    """两种权重衰减（L2 与 AdamW）：参数和状态分别正确
    both kinds of weight decay (L2 and AdamW): parameters and state, each on its own"""
    compare = agree.using(parts={"state": ("m", "v")})
    for weight_decay in 0.05, 0.1, 0.2:
        for decoupled in False, True:
            t = draw.integer(2, 30)
            how = {"lr": draw.number(0.1, 0.5), "eps": 0.01, **BETAS}
            compare(
                "adam_step",
                *adam_inputs(draw, 4, 3),
                t,
                **how,
                weight_decay=weight_decay,
                decoupled=decoupled,
            )


@check("1f", points=3)
def test_adam_properties(student, reference, draw):
    """第一步的大小只由学习率决定，与梯度的尺度无关；连走五步也正确
    the first step has the size of the rate, whatever the scale of the gradient; five steps in
    a row are right as well"""
    how = {"lr": draw.number(0.05, 0.2), **BETAS, "eps": 1e-12, **PLAIN}
    param, zero = draw.normal(8), 0 * draw.normal(8)
    grad = draw.uniform(8, low=0.1, high=2) * draw.normal(8).sign()

    first = student.adam_step(param, grad, zero, zero, 1, **how)
    sign = param - how["lr"] * grad.sign()
    what = Text("第一步", "the first step")
    assert_close(first["param"], sign, tolerance=1e-6, what=what)

    scaled = student.adam_step(param, 1000 * grad, zero, zero, 1, **how)
    what = Text("梯度放大 1000 倍之后的参数", "parameters for a gradient 1000 times as large")
    assert_close(scaled["param"], first["param"], tolerance=1e-6, what=what)

    mine = ours = {"param": param, "m": zero, "v": zero}
    for t in range(1, 6):
        grad = draw.normal(8)
        mine = student.adam_step(mine["param"], grad, mine["m"], mine["v"], t, **how)
        ours = reference.adam_step(ours["param"], grad, ours["m"], ours["v"], t, **how)
    what = Text("五步之后的参数", "parameters after five steps")
    assert_close(mine["param"], ours["param"], what=what)


@check("1g", points={"warmup": 1, "cosine": 3, "end": 1})
def test_schedule(agree, draw, part):
    """学习率：预热、余弦衰减、结束之后分别正确，包括没有预热和只有预热的情形
    the learning rate: warm-up, cosine and the end, also without warm-up or with nothing else"""
    schedules = [
        {
            "base_lr": draw.number(0.1, 2),
            "total_steps": total,
            "warmup_steps": warmup,
            "min_lr": min_lr,
        }
        for total, warmup, min_lr in ((20, 5, 0.0), (100, 10, 0.01), (10, 0, 0.1), (7, 7, 0.02))
    ]
    with part("warmup"):
        for schedule in schedules:
            for step in range(schedule["warmup_steps"]):
                agree("lr_at", step, **schedule)
    with part("cosine"):
        for schedule in schedules:
            for step in range(schedule["warmup_steps"], schedule["total_steps"]):
                agree("lr_at", step, **schedule)
    with part("end"):
        for schedule in schedules:
            for step in range(schedule["total_steps"], schedule["total_steps"] + 6):
                agree("lr_at", step, **schedule)
