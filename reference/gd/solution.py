# %% [markdown] lang="zh"
# # 作业一：梯度下降与学习准则
#
# 机器学习的第一步是说清楚“什么叫好”，第二步才是“怎样变好”。前者由损失函数回答，后者由梯度下降回答。
# 这次作业里你将亲手写出两者，不借助自动求导，最后用自己写的代码在真实数据上训练一个分类器。
#
# **完成之后，你能够**
#
# * 把 0-1 损失、平方损失和交叉熵损失写成经验风险，并且让代码在数值上站得住；
# * 推导并实现线性回归和 Softmax 回归的梯度，用数值梯度检验它们；
# * 说出学习率在 $\theta^2$ 和一般二次函数上怎样决定收敛、振荡和发散；
# * 解释小批量和特征标准化为什么有用。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）2.2–2.3、3.1–3.3、4.5.1；
# d2l（《动手学深度学习》中文第二版）3.1–3.7、11.3–11.5；Goodfellow 等《深度学习》第 4、5 章。

# %% [markdown] lang="en"
# # Assignment 1: Gradient Descent and Learning Criteria
#
# Machine learning begins by saying what *good* means, and only then asks how to get *better*. A loss
# function answers the first question, gradient descent the second. Here you write both by hand,
# without automatic differentiation, and in the end your own code trains a classifier on real data.
#
# **Afterwards you can**
#
# * write the 0-1, squared and cross-entropy losses as empirical risks, in code that is numerically sound;
# * derive and implement the gradients of linear and softmax regression, and test them numerically;
# * say how the learning rate decides between convergence, oscillation and divergence, on $\theta^2$ and
#   on any quadratic;
# * explain what mini-batches and standardised features are good for.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) 2.2–2.3, 3.1–3.3, 4.5.1; d2l
# (*Dive into Deep Learning*, section numbers of the Chinese second edition) 3.1–3.7, 11.3–11.5;
# Goodfellow et al., *Deep Learning*, chapters 4 and 5.

# %% [markdown] lang="zh"
# ## 开始之前
#
# **怎样作答。** 每个函数都已写好名字、参数和说明，把 `raise NotImplementedError` 换成你的代码。
# 名字和参数顺序不要改；需要辅助函数时尽管自己添加。随时可以运行题后的 `check_here(...)` 自查。
# 自查只用几组公开的数，评分用另外的数，所以自查通过只说明方向对了。
#
# **分数。** 函数 86 分，代码卫生 4 分，两道思考题各 5 分。后面的题可以调用前面写的函数；
# 同一个错误只扣一次分：调用了写错的函数，而其余部分正确，后面的题仍然得分。
#
# **代码卫生（4 分）** 对所有函数一起检查：
#
# 1. 结果的 dtype 和设备与输入相同：输入 float32 就返回 float32，输入 float64 就返回 float64；
# 2. 不修改传入的参数（`W -= ...` 会改掉调用者的 `W`，请写 `W = W - ...`）；
# 3. 中间结果不丢精度：`torch.zeros(n)` 默认是 float32，请用 `x.new_zeros(n)` 或写明 `dtype=x.dtype`；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态；需要随机数时用 `torch.Generator().manual_seed(seed)`。
#
# **允许与禁止。** 第 1–6 题练的是自己推导，因此不得使用自动求导（`backward`、`torch.autograd`、
# `torch.func`、`requires_grad`）、`torch.optim`、`F.cross_entropy`、`F.nll_loss`、`F.mse_loss` 和
# `nn.…Loss`。`torch.softmax`、`torch.logsumexp`、`F.one_hot` 可以用。第 7 题可以用自动求导和优化器，
# 但不得使用 scikit-learn 的分类器。每次调用限时 10 秒，第 7 题的训练限时 60 秒。
#
# **记号。** $N$ 是样本数，$D$ 是特征数，$K$ 是类别数，每个样本占一行；`()` 表示零维张量；
# 标签是从 0 开始的 int64；对数都是自然对数。教材之间有两处约定不同，本课程这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 平方损失 | $\frac{1}{2N}\sum(\hat y-y)^2$（nndl 式 2.16、d2l） | 没有 1/2（`F.mse_loss`） |
# | 权重矩阵 | 形状 `(输入, 输出)`，`X @ W`（d2l） | `(输出, 输入)`，`X @ W.T`（`nn.Linear`）；列向量 $Wx$（nndl） |

# %% [markdown] lang="en"
# ## Before you start
#
# **What to do.** Every function comes with its name, its arguments and a description; replace
# `raise NotImplementedError` by your code. Leave names and the order of arguments as they are, and add
# helper functions as you like. Run the `check_here(...)` below a question whenever you want to. It uses
# a few public numbers while grading uses others: passing it means that you are on the right track.
#
# **Points.** 86 for the functions, 4 for hygiene, 5 for each of two written questions. Later questions
# may call functions of earlier ones, and a mistake costs its points once: code that is right except that
# it calls a wrong function of yours still earns its points.
#
# **Hygiene (4 points)** is checked for all functions together:
#
# 1. results have the dtype and device of the inputs: float32 in, float32 out; float64 in, float64 out;
# 2. arguments are left unchanged (`W -= ...` changes the caller's `W`; write `W = W - ...`);
# 3. no precision is lost on the way: `torch.zeros(n)` is float32 by default, so use `x.new_zeros(n)` or
#    say `dtype=x.dtype`;
# 4. equal arguments give equal results, and the global random state stays untouched: draw from
#    `torch.Generator().manual_seed(seed)`.
#
# **Allowed and forbidden.** Questions 1–6 are about deriving things yourself, so automatic
# differentiation (`backward`, `torch.autograd`, `torch.func`, `requires_grad`), `torch.optim`,
# `F.cross_entropy`, `F.nll_loss`, `F.mse_loss` and `nn.…Loss` are forbidden there. `torch.softmax`,
# `torch.logsumexp` and `F.one_hot` are fine. In question 7 you may use automatic differentiation and
# optimisers, but no classifier of scikit-learn. A call may take 10 seconds, training in question 7 60.
#
# **Notation.** $N$ examples, $D$ features, $K$ classes, one example per row; `()` is a 0-dim tensor;
# labels are int64 and start at 0; logarithms are natural. Textbooks disagree on two points, and this
# course has chosen:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | squared loss | $\frac{1}{2N}\sum(\hat y-y)^2$ (nndl 2.16, d2l) | without 1/2 (`F.mse_loss`) |
# | weight matrix | shape `(in, out)`, `X @ W` (d2l) | `(out, in)`, `X @ W.T` (`nn.Linear`); $Wx$ with columns (nndl) |

