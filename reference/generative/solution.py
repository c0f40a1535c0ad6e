# %% [markdown] lang="zh"
# # 作业五：深度生成模型
#
# 前面的作业都在回答“这是什么”。生成模型回答另一个问题：“这样的数据是怎么来的，能不能再来一些？”
# 这次作业写两种思路完全不同的模型。变分自编码器（VAE）为数据写下一个概率模型，最大化对数似然的一个下界；
# 生成对抗网络（GAN）不写概率，让生成器与判别器博弈，直到判别器分不出真假。
#
# **完成之后，你能够**
#
# * 写出高斯分布之间的 KL 散度，用再参数化从分布中采样而仍能求导；
# * 从 Jensen 不等式推出证据下界（ELBO），说明重要性加权为什么能使它更紧；
# * 求出 GAN 的最优判别器，把博弈的值与 JS 散度联系起来；
# * 说清两种生成器损失的差别，以及哪个梯度应该流向哪个网络；
# * 训练一个手写数字的 VAE 和一个二维的 GAN，并诊断后验塌缩与模式坍塌。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）第 13 章；d2l（Dive into Deep Learning）英文版
# “Generative Adversarial Networks”一章（0.17 版第 17 章）；Goodfellow 等《深度学习》3.13、19.1、20.10 节。
# 论文：Kingma 与 Welling（2014，VAE）；Burda 等（2016，IWAE）；Goodfellow 等（2014，GAN）；Mescheder 等（2018，R1 惩罚）。

# %% [markdown] lang="en"
# # Assignment 5: Deep Generative Models
#
# So far we asked what something is. A generative model is asked something else: where do such data come from,
# and can we have more of them? Here you write two models that go about it in opposite ways. A variational autoencoder
# (VAE) writes down a probability model and pushes up a lower bound of its log-likelihood. A generative adversarial
# network (GAN) writes down no probability at all: a generator and a discriminator play against each other until
# real and generated data cannot be told apart.
#
# **Afterwards you can**
#
# * write the KL divergence between Gaussians, and draw samples through which gradients still flow;
# * derive the evidence lower bound (ELBO) from Jensen's inequality, and say why importance weights tighten it;
# * find the optimal discriminator of a GAN, and relate the value of the game to the JS divergence;
# * say how the two generator losses differ, and which gradient belongs to which network;
# * train a VAE on handwritten digits and a GAN in the plane, and recognise posterior collapse and mode collapse.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) chapter 13; d2l (*Dive into Deep Learning*, English
# edition), chapter "Generative Adversarial Networks" (17 in version 0.17); Goodfellow et al., *Deep Learning*, sections
# 3.13, 19.1 and 20.10. Papers: Kingma and Welling (2014, VAE); Burda et al. (2016, IWAE); Goodfellow et al. (2014, GAN);
# Mescheder et al. (2018, R1 penalty).

# %% [markdown] lang="zh"
# ## 开始之前
#
# **怎样作答。** 把每个函数里的 `raise NotImplementedError` 换成你的代码。函数名和参数顺序不要改（`*` 之后的参数按名字传），
# 辅助函数可以随意添加。题后的 `check_here(...)` 用几组公开的数自查；评分用另外的数，自查通过只说明方向对了。
#
# **分数。** 函数 86 分，代码卫生 4 分，两道思考题各 5 分。后面的题可以调用前面写的函数；
# 同一个错误只扣一次分：评分程序会代你给出那个写错的函数的正确值，再看其余部分对不对。
# 代给的值不带梯度，所以在 `gan_gradients` 和训练函数里，请把损失**直接写出来**（一两行），不要调用前面的函数。
#
# **代码卫生（4 分）** 对所有函数一起检查：
#
# 1. 结果的 dtype 和设备与输入相同；
# 2. 不修改传入的参数；
# 3. 中间结果不丢精度：`torch.zeros(n)`、`torch.randn(n)` 默认是 float32，请写明 `dtype=mu.dtype`；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态：用 `torch.Generator().manual_seed(seed)`
#    （只有训练函数可以调用 `torch.manual_seed`）。
#
# **允许与禁止。** 第 1–3 题不得使用 `torch.distributions`、`F.binary_cross_entropy…`、`nn.BCE…`、`F.kl_div`、`F.logsigmoid`
# 和它们的模块形式；`F.softplus`、`torch.logsumexp`、`torch.sigmoid`、`torch.xlogy` 可以用，自动求导也可以用（`gan_gradients` 需要它）。
# 第 4 题什么都可以用。每次调用限时 10 秒，`train_vae` 限时 60 秒，`train_gan` 限时 120 秒。
#
# **记号。** $N$ 是样本数，$D$ 是数据维数，$Z$ 是隐变量维数，$S$ 是每个样本的抽样次数，样本按行排；`()` 表示零维张量；对数都是自然对数，
# 单位是奈特（nat）。$\sigma(\cdot)$ 是 Sigmoid 函数，$\mathrm{softplus}(t)=\log(1+e^t)$。教材之间的约定不同，本次作业这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 权重矩阵 | 形状 `(输入, 输出)`，`x @ W + b`（d2l） | `(输出, 输入)`，`x @ W.T`（`nn.Linear`）；列向量 $Wx+b$（nndl） |
# | 生成器损失 | 两种都要，按名字选：`non_saturating`、`minimax` | nndl 式 13.33 与 13.34 各是其一 |

# %% [markdown] lang="en"
# ## Before you start
#
# **What to do.** Replace `raise NotImplementedError` in every function by your code. Leave names and the order of
# arguments as they are (those after `*` are passed by name); add helper functions as you like. The `check_here(...)`
# below a question tries a few public numbers. Grading uses others: passing it means that you are on the right track.
#
# **Points.** 86 for the functions, 4 for hygiene, 5 for each of two written questions. Later questions may call
# functions of earlier ones, and a mistake costs its points once: the grader stands in for the function that is
# wrong and looks whether the rest is right. Its answers carry no gradients, though. In `gan_gradients` and in the
# training functions **write the losses out** (a line or two) instead of calling earlier functions.
#
# **Hygiene (4 points)** is checked for all functions together:
#
# 1. results have the dtype and device of the inputs;
# 2. arguments are left unchanged;
# 3. no precision is lost on the way: `torch.zeros(n)` and `torch.randn(n)` are float32 by default, say `dtype=mu.dtype`;
# 4. equal arguments give equal results, and the global random state stays untouched: draw from
#    `torch.Generator().manual_seed(seed)` (only a training function may call `torch.manual_seed`).
#
# **Allowed and forbidden.** In questions 1–3 `torch.distributions`, `F.binary_cross_entropy…`, `nn.BCE…`, `F.kl_div`,
# `F.logsigmoid` and their module forms are forbidden. `F.softplus`, `torch.logsumexp`, `torch.sigmoid` and `torch.xlogy` are
# fine, and so is automatic differentiation (`gan_gradients` needs it). In question 4 everything is allowed. A call may
# take 10 seconds, `train_vae` 60 and `train_gan` 120.
#
# **Notation.** $N$ examples, $D$ data dimensions, $Z$ latent dimensions, $S$ draws for each example; examples are rows; `()`
# is a 0-dim tensor; logarithms are natural, so everything is in nats. $\sigma(\cdot)$ is the sigmoid function and
# $\mathrm{softplus}(t)=\log(1+e^t)$. Textbooks disagree on some points, and here we choose:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | weight matrix | shape `(in, out)`, `x @ W + b` (d2l) | `(out, in)`, `x @ W.T` (`nn.Linear`); $Wx+b$ with columns (nndl) |
# | generator loss | both, chosen by name: `non_saturating` and `minimax` | nndl equations 13.33 and 13.34 are one of them each |

# %%
import math
from itertools import pairwise

import torch
from torch.nn.functional import softplus

# %% active="ipynb"
# import matplotlib.pyplot as plt
# from sklearn.datasets import load_digits
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　VAE 的三个零件（28 分）
#
# ### 1.1　高斯分布的 KL 散度
#
# VAE 的编码器为每个样本给出一个高斯分布 $q=\mathcal N(\mu,\mathrm{diag}\,\sigma^2)$，希望它离先验 $p=\mathcal N(0,I)$ 不远。
# “不远”用 KL 散度衡量（Goodfellow 3.13，nndl 13.2）：$\mathrm{KL}(q\Vert p)=\mathbb E_q[\log q(z)-\log p(z)]$。两个密度都是各维相乘，
# 所以 KL 是各维相加。对一维，
#
# $$\log q(z)-\log p(z)=-\tfrac12\log\sigma^2-\frac{(z-\mu)^2}{2\sigma^2}+\frac{z^2}2$$
#
# 在 $q$ 下 $\mathbb E(z-\mu)^2=\sigma^2$，$\mathbb E z^2=\mu^2+\sigma^2$，于是（Kingma 与 Welling 2014，附录 B）
#
# $$\mathrm{KL}=\frac12\sum_{k=1}^Z\bigl(\sigma_k^2+\mu_k^2-1-\log\sigma_k^2\bigr)$$
#
# 网络输出的是 `logvar` $=\log\sigma^2$，任意实数都合法，不需要保证方差为正。每个样本返回**一个数**，对批次不求和也不平均。
#
# **例。** $\mu=(2,0)$，$\log\sigma^2=(0,\log3)$：第一维 $\frac12(1+4-1-0)=2$，第二维 $\frac12(3+0-1-\log3)\approx0.4507$，合计 $2.4507$。
#
# **想一想**：什么时候 KL 等于 0？为什么它从不为负？

