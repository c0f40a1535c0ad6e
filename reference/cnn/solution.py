# %% [markdown] lang="zh"
# # 作业三：卷积神经网络
#
# 图像里的一只猫，挪动几个像素还是同一只猫。全连接网络并不知道这一点：每个像素各有各的权重，
# 同一个图案换了位置就得重新学一遍。卷积层让同一小块权重滑过整幅图像，汇聚层再忘掉确切的位置，
# 于是参数少了，平移也不怕了。这次作业里你将亲手写出卷积与汇聚的前向和反向计算，
# 最后训练一个网络，认出出现在任意位置的手写数字。
#
# **完成之后，你能够**
#
# * 区分互相关与卷积，算出一层的输出大小、感受野、参数量和计算量；
# * 推导并实现卷积层和汇聚层的前向与反向计算，用自动求导检验它们；
# * 用参数共享和汇聚解释：目标会移动时，卷积网络为什么胜过全连接网络。
#
# **参考章节**：nndl（邱锡鹏《神经网络与深度学习》）5.1–5.5；
# d2l（《动手学深度学习》中文第二版）第 6 章；Goodfellow 等《深度学习》第 9 章。

# %% [markdown] lang="en"
# # Assignment 3: Convolutional Neural Networks
#
# A cat in a picture is the same cat a few pixels further to the right. A fully connected network does not
# know that: every pixel has weights of its own, and a pattern has to be learned anew at every place. A
# convolutional layer slides one small block of weights over the whole image, and pooling forgets the exact
# position: fewer parameters, and no fear of translations. Here you write convolution and pooling, forward
# and backward, by hand, and in the end train a network that reads digits wherever they stand.
#
# **Afterwards you can**
#
# * tell cross-correlation from convolution, and compute output size, receptive field, parameters and cost;
# * derive and implement convolution and pooling in both directions, and test them against autograd;
# * explain by weight sharing and pooling why a convolutional network beats a dense one on objects that move.
#
# **Reading**: nndl (Qiu, *Neural Networks and Deep Learning*) 5.1–5.5; d2l (*Dive into Deep Learning*,
# section numbers of the Chinese second edition) chapter 6; Goodfellow et al., *Deep Learning*, chapter 9.

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
# 2. 不修改传入的参数（`x[...] = ...` 会改掉调用者的 `x`）；
# 3. 中间结果不丢精度：`torch.zeros(n)` 默认是 float32，请用 `x.new_zeros(n)` 或写明 `dtype=x.dtype`；
# 4. 相同的参数得到相同的结果，并且不动全局随机数状态；需要随机数时用 `torch.Generator().manual_seed(seed)`
#    （只有训练函数可以调用 `torch.manual_seed`）。
#
# **允许与禁止。** 第 1–4 题练的是自己写卷积，因此不得使用自动求导（`backward`、`torch.autograd`、`torch.func`、
# `requires_grad`）、`F.conv…`、`torch.conv…`、`nn.Conv…`、`F.unfold`、`F.fold`、`nn.Unfold`、`nn.Fold`、
# `F.…pool…`、`nn.…Pool…`、`torch.nn.grad`、`torch.fft` 和 `scipy`。可以用切片、张量的 `x.unfold(维, 大小, 步长)`、
# `F.pad`、`torch.einsum` 和矩阵乘法，也可以写循环。第 5 题什么都可以用，只是不得载入预训练的权重。
# 每次调用限时 10 秒，第 5 题的训练限时 60 秒。
#
# **记号。** $N$ 是批量大小，$C$ 是输入通道数，$O$ 是输出通道数，$H\times W$ 是图像的高和宽，$k_h\times k_w$ 是核的高和宽，
# $s$ 是步长，$p$ 是填充，$d$ 是空洞（膨胀率），$K$ 是类别数。图像的形状是 `(N, C, H, W)`，下标都从 0 数起；标签是 int64。
# 教材之间有一处约定不同，本课程这样取：
#
# | 内容 | 本课程 | 别处的写法 |
# |---|---|---|
# | 卷积 | 卷积层做互相关；`convolve2d(flip=True)` 才是真正的卷积（核旋转 180°） | nndl 式 5.6 与式 5.7 |
# | 全连接层 | 权重 `(输入, 输出)`，`x @ W + b`（d2l） | `(输出, 输入)`，`x @ W.T`（`nn.Linear`）；列向量 $Wx$（nndl） |

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
# 2. arguments are left unchanged (`x[...] = ...` changes the caller's `x`);
# 3. no precision is lost on the way: `torch.zeros(n)` is float32 by default, so use `x.new_zeros(n)` or
#    say `dtype=x.dtype`;
# 4. equal arguments give equal results, and the global random state stays untouched: draw from
#    `torch.Generator().manual_seed(seed)` (only a training function may call `torch.manual_seed`).
#
# **Allowed and forbidden.** Questions 1–4 are about writing convolutions yourself, so automatic differentiation
# (`backward`, `torch.autograd`, `torch.func`, `requires_grad`), `F.conv…`, `torch.conv…`, `nn.Conv…`, `F.unfold`,
# `F.fold`, `nn.Unfold`, `nn.Fold`, `F.…pool…`, `nn.…Pool…`, `torch.nn.grad`, `torch.fft` and `scipy` are forbidden
# there. Slices, the method `x.unfold(dim, size, step)` of tensors, `F.pad`, `torch.einsum` and matrix products are
# fine, and so are loops. In question 5 everything is allowed but pretrained weights. A call may take 10 seconds,
# training in question 5 60.
#
# **Notation.** $N$ images in a batch, $C$ input channels, $O$ output channels, images of $H\times W$ pixels, kernels of
# $k_h\times k_w$, stride $s$, padding $p$, dilation $d$, $K$ classes. Images have shape `(N, C, H, W)`, indices start at
# 0, labels are int64. Textbooks disagree on some points, and this course has chosen:
#
# | topic | this course | elsewhere |
# |---|---|---|
# | convolution | a layer is a cross-correlation; only `convolve2d(flip=True)` is a true convolution (kernel rotated by 180°) | nndl equation 5.6 against 5.7 |
# | dense layer | weights `(in, out)`, `x @ W + b` (d2l) | `(out, in)`, `x @ W.T` (`nn.Linear`); $Wx$ with columns (nndl) |

# %%
import torch

# %% active="ipynb"
# import matplotlib.pyplot as plt
# from sklearn.datasets import load_digits
#
# from grader import check_here

# %% [markdown] lang="zh"
# ## 第 1 题　大小、感受野与参数（17 分）
#
# 写代码之前先会算账：一层输出多大，一个单元看得到多远，一个网络有多少参数、要做多少次乘法。
#
# ### 1.1　输出大小
#
# 只看一个维度。长度 $n$ 的输入两侧各补 $p$ 个零，变成 $n+2p$。核有 $k$ 个权重，空洞为 $d$ 时相邻两个权重相距 $d$，
# 所以核盖住 $d(k-1)+1$ 个位置（$d=1$ 就是 $k$）。窗口从最左端出发，每次走 $s$ 步，只要整个窗口还在里面就算一个输出
# （nndl 5.1.3、5.5.2，d2l 6.3；Dumoulin 与 Visin 2016）：
#
# $$n_{\text{out}}=\Bigl\lfloor\frac{n+2p-d(k-1)-1}{s}\Bigr\rfloor+1$$
#
# **例。** $n=10,\ k=3,\ s=2,\ p=0,\ d=1$：窗口的起点是 $0,2,4,6$，起点 8 的窗口放不下，所以输出长度是 4。
# 公式给出 $\lfloor7/2\rfloor+1=4$。

