# %% [markdown] lang="zh"
# # 作业四：网络优化与正则化
#
# 训练一个网络有两件难事：**优化**——把训练损失降下来；**正则化**——让训练数据之外的表现也好。
# 这次作业里你将亲手写出动量、Adam 和学习率调度，再写出惩罚项、丢弃法、批量归一化、标签平滑和提前停止，
# 最后面对一份四成标签都是错的训练数据：普通的网络会把错误一起背下来，你的网络不会。
#
# **完成之后，你能够**
#
# * 准确写出 SGD（动量、Nesterov）、Adam 和 AdamW 的一步更新，说清楚权重衰减加在哪里；
# * 解释偏差修正、学习率预热和余弦衰减各自解决什么问题；
# * 实现反向丢弃法和批量归一化，分清训练模式与测试模式，推导批量归一化的梯度；
# * 用标签平滑和提前停止对付噪声标签，并用实验说明哪些手段有效、为什么有效。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）7.2–7.7；d2l（《动手学深度学习》中文第二版）4.5–4.6、7.5、第 11 章；
# Goodfellow 等《深度学习》第 7、8 章。

# %% [markdown] lang="en"
# # Assignment 4: Optimisation and Regularisation
#
# Training a network is hard in two ways: **optimisation** brings the training loss down, and
# **regularisation** makes the network do well outside its training data. Here you write momentum, Adam and a
# learning-rate schedule by hand, then penalties, dropout, batch normalisation, label smoothing and early
# stopping. In the end you meet training data in which four labels out of ten are wrong: an ordinary
# network learns the errors by heart, and yours will not.
#
# **Afterwards you can**
#
# * write down one step of SGD (momentum, Nesterov), Adam and AdamW exactly, and say where weight decay enters;
# * explain what bias correction, warm-up and cosine decay are good for;
# * implement inverted dropout and batch normalisation, keep training and test mode apart, and derive the
#   gradient of batch normalisation;
# * fight wrong labels with label smoothing and early stopping, and show by experiment what helps and why.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) 7.2–7.7; d2l (*Dive into Deep Learning*, section
# numbers of the Chinese second edition) 4.5–4.6, 7.5 and chapter 11; Goodfellow et al., *Deep Learning*,
# chapters 7 and 8.

# %% [markdown] lang="zh"
# ## 开始之前
#
# **怎样作答。** 每个函数都已写好名字、参数和说明，把 `raise NotImplementedError` 换成你的代码。
# 名字和参数顺序不要改；`*` 之后的参数按名字传递。需要辅助函数时尽管自己添加。随时可以运行题后的
# `check_here(...)` 自查。自查只用几组公开的数，评分用另外的数，所以自查通过只说明方向对了。
#
# **分数。** 函数 86 分，代码卫生 4 分，两道思考题各 5 分。同一个错误只扣一次分：调用了写错的函数，而其余部分正确，仍然得分。
#
# **代码卫生（4 分）** 对所有函数一起检查：
#
# 1. 结果的 dtype 和设备与输入相同：输入 float32 就返回 float32，输入 float64 就返回 float64；
# 2. 不修改传入的参数（`velocity *= momentum` 会改掉调用者的张量，请写 `velocity = momentum * velocity`）；
# 3. 中间结果不丢精度：`torch.zeros(n)` 默认是 float32，请用 `x.new_zeros(n)` 或写明 `dtype=x.dtype`；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态；需要随机数时用 `torch.Generator().manual_seed(seed)`。
#
# **允许与禁止。** 第 1–4 题要求自己实现，因此不得使用自动求导（`backward`、`torch.autograd`、`torch.func`、
# `requires_grad`）、`torch.optim`、`F.dropout`、`nn.Dropout`、`F.batch_norm`、`nn.BatchNorm…`、`torch.batch_norm`、
# `torch.native_…`、其它现成的归一化层、`torch.var_mean`、`F.cross_entropy`、`F.nll_loss` 和 `nn.…Loss`。
# `mean`、`var`、`torch.softmax`、`torch.log_softmax`、`torch.logsumexp`、`F.one_hot` 可以用。第 5 题什么都可以用。
# 每次调用限时 10 秒，第 5 题的训练限时 60 秒。
#
# **记号。** $N$ 是批量，$C$ 是通道（特征）数，$K$ 是类别数，每个样本占一行，图像是 $(N,C,H,W)$；`()` 表示零维张量；
# $\theta$ 是参数，$g$ 是梯度，$\eta$ 是学习率（`lr`），$\lambda$ 是衰减系数；标签是从 0 开始的 int64；对数都是自然对数。
# 教材和 PyTorch 的约定有好几处不同，本课程这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 动量 | $v=\mu v+g$，$\theta\leftarrow\theta-\eta v$（d2l、PyTorch） | $\Delta\theta=\rho\Delta\theta-\eta g$，$\theta\leftarrow\theta+\Delta\theta$（nndl 式 7.15）：学习率不变时 $\theta$ 相同，存的状态不同 |
# | Nesterov | PyTorch 的形式 $u=g+\mu v$ | 在“向前看”的位置求梯度（nndl 式 7.18） |
# | 权重衰减 | 解耦：$\theta\leftarrow(1-\eta\lambda)\theta$（AdamW） | $\theta\leftarrow(1-w)\theta-\alpha g$，不乘学习率（nndl 式 7.64）；把 $\lambda\theta$ 加进梯度（$L_2$） |
# | 丢弃法 | `drop_prob` 是丢弃概率，训练时除以 `1-drop_prob`，测试时不变（d2l、PyTorch） | nndl 式 7.65：$p$ 是**保留**概率，训练时不缩放，测试时输出乘 $p$ |
# | 标签平滑 | 正确类别 $1-\varepsilon$，其余各 $\varepsilon/(K-1)$（nndl、Goodfellow 7.5.1） | $(1-\varepsilon)\,$onehot$\,+\varepsilon/K$（PyTorch 的 `label_smoothing`） |
# | 批量归一化 | 归一化用有偏方差；滑动方差用**无偏**方差更新，$\text{run}\leftarrow(1-m)\,\text{run}+m\cdot\text{batch}$（PyTorch） | 滑动方差也用有偏的；$m$ 乘在旧值上 |

# %% [markdown] lang="en"
# ## Before you start
#
# **What to do.** Every function comes with its name, its arguments and a description; replace
# `raise NotImplementedError` by your code. Leave names and the order of arguments as they are; what stands
# after `*` is passed by name. Add helper functions as you like. Run the `check_here(...)` below a question
# whenever you want to. It uses a few public numbers while grading uses others: passing it means that you are
# on the right track.
#
# **Points.** 86 for the functions, 4 for hygiene, 5 for each of two written questions. A mistake costs its
# points once: code that is right except that it calls a wrong function of yours still earns its points.
#
# **Hygiene (4 points)** is checked for all functions together:
#
# 1. results have the dtype and device of the inputs: float32 in, float32 out; float64 in, float64 out;
# 2. arguments are left unchanged (`velocity *= momentum` changes the caller's tensor; write
#    `velocity = momentum * velocity`);
# 3. no precision is lost on the way: `torch.zeros(n)` is float32 by default, so use `x.new_zeros(n)` or
#    say `dtype=x.dtype`;
# 4. equal arguments give equal results, and the global random state stays untouched: draw from
#    `torch.Generator().manual_seed(seed)`.
#
# **Allowed and forbidden.** Questions 1–4 are to be written by hand, so automatic differentiation (`backward`,
# `torch.autograd`, `torch.func`, `requires_grad`), `torch.optim`, `F.dropout`, `nn.Dropout`, `F.batch_norm`,
# `nn.BatchNorm…`, `torch.batch_norm`, `torch.native_…`, other ready-made normalisation layers, `torch.var_mean`,
# `F.cross_entropy`, `F.nll_loss` and `nn.…Loss` are forbidden there. `mean`, `var`, `torch.softmax`,
# `torch.log_softmax`, `torch.logsumexp` and `F.one_hot` are fine. In question 5 you may use anything. A call may
# take 10 seconds, training in question 5 60.
#
# **Notation.** $N$ is the batch, $C$ the number of channels (features), $K$ the number of classes; one example
# per row, images are $(N,C,H,W)$; `()` is a 0-dim tensor; $\theta$ are parameters, $g$ the gradient, $\eta$ the
# learning rate (`lr`), $\lambda$ the decay; labels are int64 and start at 0; logarithms are natural. Textbooks and
# PyTorch disagree in several places, and this course has chosen:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | momentum | $v=\mu v+g$, $\theta\leftarrow\theta-\eta v$ (d2l, PyTorch) | $\Delta\theta=\rho\Delta\theta-\eta g$, $\theta\leftarrow\theta+\Delta\theta$ (nndl 7.15): same $\theta$ for a constant rate, another stored state |
# | Nesterov | PyTorch's form $u=g+\mu v$ | gradient at the look-ahead point (nndl 7.18) |
# | weight decay | decoupled: $\theta\leftarrow(1-\eta\lambda)\theta$ (AdamW) | $\theta\leftarrow(1-w)\theta-\alpha g$, not multiplied by the rate (nndl 7.64); $\lambda\theta$ added to the gradient ($L_2$) |
# | dropout | `drop_prob` is the probability to drop; training divides by `1-drop_prob`, testing is the identity (d2l, PyTorch) | nndl 7.65: $p$ is the probability to **keep**, no scaling in training, outputs times $p$ at test time |
# | label smoothing | $1-\varepsilon$ on the label, $\varepsilon/(K-1)$ elsewhere (nndl, Goodfellow 7.5.1) | $(1-\varepsilon)\,$onehot$\,+\varepsilon/K$ (PyTorch's `label_smoothing`) |
# | batch norm | normalise with the biased variance; the running variance takes the **unbiased** one, $\text{run}\leftarrow(1-m)\,\text{run}+m\cdot\text{batch}$ (PyTorch) | biased running variance too; $m$ on the old value |

