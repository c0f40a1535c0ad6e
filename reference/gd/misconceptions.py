"""What goes wrong in assignment gd: one plain mistake per variant, with the sentence that names it.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does.
"""

import torch

from grader.catalogue import misconception

# Question 1: loss functions


@misconception(
    zh="结果大了 N 倍：经验风险是对样本求平均，不是求和。",
    en="Too large by the batch size: the empirical risk averages over the examples.",
    words="the squared errors summed over the examples",
    words_zh="对样本求和的平方误差",
)
def squared_loss__sum_not_mean(y_hat, y):
    residual = y_hat.reshape(-1) - y.reshape(-1)
    return (residual**2).sum() / 2


@misconception(
    zh="结果恰好是参考值的 2 倍：本课程的平方损失带系数 1/2（nndl 式 2.16）。",
    en="Your value is exactly twice ours: the squared loss of this course carries a factor 1/2.",
    words="no 1/2 in the squared loss",
    words_zh="没有系数 1/2 的平方损失",
)
def squared_loss__missing_half(y_hat, y):
    residual = y_hat.reshape(-1) - y.reshape(-1)
    return (residual**2).mean()


@misconception(
    zh="(N,1) 与 (N,) 相减会广播成 (N,N) 矩阵，先把两者变成同样的形状。",
    en="(N,1) minus (N,) broadcasts to an N×N matrix: bring both to one shape first.",
    words="(N,1) minus (N,), which is an N×N matrix",
    words_zh="(N,1) 减 (N,) 得到的 N×N 矩阵",
)
def squared_loss__broadcast_NxN(y_hat, y):
    return ((y_hat - y) ** 2).mean() / 2


@misconception(
    zh="你计算的是绝对误差的平均值：平方损失要对残差求平方，再乘 1/2。",
    en="This is the mean absolute error: square the residuals, then take half of the mean.",
    words="absolute values in place of squares",
    words_zh="用绝对值代替平方",
)
def squared_loss__absolute_error(y_hat, y):
    residual = y_hat.reshape(-1) - y.reshape(-1)
    return residual.abs().mean()


@misconception(
    zh="你多开了一次平方根（均方根误差）：平方损失没有开方。",
    en="You took a square root (the RMSE): there is no root in the squared loss.",
    words="the root of the mean squared error",
    words_zh="均方误差的平方根",
)
def squared_loss__rmse(y_hat, y):
    residual = y_hat.reshape(-1) - y.reshape(-1)
    return (residual**2).mean().sqrt()


@misconception(
    zh="你返回的是正确率，0-1 损失是错误率。",
    en="You returned the accuracy; the 0-1 loss is the error rate.",
    words="accuracy instead of error",
    words_zh="用正确率代替错误率",
)
def zero_one_loss__accuracy_instead(logits, y):
    return (logits.argmax(dim=1) == y).to(logits.dtype).mean()


@misconception(
    zh="你返回的是分错的个数：还要除以样本数 N。",
    en="You returned the number of wrong rows: divide it by the number of examples N.",
    words="the number of errors, not their share",
    words_zh="错误的个数而不是比例",
)
def zero_one_loss__count_not_mean(logits, y):
    return (logits.argmax(dim=1) != y).to(logits.dtype).sum()


@misconception(
    zh="预测类别应是得分最大的一类（argmax），你取了最小的一类。",
    en="The prediction is the class with the largest score (argmax); you took the smallest.",
    words="argmin in place of argmax",
    words_zh="用 argmin 代替 argmax",
)
def zero_one_loss__argmin(logits, y):
    return (logits.argmin(dim=1) != y).to(logits.dtype).mean()


@misconception(
    zh="类别编号只是名字：只看对错（错记 1），不看编号相差多少。",
    en="Class numbers are only names: a wrong row counts 1, however far apart the numbers are.",
    words="the squared distance between class numbers",
    words_zh="类别编号之差的平方",
)
def zero_one_loss__squared_label_distance(logits, y):
    return ((logits.argmax(dim=1) - y) ** 2).to(logits.dtype).mean()


