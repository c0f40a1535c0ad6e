# %% [markdown] lang="zh"
# # 作业二：全连接网络与反向传播
#
# 一层线性模型画不出弯曲的边界。把几层线性变换叠起来，中间夹上非线性，就得到能逼近几乎任何函数的全连接网络。
# 难处在于求梯度：几千个参数，每个都要知道该往哪边改。反向传播用一次倒着走的计算同时给出全部答案。
# 这次作业里你不借助自动求导，亲手写出前向与反向，用数值梯度检验它，最后训练一个线性模型解决不了的问题。
#
# **完成之后，你能够**
#
# * 写出线性层、激活函数、Softmax 交叉熵各自的前向和反向，并把它们拼成任意深度的网络；
# * 把 Softmax 与交叉熵合成一个数值稳定的整体；
# * 说明 He 与 Xavier 初始化的方差从何而来，以及为什么不能从全 0 开始；
# * 用数值梯度检验手推的梯度，并且知道这个检验什么时候会骗人；
# * 写出完整的训练循环，把两条螺旋线分开。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）4.1、4.3–4.6、7.3；
# d2l（《动手学深度学习》中文第二版）4.1–4.2、4.7–4.8；Goodfellow 等《深度学习》第 6 章、8.4 节。

# %% [markdown] lang="en"
# # Assignment 2: Fully Connected Networks and Backpropagation
#
# One linear layer cannot draw a curved boundary. Stack linear maps with something nonlinear in between and
# you have a fully connected network, which can approximate almost any function. The hard part is the gradient:
# thousands of parameters, and for each of them we must know which way to move. Backpropagation answers all of
# these questions in one walk through the network from back to front. Here you write both directions by hand,
# without automatic differentiation, test them numerically, and finally train on a problem that no linear model
# can solve.
#
# **Afterwards you can**
#
# * write forward and backward pass of a linear layer, of the activations and of softmax with cross-entropy, and
#   put them together to a network of any depth;
# * treat softmax and cross-entropy as one numerically stable unit;
# * explain where the variances of He and Xavier initialisation come from, and why not to start from zero;
# * test a gradient numerically, and know when that test lies;
# * write a complete training loop that separates two spirals.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) 4.1, 4.3–4.6, 7.3; d2l (*Dive into Deep Learning*,
# section numbers of the Chinese second edition) 4.1–4.2, 4.7–4.8; Goodfellow et al., *Deep Learning*, chapter 6
# and section 8.4.

# %% [markdown] lang="zh"
# ## 开始之前
#
# **怎样作答。** 把每个函数里的 `raise NotImplementedError` 换成你的代码。函数名和参数顺序不要改，辅助函数可以随意添加。
# 题后的 `check_here(...)` 用几组公开的数自查；评分用另外的数，自查通过只说明方向对了。
#
# **分数。** 函数 86 分，代码卫生 4 分，两道思考题各 5 分。后面的题可以也应当调用前面写的函数；同一个错误只扣一次分。
#
# **代码卫生（4 分）** 对所有函数一起检查：
#
# 1. 结果的 dtype 和设备与输入相同（`init_params` 例外，它总是返回 CPU 上的 float32）；
# 2. 不修改传入的参数，`params` 字典和里面的张量都不要改；
# 3. 中间结果不丢精度：`torch.zeros(n)`、`one_hot(...).float()` 都是 float32，请跟随输入的 dtype；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态（训练函数除外）。
#
# **允许与禁止。** 全部题目（包括训练）都不得使用任何形式的自动求导，也不得使用 `nn.Linear`、`nn.Sequential`、`F.linear`、
# `F.cross_entropy`、`F.nll_loss`、`nn.…Loss`、`torch.optim`、`nn.init` 和 scikit-learn 的分类器。
# `torch.softmax`、`torch.logsumexp`、`torch.sigmoid`、`torch.tanh`、`F.one_hot` 可以用。
# 每次调用限时 10 秒，训练限时 60 秒。
#
# **记号。** $N$ 是样本数，$D$ 是特征数，$K$ 是类别数，每个样本占一行；`()` 表示零维张量；标签是从 0 开始的 int64；对数都是自然对数。
# 各层宽度为 `[D, H1, …, K]` 的网络，参数是字典 `{"W1": (D, H1), "b1": (H1,), …, "WL": …, "bL": (K,)}`。
# 教材之间有几处约定不同，本次作业这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 权重矩阵 | 形状 `(输入, 输出)`，`x @ W + b`（d2l） | `(输出, 输入)`，`x @ W.T`（`nn.Linear`）；列向量 $Wx+b$（nndl） |
# | Xavier 均匀分布的边界 | $\sqrt{6/(\text{输入}+\text{输出})}$ | 对某些激活函数再乘 4（nndl 式 7.26–7.27，因版本而异） |
# | 权重衰减 | 这里写进损失：$\frac\lambda2\sum_l\lVert W_l\rVert^2$ | 直接缩小参数的“解耦”形式（后面的正则化作业会用到） |

# %% [markdown] lang="en"
# ## Before you start
#
# **What to do.** Replace `raise NotImplementedError` in every function by your code. Leave names and the order of
# arguments as they are; add helper functions as you like. The `check_here(...)` below a question tries a few
# public numbers. Grading uses others: passing it means that you are on the right track.
#
# **Points.** 86 for the functions, 4 for hygiene, 5 for each of two written questions. Later questions may, and
# should, call the functions of earlier ones; a mistake costs its points once.
#
# **Hygiene (4 points)** is checked for all functions together:
#
# 1. results have the dtype and device of the inputs (except for `init_params`, always float32 on the CPU);
# 2. arguments are left unchanged, the dictionary `params` as well as the tensors in it;
# 3. no precision is lost on the way: `torch.zeros(n)` and `one_hot(...).float()` are float32, follow the dtype of
#    the inputs instead;
# 4. equal arguments give equal results, and the global random state stays untouched (training is exempt).
#
# **Allowed and forbidden.** In all questions, training included, automatic differentiation in every form is
# forbidden, and so are `nn.Linear`, `nn.Sequential`, `F.linear`, `F.cross_entropy`, `F.nll_loss`, `nn.…Loss`,
# `torch.optim`, `nn.init` and the classifiers of scikit-learn. `torch.softmax`, `torch.logsumexp`, `torch.sigmoid`,
# `torch.tanh` and `F.one_hot` are fine. A call may take 10 seconds, training 60.
#
# **Notation.** $N$ examples, $D$ features, $K$ classes, one example per row; `()` is a 0-dim tensor; labels are
# int64 and start at 0; logarithms are natural. A network with layer sizes `[D, H1, …, K]` has the parameters
# `{"W1": (D, H1), "b1": (H1,), …, "WL": …, "bL": (K,)}`. Textbooks disagree on some points, and here we choose:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | weight matrix | shape `(in, out)`, `x @ W + b` (d2l) | `(out, in)`, `x @ W.T` (`nn.Linear`); $Wx+b$ with columns (nndl) |
# | bound of the uniform Xavier law | $\sqrt{6/(\text{in}+\text{out})}$ | times 4 for some activations (nndl 7.26–7.27, depending on the edition) |
# | weight decay | here in the loss: $\frac\lambda2\sum_l\lVert W_l\rVert^2$ | "decoupled", shrinking the parameters themselves (a later assignment on regularisation) |

# %%
import math
from itertools import pairwise

import torch