# %%
import math

import torch
from torch import nn

# %% active="ipynb"
# import matplotlib.pyplot as plt
# from sklearn.datasets import load_digits
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　优化算法（26 分）
#
# 优化器的一步是一个函数：拿到参数、梯度和上一步留下的状态，返回新的参数和新的状态。下面都写成这样的纯函数，
# 传入的张量保持原样。各个元素互不影响，所以形状是任意的。
#
# ### 1.1　带动量的 SGD
#
# 在狭长的山谷里，梯度的方向来回摆动。把历史上的梯度累加起来，摆动的部分互相抵消，一致的部分越积越多
# （nndl 7.2.4.1、式 7.15；d2l 11.6；Goodfellow 8.3.2）。本课程采用 d2l 和 PyTorch 的写法：
#
# $$g\leftarrow g+\lambda\theta,\qquad v\leftarrow\mu v+g,\qquad
#   u=\begin{cases}g+\mu v&\text{Nesterov}\\v&\text{否则}\end{cases},\qquad \theta\leftarrow\theta-\eta u$$
#
# 若梯度一直是 $g$，则 $v\to g+\mu g+\mu^2g+\dots=g/(1-\mu)$：$\mu=0.9$ 相当于把步长放大到 10 倍。
# Nesterov 先按动量走一步再看梯度（Sutskever 等，2013）；上面的 $u$ 是把变量换成“向前看”的位置之后的等价形式。
# 权重衰减 $\lambda\theta$ 在这里加进梯度，因此也进入 $v$。
#
# **例。** $\theta=1$，$g=0.5$，$v=0.2$，$\eta=0.1$，$\mu=0.9$，$\lambda=0$：$v=0.18+0.5=0.68$，$\theta=1-0.068=0.932$；
# 若用 Nesterov，$u=0.5+0.9\cdot0.68=1.112$，$\theta=0.8888$。

# %% [markdown] lang="en"
# ## Question 1　Optimisers (26 points)
#
# One step of an optimiser is a function: parameters, gradient and the state of the previous step go in, new
# parameters and a new state come out. Below they are pure functions that leave their arguments as they are.
# Entries do not interact, so tensors may have any shape.
#
# ### 1.1　SGD with momentum
#
# In a narrow valley the gradient swings from side to side. Sum up the gradients of the past, and what swings
# cancels while what agrees piles up (nndl 7.2.4.1, equation 7.15; d2l 11.6; Goodfellow 8.3.2). This course
# follows d2l and PyTorch:
#
# $$g\leftarrow g+\lambda\theta,\qquad v\leftarrow\mu v+g,\qquad
#   u=\begin{cases}g+\mu v&\text{Nesterov}\\v&\text{otherwise}\end{cases},\qquad \theta\leftarrow\theta-\eta u$$
#
# If the gradient stays $g$, then $v\to g+\mu g+\mu^2g+\dots=g/(1-\mu)$: with $\mu=0.9$ steps become ten times as
# long. Nesterov's idea is to take the momentum's step first and look at the gradient there (Sutskever et al.,
# 2013); the $u$ above is the same thing written for the look-ahead point. Weight decay $\lambda\theta$ is added to
# the gradient here, and therefore enters $v$.
#
# **Example.** $\theta=1$, $g=0.5$, $v=0.2$, $\eta=0.1$, $\mu=0.9$, $\lambda=0$: $v=0.18+0.5=0.68$ and
# $\theta=1-0.068=0.932$; with Nesterov $u=0.5+0.9\cdot0.68=1.112$ and $\theta=0.8888$.


# %%
def sgd_step(param, grad, velocity, *, lr, momentum, weight_decay, nesterov):
    """带动量的 SGD 的一步 / One step of SGD with momentum.

    param          S（任意形状 any shape）   float32 / float64   参数 θ parameters
    grad           S   同 param as param    梯度 gradient
    velocity       S   同 param as param    上一步之后的 v / v after the previous step
    lr, momentum, weight_decay   float      η, μ, λ
    nesterov       bool                     是否用 Nesterov 形式 whether to use Nesterov's form

    返回 returns dict   "param" S, "velocity" S
    """
    # BEGIN SOLUTION
    grad = grad + weight_decay * param
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return {"param": param - lr * direction, "velocity": velocity}
    # END SOLUTION


# %% active="ipynb"
# check_here("sgd_step")

# %% [markdown] lang="zh"
# ### 1.2　Adam 与 AdamW
#
# Adam（Kingma 与 Ba，2015；nndl 7.2.4.3，d2l 11.10，Goodfellow 8.5.3）同时记两个滑动平均：梯度的 $m$ 和梯度平方的 $v$，
# 再用 $\sqrt v$ 给每个参数配上自己的步长：
#
# $$m\leftarrow\beta_1m+(1-\beta_1)g,\qquad v\leftarrow\beta_2v+(1-\beta_2)g^2$$
#
# $$\hat m=\frac m{1-\beta_1^t},\qquad\hat v=\frac v{1-\beta_2^t},\qquad
#   \theta\leftarrow\theta-\eta\,\frac{\hat m}{\sqrt{\hat v}+\epsilon}$$
#
# **为什么要修正？** $m$ 从 0 开始，$t$ 步之后 $m_t=(1-\beta_1)\sum_{i\le t}\beta_1^{t-i}g_i$，权重之和只有 $1-\beta_1^t$，
# 除以它才是平均。$t$ 是这一步的编号，第一步是 1。返回的状态是**没有修正**的 $m$、$v$。
#
# **权重衰减有两种。** `decoupled=False`：$g\leftarrow g+\lambda\theta$，衰减进入 $m$ 和 $v$（$L_2$）。
# `decoupled=True`（AdamW，Loshchilov 与 Hutter，2019）：先 $\theta\leftarrow(1-\eta\lambda)\,\theta$，$g$ 不变。
# 前一种做法里，衰减也被 $\sqrt{\hat v}$ 除过，梯度大的参数反而衰减得少。
#
# **例。** $\theta=1$，$g=0.5$，$m=v=0$，$t=1$，$\eta=0.1$，$\beta_1=0.9$，$\beta_2=0.999$：$m=0.05$，$v=0.00025$，
# $\hat m=0.5$，$\hat v=0.25$，$\theta=1-0.1\cdot0.5/0.5=0.9$。无论梯度多大，第一步都大约走 $\eta$。