@misconception(
    zh="结果大了 N 倍：交叉熵损失对样本求平均，不是求和。",
    en="Too large by N: the cross-entropy loss averages over the examples.",
    words="the cross-entropy summed over the examples",
    words_zh="对样本求和的交叉熵",
)
def cross_entropy_loss__sum_not_mean(logits, y):
    log_p = torch.log_softmax(logits, dim=1)
    return -log_p.gather(1, y.unsqueeze(1)).sum()


@misconception(
    zh="one-hot 乘积取平均时多除了类别数 K：先对类别求和，再对样本求平均。",
    en="Averaging the one-hot product also divides by K: sum over classes, then average over "
    "examples.",
    words="mean over N·K",
    words_zh="对 N·K 个元素取平均",
)
def cross_entropy_loss__mean_over_NK(logits, y):
    onehot = torch.nn.functional.one_hot(y, logits.shape[1]).to(logits.dtype)
    return -(onehot * torch.log_softmax(logits, dim=1)).mean()


@misconception(
    zh="softmax 在样本维上做了归一化，应当在类别维（dim=1）上。",
    en="The softmax was normalised over the batch axis; it belongs on the class axis (dim=1).",
    words="softmax over the batch axis",
    words_zh="在样本维上的 softmax",
)
def cross_entropy_loss__softmax_wrong_axis(logits, y):
    log_p = torch.log_softmax(logits, dim=0)
    return -log_p.gather(1, y.unsqueeze(1)).mean()


@misconception(
    zh="你用了以 2 为底的对数：本课程的损失用自然对数（单位 nat）。",
    en="You used logarithms to base 2: losses in this course are in nats (natural logarithm).",
    words="logarithms to base 2",
    words_zh="以 2 为底的对数",
)
def cross_entropy_loss__log_base_2(logits, y):
    log2_p = torch.log_softmax(logits, dim=1) / torch.log(logits.new_tensor(2.0))
    return -log2_p.gather(1, y.unsqueeze(1)).mean()


@misconception(
    zh="漏了负号：交叉熵是 -log p，永远不小于 0。",
    en="The minus sign is missing: the cross-entropy is -log p and never negative.",
    words="log p without the minus sign",
    words_zh="没有负号的 log p",
)
def cross_entropy_loss__missing_minus(logits, y):
    log_p = torch.log_softmax(logits, dim=1)
    return log_p.gather(1, y.unsqueeze(1)).mean()


@misconception(
    zh="做了两次 softmax：logits 只归一化一次，概率不要再当作 logits 用。",
    en="The softmax was taken twice: normalise the logits once; probabilities are not logits.",
    words="the softmax applied twice",
    words_zh="做了两次 softmax",
)
def cross_entropy_loss__double_softmax(logits, y):
    p = torch.softmax(logits, dim=1)
    log_p = torch.log_softmax(p, dim=1)
    return -log_p.gather(1, y.unsqueeze(1)).mean()


@misconception(
    zh="logits 较大时 exp 溢出为 inf/NaN：先减去每行的最大值，或使用 logsumexp。",
    en="exp overflows for large logits: subtract each row's maximum first, or use logsumexp.",
    words="exp without shift",
    words_zh="不平移就求 exp",
)
def cross_entropy_loss__overflow_no_shift(logits, y):
    exp = logits.exp()
    p = exp / exp.sum(dim=1, keepdim=True)
    return -p.gather(1, y.unsqueeze(1)).log().mean()


@misconception(
    zh="log(p+ε) 会把大的损失截断在 18.4 左右，应直接计算 log-softmax。",
    en="log(p+1e-8) caps large losses near 18.4; compute the log-softmax directly.",
    words="log(p + 1e-8)",
)
def cross_entropy_loss__log_clamped_eps(logits, y):
    p = torch.softmax(logits, dim=1)
    return -(p.gather(1, y.unsqueeze(1)) + 1e-8).log().mean()


@misconception(
    zh="减去的是整个批次的最大值，其它行会下溢成 log 0：应减去每一行自己的最大值。",
    en="You subtracted one maximum for the whole batch; other rows underflow to log 0: use each "
    "row's own maximum.",
    words="one maximum for the whole batch",
    words_zh="整个批次只用一个最大值",
)
def cross_entropy_loss__global_max_shift(logits, y):
    exp = (logits - logits.max()).exp()
    p = exp / exp.sum(dim=1, keepdim=True)
    return -p.gather(1, y.unsqueeze(1)).log().mean()