# %% active="ipynb"
# import matplotlib.pyplot as plt
# from sklearn.datasets import load_digits, make_moons
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　线性层（11 分）
#
# ### 1.1　前向
#
# 一层有 $M$ 个神经元，第 $m$ 个算的是 $z_{nm}=\sum_d x_{nd}W_{dm}+b_m$（nndl 4.1，d2l 3.1）。整批样本写成矩阵，就是
#
# $$Z=XW+b$$
#
# $b$ 加到每一行上。
#
# **例。** $x=(1,\ 2)$，$W=\begin{pmatrix}1&0&-1\\2&1&0\end{pmatrix}$，$b=(0,0,1)$：$z=(5,\ 2,\ 0)$。

# %% [markdown] lang="en"
# ## Question 1　The linear layer (11 points)
#
# ### 1.1　Forward
#
# A layer of $M$ neurons computes $z_{nm}=\sum_d x_{nd}W_{dm}+b_m$ (nndl 4.1, d2l 3.1). For the whole batch this is
#
# $$Z=XW+b$$
#
# with $b$ added to every row.
#
# **Example.** $x=(1,\ 2)$, $W=\begin{pmatrix}1&0&-1\\2&1&0\end{pmatrix}$, $b=(0,0,1)$: $z=(5,\ 2,\ 0)$.


# %%
def linear_forward(x, W, b):
    """线性层的前向 / Forward pass of a linear layer.

    x   (N, D)   float32 / float64   每行一个样本 one example per row
    W   (D, M)   同 x as x           权重 weights
    b   (M,)     同 x as x           偏置 biases

    返回 returns (N, M)
    """
    # BEGIN SOLUTION
    return x @ W + b
    # END SOLUTION


# %% active="ipynb"
# check_here("linear_forward")

# %% [markdown] lang="zh"
# ### 1.2　反向
#
# 设后面的计算最终得到一个数 $L$，并且已经知道 $L$ 对本层输出的导数 $G_{nm}=\partial L/\partial z_{nm}$（代码里的 `dout`）。
# 链式法则要求把 $L$ 经过每一个 $z_{nm}$ 的影响加起来：
#
# $$\frac{\partial L}{\partial W_{dm}}=\sum_n x_{nd}\,G_{nm},\qquad
#   \frac{\partial L}{\partial x_{nd}}=\sum_m G_{nm}W_{dm},\qquad
#   \frac{\partial L}{\partial b_m}=\sum_n G_{nm}$$
#
# 写成矩阵，前两个是 $X^\top G$ 和 $GW^\top$（nndl 4.4，d2l 4.7，Goodfellow 6.5）。记不住转置放在哪里时，看形状：每个梯度的形状与被求导的量相同。
#
# 注意这里没有除以 $N$：损失若是平均值，$\frac1N$ 已经在 $G$ 里了。
#
# **例。** 沿用上例，$G=(1,0,2)$：
# $\mathrm{d}W=\begin{pmatrix}1&0&2\\2&0&4\end{pmatrix}$，$\mathrm{d}x=(-1,\ 2)$，$\mathrm{d}b=(1,0,2)$。

# %% [markdown] lang="en"
# ### 1.2　Backward
#
# Suppose that the computation behind this layer ends in one number $L$, and that we know its derivatives with
# respect to the output of the layer, $G_{nm}=\partial L/\partial z_{nm}$ (`dout` in the code). The chain rule adds
# up what happens through every single $z_{nm}$:
#
# $$\frac{\partial L}{\partial W_{dm}}=\sum_n x_{nd}\,G_{nm},\qquad
#   \frac{\partial L}{\partial x_{nd}}=\sum_m G_{nm}W_{dm},\qquad
#   \frac{\partial L}{\partial b_m}=\sum_n G_{nm}$$
#
# In matrices the first two are $X^\top G$ and $GW^\top$ (nndl 4.4, d2l 4.7, Goodfellow 6.5). Whenever you forget where
# the transpose goes, look at the shapes: a gradient has the shape of what it is the gradient of.
#
# Nothing is divided by $N$ here: if the loss is a mean, the factor $\frac1N$ is part of $G$ already.
#
# **Example.** With the numbers above and $G=(1,0,2)$:
# $\mathrm{d}W=\begin{pmatrix}1&0&2\\2&0&4\end{pmatrix}$, $\mathrm{d}x=(-1,\ 2)$, $\mathrm{d}b=(1,0,2)$.


# %%
def linear_backward(dout, x, W):
    """线性层的反向 / Backward pass of a linear layer.

    dout   (N, M)   float32 / float64   dL/d(输出 output)
    x      (N, D)   同 dout as dout     这一层的输入 input of the layer
    W      (D, M)   同 dout as dout     权重 weights

    返回 returns dict   "dx" (N, D), "dW" (D, M), "db" (M,)
    """
    # BEGIN SOLUTION
    return {"dx": dout @ W.T, "dW": x.T @ dout, "db": dout.sum(dim=0)}
    # END SOLUTION


# %% active="ipynb"
# check_here("linear_backward")

# %% [markdown] lang="zh"
# ## 第 2 题　激活函数（12 分）
#
# 没有非线性，叠多少层都还是一个线性变换：$(XW_1)W_2=X(W_1W_2)$。激活函数逐元素作用，四种常见的是
# （nndl 4.1.1–4.1.2，d2l 4.1.2，Goodfellow 6.3）：
#
# | `kind` | $f(z)$ | $f'(z)$ |
# |---|---|---|
# | `relu` | $\max(z,0)$ | $z>0$ 时 1，否则 0 |
# | `leaky_relu` | $z>0$ 时 $z$，否则 $0.01z$ | $z>0$ 时 1，否则 0.01 |
# | `sigmoid` | $\sigma(z)=1/(1+e^{-z})$ | $\sigma(z)\,(1-\sigma(z))$ |
# | `tanh` | $(e^z-e^{-z})/(e^z+e^{-z})$ | $1-\tanh^2z$ |
#
# ReLU 在 $z=0$ 处不可导，本课程约定导数取左侧的值：`relu` 是 0，`leaky_relu` 是 0.01。
#
# **例。** $z=\log 3$：$\sigma(z)=\frac{1}{1+1/3}=0.75$，$\sigma'(z)=0.75\times0.25=0.1875$；
# $\tanh z=\frac{3-1/3}{3+1/3}=0.8$，导数 $1-0.64=0.36$。
#
# **两个陷阱。** 一，`activation_grad` 收到的是**净输入** $z$，不是激活值；公式里的 $\sigma(z)$ 要先算出来。
# 二，$|z|$ 最大到 1000 时也不能溢出。$e^{1000}$ 是 inf，$\frac{\infty}{1+\infty}$ 是 NaN；
# $z<0$ 时可用 $\sigma(z)=e^{z}/(1+e^{z})$，指数总是非正数就安全了。