# %% [markdown] lang="en"
# ## Question 1　Sizes, receptive fields, parameters (17 points)
#
# Before writing code, learn to keep the books: how large is the output of a layer, how far does a unit see, how many
# parameters has a network and how many products does it compute?
#
# ### 1.1　Output size
#
# Look at one dimension. An input of length $n$ gets $p$ zeros on both sides, which makes $n+2p$. The kernel has $k$
# weights; with dilation $d$ neighbouring weights are $d$ apart, so it covers $d(k-1)+1$ positions (just $k$ for $d=1$).
# The window starts at the left end and moves by $s$; every place where it fits entirely gives one output
# (nndl 5.1.3 and 5.5.2, d2l 6.3; Dumoulin and Visin 2016):
#
# $$n_{\text{out}}=\Bigl\lfloor\frac{n+2p-d(k-1)-1}{s}\Bigr\rfloor+1$$
#
# **Example.** $n=10,\ k=3,\ s=2,\ p=0,\ d=1$: windows start at $0,2,4,6$; the one at 8 does not fit, so the output has
# length 4. The formula says $\lfloor7/2\rfloor+1=4$.


# %%
def conv_output_size(size, kernel, stride, padding, dilation):
    """一个维度上的输出大小 / Size of the output along one dimension.

    size       int >= 1   输入大小 size of the input
    kernel     int >= 1   核的大小 size of the kernel
    stride     int >= 1   步长 stride
    padding    int >= 0   两侧各补的零 zeros on each side
    dilation   int >= 1   空洞 dilation

    返回 returns int
    """
    # BEGIN SOLUTION
    covered = dilation * (kernel - 1) + 1
    return (size + 2 * padding - covered) // stride + 1
    # END SOLUTION


# %% active="ipynb"
# check_here("conv_output_size")

# %% [markdown] lang="zh"
# ### 1.2　感受野
#
# 网络深处的一个单元，到底看到输入的多大一块？从输入往后一层一层推（d2l 6.2.6；Araujo 等 2019，*Distill*）。
# 记 $r_l$ 为第 $l$ 层一个单元的感受野（以输入像素计），$j_l$ 为该层相邻两个单元在输入上相距几个像素。
# 一开始 $r_0=1,\ j_0=1$。第 $l$ 层的一个单元看到上一层的 $k_l$ 个单元，首尾相隔 $d_l(k_l-1)$ 个单元，
# 也就是 $d_l(k_l-1)\,j_{l-1}$ 个像素：
#
# $$r_l=r_{l-1}+d_l(k_l-1)\,j_{l-1},\qquad j_l=s_l\,j_{l-1}$$
#
# **例。** 先是 $k=5,s=2$，再是 $k=3,s=1$（$d=1$）：$r_1=1+4\cdot1=5$，$j_1=2$；$r_2=5+2\cdot2=9$，$j_2=2$。
#
# 没有任何层时，一个单元就是一个像素。

# %% [markdown] lang="en"
# ### 1.2　Receptive field
#
# How large a patch of the input does a unit deep in the network see? Go through the layers from the input on
# (d2l 6.2.6; Araujo et al. 2019, *Distill*). Let $r_l$ be the receptive field of a unit of layer $l$ in input pixels, and
# $j_l$ the distance in input pixels between two neighbouring units of that layer. At the start $r_0=1,\ j_0=1$. A unit of
# layer $l$ sees $k_l$ units of the layer before; the first and the last are $d_l(k_l-1)$ units apart, which makes
# $d_l(k_l-1)\,j_{l-1}$ pixels:
#
# $$r_l=r_{l-1}+d_l(k_l-1)\,j_{l-1},\qquad j_l=s_l\,j_{l-1}$$
#
# **Example.** First $k=5,s=2$, then $k=3,s=1$ ($d=1$): $r_1=1+4\cdot1=5$ and $j_1=2$; $r_2=5+2\cdot2=9$ and $j_2=2$.
#
# Without any layer, a unit is a pixel.


# %%
def receptive_field(layers):
    """输出单元的感受野与间距 / Receptive field and distance of output units.

    layers   list[dict]   从输入到输出，每层 from input to output, each
                          {"kernel": int, "stride": int, "dilation": int}；可以为空 possibly empty

    返回 returns dict
        "size" int     一个输出单元看到的输入像素数（一个维度上）input pixels that an output unit sees, in one dimension
        "stride" int   相邻输出单元在输入上的间距 distance of neighbouring output units in the input
    """
    # BEGIN SOLUTION
    size, jump = 1, 1
    for layer in layers:
        size += layer["dilation"] * (layer["kernel"] - 1) * jump
        jump *= layer["stride"]
    return {"size": size, "stride": jump}
    # END SOLUTION


# %% active="ipynb"
# check_here("receptive_field")

# %% [markdown] lang="zh"
# 层数相同，感受野可以增长得很不一样。步长和空洞各自怎样起作用？（思考题二会用到。）

# %% [markdown] lang="en"
# With the same number of layers receptive fields can grow in very different ways. What do stride and dilation do?
# (Written question 2 comes back to this.)

# %% active="ipynb"
# depths = range(9)
# stacks = {
#     "3×3, stride 1": lambda depth: [(3, 1, 1)] * depth,
#     "5×5, stride 1": lambda depth: [(5, 1, 1)] * depth,
#     "3×3, every second layer with stride 2": lambda depth: [(3, 1 + i % 2, 1) for i in range(depth)],
#     "3×3, dilation 1, 2, 4, …": lambda depth: [(3, 1, 2**i) for i in range(depth)],
# }
# for name, stack in stacks.items():
#     sizes = [
#         receptive_field([dict(zip(("kernel", "stride", "dilation"), row)) for row in stack(depth)])["size"]
#         for depth in depths
#     ]
#     plt.semilogy(depths, sizes, "o-", label=name, base=2)
# plt.xlabel("layers")
# plt.ylabel("receptive field in pixels")
# plt.legend();

# %% [markdown] lang="zh"
# ### 1.3　参数量与计算量
#
# 卷积层的每个输出通道有一个 $C\times k\times k$ 的核和一个偏置（可以没有）；全连接层先把输入展平成 $CHW$ 个数。
# 一次“乘加”（MAC）是一次乘法连同它后面的加法，加偏置不算（nndl 5.4.1，d2l 6.4、6.6）：
#
# | 层 | 参数 | 乘加 | 输出 |
# |---|---|---|---|
# | 卷积 | $O\,C\,k^2\ (+\,O)$ | $O\,C\,k^2\cdot H'W'$ | $[O,H',W']$ |
# | 汇聚 | 0 | 0 | $[C,H',W']$ |
# | 全连接 | $O\cdot CHW\ (+\,O)$ | $O\cdot CHW$ | $[O,1,1]$ |
#
# $H',W'$ 由 1.1 给出（$d=1$，汇聚没有填充）。注意每个权重在 $H'W'$ 个位置上各用一次：卷积层的参数少，计算却不少。
#
# **例。** 输入 $[3,8,10]$，卷积层 $O=4,k=3,s=1,p=1$，有偏置：参数 $4\cdot27+4=112$，乘加 $108\cdot80=8640$，输出 $[4,8,10]$。
# 接上 $O=5$、没有偏置的全连接层：参数和乘加都是 $5\cdot320=1600$，输出 $[5,1,1]$。