# %% [markdown] lang="en"
# ### 1.2　Adam and AdamW
#
# Adam (Kingma and Ba, 2015; nndl 7.2.4.3, d2l 11.10, Goodfellow 8.5.3) keeps two moving averages, $m$ of the
# gradient and $v$ of its square, and uses $\sqrt v$ to give every parameter a step size of its own:
#
# $$m\leftarrow\beta_1m+(1-\beta_1)g,\qquad v\leftarrow\beta_2v+(1-\beta_2)g^2$$
#
# $$\hat m=\frac m{1-\beta_1^t},\qquad\hat v=\frac v{1-\beta_2^t},\qquad
#   \theta\leftarrow\theta-\eta\,\frac{\hat m}{\sqrt{\hat v}+\epsilon}$$
#
# **Why correct?** $m$ starts at 0, so after $t$ steps $m_t=(1-\beta_1)\sum_{i\le t}\beta_1^{t-i}g_i$, whose weights
# add up to $1-\beta_1^t$ only; dividing by that makes it an average. $t$ is the number of this step, and the first
# is 1. The state to return is the **uncorrected** $m$ and $v$.
#
# **There are two kinds of weight decay.** `decoupled=False`: $g\leftarrow g+\lambda\theta$, so that the decay enters
# $m$ and $v$ ($L_2$). `decoupled=True` (AdamW, Loshchilov and Hutter, 2019): first
# $\theta\leftarrow(1-\eta\lambda)\,\theta$, and $g$ stays as it is. In the first kind the decay, too, is divided by
# $\sqrt{\hat v}$, and parameters with large gradients decay least.
#
# **Example.** $\theta=1$, $g=0.5$, $m=v=0$, $t=1$, $\eta=0.1$, $\beta_1=0.9$, $\beta_2=0.999$: $m=0.05$, $v=0.00025$,
# $\hat m=0.5$, $\hat v=0.25$, $\theta=1-0.1\cdot0.5/0.5=0.9$. The first step is about $\eta$, whatever the gradient.


# %%
def adam_step(param, grad, m, v, t, *, lr, beta1, beta2, eps, weight_decay, decoupled):
    """Adam 或 AdamW 的一步 / One step of Adam or AdamW.

    param          S（任意形状 any shape）   float32 / float64   参数 θ parameters
    grad           S   同 param as param    梯度 gradient
    m, v           S   同 param as param    上一步之后的状态，未修正 the state before this step, uncorrected
    t              int >= 1                 这是第几步 the number of this step
    lr, beta1, beta2, eps, weight_decay   float   η, β₁, β₂, ε, λ
    decoupled      bool                     True 为 AdamW / True for AdamW

    返回 returns dict   "param" S, "m" S, "v" S   m、v 未修正 uncorrected
    """
    # BEGIN SOLUTION
    if decoupled:
        param = param * (1 - lr * weight_decay)
    else:
        grad = grad + weight_decay * param
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return {"param": param - lr * m_hat / (v_hat.sqrt() + eps), "m": m, "v": v}
    # END SOLUTION


# %% active="ipynb"
# check_here("adam_step")

# %% [markdown] lang="zh"
# ### 1.3　学习率：预热与余弦衰减
#
# 开始时梯度还不可靠，学习率从小到大**预热**；后来要收敛，学习率逐渐**衰减**到接近 0（nndl 7.2.3，d2l 11.11；
# 余弦曲线出自 Loshchilov 与 Hutter，2017）。记预热步数 $T_w$、总步数 $T$：
#
# $$\eta_s=\begin{cases}
#   \eta\,\dfrac{s+1}{T_w}&s<T_w\\[2ex]
#   \eta_{\min}+\dfrac{\eta-\eta_{\min}}2\left(1+\cos\dfrac{\pi(s-T_w)}{T-T_w}\right)&T_w\le s<T\\[2ex]
#   \eta_{\min}&s\ge T\end{cases}$$
#
# 注意 $T_w$ 可以是 0，也可以等于 $T$（这时没有中间一段，$s\ge T$ 就是 $\eta_{\min}$）。返回 Python 浮点数。
#
# **例。** $\eta=1$，$\eta_{\min}=0$，$T=10$，$T_w=2$：第 0、1、2、6、10 步的学习率是 $0.5,\ 1,\ 1,\ 0.5,\ 0$。

# %% [markdown] lang="en"
# ### 1.3　The learning rate: warm-up and cosine decay
#
# At the beginning gradients are not to be trusted yet, and the rate **warms up** from small to large; later, to
# converge, it **decays** towards 0 (nndl 7.2.3, d2l 11.11; the cosine is from Loshchilov and Hutter, 2017). With
# $T_w$ steps of warm-up and $T$ steps in all,
#
# $$\eta_s=\begin{cases}
#   \eta\,\dfrac{s+1}{T_w}&s<T_w\\[2ex]
#   \eta_{\min}+\dfrac{\eta-\eta_{\min}}2\left(1+\cos\dfrac{\pi(s-T_w)}{T-T_w}\right)&T_w\le s<T\\[2ex]
#   \eta_{\min}&s\ge T\end{cases}$$
#
# $T_w$ may be 0, and it may be $T$ (then there is no middle part, and $s\ge T$ gives $\eta_{\min}$). Return a
# Python float.
#
# **Example.** $\eta=1$, $\eta_{\min}=0$, $T=10$, $T_w=2$: the rates at steps 0, 1, 2, 6, 10 are $0.5,\ 1,\ 1,\ 0.5,\ 0$.


# %%
def lr_at(step, *, base_lr, total_steps, warmup_steps, min_lr):
    """第 step 步的学习率 / The learning rate at a step.

    step           int >= 0   从 0 数起 counted from 0
    base_lr        float      预热之后的学习率 η / the rate after the warm-up
    total_steps    int        T
    warmup_steps   int        T_w，0 <= T_w <= T
    min_lr         float      最后的学习率 the rate at the end

    返回 returns float
    """
    # BEGIN SOLUTION
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (base_lr - min_lr) * (1 + math.cos(math.pi * progress)) / 2
    # END SOLUTION


# %% active="ipynb"
# check_here("lr_at")

# %% [markdown] lang="zh"
# 同一个基础学习率的三种安排。虚线处预热结束。

# %% [markdown] lang="en"
# Three schedules with one base rate. Warm-up ends at the dashed line.

# %% active="ipynb"
# for warmup, lowest in ((0, 0.0), (20, 0.0), (20, 0.03)):
#     rates = [
#         lr_at(step, base_lr=0.1, total_steps=100, warmup_steps=warmup, min_lr=lowest)
#         for step in range(120)
#     ]
#     plt.plot(rates, label=f"warm-up {warmup}, min_lr {lowest}")
# plt.axvline(20, color="gray", linestyle="--", linewidth=0.5)
# plt.xlabel("step")
# plt.ylabel("learning rate")
# plt.legend();

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 下面左图是三种优化器在 $f(x,y)=\frac12(x^2+25y^2)$ 上从 $(-4,1.5)$ 出发走 60 步的轨迹，右图是函数值。请回答：
#
# 1. 结合两个方向的曲率，说明 SGD 为什么走成锯齿、动量的轨迹为什么会冲过头又绕回来、Adam 开头为什么几乎沿对角线走；
# 2. 设梯度恒为 $g$。写出 Adam 前五步（$\beta_1=0.9$，$\beta_2=0.999$，$\epsilon\to0$）的实际步长：**有**偏差修正时各是多少，
#    **没有**修正时（直接用 $m/\sqrt v$）各是多少？没有修正时开头的步长是太大还是太小，原因是什么？

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# Below on the left are the paths of three optimisers on $f(x,y)=\frac12(x^2+25y^2)$, 60 steps from $(-4,1.5)$; on
# the right the values of $f$. Please answer:
#
# 1. With the curvatures of the two directions in mind: why does SGD zigzag, why does momentum overshoot and turn
#    back, and why does Adam set out almost along the diagonal?
# 2. Suppose that the gradient is always $g$. Give the effective lengths of Adam's first five steps
#    ($\beta_1=0.9$, $\beta_2=0.999$, $\epsilon\to0$), **with** bias correction and **without** it (using $m/\sqrt v$
#    directly). Without correction, are the first steps too long or too short, and why?