# %%
import torch

# %% active="ipynb"
# import matplotlib.pyplot as plt
# from sklearn.datasets import load_iris
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　损失函数（18 分）
#
# 损失函数给一次预测打分，越小越好。我们真正关心的期望风险无法计算，于是换成训练样本上的平均值，
# 即**经验风险** $\mathcal R(\theta)=\frac1N\sum_{i=1}^N \mathcal L\bigl(y_i, f(x_i;\theta)\bigr)$（nndl 2.2.2，Goodfellow 5.2）。
#
# ### 1.1　平方损失
#
# $$\mathcal R = \frac{1}{2N}\sum_{i=1}^N(\hat y_i-y_i)^2$$
#
# 系数 1/2 是为了与求导时出现的 2 相消（nndl 式 2.16，d2l 3.1）。
#
# **例。** $\hat y=(1,2)$，$y=(0,0)$：$\frac{1}{2\cdot 2}(1+4)=1.25$。
#
# 预测值常常是形状 `(N, 1)` 的一列，标签却是 `(N,)`。想一想两者直接相减会得到什么形状。

# %% [markdown] lang="en"
# ## Question 1　Loss functions (18 points)
#
# A loss scores a prediction; smaller is better. What we care about, the expected risk, cannot be
# computed, so we take the average over the training examples instead: the **empirical risk**
# $\mathcal R(\theta)=\frac1N\sum_{i=1}^N \mathcal L\bigl(y_i, f(x_i;\theta)\bigr)$ (nndl 2.2.2, Goodfellow 5.2).
#
# ### 1.1　Squared loss
#
# $$\mathcal R = \frac{1}{2N}\sum_{i=1}^N(\hat y_i-y_i)^2$$
#
# The factor 1/2 is there to cancel the 2 of the derivative (nndl equation 2.16, d2l 3.1).
#
# **Example.** $\hat y=(1,2)$, $y=(0,0)$: $\frac{1}{2\cdot 2}(1+4)=1.25$.
#
# Predictions often come as a column of shape `(N, 1)` while labels have shape `(N,)`. Think about the
# shape that you get when you subtract one from the other.


# %%
def squared_loss(y_hat, y):
    """平方损失的经验风险 / Empirical risk under the squared loss.

    y_hat   (N,) 或 or (N, 1)   float32 / float64   预测 predictions
    y       (N,) 或 or (N, 1)   同 y_hat as y_hat   标签 labels

    返回 returns ()   1/(2N) Σ (ŷ_i - y_i)²
    """
    # BEGIN SOLUTION
    residual = y_hat.reshape(-1) - y.reshape(-1)
    return (residual**2).mean() / 2
    # END SOLUTION


# %% active="ipynb"
# check_here("squared_loss")

# %% [markdown] lang="zh"
# ### 1.2　0-1 损失
#
# 分类时最直接的损失是数错误：预测类别是得分最大的一类，错一个记 1，对一个记 0（nndl 2.2.2）。
#
# $$\mathcal R = \frac1N\sum_{i=1}^N \mathbb 1\bigl[\arg\max_k z_{ik}\ne y_i\bigr]$$
#
# 这里 $z_{ik}$ 是第 $i$ 个样本对第 $k$ 类的得分（logits）。结果是浮点数，dtype 与 `logits` 相同。
#
# **例。** 得分 $(2,1),(0,3),(5,4)$，标签 $0,1,1$：只有第三个错，损失是 $1/3$。

# %% [markdown] lang="en"
# ### 1.2　0-1 loss
#
# In classification the most direct loss counts mistakes: the prediction is the class with the largest
# score; a wrong one costs 1, a right one 0 (nndl 2.2.2).
#
# $$\mathcal R = \frac1N\sum_{i=1}^N \mathbb 1\bigl[\arg\max_k z_{ik}\ne y_i\bigr]$$
#
# where $z_{ik}$ is the score (logit) of class $k$ for example $i$. The result is a floating-point number
# with the dtype of `logits`.
#
# **Example.** Scores $(2,1),(0,3),(5,4)$ and labels $0,1,1$: only the third is wrong, the loss is $1/3$.


# %%
def zero_one_loss(logits, y):
    """分错的比例 / Share of the examples that are classified wrongly.

    logits   (N, K)   float32 / float64   各类的得分 score of every class
    y        (N,)     int64               标签 labels

    返回 returns ()   在 in [0, 1]，dtype 同 logits / as logits
    """
    # BEGIN SOLUTION
    return (logits.argmax(dim=1) != y).to(logits.dtype).mean()
    # END SOLUTION


# %% active="ipynb"
# check_here("zero_one_loss")

# %% [markdown] lang="zh"
# ### 1.3　交叉熵损失
#
# Softmax 把得分变成概率 $p_{ik}=e^{z_{ik}}/\sum_j e^{z_{ij}}$，交叉熵损失是正确类别的负对数概率的平均（nndl 3.3，d2l 3.4）：
#
# $$\mathcal R=-\frac1N\sum_{i=1}^N \log p_{i,y_i}
#   =\frac1N\sum_{i=1}^N\Bigl(\log\sum_{j}e^{z_{ij}}-z_{i,y_i}\Bigr)$$
#
# **例。** 得分 $(2,1,0)$，标签 $0$：$p\approx(0.665,0.245,0.090)$，损失 $-\log 0.665\approx 0.408$。
#
# **数值上的陷阱。** $e^{1000}$ 在 float64 里是 inf，$e^{-1000}$ 是 0，先算概率再取对数就会得到 NaN 或 inf，
# 而真正的损失可能只有几百。出路是：给一行得分加上同一个常数，概率不变，
#
# $$\frac{e^{z_k-m}}{\sum_j e^{z_j-m}}=\frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# 于是可以选一个合适的 $m$，使指数不再溢出（d2l 3.7.2，Goodfellow 4.1）。只要准确值能用浮点数表示，
# 你的结果就应当是有限的。