# %% [markdown] lang="en"
# ## Question 1　Three parts of a VAE (28 points)
#
# ### 1.1　The KL divergence of Gaussians
#
# For every example the encoder of a VAE gives a Gaussian $q=\mathcal N(\mu,\mathrm{diag}\,\sigma^2)$, which should stay close
# to the prior $p=\mathcal N(0,I)$. Closeness is measured by $\mathrm{KL}(q\Vert p)=\mathbb E_q[\log q(z)-\log p(z)]$ (Goodfellow 3.13,
# nndl 13.2). Both densities are products over the dimensions, so the KL is a sum over them. In one dimension
#
# $$\log q(z)-\log p(z)=-\tfrac12\log\sigma^2-\frac{(z-\mu)^2}{2\sigma^2}+\frac{z^2}2$$
#
# and under $q$ we have $\mathbb E(z-\mu)^2=\sigma^2$ and $\mathbb E z^2=\mu^2+\sigma^2$. Hence (Kingma and Welling 2014,
# appendix B)
#
# $$\mathrm{KL}=\frac12\sum_{k=1}^Z\bigl(\sigma_k^2+\mu_k^2-1-\log\sigma_k^2\bigr)$$
#
# The network outputs `logvar` $=\log\sigma^2$: every real number is allowed and no variance can become negative. Return **one
# number per example**; do not sum or average over the batch.
#
# **Example.** $\mu=(2,0)$, $\log\sigma^2=(0,\log3)$: the first dimension gives $\frac12(1+4-1-0)=2$, the second
# $\frac12(3+0-1-\log3)\approx0.4507$, together $2.4507$.
#
# **Think**: when is the KL 0, and why is it never negative?


# %%
def gaussian_kl(mu, logvar):
    """KL(N(mu, diag exp(logvar)) || N(0, I))，每个样本一个数 / one number per example.

    mu       (N, Z)   float32 / float64   均值 means
    logvar   (N, Z)   同 mu as mu         方差的对数 logarithms of the variances

    返回 returns (N,)
    """
    # BEGIN SOLUTION
    return (logvar.exp() + mu**2 - 1 - logvar).sum(dim=1) / 2
    # END SOLUTION


# %% active="ipynb"
# check_here("gaussian_kl")

# %% [markdown] lang="zh"
# ### 1.2　再参数化
#
# 训练要对 $\mathbb E_{z\sim q}[f(z)]$ 求 $\mu,\sigma$ 的梯度，可是“抽一个样本”这一步不能求导。办法是把随机性移到外面
# （Kingma 与 Welling 2014；nndl 13.2.5；Goodfellow 20.9）：
#
# $$z=\mu+\sigma\odot\varepsilon,\qquad\varepsilon\sim\mathcal N(0,I),\qquad\sigma=e^{\frac12\log\sigma^2}$$
#
# $z$ 的分布没有变，而 $\varepsilon$ 与参数无关，于是 $\partial z/\partial\mu=1$，$\partial z/\partial\sigma=\varepsilon$。
#
# `reparameterize` 有两种用法。给了 `eps` 就用它，形状可以是 `(N, Z)` 或前面再多几维，结果与 `eps` 同形状。没有给 `eps`，
# 就用 `torch.Generator().manual_seed(seed)` 在 CPU 上抽一个 `(num_samples, N, Z)` 的标准正态张量，再移到 `mu` 的设备上。
#
# **例。** $\mu=3$，$\log\sigma^2=\log9$，$\varepsilon=-1$：$\sigma=3$，$z=0$。

# %% [markdown] lang="en"
# ### 1.2　Reparameterisation
#
# Training needs the gradient of $\mathbb E_{z\sim q}[f(z)]$ with respect to $\mu$ and $\sigma$, but drawing a sample has no
# derivative. The way out is to move the randomness outside (Kingma and Welling 2014; nndl 13.2.5; Goodfellow 20.9):
#
# $$z=\mu+\sigma\odot\varepsilon,\qquad\varepsilon\sim\mathcal N(0,I),\qquad\sigma=e^{\frac12\log\sigma^2}$$
#
# The law of $z$ is the same, $\varepsilon$ does not depend on any parameter, and so $\partial z/\partial\mu=1$ and
# $\partial z/\partial\sigma=\varepsilon$.
#
# `reparameterize` is used in two ways. If `eps` is given, use it; its shape is `(N, Z)`, perhaps with more axes in front, and
# the result has the shape of `eps`. Otherwise draw a standard normal tensor of shape `(num_samples, N, Z)` on the CPU from
# `torch.Generator().manual_seed(seed)` and move it to the device of `mu`.
#
# **Example.** $\mu=3$, $\log\sigma^2=\log9$, $\varepsilon=-1$: $\sigma=3$ and $z=0$.


# %%
def reparameterize(mu, logvar, *, eps=None, num_samples=None, seed=None):
    """从 N(mu, diag exp(logvar)) 采样 / Samples of N(mu, diag exp(logvar)).

    mu            (N, Z)             float32 / float64   均值 means
    logvar        (N, Z)             同 mu as mu         方差的对数 logarithms of the variances
    eps           (…, N, Z) 或 or None   同 mu as mu     给定的标准正态数 given standard normal numbers
    num_samples   int 或 or None     没有 eps 时，每个样本抽几次 draws per example, without eps
    seed          int 或 or None     没有 eps 时的种子 seed, without eps

    返回 returns eps 的形状 the shape of eps，或 or (num_samples, N, Z)
    """
    # BEGIN SOLUTION
    if eps is None:
        generator = torch.Generator().manual_seed(seed)
        shape = (num_samples, *mu.shape)
        eps = torch.randn(shape, generator=generator, dtype=mu.dtype).to(mu.device)
    return mu + torch.exp(logvar / 2) * eps
    # END SOLUTION


# %% active="ipynb"
# check_here("reparameterize")

# %% [markdown] lang="zh"
# ### 1.3　伯努利对数似然
#
# 解码器为每个二值像素给出一个 logit $l_d$，像素为 1 的概率是 $\sigma(l_d)$。一张图的对数似然（nndl 13.2，Goodfellow 6.2.2.2）
#
# $$\log p(x)=\sum_d\bigl(x_d\log\sigma(l_d)+(1-x_d)\log(1-\sigma(l_d))\bigr)$$
#
# 对像素**求和**：这是联合概率的对数，平均会让它比 KL 小 $D$ 倍。照公式直接算，$\sigma(1000)=1$，$\log(1-1)=-\infty$。
# 由 $\log\sigma(l)=l-\mathrm{softplus}(l)$，$\log(1-\sigma(l))=-\mathrm{softplus}(l)$，
#
# $$\log p(x)=\sum_d\bigl(x_dl_d-\mathrm{softplus}(l_d)\bigr)$$
#
# 没有一步会溢出，对 $x\in[0,1]$ 之间的灰度值也有意义。
#
# **例。** $l=(\log3,\ 0)$，$x=(1,0)$：$\log\frac34+\log\frac12\approx-0.981$。

# %% [markdown] lang="en"
# ### 1.3　The Bernoulli log-likelihood
#
# For every binary pixel the decoder gives a logit $l_d$; the pixel is 1 with probability $\sigma(l_d)$. An image has the
# log-likelihood (nndl 13.2, Goodfellow 6.2.2.2)
#
# $$\log p(x)=\sum_d\bigl(x_d\log\sigma(l_d)+(1-x_d)\log(1-\sigma(l_d))\bigr)$$
#
# It is a **sum** over the pixels, the logarithm of a joint probability; a mean would make it $D$ times too small
# against the KL. Computed as it stands, $\sigma(1000)=1$ and $\log(1-1)=-\infty$. With
# $\log\sigma(l)=l-\mathrm{softplus}(l)$ and $\log(1-\sigma(l))=-\mathrm{softplus}(l)$ it becomes
#
# $$\log p(x)=\sum_d\bigl(x_dl_d-\mathrm{softplus}(l_d)\bigr)$$
#
# in which nothing overflows, and which makes sense for grey values $x\in[0,1]$, too.
#
# **Example.** $l=(\log3,\ 0)$, $x=(1,0)$: $\log\frac34+\log\frac12\approx-0.981$.


# %%
def bernoulli_log_likelihood(logits, x):
    """独立伯努利像素的对数似然，每个样本一个数 / Log-likelihood of independent Bernoulli pixels.

    logits   (N, D)   float32 / float64   |logit| 到 1000 也有限 finite up to 1000
    x        (N, D)   同 logits as logits 在 [0, 1] 之间 between 0 and 1

    返回 returns (N,)   对像素求和 summed over the pixels
    """
    # BEGIN SOLUTION
    return (x * logits - softplus(logits)).sum(dim=1)
    # END SOLUTION


# %% active="ipynb"
# check_here("bernoulli_log_likelihood")