# Question 2: descent on a square, numerical gradients


@misconception(
    zh="θ² 的导数是 2θ，每步应乘以 1-2·lr。",
    en="The derivative of θ² is 2θ: each step multiplies by 1-2·lr.",
    words="derivative of θ² taken as θ",
    words_zh="把 θ² 的导数当作 θ",
)
def gd_on_square__derivative_missing_2(theta0, lr, steps):
    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] - lr * path[-1])
    return torch.stack(path)


@misconception(
    zh="方向反了：梯度下降是减去 lr·梯度，你加上了它。",
    en="The wrong way: gradient descent subtracts lr times the gradient; you added it.",
    words="steps up the gradient",
    words_zh="沿梯度上升",
)
def gd_on_square__gradient_ascent(theta0, lr, steps):
    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] + lr * 2 * path[-1])
    return torch.stack(path)


@misconception(
    zh="轨迹漏了起点：第 0 行应是 theta0，一共 steps+1 行。",
    en="The start is missing: row 0 is theta0, and there are steps+1 rows.",
    words="a path without its start",
    words_zh="没有起点的轨迹",
)
def gd_on_square__theta0_not_recorded(theta0, lr, steps):
    path = theta0.new_empty(steps, *theta0.shape)
    theta = theta0
    for t in range(steps):
        theta = theta - lr * 2 * theta
        path[t] = theta
    return path


@misconception(
    zh="多走了一步：更新 steps 次，连同起点一共 steps+1 行。",
    en="One step too many: steps updates make steps+1 rows, the start included.",
    words="one step too many",
    words_zh="多走一步",
)
def gd_on_square__one_step_too_many(theta0, lr, steps):
    path = [theta0]
    for _ in range(steps + 1):
        path.append(path[-1] - lr * 2 * path[-1])
    return torch.stack(path)


@misconception(
    zh="轨迹的每一行都是同一个张量：原地更新后保存的都是最后的值，请保存副本。",
    en="All rows of the path are the same tensor updated in place: store a copy or avoid in-place "
    "updates.",
    words="in-place update stored repeatedly",
    words_zh="反复保存原地更新的同一个张量",
)
def gd_on_square__aliased_path(theta0, lr, steps):
    theta = theta0.clone()
    path = [theta]
    for _ in range(steps):
        theta -= lr * 2 * theta
        path.append(theta)
    return torch.stack(path)


@misconception(
    zh="f 是各分量平方之和，不是平均：梯度是 2θ，不要除以元素个数。",
    en="f sums the squares of the components, it does not average them: the gradient is 2θ.",
    words="the gradient divided by the number of components",
    words_zh="梯度除以了元素个数",
)
def gd_on_square__gradient_averaged(theta0, lr, steps):
    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] - lr * 2 * path[-1] / theta0.numel())
    return torch.stack(path)


def _polynomial(coef, t):
    return sum(c * t**k for k, c in enumerate(coef))


@misconception(
    zh="这是单侧差分，误差为 O(h)；中心差分是 (f(θ+h)-f(θ-h))/(2h)。",
    en="This is a one-sided difference with error O(h); the central one is (f(θ+h)-f(θ-h))/(2h).",
    words="one-sided difference",
    words_zh="单侧差分",
)
def numerical_gradient__forward_difference(coef, theta, h):
    return (_polynomial(coef, theta + h) - _polynomial(coef, theta)) / h


@misconception(
    zh="这是向后的单侧差分；中心差分要用 θ+h 和 θ-h 两点，再除以 2h。",
    en="This is a one-sided (backward) difference; the central one uses θ+h and θ-h, over 2h.",
    words="backward difference",
    words_zh="向后差分",
)
def numerical_gradient__backward_difference(coef, theta, h):
    return (_polynomial(coef, theta) - _polynomial(coef, theta - h)) / h