# %% [markdown] lang="en"
# ### 1.3　Parameters and cost
#
# Every output channel of a convolutional layer has a $C\times k\times k$ kernel and possibly a bias; a dense layer first
# flattens its input into $CHW$ numbers. A multiply-accumulate (MAC) is a product together with the addition that follows;
# adding a bias is not counted (nndl 5.4.1, d2l 6.4 and 6.6):
#
# | layer | parameters | MACs | output |
# |---|---|---|---|
# | convolution | $O\,C\,k^2\ (+\,O)$ | $O\,C\,k^2\cdot H'W'$ | $[O,H',W']$ |
# | pooling | 0 | 0 | $[C,H',W']$ |
# | dense | $O\cdot CHW\ (+\,O)$ | $O\cdot CHW$ | $[O,1,1]$ |
#
# where $H',W'$ are those of 1.1 ($d=1$, no padding in pooling). Every weight is used at $H'W'$ positions: a convolution has
# few parameters, but it is not cheap.
#
# **Example.** Input $[3,8,10]$, convolution with $O=4,k=3,s=1,p=1$ and bias: $4\cdot27+4=112$ parameters, $108\cdot80=8640$
# MACs, output $[4,8,10]$. A dense layer with $O=5$ and no bias behind it has $5\cdot320=1600$ parameters and as many MACs, and
# output $[5,1,1]$.


# %%
def count_parameters(layers, input_shape):
    """网络的参数量、乘加次数与输出形状 / Parameters, multiply-accumulates and output shape of a network.

    layers        list[dict]   从输入到输出 from input to output, each one of
                  {"type": "conv", "out": int, "kernel": int, "stride": int, "padding": int, "bias": bool}
                  {"type": "pool", "kernel": int, "stride": int}
                  {"type": "linear", "out": int, "bias": bool}   先展平输入 flattens its input
    input_shape   [C, H, W]    整数列表 list of ints

    返回 returns dict
        "params" int               参数个数 number of parameters
        "macs" int                 一个样本的乘加次数，不计偏置 multiply-accumulates for one example, biases not counted
        "output_shape" [C, H, W]   全连接层之后是 after a dense layer [out, 1, 1]
    """
    # BEGIN SOLUTION
    params, macs = 0, 0
    channels, height, width = input_shape
    for layer in layers:
        if layer["type"] == "linear":
            weights = layer["out"] * channels * height * width
            height, width = 1, 1
        else:
            kernel, stride, padding = layer["kernel"], layer["stride"], layer.get("padding", 0)
            weights = layer.get("out", 0) * channels * kernel**2
            height, width = (
                conv_output_size(size, kernel, stride, padding, 1) for size in (height, width)
            )
        channels = layer.get("out", channels)
        params += weights + (layer["out"] if layer.get("bias") else 0)
        macs += weights * height * width
    return {"params": params, "macs": macs, "output_shape": [channels, height, width]}
    # END SOLUTION


# %% active="ipynb"
# check_here("count_parameters")

# %% [markdown] lang="zh"
# ## 第 2 题　二维卷积（9 分）
#
# 一幅灰度图 $x$（$H\times W$）和一个核 $w$（$u\times v$）。**互相关**把核原样放在窗口上，对应相乘再求和；
# **卷积**先把核旋转 180°（上下、左右各翻转一次）再做同样的事（nndl 5.1.1，式 5.6 与式 5.7；d2l 6.2；Goodfellow 9.1）：
#
# $$\text{互相关}\quad y_{ij}=\sum_{a=0}^{u-1}\sum_{b=0}^{v-1}w_{ab}\,x_{i+a,\,j+b},\qquad
#   \text{卷积}\quad y_{ij}=\sum_{a=0}^{u-1}\sum_{b=0}^{v-1}w_{u-1-a,\,v-1-b}\,x_{i+a,\,j+b}$$
#
# 神经网络的核是学出来的，翻不翻转没有区别，所以卷积层都做互相关。但数学上的卷积有更好的性质，例如可以交换：$x*w=w*x$。
#
# 按照图像四周补多少零，分三种（nndl 5.1.3、5.1.4），步长都是 1：
#
# | `mode` | 上下各补 | 左右各补 | 输出 |
# |---|---|---|---|
# | `"narrow"` 窄 | 0 | 0 | $(H-u+1)\times(W-v+1)$ |
# | `"same"` 等宽（$u,v$ 为奇数） | $(u-1)/2$ | $(v-1)/2$ | $H\times W$ |
# | `"wide"` 宽 | $u-1$ | $v-1$ | $(H+u-1)\times(W+v-1)$ |
#
# **例。** $x=\begin{pmatrix}1&2\\3&4\end{pmatrix}$，$w=\begin{pmatrix}1&0\\0&-1\end{pmatrix}$，`"narrow"`：
# 互相关 $1-4=-3$，卷积 $4-1=3$。

# %% [markdown] lang="en"
# ## Question 2　Convolution in two dimensions (9 points)
#
# Take a grey image $x$ ($H\times W$) and a kernel $w$ ($u\times v$). **Cross-correlation** lays the kernel on a window as it is,
# multiplies and adds up; **convolution** first rotates the kernel by 180° (flips it up-down and left-right) and does the same
# (nndl 5.1.1, equations 5.6 and 5.7; d2l 6.2; Goodfellow 9.1):
#
# $$\text{cross-correlation}\quad y_{ij}=\sum_{a=0}^{u-1}\sum_{b=0}^{v-1}w_{ab}\,x_{i+a,\,j+b},\qquad
#   \text{convolution}\quad y_{ij}=\sum_{a=0}^{u-1}\sum_{b=0}^{v-1}w_{u-1-a,\,v-1-b}\,x_{i+a,\,j+b}$$
#
# The kernels of a network are learned, so flipping them makes no difference, and layers do cross-correlation. The convolution
# of mathematics has the nicer properties; for one, it commutes: $x*w=w*x$.
#
# There are three kinds, depending on the zeros around the image (nndl 5.1.3 and 5.1.4), all with stride 1:
#
# | `mode` | rows above and below | columns left and right | output |
# |---|---|---|---|
# | `"narrow"` | 0 | 0 | $(H-u+1)\times(W-v+1)$ |
# | `"same"` (odd $u,v$) | $(u-1)/2$ | $(v-1)/2$ | $H\times W$ |
# | `"wide"` | $u-1$ | $v-1$ | $(H+u-1)\times(W+v-1)$ |
#
# **Example.** $x=\begin{pmatrix}1&2\\3&4\end{pmatrix}$ and $w=\begin{pmatrix}1&0\\0&-1\end{pmatrix}$, `"narrow"`: the
# cross-correlation is $1-4=-3$, the convolution $4-1=3$.