# %% [markdown] lang="en"
# ### 1.3　Cross-entropy loss
#
# The softmax turns scores into probabilities $p_{ik}=e^{z_{ik}}/\sum_j e^{z_{ij}}$, and the cross-entropy
# is the mean negative log-probability of the right class (nndl 3.3, d2l 3.4):
#
# $$\mathcal R=-\frac1N\sum_{i=1}^N \log p_{i,y_i}
#   =\frac1N\sum_{i=1}^N\Bigl(\log\sum_{j}e^{z_{ij}}-z_{i,y_i}\Bigr)$$
#
# **Example.** Scores $(2,1,0)$, label $0$: $p\approx(0.665,0.245,0.090)$ and the loss is $-\log 0.665\approx 0.408$.
#
# **A numerical trap.** In float64 $e^{1000}$ is inf and $e^{-1000}$ is 0, so the logarithm of the
# probabilities is NaN or inf although the true loss may be a few hundred. The way out: adding a constant
# to a row of scores does not change its probabilities,
#
# $$\frac{e^{z_k-m}}{\sum_j e^{z_j-m}}=\frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# so you may choose an $m$ with which no exponential overflows (d2l 3.7.2, Goodfellow 4.1). Your result
# should be finite whenever the exact value is a floating-point number.


# %%
def cross_entropy_loss(logits, y):
    """Softmax 之后的平均交叉熵 / Mean cross-entropy of the softmax of the logits, in nats.

    logits   (N, K)   float32 / float64   各类的得分 score of every class
    y        (N,)     int64               标签 labels

    返回 returns ()   mean_i -log softmax(logits_i)[y_i]
    """
    # BEGIN SOLUTION
    shifted = logits - logits.amax(dim=1, keepdim=True)
    log_p = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    return -log_p.gather(1, y.unsqueeze(1)).mean()
    # END SOLUTION


# %% active="ipynb"
# check_here("cross_entropy_loss")

# %% [markdown] lang="zh"
# 把两类问题中“正确类别的得分比另一类高多少”放在横轴上，看看这两种损失有什么不同。
# 哪一个的导数能告诉我们往哪里走？（思考题二会问到。）

# %% [markdown] lang="en"
# With two classes, put on the horizontal axis by how much the right class outscores the other one, and
# compare the two losses. Whose derivative tells us where to go? (Written question 2 comes back to this.)

# %% active="ipynb"
# margins = torch.linspace(-4, 4, 160, dtype=torch.float64)
# scores = torch.stack([margins, torch.zeros_like(margins)], dim=1)
# label = torch.tensor([0])
#
# for loss in (zero_one_loss, cross_entropy_loss):
#     plt.plot(margins, [loss(row.unsqueeze(0), label).item() for row in scores], label=loss.__name__)
# plt.xlabel("score of the right class minus score of the other")
# plt.ylabel("loss of one example")
# plt.legend();

# %% [markdown] lang="zh"
# ## 第 2 题　一维梯度下降与数值梯度（14 分）
#
# ### 2.1　在 $\theta^2$ 上下降
#
# 梯度下降每一步沿负梯度方向走：$\theta_{t+1}=\theta_t-\eta\,\nabla f(\theta_t)$，$\eta$ 是学习率（nndl 2.2.3，d2l 11.3，Goodfellow 4.3）。
# 最简单的目标是 $f(\theta)=\sum_j\theta_j^2$，各分量互不影响：
#
# $$\nabla f(\theta)=2\theta,\qquad \theta_{t+1}=(1-2\eta)\,\theta_t$$
#
# **例。** $\theta_0=1$，$\eta=0.1$：每步乘 $0.8$，轨迹是 $1,\ 0.8,\ 0.64,\ 0.512$。
#
# 请返回整条轨迹：起点是第 0 行，走 `steps` 步，共 `steps + 1` 行。`theta0` 可以是任意形状，也可以是零维。

# %% [markdown] lang="en"
# ## Question 2　Descent on a square, numerical gradients (14 points)
#
# ### 2.1　Descent on $\theta^2$
#
# Gradient descent steps along the negative gradient: $\theta_{t+1}=\theta_t-\eta\,\nabla f(\theta_t)$ with
# the learning rate $\eta$ (nndl 2.2.3, d2l 11.3, Goodfellow 4.3). The simplest objective is
# $f(\theta)=\sum_j\theta_j^2$, where the components do not interact:
#
# $$\nabla f(\theta)=2\theta,\qquad \theta_{t+1}=(1-2\eta)\,\theta_t$$
#
# **Example.** $\theta_0=1$, $\eta=0.1$: every step multiplies by $0.8$, and the path is $1,\ 0.8,\ 0.64,\ 0.512$.
#
# Return the whole path: the start is row 0, then come `steps` steps, `steps + 1` rows in all. `theta0` may
# have any shape, or none.


# %%
def gd_on_square(theta0, lr, steps):
    """f(θ) = Σ_j θ_j² 上梯度下降的轨迹 / The path of gradient descent on f(θ) = Σ_j θ_j².

    theta0   S（任意形状 any shape）   float32 / float64   起点 start
    lr       float                    学习率 learning rate
    steps    int >= 0                 步数 number of steps

    返回 returns (steps + 1, *S)   θ_0, …, θ_steps
    """
    # BEGIN SOLUTION
    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] - lr * 2 * path[-1])
    return torch.stack(path)
    # END SOLUTION


# %% active="ipynb"
# check_here("gd_on_square")

# %% [markdown] lang="zh"
# ### 2.2　数值梯度
#
# 手推的梯度容易写错，好在导数也可以直接量出来。由泰勒展开，
#
# $$\frac{f(\theta+h)-f(\theta-h)}{2h}=f'(\theta)+\frac{h^2}{6}f'''(\theta)+\cdots$$
#
# 偶次项相消，所以**中心差分**的误差是 $O(h^2)$，单侧差分只有 $O(h)$（nndl 4.5.1，Goodfellow 11.5）。
#
# **例。** $f(t)=t^3$，$\theta=1$，$h=0.1$：$(1.331-0.729)/0.2=3.01$，恰好是 $3\theta^2+h^2$。
#
# 这里 $f(t)=c_0+c_1t+\dots+c_mt^m$，系数由 `coef` 从低次到高次给出；`theta` 的每个分量各算一次。

# %% [markdown] lang="en"
# ### 2.2　Numerical gradients
#
# A gradient derived by hand is easily wrong; fortunately a derivative can also be measured. By Taylor's
# theorem
#
# $$\frac{f(\theta+h)-f(\theta-h)}{2h}=f'(\theta)+\frac{h^2}{6}f'''(\theta)+\cdots$$
#
# The even terms cancel, so the **central difference** has an error $O(h^2)$ where a one-sided difference
# has $O(h)$ (nndl 4.5.1, Goodfellow 11.5).
#
# **Example.** $f(t)=t^3$, $\theta=1$, $h=0.1$: $(1.331-0.729)/0.2=3.01$, which is $3\theta^2+h^2$ exactly.
#
# Here $f(t)=c_0+c_1t+\dots+c_mt^m$, with the coefficients in `coef` from the lowest power to the highest;
# every component of `theta` is treated on its own.