# %% active="ipynb"
# curvature = torch.tensor([1.0, 25.0])
#
#
# def f(theta):
#     return (curvature * theta**2).sum(dim=-1) / 2
#
#
# def walk(step, steps=60):
#     """The path of an optimiser: step(theta, gradient, state, t) gives the next theta and state."""
#     theta = torch.tensor([-4.0, 1.5])
#     path, state = [theta], {}
#     for t in range(1, steps + 1):
#         theta, state = step(theta, curvature * theta, state, t)
#         path.append(theta)
#     return torch.stack(path)
#
#
# def sgd(momentum, lr):
#     def step(theta, grad, state, t):
#         v = state.get("velocity", torch.zeros(2))
#         new = sgd_step(theta, grad, v, lr=lr, momentum=momentum, weight_decay=0.0, nesterov=False)
#         return new["param"], new
#
#     return step
#
#
# def adam(theta, grad, state, t):
#     m, v = state.get("m", torch.zeros(2)), state.get("v", torch.zeros(2))
#     how = dict(lr=0.3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=False)
#     new = adam_step(theta, grad, m, v, t, **how)
#     return new["param"], new
#
#
# ticks = torch.linspace(-5, 5, 101)
# heights = f(torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1))
# figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4))
# left.contour(ticks, ticks, heights, levels=[0.2, 1, 3, 7, 15, 30, 60], linewidths=0.4)
# for name, step in (("SGD", sgd(0.0, 0.07)), ("momentum", sgd(0.8, 0.02)), ("Adam", adam)):
#     path = walk(step)
#     left.plot(*path.T, "o-", markersize=2, linewidth=1, label=name)
#     right.semilogy(f(path), label=name)
# left.set(ylim=(-2.5, 2.5), xlabel="x", ylabel="y")
# right.set(xlabel="step", ylabel="f")
# right.legend();

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 轨迹 3 分：SGD 在 $y$ 方向的因子是 $1-0.07\cdot25=-0.75$，每步变号，$x$ 方向是 $0.93$，慢；动量一路累积速度，
# 到谷底时速度不为 0，于是冲过头再回来；Adam 把每个分量除以自己的 $\sqrt{\hat v}$，第一步两个方向都走约 $\eta$，所以沿对角线。
# 偏差修正 2 分：有修正时 $\hat m=g$、$\hat v=g^2$，每步恰为 $\eta$；没有修正时是 $\eta(1-\beta_1^t)/\sqrt{1-\beta_2^t}$，前五步约
# $3.16,\ 4.25,\ 4.95,\ 5.44,\ 5.80$ 倍 $\eta$，太大：$v$ 比 $m$ 更偏向 0（$\beta_2$ 更接近 1），再开方作分母。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** Paths, 3 points: for SGD the factor in $y$ is $1-0.07\cdot25=-0.75$, which
# changes sign at every step, and in $x$ it is a slow $0.93$; momentum gains speed on the way and still has it at
# the bottom, so it overshoots and comes back; Adam divides each component by its own $\sqrt{\hat v}$, the first step is about $\eta$
# in both directions, hence the diagonal. Bias correction, 2 points: with it $\hat m=g$ and $\hat v=g^2$, so every step
# is $\eta$; without it $\eta(1-\beta_1^t)/\sqrt{1-\beta_2^t}$, about $3.16,\ 4.25,\ 4.95,\ 5.44,\ 5.80$ times $\eta$ in the
# first five steps: too long, because $v$ is further from its average than $m$ ($\beta_2$ is closer to 1) and its root
# is the denominator.

# %% [markdown] lang="zh"
# ## 第 2 题　惩罚项与丢弃法（18 分）
#
# ### 2.1　$L_1$ 与 $L_2$ 惩罚
#
# 在损失上加一项，让权重不要太大（nndl 7.7.1，d2l 4.5，Goodfellow 7.1）。只惩罚名字以 `W` 开头的参数；偏置只是平移，不受惩罚：
#
# $$P=\sum_{W}\Bigl(l_1\lVert W\rVert_1+\frac{l_2}2\lVert W\rVert^2\Bigr),\qquad
#   \frac{\partial P}{\partial W}=l_1\operatorname{sign}(W)+l_2W$$
#
# $|w|$ 在 0 处不可导，这里取 0（次梯度之一）。返回的 `grads` 要包含**所有**键，不受惩罚的参数对应全 0 的张量。
#
# **例。** $W=(1,-2)$，$b=5$，$l_1=0.1$，$l_2=0.2$：$P=0.1\cdot3+0.1\cdot5=0.8$，$W$ 的梯度 $(0.3,-0.5)$，$b$ 的梯度 $0$。

# %% [markdown] lang="en"
# ## Question 2　Penalties and dropout (18 points)
#
# ### 2.1　$L_1$ and $L_2$ penalties
#
# Add a term to the loss that keeps weights small (nndl 7.7.1, d2l 4.5, Goodfellow 7.1). Only parameters whose name
# starts with `W` are penalised; biases merely shift and are left alone:
#
# $$P=\sum_{W}\Bigl(l_1\lVert W\rVert_1+\frac{l_2}2\lVert W\rVert^2\Bigr),\qquad
#   \frac{\partial P}{\partial W}=l_1\operatorname{sign}(W)+l_2W$$
#
# $|w|$ has no derivative at 0; take 0 (one of its subgradients). `grads` has **all** keys: parameters that are not
# penalised get a tensor of zeros.
#
# **Example.** $W=(1,-2)$, $b=5$, $l_1=0.1$, $l_2=0.2$: $P=0.1\cdot3+0.1\cdot5=0.8$, the gradient of $W$ is
# $(0.3,-0.5)$, that of $b$ is $0$.


# %%
def penalty(params, l1, l2):
    """权重的 L1 与 L2 惩罚 / The L1 and L2 penalty of the weights.

    params   dict[str, Tensor]   任意形状 any shapes, float32 / float64   名字以 "W" 开头的受惩罚
                                 names that start with "W" are penalised
    l1, l2   float               两种惩罚的系数 strengths

    返回 returns dict
        "value" ()                     惩罚的值 the penalty
        "grads" dict[str, Tensor]      与 params 同样的键和形状 keys and shapes of params
    """
    # BEGIN SOLUTION
    value, grads = 0.0, {}
    for name, param in params.items():
        if name.startswith("W"):
            value = value + l1 * param.abs().sum() + l2 / 2 * (param**2).sum()
            grads[name] = l1 * param.sign() + l2 * param
        else:
            grads[name] = torch.zeros_like(param)
    return {"value": value, "grads": grads}
    # END SOLUTION


# %% active="ipynb"
# check_here("penalty")

# %% [markdown] lang="zh"
# 只有惩罚、没有数据时，梯度下降怎样缩小权重？$L_2$ 每步乘一个因子，大的缩得多、小的缩得少，谁也不会正好变成 0；
# $L_1$ 每步减去同样多，小的权重先到 0（在 0 附近来回跳）。

# %% [markdown] lang="en"
# How does descent shrink weights when there is only the penalty and no data? $L_2$ multiplies by a factor, large
# weights lose much and small ones little, and none becomes exactly 0; $L_1$ subtracts the same amount every time, and
# small weights reach 0 first (and hover there).

# %% active="ipynb"
# figure, panels = plt.subplots(1, 2, figsize=(11, 3), sharey=True)
# for panel, (l1, l2) in zip(panels, ((0.0, 0.5), (0.5, 0.0))):
#     W, paths = torch.tensor([2.0, 1.0, 0.5, -1.5]), []
#     for _ in range(60):
#         paths.append(W)
#         W = W - 0.1 * penalty({"W": W}, l1, l2)["grads"]["W"]
#     panel.plot(torch.stack(paths))
#     panel.axhline(0, color="gray", linewidth=0.5)
#     panel.set(title=f"l1 = {l1}, l2 = {l2}", xlabel="step")

# %% [markdown] lang="zh"
# ### 2.2　丢弃法
#
# 训练时以概率 $p$（`drop_prob`）把每个单元独立地置 0，迫使网络不依赖任何单独一个单元（Srivastava 等，2014；nndl 7.7.4，d2l 4.6，
# Goodfellow 7.12）。为了让测试时什么都不用做，把保留下来的单元放大，使期望不变，这叫**反向丢弃法**：
#
# $$\operatorname{dropout}(x)_i=\begin{cases}x_i/(1-p)&u_i\ge p\\0&u_i<p\end{cases}\qquad u_i\sim U[0,1),\qquad
#   \mathbb E=(1-p)\cdot\frac{x_i}{1-p}=x_i$$
#
# * `training=False`：原样返回 `x`；
# * 给了 `u`：就用它；没给 `u`：用 `torch.Generator().manual_seed(seed)` 在 CPU 上抽取（再移到 `x` 的设备）；
# * $p=1$ 时全部丢弃，结果是 0，不是 NaN。
#
# 注意 nndl 式 7.65 里的 $p$ 是**保留**概率。
#
# **例。** $x=(1,2,3,4)$，$p=0.5$，$u=(0.1,0.6,0.5,0.9)$：结果 $(0,4,6,8)$。

