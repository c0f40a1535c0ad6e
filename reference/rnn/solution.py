# %% [markdown] lang="zh"
# # 作业六：循环神经网络
#
# 句子、语音、一列数字，长度各不相同，前后又互相牵连。循环神经网络一次读一个位置，把读过的东西压进一个状态向量，
# 再用**同样的**参数读下一个位置。这次作业里你将亲手写出它的前向与反向计算，看清梯度在时间里为什么会消失或爆炸，
# 写出门控单元，最后让网络从例子里自己学会竖式加法的进位。
#
# **完成之后，你能够**
#
# * 把长短不一的字符串变成一个张量，并且让填充的位置不影响损失；
# * 推导并实现随时间反向传播（BPTT），用自动求导或数值梯度检验它；
# * 用雅可比矩阵的连乘解释梯度消失与爆炸，说出梯度裁剪能做什么、不能做什么；
# * 写出 LSTM 与 GRU，说出每个门的作用；
# * 从模型给出的分布中采样，用温度调节它的尖锐程度；
# * 训练一个循环网络学会一个算法，并且检验它在更长的输入上是否仍然正确。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）6.1–6.6 及“学习加法进位”练习；
# d2l（《动手学深度学习》中文第二版）第 8、9 章；Goodfellow 等《深度学习》第 10 章。

# %% [markdown] lang="en"
# # Assignment 6: Recurrent Neural Networks
#
# Sentences, speech, columns of digits: their lengths differ and what comes early matters later. A recurrent
# network reads one position at a time, presses what it has read into a state vector and reads on with the
# **same** parameters. Here you write its forward and backward passes by hand, see why gradients vanish or
# explode along time, build gated cells, and in the end let a network find out from examples how to carry.
#
# **Afterwards you can**
#
# * turn strings of different lengths into one tensor and keep the padding out of the loss;
# * derive and implement backpropagation through time (BPTT), and test it against autograd or numerically;
# * explain vanishing and exploding gradients by products of Jacobians, and say what clipping can and cannot do;
# * write an LSTM and a GRU, and say what every gate is for;
# * draw from the distribution that a model predicts, and make it sharper or flatter with a temperature;
# * train a recurrent network to perform an algorithm, and test whether it still does on longer inputs.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) 6.1–6.6 and the exercise on learning to carry;
# d2l (*Dive into Deep Learning*, section numbers of the Chinese second edition) chapters 8 and 9;
# Goodfellow et al., *Deep Learning*, chapter 10.

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
# 2. 不修改传入的参数（`h *= ...` 可能改掉调用者的 `h`，请写 `h = h * ...`）；
# 3. 中间结果不丢精度：`torch.zeros(n)` 默认是 float32，请用 `x.new_zeros(n)` 或写明 `dtype=x.dtype`；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态；需要随机数时用 `torch.Generator().manual_seed(seed)`
#    （只有训练函数可以调用 `torch.manual_seed`）。
#
# **允许与禁止。** 第 1–4 题练的是自己推导，因此不得使用自动求导（`backward`、`torch.autograd`、`torch.func`、
# `requires_grad`）、`nn.RNN…`、`nn.LSTM…`、`nn.GRU…`、`torch.rnn_…`、`torch.lstm…`、`torch.gru…`、`nn.utils.rnn`、
# `nn.utils.clip_grad…`、`F.cross_entropy`、`F.nll_loss` 以及它们的模块形式。`torch.sigmoid`、`torch.tanh`、
# `torch.softmax`、`torch.log_softmax`、`torch.logsumexp` 可以用。第 5 题什么都可以用。
# 每次调用限时 10 秒，第 5 题的训练限时 120 秒。
#
# **记号。** $N$ 是序列数，$T$ 是时间步数，$D$ 是输入维数，$H$ 是状态维数，$V$ 是词表大小；`()` 表示零维张量；
# 序列的形状是 `(N, T, D)`，批在最前；样本按行排，一层写作 `x @ W + b`；编号是 int64；对数都是自然对数。
# 教材与 PyTorch 的约定不全相同，本课程这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 权重矩阵 | 形状 `(输入, 输出)`，`x @ W`（d2l） | `(输出, 输入)`，`x @ W.T`（`nn.Linear`、`nn.RNN`）；列向量 $Wx$（nndl） |
# | GRU | $h'=z\odot h+(1-z)\odot n$，$n=\tanh(xW+(r\odot h)U+b)$（nndl 6.66–6.69、d2l 9.1） | $(1-z)\odot h+z\odot n$；重置门乘在矩阵乘积之后（`nn.GRU`） |
# | LSTM 门的顺序 | $[i,f,g,o]$（PyTorch） | $[\tilde c,o,i,f]$（nndl 6.57） |

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
# 2. arguments are left unchanged (`h *= ...` may change the caller's `h`; write `h = h * ...`);
# 3. no precision is lost on the way: `torch.zeros(n)` is float32 by default, so use `x.new_zeros(n)` or
#    say `dtype=x.dtype`;
# 4. equal arguments give equal results, and the global random state stays untouched: draw from
#    `torch.Generator().manual_seed(seed)` (only a training function may call `torch.manual_seed`).
#
# **Allowed and forbidden.** Questions 1–4 are about deriving things yourself, so automatic differentiation
# (`backward`, `torch.autograd`, `torch.func`, `requires_grad`), `nn.RNN…`, `nn.LSTM…`, `nn.GRU…`,
# `torch.rnn_…`, `torch.lstm…`, `torch.gru…`, `nn.utils.rnn`, `nn.utils.clip_grad…`, `F.cross_entropy`,
# `F.nll_loss` and the module forms of the two are forbidden there. `torch.sigmoid`, `torch.tanh`, `torch.softmax`,
# `torch.log_softmax` and `torch.logsumexp` are fine. In question 5 everything is allowed. A call may take 10
# seconds, training in question 5 120.
#
# **Notation.** $N$ sequences, $T$ time steps, $D$ inputs, $H$ state units, $V$ words in the vocabulary; `()` is
# a 0-dim tensor; sequences have shape `(N, T, D)`, batch first; examples are rows, a layer is `x @ W + b`; ids are
# int64; logarithms are natural. Textbooks and PyTorch disagree on some points, and this course has chosen:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | weight matrix | shape `(in, out)`, `x @ W` (d2l) | `(out, in)`, `x @ W.T` (`nn.Linear`, `nn.RNN`); $Wx$ with columns (nndl) |
# | GRU | $h'=z\odot h+(1-z)\odot n$, $n=\tanh(xW+(r\odot h)U+b)$ (nndl 6.66–6.69, d2l 9.1) | $(1-z)\odot h+z\odot n$; reset gate after the matrix product (`nn.GRU`) |
# | order of the LSTM gates | $[i,f,g,o]$ (PyTorch) | $[\tilde c,o,i,f]$ (nndl 6.57) |

# %%
import torch

