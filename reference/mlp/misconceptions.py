"""What goes wrong in assignment mlp: one plain mistake per variant, with the sentence that names it.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does. The helpers stand on library functions alone, so
that a variant is the same in every notebook.
"""

import torch

from grader.catalogue import misconception

# Question 1: the linear layer


@misconception(
    zh="缺少偏置 b：线性层是 x @ W + b。",
    en="The bias b is missing: a linear layer is x @ W + b.",
    words="the layer without its bias",
    words_zh="没有偏置的线性层",
)
def linear_forward__bias_missing(x, W, b):
    return x @ W


@misconception(
    zh="本课程的 W 形状是 (输入, 输出)，不需要转置（nn.Linear 才是 (输出, 输入)）。",
    en="In this course W is (in, out): no transpose (nn.Linear stores (out, in)).",
    words="weights stored as (out, in)",
    words_zh="按 (输出, 输入) 存放的权重",
)
def linear_forward__weight_transposed(x, W, b):
    return x @ W.T + b


@misconception(
    zh="偏置 b 加了两次。",
    en="The bias b was added twice.",
    words="the bias added twice",
    words_zh="偏置加了两次",
)
def linear_forward__bias_doubled(x, W, b):
    return x @ W + 2 * b


@misconception(
    zh="db 应对批次求和：平均已经包含在上游梯度里。",
    en="db is a sum over the batch: the averaging is already in the upstream gradient.",
    words="db averaged over the batch",
    words_zh="对批次求平均的 db",
)
def linear_backward__db_mean(dout, x, W):
    return {"dx": dout @ W.T, "dW": x.T @ dout, "db": dout.mean(dim=0)}


@misconception(
    zh="dW 不应除以 N：平均已经包含在上游梯度里。",
    en="dW is not divided by N: the averaging is already in the upstream gradient.",
    words="dW divided by the batch size",
    words_zh="除以了批次大小的 dW",
)
def linear_backward__dW_divided_by_N(dout, x, W):
    return {"dx": dout @ W.T, "dW": x.T @ dout / len(x), "db": dout.sum(dim=0)}


@misconception(
    zh="dW 转置了：它的形状必须与 W 相同，即 xᵀ dout。",
    en="dW is transposed: it has the shape of W, xᵀ dout.",
    words="dW transposed",
    words_zh="转置了的 dW",
)
def linear_backward__dW_transposed(dout, x, W):
    return {"dx": dout @ W.T, "dW": dout.T @ x, "db": dout.sum(dim=0)}


@misconception(
    zh="dx 漏了转置：它的形状必须与 x 相同，即 dout Wᵀ。",
    en="A transpose is missing in dx: it has the shape of x, dout Wᵀ.",
    words="dx = dout @ W, without the transpose",
    words_zh="没有转置的 dx = dout @ W",
)
def linear_backward__dx_without_transpose(dout, x, W):
    return {"dx": dout @ W, "dW": x.T @ dout, "db": dout.sum(dim=0)}


@misconception(
    zh="db 的形状应是 (M,)，与 b 相同：求和时不要用 keepdim=True。",
    en="db has the shape (M,) of b: sum without keepdim=True.",
    words="db of shape (1, M)",
    words_zh="形状为 (1, M) 的 db",
)
def linear_backward__db_keepdim(dout, x, W):
    return {"dx": dout @ W.T, "dW": x.T @ dout, "db": dout.sum(dim=0, keepdim=True)}


# Question 2: activations


def _activated(z, kind, slope=0.01):
    """The right activation, for any slope of the leaky ReLU."""
    if kind == "relu":
        return z.clamp(min=0)
    if kind == "leaky_relu":
        return torch.where(z > 0, z, slope * z)
    return torch.sigmoid(z) if kind == "sigmoid" else torch.tanh(z)


def _slope(z, kind):
    """The right derivative at z."""
    if kind == "relu":
        return (z > 0).to(z.dtype)
    if kind == "leaky_relu":
        return torch.where(z > 0, torch.ones_like(z), 0.01)
    a = _activated(z, kind)
    return a * (1 - a) if kind == "sigmoid" else 1 - a**2


@misconception(
    zh="z 很大时 exp(z) 溢出得到 NaN，请按 z 的正负分别计算。",
    en="exp(z) overflows for large z: treat positive and negative z separately.",
    words="exp(z)/(1+exp(z)), which overflows",
    words_zh="会溢出的 exp(z)/(1+exp(z))",
)
def activation__sigmoid_overflow(z, kind):
    if kind == "sigmoid":
        return z.exp() / (1 + z.exp())
    return _activated(z, kind)