# %% [markdown] lang="en"
# ### 2.2　Dropout
#
# In training, each unit is set to 0 with probability $p$ (`drop_prob`), independently of the others, so that the
# network cannot rely on any single unit (Srivastava et al., 2014; nndl 7.7.4, d2l 4.6, Goodfellow 7.12). So that
# nothing has to be done at test time, what is kept is scaled up and the expectation stays; this is called **inverted
# dropout**:
#
# $$\operatorname{dropout}(x)_i=\begin{cases}x_i/(1-p)&u_i\ge p\\0&u_i<p\end{cases}\qquad u_i\sim U[0,1),\qquad
#   \mathbb E=(1-p)\cdot\frac{x_i}{1-p}=x_i$$
#
# * `training=False`: return `x` as it is;
# * use `u` if it is given; otherwise draw it from `torch.Generator().manual_seed(seed)` on the CPU (and move it to
#   the device of `x`);
# * with $p=1$ everything is dropped: the result is 0 and not NaN.
#
# Note that the $p$ of nndl equation 7.65 is the probability to **keep**.
#
# **Example.** $x=(1,2,3,4)$, $p=0.5$, $u=(0.1,0.6,0.5,0.9)$: the result is $(0,4,6,8)$.


# %%
def dropout(x, drop_prob, *, training, u=None, seed=None):
    """反向丢弃法 / Inverted dropout.

    x           S（任意形状 any shape）   float32 / float64
    drop_prob   float                   丢弃概率，在 [0, 1] / probability to drop, in [0, 1]
    training    bool                    False 时原样返回 x / False returns x as it is
    u           None 或 or S            [0, 1) 上的均匀随机数；u >= drop_prob 的单元保留
                                        uniform on [0, 1); units with u >= drop_prob are kept
    seed        None 或 or int          没有 u 时用它抽取 used to draw u if there is none

    返回 returns S   dtype 同 x / as x
    """
    # BEGIN SOLUTION
    if not training:
        return x
    if drop_prob == 1:
        return torch.zeros_like(x)
    if u is None:
        u = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)).to(x.device)
    return x * (u >= drop_prob) / (1 - drop_prob)
    # END SOLUTION


# %% active="ipynb"
# check_here("dropout")

# %% [markdown] lang="zh"
# 看一看：同一张数字图片的六个丢弃结果，最后一张是 300 次的平均——期望没有变。

# %% [markdown] lang="en"
# A look: six dropped-out versions of one digit, and the mean of 300 of them, which shows that the expectation is
# unchanged.

# %% active="ipynb"
# digit = torch.tensor(load_digits().images[3])
# noisy = [dropout(digit, 0.5, training=True, seed=seed) for seed in range(300)]
# figure, panels = plt.subplots(1, 8, figsize=(13, 2))
# for panel, image in zip(panels, [digit, *noisy[:6], torch.stack(noisy).mean(dim=0)]):
#     panel.imshow(image, cmap="gray_r", vmin=0, vmax=32)
#     panel.axis("off")

# %% [markdown] lang="zh"
# ## 第 3 题　批量归一化（23 分）
#
# ### 3.1　前向
#
# 批量归一化（Ioffe 与 Szegedy，2015；nndl 7.5.1，d2l 7.5，Goodfellow 8.7.1）让每个通道在一个批次内均值为 0、方差为 1，
# 再用可学习的 $\gamma,\beta$ 恢复表达能力。对通道 $c$，用这个通道的**所有** $M$ 个数（全连接层 $M=N$；图像 $M=N\cdot H\cdot W$）：
#
# $$\mu=\frac1M\sum_ix_i,\qquad\sigma^2=\frac1M\sum_i(x_i-\mu)^2,\qquad
#   \hat x_i=\frac{x_i-\mu}{\sqrt{\sigma^2+\epsilon}},\qquad y_i=\gamma\hat x_i+\beta$$
#
# **训练模式**同时更新滑动统计量，供测试时使用。归一化用**有偏**方差（除以 $M$），滑动方差用**无偏**方差（除以 $M-1$）：
#
# $$\text{run\_mean}\leftarrow(1-m)\,\text{run\_mean}+m\,\mu,\qquad
#   \text{run\_var}\leftarrow(1-m)\,\text{run\_var}+m\,\tfrac M{M-1}\sigma^2$$
#
# **测试模式**不看批次，用滑动均值和滑动方差归一化，统计量不变。
#
# 方差请从**减去均值之后**的数计算。$\overline{x^2}-\bar x^2$ 在数学上一样，但均值远大于标准差时，两个几乎相等的大数相减，
# float32 的有效数字所剩无几。
#
# **例。** $x=\begin{pmatrix}0\\2\end{pmatrix}$，$\gamma=1$，$\beta=0$，$\epsilon=0$，$m=0.1$，滑动均值 0、方差 1：
# $\mu=1$，$\sigma^2=1$，输出 $(-1,1)$；滑动均值 $0.1$，滑动方差 $0.9\cdot1+0.1\cdot2=1.1$。

# %% [markdown] lang="en"
# ## Question 3　Batch normalisation (23 points)
#
# ### 3.1　Forward
#
# Batch normalisation (Ioffe and Szegedy, 2015; nndl 7.5.1, d2l 7.5, Goodfellow 8.7.1) gives every channel mean 0 and
# variance 1 within a batch; learnable $\gamma$ and $\beta$ restore what that takes away. For a channel, take **all**
# its $M$ numbers ($M=N$ in a dense layer, $M=N\cdot H\cdot W$ for images):
#
# $$\mu=\frac1M\sum_ix_i,\qquad\sigma^2=\frac1M\sum_i(x_i-\mu)^2,\qquad
#   \hat x_i=\frac{x_i-\mu}{\sqrt{\sigma^2+\epsilon}},\qquad y_i=\gamma\hat x_i+\beta$$
#
# **Training mode** also updates the running statistics that testing will use. Normalisation takes the **biased**
# variance (over $M$), the running variance the **unbiased** one (over $M-1$):
#
# $$\text{run\_mean}\leftarrow(1-m)\,\text{run\_mean}+m\,\mu,\qquad
#   \text{run\_var}\leftarrow(1-m)\,\text{run\_var}+m\,\tfrac M{M-1}\sigma^2$$
#
# **Test mode** does not look at the batch: it normalises with the running statistics and leaves them as they are.
#
# Compute the variance from numbers **with their mean removed**. $\overline{x^2}-\bar x^2$ is the same in mathematics;
# but if the mean is much larger than the standard deviation it subtracts two large and nearly equal numbers, and few
# digits of float32 survive.
#
# **Example.** $x=\begin{pmatrix}0\\2\end{pmatrix}$, $\gamma=1$, $\beta=0$, $\epsilon=0$, $m=0.1$, running mean 0 and
# variance 1: $\mu=1$, $\sigma^2=1$, the output is $(-1,1)$; the running mean becomes $0.1$, the running variance
# $0.9\cdot1+0.1\cdot2=1.1$.