# %% active="ipynb"
# import matplotlib.pyplot as plt
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　批次、掩码与损失（14 分）
#
# ### 1.1　编码与填充
#
# 网络只认识数，而且一个批次必须是一个张量。所以先给每个字符一个编号，再把短的序列在**右边**补齐（d2l 8.2、9.5）：
#
# * 词表 `vocab` 中第 $k$ 个字符（$k$ 从 0 数起）的编号是 $k+1$；
# * 编号 0 留给填充；
# * 词表里没有的字符都用编号 `len(vocab) + 1`；
# * 比 `max_len` 长的字符串去掉末尾，`lengths` 记的是**截断之后**的长度。
#
# **例。** `vocab = "xyz"`，`max_len = 3`：`"zx"` 编成 `[3, 1, 0]`，长度 2；`"yyyy"` 编成 `[2, 2, 2]`，长度 3；
# `"a"` 编成 `[4, 0, 0]`，长度 1。

# %% [markdown] lang="en"
# ## Question 1　Batches, masks and losses (14 points)
#
# ### 1.1　Encoding and padding
#
# A network knows numbers only, and a batch has to be one tensor. So every character gets an id, and short
# sequences are filled up on the **right** (d2l 8.2, 9.5):
#
# * character number $k$ of `vocab`, counted from 0, has the id $k+1$;
# * the id 0 is reserved for padding;
# * every character that is not in the vocabulary has the id `len(vocab) + 1`;
# * strings longer than `max_len` lose their end, and `lengths` holds the length **after** that.
#
# **Example.** With `vocab = "xyz"` and `max_len = 3`, `"zx"` becomes `[3, 1, 0]` with length 2, `"yyyy"` becomes
# `[2, 2, 2]` with length 3, and `"a"` becomes `[4, 0, 0]` with length 1.


# %%
def encode_batch(strings, vocab, max_len):
    """字符串的批次变成编号 / Turn a batch of strings into ids.

    strings   list[str]   N 个字符串，可以为空串 N strings, possibly empty
    vocab     str         互不相同的字符 distinct characters
    max_len   int         时间步数 number of time steps T

    返回 returns dict
        "ids" (N, T) int64      编号，右侧用 0 填充 ids, padded with 0 on the right
        "lengths" (N,) int64    截断后的长度 lengths after truncation
    """
    # BEGIN SOLUTION
    unknown = len(vocab) + 1
    number = {character: k for k, character in enumerate(vocab, start=1)}
    ids = torch.zeros(len(strings), max_len, dtype=torch.int64)
    lengths = torch.zeros(len(strings), dtype=torch.int64)
    for row, string in enumerate(strings):
        for t, character in enumerate(string[:max_len]):
            ids[row, t] = number.get(character, unknown)
        lengths[row] = min(len(string), max_len)
    return {"ids": ids, "lengths": lengths}
    # END SOLUTION


# %% active="ipynb"
# check_here("encode_batch")

# %% [markdown] lang="zh"
# ### 1.2　序列的交叉熵与困惑度
#
# 模型在每个位置给出词表上的得分 $z_{nt}\in\mathbb R^V$，正确的词元是 $y_{nt}$。位置 $(n,t)$ 的损失是
#
# $$\ell_{nt}=\log\sum_{v}e^{z_{ntv}}-z_{nt,y_{nt}}$$
#
# 第 $n$ 个序列只有前 $L_n$ 个位置是真的，其余是填充，不应当影响任何结果。令掩码 $m_{nt}=\mathbb 1[t<L_n]$
# （$t$ 从 0 数起），整个批次的损失是**有效词元**上的平均，困惑度是它的指数（d2l 8.4.4、9.7.3，nndl 第 15 章）：
#
# $$\mathcal L=\frac{\sum_{n,t}m_{nt}\,\ell_{nt}}{\sum_{n,t}m_{nt}},\qquad \mathrm{perplexity}=e^{\mathcal L}$$
#
# 困惑度可以读作“模型平均在几个词之间犹豫”。一个有效词元也没有时，约定损失为 0，困惑度为 1。
#
# **例。** $V=2$，两个序列的长度是 2 和 1，有效位置的损失是 $0.1,\ 0.5$ 和 $0.9$：
# $\mathcal L=1.5/3=0.5$。先在序列内平均会得到 $(0.3+0.9)/2=0.6$，那样短序列里的词元分量就更重了。
#
# 得分可能很大，先求概率再取对数会溢出；填充位置上的得分可以是任何数。

# %% [markdown] lang="en"
# ### 1.2　Cross-entropy of sequences, perplexity
#
# At every position the model gives scores $z_{nt}\in\mathbb R^V$ over the vocabulary; the right token is
# $y_{nt}$. The loss of position $(n,t)$ is
#
# $$\ell_{nt}=\log\sum_{v}e^{z_{ntv}}-z_{nt,y_{nt}}$$
#
# Only the first $L_n$ positions of sequence $n$ are real; the rest is padding and must not influence anything.
# With the mask $m_{nt}=\mathbb 1[t<L_n]$ ($t$ counted from 0), the loss of the batch is the mean over its **valid
# tokens**, and the perplexity is its exponential (d2l 8.4.4 and 9.7.3, nndl chapter 15):
#
# $$\mathcal L=\frac{\sum_{n,t}m_{nt}\,\ell_{nt}}{\sum_{n,t}m_{nt}},\qquad \mathrm{perplexity}=e^{\mathcal L}$$
#
# Read the perplexity as the number of words that the model hesitates between. Without a single valid token the
# loss is 0 and the perplexity 1, by convention.
#
# **Example.** $V=2$, two sequences of lengths 2 and 1, losses $0.1,\ 0.5$ and $0.9$ at the valid positions:
# $\mathcal L=1.5/3=0.5$. Averaging within sequences first would give $(0.3+0.9)/2=0.6$, where the token of the
# short sequence weighs more than the others.
#
# Scores may be large, and the logarithm of a probability overflows then; scores at padded positions may be anything.


# %%
def sequence_cross_entropy(logits, targets, lengths):
    """有效词元上的平均交叉熵与困惑度 / Mean cross-entropy over the valid tokens, and perplexity.

    logits    (N, T, V)   float32 / float64   各词的得分 score of every word
    targets   (N, T)      int64               正确的词元，填充位置上任意 right tokens, anything in the padding
    lengths   (N,)        int64               有效长度 valid lengths, 0 … T

    返回 returns dict   "loss" ()，"perplexity" ()
    """
    # BEGIN SOLUTION
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    log_p = shifted - shifted.exp().sum(dim=-1, keepdim=True).log()
    loss = -log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    valid = torch.arange(targets.shape[1], device=lengths.device) < lengths.unsqueeze(1)
    mean = loss.where(valid, 0.0).sum() / valid.sum().clamp(min=1)
    return {"loss": mean, "perplexity": mean.exp()}
    # END SOLUTION


# %% active="ipynb"
# check_here("sequence_cross_entropy")

# %% [markdown] lang="zh"
# ## 第 2 题　简单循环网络与随时间反向传播（26 分）
#
# ### 2.1　前向计算
#
# 状态 $h_t$ 由当前输入和上一个状态算出，各个时刻用同一组参数（nndl 6.2，d2l 8.4.2，Goodfellow 10.2）：
#
# $$h_t=\tanh(a_t),\qquad a_t=x_tW_x+h_{t-1}W_h+b,\qquad t=1,\dots,T$$
#
# $x_t$、$h_t$ 都是行向量，$h_0$ 由参数给出。请返回全部状态 $h_1,\dots,h_T$。
#
# **例。** 一个输入、一个单元，权重都是 1，偏置 0，$h_0=0$，输入 $1,0$：
# $h_1=\tanh 1\approx0.7616$，$h_2=\tanh 0.7616\approx0.6420$。第二步的输入是 0，状态却记得第一步。