@misconception(
    zh="leaky ReLU 负半轴的斜率是 0.01，不是 0.1。",
    en="The leaky ReLU has the slope 0.01 for negative z, not 0.1.",
    words="a leaky ReLU of slope 0.1",
    words_zh="斜率为 0.1 的 leaky ReLU",
)
def activation__leaky_slope_0p1(z, kind):
    return _activated(z, kind, slope=0.1)


@misconception(
    zh="leaky ReLU 在 z<0 时是 0.01·z，不是 0。",
    en="For z < 0 the leaky ReLU is 0.01·z, not 0.",
    words="a plain ReLU in place of the leaky one",
    words_zh="用 ReLU 代替 leaky ReLU",
)
def activation__leaky_is_relu(z, kind):
    return _activated(z, "relu" if kind == "leaky_relu" else kind)


@misconception(
    zh="ReLU 是 max(z, 0)，负数变成 0，不是取绝对值。",
    en="The ReLU is max(z, 0): negative values become 0, not positive.",
    words="|z| in place of the ReLU",
    words_zh="用绝对值代替 ReLU",
)
def activation__relu_abs(z, kind):
    return z.abs() if kind == "relu" else _activated(z, kind)


@misconception(
    zh="sigmoid 的指数符号反了：应为 1/(1+exp(-z))，z 越大值越大。",
    en="The sign in the sigmoid is flipped: it is 1/(1+exp(-z)) and increases with z.",
    words="sigmoid(-z)",
    words_zh="sigmoid(-z)",
)
def activation__sigmoid_sign(z, kind):
    return _activated(-z if kind == "sigmoid" else z, kind)


@misconception(
    zh="tanh 与 sigmoid 不同：它的值域是 (-1, 1)，等于 2σ(2z)-1。",
    en="tanh is not the sigmoid: it takes values in (-1, 1) and equals 2σ(2z) - 1.",
    words="the sigmoid in place of tanh",
    words_zh="用 sigmoid 代替 tanh",
)
def activation__tanh_is_sigmoid(z, kind):
    return _activated(z, "sigmoid" if kind == "tanh" else kind)


@misconception(
    zh="约定 ReLU 在 0 处的导数为 0，条件应为 z>0。",
    en="By convention the ReLU derivative at 0 is 0: use z > 0.",
    words="a ReLU derivative of 1 at 0",
    words_zh="在 0 处导数为 1 的 ReLU",
)
def activation_grad__relu_grad_at_zero_is_one(z, kind):
    return (z >= 0).to(z.dtype) if kind == "relu" else _slope(z, kind)


@misconception(
    zh="s(1-s)、1-a² 中的变量是激活值，不是净输入 z。",
    en="In s(1-s) and 1-a² the variable is the activation, not the pre-activation z.",
    words="s(1-s) and 1-a² with z for s and a",
    words_zh="把 z 当作激活值代入 s(1-s) 和 1-a²",
)
def activation_grad__derivative_formula_on_preactivation(z, kind):
    if kind == "sigmoid":
        return z * (1 - z)
    return 1 - z**2 if kind == "tanh" else _slope(z, kind)


@misconception(
    zh="tanh 的导数是 1 - tanh²z，漏了平方。",
    en="The derivative of tanh is 1 - tanh²z: the square is missing.",
    words="1 - tanh z",
    words_zh="1 - tanh z",
)
def activation_grad__tanh_grad_1_minus_a(z, kind):
    return 1 - torch.tanh(z) if kind == "tanh" else _slope(z, kind)


@misconception(
    zh="你返回的是 σ(z) 本身，它的导数是 σ(z)(1-σ(z))。",
    en="You returned σ(z) itself; its derivative is σ(z)(1-σ(z)).",
    words="the sigmoid in place of its derivative",
    words_zh="用 sigmoid 代替它的导数",
)
def activation_grad__sigmoid_grad_is_sigmoid(z, kind):
    return _activated(z, kind) if kind == "sigmoid" else _slope(z, kind)