# %%
def numerical_gradient(coef, theta, h):
    """多项式 f(t) = Σ_k c_k t^k 的中心差分 / Central difference of the polynomial f(t) = Σ_k c_k t^k.

    coef    list[float]   c_0, …, c_m
    theta   (P,)          float32 / float64   求导的位置 where to differentiate
    h       float > 0     步长 step

    返回 returns (P,)   在每个 at every θ_j
    """

    # BEGIN SOLUTION
    def f(t):
        return sum(c * t**k for k, c in enumerate(coef))

    return (f(theta + h) - f(theta - h)) / (2 * h)
    # END SOLUTION


# %% active="ipynb"
# check_here("numerical_gradient")

# %% [markdown] lang="zh"
# 步长是不是越小越好？下图是 $f(t)=t^4$ 在 $t=1.3$ 处的误差。右边的直线是公式的误差 $O(h^2)$，
# 左边的散点是两个几乎相等的数相减时的舍入误差，大小约为 $10^{-16}/h$。

# %% [markdown] lang="en"
# Is a smaller step always better? Below is the error for $f(t)=t^4$ at $t=1.3$. The straight line on
# the right is the error $O(h^2)$ of the formula; the scatter on the left is what rounding does when two nearly
# equal numbers are subtracted, about $10^{-16}/h$.

# %% active="ipynb"
# at = torch.tensor([1.3], dtype=torch.float64)
# sizes = torch.logspace(-9, -0.5, 200).tolist()
# errors = [abs(numerical_gradient([0.0, 0.0, 0.0, 0.0, 1.0], at, h).item() - 4 * 1.3**3) for h in sizes]
#
# plt.loglog(sizes, errors, ".", markersize=3)
# plt.xlabel("step h")
# plt.ylabel("error of the central difference");

# %% [markdown] lang="zh"
# ## 第 3 题　线性回归的梯度（11 分）
#
# 模型 $\hat y=Xw+b$，目标是平方损失加上权重的 $L_2$ 惩罚：
#
# $$\mathcal R(w,b)=\frac1{2N}\lVert Xw+b-y\rVert^2+\frac\lambda2\lVert w\rVert^2$$
#
# 偏置 $b$ 只是整体平移，不受惩罚。记残差 $r=Xw+b-y$，$r_i$ 对 $w_d$ 的导数是 $X_{id}$，对 $b$ 的导数是 1，由链式法则
#
# $$\frac{\partial\mathcal R}{\partial w}=\frac1N X^\top r+\lambda w,\qquad
#   \frac{\partial\mathcal R}{\partial b}=\frac1N\sum_{i=1}^N r_i$$
#
# （nndl 2.3.1、d2l 3.1；nndl 把 $b$ 并入 $w$，样本按列排，并且不除以 $N$。）
#
# **例。** $X=\begin{pmatrix}1\\2\end{pmatrix}$，$y=(1,2)$，$w=0$，$b=0$，$\lambda=0$：
# $r=(-1,-2)$，损失 $\frac{1+4}{4}=1.25$，$w$ 的梯度 $\frac{-1-4}{2}=-2.5$，$b$ 的梯度 $-1.5$。

# %% [markdown] lang="en"
# ## Question 3　The gradient of linear regression (11 points)
#
# The model is $\hat y=Xw+b$, the objective the squared loss plus an $L_2$ penalty on the weights:
#
# $$\mathcal R(w,b)=\frac1{2N}\lVert Xw+b-y\rVert^2+\frac\lambda2\lVert w\rVert^2$$
#
# The bias $b$ only shifts everything and is not penalised. Let $r=Xw+b-y$; the derivative of $r_i$ is
# $X_{id}$ for $w_d$ and 1 for $b$, and the chain rule gives
#
# $$\frac{\partial\mathcal R}{\partial w}=\frac1N X^\top r+\lambda w,\qquad
#   \frac{\partial\mathcal R}{\partial b}=\frac1N\sum_{i=1}^N r_i$$
#
# (nndl 2.3.1, d2l 3.1; nndl makes $b$ a part of $w$, has examples as columns and does not divide by $N$.)
#
# **Example.** $X=\begin{pmatrix}1\\2\end{pmatrix}$, $y=(1,2)$, $w=0$, $b=0$, $\lambda=0$:
# $r=(-1,-2)$, the loss is $\frac{1+4}{4}=1.25$, the gradient is $\frac{-1-4}{2}=-2.5$ for $w$ and $-1.5$ for $b$.