# %% [markdown] lang="en"
# ## Question 2　The simple recurrent network and backpropagation through time (26 points)
#
# ### 2.1　Forward
#
# The state $h_t$ is computed from the input and the state before, with the same parameters at every step
# (nndl 6.2, d2l 8.4.2, Goodfellow 10.2):
#
# $$h_t=\tanh(a_t),\qquad a_t=x_tW_x+h_{t-1}W_h+b,\qquad t=1,\dots,T$$
#
# $x_t$ and $h_t$ are rows, and $h_0$ is given. Return all states $h_1,\dots,h_T$.
#
# **Example.** One input, one unit, all weights 1, bias 0, $h_0=0$, inputs $1,0$:
# $h_1=\tanh 1\approx0.7616$ and $h_2=\tanh 0.7616\approx0.6420$. The second input is 0, and still the state
# remembers the first.


# %%
def rnn_forward(x, h0, params):
    """简单循环网络的全部状态 / All states of a simple recurrent network.

    x        (N, T, D)   float32 / float64   输入 inputs
    h0       (N, H)      同 x as x           初始状态 initial states
    params   dict        "Wx" (D, H), "Wh" (H, H), "b" (H,)

    返回 returns (N, T, H)   第 t 个时刻是 at step t: tanh(x_t Wx + h_{t-1} Wh + b)
    """
    # BEGIN SOLUTION
    h, states = h0, []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        states.append(h)
    return torch.stack(states, dim=1)
    # END SOLUTION


# %% active="ipynb"
# check_here("rnn_forward")

# %% [markdown] lang="zh"
# ### 2.2　随时间反向传播
#
# 把网络按时间展开，就是一个每层共用参数的 $T$ 层网络，反向传播照常进行（nndl 6.4.1，d2l 8.7，Goodfellow 10.2.2）。
# `dh[:, t]` 是损失对 $h_t$ 的**直接**导数，也就是经由第 $t$ 步的输出、不经过后面状态的那一部分。
# 但 $h_t$ 还通过 $h_{t+1}$ 影响损失，所以总的导数 $\delta_t$ 是两项之和：
#
# $$\delta_t=\mathrm{dh}_t+\alpha_{t+1}W_h^\top,\qquad \alpha_t=\delta_t\odot(1-h_t^2),\qquad \alpha_{T+1}=0$$
#
# $\alpha_t$ 是对 $a_t$ 的导数（$\tanh'(a)=1-\tanh^2a$）。从 $t=T$ 倒着算到 $t=1$，再由 $a_t=x_tW_x+h_{t-1}W_h+b$ 得
#
# $$\mathrm{dx}_t=\alpha_tW_x^\top,\quad
#   \mathrm{dW}_x=\sum_t x_t^\top\alpha_t,\quad
#   \mathrm{dW}_h=\sum_t h_{t-1}^\top\alpha_t,\quad
#   \mathrm{db}=\sum_{t}\sum_n\alpha_{nt},\quad
#   \mathrm{dh}_0=\alpha_1W_h^\top$$
#
# 参数在每个时刻、每个序列都用到，所以它们的梯度对时间和批次**求和**（损失若是平均值，平均已经在 `dh` 里了）。
#
# **例。** 接上例，$\mathrm{dh}=(0,1)$：$\alpha_2=1-0.6420^2\approx0.5878$，$\delta_1=0+\alpha_2\cdot1=0.5878$，
# $\alpha_1=0.5878\,(1-0.7616^2)\approx0.2469$；$\mathrm{dx}=(0.2469,0.5878)$，$\mathrm{dW}_h=h_0\alpha_1+h_1\alpha_2\approx0.4477$。

# %% [markdown] lang="en"
# ### 2.2　Backpropagation through time
#
# Unrolled along time the network has $T$ layers that share their parameters, and backpropagation works as ever
# (nndl 6.4.1, d2l 8.7, Goodfellow 10.2.2). `dh[:, t]` is the **direct** derivative of the loss with respect to $h_t$:
# what goes through the output of step $t$ and not through later states. But $h_t$ acts on the loss through $h_{t+1}$
# as well, so the whole derivative $\delta_t$ has two terms:
#
# $$\delta_t=\mathrm{dh}_t+\alpha_{t+1}W_h^\top,\qquad \alpha_t=\delta_t\odot(1-h_t^2),\qquad \alpha_{T+1}=0$$
#
# where $\alpha_t$ is the derivative with respect to $a_t$ (since $\tanh'(a)=1-\tanh^2a$). Go from $t=T$ back to $t=1$;
# then $a_t=x_tW_x+h_{t-1}W_h+b$ gives
#
# $$\mathrm{dx}_t=\alpha_tW_x^\top,\quad
#   \mathrm{dW}_x=\sum_t x_t^\top\alpha_t,\quad
#   \mathrm{dW}_h=\sum_t h_{t-1}^\top\alpha_t,\quad
#   \mathrm{db}=\sum_{t}\sum_n\alpha_{nt},\quad
#   \mathrm{dh}_0=\alpha_1W_h^\top$$
#
# Parameters are used at every step of every sequence, so their gradients are **summed** over time and batch (if the
# loss is a mean, the division is in `dh` already).
#
# **Example.** As above with $\mathrm{dh}=(0,1)$: $\alpha_2=1-0.6420^2\approx0.5878$, $\delta_1=0+\alpha_2\cdot1=0.5878$,
# $\alpha_1=0.5878\,(1-0.7616^2)\approx0.2469$; $\mathrm{dx}=(0.2469,0.5878)$ and
# $\mathrm{dW}_h=h_0\alpha_1+h_1\alpha_2\approx0.4477$.


# %%
def rnn_backward(dh, x, h0, params):
    """随时间反向传播 / Backpropagation through time.

    dh       (N, T, H)   float32 / float64   损失对各 h_t 的直接导数 direct derivative of the loss w.r.t. every h_t
    x        (N, T, D)   同 dh as dh         输入 inputs
    h0       (N, H)      同 dh as dh         初始状态 initial states
    params   dict        "Wx" (D, H), "Wh" (H, H), "b" (H,)

    前向计算在这里重做一遍。The forward pass is computed anew in here.

    返回 returns dict   "dx" (N, T, D), "dh0" (N, H), "dWx" (D, H), "dWh" (H, H), "db" (H,)
    """
    # BEGIN SOLUTION
    h = rnn_forward(x, h0, params)
    before = torch.cat([h0.unsqueeze(1), h[:, :-1]], dim=1)
    from_later = torch.zeros_like(h0)
    dx = torch.zeros_like(x)
    dWx, dWh, db = (torch.zeros_like(params[name]) for name in ("Wx", "Wh", "b"))
    for t in reversed(range(x.shape[1])):
        da = (dh[:, t] + from_later) * (1 - h[:, t] ** 2)
        dx[:, t] = da @ params["Wx"].T
        dWx += x[:, t].T @ da
        dWh += before[:, t].T @ da
        db += da.sum(dim=0)
        from_later = da @ params["Wh"].T
    return {"dx": dx, "dh0": from_later, "dWx": dWx, "dWh": dWh, "db": db}
    # END SOLUTION