@misconception(
    zh="结果是参考值的 2 倍：θ+h 与 θ-h 相距 2h，应除以 2h。",
    en="Twice our value: θ+h and θ-h are 2h apart, so divide by 2h.",
    words="(f(θ+h)-f(θ-h))/h",
)
def numerical_gradient__divide_by_h(coef, theta, h):
    return (_polynomial(coef, theta + h) - _polynomial(coef, theta - h)) / h


@misconception(
    zh="你返回的是精确导数：这里要的是步长为 h 的中心差分，它与导数相差 O(h²)。",
    en="You returned the exact derivative: asked is the central difference with step h, which "
    "differs from it by O(h²).",
    words="the exact derivative",
    words_zh="精确导数",
)
def numerical_gradient__analytic_derivative(coef, theta, h):
    slope = torch.zeros_like(theta)
    for k in range(1, len(coef)):
        slope = slope + k * coef[k] * theta ** (k - 1)
    return slope


@misconception(
    zh="系数的顺序反了：coef[0] 是常数项，coef[k] 乘 t 的 k 次方。",
    en="The coefficients are in reverse: coef[0] is the constant, coef[k] multiplies t to the k.",
    words="the coefficients read from the highest power",
    words_zh="系数从最高次项读起",
)
def numerical_gradient__coefficients_reversed(coef, theta, h):
    coef = coef[::-1]
    return (_polynomial(coef, theta + h) - _polynomial(coef, theta - h)) / (2 * h)


@misconception(
    zh="你在 θ±h/2 处取值：本题的步长是 h，应在 θ±h 处取值，再除以 2h。",
    en="You evaluated at θ±h/2: here the step is h, so evaluate at θ±h and divide by 2h.",
    words="half the step, (f(θ+h/2)-f(θ-h/2))/h",
    words_zh="一半的步长，(f(θ+h/2)-f(θ-h/2))/h",
)
def numerical_gradient__step_h_half(coef, theta, h):
    return (_polynomial(coef, theta + h / 2) - _polynomial(coef, theta - h / 2)) / h


# Question 3: the gradient of linear regression


@misconception(
    zh="数据项大了 N 倍：损失和梯度都要对样本求平均。",
    en="The data term is too large by N: loss and gradient are averages over the examples.",
    words="loss and gradient summed over the examples",
    words_zh="损失和梯度都对样本求和",
)
def linear_regression_grad__sum_not_mean(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).sum() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual + lam * w,
        "b": residual.sum(),
    }


@misconception(
    zh="数据项是参考值的 2 倍：本课程的平方损失带系数 1/2，求导后恰好没有 2。",
    en="The data term is twice ours: the squared loss carries 1/2, which cancels the 2 of the "
    "derivative.",
    words="no 1/2 in the loss and, with it, 2 in the gradient",
    words_zh="损失没有 1/2，梯度因此多了 2",
)
def linear_regression_grad__missing_half(X, y, w, b, lam):
    n = len(y)
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() + lam / 2 * (w**2).sum(),
        "w": 2 * X.T @ residual / n + lam * w,
        "b": 2 * residual.mean(),
    }


@misconception(
    zh="损失正确，但梯度的数据项多了系数 2：1/2 与平方的导数 2 相消。",
    en="The loss is right, but the data term of the gradient has a factor 2 too many: 1/2 and the "
    "2 of the derivative cancel.",
    words="the gradient of the loss without 1/2",
    words_zh="没有 1/2 的损失的梯度",
)
def linear_regression_grad__gradient_factor_2(X, y, w, b, lam):
    n = len(y)
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": 2 * X.T @ residual / n + lam * w,
        "b": 2 * residual.mean(),
    }


@misconception(
    zh="正则项不应包含偏置 b。",
    en="The penalty must not include the bias b.",
    words="bias penalised",
    words_zh="惩罚了偏置",
)
def linear_regression_grad__bias_regularized(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y) + lam * w,
        "b": residual.mean() + lam * b,
    }


@misconception(
    zh="损失里有正则项，梯度里却没有：w 的梯度要加上 lam·w。",
    en="The penalty is in the loss but not in the gradient: add lam·w to the gradient of w.",
    words="no penalty in the gradient",
    words_zh="梯度中没有正则项",
)
def linear_regression_grad__penalty_missing_in_gradient(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y),
        "b": residual.mean(),
    }