# %%
def convolve2d(img, kernel, mode, flip):
    """步长为 1 的二维互相关或卷积 / Two-dimensional cross-correlation or convolution with stride 1.

    img      (H, W)   float32 / float64   图像 image
    kernel   (u, v)   同 img as img       核 kernel
    mode     "narrow" | "same" | "wide"   填充方式 kind of padding
    flip     bool     False 互相关 cross-correlation；True 卷积 convolution（核旋转 180° kernel rotated）

    返回 returns   narrow (H-u+1, W-v+1)，same (H, W)，wide (H+u-1, W+v-1)
    """
    # BEGIN SOLUTION
    u, v = kernel.shape
    if flip:
        kernel = kernel.flip(0, 1)
    rows, columns = {"narrow": (0, 0), "same": (u // 2, v // 2), "wide": (u - 1, v - 1)}[mode]
    padded = torch.nn.functional.pad(img, (columns, columns, rows, rows))
    windows = padded.unfold(0, u, 1).unfold(1, v, 1)
    return (windows * kernel).sum(dim=(-2, -1))
    # END SOLUTION


# %% active="ipynb"
# check_here("convolve2d")

# %% [markdown] lang="zh"
# 手工设计的核能提取边缘。比较翻转与不翻转的结果：对 Sobel 核，旋转 180° 只是变号；模糊核则毫无变化。

# %% [markdown] lang="en"
# Kernels designed by hand find edges. Compare the two values of `flip`: rotating a Sobel kernel only changes the sign, and
# a blur does not notice.

# %% active="ipynb"
# digit = torch.tensor(load_digits().images[3], dtype=torch.float64)
# kernels = {
#     "horizontal edges": torch.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]], dtype=torch.float64),
#     "vertical edges": torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=torch.float64),
#     "blur": torch.full((3, 3), 1 / 9, dtype=torch.float64),
# }
# figure, panels = plt.subplots(2, 4, figsize=(11, 5.5), layout="constrained")
# for row, flip in zip(panels, (False, True)):
#     row[0].imshow(digit, cmap="gray")
#     row[0].set_title("image")
#     for panel, (name, kernel) in zip(row[1:], kernels.items()):
#         panel.imshow(convolve2d(digit, kernel, "same", flip), cmap="RdBu", vmin=-40, vmax=40)
#         panel.set_title(f"{name}, flip={flip}")
# for panel in panels.flat:
#     panel.axis("off")

# %% [markdown] lang="zh"
# ## 第 3 题　卷积层（32 分）
#
# ### 3.1　前向计算
#
# 卷积层有 $C$ 个输入通道和 $O$ 个输出通道。每个输出通道用自己的一组核与**所有**输入通道做互相关，加起来，再加**一次**偏置
# （nndl 5.2.1，d2l 6.4，Goodfellow 9.5）。记 $\tilde x$ 为四周补 $p$ 圈零的输入，
#
# $$y_{nohw}=b_o+\sum_{c=0}^{C-1}\sum_{i=0}^{k_h-1}\sum_{j=0}^{k_w-1}w_{ocij}\,\tilde x_{n,\,c,\,hs+i,\,ws+j}$$
#
# 输出的高和宽由 1.1 给出；放不下的窗口丢掉，所以最右边或最下面的几个像素可能根本没有被读到。
#
# **例。** $1\times1$ 的核没有邻域，在每个位置上就是一个从 $C$ 个通道到 $O$ 个通道的全连接层。
#
# **怎样写得快。** 四重循环也能在时限内完成。更快的做法是只对核的位置 $(i,j)$ 循环：所有窗口的第 $(i,j)$ 个像素合起来，
# 正是 $\tilde x$ 从 $(i,j)$ 开始、每隔 $s$ 取一个的切片。

# %% [markdown] lang="en"
# ## Question 3　The convolutional layer (32 points)
#
# ### 3.1　Forward
#
# A layer has $C$ input channels and $O$ output channels. Every output channel correlates **all** input channels with kernels of
# its own, adds them up, and adds its bias **once** (nndl 5.2.1, d2l 6.4, Goodfellow 9.5). With $\tilde x$ for the input
# surrounded by $p$ rings of zeros,
#
# $$y_{nohw}=b_o+\sum_{c=0}^{C-1}\sum_{i=0}^{k_h-1}\sum_{j=0}^{k_w-1}w_{ocij}\,\tilde x_{n,\,c,\,hs+i,\,ws+j}$$
#
# Height and width of the output are those of 1.1. Windows that do not fit are dropped, so a few pixels at the right or at the
# bottom may never be read.
#
# **Example.** A $1\times1$ kernel has no neighbourhood: at every position it is a dense layer from $C$ to $O$ channels.
#
# **How to make it fast.** Four nested loops stay within the time limit. Faster is a loop over the positions $(i,j)$ of the kernel
# alone: pixel $(i,j)$ of all windows together is the slice of $\tilde x$ that starts at $(i,j)$ and takes every $s$-th pixel.


# %%
def conv2d_forward(x, w, b, stride, padding):
    """卷积层的输出（互相关）/ Output of a convolutional layer, a cross-correlation.

    x         (N, C, H, W)     float32 / float64   输入 input
    w         (O, C, kh, kw)   同 x as x           核 kernels
    b         (O,)             同 x as x           偏置 biases
    stride    int >= 1         步长，两个方向相同 stride in both directions
    padding   int >= 0         四周补零的圈数 rings of zeros around the image

    返回 returns (N, O, Ho, Wo)
    """
    # BEGIN SOLUTION
    kh, kw = w.shape[2:]
    padded = torch.nn.functional.pad(x, (padding,) * 4)
    rows = (padded.shape[2] - kh) // stride + 1
    columns = (padded.shape[3] - kw) // stride + 1
    out = b.reshape(1, -1, 1, 1).repeat(len(x), 1, rows, columns)
    for i in range(kh):
        for j in range(kw):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            out += torch.einsum("nchw,oc->nohw", padded[:, :, down, right], w[:, :, i, j])
    return out
    # END SOLUTION


# %% active="ipynb"
# check_here("conv2d_forward")

# %% [markdown] lang="zh"
# ### 3.2　反向计算
#
# 已知损失对输出的导数 $\delta_{nohw}=\partial\mathcal L/\partial y_{nohw}$（`dout`），求对 $x,w,b$ 的导数。
# 前向的式子里每个量都是一次的，所以逐项照抄即可（nndl 5.3，Goodfellow 9.5）：
#
# $$\frac{\partial\mathcal L}{\partial b_o}=\sum_{n,h,w}\delta_{nohw},\qquad
#   \frac{\partial\mathcal L}{\partial w_{ocij}}=\sum_{n,h,w}\delta_{nohw}\,\tilde x_{n,\,c,\,hs+i,\,ws+j}$$
#
# $$\frac{\partial\mathcal L}{\partial\tilde x_{ncPQ}}=\sum_{o}\ \sum_{(h,i):\,hs+i=P}\ \sum_{(w,j):\,ws+j=Q}w_{ocij}\,\delta_{nohw}$$
#
# 最后一式看着复杂，做起来简单：一个像素出现在几个窗口里，就收到几份梯度，**加起来**。
# 从 0 开始，对每个窗口（或每个核位置）把 $w\,\delta$ 加到它读过的那些像素上。最后去掉补的零：$x$ 在 $\tilde x$ 中从第 $p$ 行、第 $p$ 列开始。
#
# 步长为 1 时，它恰好是 $\delta$ 与 $w$ 的**宽卷积**（真正的、翻转的卷积）：前向做互相关，反向就做卷积（nndl 5.3.1）。
#
# **例。** $x$ 是 $3\times3$ 的 $0,1,\dots,8$，$w=\begin{pmatrix}0&1\\2&3\end{pmatrix}$，$s=1,\ p=0$，$\delta$ 全为 1。则
#
# $$\mathrm{dw}=\begin{pmatrix}8&12\\20&24\end{pmatrix},\qquad \mathrm{db}=4,\qquad
#   \mathrm{dx}=\begin{pmatrix}0&1&1\\2&6&4\\2&5&3\end{pmatrix}$$
#
# 中间的像素在四个窗口里，收到 $0+1+2+3=6$。

# %% [markdown] lang="en"
# ### 3.2　Backward
#
# Given the derivative of the loss with respect to the output, $\delta_{nohw}=\partial\mathcal L/\partial y_{nohw}$ (`dout`), find
# those with respect to $x,w,b$. Everything in the forward formula is of first order, so one copies term by term
# (nndl 5.3, Goodfellow 9.5):
#
# $$\frac{\partial\mathcal L}{\partial b_o}=\sum_{n,h,w}\delta_{nohw},\qquad
#   \frac{\partial\mathcal L}{\partial w_{ocij}}=\sum_{n,h,w}\delta_{nohw}\,\tilde x_{n,\,c,\,hs+i,\,ws+j}$$
#
# $$\frac{\partial\mathcal L}{\partial\tilde x_{ncPQ}}=\sum_{o}\ \sum_{(h,i):\,hs+i=P}\ \sum_{(w,j):\,ws+j=Q}w_{ocij}\,\delta_{nohw}$$
#
# The last formula is easier done than read: a pixel that lies in several windows receives several gradients, and they **add up**.
# Start from 0 and, for every window (or every position in the kernel), add $w\,\delta$ to the pixels that were read. In the end
# remove the zeros: $x$ begins at row $p$ and column $p$ of $\tilde x$.
#
# With stride 1 this is the **wide convolution** of $\delta$ and $w$, a true one with a rotated kernel: cross-correlation forward,
# convolution backward (nndl 5.3.1).
#
# **Example.** $x$ is $0,1,\dots,8$ as $3\times3$, $w=\begin{pmatrix}0&1\\2&3\end{pmatrix}$, $s=1,\ p=0$, and $\delta$ is 1 everywhere:
#
# $$\mathrm{dw}=\begin{pmatrix}8&12\\20&24\end{pmatrix},\qquad \mathrm{db}=4,\qquad
#   \mathrm{dx}=\begin{pmatrix}0&1&1\\2&6&4\\2&5&3\end{pmatrix}$$
#
# The pixel in the middle lies in four windows and receives $0+1+2+3=6$.


# %%
def conv2d_backward(dout, x, w, stride, padding):
    """卷积层的梯度 / Gradients of a convolutional layer.

    dout      (N, O, Ho, Wo)   float32 / float64   损失对输出的导数 derivative of the loss w.r.t. the output
    x         (N, C, H, W)     同 dout as dout     前向时的输入 input of the forward pass
    w         (O, C, kh, kw)   同 dout as dout     核 kernels
    stride    int >= 1         步长 stride
    padding   int >= 0         补零的圈数 rings of zeros

    返回 returns dict   "dx" (N, C, H, W), "dw" (O, C, kh, kw), "db" (O,)
    """
    # BEGIN SOLUTION
    height, width = x.shape[2:]
    rows, columns = dout.shape[2:]
    padded = torch.nn.functional.pad(x, (padding,) * 4)
    dpadded, dw = torch.zeros_like(padded), torch.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            down = slice(i, i + stride * rows, stride)
            right = slice(j, j + stride * columns, stride)
            dw[:, :, i, j] = torch.einsum("nohw,nchw->oc", dout, padded[:, :, down, right])
            dpadded[:, :, down, right] += torch.einsum("nohw,oc->nchw", dout, w[:, :, i, j])
    dx = dpadded[:, :, padding : padding + height, padding : padding + width]
    return {"dx": dx, "dw": dw, "db": dout.sum(dim=(0, 2, 3))}
    # END SOLUTION


# %% active="ipynb"
# check_here("conv2d_backward")

# %% [markdown] lang="zh"
# 在你的函数**之外**，自动求导是很好的裁判：取损失 $\sum\delta\odot y$，它对输出的导数正是 $\delta$。下面的误差应在 $10^{-12}$ 左右。

# %% [markdown] lang="en"
# **Outside** of your functions automatic differentiation is a fine referee: the loss $\sum\delta\odot y$ has $\delta$ as its
# derivative with respect to the output. The errors below should be about $10^{-12}$.

# %% active="ipynb"
# generator = torch.Generator().manual_seed(0)
# x, w, b = (
#     torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
#     for shape in ((2, 3, 7, 6), (4, 3, 3, 2), (4,))
# )
# y = torch.nn.functional.conv2d(x, w, b, stride=2, padding=1)
# delta = torch.randn(y.shape, generator=generator, dtype=torch.float64)
# (delta * y).sum().backward()
#
# mine = conv2d_backward(delta, x.detach(), w.detach(), 2, 1)
# print("forward", (conv2d_forward(x.detach(), w.detach(), b.detach(), 2, 1) - y.detach()).abs().max().item())
# for name, leaf in (("dx", x), ("dw", w), ("db", b)):
#     print(name, (mine[name] - leaf.grad).abs().max().item())

# %% [markdown] lang="zh"
# ## 第 4 题　汇聚层（16 分）
#
# ### 4.1　前向计算
#
# 汇聚层在每个通道上各自进行：每个 $k\times k$ 的窗口只留下一个数，最大值或平均值（nndl 5.2.2，d2l 6.5，Goodfellow 9.3）。
# 没有填充，放不下的窗口丢掉；步长可以小于 $k$（窗口重叠），也可以大于 $k$（窗口之间有空隙）。
#
# $$y_{nchw}=\max_{0\le i,j<k}x_{n,c,hs+i,ws+j}\qquad\text{或}\qquad y_{nchw}=\frac1{k^2}\sum_{0\le i,j<k}x_{n,c,hs+i,ws+j}$$
#
# **例。** $x=\begin{pmatrix}-1&-4&-2\\-3&-5&-6\end{pmatrix}$，$k=2,\ s=1$：最大汇聚 $(-1,-2)$，平均汇聚 $(-3.25,-4.25)$。

# %% [markdown] lang="en"
# ## Question 4　Pooling (16 points)
#
# ### 4.1　Forward
#
# Pooling works on every channel by itself: of each $k\times k$ window one number is left, the maximum or the mean
# (nndl 5.2.2, d2l 6.5, Goodfellow 9.3). There is no padding, and windows that do not fit are dropped; the stride may be smaller
# than $k$ (windows overlap) or larger (there are gaps).
#
# $$y_{nchw}=\max_{0\le i,j<k}x_{n,c,hs+i,ws+j}\qquad\text{or}\qquad y_{nchw}=\frac1{k^2}\sum_{0\le i,j<k}x_{n,c,hs+i,ws+j}$$
#
# **Example.** $x=\begin{pmatrix}-1&-4&-2\\-3&-5&-6\end{pmatrix}$ with $k=2,\ s=1$: max pooling gives $(-1,-2)$, average pooling
# $(-3.25,-4.25)$.


# %%
def pool2d_forward(x, kernel, stride, mode):
    """汇聚层的输出 / Output of a pooling layer.

    x        (N, C, H, W)    float32 / float64   输入 input
    kernel   int >= 1        正方形窗口的边长 side of the square window
    stride   int >= 1        步长 stride
    mode     "max" | "avg"   取最大值或平均值 maximum or mean

    返回 returns (N, C, Ho, Wo)   不完整的窗口丢掉 incomplete windows are dropped
    """
    # BEGIN SOLUTION
    windows = x.unfold(2, kernel, stride).unfold(3, kernel, stride)
    return windows.amax(dim=(-2, -1)) if mode == "max" else windows.mean(dim=(-2, -1))
    # END SOLUTION


# %% active="ipynb"
# check_here("pool2d_forward")

# %% [markdown] lang="zh"
# ### 4.2　反向计算
#
# 汇聚没有参数，只需求 $\mathrm{dx}$（nndl 5.3.1）。平均值对窗口里每个像素的导数都是 $1/k^2$。
# 最大值只随取到最大的那个像素变化，所以整份梯度给它；并列时本课程约定给**按行优先顺序的第一个**（PyTorch 在 CPU 上也是这样）。
# 窗口重叠时，一个像素收到的各份梯度相加。
#
# **例。** 上例中 $\delta=(10,20)$：最大汇聚的 $\mathrm{dx}=\begin{pmatrix}10&0&20\\0&0&0\end{pmatrix}$，
# 平均汇聚的 $\mathrm{dx}=\begin{pmatrix}2.5&7.5&5\\2.5&7.5&5\end{pmatrix}$。

# %% [markdown] lang="en"
# ### 4.2　Backward
#
# Pooling has no parameters; only $\mathrm{dx}$ is needed (nndl 5.3.1). The mean has derivative $1/k^2$ with respect to each pixel of
# its window. The maximum changes only with the pixel that attains it, which gets the whole gradient; among ties this course gives
# it to the **first one in row-major order** (as PyTorch does on a CPU). Where windows overlap, the gradients of a pixel add up.
#
# **Example.** As above with $\delta=(10,20)$: max pooling has $\mathrm{dx}=\begin{pmatrix}10&0&20\\0&0&0\end{pmatrix}$, average
# pooling $\mathrm{dx}=\begin{pmatrix}2.5&7.5&5\\2.5&7.5&5\end{pmatrix}$.


# %%
def pool2d_backward(dout, x, kernel, stride, mode):
    """汇聚层的梯度 / Gradient of a pooling layer.

    dout     (N, C, Ho, Wo)   float32 / float64   损失对输出的导数 derivative of the loss w.r.t. the output
    x        (N, C, H, W)     同 dout as dout     前向时的输入 input of the forward pass
    kernel   int >= 1         正方形窗口的边长 side of the square window
    stride   int >= 1         步长 stride
    mode     "max" | "avg"    取最大值或平均值 maximum or mean

    返回 returns (N, C, H, W)   并列最大时梯度给第一个 among ties the first gets the gradient
    """
    # BEGIN SOLUTION
    rows, columns = dout.shape[2:]
    windows = x.unfold(2, kernel, stride).unfold(3, kernel, stride)
    first = windows.flatten(start_dim=-2).argmax(dim=-1)
    dx = torch.zeros_like(x)
    for i in range(kernel):
        for j in range(kernel):
            share = dout * (first == i * kernel + j) if mode == "max" else dout / kernel**2
            dx[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride] += share
    return dx
    # END SOLUTION


# %% active="ipynb"
# check_here("pool2d_backward")

# %% [markdown] lang="zh"
# 汇聚为什么能忘掉位置？把一个数字移动一个像素，用同一个核做卷积，再做最大汇聚，看两次的特征图差多少。
# 最后一行对整幅图取最大值，只剩一个数：无论数字在哪里，它几乎不变。

# %% [markdown] lang="en"
# Why does pooling forget positions? Move a digit by one pixel, convolve both images with the same kernel, pool, and look how
# far apart the feature maps are. Pooling over the whole map leaves a single number, which hardly changes wherever the digit is.

# %% active="ipynb"
# canvas = torch.zeros(1, 1, 14, 14, dtype=torch.float64)
# canvas[0, 0, 3:11, 3:11] = digit
# edges = kernels["vertical edges"].reshape(1, 1, 3, 3)
#
# figure, panels = plt.subplots(2, 4, figsize=(11, 5.5), layout="constrained")
# for row, image in zip(panels, (canvas, canvas.roll(1, dims=3))):
#     feature = conv2d_forward(image, edges, torch.zeros(1, dtype=torch.float64), 1, 1).clamp(min=0)
#     pooled = pool2d_forward(feature, 2, 2, "max")
#     stages = {"image": image, "edges": feature, "2×2 max": pooled, "4×4 max": pool2d_forward(feature, 4, 4, "max")}
#     for panel, (name, stage) in zip(row, stages.items()):
#         panel.imshow(stage[0, 0], cmap="gray")
#         panel.set_title(name)
#         panel.axis("off")
#     print("maximum over the whole map:", feature.amax().item())

# %% [markdown] lang="zh"
# ## 第 5 题　认出会移动的数字（12 分）
#
# 每张 $8\times8$ 的手写数字放在 $14\times14$ 的空白画布上，位置随机（共 49 种）。线性模型的测试正确率只有 0.22 左右，
# 128 个隐藏单元的全连接网络约 0.71：它们得为每个位置分别学一套权重。卷积网络的卷积部分天生不在乎位置，
# 但是如果最后把特征图**展平**再接全连接层，位置又被写死了，只能到 0.89 左右。
# 让每个通道对整幅特征图取最大值（或平均值），再接线性层，就只问“有没有”，不问“在哪里”，这叫**全局汇聚**（Lin、Chen 与 Yan 2014；d2l 7.3）。
#
# **要做的。** `train_cnn` 训练，`predict_cnn` 用训练得到的 `state` 给新图像打分。一个够用的结构：
#
# > 卷积 $3\times3$、24 通道、填充 1 → ReLU → 最大汇聚 2 → 卷积 $3\times3$、48 通道、填充 1 → ReLU → 最大汇聚 2 → 全局最大汇聚 → 线性
#
# 用 Adam、学习率 $3\times10^{-3}$、批次大小 64、25 轮，一个 CPU 线程几秒钟就能到 0.95 以上。像素在 $[0,16]$ 之间，先除以 16。
#
# **约定。** 同一个 `seed` 必须得到同样的模型：随机数全部由它产生（这里可以用 `torch.manual_seed(seed)`）。
# 返回 `{"state": ..., "history": ...}`：`state` 是一个字典，值可以是张量、数、字符串或列表，存放 `predict_cnn` 需要的一切
# （不能是 `nn.Module`；用了 `nn.Module` 就返回它的 `state_dict()`，在 `predict_cnn` 里重建）；`history` 是 `{"loss": [...]}`，
# 每轮一个 Python 浮点数，至少 5 个。`predict_cnn` 是测试模式：一张图的得分与同一批里的其它图无关（用了批量归一化或 dropout 时要 `eval()`）。
#
# **评分。** 在你没见过的划分上训练和测试，图像整体翻转或旋转过，类别的编号打乱过；测试正确率达到 0.90 得 10 分，0.80 得 5 分。

# %% [markdown] lang="en"
# ## Question 5　Digits that move (12 points)
#
# Every $8\times8$ digit is put on an empty $14\times14$ canvas at a random place (there are 49). A linear model reaches an accuracy
# of about 0.22 on held-out images, a dense network with 128 hidden units about 0.71: they need weights of their own for every place.
# Convolutions do not care about places. But if the last feature maps are **flattened** and fed to a dense layer, positions are
# hard-wired again, and 0.89 or so is the end. Take the maximum (or the mean) of every channel over its whole map before the linear
# layer, and the network asks only whether there is something, not where: **global pooling** (Lin, Chen and Yan 2014; d2l 7.3).
#
# **What to do.** `train_cnn` trains, and `predict_cnn` scores new images with the `state` that training produced. An architecture that
# will do:
#
# > convolution $3\times3$, 24 channels, padding 1 → ReLU → max pooling 2 → convolution $3\times3$, 48 channels, padding 1 → ReLU → max
# > pooling 2 → global max pooling → linear
#
# With Adam, learning rate $3\times10^{-3}$, batches of 64 and 25 epochs, one CPU thread gets above 0.95 in a few seconds. Pixels lie in
# $[0,16]$: divide by 16 first.
#
# **Conventions.** Equal seeds must give equal models: all random numbers come from `seed` (`torch.manual_seed(seed)` is allowed here).
# Return `{"state": ..., "history": ...}`. The `state` is a dictionary of tensors, numbers, strings or lists with everything that
# `predict_cnn` needs (no `nn.Module`: if you use one, return its `state_dict()` and rebuild it in `predict_cnn`). The `history` is
# `{"loss": [...]}` with one Python float per epoch, at least 5. `predict_cnn` works in evaluation mode: the scores of an image do not
# depend on the other images of its batch (call `eval()` if you use batch normalisation or dropout).
#
# **Grading.** On a split that you have not seen, with all images flipped or rotated in the same way and classes renumbered, an accuracy
# of 0.90 earns 10 points and one of 0.80 earns 5.

# %% active="ipynb"
# def place(images, size, generator):
#     """Put every image at a random place of an empty square canvas: (N, h, w) → (N, 1, size, size)."""
#     count, height, width = images.shape
#     canvases = torch.zeros(count, 1, size, size)
#     tops = torch.randint(size - height + 1, (count,), generator=generator).tolist()
#     lefts = torch.randint(size - width + 1, (count,), generator=generator).tolist()
#     for canvas, image, top, left in zip(canvases, images, tops, lefts):
#         canvas[0, top : top + height, left : left + width] = image
#     return canvases
#
#
# digits = load_digits()
# images, labels = torch.tensor(digits.images, dtype=torch.float32), torch.tensor(digits.target)
# order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
# fit, held_out = order[:1200], order[1200:]
# moved = place(images, 14, torch.Generator().manual_seed(1))
#
# figure, panels = plt.subplots(1, 8, figsize=(12, 2))
# for panel, image, label in zip(panels, moved, labels):
#     panel.imshow(image[0], cmap="gray")
#     panel.set_title(label.item())
#     panel.axis("off")

# %% solution="hidden"


def _initial_weights(num_classes, generator):
    """Of two layers of 3×3 kernels and a linear layer, after He."""

    def normal(*shape, inputs):
        return torch.randn(shape, generator=generator) * (2 / inputs) ** 0.5

    return {
        "w1": normal(24, 1, 3, 3, inputs=9),
        "b1": torch.zeros(24),
        "w2": normal(48, 24, 3, 3, inputs=216),
        "b2": torch.zeros(48),
        "w3": normal(48, num_classes, inputs=48),
        "b3": torch.zeros(num_classes),
    }


def _feature_maps(x, kernels, biases):
    """Convolution, ReLU, 2×2 max pooling; the last two commute, and this order is cheaper."""
    maps = torch.nn.functional.conv2d(x, kernels, biases, padding=1)
    return torch.nn.functional.max_pool2d(maps, 2).relu()


def _digit_scores(weights, x):
    """Two stages of feature maps, the maximum over each map, a linear layer."""
    hidden = _feature_maps(x / 16, weights["w1"], weights["b1"])
    hidden = _feature_maps(hidden, weights["w2"], weights["b2"])
    return hidden.amax(dim=(2, 3)) @ weights["w3"] + weights["b3"]


# %%
def train_cnn(x, y, num_classes, *, seed, epochs=25, lr=3e-3, batch_size=64):
    """训练一个卷积网络 / Train a convolutional network.

    x             (N, 1, 14, 14)   float32   像素在 [0, 16] 之间 pixels in [0, 16]
    y             (N,)             int64     标签 labels
    num_classes   int              类别数 number of classes K
    seed          int              随机种子 seed of all random numbers

    返回 returns dict
        "state"     dict[str, Tensor | int | float | str | list]   predict_cnn 需要的一切 all that predict_cnn needs
        "history"   {"loss": list[float]}   每轮的训练损失 training loss per epoch
    """
    # BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    weights = {
        name: value.to(x.device).requires_grad_()
        for name, value in _initial_weights(num_classes, generator).items()
    }
    optimizer = torch.optim.Adam(weights.values(), lr=lr)
    history = {"loss": []}
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(y), generator=generator).to(y.device).split(batch_size):
            loss = torch.nn.functional.cross_entropy(_digit_scores(weights, x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history["loss"].append(total / len(y))
    return {"state": {k: v.detach() for k, v in weights.items()}, "history": history}
    # END SOLUTION


# %%
def predict_cnn(state, x):
    """给新图像打分 / Score new images.

    state   dict             train_cnn 返回的 as returned by train_cnn
    x       (N, 1, 14, 14)   float32   像素在 [0, 16] 之间 pixels in [0, 16]

    返回 returns (N, K)   logits，测试模式 evaluation mode
    """
    # BEGIN SOLUTION
    return _digit_scores(state, x)
    # END SOLUTION


# %% active="ipynb"
# check_here("train_cnn", "predict_cnn")

# %% [markdown] lang="zh"
# 看一看训练的过程：左边是损失，右边是测试正确率随数字所在位置的变化。处处都差不多亮，说明位置无所谓。

# %% [markdown] lang="en"
# Look at the result: the loss on the left, and on the right the accuracy on held-out digits at every place. If it is equally bright
# everywhere, places do not matter.

# %% active="ipynb"
# trained = train_cnn(moved[fit], labels[fit], 10, seed=0)
#
# everywhere = torch.zeros(7, 7)
# for top in range(7):
#     for left in range(7):
#         shifted = torch.nn.functional.pad(images[held_out], (left, 6 - left, top, 6 - top)).unsqueeze(1)
#         hits = predict_cnn(trained["state"], shifted).argmax(dim=1) == labels[held_out]
#         everywhere[top, left] = hits.float().mean()
#
# figure, (curve, atlas) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
# curve.semilogy(trained["history"]["loss"])
# curve.set(xlabel="epoch", ylabel="training loss")
# shown = atlas.imshow(everywhere, vmin=0.5, vmax=1)
# atlas.set(xlabel="left edge", ylabel="top edge", title=f"mean accuracy {everywhere.mean().item():.3f}")
# figure.colorbar(shown);

# %% [markdown] lang="zh"
# ## 思考题一（5 分）
#
# 用上面训练好的 `trained`：
#
# 1. 画出第一层的全部卷积核；
# 2. 取一张测试图像，把它向右移动两个像素（`x.roll(2, dims=3)`，数字不要碰到边缘），画出两张图像在第一层（ReLU 之后）的几个特征图；
# 3. 再画出（或算出）两张图像在最后的全局汇聚之后的特征，以及 logits。
#
# 然后回答：移动之后，第一层的特征图怎样变化？全局汇聚之后的特征和 logits 又怎样变化，为什么不是完全相等？

# %% [markdown] lang="en"
# ## Written question 1 (5 points)
#
# With `trained` from above:
#
# 1. Show all kernels of the first layer.
# 2. Take a held-out image, move it by two pixels to the right (`x.roll(2, dims=3)`, with a digit that does not touch the border), and
#    show some feature maps of the first layer (after the ReLU) for both images.
# 3. Show (or compute) the features of both images after the global pooling, and the logits.
#
# Then answer: how do the maps of the first layer change when the image moves? How do the pooled features and the logits change, and why
# are they not exactly equal?

# %% active="ipynb"
# # 图画在这里 / draw the figures here

# %% active="ipynb" solution="hidden"
# weights = trained["state"]
# before = torch.zeros(1, 1, 14, 14)
# before[0, 0, 3:11, 2:10] = images[held_out[0]]
# after = before.roll(2, dims=3)
#
# figure, panels = plt.subplots(3, 8, figsize=(12, 4.5), layout="constrained")
# for panel, kernel in zip(panels.flat, weights["w1"][:, 0]):
#     panel.imshow(kernel, cmap="RdBu", vmin=-1, vmax=1)
#     panel.axis("off")
#
# figure, panels = plt.subplots(2, 7, figsize=(12, 3.6), layout="constrained")
# for row, image in zip(panels, (before, after)):
#     maps = torch.relu(torch.nn.functional.conv2d(image / 16, weights["w1"], weights["b1"], padding=1))[0]
#     for panel, picture in zip(row, [image[0, 0], *maps[:6]]):
#         panel.imshow(picture, cmap="gray")
#         panel.axis("off")
# print("logits before", predict_cnn(weights, before)[0].tolist())
# print("logits after", predict_cnn(weights, after)[0].tolist())

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题一）。** 图 2 分：核与两组特征图齐全。第一层 1 分：特征图原样平移两个像素（等变），这一层步长为 1。
# 全局汇聚与 logits 2 分：几乎不变（不变性来自全局汇聚）；不完全相等，因为两次 2×2 汇聚的网格间距是 4 个像素，移动 2 个像素不是 4 的倍数，
# 窗口里的最大值换了组合；边缘的补零和被丢掉的最后一列也会带来差别。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 1).** Figures, 2 points: the kernels and both sets of maps. First layer, 1 point: the maps move by two
# pixels and stay the same otherwise (equivariance; stride 1). Pooled features and logits, 2 points: almost unchanged (invariance, due to
# the global pooling), but not exactly: after two poolings the grid is 4 pixels wide, a shift by 2 is no multiple of it, and windows group
# other pixels. The zeros at the border and the last column, which the second pooling drops, make a difference, too.

# %% [markdown] lang="zh"
# ## 思考题二（5 分）
#
# 画布越大，数字能出现的位置越多。在边长 8、10、12、14 的画布上（用上面的 `place`，训练集取 `fit`，测试集取 `held_out`），
# 比较线性模型、全连接网络和你的卷积网络的测试正确率，画成一张图，横轴是画布的边长。下面的 `train_dense` 训练前两种模型。
# 再用 `count_parameters` 算出三种模型在每种画布上的参数量，用 `receptive_field` 算出你的网络中最后一个卷积单元（全局汇聚之前）的感受野。然后回答：
#
# 1. 画布变大时，三种模型的参数量和正确率各怎样变化？
# 2. 卷积网络的参数少得多，为什么反而更好？在边长为 8 的画布上为什么差别不大？
# 3. 全局汇聚之前一个单元的感受野有多大？如果它远小于一个数字，会怎样？
#
# （如果你的网络只能接受 $14\times14$ 的输入，请为这道题另写一个与画布大小无关的版本。）

# %% [markdown] lang="en"
# ## Written question 2 (5 points)
#
# The larger the canvas, the more places a digit can take. On canvases of side 8, 10, 12 and 14 (use `place` from above, train on `fit`
# and test on `held_out`), compare the accuracy of a linear model, a dense network and your convolutional network in one figure, with the
# side of the canvas on the horizontal axis. `train_dense` below trains the first two. Compute with `count_parameters` the number of
# parameters of the three models on each canvas, and with `receptive_field` the receptive field of a unit of your network before the
# global pooling. Then answer:
#
# 1. How do parameters and accuracy of the three models change as the canvas grows?
# 2. The convolutional network has far fewer parameters. Why is it better all the same? Why is there little difference on a canvas of side 8?
# 3. How large is the receptive field before the global pooling? What would happen if it were much smaller than a digit?
#
# (If your network takes $14\times14$ inputs only, write another version for this question that does not depend on the size.)

# %% active="ipynb"
# def train_dense(x, y, num_classes, hidden, *, seed, epochs=20):
#     """A linear model (hidden = 0) or a network with one hidden layer; returns the trained module."""
#     torch.manual_seed(seed)
#     layers = [torch.nn.LazyLinear(num_classes)]
#     if hidden:
#         layers = [torch.nn.LazyLinear(hidden), torch.nn.ReLU(), *layers]
#     model = torch.nn.Sequential(torch.nn.Flatten(), *layers)
#     adam = None
#     for _ in range(epochs):
#         for chunk in torch.randperm(len(y)).split(64):
#             error = torch.nn.functional.cross_entropy(model(x[chunk] / 16), y[chunk])
#             adam = adam or torch.optim.Adam(model.parameters(), lr=3e-3)
#             model.zero_grad()
#             error.backward()
#             adam.step()
#     return model

# %% active="ipynb"
# # 图画在这里 / draw the figure here

# %% active="ipynb" solution="hidden"
# sides = (8, 10, 12, 14)
# scores = {"linear": [], "dense, 128 hidden units": [], "convolutional": []}
# for side in sides:
#     canvases = place(images, side, torch.Generator().manual_seed(side))
#     x, y = canvases[fit], labels[fit]
#     x_new, y_new = canvases[held_out], labels[held_out]
#     linear, dense = (train_dense(x, y, 10, hidden, seed=0) for hidden in (0, 128))
#     state = train_cnn(x, y, 10, seed=0, epochs=10)["state"]
#     outputs = (linear(x_new / 16), dense(x_new / 16), predict_cnn(state, x_new))
#     for values, output in zip(scores.values(), outputs):
#         values.append((output.argmax(dim=1) == y_new).float().mean().item())
# for name, values in scores.items():
#     plt.plot(sides, values, "o-", label=name)
# plt.xlabel("side of the canvas")
# plt.ylabel("accuracy on held-out digits")
# plt.legend()
#
# first = {"type": "conv", "out": 24, "kernel": 3, "stride": 1, "padding": 1, "bias": True}
# pool = {"type": "pool", "kernel": 2, "stride": 2}
# last = {"type": "linear", "out": 10, "bias": True}
# convolutions = count_parameters([first, pool, {**first, "out": 48}, pool], [1, 14, 14])["params"]
# print("convolutional:", convolutions + count_parameters([last], [48, 1, 1])["params"])
# for side in sides:
#     shape = [1, side, side]
#     two_layers = count_parameters([{**last, "out": 128}, last], shape)["params"]
#     print(side, "linear:", count_parameters([last], shape)["params"], "dense:", two_layers)
# stack = [(3, 1), (2, 2), (3, 1), (2, 2)]
# print(receptive_field([{"kernel": k, "stride": s, "dilation": 1} for k, s in stack]))

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# **评分要点（思考题二）。** 图 2 分。参数 1 分：线性 $10(S^2+1)$，全连接 $128(S^2+1)+1290$，随 $S^2$ 增长；卷积网络 11146，与画布无关；
# 前两种的正确率随画布急剧下降，卷积网络变化很小。解释 1 分：权重共享让一个位置学到的东西处处可用，全局汇聚去掉位置；边长 8 时只有一个位置，没有平移，
# 各模型都学得会。感受野 1 分：参考结构中全局汇聚之前是 10 个像素，盖得住一个 8×8 的数字；若小得多，每个单元只看到局部笔画，
# 全局汇聚又丢掉笔画之间的相对位置，正确率下降。

# %% [markdown] lang="en" solution="hidden"
# **Marking guide (written question 2).** Figure, 2 points. Parameters, 1 point: linear $10(S^2+1)$, dense $128(S^2+1)+1290$, both growing
# with $S^2$; the convolutional network has 11146 on any canvas; the accuracy of the first two drops sharply as the canvas grows, that of
# the last hardly moves. Explanation, 1 point: shared weights make what was learned at one place available everywhere, and global pooling
# removes the place; with side 8 there is one place only, no translation, and every model can learn it. Receptive field, 1 point: 10 pixels
# before the global pooling of the reference, enough for an 8×8 digit; were it much smaller, each unit would see a piece of a stroke, the
# global pooling would discard how strokes lie to each other, and accuracy would suffer.