# %% active="ipynb"
# check_here("rnn_backward")

# %% [markdown] lang="zh"
# 在你的函数**之外**，自动求导是很好的裁判：取损失 $\sum_{n,t}\mathrm{dh}_{nt}\cdot h_{nt}$，它对 $h_t$ 的直接导数正是 `dh`。

# %% [markdown] lang="en"
# **Outside** of your functions automatic differentiation is a fine referee: the loss $\sum_{n,t}\mathrm{dh}_{nt}\cdot h_{nt}$
# has `dh` as its direct derivative.

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# sizes = {"x": (3, 6, 2), "h0": (3, 4), "Wx": (2, 4), "Wh": (4, 4), "b": (4,), "dh": (3, 6, 4)}
# drawn = {name: torch.randn(size, generator=generator, dtype=torch.float64) for name, size in sizes.items()}
# upstream = drawn.pop("dh")
# weights = {name: drawn[name] for name in ("Wx", "Wh", "b")}
# by_hand = rnn_backward(upstream, drawn["x"], drawn["h0"], weights)
#
# leaves = {name: value.clone().requires_grad_() for name, value in drawn.items()}
# states = rnn_forward(leaves["x"], leaves["h0"], {name: leaves[name] for name in weights})
# (upstream * states).sum().backward()
# for name, leaf in leaves.items():
#     print(f"d{name}: largest difference {(by_hand['d' + name] - leaf.grad).abs().max():.1e}")

# %% [markdown] lang="zh"
# ## 第 3 题　门控单元（19 分）
#
# ### 3.1　LSTM
#
# 简单循环网络每一步都把状态整个改写一遍。LSTM（Hochreiter 与 Schmidhuber，1997）另设一条记忆 $c_t$，只对它做逐元素的乘和加，
# 由三个取值在 $(0,1)$ 的门控制写入、保留和读出（nndl 6.6.1，d2l 9.2，Goodfellow 10.10.1）：
#
# $$[\,\bar i,\ \bar f,\ \bar g,\ \bar o\,]=x_tW_x+h_{t-1}W_h+b$$
# $$i=\sigma(\bar i),\quad f=\sigma(\bar f),\quad g=\tanh(\bar g),\quad o=\sigma(\bar o)$$
# $$c_t=f\odot c_{t-1}+i\odot g,\qquad h_t=o\odot\tanh(c_t)$$
#
# 四组参数并排放在一起：$W_x$ 的形状是 `(D, 4H)`，从左到右每 $H$ 列依次属于 $i,f,g,o$。nndl 式 6.57 的顺序不同，换一套参数时要先确认顺序。
#
# **例。** 参数全为 0，$c_0=1$，$h_0=0$：三个门都是 $\frac12$，$g=0$，所以 $c_1=\frac12$，$h_1=\frac12\tanh\frac12\approx0.2311$。

# %% [markdown] lang="en"
# ## Question 3　Gated cells (19 points)
#
# ### 3.1　LSTM
#
# A simple recurrent network rewrites its whole state at every step. The LSTM (Hochreiter and Schmidhuber, 1997) keeps
# a separate memory $c_t$, to which it only multiplies and adds entry by entry; three gates with values in $(0,1)$ rule
# what is written, kept and read (nndl 6.6.1, d2l 9.2, Goodfellow 10.10.1):
#
# $$[\,\bar i,\ \bar f,\ \bar g,\ \bar o\,]=x_tW_x+h_{t-1}W_h+b$$
# $$i=\sigma(\bar i),\quad f=\sigma(\bar f),\quad g=\tanh(\bar g),\quad o=\sigma(\bar o)$$
# $$c_t=f\odot c_{t-1}+i\odot g,\qquad h_t=o\odot\tanh(c_t)$$
#
# The four sets of parameters stand side by side: $W_x$ has shape `(D, 4H)`, and from left to right $H$ columns each
# belong to $i,f,g,o$. Equation 6.57 of nndl has another order: look before you use somebody's parameters.
#
# **Example.** All parameters 0, $c_0=1$, $h_0=0$: the gates are $\frac12$ and $g=0$, so $c_1=\frac12$ and
# $h_1=\frac12\tanh\frac12\approx0.2311$.