@misconception(
    zh="leaky ReLU 在 z≤0 时的导数是 0.01，不是 0。",
    en="For z ≤ 0 the derivative of the leaky ReLU is 0.01, not 0.",
    words="0 as the slope of the leaky ReLU for negative z",
    words_zh="负半轴斜率为 0 的 leaky ReLU",
)
def activation_grad__leaky_negative_zero(z, kind):
    return _slope(z, "relu" if kind == "leaky_relu" else kind)


@misconception(
    zh="你返回的是激活值 f(z)，这里要的是导数 f'(z)。",
    en="You returned the activation f(z); the derivative f'(z) is asked for.",
    words="the activation in place of its derivative",
    words_zh="用激活值代替导数",
)
def activation_grad__returns_activation(z, kind):
    return _activated(z, kind)


# Question 3: softmax and cross-entropy


def _entropy(log_p, y):
    """Mean cross-entropy from log-probabilities."""
    return -log_p.gather(1, y.unsqueeze(1)).mean()


def _onehot(y, like):
    return torch.nn.functional.one_hot(y, like.shape[1]).to(like.dtype)


def _error(logits, y):
    """What the gradient with respect to the logits is."""
    return (torch.softmax(logits, dim=1) - _onehot(y, logits)) / len(y)


@misconception(
    zh="loss 是批次平均，dlogits 需要除以 N。",
    en="The loss is a batch mean, so dlogits must be divided by N.",
    words="dlogits not divided by N",
    words_zh="没有除以 N 的 dlogits",
)
def softmax_cross_entropy__dlogits_not_divided_by_N(logits, y):
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return {"loss": loss, "dlogits": torch.softmax(logits, dim=1) - _onehot(y, logits)}


@misconception(
    zh="损失和梯度都大了 N 倍：交叉熵对样本求平均，不是求和。",
    en="Loss and gradient are both too large by N: the cross-entropy averages over the examples.",
    words="loss and gradient summed over the batch",
    words_zh="对批次求和的损失和梯度",
)
def softmax_cross_entropy__loss_and_grad_summed(logits, y):
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return {"loss": loss * len(y), "dlogits": _error(logits, y) * len(y)}


@misconception(
    zh="梯度符号相反：应为 softmax 概率减去 one-hot 标签。",
    en="The sign of the gradient is flipped: it is the softmax minus the one-hot label.",
    words="one-hot minus softmax",
    words_zh="one-hot 减 softmax",
)
def softmax_cross_entropy__sign_flipped(logits, y):
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return {"loss": loss, "dlogits": -_error(logits, y)}


@misconception(
    zh="softmax 在样本维上做了归一化，应当在类别维（dim=1）上。",
    en="The softmax was normalised over the batch axis; it belongs on the class axis (dim=1).",
    words="softmax over the batch axis",
    words_zh="在样本维上的 softmax",
)
def softmax_cross_entropy__softmax_wrong_axis(logits, y):
    log_p = torch.log_softmax(logits, dim=0)
    return {"loss": _entropy(log_p, y), "dlogits": (log_p.exp() - _onehot(y, logits)) / len(y)}


@misconception(
    zh="梯度里漏减了 one-hot 标签：正确类别处是 p-1。",
    en="The one-hot label was not subtracted: at the right class the gradient is p - 1.",
    words="the softmax divided by N, without the label",
    words_zh="没有减去标签的 softmax",
)
def softmax_cross_entropy__onehot_not_subtracted(logits, y):
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return {"loss": loss, "dlogits": torch.softmax(logits, dim=1) / len(y)}


@misconception(
    zh="logits 较大时 exp 溢出为 inf/NaN：先减去每行的最大值。",
    en="exp overflows for large logits: subtract each row's maximum first.",
    words="exp without shift",
    words_zh="没有平移就取 exp",
)
def softmax_cross_entropy__overflow_no_shift(logits, y):
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return {"loss": _entropy(p.log(), y), "dlogits": (p - _onehot(y, logits)) / len(y)}


@misconception(
    zh="softmax 下溢为 0 后取对数得到 -inf：请直接计算 z-logsumexp(z)。",
    en="The softmax underflows to 0 and its log is -inf: compute z - logsumexp(z).",
    words="the log of an underflowed softmax",
    words_zh="对下溢的 softmax 取对数",
)
def softmax_cross_entropy__log_of_underflowed_softmax(logits, y):
    p = torch.softmax(logits, dim=1)
    return {"loss": _entropy(p.log(), y), "dlogits": (p - _onehot(y, logits)) / len(y)}