# %% [markdown] lang="zh"
# ## 第 2 题　证据下界（19 分）
#
# ### 2.1　ELBO
#
# 模型先抽 $z\sim p(z)$，再抽 $x\sim p(x\mid z)$。似然 $p(x)=\int p(z)\,p(x\mid z)\,\mathrm dz$ 积不出来。乘除任意一个分布 $q(z\mid x)$，
# 由 $\log$ 的凹性（Jensen 不等式；nndl 13.2，Goodfellow 19.1）：
#
# $$\log p(x)=\log\mathbb E_q\Bigl[\frac{p(z)\,p(x\mid z)}{q(z\mid x)}\Bigr]
#   \ \ge\ \mathbb E_q\Bigl[\log\frac{p(z)\,p(x\mid z)}{q(z\mid x)}\Bigr]
#   =\underbrace{\mathbb E_q[\log p(x\mid z)]}_{\text{重构项}}-\underbrace{\mathrm{KL}(q(z\mid x)\Vert p(z))}_{\text{KL}}$$
#
# 右边就是 ELBO。两边之差恰好是 $\mathrm{KL}(q(z\mid x)\Vert p(z\mid x))$，所以最大化它同时在改进模型和近似后验。
# $\beta$-VAE（Higgins 等，2017）给 KL 乘上系数 $\beta$；$\beta=1$ 是原来的 VAE。
#
# `vae_elbo` 用单隐层的编码器和解码器，每个样本只用一个 $\varepsilon$ 估计期望：
#
# $$h=\tanh(xW_e+b_e),\quad\mu=hW_m+b_m,\quad\log\sigma^2=hW_v+b_v,\quad z=\mu+\sigma\odot\varepsilon,\quad
#   l=\tanh(zW_d+b_d)W_x+b_x$$
#
# 返回批次**平均**的三个数：`recon` 是 $\log p(x\mid z)$，`kl` 是不乘 $\beta$ 的 KL，`elbo = recon - beta * kl`。
#
# **例。** 所有参数为 0，$D=3$：$l=0$，$\mu=\log\sigma^2=0$，`recon` $=3\log\frac12\approx-2.079$，`kl` $=0$，不论 $\beta$ 多大，`elbo` 都等于 `recon`。

# %% [markdown] lang="en"
# ## Question 2　The evidence lower bound (19 points)
#
# ### 2.1　ELBO
#
# The model draws $z\sim p(z)$ and then $x\sim p(x\mid z)$. Its likelihood $p(x)=\int p(z)\,p(x\mid z)\,\mathrm dz$ is an integral
# that we cannot do. Multiply and divide by any distribution $q(z\mid x)$ and use that $\log$ is concave (Jensen's inequality;
# nndl 13.2, Goodfellow 19.1):
#
# $$\log p(x)=\log\mathbb E_q\Bigl[\frac{p(z)\,p(x\mid z)}{q(z\mid x)}\Bigr]
#   \ \ge\ \mathbb E_q\Bigl[\log\frac{p(z)\,p(x\mid z)}{q(z\mid x)}\Bigr]
#   =\underbrace{\mathbb E_q[\log p(x\mid z)]}_{\text{reconstruction}}-\underbrace{\mathrm{KL}(q(z\mid x)\Vert p(z))}_{\text{KL}}$$
#
# The right side is the ELBO. What is lost is exactly $\mathrm{KL}(q(z\mid x)\Vert p(z\mid x))$: pushing the bound up improves
# the model and the approximate posterior at once. A $\beta$-VAE (Higgins et al., 2017) multiplies the KL by $\beta$; $\beta=1$
# is the VAE proper.
#
# `vae_elbo` has an encoder and a decoder with one hidden layer each, and estimates the expectation with one $\varepsilon$
# per example:
#
# $$h=\tanh(xW_e+b_e),\quad\mu=hW_m+b_m,\quad\log\sigma^2=hW_v+b_v,\quad z=\mu+\sigma\odot\varepsilon,\quad
#   l=\tanh(zW_d+b_d)W_x+b_x$$
#
# Return three **means** over the batch: `recon` is $\log p(x\mid z)$, `kl` the KL without $\beta$, and
# `elbo = recon - beta * kl`.
#
# **Example.** With all parameters 0 and $D=3$: $l=0$, $\mu=\log\sigma^2=0$, `recon` is $3\log\frac12\approx-2.079$, `kl` is 0, and
# `elbo` equals `recon` whatever $\beta$ is.


# %%
def vae_elbo(params, x, eps, beta):
    """单隐层 VAE 的证据下界 / ELBO of a VAE with one hidden layer on either side.

    params   dict     "We" (D, H), "be" (H,), "Wm" (H, Z), "bm" (Z,), "Wv" (H, Z), "bv" (Z,),
                      "Wd" (Z, H), "bd" (H,), "Wx" (H, D), "bx" (D,)   float32 / float64
    x        (N, D)   同上 as above   在 [0, 1] 之间 between 0 and 1
    eps      (N, Z)   同上 as above   标准正态数 standard normal numbers
    beta     float    KL 的系数 weight of the KL

    返回 returns dict   "elbo" (), "recon" (), "kl" ()   批次平均 batch means；kl 不含 without beta
    """
    # BEGIN SOLUTION
    h = torch.tanh(x @ params["We"] + params["be"])
    mu = h @ params["Wm"] + params["bm"]
    logvar = h @ params["Wv"] + params["bv"]
    z = reparameterize(mu, logvar, eps=eps)
    logits = torch.tanh(z @ params["Wd"] + params["bd"]) @ params["Wx"] + params["bx"]
    recon = bernoulli_log_likelihood(logits, x).mean()
    kl = gaussian_kl(mu, logvar).mean()
    return {"elbo": recon - beta * kl, "recon": recon, "kl": kl}
    # END SOLUTION


# %% active="ipynb"
# check_here("vae_elbo")

# %% [markdown] lang="zh"
# ### 2.2　重要性加权的下界
#
# 每个样本抽 $S$ 个 $z_s\sim q(z\mid x)$，权重 $w_s=p(x,z_s)/q(z_s\mid x)$ 的平均是 $p(x)$ 的无偏估计。先平均、再取对数（Burda 等，2016）：
#
# $$\mathcal L_S=\mathbb E\Bigl[\log\frac1S\sum_{s=1}^Sw_s\Bigr]\le\log p(x)$$
#
# $S=1$ 就是 ELBO；$S$ 越大，平均值的波动越小，Jensen 不等式损失的越少，$\mathcal L_1\le\mathcal L_2\le\dots\le\log p(x)$。
#
# 实际的 $\log p(x,z_s)$ 可以是 $-2000$，$e^{-2000}$ 在计算机里是 0，所以要用 `logsumexp`：
#
# $$\log\frac1S\sum_se^{a_s}=m+\log\sum_se^{a_s-m}-\log S,\qquad m=\max_sa_s$$
#
# **例。** $a=(0,\log2,\log3)$：$\log\frac{1+2+3}3=\log2\approx0.693$，而对数的平均是 $\frac13\log6\approx0.597$，确实更小。

# %% [markdown] lang="en"
# ### 2.2　The importance-weighted bound
#
# Draw $S$ samples $z_s\sim q(z\mid x)$ for every example. The mean of the weights $w_s=p(x,z_s)/q(z_s\mid x)$ is an unbiased
# estimate of $p(x)$. Take the mean first and the logarithm afterwards (Burda et al., 2016):
#
# $$\mathcal L_S=\mathbb E\Bigl[\log\frac1S\sum_{s=1}^Sw_s\Bigr]\le\log p(x)$$
#
# For $S=1$ this is the ELBO. The larger $S$, the less the mean fluctuates and the less Jensen's inequality loses:
# $\mathcal L_1\le\mathcal L_2\le\dots\le\log p(x)$.
#
# In practice $\log p(x,z_s)$ may be $-2000$, and $e^{-2000}$ is 0 in a computer. So use `logsumexp`:
#
# $$\log\frac1S\sum_se^{a_s}=m+\log\sum_se^{a_s-m}-\log S,\qquad m=\max_sa_s$$
#
# **Example.** $a=(0,\log2,\log3)$: $\log\frac{1+2+3}3=\log2\approx0.693$, while the mean of the logarithms is smaller indeed,
# $\frac13\log6\approx0.597$.


# %%
def iwae_bound(log_joint, log_q):
    """重要性加权的下界，每个样本一个数 / Importance-weighted bound, one number per example.

    log_joint   (S, N)   float32 / float64             log p(x, z_s)
    log_q       (S, N)   同 log_joint as log_joint     log q(z_s | x)

    返回 returns (N,)   log mean_s exp(log_joint - log_q)
    """
    # BEGIN SOLUTION
    return torch.logsumexp(log_joint - log_q, dim=0) - math.log(len(log_joint))
    # END SOLUTION


# %% active="ipynb"
# check_here("iwae_bound")