# %%
def batchnorm_forward(x, gamma, beta, running_mean, running_var, *, momentum, eps, training):
    """批量归一化的前向 / The forward pass of batch normalisation.

    x                           (N, C) 或 or (N, C, H, W)   float32 / float64
    gamma, beta                 (C,)   同 x as x            缩放与平移 scale and shift
    running_mean, running_var   (C,)   同 x as x            滑动统计量 running statistics
    momentum                    float  新统计量的权重 m / weight m of the new statistics
    eps                         float  ε
    training                    bool   训练模式还是测试模式 training or test mode

    返回 returns dict
        "out"                             与 x 同形状 shape of x
        "running_mean", "running_var"     (C,)   新的滑动统计量 the new running statistics
    """

    # BEGIN SOLUTION
    def per_channel(statistic):
        return statistic.reshape(1, -1, *[1] * (x.dim() - 2))

    mean, var = running_mean, running_var
    if training:
        axes = [axis for axis in range(x.dim()) if axis != 1]
        count = x.numel() // x.shape[1]
        mean = x.mean(dim=axes)
        var = ((x - per_channel(mean)) ** 2).mean(dim=axes)
        unbiased = var * count / (count - 1)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * unbiased
    x_hat = (x - per_channel(mean)) / (per_channel(var) + eps).sqrt()
    return {
        "out": per_channel(gamma) * x_hat + per_channel(beta),
        "running_mean": running_mean,
        "running_var": running_var,
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("batchnorm_forward")

# %% [markdown] lang="zh"
# 两个通道，均值和尺度相差很大；归一化之后到了一起。训练 40 个批次，滑动均值逐渐接近真正的均值（虚线）。

# %% [markdown] lang="en"
# Two channels with very different means and scales, and where normalisation brings them. Over 40 batches the running
# means approach the true ones (dashed).

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# true_mean, true_std = torch.tensor([4.0, -2.0]), torch.tensor([3.0, 0.5])
# run_mean, run_var, track = torch.zeros(2), torch.ones(2), []
# for _ in range(40):
#     batch = true_mean + true_std * torch.randn(64, 2, generator=generator)
#     result = batchnorm_forward(
#         batch, torch.ones(2), torch.zeros(2), run_mean, run_var, momentum=0.1, eps=1e-5, training=True
#     )
#     run_mean, run_var = result["running_mean"], result["running_var"]
#     track.append(run_mean)
#
# figure, (before, after, running) = plt.subplots(1, 3, figsize=(14, 3.5))
# for channel in range(2):
#     before.hist(batch[:, channel], bins=20, alpha=0.6)
#     after.hist(result["out"][:, channel], bins=20, alpha=0.6)
#     running.plot([mean[channel] for mean in track])
#     running.axhline(true_mean[channel], color="gray", linestyle="--", linewidth=0.7)
# before.set_title("before")
# after.set_title("after")
# running.set(title="running mean", xlabel="batch");

# %% [markdown] lang="zh"
# ### 3.2　反向
#
# 训练模式下 $\mu$ 和 $\sigma$ 也是 $x$ 的函数，所以梯度沿三条路回到 $x$。记 $s=\sqrt{\sigma^2+\epsilon}$，$g_j=\gamma\,\partial L/\partial y_j$，
# 同一通道的 $M$ 个数之间
#
# $$\frac{\partial\mu}{\partial x_i}=\frac1M,\qquad\frac{\partial s}{\partial x_i}=\frac{x_i-\mu}{Ms}=\frac{\hat x_i}M,\qquad
#   \frac{\partial\hat x_j}{\partial x_i}=\frac1s\Bigl(\mathbb 1[i=j]-\frac1M-\frac{\hat x_i\hat x_j}M\Bigr)$$
#
# 代入 $\partial L/\partial x_i=\sum_jg_j\,\partial\hat x_j/\partial x_i$，得
#
# $$\frac{\partial L}{\partial x_i}=\frac1s\Bigl(g_i-\overline g-\hat x_i\,\overline{g\hat x}\Bigr),\qquad
#   \frac{\partial L}{\partial\gamma}=\sum_j\frac{\partial L}{\partial y_j}\hat x_j,\qquad
#   \frac{\partial L}{\partial\beta}=\sum_j\frac{\partial L}{\partial y_j}$$
#
# 横线表示对这个通道的 $M$ 个数取平均（Ioffe 与 Szegedy，2015，第 3 节给出了分步的形式）。第二项来自 $\mu$，第三项来自 $\sigma$。
# 于是 $\sum_i\partial L/\partial x_i=0$：整体平移 $x$ 不影响输出。
#
# **例。** 一个通道 $x=(-1,-1,1,1)$，$\gamma=1$，$\epsilon=0$：$\mu=0$，$s=1$，$\hat x=x$。上游梯度 $(1,0,0,0)$：$\overline g=0.25$，
# $\overline{g\hat x}=-0.25$，$\partial L/\partial x=(0.5,-0.5,0,0)$，$\partial L/\partial\gamma=-1$，$\partial L/\partial\beta=1$。

# %% [markdown] lang="en"
# ### 3.2　Backward
#
# In training mode $\mu$ and $\sigma$ depend on $x$ as well, so the gradient returns to $x$ by three ways. Write
# $s=\sqrt{\sigma^2+\epsilon}$ and $g_j=\gamma\,\partial L/\partial y_j$. Among the $M$ numbers of one channel
#
# $$\frac{\partial\mu}{\partial x_i}=\frac1M,\qquad\frac{\partial s}{\partial x_i}=\frac{x_i-\mu}{Ms}=\frac{\hat x_i}M,\qquad
#   \frac{\partial\hat x_j}{\partial x_i}=\frac1s\Bigl(\mathbb 1[i=j]-\frac1M-\frac{\hat x_i\hat x_j}M\Bigr)$$
#
# and $\partial L/\partial x_i=\sum_jg_j\,\partial\hat x_j/\partial x_i$ becomes
#
# $$\frac{\partial L}{\partial x_i}=\frac1s\Bigl(g_i-\overline g-\hat x_i\,\overline{g\hat x}\Bigr),\qquad
#   \frac{\partial L}{\partial\gamma}=\sum_j\frac{\partial L}{\partial y_j}\hat x_j,\qquad
#   \frac{\partial L}{\partial\beta}=\sum_j\frac{\partial L}{\partial y_j}$$
#
# where a bar is the mean over the $M$ numbers of the channel (Ioffe and Szegedy, 2015, section 3, give the same in
# steps). The second term comes from $\mu$, the third from $\sigma$. Hence $\sum_i\partial L/\partial x_i=0$: shifting
# all of $x$ does not change the output.
#
# **Example.** One channel $x=(-1,-1,1,1)$, $\gamma=1$, $\epsilon=0$: $\mu=0$, $s=1$, $\hat x=x$. For the upstream gradient
# $(1,0,0,0)$, $\overline g=0.25$ and $\overline{g\hat x}=-0.25$, so $\partial L/\partial x=(0.5,-0.5,0,0)$,
# $\partial L/\partial\gamma=-1$, $\partial L/\partial\beta=1$.


# %%
def batchnorm_backward(dout, x, gamma, eps):
    """批量归一化的反向，训练模式 / The backward pass of batch normalisation in training mode.

    dout    与 x 同形状 shape of x      输出的梯度 gradient of the output
    x       (N, C) 或 or (N, C, H, W)   float32 / float64   前向的输入 input of the forward pass
    gamma   (C,)   同 x as x
    eps     float  ε

    返回 returns dict   "dx" 与 x 同形状 shape of x, "dgamma" (C,), "dbeta" (C,)
    """
    # BEGIN SOLUTION
    axes = [axis for axis in range(x.dim()) if axis != 1]
    mean = x.mean(dim=axes, keepdim=True)
    std = (((x - mean) ** 2).mean(dim=axes, keepdim=True) + eps).sqrt()
    x_hat = (x - mean) / std
    g = dout * gamma.reshape(mean.shape)
    through_mean = g.mean(dim=axes, keepdim=True)
    through_std = x_hat * (g * x_hat).mean(dim=axes, keepdim=True)
    return {
        "dx": (g - through_mean - through_std) / std,
        "dgamma": (dout * x_hat).sum(dim=axes),
        "dbeta": dout.sum(dim=axes),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("batchnorm_backward")

# %% [markdown] lang="zh"
# ## 第 4 题　标签平滑与提前停止（10 分）
#
# ### 4.1　标签平滑
#
# 用 one-hot 标签训练，网络只有把正确类别的得分推到无穷大才满意。标签平滑留一点余地（Szegedy 等，2016；nndl 7.7.6，Goodfellow 7.5.1）：
# 正确类别的目标是 $1-\varepsilon$，其余 $K-1$ 类平分 $\varepsilon$：
#
# $$L=-\frac1N\sum_{i=1}^N\Bigl((1-\varepsilon)\log p_{i,y_i}+\frac\varepsilon{K-1}\sum_{k\ne y_i}\log p_{ik}\Bigr),
#   \qquad p=\operatorname{softmax}(z)$$
#
# 标签有错时，它也等于承认“标签有 $\varepsilon$ 的可能是错的”。得分可能很大，请直接计算 log-softmax，不要先算概率再取对数。
#
# **例。** $K=4$，得分全为 0：每个 $\log p=-\log4$，损失是 $\log4\approx1.3863$，与 $\varepsilon$ 无关。

# %% [markdown] lang="en"
# ## Question 4　Label smoothing and early stopping (10 points)
#
# ### 4.1　Label smoothing
#
# Trained on one-hot labels, a network is content only when the score of the right class is infinite. Label smoothing
# leaves some room (Szegedy et al., 2016; nndl 7.7.6, Goodfellow 7.5.1): the target of the label is $1-\varepsilon$, and
# the other $K-1$ classes share $\varepsilon$:
#
# $$L=-\frac1N\sum_{i=1}^N\Bigl((1-\varepsilon)\log p_{i,y_i}+\frac\varepsilon{K-1}\sum_{k\ne y_i}\log p_{ik}\Bigr),
#   \qquad p=\operatorname{softmax}(z)$$
#
# Where labels may be wrong this also says that "the label is wrong with probability $\varepsilon$". Scores may be large:
# compute the log-softmax directly, and not the logarithm of probabilities.
#
# **Example.** $K=4$, all scores 0: every $\log p$ is $-\log4$, and the loss is $\log4\approx1.3863$ for any $\varepsilon$.


# %%
def label_smoothing_loss(logits, y, epsilon):
    """带标签平滑的交叉熵 / Cross-entropy with smoothed labels, in nats.

    logits    (N, K)   float32 / float64   K >= 2
    y         (N,)     int64               标签 labels
    epsilon   float                        ε

    返回 returns ()   目标是标签上 1-ε、其余各 ε/(K-1) 的平均交叉熵
                      mean cross-entropy with targets 1-ε on the label and ε/(K-1) elsewhere
    """
    # BEGIN SOLUTION
    log_p = torch.log_softmax(logits, dim=1)
    elsewhere = torch.full_like(log_p, epsilon / (logits.shape[1] - 1))
    targets = elsewhere.scatter(1, y.unsqueeze(1), 1 - epsilon)
    return -(targets * log_p).sum(dim=1).mean()
    # END SOLUTION


# %% active="ipynb"
# check_here("label_smoothing_loss")

# %% [markdown] lang="zh"
# 两类问题里，横轴是正确类别比另一类高多少分。没有平滑时损失一直下降；有平滑时，过分自信反而受罚，最低点在哪里？

# %% [markdown] lang="en"
# With two classes, the horizontal axis is by how much the right class outscores the other. Without smoothing the loss
# falls for ever; with smoothing too much confidence is punished. Where is the minimum?

# %% active="ipynb"
# margins = torch.linspace(-2, 8, 120)
# for epsilon in (0.0, 0.05, 0.2):
#     losses = [
#         label_smoothing_loss(torch.stack([margin, 0 * margin]).unsqueeze(0), torch.tensor([0]), epsilon)
#         for margin in margins
#     ]
#     plt.plot(margins, losses, label=f"epsilon = {epsilon}")
# plt.xlabel("score of the right class minus score of the other")
# plt.ylabel("loss")
# plt.legend();

# %% [markdown] lang="zh"
# ### 4.2　提前停止
#
# 训练损失会一直下降，验证损失却往往先降后升。提前停止就是在验证损失不再改进时收手，用最好的那一轮的参数（nndl 7.7.3，Goodfellow 7.8）。
# 规则要说得很准确：轮次从 0 编号，`best` 是到目前为止**算作改进**的最小损失，开始时是 $+\infty$；
#
# * 某一轮的损失 `loss < best - min_delta`，就算**改进**，`best = loss`；差一点点、恰好相等都不算；
# * 连续 `patience` 轮没有改进，就在这一轮停止；一直没有停就走到最后一轮。
#
# **例。** 损失 $1,\ 0.8,\ 0.9,\ 0.85,\ 0.7$，`patience = 2`，`min_delta = 0`：第 1 轮最好，第 2、3 轮没有改进，停在第 3 轮
# （看不到后面的 $0.7$）：`best_epoch = 1`，`stop_epoch = 3`。

# %% [markdown] lang="en"
# ### 4.2　Early stopping
#
# The training loss keeps falling while the validation loss often falls and then rises. Early stopping ends when the
# validation loss no longer improves, and takes the parameters of the best epoch (nndl 7.7.3, Goodfellow 7.8). The rule
# has to be precise. Epochs are numbered from 0; `best` is the smallest loss so far that **counted as an improvement**,
# at first $+\infty$;
#
# * an epoch **improves** if `loss < best - min_delta`, and then `best = loss`; being equal, or better by less, is no
#   improvement;
# * after `patience` epochs in a row without improvement, stop at the last of them; if that never happens, stop at the
#   last epoch.
#
# **Example.** Losses $1,\ 0.8,\ 0.9,\ 0.85,\ 0.7$, `patience = 2`, `min_delta = 0`: epoch 1 is the best, epochs 2 and 3
# do not improve, and training stops at 3 without ever seeing $0.7$: `best_epoch = 1`, `stop_epoch = 3`.


# %%
def early_stopping(val_losses, patience, min_delta):
    """什么时候停、哪一轮最好 / When to stop, and which epoch was best.

    val_losses   list[float]，至少一个 at least one   每轮的验证损失 validation loss of each epoch
    patience     int >= 1     容忍多少轮没有改进 epochs without improvement before stopping
    min_delta    float >= 0   至少要改进这么多 what an improvement has to exceed

    返回 returns dict   "best_epoch" int, "stop_epoch" int   从 0 编号 counted from 0
    """
    # BEGIN SOLUTION
    best, best_epoch = math.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        if epoch - best_epoch == patience:
            return {"best_epoch": best_epoch, "stop_epoch": epoch}
    return {"best_epoch": best_epoch, "stop_epoch": len(val_losses) - 1}
    # END SOLUTION


# %% active="ipynb"
# check_here("early_stopping")

# %% [markdown] lang="zh"
# ## 第 5 题　在错误的标签中学习（9 分）
#
# 训练数据是 500 张手写数字（8×8 像素，展平成 64 个 $[0,1]$ 之间的数），其中**约 40 % 的标签是错的**：被随机换成了别的数字。
# 你拿不到干净的标签，但评分用干净的标签。没有正则化的网络会把训练集背到 100 %，测试正确率却只有 0.65 左右。
#
# **写两个函数。** `train_regularized` 训练，`predict_regularized` 用训练得到的 `state` 给新样本打分（**测试模式**：不丢弃，不加噪声，
# 批量归一化用滑动统计量，因此一个样本的得分与同批的其它样本无关）。什么方法都可以用：前面写的函数、`torch.nn`、`torch.optim`、自动求导。
# 结构、轮数、学习率、各种正则化由你决定，写成带默认值的关键字参数。
#
# **几条建议。**
#
# * 从给你的数据里留出一部分（比如 20 %）作验证集，按它的损失提前停止，并**取回最好一轮的参数**。验证标签同样有 40 % 是错的，
#   但错误是随机的，没法靠背下训练集来预测，所以验证损失仍然有用；
# * 丢弃法、较强的权重衰减、标签平滑、给输入加高斯噪声，每一种都能再帮一点；
# * 网络不必大，两个 256 单元的隐藏层足够；几十轮、几秒钟之内可以完成。
#
# **返回值。** `{"state": ..., "history": ...}`：`state` 是一个字典，值可以是张量、数、字符串或列表，存放 `predict_regularized` 需要的一切
# （不能是 `nn.Module`；用了 `nn.Module` 就返回它的 `state_dict()`，在 `predict_regularized` 里重建）；
# `history` 是由数的列表组成的字典，至少有 `"loss"`：每个 epoch 一个 Python 浮点数，至少 5 个。
# 同一个 `seed` 必须得到同样的结果；训练函数里可以用 `torch.manual_seed(seed)`。
#
# **评分。** 三组你没见过的划分、噪声和种子，像素的顺序和类别的编号都已打乱（卷积在这里没有用），平均测试正确率（干净标签）
# 达到 0.76 得 8 分，达到 0.71 得 4 分。另有 1 分看结果可以重复、逐个预测与成批预测一致。

# %% [markdown] lang="en"
# ## Question 5　Learning from wrong labels (9 points)
#
# The training data are 500 handwritten digits (8×8 pixels, flattened to 64 numbers in $[0,1]$), of whose labels **about
# 40 % are wrong**: they were replaced by another digit at random. You never see the clean labels, but you are graded on
# clean ones. Without regularisation a network learns the training set by heart, 100 % of it, and is right on about 0.65
# of new digits.
#
# **Write two functions.** `train_regularized` trains; `predict_regularized` scores new examples with the `state` that
# training produced, in **evaluation mode**: no dropout, no noise, batch normalisation with its running statistics, so
# that the scores of one example do not depend on the others in the batch. Use whatever you like: your functions above,
# `torch.nn`, `torch.optim`, automatic differentiation. Architecture, epochs, learning rate and regularisers are your
# choice: make them keyword arguments with defaults.
#
# **Some advice.**
#
# * Set part of the data (say 20 %) aside for validation, stop early by its loss, and **return to the parameters of the
#   best epoch**. Validation labels are wrong 40 % of the time, too; but the errors are random and cannot be predicted
#   by learning the training set by heart, so the validation loss is still of use.
# * Dropout, strong weight decay, label smoothing, Gaussian noise on the inputs: each helps a little more.
# * The network need not be large: two hidden layers of 256 units do, in some dozens of epochs and a few seconds.
#
# **Return** `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers, strings or lists with
# everything that `predict_regularized` needs (no `nn.Module`: if you use one, return its `state_dict()` and rebuild it
# in `predict_regularized`). The `history` is a dictionary of lists of numbers with at least `"loss"`: one Python float
# per epoch, at least 5. Equal seeds must give equal results; a training function may use `torch.manual_seed(seed)`.
#
# **Grading.** On three splits, noises and seeds that you have not seen, with pixels reordered and classes renumbered (so
# convolutions are no use here), the mean accuracy on clean held-out digits earns 8 points from 0.76 and 4 from 0.71.
# One more point is for repeatable results, and for scores that are the same one by one and in a batch.


# %%
def train_regularized(
    x,
    y,
    num_classes,
    *,
    seed,
    epochs=100,
    width=256,
    lr=2e-3,
    batch_size=64,
    drop_prob=0.5,
    weight_decay=0.1,
    smoothing=0.1,
    noise=0.0,
    patience=10,
    watched=None,
):
    """用有错的标签训练一个分类器 / Train a classifier on labels of which some are wrong.

    x             (500, 64)   float32   像素，在 [0, 1] / pixels in [0, 1]
    y             (500,)      int64     约 40 % 是错的 about 40 % of them wrong
    num_classes   int         类别数 number of classes K
    seed          int         随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   predict_regularized 需要的一切
                                                                   all that predict_regularized needs
        "history"   {"loss": list[float], ...}   每个 epoch 的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    # `watched`: a pair (x, y) whose accuracy is recorded in every epoch, to look at and not to learn from.
    torch.manual_seed(seed)
    shuffled = torch.randperm(len(y)).to(y.device)
    fit, held_out = shuffled[len(y) // 5 :], shuffled[: len(y) // 5]

    net = nn.Sequential(
        nn.Linear(x.shape[1], width),
        nn.ReLU(),
        nn.Dropout(drop_prob),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Dropout(drop_prob),
        nn.Linear(width, num_classes),
    ).to(x.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=weight_decay)

    def accuracy(x, y):
        return (net(x).argmax(dim=1) == y).to(x.dtype).mean().item()

    best, best_epoch, state = math.inf, 0, {}
    history = {"loss": [], "val_loss": [], "accuracy": []} | ({"watched": []} if watched else {})
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in fit[torch.randperm(len(fit)).to(y.device)].split(batch_size):
            inputs = x[batch] + noise * torch.randn(len(batch), x.shape[1]).to(x.device)
            loss = nn.functional.cross_entropy(net(inputs), y[batch], label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)

        net.eval()
        with torch.no_grad():
            val_loss = nn.functional.cross_entropy(net(x[held_out]), y[held_out]).item()
            history["loss"].append(total / len(fit))
            history["val_loss"].append(val_loss)
            history["accuracy"].append(accuracy(x[fit], y[fit]))
            if watched:
                history["watched"].append(accuracy(*watched))
        if patience is None or val_loss < best:
            best, best_epoch = val_loss, epoch
            state = {name: value.clone() for name, value in net.state_dict().items()}
        elif epoch - best_epoch >= patience:
            break
    return {"state": state, "history": history}
    # END SOLUTION


# %%
def predict_regularized(state, x):
    """给新样本打分，测试模式 / Score new examples, in evaluation mode.

    state   dict       train_regularized 返回的 as returned by train_regularized
    x       (N, 64)    float32   像素，在 [0, 1] / pixels in [0, 1]

    返回 returns (N, K)   logits
    """
    # BEGIN SOLUTION
    # The layers sit at 0, 3 and 6 of the network; between them only ReLU is left in evaluation mode.
    hidden = torch.relu(nn.functional.linear(x, state["0.weight"], state["0.bias"]))
    hidden = torch.relu(nn.functional.linear(hidden, state["3.weight"], state["3.bias"]))
    return nn.functional.linear(hidden, state["6.weight"], state["6.bias"])
    # END SOLUTION


# %% active="ipynb"
# check_here("train_regularized", "predict_regularized")

# %% [markdown] lang="zh"
# 一份公开的数据，与评分用的同样制作：前 500 个标签有 40 % 换成了别的数字，后面的样本标签干净，只用来观察。

# %% [markdown] lang="en"
# Public data made in the way of the hidden ones: 40 % of the first 500 labels have been replaced by another digit; the
# other examples have clean labels and are for looking only.

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# pixels, labels = (torch.tensor(array) for array in load_digits(return_X_y=True))
# order = torch.randperm(len(labels), generator=generator)
# x, y = pixels[order].float() / 16, labels[order]
# x, x_clean, y, y_clean = x[:500], x[500:1000], y[:500], y[500:1000]
#
# wrong = torch.randperm(500, generator=generator)[:200]
# y_noisy = y.clone()
# y_noisy[wrong] = (y[wrong] + torch.randint(1, 10, (200,), generator=generator)) % 10
#
# trained = train_regularized(x, y_noisy, 10, seed=0)
# scores = predict_regularized(trained["state"], x_clean)
# clean = (scores.argmax(dim=1) == y_clean).float().mean().item()
#
# for name, values in trained["history"].items():
#     if "loss" in name:
#         plt.plot(values, label=name)
# plt.xlabel("epoch")
# plt.ylabel("loss")
# plt.title(f"accuracy on clean digits: {clean:.3f}")
# plt.legend();

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 用上面的公开数据做一组对照实验：先**关掉所有**正则化训练 60 轮，再**每次只打开一种**：权重衰减、丢弃法、提前停止、输入噪声。
# 对每种情形画出两条曲线，横轴是 epoch：在（有噪声的）训练标签上的正确率，在干净样本 `x_clean, y_clean` 上的正确率；提前停止的情形标出停下的位置。然后回答：
#
# 1. 关掉所有正则化时，两条曲线各怎样变化？干净正确率在哪一段最高？这说明网络先学会了什么、后学会了什么？
# 2. 哪些手段抵抗住了标签噪声，哪些作用不大？结合各自的原理说明理由。
# 3. 验证集的标签同样有 40 % 是错的，为什么提前停止仍然有效？

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# Run a controlled experiment on the public data above: train 60 epochs with **all** regularisers **off**, and then turn
# on **one at a time**: weight decay, dropout, early stopping, input noise. For each case plot two curves against the
# epoch: the accuracy on the (noisy) training labels, and that on the clean examples `x_clean, y_clean`; for early stopping
# mark where it stops. Then answer:
#
# 1. With everything off, how do the two curves go? When is the clean accuracy highest? What does the network learn first,
#    then, and what later?
# 2. Which measures resist the label noise, and which do little? Give reasons from how each of them works.
# 3. Validation labels are wrong 40 % of the time, too. Why does early stopping work all the same?

# %% active="ipynb"
# # 图画在这里 / draw the figures here

# %% active="ipynb" solution="hidden"
# off = dict(drop_prob=0.0, weight_decay=0.0, smoothing=0.0, noise=0.0, patience=None, epochs=60)
# cases = {
#     "all off": {},
#     "weight decay": dict(weight_decay=3.0),
#     "dropout": dict(drop_prob=0.7),
#     "early stopping": dict(patience=10),
#     "input noise": dict(noise=0.5),
# }
# figure, panels = plt.subplots(1, 5, figsize=(17, 3), sharey=True)
# for panel, (name, on) in zip(panels, cases.items()):
#     history = train_regularized(x, y_noisy, 10, seed=0, watched=(x_clean, y_clean), **{**off, **on})["history"]
#     panel.plot(history["accuracy"], label="training labels")
#     panel.plot(history["watched"], label="clean digits")
#     panel.set(title=name, xlabel="epoch", xlim=(0, 60), ylim=(0, 1.02))
# panels[0].legend()
# panels[0].set_ylabel("accuracy");

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 图 2 分。全部关掉 1 分：训练正确率升到 1，干净正确率在前几轮就到最高（约 0.85），随后降到 0.65 左右；网络先学到许多样本
# 共有的规律，之后才逐个记住错误的标签。比较 1 分：提前停止停在记忆开始之前；较强的丢弃、输入噪声使单个样本难以记住，60 轮内几乎不下降；权重衰减只有足够强才起作用，
# 不强的权重衰减仍能记住全部标签。验证集 1 分：验证标签的错误与训练标签的错误相互独立，记住训练集的错误不会降低验证损失，只会让它上升；
# 噪声使验证损失整体变大，但最小值的位置基本不变。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Figures, 2 points. All off, 1 point: training accuracy goes to 1; clean accuracy
# peaks in the first epochs (about 0.85) and then drops to about 0.65; what many examples have in common is learned first,
# single wrong labels are learned by heart later. Comparison, 1 point: early stopping ends before that begins; strong
# dropout and input noise make single examples hard to memorise, with hardly a decline in 60 epochs; weight decay helps only
# when it is strong, a moderate one still memorises everything. Validation, 1 point: errors of validation labels are
# independent of those of the training labels, so memorising the latter cannot lower the validation loss and raises it;
# noise lifts the whole curve, and the minimum stays about where it was.