@misconception(
    zh="梯度里有正则项，损失里却没有：损失要加上 lam/2·‖w‖²。",
    en="The penalty is in the gradient but not in the loss: add lam/2·‖w‖² to the loss.",
    words="no penalty in the loss",
    words_zh="损失中没有正则项",
)
def linear_regression_grad__penalty_missing_in_loss(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2,
        "w": X.T @ residual / len(y) + lam * w,
        "b": residual.mean(),
    }


@misconception(
    zh="正则项的梯度大了 2 倍：lam/2·‖w‖² 的梯度是 lam·w，不是 2·lam·w。",
    en="The penalty in the gradient is doubled: lam/2·‖w‖² has the gradient lam·w, not 2·lam·w.",
    words="2·lam·w in the gradient",
    words_zh="梯度中是 2·lam·w",
)
def linear_regression_grad__penalty_gradient_2lam(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y) + 2 * lam * w,
        "b": residual.mean(),
    }


@misconception(
    zh="残差的符号反了：梯度里的残差是预测减标签，X w + b - y。",
    en="The residual has the wrong sign: in the gradient it is prediction minus label, X w + b - y.",
    words="label minus prediction in the gradient",
    words_zh="梯度中用了标签减预测",
)
def linear_regression_grad__residual_sign_flipped(X, y, w, b, lam):
    residual = y - (X @ w + b)
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y) + lam * w,
        "b": residual.mean(),
    }


@misconception(
    zh="b 的梯度大了 N 倍：它是残差的平均值，不是和。",
    en="The gradient of b is too large by N: it is the mean of the residuals, not their sum.",
    words="the gradient of b summed over the examples",
    words_zh="b 的梯度对样本求和",
)
def linear_regression_grad__db_sum(X, y, w, b, lam):
    residual = X @ w + b - y
    return {
        "loss": (residual**2).mean() / 2 + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y) + lam * w,
        "b": residual.sum(),
    }


# Question 4: the gradient of softmax regression


def _onehot(y, like):
    return torch.nn.functional.one_hot(y, like.shape[1]).to(like.dtype)


def _mean_loss(logits, y):
    return -torch.log_softmax(logits, dim=1).gather(1, y.unsqueeze(1)).mean()


@misconception(
    zh="梯度大了 N 倍：损失取平均，梯度也要除以 N。",
    en="The gradient is too large by N: the loss is a mean, so the gradient is divided by N.",
    words="gradient summed over the batch",
    words_zh="梯度对样本求和",
)
def softmax_regression_grad__sum_not_mean(X, y, W, b, lam):
    logits = X @ W + b
    error = torch.softmax(logits, dim=1) - _onehot(y, logits)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }


@misconception(
    zh="梯度符号相反：应为 softmax(z) 减去 one-hot。",
    en="The sign is flipped: the error term is softmax(z) minus the one-hot label.",
    words="onehot - p",
)
def softmax_regression_grad__sign_flipped(X, y, W, b, lam):
    logits = X @ W + b
    error = (_onehot(y, logits) - torch.softmax(logits, dim=1)) / len(y)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }


@misconception(
    zh="softmax 在样本维上做了归一化：每一行（dim=1）的概率之和才是 1。",
    en="The softmax was normalised over the batch: the probabilities of each row (dim=1) sum to 1.",
    words="softmax over the batch axis",
    words_zh="在样本维上的 softmax",
)
def softmax_regression_grad__softmax_wrong_axis(X, y, W, b, lam):
    logits = X @ W + b
    log_p = torch.log_softmax(logits, dim=0)
    error = (log_p.exp() - _onehot(y, logits)) / len(y)
    return {
        "loss": -log_p.gather(1, y.unsqueeze(1)).mean() + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }


@misconception(
    zh="正则项不应包含偏置 b：b 的梯度里没有 lam·b。",
    en="The penalty must not include the bias: there is no lam·b in the gradient of b.",
    words="bias penalised",
    words_zh="惩罚了偏置",
)
def softmax_regression_grad__bias_regularized(X, y, W, b, lam):
    logits = X @ W + b
    error = (torch.softmax(logits, dim=1) - _onehot(y, logits)) / len(y)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0) + lam * b,
    }