# %% [markdown] lang="en"
# ## Question 2　Activations (12 points)
#
# Without something nonlinear any number of layers is one linear map: $(XW_1)W_2=X(W_1W_2)$. Activations act on
# every element; four common ones are (nndl 4.1.1–4.1.2, d2l 4.1.2, Goodfellow 6.3)
#
# | `kind` | $f(z)$ | $f'(z)$ |
# |---|---|---|
# | `relu` | $\max(z,0)$ | 1 if $z>0$, else 0 |
# | `leaky_relu` | $z$ if $z>0$, else $0.01z$ | 1 if $z>0$, else 0.01 |
# | `sigmoid` | $\sigma(z)=1/(1+e^{-z})$ | $\sigma(z)\,(1-\sigma(z))$ |
# | `tanh` | $(e^z-e^{-z})/(e^z+e^{-z})$ | $1-\tanh^2z$ |
#
# At $z=0$ the ReLU has no derivative; this course takes the value of the left side: 0 for `relu`, 0.01 for
# `leaky_relu`.
#
# **Example.** $z=\log 3$: $\sigma(z)=\frac{1}{1+1/3}=0.75$ and $\sigma'(z)=0.75\times0.25=0.1875$;
# $\tanh z=\frac{3-1/3}{3+1/3}=0.8$ with derivative $1-0.64=0.36$.
#
# **Two traps.** First, `activation_grad` gets the **pre-activation** $z$, not the activation: the $\sigma(z)$ in the
# formula has to be computed. Second, nothing may overflow for $|z|$ up to 1000. $e^{1000}$ is inf and
# $\frac{\infty}{1+\infty}$ is NaN; for $z<0$ you may use $\sigma(z)=e^{z}/(1+e^{z})$, and exponents that are
# never positive are safe.


# %%
def activation(z, kind):
    """激活函数，逐元素 / Activation function, elementwise.

    z      任意形状 any shape   float32 / float64   净输入 pre-activation
    kind   "relu", "leaky_relu" (0.01), "sigmoid", "tanh"

    返回 returns 与 z 同形状 the shape of z
    """
    # BEGIN SOLUTION
    if kind == "relu":
        return z.clamp(min=0)
    if kind == "leaky_relu":
        return torch.where(z > 0, z, 0.01 * z)
    if kind == "sigmoid":
        small = torch.exp(-z.abs())  # never overflows
        return torch.where(z >= 0, 1 / (1 + small), small / (1 + small))
    if kind == "tanh":
        return torch.tanh(z)
    raise ValueError(kind)
    # END SOLUTION


# %%
def activation_grad(z, kind):
    """激活函数在净输入 z 处的导数 / Derivative of the activation at the pre-activation z.

    z      任意形状 any shape   float32 / float64   净输入 pre-activation
    kind   "relu", "leaky_relu" (0.01), "sigmoid", "tanh"

    返回 returns 与 z 同形状 the shape of z；z = 0 时 at z = 0: relu 0, leaky_relu 0.01
    """
    # BEGIN SOLUTION
    if kind == "relu":
        return (z > 0).to(z.dtype)
    if kind == "leaky_relu":
        return torch.where(z > 0, torch.ones_like(z), 0.01)
    a = activation(z, kind)
    return a * (1 - a) if kind == "sigmoid" else 1 - a**2
    # END SOLUTION


# %% active="ipynb"
# check_here("activation", "activation_grad")

# %% [markdown] lang="zh"
# 看一看它们的样子。哪些函数的导数在两端趋于 0（饱和）？层数很多时，这些小于 1 的导数连乘起来会怎样（nndl 4.6.2，d2l 4.8.1）？

# %% [markdown] lang="en"
# Have a look at them. Which derivatives tend to 0 on both sides (saturation)? What happens to a product of many
# such factors below 1 in a deep network (nndl 4.6.2, d2l 4.8.1)?

# %% active="ipynb"
# z = torch.linspace(-4, 4, 401, dtype=torch.float64)
# figure, panels = plt.subplots(1, 4, figsize=(15, 3), sharey=True)
# for panel, kind in zip(panels, ("relu", "leaky_relu", "sigmoid", "tanh")):
#     panel.plot(z, activation(z, kind), label="f(z)")
#     panel.plot(z, activation_grad(z, kind), "--", label="f'(z)")
#     panel.set(title=kind, xlabel="z", ylim=(-1.2, 2))
# panels[0].legend();

# %% [markdown] lang="zh"
# ## 第 3 题　Softmax 与交叉熵合为一体（12 分）
#
# 网络的输出层给出得分（logits）$z_{nk}$，softmax 变成概率 $p_{nk}=e^{z_{nk}}/\sum_je^{z_{nj}}$，损失是正确类别负对数概率的平均。
# 两者分开算，概率会下溢成 0，其对数是 $-\infty$；合起来算只需要
#
# $$\log p_{nk}=z_{nk}-m_n-\log\sum_je^{z_{nj}-m_n},\qquad m_n=\max_jz_{nj}$$
#
# （d2l 3.7.2，Goodfellow 6.2.2.3）。反向更简单。一个样本的损失 $\ell=\log\sum_je^{z_j}-z_y$，
#
# $$\frac{\partial\ell}{\partial z_k}=p_k-\mathbb 1[k=y],\qquad\text{于是}\quad
#   \frac{\partial L}{\partial z_{nk}}=\frac{p_{nk}-\mathbb 1[k=y_n]}{N}$$
#
# 因为 $L$ 是 $N$ 个样本的平均（nndl 3.3.1、4.4）。**整个网络里只有这里除以 $N$。**
#
# **例。** $N=1$，$z=(\log3,\ 0)$，$y=1$：$p=(0.75,\ 0.25)$，损失 $\log4\approx1.386$，梯度 $(0.75,\ -0.75)$。每一行梯度之和总是 0，为什么？

# %% [markdown] lang="en"
# ## Question 3　Softmax and cross-entropy as one unit (12 points)
#
# The output layer gives scores (logits) $z_{nk}$, the softmax turns them into probabilities
# $p_{nk}=e^{z_{nk}}/\sum_je^{z_{nj}}$, and the loss is the mean negative log-probability of the right class. One after
# the other, a probability underflows to 0 and its logarithm is $-\infty$. Taken together, all you need is
#
# $$\log p_{nk}=z_{nk}-m_n-\log\sum_je^{z_{nj}-m_n},\qquad m_n=\max_jz_{nj}$$
#
# (d2l 3.7.2, Goodfellow 6.2.2.3). The backward pass is even simpler. For one example
# $\ell=\log\sum_je^{z_j}-z_y$, and
#
# $$\frac{\partial\ell}{\partial z_k}=p_k-\mathbb 1[k=y],\qquad\text{hence}\quad
#   \frac{\partial L}{\partial z_{nk}}=\frac{p_{nk}-\mathbb 1[k=y_n]}{N}$$
#
# since $L$ is the mean over $N$ examples (nndl 3.3.1, 4.4). **This is the only place in the network where we divide
# by $N$.**
#
# **Example.** $N=1$, $z=(\log3,\ 0)$, $y=1$: $p=(0.75,\ 0.25)$, the loss is $\log4\approx1.386$ and the gradient
# $(0.75,\ -0.75)$. Every row of the gradient sums to 0. Why?