# %% [markdown] lang="zh"
# ## 第 3 题　生成对抗的博弈（24 分）
#
# ### 3.1　两个损失
#
# 判别器 $D$ 给出样本为真的概率，网络输出的是它的 logit $l$，$D=\sigma(l)$。$D$ 做的是二分类，真为 1，假为 0（nndl 13.3.2；Goodfellow 等 2014）：
#
# $$L_D=-\mathbb E_x\log D(x)-\mathbb E_z\log\bigl(1-D(G(z))\bigr)
#   =\overline{\mathrm{softplus}(-l_{\text{真}})}+\overline{\mathrm{softplus}(l_{\text{假}})}$$
#
# 横线表示平均，真样本与假样本**各自**平均再相加，个数可以不同。生成器的损失有两种，都是越小越好（nndl 式 13.33、13.34）：
#
# * `minimax`：$L_G=\mathbb E\log(1-D(G(z)))$，直接与 $D$ 作对；
# * `non_saturating`：$L_G=-\mathbb E\log D(G(z))$。
#
# 对 logit 的导数分别是 $-\sigma(l)$ 和 $-(1-\sigma(l))$。训练之初 $D$ 很容易认出假样本，$l\ll0$，前者几乎没有梯度（饱和），后者接近 $-1$。
# 和 1.3 一样，请用 softplus 写，logit 再大也不溢出。
#
# **例。** $l_{\text{真}}=\log3$，$l_{\text{假}}=-\log3$：$L_D=\log\frac43+\log\frac43\approx0.575$；
# `non_saturating` 是 $-\log\frac14\approx1.386$，`minimax` 是 $\log\frac34\approx-0.288$。

# %% [markdown] lang="en"
# ## Question 3　The adversarial game (24 points)
#
# ### 3.1　Two losses
#
# The discriminator $D$ gives the probability that an example is real; its network outputs the logit $l$, $D=\sigma(l)$. What it does
# is classification, real 1 and fake 0 (nndl 13.3.2; Goodfellow et al. 2014):
#
# $$L_D=-\mathbb E_x\log D(x)-\mathbb E_z\log\bigl(1-D(G(z))\bigr)
#   =\overline{\mathrm{softplus}(-l_{\text{real}})}+\overline{\mathrm{softplus}(l_{\text{fake}})}$$
#
# The bars are means: one over the real and one over the fake examples, of which there may be different numbers, and then the
# sum of the two. There are two losses for the generator, both to be minimised (nndl 13.33, 13.34):
#
# * `minimax`: $L_G=\mathbb E\log(1-D(G(z)))$, just the opposite of $D$;
# * `non_saturating`: $L_G=-\mathbb E\log D(G(z))$.
#
# Their derivatives with respect to the logit are $-\sigma(l)$ and $-(1-\sigma(l))$. In the beginning $D$ recognises fakes easily and
# $l\ll0$: the former has hardly any gradient (it saturates), the latter one near $-1$. As in 1.3, write them with softplus,
# which overflows for no logit.
#
# **Example.** $l_{\text{real}}=\log3$, $l_{\text{fake}}=-\log3$: $L_D=\log\frac43+\log\frac43\approx0.575$;
# `non_saturating` gives $-\log\frac14\approx1.386$, `minimax` $\log\frac34\approx-0.288$.


# %%
def gan_losses(d_real, d_fake, mode):
    """判别器和生成器的损失，都要最小化 / Losses of discriminator and generator, both to be minimised.

    d_real   (n,)   float32 / float64       真样本的 logits of real examples
    d_fake   (m,)   同 d_real as d_real     假样本的 logits of fake examples
    mode     "non_saturating": -E log D(G(z))   "minimax": E log(1 - D(G(z)))

    返回 returns dict   "d_loss" (), "g_loss" ()
    """
    # BEGIN SOLUTION
    d_loss = softplus(-d_real).mean() + softplus(d_fake).mean()
    if mode == "non_saturating":
        return {"d_loss": d_loss, "g_loss": softplus(-d_fake).mean()}
    if mode == "minimax":
        return {"d_loss": d_loss, "g_loss": -softplus(d_fake).mean()}
    raise ValueError(mode)
    # END SOLUTION


# %% active="ipynb"
# check_here("gan_losses")

# %% active="ipynb"
# # 横轴是假样本的 logit，越靠左判别器越有把握 / the further left, the surer the discriminator
# logit = torch.linspace(-8, 8, 201, dtype=torch.float64)
# figure, panels = plt.subplots(1, 2, figsize=(11, 3.2))
# for mode in ("minimax", "non_saturating"):
#     loss = torch.stack([torch.as_tensor(gan_losses(logit[:1], l.reshape(1), mode)["g_loss"]) for l in logit])
#     panels[0].plot(logit, loss, label=mode)
#     panels[1].plot(logit, torch.gradient(loss, spacing=(logit,))[0], label=mode)
# panels[0].set(xlabel="logit of the fakes", title="generator loss")
# panels[1].set(xlabel="logit of the fakes", title="its derivative")
# panels[0].legend();

# %% [markdown] lang="zh"
# ### 3.2　博弈的最优值
#
# 设数据只取 $n$ 个值，真实概率 $p_i$，模型概率 $q_i$。固定模型，判别器要最大化
# $V(D)=\sum_i\bigl(p_i\log D_i+q_i\log(1-D_i)\bigr)$。每个 $D_i$ 可以单独选，令导数 $\frac{p_i}{D_i}-\frac{q_i}{1-D_i}=0$
# （nndl 13.3.5，Goodfellow 等 2014）：
#
# $$D_i^*=\frac{p_i}{p_i+q_i}$$
#
# 记 $m=\frac12(p+q)$。把 $D^*$ 代回去，$\log\frac{p_i}{p_i+q_i}=\log\frac{p_i}{m_i}-\log2$，
#
# $$V(D^*)=\mathrm{KL}(p\Vert m)+\mathrm{KL}(q\Vert m)-2\log2=2\,\mathrm{JS}(p,q)-2\log2,\qquad
#   \mathrm{JS}=\tfrac12\mathrm{KL}(p\Vert m)+\tfrac12\mathrm{KL}(q\Vert m)$$
#
# 所以在最优判别器面前，生成器最小化的是 JS 散度，它在 $0$ 与 $\log2$ 之间。**约定**：概率为 0 的项 $0\cdot\log0=0$（`torch.xlogy` 正是这样算的）；
# $p_i=q_i=0$ 处 $D_i^*$ 取 $0.5$。
#
# **例。** $p=(\frac12,\frac12,0)$，$q=(0,\frac12,\frac12)$：$D^*=(1,\frac12,0)$，$V=\frac12\log\frac12+\frac12\log\frac12=-\log2$，$\mathrm{JS}=\frac12\log2$。

# %% [markdown] lang="en"
# ### 3.2　The value of the game
#
# Let data take $n$ values only, with probabilities $p_i$ in reality and $q_i$ in the model. For a fixed model the discriminator
# maximises $V(D)=\sum_i\bigl(p_i\log D_i+q_i\log(1-D_i)\bigr)$. Every $D_i$ may be chosen on its own, and the derivative
# $\frac{p_i}{D_i}-\frac{q_i}{1-D_i}$ is 0 (nndl 13.3.5, Goodfellow et al. 2014) at
#
# $$D_i^*=\frac{p_i}{p_i+q_i}$$
#
# Let $m=\frac12(p+q)$ and put $D^*$ back in, with $\log\frac{p_i}{p_i+q_i}=\log\frac{p_i}{m_i}-\log2$:
#
# $$V(D^*)=\mathrm{KL}(p\Vert m)+\mathrm{KL}(q\Vert m)-2\log2=2\,\mathrm{JS}(p,q)-2\log2,\qquad
#   \mathrm{JS}=\tfrac12\mathrm{KL}(p\Vert m)+\tfrac12\mathrm{KL}(q\Vert m)$$
#
# Facing the best discriminator, the generator minimises the JS divergence, a number between $0$ and $\log2$. **Conventions**:
# terms of probability 0 count $0\cdot\log0=0$ (which is what `torch.xlogy` computes), and $D_i^*=0.5$ where $p_i=q_i=0$.
#
# **Example.** $p=(\frac12,\frac12,0)$, $q=(0,\frac12,\frac12)$: $D^*=(1,\frac12,0)$,
# $V=\frac12\log\frac12+\frac12\log\frac12=-\log2$, $\mathrm{JS}=\frac12\log2$.