@misconception(
    zh="损失里有正则项，梯度里却没有：W 的梯度要加上 lam·W。",
    en="The penalty is in the loss but not in the gradient: add lam·W to the gradient of W.",
    words="no penalty in the gradient",
    words_zh="梯度中没有正则项",
)
def softmax_regression_grad__penalty_missing_in_gradient(X, y, W, b, lam):
    logits = X @ W + b
    error = (torch.softmax(logits, dim=1) - _onehot(y, logits)) / len(y)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error,
        "b": error.sum(dim=0),
    }


@misconception(
    zh="梯度里有正则项，损失里却没有：损失要加上 lam/2·‖W‖²。",
    en="The penalty is in the gradient but not in the loss: add lam/2·‖W‖² to the loss.",
    words="no penalty in the loss",
    words_zh="损失中没有正则项",
)
def softmax_regression_grad__penalty_missing_in_loss(X, y, W, b, lam):
    logits = X @ W + b
    error = (torch.softmax(logits, dim=1) - _onehot(y, logits)) / len(y)
    return {
        "loss": _mean_loss(logits, y),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }


@misconception(
    zh="b 的梯度多除了一次 N：误差已经除以 N，对样本应求和。",
    en="The gradient of b was divided by N twice: the error already carries 1/N, so sum over rows.",
    words="the mean over rows of an error that is already divided by N",
    words_zh="对已经除以 N 的误差再按行取平均",
)
def softmax_regression_grad__db_mean(X, y, W, b, lam):
    logits = X @ W + b
    error = (torch.softmax(logits, dim=1) - _onehot(y, logits)) / len(y)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.mean(dim=0),
    }


@misconception(
    zh="误差里没有减去 one-hot：对 logits 的梯度是 p - onehot，不是 p。",
    en="The one-hot label was not subtracted: the gradient for the logits is p - onehot, not p.",
    words="p in place of p - onehot",
    words_zh="用 p 代替 p - onehot",
)
def softmax_regression_grad__onehot_not_subtracted(X, y, W, b, lam):
    logits = X @ W + b
    error = torch.softmax(logits, dim=1) / len(y)
    return {
        "loss": _mean_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }


# Question 5: descent on a quadratic


def _quadratic(A, c, theta):
    return theta @ A @ theta / 2 - c @ theta


def _descend(A, c, theta0, steps, update):
    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] - update(path[-1]))
    return {
        "path": torch.stack(path),
        "values": torch.stack([_quadratic(A, c, theta) for theta in path]),
        "max_stable_lr": 2 / torch.linalg.eigvalsh(A).max().item(),
    }


@misconception(
    zh="一次项的符号反了：f = ½θᵀAθ - cᵀθ 的梯度是 Aθ - c。",
    en="The linear term has the wrong sign: f = ½θᵀAθ - cᵀθ has the gradient Aθ - c.",
    words="the gradient A θ + c",
    words_zh="梯度 A θ + c",
)
def gd_quadratic__linear_term_sign(A, c, theta0, lr, steps):
    return _descend(A, c, theta0, steps, lambda theta: lr * (A @ theta + c))


@misconception(
    zh="梯度里漏了一次项：f = ½θᵀAθ - cᵀθ 的梯度是 Aθ - c。",
    en="The linear term is missing in the gradient: it is Aθ - c.",
    words="the gradient A θ",
    words_zh="梯度 A θ",
)
def gd_quadratic__linear_term_dropped(A, c, theta0, lr, steps):
    return _descend(A, c, theta0, steps, lambda theta: lr * A @ theta)


@misconception(
    zh="多了系数 1/2：½θᵀAθ 的梯度是 Aθ（A 对称），不是 Aθ/2。",
    en="A factor 1/2 too many: ½θᵀAθ has the gradient Aθ (A is symmetric), not Aθ/2.",
    words="the gradient A θ/2 - c",
    words_zh="梯度 A θ/2 - c",
)
def gd_quadratic__gradient_half_A(A, c, theta0, lr, steps):
    return _descend(A, c, theta0, steps, lambda theta: lr * (A @ theta / 2 - c))