# %%
def softmax_cross_entropy(logits, y):
    """平均交叉熵及其对 logits 的梯度 / Mean cross-entropy and its gradient with respect to the logits.

    logits   (N, K)   float32 / float64   各类的得分 scores
    y        (N,)     int64               标签 labels

    返回 returns dict   "loss" (), "dlogits" (N, K)；得分再大也有限 finite for large scores
    """
    # BEGIN SOLUTION
    shifted = logits - logits.amax(dim=1, keepdim=True)
    log_p = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    onehot = torch.nn.functional.one_hot(y, logits.shape[1]).to(logits.dtype)
    return {
        "loss": -log_p.gather(1, y.unsqueeze(1)).mean(),
        "dlogits": (log_p.exp() - onehot) / len(y),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("softmax_cross_entropy")

# %% [markdown] lang="zh"
# ## 第 4 题　参数初始化（8 分）
#
# **为什么不能全是 0？** 同一层的神经元若参数相同，算出的值就相同，收到的梯度也相同，训练之后还是相同：
# 64 个神经元只顶一个用。随机初始化打破这种对称（nndl 7.3，d2l 4.8.1，Goodfellow 8.4）。
#
# **方差取多大？** 设输入各分量的二阶矩为 $\mathbb E[x^2]$，权重独立、均值 0、方差 $v$，则净输入的方差是
#
# $$\mathrm{var}(z)=\sum_{d=1}^{n_{\text{in}}}\mathbb E[x_d^2]\,\mathrm{var}(w_d)=n_{\text{in}}\,\mathbb E[x^2]\,v$$
#
# * **He**（He 等，2015；nndl 7.3.2）：ReLU 把一半置 0，$\mathbb E[a^2]=\frac12\mathrm{var}(z)$；要让方差逐层不变，
#   须 $n_{\text{in}}v=2$，即正态分布、标准差 $\sqrt{2/n_{\text{in}}}$。
# * **Xavier**（Glorot 与 Bengio，2010；nndl 式 7.26–7.27，d2l 4.8.2）：激活函数在 0 附近近似恒等，前向要求 $n_{\text{in}}v=1$，
#   反向要求 $n_{\text{out}}v=1$，折中取 $v=2/(n_{\text{in}}+n_{\text{out}})$。
#   $\pm r$ 上的均匀分布方差是 $r^2/3$，所以 $r=\sqrt{6/(n_{\text{in}}+n_{\text{out}})}$。
#
# **例。** 宽度 `[4, 2]`：He 的标准差是 $\sqrt{2/4}\approx0.707$，Xavier 的边界是 $\sqrt{6/6}=1$。
#
# 随机数一律来自 `torch.Generator().manual_seed(seed)`，各层的权重用同一个生成器依次抽取；偏置全为 0。

# %% [markdown] lang="en"
# ## Question 4　Initialisation (8 points)
#
# **Why not start from zero?** Neurons of a layer with equal parameters compute equal values, receive equal gradients and
# are still equal after training: 64 of them do the work of one. Random numbers break this symmetry (nndl 7.3,
# d2l 4.8.1, Goodfellow 8.4).
#
# **How large?** Let the inputs have the second moment $\mathbb E[x^2]$ and the weights be independent with mean 0 and
# variance $v$. The pre-activation then has the variance
#
# $$\mathrm{var}(z)=\sum_{d=1}^{n_{\text{in}}}\mathbb E[x_d^2]\,\mathrm{var}(w_d)=n_{\text{in}}\,\mathbb E[x^2]\,v$$
#
# * **He** (He et al. 2015; nndl 7.3.2): the ReLU puts one half to 0, so $\mathbb E[a^2]=\frac12\mathrm{var}(z)$. To keep the
#   variance from layer to layer we need $n_{\text{in}}v=2$: a normal law with standard deviation $\sqrt{2/n_{\text{in}}}$.
# * **Xavier** (Glorot and Bengio 2010; nndl 7.26–7.27, d2l 4.8.2): near 0 the activation is about the identity. The forward
#   pass asks for $n_{\text{in}}v=1$, the backward pass for $n_{\text{out}}v=1$; the compromise is
#   $v=2/(n_{\text{in}}+n_{\text{out}})$. A uniform law on $\pm r$ has the variance $r^2/3$, thus
#   $r=\sqrt{6/(n_{\text{in}}+n_{\text{out}})}$.
#
# **Example.** Sizes `[4, 2]`: the standard deviation of He is $\sqrt{2/4}\approx0.707$, the bound of Xavier $\sqrt{6/6}=1$.
#
# All random numbers come from `torch.Generator().manual_seed(seed)`, the weights of the layers one after the other from
# the same generator; biases are 0.


# %%
def init_params(sizes, scheme, seed):
    """随机初始化 / Random initial parameters.

    sizes    list[int]   各层宽度 layer sizes [D, H1, …, K]
    scheme   "he"        正态 normal, std sqrt(2 / in)
             "xavier"    均匀 uniform on ± sqrt(6 / (in + out))
    seed     int         随机种子 seed

    返回 returns dict   "W1" (D, H1), "b1" (H1,), …；float32，CPU，偏置为 0 biases 0
    """
    # BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    params = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        if scheme == "he":
            W = torch.randn(n_in, n_out, generator=generator) * math.sqrt(2 / n_in)
        elif scheme == "xavier":
            bound = math.sqrt(6 / (n_in + n_out))
            W = (2 * torch.rand(n_in, n_out, generator=generator) - 1) * bound
        else:
            raise ValueError(scheme)
        params[f"W{k}"] = W
        params[f"b{k}"] = torch.zeros(n_out)
    return params
    # END SOLUTION


# %% active="ipynb"
# check_here("init_params")

# %% [markdown] lang="zh"
# 信号能走多深？下图让随机数据穿过 20 层、每层 100 个 ReLU 的网络，看每层激活值的均方根。
# 标准差乘上 0.5 或 1.5 就足以让信号消失或爆炸。

# %% [markdown] lang="en"
# How deep does a signal get? Random data pass through 20 layers of 100 ReLUs; the figure shows the root mean square of
# the activations of every layer. A factor of 0.5 or 1.5 on the standard deviation is enough to make the signal vanish
# or explode.

# %% active="ipynb"
# x = torch.randn(200, 100, generator=torch.Generator().manual_seed(0))
# for factor in (0.5, 1.0, 1.5):
#     h, sizes = x, []
#     deep = init_params([100] * 21, "he", seed=1)
#     for k in range(1, 21):
#         h = activation(linear_forward(h, factor * deep[f"W{k}"], deep[f"b{k}"]), "relu")
#         sizes.append((h**2).mean().sqrt().item())
#     plt.semilogy(range(1, 21), sizes, "o-", label=f"He × {factor}")
# plt.xlabel("layer")
# plt.ylabel("root mean square of the activations")
# plt.legend();

# %% [markdown] lang="zh"
# ## 第 5 题　前向传播（9 分）
#
# 记 $h_0=X$，共 $L$ 层。对 $l=1,\dots,L-1$，
#
# $$z_l=h_{l-1}W_l+b_l,\qquad h_l=f(z_l)$$
#
# 最后一层是**线性的**：logits $=z_L=h_{L-1}W_L+b_L$，softmax 留给损失去做（nndl 4.3，d2l 4.1）。
# `hidden` 是列表 $[h_1,\dots,h_{L-1}]$，存的是**激活之后**的值；没有隐藏层时是空列表。
# 层数从 `params` 里看：每层有一个 `W` 和一个 `b`。
#
# **例。** 1-2-2 网络，ReLU，$x=3$：$W_1=(1,\ -1)$，$b_1=(0,\ 1)$，
# $W_2=\begin{pmatrix}1&-1\\2&2\end{pmatrix}$，$b_2=(0,1)$。
# $z_1=(3,-2)$，$h_1=(3,0)$，logits $=(3,\ -2)$。

# %% [markdown] lang="en"
# ## Question 5　Forward propagation (9 points)
#
# Let $h_0=X$ and $L$ be the number of layers. For $l=1,\dots,L-1$
#
# $$z_l=h_{l-1}W_l+b_l,\qquad h_l=f(z_l)$$
#
# The last layer is **linear**: logits $=z_L=h_{L-1}W_L+b_L$, the softmax is left to the loss (nndl 4.3, d2l 4.1).
# `hidden` is the list $[h_1,\dots,h_{L-1}]$ of the values **after** the activation, and empty without hidden layers.
# `params` tells how many layers there are: each has one `W` and one `b`.
#
# **Example.** A 1-2-2 network with ReLU and $x=3$: $W_1=(1,\ -1)$, $b_1=(0,\ 1)$,
# $W_2=\begin{pmatrix}1&-1\\2&2\end{pmatrix}$, $b_2=(0,1)$.
# Then $z_1=(3,-2)$, $h_1=(3,0)$ and the logits are $(3,\ -2)$.


# %%
def mlp_forward(params, x, activation_name):
    """全连接网络的前向 / Forward pass of a fully connected network.

    params            dict     "W1" (D, H1), "b1" (H1,), …, "WL", "bL" (K,)
    x                 (N, D)   float32 / float64   样本 examples
    activation_name   str      隐藏层的激活函数 activation of the hidden layers

    返回 returns dict
        "logits" (N, K)    线性输出层 linear output layer
        "hidden" list      L - 1 个张量 tensors (N, H1), …，激活之后 after the activation
    """
    # BEGIN SOLUTION
    layers = len(params) // 2
    h, hidden = x, []
    for k in range(1, layers):
        h = activation(linear_forward(h, params[f"W{k}"], params[f"b{k}"]), activation_name)
        hidden.append(h)
    logits = linear_forward(h, params[f"W{layers}"], params[f"b{layers}"])
    return {"logits": logits, "hidden": hidden}
    # END SOLUTION


# %% active="ipynb"
# check_here("mlp_forward")

# %% [markdown] lang="zh"
# ## 第 6 题　反向传播（17 分）
#
# 目标是平均交叉熵加上权重的惩罚（偏置不惩罚）：
#
# $$L=\frac1N\sum_n\ell_n+\frac\lambda2\sum_{l=1}^L\lVert W_l\rVert_F^2$$
#
# 记 $\delta_l=\partial L/\partial z_l$。最后一层的 $\delta_L$ 就是第 3 题的 `dlogits`。往回走一层，$z_l$ 只通过 $h_l=f(z_l)$ 影响 $z_{l+1}=h_lW_{l+1}+b_{l+1}$，所以
#
# $$\delta_l=\bigl(\delta_{l+1}W_{l+1}^\top\bigr)\odot f'(z_l)$$
#
# 而 $z_l=h_{l-1}W_l+b_l$，由第 1 题
#
# $$\frac{\partial L}{\partial W_l}=h_{l-1}^\top\delta_l+\lambda W_l,\qquad
#   \frac{\partial L}{\partial b_l}=\sum_n(\delta_l)_{n\cdot}$$
#
# （nndl 4.4，d2l 4.7，Goodfellow 6.5。nndl 用列向量，转置的位置与这里相反。）三件容易混的事：
# $f'$ 在**净输入** $z_l$ 处取值；$W_l$ 的梯度用这一层的**输入** $h_{l-1}$；`linear_backward` 不除以 $N$。
#
# **例。** 接第 5 题的例子，$y=0$，$\lambda=0$：$p=(0.9933,\ 0.0067)$，损失 $0.0067$，$\delta_2=(-0.0067,\ 0.0067)$。
# $W_2$ 的梯度是 $h_1^\top\delta_2=\begin{pmatrix}-0.0201&0.0201\\0&0\end{pmatrix}$。
# $\delta_2W_2^\top=(-0.0134,\ 0)$，再乘 $f'(z_1)=(1,0)$，得 $\delta_1=(-0.0134,\ 0)$，$W_1$ 的梯度是 $3\,\delta_1=(-0.0402,\ 0)$。

# %% [markdown] lang="en"
# ## Question 6　Backpropagation (17 points)
#
# The objective is the mean cross-entropy plus a penalty on the weights (not on the biases):
#
# $$L=\frac1N\sum_n\ell_n+\frac\lambda2\sum_{l=1}^L\lVert W_l\rVert_F^2$$
#
# Let $\delta_l=\partial L/\partial z_l$. For the last layer $\delta_L$ is `dlogits` of question 3. One layer down, $z_l$
# acts on $z_{l+1}=h_lW_{l+1}+b_{l+1}$ only through $h_l=f(z_l)$, so
#
# $$\delta_l=\bigl(\delta_{l+1}W_{l+1}^\top\bigr)\odot f'(z_l)$$
#
# and since $z_l=h_{l-1}W_l+b_l$, question 1 gives
#
# $$\frac{\partial L}{\partial W_l}=h_{l-1}^\top\delta_l+\lambda W_l,\qquad
#   \frac{\partial L}{\partial b_l}=\sum_n(\delta_l)_{n\cdot}$$
#
# (nndl 4.4, d2l 4.7, Goodfellow 6.5; nndl has columns, which puts the transposes on the other side). Three things are easily
# mixed up: $f'$ is taken at the **pre-activation** $z_l$; the gradient of $W_l$ uses the **input** $h_{l-1}$ of its layer;
# and `linear_backward` does not divide by $N$.
#
# **Example.** Continue that of question 5 with $y=0$ and $\lambda=0$: $p=(0.9933,\ 0.0067)$, the loss is $0.0067$ and
# $\delta_2=(-0.0067,\ 0.0067)$. The gradient of $W_2$ is
# $h_1^\top\delta_2=\begin{pmatrix}-0.0201&0.0201\\0&0\end{pmatrix}$. Next, $\delta_2W_2^\top=(-0.0134,\ 0)$ times
# $f'(z_1)=(1,0)$ is $\delta_1=(-0.0134,\ 0)$, and the gradient of $W_1$ is $3\,\delta_1=(-0.0402,\ 0)$.


# %%
def mlp_backward(params, x, y, activation_name, weight_decay):
    """损失及其对全部参数的梯度 / The loss and its gradients with respect to all parameters.

    params            dict     "W1" (D, H1), "b1" (H1,), …, "WL", "bL" (K,)
    x                 (N, D)   float32 / float64   样本 examples
    y                 (N,)     int64               标签 labels
    activation_name   str      隐藏层的激活函数 activation of the hidden layers
    weight_decay      float    惩罚系数 λ，不作用于偏置 penalty λ, not on the biases

    返回 returns dict
        "loss" ()      平均交叉熵 mean cross-entropy + λ/2 Σ_l ‖W_l‖²
        "grads" dict   键与形状同 params / keys and shapes of params
    """
    # BEGIN SOLUTION
    layers = len(params) // 2
    inputs, z = [x], []  # of layer k at position k - 1
    for k in range(1, layers + 1):
        z.append(linear_forward(inputs[-1], params[f"W{k}"], params[f"b{k}"]))
        if k < layers:
            inputs.append(activation(z[-1], activation_name))
    top = softmax_cross_entropy(z[-1], y)

    loss, delta, grads = top["loss"], top["dlogits"], {}
    for k in range(layers, 0, -1):
        W = params[f"W{k}"]
        back = linear_backward(delta, inputs[k - 1], W)
        grads[f"W{k}"] = back["dW"] + weight_decay * W
        grads[f"b{k}"] = back["db"]
        loss = loss + weight_decay / 2 * (W**2).sum()
        if k > 1:
            delta = back["dx"] * activation_grad(z[k - 2], activation_name)
    return {"loss": loss, "grads": {key: grads[key] for key in params}}
    # END SOLUTION


# %% active="ipynb"
# check_here("mlp_backward")

# %% [markdown] lang="zh"
# ## 第 7 题　数值梯度（6 分）
#
# 手推的梯度对不对？把一个参数加减一个小量 $h$，看损失变了多少：
#
# $$\frac{\partial L}{\partial\theta_i}\approx\frac{L(\theta+he_i)-L(\theta-he_i)}{2h},\qquad\text{误差}\ O(h^2)$$
#
# （nndl 4.5.1，Goodfellow 11.5。）每个分量要算两次损失，只适合检验小网络。这里的 $L$ 是**不带**惩罚的平均交叉熵，
# 对 `params[key]` 的每个元素各算一次，其它参数保持原值。算完以后 `params` 必须和原来一样。
#
# **例。** 一层网络，只有一个样本 $x=1$、$y=0$，$K=2$，参数全为 0：$L(W)=\log(1+e^{W_{12}-W_{11}})$。
# 对 $W_{11}$ 取 $h=0.5$：$\frac{\log(1+e^{-0.5})-\log(1+e^{0.5})}{1}=-0.5$，恰好等于导数
# （因为 $\log(1+e^{-t})-\log(1+e^{t})=-t$）。

# %% [markdown] lang="en"
# ## Question 7　Numerical gradients (6 points)
#
# Is the gradient that you derived right? Add a small $h$ to one parameter, subtract it, and look at the loss:
#
# $$\frac{\partial L}{\partial\theta_i}\approx\frac{L(\theta+he_i)-L(\theta-he_i)}{2h},\qquad\text{error}\ O(h^2)$$
#
# (nndl 4.5.1, Goodfellow 11.5). Every component takes two evaluations of the loss, so this is for testing small networks only.
# Here $L$ is the mean cross-entropy **without** penalty. Treat every entry of `params[key]` on its own, with all other
# parameters as they were; in the end `params` must be what it was before.
#
# **Example.** One layer, one example $x=1$ with $y=0$, $K=2$, all parameters 0: $L(W)=\log(1+e^{W_{12}-W_{11}})$. With
# $h=0.5$ the entry of $W_{11}$ is $\frac{\log(1+e^{-0.5})-\log(1+e^{0.5})}{1}=-0.5$, which happens to be the derivative
# exactly (because $\log(1+e^{-t})-\log(1+e^{t})=-t$).


# %%
def numerical_gradient(params, x, y, activation_name, key, h):
    """平均交叉熵对 params[key] 的中心差分 / Central difference of the mean cross-entropy for params[key].

    params            dict      "W1" (D, H1), "b1" (H1,), …, "WL", "bL" (K,)
    x                 (N, D)    float32 / float64   样本 examples
    y                 (N,)      int64               标签 labels
    activation_name   str       隐藏层的激活函数 activation of the hidden layers
    key               str       求导的参数 which parameter, such as "W1"
    h                 float > 0 步长 step

    返回 returns 与 params[key] 同形状 the shape of params[key]；不含惩罚项 no penalty
    """

    # BEGIN SOLUTION
    def loss(flat):
        changed = {**params, key: flat.reshape(params[key].shape)}
        logits = mlp_forward(changed, x, activation_name)["logits"]
        return softmax_cross_entropy(logits, y)["loss"]

    theta = params[key].reshape(-1)
    slopes = []
    for i in range(theta.numel()):
        step = torch.zeros_like(theta)
        step[i] = h
        slopes.append((loss(theta + step) - loss(theta - step)) / (2 * h))
    return torch.stack(slopes).reshape(params[key].shape)
    # END SOLUTION


# %% active="ipynb"
# check_here("numerical_gradient")

# %% [markdown] lang="zh"
# **检验什么时候会骗人？** 三种情形：一，float32 的舍入误差太大，数值梯度请用 float64；二，ReLU 在 0 处有折点，$\pm h$ 之间若跨过折点，
# 差分与导数都没错却对不上；三，前向和反向里有同一个错误（例如都忘了偏置），两者一致，但都不是你想要的函数。
# 下面在一个 tanh 网络上比较两种梯度，每个参数的差都应小于 $10^{-9}$。

# %% [markdown] lang="en"
# **When does this test lie?** Three cases. Rounding in float32 is too coarse: use float64. The ReLU has a kink at 0: if the
# interval $\pm h$ contains it, difference and derivative are both right and still disagree. And forward and backward pass
# may share a mistake, such as a forgotten bias: they agree with each other, on a function that you did not want. Below
# both gradients of a tanh network are compared; every parameter should differ by less than $10^{-9}$.

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# small = {k: v.double() for k, v in init_params([3, 5, 4], "xavier", seed=0).items()}
# x = torch.randn(6, 3, generator=generator, dtype=torch.float64)
# y = torch.randint(4, (6,), generator=generator)
#
# exact = mlp_backward(small, x, y, "tanh", 0.0)["grads"]
# for key in small:
#     difference = numerical_gradient(small, x, y, "tanh", key, 1e-5) - exact[key]
#     print(f"{key}: {difference.abs().max():.1e}")

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 在上面的 tanh 网络上（`small`、`x`、`y`），对 $h=10^{-10},10^{-9},\dots,10^{-1}$ 计算 `W1` 的数值梯度与反向传播梯度之差的最大绝对值，
# float64 和 float32 各画一条曲线，横纵坐标都用对数（float32 的误差以 float64 的梯度为准）。然后回答：
#
# 1. 右侧的直线段斜率是多少？来自什么误差？
# 2. 左侧为什么 $h$ 越小误差越大？大小与 $h$ 是什么关系？
# 3. 两种精度下最合适的 $h$ 各约是多少？用“截断误差 $ch^2$ 加舍入误差 $u/h$”解释。

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# On the tanh network above (`small`, `x`, `y`), compute for $h=10^{-10},10^{-9},\dots,10^{-1}$ the largest absolute difference
# between the numerical gradient of `W1` and that of backpropagation. Draw one curve for float64 and one for float32 with
# logarithmic axes (for float32 also against the float64 gradient). Then answer:
#
# 1. Which slope does the straight part on the right have, and which error is it?
# 2. Why does the error on the left grow when $h$ shrinks, and how does it depend on $h$?
# 3. About which $h$ is best in either precision? Explain with "truncation error $ch^2$ plus rounding error $u/h$".

# %% active="ipynb"
# # 图画在这里 / draw the figure here

# %% active="ipynb" solution="hidden"
# exact = mlp_backward(small, x, y, "tanh", 0.0)["grads"]["W1"]
# steps = [10.0**k for k in range(-10, 0)]
# for dtype in (torch.float64, torch.float32):
#     rounded = {k: v.to(dtype) for k, v in small.items()}
#     errors = [
#         (numerical_gradient(rounded, x.to(dtype), y, "tanh", "W1", h) - exact).abs().max().item()
#         for h in steps
#     ]
#     plt.loglog(steps, errors, "o-", label=str(dtype))
# plt.xlabel("step h")
# plt.ylabel("largest error of the central difference")
# plt.legend();

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 图 1 分。右侧 1 分：斜率 2，中心差分的截断误差 $\frac{h^2}{6}L'''$。左侧 1.5 分：两个几乎相等的损失相减，
# 舍入误差约 $u|L|$，除以 $2h$ 后与 $1/h$ 成正比（斜率 −1）；float32 的 $u$ 大约 $6\times10^{-8}$，float64 大约 $10^{-16}$；
# $h$ 小到 $\theta\pm h=\theta$ 时差分为 0，误差停在梯度本身的大小。最佳步长 1.5 分：$ch^2+u/h$ 在 $h\sim u^{1/3}$ 处最小，
# float64 约 $10^{-5}$，float32 约 $10^{-2}$，最小误差 $\sim u^{2/3}$。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** Figure, 1 point. Right part, 1 point: slope 2, the truncation error
# $\frac{h^2}{6}L'''$ of the central difference. Left part, 1.5 points: two nearly equal losses are subtracted, the rounding
# error of about $u|L|$ is divided by $2h$ and so grows like $1/h$ (slope −1), with $u$ about $6\times10^{-8}$ in float32 and
# $10^{-16}$ in float64; once $\theta\pm h=\theta$ the difference is 0 and the error stays at the size of the gradient. Best step,
# 1.5 points: $ch^2+u/h$ is least at $h\sim u^{1/3}$, about $10^{-5}$ in float64 and $10^{-2}$ in float32, where the error is
# $\sim u^{2/3}$.

# %% [markdown] lang="zh"
# ## 第 8 题　训练（11 分）
#
# 把零件装成一台会学习的机器。`train_mlp` 拿到**原始单位**的特征和隐藏层宽度 `hidden`（例如 `[64]`、`[64, 64]`，也可能是空列表），
# `predict` 用训练得到的 `state` 给新样本打分。训练循环自己写，梯度来自你的 `mlp_backward`。
#
# **一种可靠的做法**（不必照做，达到要求即可）：
#
# 1. 只用训练数据算出每列的均值和标准差，标准化（常数列的标准差是 0，要避免除以 0），存进 `state`；
# 2. He 初始化，ReLU；
# 3. 小批量随机梯度下降，批次 32，每个 epoch 用 `torch.randperm(N, generator=g)` 打乱；
# 4. 动量：$v\leftarrow0.9\,v+g$，$\theta\leftarrow\theta-\eta v$（d2l 11.6，nndl 7.2.4）；
# 5. 学习率从 0.05 起按余弦降到 0：$\eta_t=\frac{0.05}{2}\bigl(1+\cos\frac{\pi t}{T}\bigr)$（d2l 11.11）。
#
# 螺旋线只有 600 个样本，一个 epoch 不到 20 次更新，所以需要几十个 epoch。
# 除 `hidden` 和 `seed` 之外的设置由你决定，写成带默认值的关键字参数；思考题二要换初始化方式，所以请留一个 `scheme="he"`。
#
# **返回值。** `{"state": ..., "history": ...}`：`state` 是字典，值可以是张量、数、字符串或列表，存放 `predict` 需要的一切；
# `history` 是 `{"loss": [...]}`，每个 epoch 一个 Python 浮点数，至少 5 个。同一个 `seed` 必须得到同样的结果。
#
# **评分。** 在你没见过的两组数据上训练和测试。手写数字（64 个像素、10 类，像素顺序和类别编号已打乱），隐藏层 `[64]`，
# 测试正确率 0.92 得满分，0.85 得部分分；两条互相缠绕 1.5 圈的螺旋线（2 个特征、2 类，经过旋转、缩放和平移），隐藏层 `[64, 64]`，
# 0.95 得满分，0.85 得部分分。线性模型在螺旋线上大约只有 0.65。

# %% [markdown] lang="en"
# ## Question 8　Training (11 points)
#
# Put the parts together to a machine that learns. `train_mlp` gets features in **raw units** and the widths `hidden` of
# the hidden layers (such as `[64]`, `[64, 64]`, or an empty list); `predict` scores new examples with the `state` that
# training produced. Write the loop yourself, with gradients from your `mlp_backward`.
#
# **One reliable recipe** (any other that is good enough will do):
#
# 1. standardise with mean and standard deviation of every column of the training data alone (a constant column has
#    standard deviation 0, do not divide by it), and keep them in `state`;
# 2. He initialisation, ReLU;
# 3. mini-batches of 32, shuffled in every epoch with `torch.randperm(N, generator=g)`;
# 4. momentum: $v\leftarrow0.9\,v+g$, $\theta\leftarrow\theta-\eta v$ (d2l 11.6, nndl 7.2.4);
# 5. a learning rate that falls from 0.05 to 0 like a cosine: $\eta_t=\frac{0.05}{2}\bigl(1+\cos\frac{\pi t}{T}\bigr)$
#    (d2l 11.11).
#
# There are only 600 points on the spirals, fewer than 20 updates per epoch, so it takes several dozen epochs. All
# settings but `hidden` and `seed` are up to you: make them keyword arguments with defaults. Written question 2 compares
# initialisations, so let one of them be `scheme="he"`.
#
# **Return** `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers, strings or lists with
# everything that `predict` needs. The `history` is `{"loss": [...]}` with one Python float per epoch, at least 5. Equal
# seeds must give equal results.
#
# **Grading.** On two data sets that you have not seen. Handwritten digits (64 pixels, 10 classes; pixels reordered, classes
# renumbered) with hidden layers `[64]`: an accuracy of 0.92 on held-out examples earns all points, 0.85 some. Two spirals
# wound around each other 1.5 times (2 features, 2 classes; rotated, scaled and shifted) with `[64, 64]`: 0.95 earns all
# points, 0.85 some. A linear model reaches about 0.65 there.


# %%
def train_mlp(
    x,
    y,
    num_classes,
    *,
    hidden,
    seed,
    activation_name="relu",
    scheme="he",
    epochs=40,
    lr=0.05,
    momentum=0.9,
    batch_size=32,
    weight_decay=0.0,
):
    """训练一个全连接分类网络 / Train a fully connected classifier.

    x             (N, D)      float32   原始单位的特征 features in raw units
    y             (N,)        int64     标签 labels
    num_classes   int         类别数 number of classes K
    hidden        list[int]   隐藏层的宽度 widths of the hidden layers
    seed          int         随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   predict 需要的一切 all that predict needs
        "history"   {"loss": list[float]}   每个 epoch 的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    mean, std = x.mean(dim=0), x.std(dim=0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    x = (x - mean) / std

    params = init_params([x.shape[1], *hidden, num_classes], scheme, seed)
    params = {key: value.to(x) for key, value in params.items()}
    velocity = {key: torch.zeros_like(value) for key, value in params.items()}
    history = {"loss": []}
    for epoch in range(epochs):
        losses = []
        for batch in torch.randperm(len(y), generator=generator).to(y.device).split(batch_size):
            step = mlp_backward(params, x[batch], y[batch], activation_name, weight_decay)
            losses.append(step["loss"])
            progress = (epoch + len(losses) * batch_size / len(y)) / epochs
            rate = lr / 2 * (1 + math.cos(math.pi * min(progress, 1)))
            for key, grad in step["grads"].items():
                velocity[key] = momentum * velocity[key] + grad
                params[key] = params[key] - rate * velocity[key]
        history["loss"].append(torch.stack(losses).mean().item())
    state = {**params, "mean": mean, "std": std, "activation": activation_name}
    return {"state": state, "history": history}
    # END SOLUTION


# %%
def predict(state, x):
    """给新样本打分 / Score new examples.

    state   dict     train_mlp 返回的 as returned by train_mlp
    x       (N, D)   float32   原始单位的特征 features in raw units

    返回 returns (N, K)   logits
    """
    # BEGIN SOLUTION
    params = {key: value for key, value in state.items() if key[0] in "Wb"}
    standardised = (x - state["mean"]) / state["std"]
    return mlp_forward(params, standardised, state["activation"])["logits"]
    # END SOLUTION


# %% active="ipynb"
# check_here("train_mlp", "predict")

# %% [markdown] lang="zh"
# 先在手写数字上看一看：训练损失和测试正确率，再看看认错的是哪些。

# %% [markdown] lang="en"
# First the digits: the training loss, the accuracy on held-out examples, and some of the digits that were misread.

# %% active="ipynb"
# digits = load_digits()
# x, y = torch.tensor(digits.data, dtype=torch.float32), torch.tensor(digits.target)
# shuffled = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
# fit, held_out = shuffled[:1258], shuffled[1258:]
#
# trained = train_mlp(x[fit], y[fit], 10, hidden=[64], seed=0)
# guess = predict(trained["state"], x[held_out]).argmax(dim=1)
# wrong = held_out[guess != y[held_out]][:6]
#
# figure, panels = plt.subplots(1, 7, figsize=(15, 2.5), width_ratios=[3] + [1] * 6)
# panels[0].semilogy(trained["history"]["loss"])
# panels[0].set(xlabel="epoch", ylabel="training loss")
# panels[0].set_title(f"accuracy {(guess == y[held_out]).double().mean():.3f}")
# for panel in panels[1:]:
#     panel.axis("off")
# for panel, i in zip(panels[1:], wrong):
#     panel.imshow(x[i].reshape(8, 8), cmap="gray_r")
#     panel.set_title(f"{y[i]}, read as {predict(trained['state'], x[i : i + 1]).argmax()}")

# %% [markdown] lang="zh"
# 再看两条螺旋线。`two_spirals` 生成数据，`show_boundary` 画出模型在平面上的判断，思考题二也用得到。

# %% [markdown] lang="en"
# Now the two spirals. `two_spirals` makes the data, `show_boundary` draws what a model thinks of the plane; written
# question 2 uses both.

# %% active="ipynb"
# def two_spirals(n, seed):
#     """n points on two arms of 1.5 turns each, and their labels."""
#     generator = torch.Generator().manual_seed(seed)
#     label = torch.arange(n) % 2
#     radius = torch.rand(n, generator=generator).sqrt()
#     angle = 3 * torch.pi * radius + torch.pi * label
#     points = radius.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], dim=1)
#     return points + 0.02 * torch.randn(n, 2, generator=generator), label
#
#
# def show_boundary(panel, state, x, y):
#     """The probability of class 1 over the plane, and the points."""
#     ticks = torch.linspace(-1.2, 1.2, 200)
#     grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
#     p = torch.softmax(predict(state, grid.reshape(-1, 2)), dim=1)[:, 1].reshape(200, 200)
#     panel.contourf(ticks, ticks, p, levels=20, cmap="coolwarm", alpha=0.6)
#     panel.scatter(x[:, 0], x[:, 1], c=y, s=4, cmap="coolwarm")
#     panel.set_aspect("equal")
#
#
# x, y = two_spirals(600, seed=0)
# x_test, y_test = two_spirals(1000, seed=1)
# trained = train_mlp(x, y, 2, hidden=[64, 64], seed=0)
# accuracy = (predict(trained["state"], x_test).argmax(dim=1) == y_test).double().mean()
#
# figure, (curve, plane) = plt.subplots(1, 2, figsize=(11, 4))
# curve.semilogy(trained["history"]["loss"])
# curve.set(xlabel="epoch", ylabel="training loss")
# show_boundary(plane, trained["state"], x, y)
# plane.set_title(f"accuracy {accuracy:.3f}");

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 在两条螺旋线（上面的 `x`、`y`、`x_test`、`y_test`）上，对隐藏层 `[]`、`[8]`、`[64, 64]` 和两种初始化（`"he"`、`"xavier"`）各训练一次，
# 用 `show_boundary` 画出六张图，标题写上测试正确率。然后回答：
#
# 1. 三种结构的边界各是什么形状？没有隐藏层时为什么不可能分开？
# 2. 两种初始化的差别大吗？对很深的网络呢（看第 4 题的图）？
# 3. 如果所有权重都从 0 开始，会发生什么？逐步写出第一次更新时各层的 $h$、$\delta$ 和梯度，并解释为什么必须打破对称。

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# On the two spirals (`x`, `y`, `x_test`, `y_test` above) train with hidden layers `[]`, `[8]` and `[64, 64]` and with both
# initialisations (`"he"` and `"xavier"`). Draw the six results with `show_boundary`, with the accuracy on the test points in
# the titles. Then answer:
#
# 1. Which shape does the boundary of each of the three networks have? Why can the one without hidden layers not succeed?
# 2. Do the two initialisations differ much? And in a very deep network (see the figure of question 4)?
# 3. What happens when all weights start at 0? Write down $h$, $\delta$ and the gradients of all layers in the first update,
#    and explain why the symmetry has to be broken.

# %% active="ipynb"
# # 六张图画在这里 / draw the six figures here

# %% active="ipynb" solution="hidden"
# figure, panels = plt.subplots(2, 3, figsize=(13, 8))
# for row, scheme in zip(panels, ("he", "xavier")):
#     for panel, hidden in zip(row, ([], [8], [64, 64])):
#         state = train_mlp(x, y, 2, hidden=hidden, seed=0, scheme=scheme)["state"]
#         accuracy = (predict(state, x_test).argmax(dim=1) == y_test).double().mean()
#         show_boundary(panel, state, x, y)
#         panel.set_title(f"{hidden}, {scheme}: {accuracy:.3f}")

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 图与边界 2 分：`[]` 是一条直线，正确率约 0.65，因为线性模型的边界是超平面；`[8]` 是由少数折线段组成的边界，有几段分错；
# `[64, 64]` 沿螺旋弯曲。初始化 1 分：这样浅的网络差别很小；很深时 Xavier 的方差比 He 小一半，ReLU 网络的信号逐层缩小。
# 对称 2 分：全 0 时 $h_l=0$，ReLU 在 0 处导数也取 0，$W_l$ 的梯度 $h_{l-1}^\top\delta_l$ 与 $\delta_lW_l^\top$ 都是 0，只有输出层的偏置在变；
# 即使权重取同一个非零常数，同层神经元的值与梯度也永远相同，等于只有一个神经元，随机初始化使它们走上不同的路。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Figure and boundaries, 2 points: `[]` is a straight line with an accuracy of about
# 0.65, since the boundary of a linear model is a hyperplane; `[8]` is made of few straight pieces and gets parts wrong;
# `[64, 64]` bends along the spirals. Initialisation, 1 point: hardly any difference in networks this shallow; in very deep ones
# Xavier has half the variance of He, and the signal of a ReLU network shrinks from layer to layer. Symmetry, 2 points: from
# zero, $h_l=0$, the derivative of the ReLU at 0 is taken as 0, and both $h_{l-1}^\top\delta_l$ and $\delta_lW_l^\top$ vanish, so
# that only the output bias moves; even with one common nonzero constant, neurons of a layer have equal values and equal
# gradients for ever and count as one, while random weights send them different ways.