# %%
def gan_game(p, q):
    """离散分布上的 GAN 博弈 / The GAN game between discrete distributions.

    p   (n,)   float32 / float64   数据的概率，可以有 0 probabilities of the data, zeros allowed
    q   (n,)   同 p as p           模型的概率，可以有 0 probabilities of the model, zeros allowed

    返回 returns dict   "d_star" (n,)   最优判别器 best discriminator
                        "value" ()      E_p log d_star + E_q log(1 - d_star)
                        "js" ()         JS 散度 Jensen-Shannon divergence
    """
    # BEGIN SOLUTION
    total = p + q
    safe = torch.where(total > 0, total, 1.0)
    real, fake = p / safe, q / safe
    return {
        "d_star": torch.where(total > 0, real, 0.5),
        "value": (torch.xlogy(p, real) + torch.xlogy(q, fake)).sum(),
        "js": (torch.xlogy(p, 2 * real) + torch.xlogy(q, 2 * fake)).sum() / 2,
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("gan_game")

# %% [markdown] lang="zh"
# 两个钟形分布逐渐远离，JS 散度怎样变化？一旦几乎不重叠，它就停在 $\log2$：离得再远也一样，梯度自然消失。
# 这正是后面要给真样本加噪声、加惩罚，或换一种距离（Wasserstein，nndl 13.3.6）的原因。

# %% [markdown] lang="en"
# Two bells move apart. Once they hardly overlap, the JS divergence stays at $\log2$ however far away they are, and its
# gradient vanishes. This is why people add noise or penalties, or use another distance (Wasserstein, nndl 13.3.6).

# %% active="ipynb"
# ticks = torch.linspace(-10, 10, 401, dtype=torch.float64)
# bell = lambda centre: torch.softmax(-((ticks - centre) ** 2) / 2, dim=0)
# shifts = torch.linspace(0, 8, 41, dtype=torch.float64)
# figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2))
# for shift in (0.5, 2.0, 5.0):
#     left.plot(ticks, gan_game(bell(0), bell(shift))["d_star"], label=f"shift {shift:g}")
# left.set(xlabel="x", title="best discriminator")
# left.legend()
# right.plot(shifts, [float(gan_game(bell(0), bell(s))["js"]) for s in shifts])
# right.axhline(math.log(2), color="gray", linestyle=":")
# right.set(xlabel="shift", title="JS divergence");

# %% [markdown] lang="zh"
# ### 3.3　谁的梯度给谁
#
# 两个网络都是 $f(x)=\tanh(xW_1+b_1)W_2+b_2$，下面的 `two_layers` 已经写好；$D$ 输出一个 logit。用不饱和的损失，
#
# $$L_D=\overline{\mathrm{softplus}(-D(x))}+\overline{\mathrm{softplus}(D(G(z)))},\qquad L_G=\overline{\mathrm{softplus}(-D(G(z)))}$$
#
# 需要的只有两组梯度：$\partial L_D/\partial\theta_D$ 和 $\partial L_G/\partial\theta_G$。可是 $L_D$ 通过假样本也依赖 $\theta_G$，$L_G$ 通过判别器也依赖 $\theta_D$；
# 若对两个损失接连调用 `backward()`，多余的两组就会**累加**进 `.grad`。办法有两个：
#
# * `torch.autograd.grad(loss, parameters)` 只算指定的那些，什么也不累加；
# * 或者在 $L_D$ 里用 `fake.detach()` 切断通往 $G$ 的路，并在下一步之前清零。
#
# 不要在传入的张量上打开 `requires_grad`：先 `detach().clone()`。损失请直接用 `softplus` 写出来（原因见“开始之前”）。
#
# **例。** 所有参数为 0：logits 都是 0，$L_D=2\log2$，$L_G=\log2$；$\partial L_D/\partial b_2=-\frac12+\frac12=0$，而 $\partial L_G/\partial b_2^{(D)}=-\frac12$
# 是**多余**的那组，不应出现在结果里。

# %% [markdown] lang="en"
# ### 3.3　Whose gradient for whom
#
# Both networks are $f(x)=\tanh(xW_1+b_1)W_2+b_2$, which `two_layers` below computes; $D$ outputs one logit. With the
# non-saturating losses
#
# $$L_D=\overline{\mathrm{softplus}(-D(x))}+\overline{\mathrm{softplus}(D(G(z)))},\qquad L_G=\overline{\mathrm{softplus}(-D(G(z)))}$$
#
# two gradients are needed, $\partial L_D/\partial\theta_D$ and $\partial L_G/\partial\theta_G$. But $L_D$ depends on $\theta_G$, too, through
# the fakes, and $L_G$ on $\theta_D$ through the discriminator. Call `backward()` on both losses, and the other two
# gradients are **added** to `.grad`. There are two remedies:
#
# * `torch.autograd.grad(loss, parameters)` computes what you name and accumulates nothing;
# * or cut the way to $G$ with `fake.detach()` in $L_D$, and clear gradients before the next step.
#
# Do not switch on `requires_grad` for the tensors you were given: `detach().clone()` first. Write the losses out with `softplus`
# (see "Before you start" for the reason).
#
# **Example.** With all parameters 0 the logits are 0, $L_D=2\log2$ and $L_G=\log2$; $\partial L_D/\partial b_2=-\frac12+\frac12=0$,
# while $\partial L_G/\partial b_2^{(D)}=-\frac12$ is a gradient **not wanted**, which must not show up in the result.


# %%
def two_layers(params, x):
    """tanh(x W1 + b1) W2 + b2."""
    return torch.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]


# %%
def gan_gradients(g_params, d_params, x_real, z):
    """不饱和损失对各自网络的梯度 / Gradients of the non-saturating losses for the network they train.

    g_params   dict     "W1" (Z, H), "b1" (H,), "W2" (H, D), "b2" (D,)   float32 / float64
    d_params   dict     "W1" (D, H), "b1" (H,), "W2" (H, 1), "b2" (1,)   同上 as above
    x_real     (n, D)   同上 as above   真样本 real examples
    z          (m, Z)   同上 as above   生成器的输入 inputs of the generator

    返回 returns dict   "d_loss" (), "g_loss" ()
                        "d_grads" dict   d_loss 对 d_params 的梯度 of d_loss with respect to d_params
                        "g_grads" dict   g_loss 对 g_params 的梯度 of g_loss with respect to g_params
    """
    # BEGIN SOLUTION
    g = {key: value.detach().clone().requires_grad_() for key, value in g_params.items()}
    d = {key: value.detach().clone().requires_grad_() for key, value in d_params.items()}
    fake = two_layers(g, z)
    d_loss = softplus(-two_layers(d, x_real)).mean()
    d_loss = d_loss + softplus(two_layers(d, fake.detach())).mean()
    g_loss = softplus(-two_layers(d, fake)).mean()
    d_grads = torch.autograd.grad(d_loss, list(d.values()))
    g_grads = torch.autograd.grad(g_loss, list(g.values()))
    return {
        "d_loss": d_loss.detach(),
        "g_loss": g_loss.detach(),
        "d_grads": dict(zip(d, d_grads, strict=True)),
        "g_grads": dict(zip(g, g_grads, strict=True)),
    }
    # END SOLUTION


# %% active="ipynb"
# check_here("gan_gradients")

# %% [markdown] lang="zh"
# ## 第 4 题　训练（15 分）
#
# ### 4.1　手写数字的 VAE
#
# 数据是 8×8 的手写数字，灰度超过一半的像素记 1，其余记 0：`(N, 64)` 的 float32 张量。写三个函数：
#
# * `train_vae(x, latent_dim, *, seed)` 返回 `{"state": ..., "history": ...}`：`state` 是字典，值可以是张量、数、字符串或列表，存放后两个函数需要的一切
#   （用了 `nn.Module` 就返回它的 `state_dict()` 和重建所需的尺寸）；`history` 是 `{"loss": [...]}`，每个 epoch 一个 Python 浮点数，至少 5 个。
#   相同的 `seed` 必须得到同样的模型。
# * `vae_encode(state, x)` 返回 `{"mu": (N, Z), "logvar": (N, Z)}`。
# * `vae_decode(state, z)` 返回 `(N, 64)` 的 logits（不是概率）。
#
# **一种可靠的做法**（不必照做，达到要求即可）：2.1 的网络，隐藏层 128；Adam，学习率从 0.002 按余弦降到 0；批次 64，100 个 epoch；
# 每个批次重新抽 $\varepsilon$，最小化 $-\mathrm{ELBO}$。重构项对像素**求和**，KL 对隐变量各维求和，两者的比例错了，模型就会塌缩或不成为 VAE。
# 思考题一要换 $\beta$、画曲线，所以请像下面那样留一个 `beta=1.0`，并在 `history` 里另记 `recon` 和 `kl`。
#
# **评分。** 用没见过的数字，像素顺序已打乱，`latent_dim` 为 8。评分程序自己抽 $\varepsilon$，从 `vae_encode` 和 `vae_decode` 算出 ELBO，
# 与“每个像素独立、只知道出现频率”的模型的对数似然比较：好出 3.5 奈特得满分，1.5 得部分分。参考实现大约好出 6。

# %% [markdown] lang="en"
# ## Question 4　Training (15 points)
#
# ### 4.1　A VAE of handwritten digits
#
# The data are handwritten digits of 8×8 pixels, 1 where the grey value exceeds one half and 0 elsewhere: a float32 tensor
# `(N, 64)`. Write three functions:
#
# * `train_vae(x, latent_dim, *, seed)` returns `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers,
#   strings or lists with everything that the other two need (of an `nn.Module`: its `state_dict()` and the sizes to rebuild
#   it); the `history` is `{"loss": [...]}` with one Python float per epoch, at least 5. Equal seeds must give equal models.
# * `vae_encode(state, x)` returns `{"mu": (N, Z), "logvar": (N, Z)}`.
# * `vae_decode(state, z)` returns logits `(N, 64)`, not probabilities.
#
# **One reliable recipe** (any other that is good enough will do): the network of 2.1 with 128 hidden units; Adam, with a
# learning rate that falls from 0.002 to 0 like a cosine; batches of 64, 100 epochs; fresh $\varepsilon$ for every batch, and minimise
# $-\mathrm{ELBO}$. The reconstruction is **summed** over the pixels and the KL over the latent dimensions: get their ratio wrong, and the
# model collapses or is no VAE at all. Written question 1 varies $\beta$ and plots curves, so let there be a `beta=1.0` as below, and
# keep `recon` and `kl` in the `history`, too.
#
# **Grading.** On digits that you have not seen, with reordered pixels and `latent_dim` 8. The grader draws $\varepsilon$ itself,
# computes the ELBO from `vae_encode` and `vae_decode`, and compares it with the log-likelihood of a model in which pixels are
# independent and only their frequencies known: 3.5 nats better earns all points, 1.5 some. Ours is better by about 6.