@misconception(
    zh="多了系数 2：θᵀAθ 的梯度是 2Aθ，但 f 里有 ½，所以是 Aθ。",
    en="A factor 2 too many: θᵀAθ has the gradient 2Aθ, but f has ½ in front, which leaves Aθ.",
    words="the gradient 2 A θ - c",
    words_zh="梯度 2 A θ - c",
)
def gd_quadratic__gradient_2A(A, c, theta0, lr, steps):
    return _descend(A, c, theta0, steps, lambda theta: lr * (2 * A @ theta - c))


@misconception(
    zh="values 整体错后一步：values[t] 是 f(path[t])，values[0] 是起点处的值。",
    en="The values are shifted by one step: values[t] is f(path[t]), values[0] belongs to theta0.",
    words="the value after the step in place of the value before it",
    words_zh="用更新之后的函数值代替更新之前的",
)
def gd_quadratic__values_shifted(A, c, theta0, lr, steps):
    theta = theta0
    path, values = [], []
    for _ in range(steps + 1):
        path.append(theta)
        theta = theta - lr * (A @ theta - c)
        values.append(_quadratic(A, c, theta))
    return {
        "path": torch.stack(path),
        "values": torch.stack(values),
        "max_stable_lr": 2 / torch.linalg.eigvalsh(A).max().item(),
    }


@misconception(
    zh="收敛的条件是 |1-lr·λ|<1，临界学习率是 2/λ_max。",
    en="Convergence needs |1-lr·λ|<1, so the critical rate is 2/λ_max.",
    words="1/λ_max instead of 2/λ_max",
    words_zh="用 1/λ_max 代替 2/λ_max",
)
def gd_quadratic__max_lr_1_over_L(A, c, theta0, lr, steps):
    result = _descend(A, c, theta0, steps, lambda theta: lr * (A @ theta - c))
    result["max_stable_lr"] = 1 / torch.linalg.eigvalsh(A).max().item()
    return result


@misconception(
    zh="你用了最小的特征值：最先发散的是曲率最大的方向，临界学习率由 λ_max 决定。",
    en="You used the smallest eigenvalue: the steepest direction diverges first, so λ_max decides.",
    words="2/λ_min",
)
def gd_quadratic__max_lr_from_smallest_eig(A, c, theta0, lr, steps):
    result = _descend(A, c, theta0, steps, lambda theta: lr * (A @ theta - c))
    result["max_stable_lr"] = 2 / torch.linalg.eigvalsh(A).min().item()
    return result


# Question 6: mini-batch stochastic gradient descent


def _losses(X, y, W, b):
    """The cross-entropy of every example."""
    return -torch.log_softmax(X @ W + b, dim=1).gather(1, y.unsqueeze(1)).squeeze(1)


def _error(X, y, W, b):
    """softmax(z) minus the one-hot label, for every example."""
    logits = X @ W + b
    return torch.softmax(logits, dim=1) - _onehot(y, logits)