@misconception(
    zh="one-hot 乘积取平均时多除了类别数 K：先对类别求和，再对样本求平均。",
    en="Averaging the one-hot product also divides by K: sum over classes, then average over "
    "examples.",
    words="a loss averaged over N·K entries",
    words_zh="对 N·K 个元素取平均的损失",
)
def softmax_cross_entropy__mean_over_NK(logits, y):
    log_p = torch.log_softmax(logits, dim=1)
    return {"loss": -(_onehot(y, logits) * log_p).mean(), "dlogits": _error(logits, y)}


@misconception(
    zh="其它类别的梯度是 p_k，不是 0。",
    en="The other classes have gradient p_k, not 0.",
    words="the gradient only at the label",
    words_zh="只在标签处有梯度",
)
def softmax_cross_entropy__only_label_entries(logits, y):
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return {"loss": loss, "dlogits": _error(logits, y) * _onehot(y, logits)}


# Question 5: forward propagation


def _run(params, x, kind):
    """The inputs of all layers and their pre-activations."""
    inputs, z = [x], []
    for k in range(1, len(params) // 2 + 1):
        z.append(inputs[-1] @ params[f"W{k}"] + params[f"b{k}"])
        inputs.append(_activated(z[-1], kind))
    return inputs[:-1], z


@misconception(
    zh="输出层应是线性的，不再加激活函数。",
    en="The output layer is linear: no activation after it.",
    words="an activation after the last layer",
    words_zh="输出层之后的激活函数",
)
def mlp_forward__activation_on_output(params, x, activation_name):
    inputs, z = _run(params, x, activation_name)
    return {"logits": _activated(z[-1], activation_name), "hidden": inputs[1:]}


@misconception(
    zh="缺少偏置 b。",
    en="The bias is missing.",
    words="layers without biases",
    words_zh="没有偏置的网络",
)
def mlp_forward__bias_missing(params, x, activation_name):
    unbiased = {k: v if k[0] == "W" else torch.zeros_like(v) for k, v in params.items()}
    inputs, z = _run(unbiased, x, activation_name)
    return {"logits": z[-1], "hidden": inputs[1:]}


@misconception(
    zh="层与层之间没有激活函数：这样整个网络只是一个线性变换。",
    en="There is no activation between the layers: the whole network is one linear map.",
    words="no nonlinearity between the layers",
    words_zh="层间没有非线性",
)
def mlp_forward__no_nonlinearity(params, x, activation_name):
    hidden = [x]
    for k in range(1, len(params) // 2 + 1):
        hidden.append(hidden[-1] @ params[f"W{k}"] + params[f"b{k}"])
    return {"logits": hidden[-1], "hidden": hidden[1:-1]}


@misconception(
    zh="hidden 里存的是净输入 z，应当存激活之后的 h = f(z)。",
    en="hidden holds the pre-activations z; it should hold h = f(z).",
    words="pre-activations in hidden",
    words_zh="在 hidden 中存放净输入",
)
def mlp_forward__hidden_is_preactivation(params, x, activation_name):
    _, z = _run(params, x, activation_name)
    return {"logits": z[-1], "hidden": z[:-1]}


@misconception(
    zh="logits 是 softmax 之前的得分：softmax 留给损失函数去做。",
    en="Logits are the scores before the softmax, which is left to the loss.",
    words="softmax probabilities in place of logits",
    words_zh="用 softmax 概率代替 logits",
)
def mlp_forward__softmax_on_output(params, x, activation_name):
    inputs, z = _run(params, x, activation_name)
    return {"logits": torch.softmax(z[-1], dim=1), "hidden": inputs[1:]}


# Question 6: backpropagation


def _chain(params, left, delta, slopes):
    """Gradients without penalty.

    `left` multiplies the error of each layer from the left, `slopes` carry it through the hidden
    layers; both are right ones or a mistake.
    """
    grads = {}
    for k in range(len(left), 0, -1):
        grads[f"W{k}"], grads[f"b{k}"] = left[k - 1].T @ delta, delta.sum(dim=0)
        if k > 1:
            delta = delta @ params[f"W{k}"].T * slopes[k - 2]
    return {key: grads[key] for key in params}


def _right_chain(params, x, y, kind):
    """Mean cross-entropy and its right gradients, without penalty."""
    inputs, z = _run(params, x, kind)
    slopes = [_slope(one, kind) for one in z]
    loss = _entropy(torch.log_softmax(z[-1], dim=1), y)
    return loss, _chain(params, inputs, _error(z[-1], y), slopes)


def _penalised(params, loss, grads, in_loss, in_grads, keys="W"):
    """Add a penalty on the parameters whose names begin with one of `keys`."""
    for key, value in params.items():
        if key[0] in keys:
            loss = loss + in_loss / 2 * (value**2).sum()
            grads = {**grads, key: grads[key] + in_grads * value}
    return {"loss": loss, "grads": grads}


@misconception(
    zh="反向传播经过激活函数时漏乘了导数。",
    en="The derivative of the activation is missing in the backward pass.",
    words="the error passed down without the derivative of the activation",
    words_zh="没有乘激活函数导数的误差",
)
def mlp_backward__activation_derivative_skipped(params, x, y, activation_name, weight_decay):
    inputs, z = _run(params, x, activation_name)
    loss = _entropy(torch.log_softmax(z[-1], dim=1), y)
    grads = _chain(params, inputs, _error(z[-1], y), [torch.ones_like(one) for one in z])
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="activation_grad 的参数应是净输入 z，你传入了激活值 h。",
    en="activation_grad takes the pre-activation z; you passed the activation h.",
    words="the derivative evaluated at h in place of z",
    words_zh="在 h 而不是 z 处求的导数",
)
def mlp_backward__derivative_at_output_not_preactivation(
    params, x, y, activation_name, weight_decay
):
    inputs, z = _run(params, x, activation_name)
    loss = _entropy(torch.log_softmax(z[-1], dim=1), y)
    slopes = [_slope(h, activation_name) for h in inputs[1:]]
    grads = _chain(params, inputs, _error(z[-1], y), slopes)
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="梯度小了 N 倍：除以 N 做了两次。",
    en="The gradients are too small by N: the division by N was done twice.",
    words="gradients divided by N twice",
    words_zh="除以 N 两次的梯度",
)
def mlp_backward__divided_by_N_twice(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    grads = {key: grad / len(y) for key, grad in grads.items()}
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="梯度大了 N 倍：损失取平均，梯度也要除以 N（只除一次，在 dlogits 处）。",
    en="The gradients are too large by N: the loss is a mean, so divide by N, once, in dlogits.",
    words="gradients summed over the batch",
    words_zh="对批次求和的梯度",
)
def mlp_backward__not_divided_by_N(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    grads = {key: grad * len(y) for key, grad in grads.items()}
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="输出层应是线性的：你在最后一层之后又用了激活函数。",
    en="The output layer is linear: you applied the activation after the last layer as well.",
    words="an activation after the last layer",
    words_zh="输出层之后的激活函数",
)
def mlp_backward__activation_on_output(params, x, y, activation_name, weight_decay):
    inputs, z = _run(params, x, activation_name)
    logits = _activated(z[-1], activation_name)
    slopes = [_slope(one, activation_name) for one in z]
    grads = _chain(params, inputs, _error(logits, y) * slopes[-1], slopes)
    loss = _entropy(torch.log_softmax(logits, dim=1), y)
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="惩罚项不应包含偏置 b。",
    en="The penalty must not include the biases.",
    words="a penalty on the biases as well",
    words_zh="偏置也受惩罚",
)
def mlp_backward__bias_regularized(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    return _penalised(params, loss, grads, weight_decay, weight_decay, keys="Wb")


@misconception(
    zh="梯度里有权重衰减，损失里漏了 λ/2·‖W‖²。",
    en="The decay is in the gradients but λ/2·‖W‖² is missing in the loss.",
    words="no penalty in the loss",
    words_zh="没有惩罚项的损失",
)
def mlp_backward__penalty_missing_in_loss(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    return _penalised(params, loss, grads, 0, weight_decay)


@misconception(
    zh="损失里有权重衰减项，梯度里漏了 λW。",
    en="The penalty is in the loss but λW is missing in the gradient.",
    words="no weight decay in the gradient",
    words_zh="没有权重衰减的梯度",
)
def mlp_backward__penalty_missing_in_gradient(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    return _penalised(params, loss, grads, weight_decay, 0)


@misconception(
    zh="惩罚项带系数 1/2，它的梯度是 λW，不是 2λW。",
    en="The penalty carries a factor 1/2, so its gradient is λW, not 2λW.",
    words="2λW in place of λW",
    words_zh="用 2λW 代替 λW",
)
def mlp_backward__penalty_gradient_2lam(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    return _penalised(params, loss, grads, weight_decay, 2 * weight_decay)


@misconception(
    zh="偏置的梯度应对批次求和：平均已经包含在 dlogits 里。",
    en="Bias gradients are sums over the batch: the averaging is already in dlogits.",
    words="bias gradients averaged over the batch",
    words_zh="对批次求平均的偏置梯度",
)
def mlp_backward__db_mean(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    grads = {key: grad / (len(y) if key[0] == "b" else 1) for key, grad in grads.items()}
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="dW 用的是该层的输入（激活值 h），不是净输入 z。",
    en="dW uses the input of the layer (activation h), not the pre-activation z.",
    words="dW from z in place of h",
    words_zh="用 z 而不是 h 计算的 dW",
)
def mlp_backward__dW_uses_preactivation(params, x, y, activation_name, weight_decay):
    _, z = _run(params, x, activation_name)
    slopes = [_slope(one, activation_name) for one in z]
    grads = _chain(params, [x, *z[:-1]], _error(z[-1], y), slopes)
    loss = _entropy(torch.log_softmax(z[-1], dim=1), y)
    return _penalised(params, loss, grads, weight_decay, weight_decay)


@misconception(
    zh="梯度符号相反：误差是 softmax 概率减去 one-hot 标签。",
    en="The sign of the gradients is flipped: the error is the softmax minus the one-hot label.",
    words="gradients of the opposite sign",
    words_zh="符号相反的梯度",
)
def mlp_backward__sign_flipped(params, x, y, activation_name, weight_decay):
    loss, grads = _right_chain(params, x, y, activation_name)
    grads = {key: -grad for key, grad in grads.items()}
    return _penalised(params, loss, grads, weight_decay, weight_decay)


# Question 7: numerical gradients


def _loss_of(params, x, y, kind, key):
    """The mean cross-entropy as a function of params[key], flattened."""

    def loss(flat):
        changed = {**params, key: flat.reshape(params[key].shape)}
        return _entropy(torch.log_softmax(_run(changed, x, kind)[1][-1], dim=1), y)

    return loss


def _unit(theta, i, h):
    """h times the i-th unit vector."""
    step = torch.zeros_like(theta)
    step[i] = h
    return step


@misconception(
    zh="这是单侧差分，误差为 O(h)；中心差分是 (f(θ+h)-f(θ-h))/(2h)。",
    en="This is a one-sided difference with error O(h); the central one is (f(θ+h)-f(θ-h))/(2h).",
    words="a one-sided difference",
    words_zh="单侧差分",
)
def numerical_gradient__one_sided(params, x, y, activation_name, key, h):
    loss = _loss_of(params, x, y, activation_name, key)
    theta = params[key].reshape(-1)
    slopes = [(loss(theta + _unit(theta, i, h)) - loss(theta)) / h for i in range(len(theta))]
    return torch.stack(slopes).reshape(params[key].shape)


@misconception(
    zh="扰动之后没有把参数恢复原值，后面的分量都算错了。",
    en="The parameter was not restored after the perturbation, so later entries are wrong.",
    words="entries that keep θ-h",
    words_zh="扰动后停在 θ-h 的参数",
)
def numerical_gradient__not_restored(params, x, y, activation_name, key, h):
    loss = _loss_of(params, x, y, activation_name, key)
    theta, slopes = params[key].reshape(-1), []
    for i in range(len(theta)):
        above = loss(theta + _unit(theta, i, h))
        theta = theta - _unit(theta, i, h)
        slopes.append((above - loss(theta)) / (2 * h))
    return torch.stack(slopes).reshape(params[key].shape)


@misconception(
    zh="结果大了 2 倍：θ+h 与 θ-h 相距 2h，应除以 2h。",
    en="Twice too large: θ+h and θ-h are 2h apart, so divide by 2h.",
    words="(f(θ+h)-f(θ-h))/h",
    words_zh="(f(θ+h)-f(θ-h))/h",
)
def numerical_gradient__divide_by_h(params, x, y, activation_name, key, h):
    loss = _loss_of(params, x, y, activation_name, key)
    theta = params[key].reshape(-1)
    slopes = [
        (loss(theta + _unit(theta, i, h)) - loss(theta - _unit(theta, i, h))) / h
        for i in range(len(theta))
    ]
    return torch.stack(slopes).reshape(params[key].shape)