# %%
def train_vae(x, latent_dim, *, seed, beta=1.0, hidden=128, epochs=100, lr=2e-3, batch_size=64):
    """训练一个 VAE / Train a VAE.

    x            (N, 64)   float32   二值像素 binary pixels
    latent_dim   int       隐变量维数 latent dimensions Z
    seed         int       随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   编码和解码需要的一切 all that encoding and decoding need
        "history"   {"loss": list[float]}   每个 epoch 的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    pixels = x.shape[1]
    layers = {
        "e": (pixels, hidden),
        "m": (hidden, latent_dim),
        "v": (hidden, latent_dim),
        "d": (latent_dim, hidden),
        "x": (hidden, pixels),
    }
    params = {}
    for name, (n_in, n_out) in layers.items():
        W = torch.randn(n_in, n_out, generator=generator) / math.sqrt(n_in)
        params[f"W{name}"] = W.to(x).requires_grad_()
        params[f"b{name}"] = x.new_zeros(n_out).requires_grad_()

    optimizer = torch.optim.Adam(params.values(), lr, fused=True)
    steps = epochs * math.ceil(len(x) / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    history = {"loss": [], "recon": [], "kl": []}
    for _ in range(epochs):
        sums = x.new_zeros(3)
        for rows in torch.randperm(len(x), generator=generator).to(x.device).split(batch_size):
            batch = x[rows]
            posterior = vae_encode(params, batch)
            mu, logvar = posterior["mu"], posterior["logvar"]
            eps = torch.randn(mu.shape, generator=generator).to(x)
            logits = vae_decode(params, mu + torch.exp(logvar / 2) * eps)
            recon = (batch * logits - softplus(logits)).sum(dim=1).mean()
            kl = (logvar.exp() + mu**2 - 1 - logvar).sum(dim=1).mean() / 2
            loss = beta * kl - recon
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            sums += torch.stack([loss, recon, kl]).detach() * len(rows)
        for key, value in zip(history, (sums / len(x)).tolist(), strict=True):
            history[key].append(value)
    state = {key: value.detach() for key, value in params.items()}
    return {"state": state, "history": history}
    # END SOLUTION


# %%
def vae_encode(state, x):
    """近似后验的参数 / Parameters of the approximate posterior.

    state   dict      train_vae 返回的 as returned by train_vae
    x       (N, 64)   float32   二值像素 binary pixels

    返回 returns dict   "mu" (N, Z), "logvar" (N, Z)
    """
    # BEGIN SOLUTION
    h = torch.tanh(x @ state["We"] + state["be"])
    return {"mu": h @ state["Wm"] + state["bm"], "logvar": h @ state["Wv"] + state["bv"]}
    # END SOLUTION


# %%
def vae_decode(state, z):
    """每个像素的 logit / The logit of every pixel.

    state   dict     train_vae 返回的 as returned by train_vae
    z       (N, Z)   float32   隐变量 latent variables

    返回 returns (N, 64)   logits
    """
    # BEGIN SOLUTION
    return torch.tanh(z @ state["Wd"] + state["bd"]) @ state["Wx"] + state["bx"]
    # END SOLUTION


# %% active="ipynb"
# check_here("train_vae", "vae_encode", "vae_decode")

# %% [markdown] lang="zh"
# 看一看：训练曲线；第一行是没见过的数字，第二行是它们的重构，第三行从先验抽样、凭空生成。

# %% [markdown] lang="en"
# Have a look: the training curves; then digits that were held out in the first row, their reconstructions in the second, and
# in the third digits that never existed, decoded from draws of the prior.

# %% active="ipynb"
# digits = load_digits()
# order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
# x = (torch.tensor(digits.data) >= 8).float()[order]
# label = torch.tensor(digits.target)[order]
# x_fit, x_held_out, label_held_out = x[:1258], x[1258:], label[1258:]
#
# trained = train_vae(x_fit, 8, seed=0)
# history, vae = trained["history"], trained["state"]
# for key, values in history.items():
#     plt.plot(values, label=key)
# plt.xlabel("epoch")
# plt.ylabel("nats")
# plt.legend()
#
# posterior = vae_encode(vae, x_held_out[:12])
# prior = torch.randn(12, 8, generator=torch.Generator().manual_seed(1))
# rows = x_held_out[:12], vae_decode(vae, posterior["mu"]).sigmoid(), vae_decode(vae, prior).sigmoid()
# figure, panels = plt.subplots(3, 12, figsize=(12, 3.2))
# for row, pictures in zip(panels, rows):
#     for panel, picture in zip(row, pictures):
#         panel.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
#         panel.axis("off")

# %% [markdown] lang="zh"
# 下界有多紧？用训练好的模型和 2.2 的 `iwae_bound`，看 $\mathcal L_S$ 怎样随 $S$ 上升；$S=1$ 处就是 ELBO。

# %% [markdown] lang="en"
# How tight is the bound? The trained model and `iwae_bound` show how $\mathcal L_S$ rises with $S$; at $S=1$ it is the ELBO.

# %% active="ipynb"
# posterior = vae_encode(vae, x_held_out)
# mu, logvar = posterior["mu"], posterior["logvar"]
# z = reparameterize(mu, logvar, num_samples=64, seed=0)
# log_prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=2)
# log_q = -0.5 * ((z - mu) ** 2 / logvar.exp() + logvar + math.log(2 * math.pi)).sum(dim=2)
# log_x = torch.stack([bernoulli_log_likelihood(vae_decode(vae, draw), x_held_out) for draw in z])
# sizes = [1, 2, 4, 8, 16, 32, 64]
# plt.semilogx(sizes, [iwae_bound((log_prior + log_x)[:s], log_q[:s]).mean() for s in sizes], "o-", base=2)
# plt.xlabel("draws S")
# plt.ylabel("bound (nats)");

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 1. 用 `latent_dim=2` 训练一个 VAE。左图：把 `x_held_out` 的 `mu` 画成散点，颜色表示数字；右图：在 $[-2.5,2.5]^2$ 上取 10×10 个格点，
#    把解码得到的图排成一张大图。相邻的格点之间，图是怎样过渡的？哪些数字混在一起？
# 2. 用 `latent_dim=8`，$\beta\in\{0.1,\ 1,\ 5\}$ 各训练一次（$\beta=1$ 上面已有），画出 ELBO（$\text{recon}-\text{kl}$，不乘 $\beta$）、重构项和 KL 随 epoch 的曲线。
#    三种 $\beta$ 各偏向什么？
# 3. $\beta=5$ 时发生的事叫后验塌缩。从曲线上怎样认出它？这时解码器的输出是什么？为什么对损失而言这是合理的选择？

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# 1. Train a VAE with `latent_dim=2`. Left figure: scatter the `mu` of `x_held_out`, coloured by digit. Right figure: decode a
#    grid of 10×10 points on $[-2.5,2.5]^2$ and arrange the images to one large picture. How do images change between
#    neighbours? Which digits are mixed up?
# 2. Train with `latent_dim=8` and $\beta\in\{0.1,\ 1,\ 5\}$ ($\beta=1$ is above), and plot ELBO ($\text{recon}-\text{kl}$, without $\beta$), reconstruction and KL
#    against the epoch. What does each $\beta$ favour?
# 3. What happens at $\beta=5$ is called posterior collapse. How do the curves show it? What does the decoder put out then? Why
#    is this a reasonable choice as far as the loss is concerned?

# %% active="ipynb"
# # 图画在这里 / draw the figures here

# %% active="ipynb" solution="hidden"
# flat = train_vae(x_fit, 2, seed=0)["state"]
# figure, (latent, grid) = plt.subplots(1, 2, figsize=(12, 5))
# place = vae_encode(flat, x_held_out)["mu"]
# points = latent.scatter(place[:, 0], place[:, 1], c=label_held_out, cmap="tab10", s=12)
# figure.colorbar(points, ax=latent)
# ticks = torch.linspace(-2.5, 2.5, 10)
# nodes = torch.stack(torch.meshgrid(ticks, ticks.flip(0), indexing="xy"), dim=-1).reshape(-1, 2)
# pictures = vae_decode(flat, nodes).sigmoid().reshape(10, 10, 8, 8)
# grid.imshow(pictures.permute(0, 2, 1, 3).reshape(80, 80), cmap="gray_r")
# grid.axis("off")
#
# figure, panels = plt.subplots(1, 3, figsize=(14, 3.5))
# for beta in (0.1, 1.0, 5.0):
#     curves = history if beta == 1 else train_vae(x_fit, 8, seed=0, beta=beta)["history"]
#     recon, kl = torch.tensor(curves["recon"]), torch.tensor(curves["kl"])
#     for panel, values in zip(panels, (recon - kl, recon, kl)):
#         panel.plot(values, label=f"beta = {beta:g}")
# for panel, title in zip(panels, ("ELBO", "reconstruction", "KL")):
#     panel.set(title=title, xlabel="epoch")
# panels[0].set_ylim(-60, -15)
# panels[0].legend();

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 两张图 1.5 分：同一数字聚成片，相邻格点的图平滑过渡；形状相近的数字（如 1、8、9、3、5）互相重叠，二维放不下全部差别。
# 曲线 1.5 分：$\beta=0.1$ 重构最好而 KL 很大，ELBO 反而不如 $\beta=1$；$\beta=1$ 直接最大化 ELBO，所以它最高；$\beta=5$ 的 KL 很快降到接近 0，重构停在 $-25$ 左右。
# 塌缩 2 分：KL→0 意味着 $q(z\mid x)$ 与 $x$ 无关，等于先验；解码器忽略 $z$，对任何输入都给出各像素的平均频率；
# 用一维隐变量传递信息带来的重构收益小于 $\beta$ 倍的 KL 代价时，不传信息就是损失的（局部）最优。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** The two figures, 1.5 points: equal digits form regions and neighbours on the grid change
# smoothly; digits of similar shape (such as 1, 8, 9, 3, 5) overlap, two dimensions do not hold all differences. Curves, 1.5
# points: $\beta=0.1$ reconstructs best, but its KL is so large that the ELBO is worse than that of $\beta=1$, which maximises the ELBO itself and
# is highest; at $\beta=5$ the KL soon falls to nearly 0, and the reconstruction stays near $-25$. Collapse, 2 points: KL→0 means that
# $q(z\mid x)$ does not depend on $x$ and equals the prior; the decoder ignores $z$ and gives the mean frequency of every pixel for any
# input; where what a latent dimension tells improves the reconstruction by less than $\beta$ times its KL, telling nothing is a
# (local) optimum of the loss.

# %% [markdown] lang="zh"
# ### 4.2　平面上的 GAN
#
# 数据是平面上的 2000 个点：8 个小高斯团排成一个环（标准差是环半径的 0.1 倍），环的方向、大小和中心都未知。写两个函数：
#
# * `train_gan(x, *, seed)` 返回 `{"state": ..., "history": ...}`，`history` 里有 `d_loss` 和 `g_loss` 两个列表，隔一段时间记一次，至少 5 个数；
# * `gan_sample(state, n, seed)` 返回 `(n, 2)` 的样本，**单位与 x 相同**（训练前做了标准化，就要变换回去）。同一个 `seed` 得到同样的点，
#   不同的 `seed` 得到不同的点：噪声来自 `torch.Generator().manual_seed(seed)`（重建 `nn.Module` 时初始权重会动全局随机数，这里不扣分）。
#
# 朴素的训练不可靠：两个网络绕着均衡点转圈，生成器常常只剩几个团（模式坍塌）。实测有 20–33% 的种子失败，用下面的做法 60 个种子都没有失败：
#
# 1. 数据标准化；生成器 2-64-64-2，判别器 2-64-64-1，激活函数 LeakyReLU(0.2)；
# 2. 不饱和损失；Adam，`betas=(0.5, 0.99)`，学习率生成器 0.001、判别器 0.002；批次 128，2000 步，每步先 D 后 G；
# 3. **R1 惩罚**（Mescheder 等，2018）：判别器的损失再加 $\frac{\gamma}2\,\overline{\lVert\nabla_xD(x)\rVert^2}$，只在真样本处，$\gamma=0.1$，
#    它使 $D$ 在数据附近平缓，博弈因此收敛。$\nabla_xD$ 用 `torch.autograd.grad(..., create_graph=True)`；
# 4. **权重平均**：另存一份生成器权重 $\bar\theta\leftarrow0.99\,\bar\theta+0.01\,\theta$，采样时用 $\bar\theta$。
#
# 思考题二要比较不同的训练时间以及有无平均，所以请像下面那样留下 `steps=2000` 和 `average=0.99`（0 表示不平均）。
#
# **评分。** 在另一个环上训练两次（不同种子，取较好的一次），用 2000 个样本与没见过的 2000 个真样本算能量距离
# $2\,\mathbb E\lVert X-Y\rVert-\mathbb E\lVert X-X'\rVert-\mathbb E\lVert Y-Y'\rVert$，再除以两个真样本的平均距离：不超过 0.02 得满分，0.10 得一半。
# 作为参照：所有点都在中心约 0.56，一个均值和协方差都对的高斯约 0.028，参考实现约 0.001。

# %% [markdown] lang="en"
# ### 4.2　A GAN in the plane
#
# The data are 2000 points in the plane: 8 small Gaussians on a ring (their standard deviation is 0.1 of its radius), turned, sized and
# placed in a way you do not know. Write two functions:
#
# * `train_gan(x, *, seed)` returns `{"state": ..., "history": ...}`; the `history` has two lists, `d_loss` and `g_loss`, of at
#   least 5 numbers each, one every so many steps;
# * `gan_sample(state, n, seed)` returns samples `(n, 2)` **in the units of x**: if you standardise, transform back. Equal seeds give
#   equal points and different ones different points: draw the noise from `torch.Generator().manual_seed(seed)`. (Rebuilding an
#   `nn.Module` draws initial weights from the global generator; that is all right here.)
#
# Plain training is unreliable: the two networks circle around the equilibrium, and often the generator is left with a few of the
# Gaussians (mode collapse). In our measurements 20–33 % of the seeds failed, and none of 60 with this recipe:
#
# 1. standardise; a generator 2-64-64-2 and a discriminator 2-64-64-1 with LeakyReLU(0.2);
# 2. non-saturating losses; Adam with `betas=(0.5, 0.99)` and learning rates 0.001 (generator) and 0.002 (discriminator); batches of
#    128, 2000 steps, in each of them first D and then G;
# 3. the **R1 penalty** (Mescheder et al., 2018): add $\frac{\gamma}2\,\overline{\lVert\nabla_xD(x)\rVert^2}$ to the loss of the
#    discriminator, at real points only, $\gamma=0.1$. It keeps $D$ gentle around the data and makes the game converge. Get
#    $\nabla_xD$ from `torch.autograd.grad(..., create_graph=True)`;
# 4. **averaged weights**: keep a second copy of the generator's weights, $\bar\theta\leftarrow0.99\,\bar\theta+0.01\,\theta$, and
#    sample with $\bar\theta$.
#
# Written question 2 compares training times, with and without averaging, so let there be `steps=2000` and `average=0.99` (0: none) as
# below.
#
# **Grading.** Two trainings on another ring (the better of two seeds); 2000 samples are compared with 2000 real points held out by the
# energy distance $2\,\mathbb E\lVert X-Y\rVert-\mathbb E\lVert X-X'\rVert-\mathbb E\lVert Y-Y'\rVert$, divided by the mean distance of two
# real points: at most 0.02 earns all points, 0.10 half of them. For comparison: all points at the centre are at about 0.56, a
# Gaussian with the right mean and covariance at 0.028, ours at 0.001.


# %% solution="hidden"
def network(*sizes):
    """线性层与 LeakyReLU / Linear layers with LeakyReLU between them."""
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.LeakyReLU(0.2)]
    return torch.nn.Sequential(*layers[:-1])


# %%
def train_gan(x, *, seed, steps=2000, average=0.99, penalty=0.1, batch_size=128):
    """训练一个平面上的 GAN / Train a GAN in the plane.

    x      (2000, 2)   float32   真样本 real points
    seed   int         随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   采样需要的一切 all that sampling needs
        "history"   {"d_loss": list[float], "g_loss": list[float]}   至少 5 个数 at least 5 numbers each
    """
    # BEGIN SOLUTION
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    mean, std = x.mean(dim=0), x.std(dim=0)
    x = (x - mean) / std
    G, D = network(2, 64, 64, 2).to(x), network(2, 64, 64, 1).to(x)
    optimizer_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.99), fused=True)
    optimizer_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.99), fused=True)
    averaged = {name: weight.clone() for name, weight in G.state_dict().items()}

    every = max(1, steps // 50)
    history = {"d_loss": [], "g_loss": []}
    sums = x.new_zeros(2)
    for step in range(1, steps + 1):
        rows = torch.randint(len(x), (batch_size,), generator=generator).to(x.device)
        real = x[rows].requires_grad_()
        z = torch.randn(batch_size, 2, generator=generator).to(x)
        fake = G(z)

        d_real = D(real)
        d_loss = softplus(-d_real).mean() + softplus(D(fake.detach())).mean()
        (slope,) = torch.autograd.grad(d_real.sum(), real, create_graph=True)
        optimizer_d.zero_grad()
        (d_loss + penalty / 2 * (slope**2).sum(dim=1).mean()).backward()
        optimizer_d.step()

        g_loss = softplus(-D(fake)).mean()
        optimizer_g.zero_grad()
        g_loss.backward()
        optimizer_g.step()
        with torch.no_grad():
            for name, weight in G.state_dict().items():
                averaged[name].lerp_(weight, 1 - average)

        sums += torch.stack([d_loss, g_loss]).detach()
        if step % every == 0:
            for key, value in zip(history, (sums / every).tolist(), strict=True):
                history[key].append(value)
            sums = x.new_zeros(2)
    return {"state": {**averaged, "mean": mean, "std": std}, "history": history}
    # END SOLUTION


# %%
def gan_sample(state, n, seed):
    """从生成器采样 / Samples of the generator.

    state   dict   train_gan 返回的 as returned by train_gan
    n       int    点数 number of points
    seed    int    随机种子 seed

    返回 returns (n, 2)   float32，单位与训练数据相同 in the units of the training data
    """
    # BEGIN SOLUTION
    mean, std = state["mean"], state["std"]
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)).to(mean)
    h = torch.nn.functional.leaky_relu(z @ state["0.weight"].T + state["0.bias"], 0.2)
    h = torch.nn.functional.leaky_relu(h @ state["2.weight"].T + state["2.bias"], 0.2)
    return (h @ state["4.weight"].T + state["4.bias"]) * std + mean
    # END SOLUTION


# %% active="ipynb"
# check_here("train_gan", "gan_sample")

# %% [markdown] lang="zh"
# `make_ring` 生成一个环，`energy_distance` 就是评分用的量。左图是真样本（灰）和生成的样本（红），右图是判别器与生成器的损失；
# 均衡时 $D$ 处处是 $\frac12$，两个损失应接近 $2\log2\approx1.386$ 和 $\log2\approx0.693$。

# %% [markdown] lang="en"
# `make_ring` makes a ring, and `energy_distance` is what grading measures. On the left real points (grey) and generated ones (red); on
# the right the two losses. At the equilibrium $D$ is $\frac12$ everywhere, so they should come near $2\log2\approx1.386$ and
# $\log2\approx0.693$.

# %% active="ipynb"
# def make_ring(n, seed):
#     """n points of 8 Gaussians on a ring of radius 1.5 around (2, -1)."""
#     generator = torch.Generator().manual_seed(seed)
#     angle = 2 * torch.pi * torch.randint(8, (n,), generator=generator) / 8
#     circle = torch.stack([angle.cos(), angle.sin()], dim=1)
#     noise = 0.1 * torch.randn(n, 2, generator=generator)
#     return 1.5 * (circle + noise) + torch.tensor([2.0, -1.0])
#
#
# def energy_distance(fake, real):
#     """Energy distance over the mean distance of two real points."""
#     def apart(a):
#         return torch.cdist(a, a).sum() / (len(a) * (len(a) - 1))
#     return ((2 * torch.cdist(fake, real).mean() - apart(fake) - apart(real)) / apart(real)).item()
#
#
# ring, ring_held_out = make_ring(2000, seed=0), make_ring(2000, seed=1)
# trained = train_gan(ring, seed=0)
# fake = gan_sample(trained["state"], 2000, seed=1)
#
# figure, (plane, curve) = plt.subplots(1, 2, figsize=(11, 4))
# plane.scatter(*ring_held_out.T, s=2, color="gray")
# plane.scatter(*fake.T, s=2, color="tab:red")
# plane.set_title(f"energy distance {energy_distance(fake, ring_held_out):.4f}")
# plane.set_aspect("equal")
# for key, level in (("d_loss", 2 * math.log(2)), ("g_loss", math.log(2))):
#     line = curve.plot(trained["history"][key], label=key)
#     curve.axhline(level, color=line[0].get_color(), linestyle=":")
# curve.set(xlabel="report", ylabel="loss")
# curve.legend();

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 1. 在 `ring` 上用 `steps` 为 100、200、400、800、2000 各训练一次（`seed` 相同；平均 0.99 的 2000 步上面已有），`average` 分别取 0.99 和 0，画出 2×5 张样本图，标题写上能量距离；
#    再画出 `d_loss` 和 `g_loss` 的曲线。样本怎样一步步接近 8 个团？团与团之间为什么总有连线？平均改变了什么？损失能告诉我们样本的好坏吗？
# 2. 下面的代码固定一个未经训练、样本离环很远的生成器，用你的 `gan_gradients` 训练判别器 200 步。每 10 步算一次两种生成器损失对生成器参数的梯度的总范数
#    （用 `torch.autograd.grad`），画在一张图上，纵轴取对数。两条曲线怎样分开？用 3.1 的两个导数解释，并说明为什么实践中都用不饱和的损失。

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# 1. Train on `ring` with `steps` 100, 200, 400, 800 and 2000 (the same `seed`), and with `average` 0.99 and 0 (2000 steps with 0.99 are above). Draw the 2×5 samples with
#    their energy distances as titles, and the curves of `d_loss` and `g_loss`. How do samples approach the 8 clusters? Why are
#    there always bridges between them? What does averaging change? Do the losses tell how good the samples are?
# 2. The code below takes an untrained generator, whose samples are far from the ring, and trains the discriminator for 200 steps with your `gan_gradients`. Every 10
#    steps compute the norm of the gradient of both generator losses with respect to all parameters of the generator (with
#    `torch.autograd.grad`), and plot both with a logarithmic axis. How do the two curves part? Explain it with the two derivatives of
#    3.1, and say why practice uses the non-saturating loss.

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
#
#
# def random_network(n_in, n_hidden, n_out):
#     """Parameters for `two_layers`."""
#     W1 = torch.randn(n_in, n_hidden, generator=generator) / n_in**0.5
#     W2 = torch.randn(n_hidden, n_out, generator=generator) / n_hidden**0.5
#     return {"W1": W1, "b1": torch.zeros(n_hidden), "W2": W2, "b2": torch.zeros(n_out)}
#
#
# g_params, d_params = random_network(2, 32, 2), random_network(2, 32, 1)
# g_params["b2"] = torch.tensor([-2.0, 2.0])  # 样本离环很远 / far from the ring
# z = torch.randn(2000, 2, generator=generator)
# for step in range(200):
#     # 每 10 步在这里记下两种梯度的范数 / note the norms of both gradients here, every 10 steps
#     d_grads = gan_gradients(g_params, d_params, ring, z)["d_grads"]
#     d_params = {key: value - 0.05 * d_grads[key] for key, value in d_params.items()}

# %% active="ipynb"
# # 图画在这里 / draw the figures here

# %% active="ipynb" solution="hidden"
# figure, panels = plt.subplots(2, 5, figsize=(15, 6), sharex=True, sharey=True)
# for row, average in zip(panels, (0.99, 0.0)):
#     for panel, steps in zip(row, (100, 200, 400, 800, 2000)):
#         again = steps == 2000 and average == 0.99
#         run = trained if again else train_gan(ring, seed=0, steps=steps, average=average)
#         fake = gan_sample(run["state"], 2000, seed=1)
#         panel.scatter(*fake.T, s=1, color="tab:red")
#         panel.set_title(f"{steps}, average {average:g}: {energy_distance(fake, ring_held_out):.4f}")
# figure, (curve, panel) = plt.subplots(1, 2, figsize=(12, 3.5))
# curve.plot(trained["history"]["d_loss"], label="d_loss")
# curve.plot(trained["history"]["g_loss"], label="g_loss")
# curve.set(xlabel="report", ylabel="loss")
# curve.legend()
#
# d_params = random_network(2, 32, 1)
# norms = {"non_saturating": [], "minimax": []}
# for step in range(201):
#     if step % 10 == 0:
#         for mode, values in norms.items():
#             g = {key: value.clone().requires_grad_() for key, value in g_params.items()}
#             logit = two_layers(d_params, two_layers(g, z))[:, 0]
#             grads = torch.autograd.grad(gan_losses(logit, logit, mode)["g_loss"], list(g.values()))
#             values.append(torch.cat([grad.flatten() for grad in grads]).norm().item())
#     d_grads = gan_gradients(g_params, d_params, ring, z)["d_grads"]
#     d_params = {key: value - 0.05 * d_grads[key] for key, value in d_params.items()}
# for mode, values in norms.items():
#     panel.semilogy(range(0, 201, 10), values, label=mode)
# panel.set(xlabel="steps of the discriminator", ylabel="norm of the generator's gradient")
# panel.legend();

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 样本图 1.5 分：先是一团，再成环，环在 8 个团处逐渐变浓、长出尖角；生成器是连续函数，把连通的隐空间映成连通的集合，
# 所以团间的连线只会变稀，不会消失。后期没有平均的样本随时间晃动，平均把这种转圈消去，距离更小更稳（早期的平均值落后于当前权重，反而更差）。损失 1 分：d_loss 很快停在 $2\log2$ 附近，g_loss 在 $\log2$ 附近，
# 之后样本还在变好而损失几乎不变，它衡量的是两个网络的相对强弱，不是样本的质量。梯度 2.5 分：判别器变强后 $l\ll0$，minimax 的导数 $-\sigma(l)\to0$，
# 范数随之变小；不饱和损失的导数 $-(1-\sigma(l))\to-1$，梯度保持甚至变大。两者的驻点相同，但训练之初不饱和损失给出有用的方向和大小。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Samples, 1.5 points: first a blob, then a ring, which thickens and grows corners at the 8
# clusters; the generator is continuous and maps a connected latent space to a connected set, so bridges get thinner but do not
# disappear. Without averaging late samples wander; averaging takes this circling out, and distances are smaller and steadier (early
# on the average lags behind the weights and is worse). Losses, 1 point: d_loss soon settles near $2\log2$ and g_loss near
# $\log2$; samples go on improving while they hardly move, since they tell how strong the two networks are against each other, not how
# good samples are. Gradients, 2.5 points: a stronger discriminator means $l\ll0$; the derivative $-\sigma(l)$ of minimax tends to 0, and
# the norm with it, while that of the non-saturating loss, $-(1-\sigma(l))$, tends to $-1$ and the gradient stays or grows. Both have the same
# equilibrium, but in the beginning only the latter gives a useful direction and length.
