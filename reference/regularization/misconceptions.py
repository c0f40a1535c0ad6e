"""What goes wrong in assignment regularization: one plain mistake per variant, and its sentence.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does.
"""

import math

import torch

from grader.catalogue import misconception

# Question 1: optimisers


@misconception(
    zh="动量这里不是滑动平均，梯度前没有 (1-μ)。",
    en="Momentum here is not a moving average: no factor (1-μ) on the gradient.",
    words="momentum as a moving average",
    words_zh="把动量当作滑动平均",
)
def sgd_step__dampened(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    velocity = momentum * velocity + (1 - momentum) * grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * direction, "velocity": velocity}


@misconception(
    zh="这是 nndl 的写法（Δθ 含学习率）；本作业采用 d2l/PyTorch 的写法 v=μv+g，学习率只乘在更新上。",
    en="This is the nndl form (Δθ contains lr); here v = μv + g and lr multiplies the update only.",
    words="velocity contains -lr·g (nndl form)",
    words_zh="速度含 -lr·g（nndl 的写法）",
)
def sgd_step__lr_in_velocity(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    velocity = momentum * velocity - lr * grad
    step = momentum * velocity - lr * grad if nesterov else velocity
    return {"param": param + step, "velocity": velocity}


@misconception(
    zh="学习率不应进入 v：v=μv+g，学习率只在更新参数时乘一次。",
    en="The learning rate does not belong in v: v = μv + g, and lr multiplies the update only.",
    words="v = μv + lr·g and θ -= v",
    words_zh="v = μv + lr·g，θ -= v",
)
def sgd_step__lr_in_velocity_plus(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    velocity = momentum * velocity + lr * grad
    step = momentum * velocity + lr * grad if nesterov else velocity
    return {"param": param - step, "velocity": velocity}


@misconception(
    zh="权重衰减项应先加进梯度，再进入动量。",
    en="Add the decay to the gradient before the momentum.",
    words="weight decay outside the momentum",
    words_zh="权重衰减没有进入动量",
)
def sgd_step__wd_after_momentum(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * (direction + weight_decay * param), "velocity": velocity}


@misconception(
    zh="权重衰减的符号反了：g + λθ 才会把参数拉向 0，减去它会越推越远。",
    en="The sign of the decay is wrong: g + λθ pulls parameters towards 0, minus pushes them off.",
    words="the decay subtracted from the gradient",
    words_zh="从梯度中减去了衰减项",
)
def sgd_step__wd_sign(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad - weight_decay * param
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * direction, "velocity": velocity}


@misconception(
    zh="没有用到 weight_decay：先把 λθ 加进梯度。",
    en="weight_decay is not used: add λθ to the gradient first.",
    words="no weight decay",
    words_zh="没有权重衰减",
)
def sgd_step__wd_ignored(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * direction, "velocity": velocity}


@misconception(
    zh="nesterov=True 时更新方向是 g+μv。",
    en="With nesterov=True the direction is g + μv.",
    words="Nesterov ignored",
    words_zh="忽略了 nesterov",
)
def sgd_step__nesterov_ignored(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    velocity = momentum * velocity + grad + weight_decay * param
    return {"param": param - lr * velocity, "velocity": velocity}


@misconception(
    zh="更新参数用的是旧的 v：先算出新的 v=μv+g，再用它走这一步。",
    en="The step used the old v: compute the new v = μv + g first, and step with that.",
    words="a step with the old velocity",
    words_zh="用旧的速度更新参数",
)
def sgd_step__old_velocity_used(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * direction, "velocity": momentum * velocity + grad}


@misconception(
    zh="返回的 velocity 还是旧的：要返回更新之后的 v，下一步才接得上。",
    en="The velocity you return is the old one: return the updated v, the next step needs it.",
    words="the old velocity returned",
    words_zh="返回了旧的速度",
)
def sgd_step__velocity_not_updated(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    new = momentum * velocity + grad
    direction = grad + momentum * new if nesterov else new
    return {"param": param - lr * direction, "velocity": velocity}


@misconception(
    zh="方向反了：下降是减去 lr·u，你加上了它。",
    en="The wrong way: descent subtracts lr times the direction; you added it.",
    words="a step up the gradient",
    words_zh="沿梯度上升",
)
def sgd_step__ascent(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    grad = grad + weight_decay * param
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param + lr * direction, "velocity": velocity}


def _decayed(param, grad, lr, weight_decay, decoupled):
    """Parameter and gradient after weight decay."""
    if decoupled:
        return param * (1 - lr * weight_decay), grad
    return param, grad + weight_decay * param


def _moments(grad, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2


def _adam_move(param, m, v, t, lr, beta1, beta2, eps):
    """The update with bias correction; `m` and `v` are new and uncorrected."""
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return {"param": param - lr * m_hat / (v_hat.sqrt() + eps), "m": m, "v": v}


@misconception(
    zh="缺少偏差修正：m、v 要分别除以 1-β₁ᵗ 和 1-β₂ᵗ。",
    en="Bias correction is missing: divide m and v by 1-β₁ᵗ and 1-β₂ᵗ.",
    words="no bias correction",
    words_zh="没有偏差修正",
)
def adam_step__no_bias_correction(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    return {"param": param - lr * m / (v.sqrt() + eps), "m": m, "v": v}


@misconception(
    zh="只修正了 v，没有修正 m：m 也要除以 1-β₁ᵗ。",
    en="Only v was corrected: m has to be divided by 1-β₁ᵗ as well.",
    words="bias correction of v only",
    words_zh="只对 v 做偏差修正",
)
def adam_step__no_first_correction(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    return {"param": param - lr * m / ((v / (1 - beta2**t)).sqrt() + eps), "m": m, "v": v}


@misconception(
    zh="t 是这一步的编号，第一步 t=1：修正时用 t，不是 t+1。",
    en="t is the number of this step and the first is 1: correct with t, not with t+1.",
    words="bias correction with t+1",
    words_zh="用 t+1 做偏差修正",
)
def adam_step__t_plus_1(param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    return _adam_move(param, m, v, t + 1, lr, beta1, beta2, eps)


@misconception(
    zh="eps 应加在开方之后：sqrt(v̂)+eps。",
    en="eps is added after the root: sqrt(v̂) + eps.",
    words="eps inside the root",
    words_zh="eps 加在根号里",
)
def adam_step__eps_inside_sqrt(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return {"param": param - lr * m_hat / (v_hat + eps).sqrt(), "m": m, "v": v}


@misconception(
    zh="eps 加早了：先用 1-β₂ᵗ 修正 v，开方之后再加 eps，eps 不参与修正。",
    en="eps came too early: correct v by 1-β₂ᵗ, take the root, then add eps, itself uncorrected.",
    words="eps added before the bias correction",
    words_zh="eps 在偏差修正之前加上",
)
def adam_step__eps_before_correction(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    scale = (v.sqrt() + eps) / math.sqrt(1 - beta2**t)
    return {"param": param - lr * m / (1 - beta1**t) / scale, "m": m, "v": v}


@misconception(
    zh="分母漏了开方：v 是梯度平方的平均，应除以 sqrt(v̂)+eps。",
    en="The root is missing: v averages squared gradients, so divide by sqrt(v̂) + eps.",
    words="m̂/(v̂ + eps)",
)
def adam_step__sqrt_missing(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return {"param": param - lr * m_hat / (v_hat + eps), "m": m, "v": v}


@misconception(
    zh="β₁ 和 β₂ 用反了：β₁ 属于 m（梯度），β₂ 属于 v（梯度的平方）。",
    en="β₁ and β₂ are swapped: β₁ belongs to m (gradient), β₂ to v (its square).",
    words="β₁ and β₂ swapped",
    words_zh="β₁ 与 β₂ 对调",
)
def adam_step__betas_swapped(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta2, beta1)
    return _adam_move(param, m, v, t, lr, beta2, beta1, eps)


@misconception(
    zh="v 累积的是梯度的平方 g²，不是绝对值 |g|。",
    en="v averages the squared gradient g², not |g|.",
    words="|g| in place of g² in v",
    words_zh="v 中用 |g| 代替 g²",
)
def adam_step__second_moment_not_squared(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad.abs()
    return _adam_move(param, m, v, t, lr, beta1, beta2, eps)


@misconception(
    zh="返回的 m、v 应是未修正的：修正后的值只用于这一步，存下来会在下一步被重复修正。",
    en="Return m and v uncorrected: m̂ and v̂ are for this step only, else the next corrects twice.",
    words="m̂ and v̂ returned as the state",
    words_zh="把 m̂、v̂ 当作状态返回",
)
def adam_step__corrected_moments_returned(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    moved = _adam_move(param, m, v, t, lr, beta1, beta2, eps)
    return {"param": moved["param"], "m": m / (1 - beta1**t), "v": v / (1 - beta2**t)}


@misconception(
    zh="decoupled=True 时衰减直接作用在参数上，不进入 m 和 v。",
    en="With decoupled=True the decay acts on the parameter and does not enter m and v.",
    words="AdamW computed as Adam + L2",
    words_zh="把 AdamW 算成了 Adam 加 L2",
)
def adam_step__decoupled_ignored(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, False)
    m, v = _moments(grad, m, v, beta1, beta2)
    return _adam_move(param, m, v, t, lr, beta1, beta2, eps)


@misconception(
    zh="decoupled=False 时是 L2：λθ 加进梯度，进入 m 和 v，参数本身不再缩小。",
    en="With decoupled=False it is L2: λθ joins the gradient and enters m and v.",
    words="AdamW also when decoupled is False",
    words_zh="decoupled=False 时也按 AdamW 计算",
)
def adam_step__always_decoupled(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    param, grad = _decayed(param, grad, lr, weight_decay, True)
    m, v = _moments(grad, m, v, beta1, beta2)
    return _adam_move(param, m, v, t, lr, beta1, beta2, eps)


@misconception(
    zh="衰减系数要乘学习率：θ(1-lr·λ)（nndl 式 7.64 没有乘）。",
    en="The decay is multiplied by lr: θ(1 - lr·λ) (nndl 7.64 does not).",
    words="decay not multiplied by lr",
    words_zh="衰减没有乘学习率",
)
def adam_step__decay_without_lr(
    param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled
):
    rate = 1.0 if decoupled else lr
    param, grad = _decayed(param, grad, rate, weight_decay, decoupled)
    m, v = _moments(grad, m, v, beta1, beta2)
    return _adam_move(param, m, v, t, lr, beta1, beta2, eps)


def _cosine(progress, top, bottom):
    """From `top` at 0 to `bottom` at 1."""
    return bottom + (top - bottom) * (1 + math.cos(math.pi * progress)) / 2


@misconception(
    zh="预热从 (step+1)/warmup_steps 开始：第 0 步的学习率不应为 0，否则白走一步。",
    en="Warm-up uses (step+1)/warmup_steps: the rate at step 0 is not 0, or the step is wasted.",
    words="base_lr·step/warmup_steps during the warm-up",
    words_zh="预热时用 base_lr·step/warmup_steps",
)
def lr_at__warmup_starts_at_zero(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine((step - warmup_steps) / (total_steps - warmup_steps), base_lr, min_lr)


@misconception(
    zh="余弦从预热结束处算起：进度是 (step-warmup)/(total-warmup)，不是 step/total。",
    en="The cosine begins where warm-up ends: the progress is (step-warmup)/(total-warmup).",
    words="cos(π·step/total_steps)",
)
def lr_at__cosine_ignores_warmup(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(step / total_steps, base_lr, min_lr)


@misconception(
    zh="漏了系数 1/2：1+cos 从 2 降到 0，要乘 1/2 才是从 1 到 0。",
    en="The factor 1/2 is missing: 1+cos falls from 2 to 0, and half of it from 1 to 0.",
    words="the cosine without 1/2",
    words_zh="余弦没有系数 1/2",
)
def lr_at__cosine_half_missing(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (base_lr - min_lr) * (1 + math.cos(math.pi * progress))


@misconception(
    zh="余弦的幅度是 base_lr-min_lr，你用了 base_lr，于是起点成了 base_lr+min_lr。",
    en="The cosine's height is base_lr - min_lr; with base_lr it begins at base_lr + min_lr.",
    words="min_lr + ½·base_lr·(1+cos)",
)
def lr_at__min_lr_not_subtracted(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + base_lr * (1 + math.cos(math.pi * progress)) / 2


@misconception(
    zh="预热之后应按余弦下降，你用的是直线。",
    en="After the warm-up the rate follows a cosine; yours is a straight line.",
    words="a linear decay",
    words_zh="线性衰减",
)
def lr_at__linear_decay(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return base_lr + (min_lr - base_lr) * progress


@misconception(
    zh="total_steps 之后学习率又升了上去：从那一步起一直是 min_lr。",
    en="After total_steps your rate rises again: from that step on it stays at min_lr.",
    words="the cosine continued after total_steps",
    words_zh="total_steps 之后继续按余弦计算",
)
def lr_at__rises_again_after_total(step, *, base_lr, total_steps, warmup_steps, min_lr):
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if total_steps == warmup_steps:
        return min_lr
    return _cosine((step - warmup_steps) / (total_steps - warmup_steps), base_lr, min_lr)


# Question 2: penalties and dropout


def _penalty(params, penalised, value_of, gradient_of):
    """The penalty of the parameters that `penalised` says, given that of one and its gradient."""
    value, grads = 0.0, {}
    for name, param in params.items():
        if penalised(name):
            value = value + value_of(param)
            grads[name] = gradient_of(param)
        else:
            grads[name] = torch.zeros_like(param)
    return {"value": value, "grads": grads}


def _is_weight(name):
    return name.startswith("W")


@misconception(
    zh="偏置不参与惩罚。",
    en="Biases are not penalised.",
    words="bias penalised",
    words_zh="惩罚了偏置",
)
def penalty__bias_penalised(params, l1, l2):
    return _penalty(
        params,
        lambda name: True,
        lambda W: l1 * W.abs().sum() + l2 / 2 * (W**2).sum(),
        lambda W: l1 * W.sign() + l2 * W,
    )


@misconception(
    zh="L2 惩罚带系数 1/2：value 中是 l2/2·‖W‖²（梯度才是 l2·W）。",
    en="The L2 penalty carries 1/2: l2/2·‖W‖² in the value (and l2·W in the gradient).",
    words="l2·‖W‖² without 1/2 in the value",
    words_zh="value 中的 l2·‖W‖² 没有 1/2",
)
def penalty__half_missing_in_value(params, l1, l2):
    return _penalty(
        params,
        _is_weight,
        lambda W: l1 * W.abs().sum() + l2 * (W**2).sum(),
        lambda W: l1 * W.sign() + l2 * W,
    )


@misconception(
    zh="L2 的梯度大了一倍：l2/2·‖W‖² 的梯度是 l2·W，不是 2·l2·W。",
    en="The L2 gradient is doubled: l2/2·‖W‖² has gradient l2·W, not 2·l2·W.",
    words="2·l2·W in the gradient",
    words_zh="梯度中的 2·l2·W",
)
def penalty__l2_gradient_doubled(params, l1, l2):
    return _penalty(
        params,
        _is_weight,
        lambda W: l1 * W.abs().sum() + l2 / 2 * (W**2).sum(),
        lambda W: l1 * W.sign() + 2 * l2 * W,
    )


@misconception(
    zh="value 中用的是范数 ‖W‖，应是平方 ‖W‖²。",
    en="The value has the norm ‖W‖; it takes the square ‖W‖².",
    words="‖W‖ in place of ‖W‖² in the value",
    words_zh="value 中用 ‖W‖ 代替 ‖W‖²",
)
def penalty__l2_norm_not_squared(params, l1, l2):
    return _penalty(
        params,
        _is_weight,
        lambda W: l1 * W.abs().sum() + l2 / 2 * (W**2).sum().sqrt(),
        lambda W: l1 * W.sign() + l2 * W,
    )


@misconception(
    zh="|w| 的导数是 sign(w)，不是 |w| 本身。",
    en="The derivative of |w| is sign(w), not |w| itself.",
    words="l1·|W| in the gradient",
    words_zh="梯度中的 l1·|W|",
)
def penalty__l1_gradient_is_abs(params, l1, l2):
    return _penalty(
        params,
        _is_weight,
        lambda W: l1 * W.abs().sum() + l2 / 2 * (W**2).sum(),
        lambda W: l1 * W.abs() + l2 * W,
    )


def _numbers(x, u, seed):
    """The uniform numbers that are given, or drawn."""
    if u is not None:
        return u
    return torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)).to(x.device)


@misconception(
    zh="训练时保留的单元要除以 1-drop_prob，否则期望值变小。",
    en="Kept units are divided by 1-drop_prob in training, otherwise the expectation shrinks.",
    words="not scaled by 1/(1-p)",
    words_zh="没有除以 1-p",
)
def dropout__not_scaled(x, drop_prob, *, training, u=None, seed=None):
    return x * (_numbers(x, u, seed) >= drop_prob) if training else x


@misconception(
    zh="这是早期的写法（测试时缩放）；本作业用反向 dropout：训练时除以 1-p，测试时不变。",
    en="This is the original form (scaling at test time); here training divides by 1-p and testing "
    "is the identity.",
    words="scaling at test time",
    words_zh="测试时缩放",
)
def dropout__scaled_at_test(x, drop_prob, *, training, u=None, seed=None):
    if not training:
        return x * (1 - drop_prob)
    return x * (_numbers(x, u, seed) >= drop_prob)


@misconception(
    zh="训练时已经除以 1-p，测试时就不要再乘 1-p：测试时原样返回 x。",
    en="Training has divided by 1-p already, so do not multiply at test time: return x as it is.",
    words="1/(1-p) in training and (1-p) again at test time",
    words_zh="训练时除以 1-p，测试时又乘 1-p",
)
def dropout__inverted_and_scaled_at_test(x, drop_prob, *, training, u=None, seed=None):
    if not training:
        return x * (1 - drop_prob)
    if drop_prob == 1:
        return torch.zeros_like(x)
    return x * (_numbers(x, u, seed) >= drop_prob) / (1 - drop_prob)


@misconception(
    zh="drop_prob 是丢弃概率，不是保留概率。",
    en="drop_prob is the probability to drop, not to keep.",
    words="p taken as the probability to keep",
    words_zh="把 p 当作保留概率",
)
def dropout__p_is_keep_probability(x, drop_prob, *, training, u=None, seed=None):
    if not training:
        return x
    if drop_prob == 0:
        return torch.zeros_like(x)
    return x * (_numbers(x, u, seed) < drop_prob) / drop_prob


@misconception(
    zh="除错了数：保留的概率是 1-drop_prob，应除以它，而不是除以 drop_prob。",
    en="The wrong divisor: units are kept with probability 1-drop_prob; divide by that.",
    words="kept units divided by p",
    words_zh="保留的单元除以了 p",
)
def dropout__scaled_by_p(x, drop_prob, *, training, u=None, seed=None):
    return x * (_numbers(x, u, seed) >= drop_prob) / drop_prob if training else x


@misconception(
    zh="掩码反了：u >= drop_prob 的单元保留，你保留了应当丢弃的。",
    en="The mask is inverted: units with u >= drop_prob are kept; you kept those to be dropped.",
    words="units with u < p kept",
    words_zh="保留了 u < p 的单元",
)
def dropout__mask_inverted(x, drop_prob, *, training, u=None, seed=None):
    if not training:
        return x
    if drop_prob == 1:
        return torch.zeros_like(x)
    return x * (_numbers(x, u, seed) < drop_prob) / (1 - drop_prob)


@misconception(
    zh="测试时仍在丢弃：training=False 时应原样返回 x。",
    en="Units are dropped at test time as well: with training=False return x as it is.",
    words="dropout also at test time",
    words_zh="测试时也丢弃",
)
def dropout__active_at_test(x, drop_prob, *, training, u=None, seed=None):
    if drop_prob == 1:
        return torch.zeros_like(x)
    return x * (_numbers(x, u, seed) >= drop_prob) / (1 - drop_prob)


@misconception(
    zh="方向反了：应除以 1-p 把保留的单元放大，你乘了 1-p。",
    en="The wrong way: divide by 1-p, which makes kept units larger; you multiplied.",
    words="kept units multiplied by 1-p",
    words_zh="保留的单元乘了 1-p",
)
def dropout__multiplied_by_keep(x, drop_prob, *, training, u=None, seed=None):
    return x * (_numbers(x, u, seed) >= drop_prob) * (1 - drop_prob) if training else x


@misconception(
    zh="drop_prob=1 时出现 0/0：全部丢弃，结果应是 0。",
    en="0/0 at drop_prob=1: everything is dropped and the result is 0.",
    words="0/0 at drop_prob = 1",
    words_zh="drop_prob = 1 时的 0/0",
)
def dropout__nan_at_p_1(x, drop_prob, *, training, u=None, seed=None):
    return x * (_numbers(x, u, seed) >= drop_prob) / (1 - drop_prob) if training else x


@misconception(
    zh="这是 nndl 式 7.65 的写法（p 是保留概率，测试时乘 p）；本作业中 drop_prob 是丢弃概率，"
    "训练时除以 1-drop_prob，测试时不变。",
    en="This is nndl 7.65 (p = probability to keep, output times p at test time); here drop_prob is "
    "the probability to drop, training divides by 1-drop_prob and testing is the identity.",
    words="dropout of the textbook nndl",
    words_zh="教材 nndl 的丢弃法",
)
def dropout__nndl_form(x, drop_prob, *, training, u=None, seed=None):
    return x * (_numbers(x, u, seed) < drop_prob) if training else x * drop_prob


# Question 3: batch normalisation


def _axes(x):
    return [axis for axis in range(x.dim()) if axis != 1]


def _per_channel(statistic, x):
    return statistic.reshape(1, -1, *[1] * (x.dim() - 2))


def _statistics(x):
    """Mean, biased and unbiased variance of every channel."""
    count = x.numel() // x.shape[1]
    mean = x.mean(dim=_axes(x))
    var = ((x - _per_channel(mean, x)) ** 2).mean(dim=_axes(x))
    return mean, var, var * count / (count - 1)


def _mixed(old, new, momentum):
    return (1 - momentum) * old + momentum * new


def _scaled(x, gamma, beta, mean, std):
    """Normalised by statistics of the channels, scaled and shifted."""
    x_hat = (x - _per_channel(mean, x)) / _per_channel(std, x)
    return _per_channel(gamma, x) * x_hat + _per_channel(beta, x)


def _tested(x, gamma, beta, running_mean, running_var, eps):
    """The right result in test mode."""
    out = _scaled(x, gamma, beta, running_mean, (running_var + eps).sqrt())
    return {"out": out, "running_mean": running_mean, "running_var": running_var}


@misconception(
    zh="归一化用有偏方差（除以 n），但滑动方差要用无偏方差（除以 n-1）。",
    en="Normalise with the biased variance, but the running variance takes the unbiased one (n-1).",
    words="biased running variance",
    words_zh="滑动方差用了有偏方差",
)
def batchnorm_forward__running_var_biased(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean, var, _ = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, (var + eps).sqrt()),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, var, momentum),
    }


@misconception(
    zh="归一化用有偏方差（除以 n）；无偏方差只用于更新滑动方差。torch.var 默认是无偏的。",
    en="Normalise with the biased variance (over n); only the running variance is unbiased. "
    "torch.var is unbiased by default.",
    words="normalisation with the unbiased variance",
    words_zh="用无偏方差归一化",
)
def batchnorm_forward__unbiased_normalisation(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean, _, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, (unbiased + eps).sqrt()),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="momentum 乘在新统计量上：run=(1-m)·run+m·batch。",
    en="momentum multiplies the new statistic: run = (1-m)·run + m·batch.",
    words="momentum on the wrong term",
    words_zh="momentum 乘在旧统计量上",
)
def batchnorm_forward__momentum_swapped(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean, var, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, (var + eps).sqrt()),
        "running_mean": _mixed(mean, running_mean, momentum),
        "running_var": _mixed(unbiased, running_var, momentum),
    }


@misconception(
    zh="eps 要加在开方之前：sqrt(var+eps)（与 Adam 不同）。",
    en="eps is added before the root: sqrt(var + eps), unlike in Adam.",
    words="sqrt(var) + eps",
)
def batchnorm_forward__eps_outside_sqrt(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        out = _scaled(x, gamma, beta, running_mean, running_var.sqrt() + eps)
        return {"out": out, "running_mean": running_mean, "running_var": running_var}
    mean, var, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, var.sqrt() + eps),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="测试时应使用滑动均值和方差，而不是当前批次的。",
    en="At test time use the running statistics, not those of the batch.",
    words="batch statistics at test time",
    words_zh="测试时用了批次的统计量",
)
def batchnorm_forward__batch_stats_at_test(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    mean, var, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, (var + eps).sqrt()),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="测试时滑动统计量不应更新：training=False 时原样返回。",
    en="Running statistics stay as they are at test time: return them unchanged.",
    words="running statistics updated at test time",
    words_zh="测试时更新了滑动统计量",
)
def batchnorm_forward__running_stats_updated_at_test(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    mean, var, unbiased = _statistics(x)
    out = _scaled(x, gamma, beta, mean, (var + eps).sqrt())
    if not training:
        out = _scaled(x, gamma, beta, running_mean, (running_var + eps).sqrt())
    return {
        "out": out,
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="训练时应使用当前批次的均值和方差归一化，滑动统计量只在测试时用。",
    en="Training normalises with the statistics of the batch; running ones are for test time.",
    words="running statistics used in training",
    words_zh="训练时用滑动统计量归一化",
)
def batchnorm_forward__running_stats_used_in_training(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    tested = _tested(x, gamma, beta, running_mean, running_var, eps)
    if not training:
        return tested
    mean, _, unbiased = _statistics(x)
    return {
        "out": tested["out"],
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="running_var 存的是方差，你存了标准差。",
    en="running_var keeps variances; you kept standard deviations.",
    words="standard deviations in running_var",
    words_zh="running_var 中存了标准差",
)
def batchnorm_forward__running_std_kept(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean, var, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, (var + eps).sqrt()),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased.sqrt(), momentum),
    }


@misconception(
    zh="在每个样本内部归一化是层归一化；批量归一化对每个通道在整个批次上求均值和方差。",
    en="Normalising within each example is layer norm; batch norm takes each channel over the "
    "whole batch.",
    words="normalisation over the features (layer norm)",
    words_zh="在特征上归一化（层归一化）",
)
def batchnorm_forward__normalised_over_features(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean, _, unbiased = _statistics(x)
    within = list(range(1, x.dim()))
    centred = x - x.mean(dim=within, keepdim=True)
    x_hat = centred / ((centred**2).mean(dim=within, keepdim=True) + eps).sqrt()
    return {
        "out": _per_channel(gamma, x) * x_hat + _per_channel(beta, x),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


@misconception(
    zh="图像的每个通道要把样本和所有位置（N、H、W）放在一起统计，你只对 N 求了平均。",
    en="For images the statistics of a channel run over examples and positions (N, H, W); yours "
    "run over N only.",
    words="statistics of images over N only",
    words_zh="图像只对 N 求统计量",
)
def batchnorm_forward__spatial_not_pooled(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        return _tested(x, gamma, beta, running_mean, running_var, eps)
    mean = x.mean(dim=0, keepdim=True)
    var = ((x - mean) ** 2).mean(dim=0, keepdim=True)
    x_hat = (x - mean) / (var + eps).sqrt()
    unbiased = var * len(x) / (len(x) - 1)
    return {
        "out": _per_channel(gamma, x) * x_hat + _per_channel(beta, x),
        "running_mean": _mixed(running_mean, mean.mean(dim=_axes(x)), momentum),
        "running_var": _mixed(running_var, unbiased.mean(dim=_axes(x)), momentum),
    }


@misconception(
    zh="漏了最后一步：归一化之后还要乘 gamma、加 beta。",
    en="The last step is missing: multiply by gamma and add beta after normalising.",
    words="no gamma and no beta",
    words_zh="没有 gamma 和 beta",
)
def batchnorm_forward__gamma_beta_forgotten(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    mean, var = running_mean, running_var
    if training:
        mean, var, unbiased = _statistics(x)
        running_mean = _mixed(running_mean, mean, momentum)
        running_var = _mixed(running_var, unbiased, momentum)
    out = (x - _per_channel(mean, x)) / _per_channel((var + eps).sqrt(), x)
    return {"out": out, "running_mean": running_mean, "running_var": running_var}


@misconception(
    zh="应除以标准差 sqrt(var+eps)，你漏了开方，除以了方差。",
    en="Divide by the standard deviation sqrt(var + eps); without the root it is the variance.",
    words="division by the variance",
    words_zh="除以了方差",
)
def batchnorm_forward__divided_by_variance(
    x, gamma, beta, running_mean, running_var, *, momentum, eps, training
):
    if not training:
        out = _scaled(x, gamma, beta, running_mean, running_var + eps)
        return {"out": out, "running_mean": running_mean, "running_var": running_var}
    mean, var, unbiased = _statistics(x)
    return {
        "out": _scaled(x, gamma, beta, mean, var + eps),
        "running_mean": _mixed(running_mean, mean, momentum),
        "running_var": _mixed(running_var, unbiased, momentum),
    }


def _normalised(x, eps, axes):
    """x̂ and the standard deviation, axes kept."""
    centred = x - x.mean(dim=axes, keepdim=True)
    std = ((centred**2).mean(dim=axes, keepdim=True) + eps).sqrt()
    return centred / std, std


def _parameter_gradients(dout, x_hat):
    axes = _axes(x_hat)
    return {"dgamma": (dout * x_hat).sum(dim=axes), "dbeta": dout.sum(dim=axes)}


def _input_gradient(g, x_hat, std, axes):
    """The gradient of x by all three ways; `g` has gamma in it."""
    through_mean = g.mean(dim=axes, keepdim=True)
    through_std = x_hat * (g * x_hat).mean(dim=axes, keepdim=True)
    return (g - through_mean - through_std) / std


@misconception(
    zh="均值和方差也依赖 x，漏了经过它们的两条梯度路径。",
    en="Mean and variance depend on x too: the two gradient paths through them are missing.",
    words="mean and variance treated as constants",
    words_zh="把均值和方差当作常数",
)
def batchnorm_backward__statistics_treated_as_constant(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    dx = dout * _per_channel(gamma, x) / std
    return {"dx": dx, **_parameter_gradients(dout, x_hat)}


@misconception(
    zh="漏了经过均值的路径：dx 里还要减去 g 的平均（dx 在每个通道内之和应为 0）。",
    en="The path through the mean is missing: subtract mean(g) (dx sums to 0 in every channel).",
    words="no path through the mean",
    words_zh="没有经过均值的路径",
)
def batchnorm_backward__mean_path_missing(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    g = dout * _per_channel(gamma, x)
    dx = (g - x_hat * (g * x_hat).mean(dim=_axes(x), keepdim=True)) / std
    return {"dx": dx, **_parameter_gradients(dout, x_hat)}


@misconception(
    zh="漏了经过方差的路径：dx 里还要减去 x̂·mean(g·x̂)。",
    en="The path through the variance is missing: subtract x̂·mean(g·x̂).",
    words="no path through the variance",
    words_zh="没有经过方差的路径",
)
def batchnorm_backward__variance_path_missing(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    g = dout * _per_channel(gamma, x)
    dx = (g - g.mean(dim=_axes(x), keepdim=True)) / std
    return {"dx": dx, **_parameter_gradients(dout, x_hat)}


@misconception(
    zh="dx 漏乘了 gamma：先令 g=γ·dout，再代入公式。",
    en="gamma is missing in dx: start from g = γ·dout.",
    words="dx without gamma",
    words_zh="dx 没有乘 gamma",
)
def batchnorm_backward__gamma_missing(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    return {
        "dx": _input_gradient(dout, x_hat, std, _axes(x)),
        **_parameter_gradients(dout, x_hat),
    }


@misconception(
    zh="gamma 乘的是归一化之后的 x̂，所以 dgamma=Σ dout·x̂，不是 Σ dout·x。",
    en="gamma multiplies the normalised x̂, so dgamma = Σ dout·x̂ and not Σ dout·x.",
    words="Σ dout·x in dgamma",
    words_zh="dgamma 中用 Σ dout·x",
)
def batchnorm_backward__dgamma_with_raw_x(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    dx = _input_gradient(dout * _per_channel(gamma, x), x_hat, std, _axes(x))
    return {"dx": dx, **_parameter_gradients(dout, x)}


@misconception(
    zh="dgamma 和 dbeta 是求和，不是求平均：上游梯度里已经有了损失的 1/N。",
    en="dgamma and dbeta are sums, not means: the loss's 1/N is in the upstream gradient already.",
    words="means in place of sums in dgamma and dbeta",
    words_zh="dgamma、dbeta 用平均代替求和",
)
def batchnorm_backward__dgamma_mean(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    return {
        "dx": _input_gradient(dout * _per_channel(gamma, x), x_hat, std, _axes(x)),
        "dgamma": (dout * x_hat).mean(dim=_axes(x)),
        "dbeta": dout.mean(dim=_axes(x)),
    }


@misconception(
    zh="图像的每个通道要对 N、H、W 一起求和，你只对 N 求了和；dgamma、dbeta 的形状是 (C,)。",
    en="For images the sums of a channel run over N, H and W; yours run over N only. dgamma and "
    "dbeta have shape (C,).",
    words="sums over N only",
    words_zh="只对 N 求和",
)
def batchnorm_backward__sum_over_batch_only(dout, x, gamma, eps):
    x_hat, std = _normalised(x, eps, _axes(x))
    return {
        "dx": _input_gradient(dout * _per_channel(gamma, x), x_hat, std, [0]),
        "dgamma": (dout * x_hat).sum(dim=0),
        "dbeta": dout.sum(dim=0),
    }


@misconception(
    zh="前向用有偏方差（除以 n）归一化，反向也要用它；你用了 n-1 的方差。",
    en="The forward pass normalises with the variance over n, and so must the backward pass; "
    "yours used n-1.",
    words="the gradient for the n-1 variance",
    words_zh="n-1 方差的梯度",
)
def batchnorm_backward__unbiased_variance(dout, x, gamma, eps):
    axes, count = _axes(x), x.numel() // x.shape[1]
    centred = x - x.mean(dim=axes, keepdim=True)
    std = ((centred**2).sum(dim=axes, keepdim=True) / (count - 1) + eps).sqrt()
    x_hat, g = centred / std, dout * _per_channel(gamma, x)
    through_std = x_hat * (g * x_hat).sum(dim=axes, keepdim=True) / (count - 1)
    dx = (g - g.mean(dim=axes, keepdim=True) - through_std) / std
    return {"dx": dx, **_parameter_gradients(dout, x_hat)}


# Question 4: label smoothing and early stopping


def _smoothed(logits, y, on_label, elsewhere):
    """Cross-entropy with these targets."""
    log_p = torch.log_softmax(logits, dim=1)
    targets = torch.full_like(log_p, elsewhere).scatter(1, y.unsqueeze(1), on_label)
    return -(targets * log_p).sum(dim=1).mean()


@misconception(
    zh="这是 PyTorch 的定义；教材的定义是其它 K-1 类各占 ε/(K-1)。",
    en="This is PyTorch's definition; here the other K-1 classes share ε equally, ε/(K-1).",
    words="ε/K mixture (PyTorch form)",
    words_zh="ε/K 的混合（PyTorch 的写法）",
)
def label_smoothing_loss__eps_over_K_mixture(logits, y, epsilon):
    share = epsilon / logits.shape[1]
    return _smoothed(logits, y, 1 - epsilon + share, share)


@misconception(
    zh="其它每一类都给了 ε，目标之和超过 1：ε 要平分给 K-1 类。",
    en="Every other class got ε, so the targets add up to more than 1: share ε among K-1 classes.",
    words="ε on every other class",
    words_zh="其它每一类都是 ε",
)
def label_smoothing_loss__not_normalised(logits, y, epsilon):
    return _smoothed(logits, y, 1 - epsilon, epsilon)


@misconception(
    zh="其它类别有 K-1 个，应各占 ε/(K-1)；用 ε/K 时目标之和不到 1。",
    en="There are K-1 other classes, ε/(K-1) each; with ε/K the targets add up to less than 1.",
    words="ε/K off the label and 1-ε on it",
    words_zh="标签上 1-ε，其它类 ε/K",
)
def label_smoothing_loss__eps_over_K_off_label(logits, y, epsilon):
    return _smoothed(logits, y, 1 - epsilon, epsilon / logits.shape[1])


@misconception(
    zh="没有用到 epsilon：这是普通的交叉熵。",
    en="epsilon is not used: this is the ordinary cross-entropy.",
    words="no smoothing",
    words_zh="没有平滑",
)
def label_smoothing_loss__smoothing_ignored(logits, y, epsilon):
    return _smoothed(logits, y, 1.0, 0.0)


@misconception(
    zh="ε 和 1-ε 放反了：正确类别的目标是 1-ε，其它类平分 ε。",
    en="ε and 1-ε are swapped: the label gets 1-ε, and the others share ε.",
    words="ε on the label and 1-ε shared by the others",
    words_zh="标签上 ε，其它类平分 1-ε",
)
def label_smoothing_loss__roles_swapped(logits, y, epsilon):
    return _smoothed(logits, y, epsilon, (1 - epsilon) / (logits.shape[1] - 1))


@misconception(
    zh="连续 patience 个轮次没有改进就停止，你多等了一轮。",
    en="Stop after exactly `patience` epochs without improvement; you waited one more.",
    words="patience off by one",
    words_zh="多等了一轮",
)
def early_stopping__patience_off_by_one(val_losses, patience, min_delta):
    best, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch, wait = loss, epoch, 0
        else:
            wait += 1
        if wait > patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}


@misconception(
    zh="没有用到 min_delta：只有 loss < best - min_delta 才算改进。",
    en="min_delta is not used: only loss < best - min_delta counts as an improvement.",
    words="min_delta ignored",
    words_zh="忽略了 min_delta",
)
def early_stopping__min_delta_ignored(val_losses, patience, min_delta):
    best, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch, wait = loss, epoch, 0
        else:
            wait += 1
        if wait == patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}


@misconception(
    zh="应与到目前为止最好的损失比较，你与上一轮的损失比较了。",
    en="Compare with the best loss so far; you compared with the epoch before.",
    words="comparison with the epoch before",
    words_zh="与上一轮的损失比较",
)
def early_stopping__compares_with_previous(val_losses, patience, min_delta):
    previous, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < previous - min_delta:
            best_epoch, wait = epoch, 0
        else:
            wait += 1
        previous = loss
        if wait == patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}


@misconception(
    zh="有改进时要把计数清零：patience 数的是连续没有改进的轮次。",
    en="Reset the count when an epoch improves: patience counts epochs in a row.",
    words="a count that is never reset",
    words_zh="计数从不清零",
)
def early_stopping__wait_never_reset(val_losses, patience, min_delta):
    best, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        else:
            wait += 1
        if wait == patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}


@misconception(
    zh="best_epoch 是损失最好的那一轮，不是停下的那一轮。",
    en="best_epoch is the epoch with the best loss, not the one at which training stops.",
    words="the last epoch returned as the best",
    words_zh="把最后一轮当作最好的一轮",
)
def early_stopping__returns_last_as_best(val_losses, patience, min_delta):
    best, wait = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, wait = loss, 0
        else:
            wait += 1
        if wait == patience:
            return {"best_epoch": epoch, "stop_epoch": epoch}
    return {"best_epoch": len(val_losses) - 1, "stop_epoch": len(val_losses) - 1}


@misconception(
    zh="恰好等于 best - min_delta 不算改进：要用 <，不是 <=。",
    en="Being equal to best - min_delta is no improvement: use <, not <=.",
    words="<= in place of <",
    words_zh="用 <= 代替 <",
)
def early_stopping__not_strict(val_losses, patience, min_delta):
    best, best_epoch, wait = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss <= best - min_delta:
            best, best_epoch, wait = loss, epoch, 0
        else:
            wait += 1
        if wait == patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}