# %%
def linear_regression_grad(X, y, w, b, lam):
    """线性回归的损失与梯度 / Loss and gradients of linear regression.

    X     (N, D)   float32 / float64   每行一个样本 one example per row
    y     (N,)     同 X as X           标签 labels
    w     (D,)     同 X as X           权重 weights
    b     ()       同 X as X           偏置 bias
    lam   float                        惩罚系数 λ / penalty λ

    返回 returns dict   "loss" ()，以及它的梯度 and its gradients "w" (D,), "b" ()
    """
    # BEGIN SOLUTION
    residual = X @ w + b - y
    return {
        "loss": squared_loss(X @ w + b, y) + lam / 2 * (w**2).sum(),
        "w": X.T @ residual / len(y) + lam * w,
        "b": residual.mean(),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("linear_regression_grad")

# %% [markdown] lang="zh"
# ## 第 4 题　Softmax 回归的梯度（16 分）
#
# 得分 $Z=XW+b$，目标是交叉熵加上 $W$ 的 $L_2$ 惩罚。先看一个样本的损失 $\ell=\log\sum_j e^{z_j}-z_y$ 对得分的导数：
#
# $$\frac{\partial\ell}{\partial z_k}=\frac{e^{z_k}}{\sum_je^{z_j}}-\mathbb 1[k=y]=p_k-\mathbb 1[k=y]$$
#
# 即“预测的概率减去正确答案”。把全部样本排成矩阵，$P$ 是 softmax 概率，$Y$ 是 one-hot 标签，再由 $Z=XW+b$ 得
#
# $$\frac{\partial\mathcal R}{\partial W}=\frac1N X^\top(P-Y)+\lambda W,\qquad
#   \frac{\partial\mathcal R}{\partial b_k}=\frac1N\sum_{i=1}^N(P-Y)_{ik}$$
#
# （nndl 3.3.1，d2l 3.4。）写完以后可以拿两件事检查自己：$P-Y$ 每一行的和是 0，因此 $b$ 的梯度各分量之和也是 0；
# 数值梯度应当与公式一致。
#
# **例。** $X=\begin{pmatrix}1\\-1\end{pmatrix}$，$y=(0,1)$，参数全为 0：$P$ 的元素都是 $\frac12$，
# $P-Y=\begin{pmatrix}-.5&.5\\.5&-.5\end{pmatrix}$，损失 $\log2\approx0.693$，$W$ 的梯度 $(-.5,\ .5)$，$b$ 的梯度 $(0,0)$。

# %% [markdown] lang="en"
# ## Question 4　The gradient of softmax regression (16 points)
#
# The scores are $Z=XW+b$, the objective is the cross-entropy plus an $L_2$ penalty on $W$. Start with one
# example: differentiate its loss $\ell=\log\sum_j e^{z_j}-z_y$ with respect to the scores,
#
# $$\frac{\partial\ell}{\partial z_k}=\frac{e^{z_k}}{\sum_je^{z_j}}-\mathbb 1[k=y]=p_k-\mathbb 1[k=y]$$
#
# which is "predicted probability minus right answer". With all examples in one matrix, $P$ for the softmax
# probabilities and $Y$ for the one-hot labels, $Z=XW+b$ gives
#
# $$\frac{\partial\mathcal R}{\partial W}=\frac1N X^\top(P-Y)+\lambda W,\qquad
#   \frac{\partial\mathcal R}{\partial b_k}=\frac1N\sum_{i=1}^N(P-Y)_{ik}$$
#
# (nndl 3.3.1, d2l 3.4). Two things to test yourself with: every row of $P-Y$ sums to 0, and hence so does
# the gradient of $b$; and numerical gradients should agree with the formulas.
#
# **Example.** $X=\begin{pmatrix}1\\-1\end{pmatrix}$, $y=(0,1)$, all parameters 0: every entry of $P$ is $\frac12$,
# $P-Y=\begin{pmatrix}-.5&.5\\.5&-.5\end{pmatrix}$, the loss is $\log2\approx0.693$, the gradients are $(-.5,\ .5)$ for
# $W$ and $(0,0)$ for $b$.


# %%
def softmax_regression_grad(X, y, W, b, lam):
    """Softmax 回归的损失与梯度 / Loss and gradients of softmax regression.

    X     (N, D)   float32 / float64   每行一个样本 one example per row
    y     (N,)     int64               标签 labels
    W     (D, K)   同 X as X           权重 weights
    b     (K,)     同 X as X           偏置 biases
    lam   float                        惩罚系数 λ，只作用于 W / penalty λ, on W only

    返回 returns dict   "loss" ()，以及它的梯度 and its gradients "W" (D, K), "b" (K,)
    """
    # BEGIN SOLUTION
    logits = X @ W + b
    onehot = torch.nn.functional.one_hot(y, len(b)).to(X.dtype)
    error = (torch.softmax(logits, dim=1) - onehot) / len(y)
    return {
        "loss": cross_entropy_loss(logits, y) + lam / 2 * (W**2).sum(),
        "W": X.T @ error + lam * W,
        "b": error.sum(dim=0),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("softmax_regression_grad")

# %% [markdown] lang="zh"
# ## 第 5 题　二次函数上的梯度下降（10 分）
#
# 光滑函数在极小点附近都像二次函数，所以值得把它看清楚（Goodfellow 4.3.1，d2l 11.3）：
#
# $$f(\theta)=\tfrac12\theta^\top A\theta-c^\top\theta,\qquad \nabla f(\theta)=A\theta-c$$
#
# $A$ 对称正定，极小点是 $\theta^\ast=A^{-1}c$。误差 $e_t=\theta_t-\theta^\ast$ 满足 $e_{t+1}=(I-\eta A)\,e_t$；
# 沿 $A$ 的第 $i$ 个特征向量看，每一步误差都乘 $1-\eta\lambda_i$。由此想清楚：$\eta$ 不超过多少时，从**任何**起点出发都收敛？
# 这个上确界就是 `max_stable_lr`。
#
# **例。** $A=\mathrm{diag}(1,4)$，$c=0$，$\theta_0=(1,1)$，$\eta=0.25$：两个方向分别乘 $0.75$ 和 $0$，
# 轨迹是 $(1,1),(0.75,0),(0.5625,0)$；`max_stable_lr` 是 $0.5$。

# %% [markdown] lang="en"
# ## Question 5　Descent on a quadratic (10 points)
#
# Near a minimum every smooth function looks like a quadratic, so it pays to understand this one
# (Goodfellow 4.3.1, d2l 11.3):
#
# $$f(\theta)=\tfrac12\theta^\top A\theta-c^\top\theta,\qquad \nabla f(\theta)=A\theta-c$$
#
# $A$ is symmetric positive definite and the minimum is at $\theta^\ast=A^{-1}c$. The error
# $e_t=\theta_t-\theta^\ast$ obeys $e_{t+1}=(I-\eta A)\,e_t$: along the $i$-th eigenvector of $A$ every step
# multiplies it by $1-\eta\lambda_i$. Work out from this how large $\eta$ may be if descent is to converge
# from **every** start. The supremum is `max_stable_lr`.
#
# **Example.** $A=\mathrm{diag}(1,4)$, $c=0$, $\theta_0=(1,1)$, $\eta=0.25$: the two directions are multiplied by
# $0.75$ and $0$, the path is $(1,1),(0.75,0),(0.5625,0)$, and `max_stable_lr` is $0.5$.


# %%
def gd_quadratic(A, c, theta0, lr, steps):
    """f(θ) = ½ θᵀAθ - cᵀθ 上的梯度下降 / Gradient descent on f(θ) = ½ θᵀAθ - cᵀθ.

    A        (P, P)     float32 / float64，对称正定 symmetric positive definite
    c        (P,)       同 A as A
    theta0   (P,)       同 A as A   起点 start
    lr       float      学习率 learning rate
    steps    int >= 0   步数 number of steps

    返回 returns dict
        "path" (steps + 1, P)       θ_0, …, θ_steps
        "values" (steps + 1,)       f(θ_0), …, f(θ_steps)
        "max_stable_lr" float       从任何起点都收敛的学习率的上确界
                                    supremum of the rates that converge from every start
    """

    # BEGIN SOLUTION
    def f(theta):
        return theta @ A @ theta / 2 - c @ theta

    path = [theta0]
    for _ in range(steps):
        path.append(path[-1] - lr * (A @ path[-1] - c))
    return {
        "path": torch.stack(path),
        "values": torch.stack([f(theta) for theta in path]),
        "max_stable_lr": 2 / torch.linalg.eigvalsh(A).max().item(),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("gd_quadratic")

# %% [markdown] lang="zh"
# 同一个二次函数、同一个起点、三种学习率。等高线是 $f$，折线是轨迹。太小走得慢，接近 `max_stable_lr` 时在狭谷两壁间来回跳，
# 超过之后越跳越远。

# %% [markdown] lang="en"
# One quadratic, one start, three learning rates: contours of $f$ and the path across them. Too small is
# slow, close to `max_stable_lr` the path jumps between the walls of the valley, and beyond it the jumps grow.

# %% active="ipynb"
# A = torch.tensor([[2.0, 1.2], [1.2, 1.0]], dtype=torch.float64)
# c = torch.tensor([0.5, 0.2], dtype=torch.float64)
# start = torch.tensor([-0.5, 3.5], dtype=torch.float64)
#
# ticks = torch.linspace(-4, 4, 81, dtype=torch.float64)
# grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
# heights = (grid @ A * grid).sum(dim=-1) / 2 - grid @ c
#
# figure, panels = plt.subplots(1, 3, figsize=(13, 4), sharey=True)
# for panel, lr in zip(panels, (0.1, 0.65, 0.73)):
#     result = gd_quadratic(A, c, start, lr, 20)
#     panel.contour(ticks, ticks, heights, levels=25, linewidths=0.5)
#     panel.plot(*result["path"].T, "o-", markersize=3)
#     panel.set(xlim=(-4, 4), ylim=(-4, 4), title=f"lr = {lr}, limit {result['max_stable_lr']:.3f}")

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 下图是 $f(\theta)=\theta^2$ 上从 $\theta_0=1$ 出发的轨迹，学习率取 0.1、0.5、0.9、1.0、1.1。请回答：
#
# 1. 用因子 $1-2\eta$ 分别解释这五种情形；
# 2. 把 $\theta^2$ 看作第 5 题的一维二次函数，$A$ 是什么？`max_stable_lr` 是多少？与图是否一致？
# 3. 在 $A=\mathrm{diag}(1,100)$ 的二次函数上，即使取最合适的学习率，收敛仍然很慢，为什么？

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# The figure shows descent on $f(\theta)=\theta^2$ from $\theta_0=1$ with learning rates 0.1, 0.5, 0.9, 1.0
# and 1.1. Please answer:
#
# 1. Explain each of the five regimes with the factor $1-2\eta$.
# 2. See $\theta^2$ as a quadratic of question 5 in one dimension. What is $A$, what is `max_stable_lr`, and
#    does it agree with the figure?
# 3. On a quadratic with $A=\mathrm{diag}(1,100)$ convergence is slow even at the best learning rate. Why?

# %% active="ipynb"
# figure, panels = plt.subplots(1, 5, figsize=(16, 3), layout="constrained")
# for panel, lr in zip(panels, (0.1, 0.5, 0.9, 1.0, 1.1)):
#     panel.plot(gd_on_square(torch.tensor(1.0), lr, 12), "o-")
#     panel.axhline(0, color="gray", linewidth=0.5)
#     panel.set(title=f"lr = {lr}", xlabel="step")
# panels[0].set_ylabel(r"$\theta$");

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 五种情形 3 分：0.1 因子 0.8，单调收敛；0.5 因子 0，一步到达；0.9 因子 −0.8，变号收敛；
# 1.0 因子 −1，等幅振荡；1.1 因子 −1.2，变号发散。与第 5 题的联系 1 分：$\theta^2=\frac12\cdot2\theta^2$，$A=2$，
# 上确界 $2/2=1$。条件数 1 分：$\eta<2/100$，平坦方向的因子 $1-\eta\cdot1$ 不小于 0.98（最优 $\eta=2/101$ 时两个方向的因子绝对值都是 $99/101$）。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** Five regimes, 3 points: 0.1, factor 0.8, monotone convergence; 0.5,
# factor 0, one step; 0.9, factor −0.8, convergence with alternating sign; 1.0, factor −1, steady oscillation;
# 1.1, factor −1.2, divergence with alternating sign. Link to question 5, 1 point: $\theta^2=\frac12\cdot2\theta^2$,
# so $A=2$ and the supremum is $2/2=1$. Condition number, 1 point: $\eta<2/100$, hence the flat direction keeps a
# factor of at least 0.98 (at the best $\eta=2/101$ both factors are $99/101$ in absolute value).

# %% [markdown] lang="zh"
# ## 第 6 题　小批量随机梯度下降（9 分）
#
# 计算全部样本的梯度很贵，而几个样本的平均梯度已经是它的无偏估计。小批量 SGD 每次只看一个批次（nndl 7.2.1，d2l 11.5，Goodfellow 8.1.3）。
# 一个 epoch 把每个样本恰好用一次：
#
# 1. `order` 是 $0,\dots,N-1$ 的一个排列，从头开始每 `batch_size` 个下标切成一段，最后一段可能较短；
# 2. 对每一段，先在**当前**参数处算出这一批的损失和梯度（$\lambda=0$，对这一批**自己的**样本数求平均）；
# 3. 记下损失，再同时更新 $W\leftarrow W-\eta\,\partial_W$，$b\leftarrow b-\eta\,\partial_b$。
#
# **例。** $N=7$，`batch_size = 3`：批次大小是 3、3、1，共更新 3 次，`losses` 的形状是 `(3,)`，
# `losses[0]` 是在传入的 `W`、`b` 处算的。
#
# 顺序由参数给定，所以这个函数里没有随机数。

# %% [markdown] lang="en"
# ## Question 6　Mini-batch stochastic gradient descent (9 points)
#
# The gradient over all examples is expensive, and the mean over a few of them is already an unbiased
# estimate. Mini-batch SGD looks at one batch at a time (nndl 7.2.1, d2l 11.5, Goodfellow 8.1.3). An epoch
# uses every example once:
#
# 1. `order` is a permutation of $0,\dots,N-1$; cut it from the start into slices of `batch_size` indices, of
#    which the last may be shorter;
# 2. for each slice, compute the loss and the gradients of this batch at the **current** parameters
#    ($\lambda=0$, averaged over the batch's **own** number of examples);
# 3. record the loss, then update both $W\leftarrow W-\eta\,\partial_W$ and $b\leftarrow b-\eta\,\partial_b$.
#
# **Example.** $N=7$, `batch_size = 3`: the batches have 3, 3 and 1 examples, there are 3 updates, `losses` has
# shape `(3,)`, and `losses[0]` belongs to the `W` and `b` that were passed in.
#
# The order is given, so nothing in this function is random.


# %%
def sgd_epoch(X, y, W, b, lr, batch_size, order):
    """Softmax 回归的一个 SGD epoch / One epoch of mini-batch SGD for softmax regression.

    X            (N, D)     float32 / float64   每行一个样本 one example per row
    y            (N,)       int64               标签 labels
    W, b         (D, K), (K,)   同 X as X       初始参数 initial parameters
    lr           float      学习率 learning rate
    batch_size   int >= 1   批次大小 examples per batch
    order        (N,)       int64               样本的顺序 order of the examples

    返回 returns dict
        "W" (D, K), "b" (K,)                更新后的参数 parameters after the epoch
        "losses" (ceil(N / batch_size),)    第 k 次更新之前的批次损失 batch loss before update k
    """
    # BEGIN SOLUTION
    losses = []
    for batch in order.split(batch_size):
        grad = softmax_regression_grad(X[batch], y[batch], W, b, 0.0)
        losses.append(grad["loss"])
        W = W - lr * grad["W"]
        b = b - lr * grad["b"]
    return {"W": W, "b": b, "losses": torch.stack(losses)}
    # END SOLUTION


# %% active="ipynb"
# check_here("sgd_epoch")

# %% [markdown] lang="zh"
# ## 第 7 题　训练一个 Softmax 分类器（8 分）
#
# 现在把前面的零件装起来。`train_softmax_regression` 拿到的是**原始单位**的特征，`predict` 用训练得到的 `state` 给新样本打分。
#
# **先标准化。** 真实数据的各列单位不同，有的上千，有的不到 1，目标函数因此成为第 5 题里狭长的山谷。
# 把每一列变成均值 0、标准差 1（nndl 7.4）：
#
# $$\tilde x_d=\frac{x_d-\mu_d}{\sigma_d}$$
#
# $\mu_d,\sigma_d$ 只从训练数据计算，存进 `state`，`predict` 用**同样的**数。有的列可能是常数（例如图片角落的像素），
# 想一想这时 $\sigma_d$ 是多少。
#
# **再训练。** 每个 epoch 用 `torch.randperm(N, generator=g)` 打乱顺序，其中 `g = torch.Generator().manual_seed(seed)`，
# 同一个 `seed` 必须得到同样的结果。轮数、学习率、批次大小由你决定，写成带默认值的关键字参数。
#
# **返回值。** `{"state": ..., "history": ...}`：`state` 是一个字典，值可以是张量、数、字符串或列表，存放 `predict` 需要的一切
# （不能是 `nn.Module`；用了 `nn.Module` 就返回它的 `state_dict()`，在 `predict` 里重建）；
# `history` 是 `{"loss": [...]}`，每个 epoch 一个 Python 浮点数，至少 5 个。
#
# **评分。** 在你没见过的三组数据上训练和测试，特征的顺序和类别的编号都已打乱；测试正确率要求：
# 葡萄酒（13 个特征、3 类）0.87，乳腺癌（30 个特征、2 类）0.90，手写数字（64 个像素、10 类）0.92。认真做完标准化，普通的设置就能达到。

# %% [markdown] lang="en"
# ## Question 7　Train a softmax classifier (8 points)
#
# Time to put the parts together. `train_softmax_regression` gets features in **raw units**; `predict` scores
# new examples with the `state` that training produced.
#
# **Standardise first.** Columns of real data have different units, some in the thousands, some below 1, which
# makes the objective one of the narrow valleys of question 5. Give each column mean 0 and standard deviation 1
# (nndl 7.4):
#
# $$\tilde x_d=\frac{x_d-\mu_d}{\sigma_d}$$
#
# $\mu_d$ and $\sigma_d$ come from the training data alone and go into `state`; `predict` uses the **same**
# numbers. Some columns may be constant (such as a pixel in a corner): what is $\sigma_d$ then?
#
# **Then train.** Shuffle in every epoch with `torch.randperm(N, generator=g)`, where
# `g = torch.Generator().manual_seed(seed)`; equal seeds must give equal results. Epochs, learning rate and batch
# size are your choice: make them keyword arguments with defaults.
#
# **Return** `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers, strings or lists
# with everything that `predict` needs (no `nn.Module`: if you use one, return its `state_dict()` and rebuild it in
# `predict`). The `history` is `{"loss": [...]}` with one Python float per epoch, at least 5.
#
# **Grading.** On three data sets, split in a way you have not seen, with features reordered and classes
# renumbered, the accuracy on held-out examples must reach: wine (13 features, 3 classes) 0.87, breast cancer
# (30 features, 2 classes) 0.90, handwritten digits (64 pixels, 10 classes) 0.92. With careful standardisation
# ordinary settings get there.


# %%
def train_softmax_regression(X, y, num_classes, *, seed, epochs=50, lr=0.5, batch_size=32):
    """训练一个 Softmax 分类器 / Train a softmax classifier.

    X             (N, D)   float32   原始单位的特征 features in raw units
    y             (N,)     int64     标签 labels
    num_classes   int      类别数 number of classes K
    seed          int      随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   predict 需要的一切 all that predict needs
        "history"   {"loss": list[float]}   每个 epoch 的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    mean, std = X.mean(dim=0), X.std(dim=0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    X = (X - mean) / std

    W, b = X.new_zeros(X.shape[1], num_classes), X.new_zeros(num_classes)
    history = {"loss": []}
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator).to(y.device)
        epoch = sgd_epoch(X, y, W, b, lr, batch_size, order)
        W, b = epoch["W"], epoch["b"]
        history["loss"].append(epoch["losses"].mean().item())
    return {"state": {"W": W, "b": b, "mean": mean, "std": std}, "history": history}
    # END SOLUTION


# %%
def predict(state, X):
    """给新样本打分 / Score new examples.

    state   dict    train_softmax_regression 返回的 as returned by train_softmax_regression
    X       (N, D)  float32   原始单位的特征 features in raw units

    返回 returns (N, K)   logits
    """
    # BEGIN SOLUTION
    return (X - state["mean"]) / state["std"] @ state["W"] + state["b"]
    # END SOLUTION


# %% active="ipynb"
# check_here("train_softmax_regression", "predict")

# %% [markdown] lang="zh"
# 在鸢尾花数据上看一看：训练损失应当下降，测试正确率应在 0.85 以上。

# %% [markdown] lang="en"
# A look at the iris data: the training loss should fall, and the accuracy on held-out flowers exceed 0.85.

# %% active="ipynb"
# iris = load_iris()
# X, y = torch.tensor(iris.data, dtype=torch.float32), torch.tensor(iris.target)
# shuffled = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
# fit, held_out = shuffled[:105], shuffled[105:]
#
# trained = train_softmax_regression(X[fit], y[fit], 3, seed=0)
# logits = predict(trained["state"], X[held_out])
#
# plt.plot(trained["history"]["loss"])
# plt.xlabel("epoch")
# plt.ylabel("training loss")
# plt.title(f"accuracy on held-out flowers: {1 - zero_one_loss(logits, y[held_out]).item():.3f}");

# %% [markdown] lang="zh"
# **标准化有多重要？** 花萼宽度本来以厘米为单位，改用毫米，信息一点没变，只是这一列的数大了十倍。
# 下面用你的 `softmax_regression_grad` 做批量梯度下降：学习率大一点就来回乱跳，小到不跳又走得很慢；标准化之后没有这个两难。

# %% [markdown] lang="en"
# **How much does standardisation matter?** The sepal width is in centimetres. Give it in millimetres instead: no
# information is lost, the numbers of this column are just ten times larger. Below is full-batch descent with your
# `softmax_regression_grad`: a rate that is a little too large jumps about, one that does not jump is slow, and
# standardised features know no such dilemma.

# %% active="ipynb"
# def descent_curve(X, y, lr):
#     """The training loss along 200 steps of full-batch gradient descent from zero."""
#     W, b, curve = torch.zeros(X.shape[1], 3), torch.zeros(3), []
#     for _ in range(200):
#         here = softmax_regression_grad(X, y, W, b, 0.0)
#         W, b = W - lr * here["W"], b - lr * here["b"]
#         curve.append(here["loss"].item())
#     return curve
#
#
# in_millimetres = X * torch.tensor([1.0, 10.0, 1.0, 1.0])
# standardised = (X - X.mean(dim=0)) / X.std(dim=0)
#
# for lr in (0.03, 0.003):
#     plt.semilogy(descent_curve(in_millimetres, y, lr), label=f"one column in millimetres, lr {lr}")
# plt.semilogy(descent_curve(standardised, y, 0.5), label="standardised, lr 0.5")
# plt.xlabel("step")
# plt.ylabel("training loss")
# plt.legend();

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 在标准化的鸢尾花数据（上面的 `standardised` 和 `y`，$N=150$）上，用 `sgd_epoch` 从全 0 的参数出发训练 30 个 epoch，学习率 0.1，
# 批次大小分别取 1、16 和 $N$（即批量梯度下降）。画两张图：左图是每次更新前的批次损失，横轴是**更新次数**；右图是每个 epoch 里批次损失的平均值，横轴是 **epoch**。然后回答：
#
# 1. 按更新次数和按 epoch 比较，哪种批次大小下降得快？两个答案为什么不同？
# 2. 左图中批次大小为 1 时曲线为什么起伏很大？
# 3. 我们报告的是 0-1 损失（或正确率），优化的却是交叉熵。为什么不直接对 0-1 损失做梯度下降？

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# On the standardised iris data (`standardised` and `y` above, $N=150$), train with `sgd_epoch` from zero parameters
# for 30 epochs at learning rate 0.1, with batch sizes 1, 16 and $N$ (full-batch gradient descent). Plot, on the left,
# the batch loss before each update against the number of **updates**; on the right, the mean batch loss of each epoch
# against **epochs**. Then answer:
#
# 1. Which batch size is fastest per update, and which per epoch? Why do the two answers differ?
# 2. Why does the curve for batch size 1 go up and down so much on the left?
# 3. We report the 0-1 loss (or the accuracy), but optimise the cross-entropy. Why not do gradient descent on the 0-1
#    loss itself?

# %% active="ipynb"
# # 两张图画在这里 / draw the two figures here

# %% active="ipynb" solution="hidden"
# figure, (by_update, by_epoch) = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
# for batch_size, width in ((1, 0.3), (16, 1), (150, 2)):
#     generator = torch.Generator().manual_seed(0)
#     W, b, losses, means = torch.zeros(4, 3), torch.zeros(3), [], []
#     for _ in range(30):
#         order = torch.randperm(150, generator=generator)
#         W, b, new = sgd_epoch(standardised, y, W, b, 0.1, batch_size, order).values()
#         losses += new.tolist()
#         means.append(new.mean().item())
#     by_update.plot(losses, linewidth=width, label=f"batch size {batch_size}")
#     by_epoch.plot(means, label=f"batch size {batch_size}")
# by_update.set(xlabel="updates", ylabel="batch loss", xscale="symlog")
# by_epoch.set(xlabel="epochs")
# by_epoch.legend();

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 图与比较 2 分：按更新次数各种批次大小相近（学习率相同，大批次的梯度更准）；按 epoch 小批次快得多，
# 因为一个 epoch 里更新 $\lceil N/B\rceil$ 次，而每个 epoch 看的样本一样多。起伏 1 分：单个样本的梯度方差大，每一步都偏离全体样本的梯度。
# 0-1 损失 2 分：它对参数分段为常数，梯度几乎处处为 0，在跳跃处不存在；交叉熵可微，是它的替代，并且分对之后仍推动概率提高。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Figure and comparison, 2 points: per update the batch sizes are alike (same
# learning rate, and larger batches have the more accurate gradient); per epoch small batches are far ahead, since an
# epoch makes $\lceil N/B\rceil$ updates and looks at the same number of examples. Ups and downs, 1 point: the gradient
# of one example has a large variance, each step strays from the gradient over all examples. 0-1 loss, 2 points: it is
# piecewise constant in the parameters, so its gradient is 0 almost everywhere and missing at the jumps; the
# cross-entropy is a differentiable surrogate, which keeps improving probabilities after the class is right.