@misconception(
    zh="不足一个批次的剩余样本被丢掉了。",
    en="The remaining examples of the incomplete last batch were dropped.",
    words="last batch dropped",
    words_zh="丢掉最后一个批次",
)
def sgd_epoch__last_batch_dropped(X, y, W, b, lr, batch_size, order):
    losses = W.new_empty(len(order) // batch_size)
    for k in range(len(losses)):
        batch = order[k * batch_size : (k + 1) * batch_size]
        losses[k] = _losses(X[batch], y[batch], W, b).mean()
        error = _error(X[batch], y[batch], W, b) / len(batch)
        W, b = W - lr * X[batch].T @ error, b - lr * error.sum(dim=0)
    return {"W": W, "b": b, "losses": losses}


@misconception(
    zh="最后一个批次样本数较少，应除以它自己的样本数。",
    en="The last batch is smaller: divide by its own number of examples.",
    words="last batch divided by batch_size",
    words_zh="最后一个批次也除以 batch_size",
)
def sgd_epoch__divide_by_batch_size_always(X, y, W, b, lr, batch_size, order):
    losses = []
    for batch in order.split(batch_size):
        losses.append(_losses(X[batch], y[batch], W, b).sum() / batch_size)
        error = _error(X[batch], y[batch], W, b) / batch_size
        W, b = W - lr * X[batch].T @ error, b - lr * error.sum(dim=0)
    return {"W": W, "b": b, "losses": torch.stack(losses)}


@misconception(
    zh="没有使用 order：第 k 个批次是 order 的第 k 段所指的样本，不是 X 的第 k 段。",
    en="The order was ignored: batch k holds the examples named by slice k of order, not slice k "
    "of X.",
    words="batches in the order of the rows of X",
    words_zh="按 X 的行序取批次",
)
def sgd_epoch__order_ignored(X, y, W, b, lr, batch_size, order):
    losses = []
    for start in range(0, len(y), batch_size):
        inputs, labels = X[start : start + batch_size], y[start : start + batch_size]
        losses.append(_losses(inputs, labels, W, b).mean())
        error = _error(inputs, labels, W, b) / len(labels)
        W, b = W - lr * inputs.T @ error, b - lr * error.sum(dim=0)
    return {"W": W, "b": b, "losses": torch.stack(losses)}


@misconception(
    zh="每次更新都用了全部 N 个样本的梯度：只用当前批次的样本。",
    en="Every update used the gradient of all N examples: use those of the current batch only.",
    words="the full-batch gradient at every update",
    words_zh="每次更新都用全部样本的梯度",
)
def sgd_epoch__full_batch_gradient(X, y, W, b, lr, batch_size, order):
    losses = []
    for batch in order.split(batch_size):
        losses.append(_losses(X[batch], y[batch], W, b).mean())
        error = _error(X, y, W, b) / len(y)
        W, b = W - lr * X.T @ error, b - lr * error.sum(dim=0)
    return {"W": W, "b": b, "losses": torch.stack(losses)}


@misconception(
    zh="b 的梯度是用更新后的 W 算的：先在旧参数处算出两个梯度，再一起更新。",
    en="The gradient of b was computed with the new W: take both gradients at the old parameters, "
    "then update.",
    words="b updated with the new weights",
    words_zh="用更新后的 W 更新 b",
)
def sgd_epoch__bias_updated_with_new_weights(X, y, W, b, lr, batch_size, order):
    losses = []
    for batch in order.split(batch_size):
        losses.append(_losses(X[batch], y[batch], W, b).mean())
        W = W - lr * X[batch].T @ _error(X[batch], y[batch], W, b) / len(batch)
        b = b - lr * _error(X[batch], y[batch], W, b).mean(dim=0)
    return {"W": W, "b": b, "losses": torch.stack(losses)}


@misconception(
    zh="记录的是更新之后的损失：losses[k] 是第 k 次更新之前的批次损失。",
    en="The losses were taken after the update: losses[k] is the batch loss before update k.",
    words="the batch loss after the update",
    words_zh="更新之后的批次损失",
)
def sgd_epoch__loss_after_update(X, y, W, b, lr, batch_size, order):
    losses = []
    for batch in order.split(batch_size):
        error = _error(X[batch], y[batch], W, b) / len(batch)
        W, b = W - lr * X[batch].T @ error, b - lr * error.sum(dim=0)
        losses.append(_losses(X[batch], y[batch], W, b).mean())
    return {"W": W, "b": b, "losses": torch.stack(losses)}


@misconception(
    zh="批次的梯度没有除以批次大小：梯度是批次内的平均值。",
    en="The batch gradient was not divided by the batch size: it is the mean over the batch.",
    words="the gradient summed over the batch",
    words_zh="批次内求和的梯度",
)
def sgd_epoch__gradient_summed(X, y, W, b, lr, batch_size, order):
    losses = []
    for batch in order.split(batch_size):
        losses.append(_losses(X[batch], y[batch], W, b).mean())
        error = _error(X[batch], y[batch], W, b)
        W, b = W - lr * X[batch].T @ error, b - lr * error.sum(dim=0)
    return {"W": W, "b": b, "losses": torch.stack(losses)}