# %%
def lstm_forward(x, h0, c0, params):
    """LSTM 的全部状态 / All states of an LSTM.

    x        (N, T, D)   float32 / float64   输入 inputs
    h0, c0   (N, H)      同 x as x           初始状态与记忆 initial state and memory
    params   dict        "Wx" (D, 4H), "Wh" (H, 4H), "b" (4H,)，顺序 in the order [i, f, g, o]

    返回 returns dict   "h" (N, T, H), "c" (N, T, H)
    """
    # BEGIN SOLUTION
    h, c, states, cells = h0, c0, [], []
    for t in range(x.shape[1]):
        gates = x[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
        cells.append(c)
    return {"h": torch.stack(states, dim=1), "c": torch.stack(cells, dim=1)}
    # END SOLUTION


# %% active="ipynb"
# check_here("lstm_forward")

# %% [markdown] lang="zh"
# 遗忘门的偏置决定记忆能留多久。下图中权重都是 0，输入门关闭，只改变遗忘门的偏置 $b_f$：记忆每步乘 $\sigma(b_f)$。
# 训练 LSTM 时常把这个偏置初始化为 1 或更大，就是这个道理。

# %% [markdown] lang="en"
# The bias of the forget gate decides how long memory lasts. Below all weights are 0, the input gate is shut, and only
# the forget bias $b_f$ changes: every step multiplies the memory by $\sigma(b_f)$. This is why the bias is often
# initialised to 1 or more.

# %% active="ipynb"
# for forget_bias in (-1.0, 0.0, 1.0, 3.0, 6.0):
#     biases = torch.tensor([-50.0, forget_bias, 0.0, 0.0])
#     silent = {"Wx": torch.zeros(1, 4), "Wh": torch.zeros(1, 4), "b": biases}
#     memory = lstm_forward(torch.zeros(1, 50, 1), torch.zeros(1, 1), torch.ones(1, 1), silent)["c"]
#     plt.plot(memory[0, :, 0], label=f"forget bias {forget_bias:g}")
# plt.xlabel("step")
# plt.ylabel("memory c")
# plt.legend();

# %% [markdown] lang="zh"
# ### 3.2　GRU
#
# GRU（Cho 等，2014）不另设记忆，只用两个门。更新门 $z$ 在旧状态和候选状态之间取加权平均，重置门 $r$ 决定算候选状态时看多少旧状态
# （nndl 6.6.2，式 6.66–6.69；d2l 9.1；Goodfellow 10.10.2）：
#
# $$z=\sigma(xW_{xz}+hW_{hz}+b_z),\qquad r=\sigma(xW_{xr}+hW_{hr}+b_r)$$
# $$n=\tanh\bigl(xW_{xh}+(r\odot h)W_{hh}+b_h\bigr),\qquad h'=z\odot h+(1-z)\odot n$$
#
# 注意两处约定：这里 $z$ 乘的是**旧**状态；$r$ 在矩阵乘法**之前**乘到 $h$ 上（`nn.GRU` 在之后）。
#
# **例。** 参数全为 0，$h=1$：$z=\frac12$，$n=0$，$h'=\frac12$。

# %% [markdown] lang="en"
# ### 3.2　GRU
#
# The GRU (Cho et al., 2014) has no separate memory and two gates. The update gate $z$ takes a weighted mean of the old
# state and a candidate, the reset gate $r$ says how much of the old state the candidate gets to see (nndl 6.6.2,
# equations 6.66–6.69; d2l 9.1; Goodfellow 10.10.2):
#
# $$z=\sigma(xW_{xz}+hW_{hz}+b_z),\qquad r=\sigma(xW_{xr}+hW_{hr}+b_r)$$
# $$n=\tanh\bigl(xW_{xh}+(r\odot h)W_{hh}+b_h\bigr),\qquad h'=z\odot h+(1-z)\odot n$$
#
# Mind two conventions: $z$ multiplies the **old** state, and $r$ multiplies $h$ **before** the matrix product
# (`nn.GRU` does it after).
#
# **Example.** All parameters 0, $h=1$: $z=\frac12$, $n=0$, $h'=\frac12$.


# %%
def gru_cell(x, h, params):
    """GRU 的一步 / One step of a GRU.

    x        (N, D)   float32 / float64   输入 inputs
    h        (N, H)   同 x as x           旧状态 old states
    params   dict     "Wxz" "Wxr" "Wxh" (D, H), "Whz" "Whr" "Whh" (H, H), "bz" "br" "bh" (H,)

    返回 returns (N, H)   z ⊙ h + (1 - z) ⊙ n
    """
    # BEGIN SOLUTION
    z = torch.sigmoid(x @ params["Wxz"] + h @ params["Whz"] + params["bz"])
    r = torch.sigmoid(x @ params["Wxr"] + h @ params["Whr"] + params["br"])
    n = torch.tanh(x @ params["Wxh"] + (r * h) @ params["Whh"] + params["bh"])
    return z * h + (1 - z) * n
    # END SOLUTION


# %% active="ipynb"
# check_here("gru_cell")

# %% [markdown] lang="zh"
# ## 第 4 题　梯度的大小与采样（18 分）
#
# ### 4.1　梯度裁剪
#
# 梯度偶尔会大得离谱，一步就把参数抛到很远的地方。裁剪限制一步的长度而不改变方向（Pascanu 等，2013；nndl 6.5，d2l 8.5.5，
# Goodfellow 10.11.1）：把**所有**参数的梯度看作一个长向量，范数是
#
# $$\lVert g\rVert=\sqrt{\sum_k\lVert g_k\rVert_2^2},\qquad
#   g_k\leftarrow\begin{cases}g_k\cdot\dfrac{c}{\lVert g\rVert}&\lVert g\rVert>c\\[1ex] g_k&\text{否则}\end{cases}$$
#
# 返回裁剪后的梯度和裁剪**之前**的范数。若给每个参数各算一个范数，各参数的梯度会缩小不同的倍数，方向就变了。
#
# **例。** 梯度 $a=(3)$、$b=(4)$，$c=1$：$\lVert g\rVert=5$，裁剪后是 $(0.6)$ 和 $(0.8)$。

# %% [markdown] lang="en"
# ## Question 4　The size of gradients, and sampling (18 points)
#
# ### 4.1　Clipping gradients
#
# Now and then a gradient is enormous, and one step throws the parameters far away. Clipping limits the length of the
# step and leaves its direction (Pascanu et al., 2013; nndl 6.5, d2l 8.5.5, Goodfellow 10.11.1). Take the gradients of
# **all** parameters as one long vector with the norm
#
# $$\lVert g\rVert=\sqrt{\sum_k\lVert g_k\rVert_2^2},\qquad
#   g_k\leftarrow\begin{cases}g_k\cdot\dfrac{c}{\lVert g\rVert}&\lVert g\rVert>c\\[1ex] g_k&\text{otherwise}\end{cases}$$
#
# Return the clipped gradients and the norm **before** clipping. With a norm of its own for every parameter they would
# shrink by different factors, and the direction would change.
#
# **Example.** Gradients $a=(3)$ and $b=(4)$, $c=1$: $\lVert g\rVert=5$, the clipped gradients are $(0.6)$ and $(0.8)$.


# %%
def clip_grad_norm(grads, max_norm):
    """按全局范数裁剪梯度 / Clip gradients by their global norm.

    grads      dict[str, Tensor]   任意形状 of any shapes, float32 / float64
    max_norm   float > 0           范数的上限 largest norm allowed

    返回 returns dict
        "grads" dict[str, Tensor]   裁剪后的梯度 clipped gradients
        "total_norm" ()             裁剪前的全局范数 global norm before clipping
    """
    # BEGIN SOLUTION
    total = torch.stack([(g**2).sum() for g in grads.values()]).sum().sqrt()
    factor = max_norm / total if total > max_norm else 1.0
    return {"grads": {name: g * factor for name, g in grads.items()}, "total_norm": total}
    # END SOLUTION


# %% active="ipynb"
# check_here("clip_grad_norm")

# %% [markdown] lang="zh"
# ### 4.2　雅可比矩阵的连乘
#
# 第 2 题的递推 $\delta_t=\mathrm{dh}_t+\alpha_{t+1}W_h^\top$ 说明，梯度每往回走一步都要乘一个矩阵。把微小的变化 $\mathrm dh$ 写成行向量，
# 由 $h_t=\tanh(x_tW_x+h_{t-1}W_h+b)$ 得（nndl 6.5，d2l 8.7，Goodfellow 10.7；Bengio 等，1994）
#
# $$\mathrm dh_t=\mathrm dh_{t-1}\,J_t,\qquad J_t=W_h\,\mathrm{diag}(1-h_t^2)$$
# $$\frac{\partial h_T}{\partial h_s}=J_{s+1}J_{s+2}\cdots J_T$$
#
# 谱范数（最大奇异值）$\lVert\cdot\rVert_2$ 是这个线性映射能放大的最大倍数。$s=T$ 时是空乘积，即单位阵，范数 1。
# 请对 $s=1,\dots,T$ 返回 $\lVert\partial h_T/\partial h_s\rVert_2$：第 $k$ 个分量（从 0 数起）对应 $s=k+1$。
#
# 从 $s=T$ 往回走，每步只需在**左边**乘一个 $J$。想一想为什么不能把各步的范数乘起来了事。
#
# **例。** $H=2$，$T=3$，$h=0$，$W_h=\frac12I$：$J=\frac12I$，结果是 $(\frac14,\frac12,1)$。

# %% [markdown] lang="en"
# ### 4.2　Products of Jacobians
#
# The recursion $\delta_t=\mathrm{dh}_t+\alpha_{t+1}W_h^\top$ of question 2 multiplies by a matrix for every step that the
# gradient goes back. With a small change $\mathrm dh$ written as a row, $h_t=\tanh(x_tW_x+h_{t-1}W_h+b)$ gives (nndl 6.5,
# d2l 8.7, Goodfellow 10.7; Bengio et al., 1994)
#
# $$\mathrm dh_t=\mathrm dh_{t-1}\,J_t,\qquad J_t=W_h\,\mathrm{diag}(1-h_t^2)$$
# $$\frac{\partial h_T}{\partial h_s}=J_{s+1}J_{s+2}\cdots J_T$$
#
# The spectral norm $\lVert\cdot\rVert_2$, the largest singular value, is the most that this linear map can stretch a
# vector. For $s=T$ the product is empty, the identity, and its norm is 1. Return $\lVert\partial h_T/\partial h_s\rVert_2$
# for $s=1,\dots,T$: entry $k$, counted from 0, belongs to $s=k+1$.
#
# Going back from $s=T$, every step multiplies by one more $J$ on the **left**. Think about why the product of the norms of
# the steps would not do.
#
# **Example.** $H=2$, $T=3$, $h=0$, $W_h=\frac12I$: then $J=\frac12I$, and the result is $(\frac14,\frac12,1)$.


# %%
def state_jacobian_norms(h, Wh):
    """∂h_T/∂h_s 的谱范数，s = 1, …, T / Spectral norms of ∂h_T/∂h_s.

    h    (T, H)   float32 / float64   一个序列的状态 states of one sequence
    Wh   (H, H)   同 h as h           循环权重 recurrent weights

    返回 returns (T,)   第 k 个对应 entry k belongs to s = k + 1，最后一个是 1 the last is 1
    """
    # BEGIN SOLUTION
    product = torch.eye(h.shape[1], dtype=h.dtype, device=h.device)
    norms = [torch.linalg.matrix_norm(product, ord=2)]
    for state in h[1:].flip(0):
        product = (Wh * (1 - state**2)) @ product
        norms.append(torch.linalg.matrix_norm(product, ord=2))
    return torch.stack(norms).flip(0)
    # END SOLUTION


# %% active="ipynb"
# check_here("state_jacobian_norms")

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 取 $H=32$ 的正交矩阵 $Q$（下面已给出），$W_h=cQ$，$c\in\{0.5,\ 0.9,\ 1,\ 1.1,\ 1.5\}$，$T=60$。用 `state_jacobian_norms` 画两张图，
# 横轴是 $T-s$（往回走了几步），纵轴取对数：左图中状态都是 0，即 `torch.zeros(60, 32)`；右图中状态是真实的轨迹，
# 用 `rnn_forward` 从 $h_0=0$ 和下面的输入 `noise`、权重 `W_in` 算出。然后回答：
#
# 1. 左图的五条直线各有什么斜率？为什么？梯度消失和爆炸在这里各指什么？
# 2. 右图与左图有何不同？$1-h_t^2$ 起了什么作用？$c=1.5$ 时还会爆炸吗？
# 3. 梯度裁剪能解决哪一种问题，不能解决哪一种，为什么？LSTM 用什么办法对付另一种？

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# Take an orthogonal matrix $Q$ with $H=32$ (given below), $W_h=cQ$ with $c\in\{0.5,\ 0.9,\ 1,\ 1.1,\ 1.5\}$, and $T=60$.
# Plot `state_jacobian_norms` twice, against $T-s$ (the number of steps back), with a logarithmic vertical axis: on the left
# all states are 0, that is `torch.zeros(60, 32)`; on the right they are a real trajectory, computed by `rnn_forward` from
# $h_0=0$, the inputs `noise` and the weights `W_in` below. Then answer:
#
# 1. What are the slopes of the five lines on the left, and why? What are vanishing and exploding gradients here?
# 2. How does the right figure differ? What does $1-h_t^2$ do? Do gradients still explode at $c=1.5$?
# 3. Which of the two problems does clipping solve, which does it not, and why? How does the LSTM meet the other one?

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# Q, _ = torch.linalg.qr(torch.randn(32, 32, generator=generator))
# noise, W_in = torch.randn(1, 60, 4, generator=generator), torch.randn(4, 32, generator=generator) / 4

# %% active="ipynb"
# # 两张图画在这里 / draw the two figures here

# %% active="ipynb" solution="hidden"
# figure, (at_zero, on_the_way) = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
# for scale in (0.5, 0.9, 1.0, 1.1, 1.5):
#     parameters = {"Wx": W_in, "Wh": scale * Q, "b": torch.zeros(32)}
#     trajectory = rnn_forward(noise, torch.zeros(1, 32), parameters)[0]
#     at_zero.semilogy(state_jacobian_norms(torch.zeros(60, 32), scale * Q).flip(0), label=f"c = {scale}")
#     on_the_way.semilogy(state_jacobian_norms(trajectory, scale * Q).flip(0))
# at_zero.set(title="h = 0", xlabel="steps back", ylabel="spectral norm")
# on_the_way.set(title="real trajectory", xlabel="steps back")
# at_zero.legend();

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 两张图 1 分。左图 1 分：$h=0$ 时 $J=cQ$，连乘的谱范数恰为 $c^{T-s}$，对数图上是斜率 $\log c$ 的直线；
# $c<1$ 指数消失，$c>1$ 指数爆炸，$c=1$ 不变。右图 1.5 分：$1-h_t^2\le1$ 使每一步都更小，所以曲线不高于左图的直线；$c=1$、$1.1$ 也会消失；
# $c=1.5$ 时饱和单元的导数近于 0，与放大大致相消，范数停在 1 的附近，没有爆炸。裁剪 1.5 分：它只限制步长、不改变方向，对付爆炸；
# 已经消失的梯度与噪声混在一起，放大也找不回远处的信息；LSTM 的记忆以加法更新，$\partial c_t/\partial c_{t-1}$ 的直接部分是 $f$，接近 1 时梯度可以走得很远。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** Figures, 1 point. On the left, 1 point: at $h=0$ we have $J=cQ$, the product has
# the norm $c^{T-s}$ exactly, a line of slope $\log c$; it vanishes exponentially for $c<1$, explodes for $c>1$, stays for
# $c=1$. On the right, 1.5 points: $1-h_t^2\le1$ makes every factor smaller, so no curve lies above its line; $c=1$ and
# $1.1$ vanish, too; at $c=1.5$ the small derivatives of saturated units about balance the growth, and the norm stays near 1
# instead of exploding. Clipping, 1.5 points: it bounds the length of a step and keeps its direction, which helps against explosion; a
# vanished gradient is buried under that of near steps, and no scaling brings it back; the LSTM updates its memory
# by addition, the direct part of $\partial c_t/\partial c_{t-1}$ is $f$, and with $f$ near 1 gradients travel far.

# %% [markdown] lang="zh"
# ### 4.3　按温度采样
#
# 语言模型给出下一个词的得分 $z$，生成文本时从 softmax 分布中抽取。温度 $\tau$ 调节分布的尖锐程度（写法同 Hinton 等，2015）：
#
# $$P(v)=\frac{e^{z_v/\tau}}{\sum_u e^{z_u/\tau}}$$
#
# $\tau\to0$ 时总取得分最大的词，$\tau\to\infty$ 时近于均匀。约定 $\tau=0$ 表示取最大者（argmax）。
# 各次抽取相互独立，随机数来自 `torch.Generator().manual_seed(seed)`。
#
# **例。** $z=(\log1,\log2)$：$\tau=1$ 时概率是 $(\frac13,\frac23)$；$\tau=\frac12$ 时得分加倍，概率是 $(\frac15,\frac45)$。

# %% [markdown] lang="en"
# ### 4.3　Sampling with a temperature
#
# A language model scores the next word with $z$, and text is generated by drawing from the softmax distribution. A
# temperature $\tau$ makes it sharper or flatter (written as in Hinton et al., 2015):
#
# $$P(v)=\frac{e^{z_v/\tau}}{\sum_u e^{z_u/\tau}}$$
#
# As $\tau\to0$ the best word is always chosen, as $\tau\to\infty$ all words become equally likely. By convention $\tau=0$
# means the best word (argmax). Draws are independent, their random numbers come from `torch.Generator().manual_seed(seed)`.
#
# **Example.** $z=(\log1,\log2)$: at $\tau=1$ the probabilities are $(\frac13,\frac23)$; $\tau=\frac12$ doubles the scores,
# and they are $(\frac15,\frac45)$.


# %%
def sample_tokens(logits, temperature, num_samples, seed):
    """从 softmax(logits / temperature) 独立抽样 / Independent draws from softmax(logits / temperature).

    logits        (V,)         float32 / float64   各词的得分 score of every word
    temperature   float >= 0   温度，0 表示 argmax / temperature, 0 means argmax
    num_samples   int >= 1     抽取次数 number of draws
    seed          int          随机种子 seed

    返回 returns (num_samples,) int64
    """
    # BEGIN SOLUTION
    if temperature == 0:
        return logits.argmax().repeat(num_samples)
    generator = torch.Generator().manual_seed(seed)
    p = torch.softmax(logits / temperature, dim=0).cpu()
    drawn = torch.multinomial(p, num_samples, replacement=True, generator=generator)
    return drawn.to(logits.device)
    # END SOLUTION


# %% active="ipynb"
# check_here("sample_tokens")

# %% active="ipynb"
# scores = torch.tensor([0.0, 0.5, 1.0, 2.0, 3.0])
# figure, panels = plt.subplots(1, 4, figsize=(13, 2.5), sharey=True)
# for panel, temperature in zip(panels, (0.0, 0.5, 1.0, 4.0)):
#     counts = sample_tokens(scores, temperature, 2000, 0).bincount(minlength=5)
#     panel.bar(range(5), counts / 2000)
#     panel.set(title=f"temperature {temperature:g}", xlabel="token")
# panels[0].set_ylabel("share of the draws");

# %% [markdown] lang="zh"
# ## 第 5 题　学会加法的进位（9 分）
#
# 现在让网络学一个算法：列竖式做加法（nndl 第 6 章的“学习加法进位”练习）。两个加数逐位给出，**个位在前**；网络逐位输出和。
# 第 $t$ 位的答案取决于这一位的两个数字和一个进位，
#
# $$s_t=(a_t+b_t+k_t)\bmod10,\qquad k_{t+1}=\lfloor(a_t+b_t+k_t)/10\rfloor,\qquad k_0=0$$
#
# 而进位必须由网络自己记在状态里。个位在前正合适：算到第 $t$ 位时，需要的一切都已经读过了。
#
# **例。** $275+148=423$：个位在前，`a = [5, 7, 2, 0]`，`b = [8, 4, 1, 0]`，`s = [3, 2, 4, 0]`。最后一位的两个加数总是 0，留给最后的进位。
#
# 下面的 `make_additions` 生成数据。写出训练与预测：
#
# * `train_adder(a, b, s, *, seed)` 返回 `{"state": ..., "history": ...}`：`state` 是一个字典，值可以是张量、数、字符串或列表，存放
#   `predict_adder` 需要的一切（不能是 `nn.Module`；用了 `nn.Module` 就返回它的 `state_dict()` 和重建所需的尺寸）；
#   `history` 是 `{"loss": [...]}`，每轮一个 Python 浮点数，至少 5 个。相同的 `seed` 必须得到同样的模型。
# * `predict_adder(state, a, b)` 返回每一位上 10 个数字的得分，位数可以与训练时不同。
#
# **建议。** 数字没有大小之分，用 one-hot 编码（两个数字共 20 维）；隐藏单元 64 个，Adam，学习率 0.01 并逐渐降到 0，梯度裁剪到 1，
# 每批 64 对。样本 8000 对时更新 1000 次以下通常不够（20 轮是 2500 次），学习率太小也学不会。第 2 题的简单循环网络、`nn.GRU`、`nn.LSTM` 都能学会；
# 想比较它们，可以像下面那样把种类作为带默认值的关键字参数（思考题二要用）。
#
# **评分。** 8000 对 7 位数（8 个位置）训练，1000 对没见过的数测试，8 位**全对**的比例达到 0.90 得满分，达到 0.50 得一半。

# %% [markdown] lang="en"
# ## Question 5　Learning to carry (9 points)
#
# Now let a network learn an algorithm: addition as done on paper (the exercise on learning to carry in chapter 6 of nndl).
# The two summands come digit by digit, the **least significant first**, and the network writes the sum digit by digit.
# Digit $t$ of the answer depends on two digits and a carry,
#
# $$s_t=(a_t+b_t+k_t)\bmod10,\qquad k_{t+1}=\lfloor(a_t+b_t+k_t)/10\rfloor,\qquad k_0=0$$
#
# and the network has to keep the carry in its state. Starting with the ones suits it: at digit $t$ everything needed
# has been read.
#
# **Example.** $275+148=423$: least significant digit first, `a = [5, 7, 2, 0]`, `b = [8, 4, 1, 0]`, `s = [3, 2, 4, 0]`. The last
# digits of both summands are always 0 and leave room for the last carry.
#
# `make_additions` below makes the data. Write training and prediction:
#
# * `train_adder(a, b, s, *, seed)` returns `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers,
#   strings or lists with everything that `predict_adder` needs (no `nn.Module`: if you use one, return its `state_dict()`
#   and the sizes to rebuild it); the `history` is `{"loss": [...]}` with one Python float per epoch, at least 5. Equal
#   seeds must give equal models.
# * `predict_adder(state, a, b)` returns scores of the 10 digits at every position, for any number of positions.
#
# **Advice.** Digits are names, not sizes: encode them one-hot (20 inputs for two digits). 64 hidden units, Adam, learning
# rate 0.01 decaying to 0, gradients clipped at 1, batches of 64. Fewer than 1000 updates are usually not enough for
# 8000 pairs (20 epochs are 2500), and a small learning rate does not get there either. The simple recurrent network of
# question 2, `nn.GRU` and `nn.LSTM` can all do it; to compare them, make the kind a keyword argument with a default, as
# below (written question 2 needs it).
#
# **Grading.** Training on 8000 pairs of 7-digit numbers (8 positions) and testing on 1000 others; the share of sums with
# **all** digits right must reach 0.90 for full points and 0.50 for half of them.


# %%
def make_additions(num_pairs, digits, seed):
    """随机加法题，个位在前 / Random additions, least significant digit first.

    返回 returns a, b, s   (num_pairs, digits + 1) int64
    """
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randint(0, 10, (2, num_pairs, digits + 1), generator=generator)
    a[:, -1] = b[:, -1] = 0
    s, carry = torch.zeros_like(a), torch.zeros(num_pairs, dtype=torch.int64)
    for t in range(digits + 1):
        total = a[:, t] + b[:, t] + carry
        s[:, t], carry = total % 10, total // 10
    return a, b, s


# %% solution="hidden"
class AdderNet(torch.nn.Module):
    """One-hot 数字、循环层、线性层 / One-hot digits, a recurrent layer, a linear layer."""

    def __init__(self, cell, hidden):
        super().__init__()
        layer = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
        self.recurrent = layer(20, hidden, batch_first=True)
        self.readout = torch.nn.Linear(hidden, 10)

    def forward(self, a, b):
        digits = [torch.nn.functional.one_hot(x, 10) for x in (a, b)]
        x = torch.cat(digits, dim=-1).to(self.readout.weight.dtype)
        return self.readout(self.recurrent(x)[0])


# %%
def train_adder(a, b, s, *, seed, cell="gru", hidden=64, epochs=20, lr=0.01, batch_size=64):
    """训练一个循环网络做加法 / Train a recurrent network to add.

    a, b, s   (N, T)   int64   数字，个位在前，s = a + b / digits, least significant first
    seed      int              随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   predict_adder 需要的一切 all that predict_adder needs
        "history"   {"loss": list[float]}   每个 epoch 的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = AdderNet(cell, hidden).to(a.device)
    optimizer = torch.optim.Adam(net.parameters(), lr)
    steps = epochs * -(-len(a) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    history = {"loss": []}
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(a), generator=generator).to(a.device).split(batch_size):
            logits = net(a[rows], b[rows])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), s[rows].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        history["loss"].append(total / len(a))
    state = {"cell": cell, "hidden": hidden, **net.state_dict()}
    return {"state": state, "history": history}
    # END SOLUTION


# %%
def predict_adder(state, a, b):
    """给和的每一位打分 / Score every digit of the sums.

    state   dict      train_adder 返回的 as returned by train_adder
    a, b    (N, T')   int64   数字，个位在前，位数任意 digits, least significant first, any number of them

    返回 returns (N, T', 10)   logits
    """
    # BEGIN SOLUTION
    weights = {name: value for name, value in state.items() if name not in ("cell", "hidden")}
    net = AdderNet(state["cell"], state["hidden"]).to(a.device)
    net.load_state_dict(weights)
    with torch.no_grad():
        return net(a, b)
    # END SOLUTION


# %% active="ipynb"
# check_here("train_adder")

# %% [markdown] lang="zh"
# 先在 3 位数上看一看：损失是否下降？哪一位错得最多？

# %% [markdown] lang="en"
# A first look, with 3-digit numbers: does the loss fall, and which digits go wrong most?

# %% active="ipynb"
# trained = train_adder(*make_additions(5000, 3, seed=1), seed=0)
# a, b, s = make_additions(1000, 3, seed=2)
# correct = predict_adder(trained["state"], a, b).argmax(dim=-1) == s
#
# figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.5))
# left.semilogy(trained["history"]["loss"])
# left.set(xlabel="epoch", ylabel="training loss", title=f"all digits right: {correct.all(dim=1).float().mean():.3f}")
# right.bar(range(4), correct.float().mean(dim=0))
# right.set(xlabel="digit (0: ones)", ylabel="accuracy");

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 用 `make_additions(8000, 7, seed)` 训练简单循环网络、GRU、LSTM，种子 0、1 各一次（10 轮就够了，六次训练一共大约二十秒），
# 再在 $1,2,4,8,12,16,20,24$ 个位置的加法题上测试“全对”的比例（每种长度 500 题）。画一张图：横轴是位置数，纵轴是比例，
# 每个模型一条线，同一种类用同一颜色。然后回答：
#
# 1. 在训练时的长度（8）上，三种网络怎样？在 24 上呢？同一种网络的不同种子差别大吗？
# 2. 训练长度上全对，为什么不能保证更长的输入也对？想一想训练时状态见过什么、没见过什么。
# 3. 如果必须在 24 位上可靠，你会怎样改训练数据或模型？

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# Train the simple recurrent network, the GRU and the LSTM on `make_additions(8000, 7, seed)` with seeds 0 and 1 each
# (10 epochs are enough; the six runs take about twenty seconds). Then measure the share of sums with all digits right on
# additions of $1,2,4,8,12,16,20,24$ positions, 500 of each length. Plot it against the number of positions, one line for each
# model, one colour for each kind. Then answer:
#
# 1. How do the three kinds do at the length they were trained on (8), and at 24? Do seeds of one kind differ much?
# 2. Why does perfection at the training length not guarantee longer inputs? Think of what the state has met in
#    training and what it has not.
# 3. If it had to be reliable at 24 positions, how would you change the training data or the model?

# %% active="ipynb"
# # 图画在这里 / draw the figure here

# %% active="ipynb" solution="hidden"
# def share_right(state, positions):
#     """The share of additions with so many positions that are right in every digit."""
#     a, b, s = make_additions(500, positions - 1, seed=10_000 + positions)
#     return (predict_adder(state, a, b).argmax(dim=-1) == s).all(dim=1).float().mean().item()
#
#
# lengths = (1, 2, 4, 8, 12, 16, 20, 24)
# for cell, colour in (("rnn", "tab:red"), ("gru", "tab:blue"), ("lstm", "tab:green")):
#     for seed in range(2):
#         state = train_adder(*make_additions(8000, 7, seed), seed=seed, cell=cell, epochs=10)["state"]
#         shares = [share_right(state, positions) for positions in lengths]
#         plt.plot(lengths, shares, "o-", color=colour, label=cell if seed == 0 else None)
# plt.axvline(8, color="gray", linewidth=0.5)
# plt.xlabel("positions")
# plt.ylabel("share of sums with all digits right")
# plt.legend();

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 图与描述 2 分：长度 8 上三种都接近 1；24 上差别很大：LSTM 随种子可以是 0 到 1 之间的任何数，
# 简单循环网络大多明显下降，GRU 通常最稳。
# 原因 2 分：训练只约束前 8 步所到达的状态；更多步以后状态（特别是没有上界的 $c_t$）会漂移到没见过的区域，进位的判断在那里没有保证，
# 且误差会一步步累积；学到的不必是“两个状态的自动机”，可以是只在 8 步内有效的东西。改进 1 分，任一合理者：训练不同长度或更长的题，从随机的初始状态开始，
# 正则化或噪声使状态离散，以验证集上的长题选模型，等等。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Figure and description, 2 points: near 1 at length 8 for all; large differences at
# 24, where the LSTM may reach anything from 0 to 1 depending on the seed, the simple network mostly falls off clearly and the
# GRU is usually steadiest. Reason, 2 points: training only
# constrains the states that 8 steps reach; with more steps the state (the unbounded $c_t$ above all) drifts to where it has
# never been, nothing vouches for the carry there, and errors add up; what was learnt need not be an automaton
# with two states, it may be something that works for 8 steps. Remedy, 1 point for anything sensible: mixed or greater lengths in
# training, random initial states, noise or regularisation that makes states discrete, choosing models on long additions.
