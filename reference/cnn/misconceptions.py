"""What goes wrong in assignment cnn: one plain mistake per variant, with the sentence that names it.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does.
"""

import torch

from grader.catalogue import misconception

# Question 1: sizes, receptive fields, parameters


@misconception(
    zh="两侧都要补零，应为 n+2p。",
    en="Padding is on both sides: n + 2p.",
    words="padding counted once, n + p",
    words_zh="只算一侧的填充 n+p",
)
def conv_output_size__padding_counted_once(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@misconception(
    zh="少了 1：起点 0 的窗口也算一个，除完要加 1。",
    en="One too few: the window at 0 counts as well, so add 1 after the division.",
    words="the formula without + 1",
    words_zh="没有加 1 的公式",
)
def conv_output_size__plus_one_missing(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@misconception(
    zh="除不尽时向下取整，最后不完整的窗口被丢弃。",
    en="Round down: an incomplete last window is dropped.",
    words="the quotient rounded up",
    words_zh="商向上取整",
)
def conv_output_size__ceil_not_floor(size, kernel, stride, padding, dilation):
    return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


@misconception(
    zh="没有用到 dilation：带空洞的核盖住 d(k-1)+1 个位置，不是 k 个。",
    en="The dilation is not used: a dilated kernel covers d(k-1)+1 positions, not k.",
    words="a kernel without dilation",
    words_zh="没有空洞的核",
)
def conv_output_size__dilation_ignored(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


@misconception(
    zh="k 个权重之间只有 k-1 个间隔：带空洞的核盖住 d(k-1)+1 个位置，不是 dk 个。",
    en="There are k-1 gaps between k weights: a dilated kernel covers d(k-1)+1 positions, not d·k.",
    words="d·k for the extent of the kernel",
    words_zh="把核的范围当作 d·k",
)
def conv_output_size__dilation_times_kernel(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@misconception(
    zh="计算本层感受野时应使用之前各层步长的乘积，本层步长只影响后面的层。",
    en="Use the product of the strides of the earlier layers; this layer's stride only matters for "
    "later ones.",
    words="each layer's own stride applied to its own kernel",
    words_zh="本层的步长用到了本层的核上",
)
def receptive_field__jump_after(layers):
    size, jump = 1, 1
    for layer in layers:
        jump *= layer["stride"]
        size += layer["dilation"] * (layer["kernel"] - 1) * jump
    return {"size": size, "stride": jump}


@misconception(
    zh="前面各层的步长没有起作用：每层增加的是 d(k-1) 乘以之前各层步长的乘积。",
    en="The strides of earlier layers have no effect: a layer adds d(k-1) times their product.",
    words="receptive fields that ignore strides",
    words_zh="不考虑步长的感受野",
)
def receptive_field__no_jump(layers):
    size, jump = 1, 1
    for layer in layers:
        size += layer["dilation"] * (layer["kernel"] - 1)
        jump *= layer["stride"]
    return {"size": size, "stride": jump}


@misconception(
    zh="每层增加的是 k-1 个间隔，不是 k 个：k=1 的层不增加感受野。",
    en="A layer adds k-1 gaps, not k: a layer with k=1 does not widen the receptive field.",
    words="k in place of k-1",
    words_zh="用 k 代替 k-1",
)
def receptive_field__k_not_k1(layers):
    size, jump = 1, 1
    for layer in layers:
        size += layer["dilation"] * layer["kernel"] * jump
        jump *= layer["stride"]
    return {"size": size, "stride": jump}


@misconception(
    zh="没有用到 dilation：空洞为 d 的核跨过 d(k-1) 个间隔。",
    en="The dilation is not used: a kernel with dilation d spans d(k-1) gaps.",
    words="kernels without dilation",
    words_zh="没有空洞的核",
)
def receptive_field__no_dilation(layers):
    size, jump = 1, 1
    for layer in layers:
        size += (layer["kernel"] - 1) * jump
        jump *= layer["stride"]
    return {"size": size, "stride": jump}


@misconception(
    zh="各层的步长应当相乘，不是相加。",
    en="The strides of the layers multiply; they do not add up.",
    words="strides added up",
    words_zh="把步长相加",
)
def receptive_field__sum_stride(layers):
    size, jump = 1, 1
    for layer in layers:
        size += layer["dilation"] * (layer["kernel"] - 1) * jump
        jump += layer["stride"] - 1
    return {"size": size, "stride": jump}


def _shape_after(layer, shape):
    channels, height, width = shape
    if layer["type"] == "linear":
        return [layer["out"], 1, 1]
    around = 2 * layer.get("padding", 0) - layer["kernel"]
    sizes = [(size + around) // layer["stride"] + 1 for size in (height, width)]
    return [layer.get("out", channels), *sizes]


def _stages(layers, shape):
    """Every layer with the shapes before and after it."""
    for layer in layers:
        after = _shape_after(layer, shape)
        yield layer, shape, after
        shape = after


def _weights(layer, before):
    channels, height, width = before
    if layer["type"] == "conv":
        return layer["out"] * channels * layer["kernel"] ** 2
    return layer["out"] * channels * height * width if layer["type"] == "linear" else 0


def _biases(layer):
    return layer["out"] if layer.get("bias") else 0


def _counted(layers, input_shape, weights=_weights, params=None, macs=None):
    """The totals, one of the three rules being replaced."""
    total = {"params": 0, "macs": 0, "output_shape": list(input_shape)}
    for layer, before, after in _stages(layers, input_shape):
        many = weights(layer, before)
        total["params"] += params(layer, many, after) if params else many + _biases(layer)
        total["macs"] += macs(layer, many, before, after) if macs else many * after[1] * after[2]
        total["output_shape"] = after
    return total


@misconception(
    zh="漏了偏置：有偏置的层，每个输出通道还有一个参数。",
    en="The biases are missing: a layer with bias has one more parameter per output channel.",
    words="parameters without biases",
    words_zh="不含偏置的参数量",
)
def count_parameters__bias_not_counted(layers, input_shape):
    return _counted(layers, input_shape, params=lambda layer, weights, after: weights)


@misconception(
    zh="每个卷积核都有 C_in 个通道，参数量漏乘了输入通道数。",
    en="Every filter has C_in channels: the input channels are missing in the count.",
    words="filters with one channel, out·k·k weights",
    words_zh="只有一个通道的核，out·k·k 个权重",
)
def count_parameters__input_channels_ignored(layers, input_shape):
    def weights(layer, before):
        if layer["type"] == "conv":
            return layer["out"] * layer["kernel"] ** 2
        return _weights(layer, before)

    return _counted(layers, input_shape, weights=weights)


@misconception(
    zh="计算量恰好是 2 倍：一次乘法连同后面的加法算一次乘加，不算两次运算。",
    en="Twice the cost: a product with the addition that follows is one multiply-accumulate, not "
    "two operations.",
    words="two operations per product",
    words_zh="每个乘积算两次运算",
)
def count_parameters__flops_not_macs(layers, input_shape):
    def macs(layer, weights, before, after):
        return 2 * weights * after[1] * after[2]

    return _counted(layers, input_shape, macs=macs)


@misconception(
    zh="计算量要乘输出的高和宽：窗口有多少个，每个权重就用多少次。",
    en="Multiply by height and width of the output: each weight is used once per window.",
    words="height and width of the input in the cost",
    words_zh="计算量用了输入的高和宽",
)
def count_parameters__macs_with_input_size(layers, input_shape):
    def macs(layer, weights, before, after):
        return weights * before[1] * before[2] if layer["type"] == "conv" else weights

    return _counted(layers, input_shape, macs=macs)


@misconception(
    zh="每个输出通道只有一个偏置，所有位置共用，不是每个位置一个。",
    en="There is one bias per output channel, shared by all positions, not one per position.",
    words="one bias per output position",
    words_zh="每个输出位置一个偏置",
)
def count_parameters__bias_per_position(layers, input_shape):
    def params(layer, weights, after):
        return weights + _biases(layer) * after[1] * after[2]

    return _counted(layers, input_shape, params=params)


# Question 2: convolution in two dimensions


def _slid(img, kernel, mode, wide=None):
    """The cross-correlation; `wide` gives the zeros of mode "wide" for a side of the kernel."""
    wide = wide or (lambda side: side - 1)
    pads = {"narrow": lambda side: 0, "same": lambda side: side // 2, "wide": wide}
    rows, columns = (pads[mode](side) for side in kernel.shape)
    padded = torch.nn.functional.pad(img, (columns, columns, rows, rows))
    windows = padded.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
    return torch.einsum("hwij,ij->hw", windows, kernel)


def _rotated(kernel, flip):
    return kernel.flip(0, 1) if flip else kernel


@misconception(
    zh="flip=True 时要把核旋转 180°，你算的是互相关。",
    en="With flip=True the kernel is rotated by 180°; you computed a cross-correlation.",
    words="a kernel that is never rotated",
    words_zh="从不旋转的核",
)
def convolve2d__kernel_never_flipped(img, kernel, mode, flip):
    return _slid(img, kernel, mode)


@misconception(
    zh="flip=False 时是互相关，核不旋转；你总是旋转了它。",
    en="With flip=False it is a cross-correlation and the kernel stays as it is; yours is always "
    "rotated.",
    words="a kernel that is always rotated",
    words_zh="总是旋转的核",
)
def convolve2d__kernel_always_flipped(img, kernel, mode, flip):
    return _slid(img, kernel.flip(0, 1), mode)


@misconception(
    zh="flip 用反了：True 是卷积（旋转核），False 是互相关（不旋转）。",
    en="flip is the wrong way round: True is convolution (rotated kernel), False cross-correlation.",
    words="flip the wrong way round",
    words_zh="flip 的含义用反了",
)
def convolve2d__flip_inverted(img, kernel, mode, flip):
    return _slid(img, _rotated(kernel, not flip), mode)


@misconception(
    zh="核只在一个方向翻转了，需要上下和左右都翻转。",
    en="The kernel was flipped along one axis only; flip both.",
    words="a kernel flipped along one axis only",
    words_zh="只在一个方向翻转的核",
)
def convolve2d__flipped_one_axis_only(img, kernel, mode, flip):
    return _slid(img, kernel.flip(0) if flip else kernel, mode)


@misconception(
    zh="旋转 180° 不是转置：应上下、左右各翻转一次（kernel.flip(0, 1)）。",
    en="Rotating by 180° is not transposing: flip up-down and left-right (kernel.flip(0, 1)).",
    words="a kernel transposed instead of rotated",
    words_zh="用转置代替旋转",
)
def convolve2d__kernel_transposed_instead_of_flipped(img, kernel, mode, flip):
    return _slid(img, kernel.T if flip else kernel, mode)


@misconception(
    zh="宽卷积上下各补 u-1 行零、左右各补 v-1 列零，你补得太少。",
    en="Wide convolution has u-1 rows and v-1 columns of zeros on each side; yours has fewer.",
    words="k//2 zeros on each side in mode 'wide'",
    words_zh="wide 模式每侧只补 k//2 个零",
)
def convolve2d__wide_padding_too_small(img, kernel, mode, flip):
    return _slid(img, _rotated(kernel, flip), mode, wide=lambda side: side // 2)


@misconception(
    zh="窗口里的乘积求和即可，不要除以核的元素个数。",
    en="Add up the products of a window; do not divide by the number of entries of the kernel.",
    words="the mean of the products of a window",
    words_zh="窗口内乘积的平均值",
)
def convolve2d__averaged(img, kernel, mode, flip):
    return _slid(img, _rotated(kernel, flip), mode) / kernel.numel()


# Question 3: the convolutional layer


def _zeros_around(x, padding):
    return torch.nn.functional.pad(x, (padding, padding, padding, padding))


def _correlated(x, w, stride):
    """The layer without padding and bias."""
    windows = x.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
    return torch.einsum("nchwij,ocij->nohw", windows, w)


def _per_channel(b):
    return b.reshape(1, -1, 1, 1)


@misconception(
    zh="卷积层用的是互相关，不需要翻转核。",
    en="A convolution layer is a cross-correlation: do not flip the kernel.",
    words="a true convolution in the layer",
    words_zh="在卷积层里做真正的卷积",
)
def conv2d_forward__kernel_flipped(x, w, b, stride, padding):
    return _correlated(_zeros_around(x, padding), w.flip(2, 3), stride) + _per_channel(b)


@misconception(
    zh="核的行和列交换了：w[o, c, i, j] 中 i 是行，j 是列。",
    en="Rows and columns of the kernel are exchanged: in w[o, c, i, j], i is the row, j the column.",
    words="transposed kernels",
    words_zh="转置的核",
)
def conv2d_forward__kernel_transposed(x, w, b, stride, padding):
    return _correlated(_zeros_around(x, padding), w.transpose(2, 3), stride) + _per_channel(b)


@misconception(
    zh="漏了偏置：每个输出通道要加上 b[o]。",
    en="The bias is missing: add b[o] to every output channel.",
    words="no bias",
    words_zh="没有偏置",
)
def conv2d_forward__bias_missing(x, w, b, stride, padding):
    return _correlated(_zeros_around(x, padding), w, stride)


@misconception(
    zh="零填充只加在一侧，应四周都加。",
    en="Zeros were added on one side only; pad all four sides.",
    words="zeros only below and on the right",
    words_zh="只在下方和右侧补零",
)
def conv2d_forward__padding_one_side(x, w, b, stride, padding):
    padded = torch.nn.functional.pad(x, (0, padding, 0, padding))
    return _correlated(padded, w, stride) + _per_channel(b)


@misconception(
    zh="只补了上下两侧，左右也要补零。",
    en="Zeros were added above and below only; pad left and right as well.",
    words="zeros above and below only",
    words_zh="只在上下补零",
)
def conv2d_forward__padding_rows_only(x, w, b, stride, padding):
    padded = torch.nn.functional.pad(x, (0, 0, padding, padding))
    return _correlated(padded, w, stride) + _per_channel(b)


@misconception(
    zh="没有用到 padding：卷积之前先在四周补零。",
    en="The padding is not used: surround the input with zeros first.",
    words="no padding",
    words_zh="没有填充",
)
def conv2d_forward__padding_ignored(x, w, b, stride, padding):
    return _correlated(x, w, stride) + _per_channel(b)


@misconception(
    zh="填充的应当是 0，你重复了边缘的像素。",
    en="Pad with zeros; you repeated the pixels of the border.",
    words="padding with the pixels of the border",
    words_zh="用边缘像素填充",
)
def conv2d_forward__padding_replicate(x, w, b, stride, padding):
    padded = torch.nn.functional.pad(x, (padding, padding, padding, padding), mode="replicate")
    return _correlated(padded, w, stride) + _per_channel(b)


@misconception(
    zh="没有用到 stride：窗口每次移动 stride 个像素。",
    en="The stride is not used: windows move by `stride` pixels.",
    words="stride 1",
    words_zh="步长为 1",
)
def conv2d_forward__stride_ignored(x, w, b, stride, padding):
    return _correlated(_zeros_around(x, padding), w, 1) + _per_channel(b)


@misconception(
    zh="输出的形状对了，但没有按步长跳着取窗口。",
    en="The shape is right, but the windows are not taken every `stride` pixels.",
    words="the result of stride 1 cut to the right shape",
    words_zh="步长为 1 的结果截取一角",
)
def conv2d_forward__stride_crop(x, w, b, stride, padding):
    every = _correlated(_zeros_around(x, padding), w, 1) + _per_channel(b)
    rows, columns = ((size - 1) // stride + 1 for size in every.shape[2:])
    return every[:, :, :rows, :columns]


@misconception(
    zh="没有对所有输入通道求和。",
    en="The sum over the input channels is missing.",
    words="the first input channel only",
    words_zh="只用了第一个输入通道",
)
def conv2d_forward__first_input_channel_only(x, w, b, stride, padding):
    padded = _zeros_around(x[:, :1], padding)
    return _correlated(padded, w[:, :1], stride) + _per_channel(b)


@misconception(
    zh="对输入通道应求和，你求了平均。",
    en="Add up the input channels; you averaged them.",
    words="the mean over the input channels",
    words_zh="对输入通道求平均",
)
def conv2d_forward__channels_averaged(x, w, b, stride, padding):
    summed = _correlated(_zeros_around(x, padding), w, stride)
    return summed / x.shape[1] + _per_channel(b)


@misconception(
    zh="偏置在每个输入通道上各加了一次，应在对通道求和之后加一次。",
    en="The bias was added once per input channel; add it once, after the sum over channels.",
    words="the bias added once per input channel",
    words_zh="每个输入通道各加一次偏置",
)
def conv2d_forward__bias_added_per_input_channel(x, w, b, stride, padding):
    summed = _correlated(_zeros_around(x, padding), w, stride)
    return summed + x.shape[1] * _per_channel(b)


def _padded_dx(dout, x, w, stride, padding, apart=None):
    """The gradient of the padded input; `apart` is the distance of the windows."""
    apart = apart or stride
    dx = torch.zeros_like(_zeros_around(x, padding))
    rows, columns = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            down, right = (slice(k, k + apart * n, apart) for k, n in ((i, rows), (j, columns)))
            dx[:, :, down, right] += torch.einsum("nohw,oc->nchw", dout, w[:, :, i, j])
    return dx


def _inner(padded, x, padding):
    """Without the rings of zeros."""
    bottom, right = padding + x.shape[2], padding + x.shape[3]
    return padded[:, :, padding:bottom, padding:right]


def _layer_gradients(dout, x, w, stride, padding):
    windows = _zeros_around(x, padding).unfold(2, w.shape[2], stride)
    windows = windows.unfold(3, w.shape[3], stride)
    return {
        "dx": _inner(_padded_dx(dout, x, w, stride, padding), x, padding),
        "dw": torch.einsum("nohw,nchwij->ocij", dout, windows),
        "db": dout.sum(dim=(0, 2, 3)),
    }


@misconception(
    zh="dx 中的核多翻转（或少翻转）了一次。",
    en="In dx the kernel was rotated once too often (or not at all).",
    words="dx with a kernel rotated once too often",
    words_zh="dx 中的核多旋转了一次",
)
def conv2d_backward__dx_kernel_flipped(dout, x, w, stride, padding):
    padded = _padded_dx(dout, x, w.flip(2, 3), stride, padding)
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dx": _inner(padded, x, padding)}


@misconception(
    zh="dx 的形状应与 x 相同：最后要去掉四周补的零。",
    en="dx has the shape of x: remove the rings of zeros in the end.",
    words="dx of the padded shape",
    words_zh="dx 带着填充",
)
def conv2d_backward__padding_not_cropped(dout, x, w, stride, padding):
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dx": _padded_dx(dout, x, w, stride, padding)}


@misconception(
    zh="去掉填充时应从 padding 处开始截取，而不是从 0 开始。",
    en="Remove the padding starting at index `padding`, not at 0.",
    words="the padding removed at the wrong corner",
    words_zh="从错误的一角去掉填充",
)
def conv2d_backward__crop_at_wrong_corner(dout, x, w, stride, padding):
    padded = _padded_dx(dout, x, w, stride, padding)
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dx": padded[:, :, : x.shape[2], : x.shape[3]]}


@misconception(
    zh="db 应对批次和空间位置求和。",
    en="db is a sum over batch and positions.",
    words="db as a mean over batch and positions",
    words_zh="db 对批次和位置求平均",
)
def conv2d_backward__db_mean_all(dout, x, w, stride, padding):
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "db": dout.mean(dim=(0, 2, 3))}


@misconception(
    zh="db 小了 N 倍：对批次应求和，不是求平均。",
    en="db is N times too small: add up the batch, do not average over it.",
    words="db averaged over the batch",
    words_zh="db 对批次求平均",
)
def conv2d_backward__db_mean_batch(dout, x, w, stride, padding):
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "db": dout.mean(dim=0).sum(dim=(1, 2))}


@misconception(
    zh="dw 小了 N 倍：对批次应求和，不是求平均。",
    en="dw is N times too small: add up the batch, do not average over it.",
    words="dw averaged over the batch",
    words_zh="dw 对批次求平均",
)
def conv2d_backward__dw_mean_batch(dout, x, w, stride, padding):
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dw": gradients["dw"] / len(x)}


@misconception(
    zh="窗口重叠处的梯度要累加（+=），你直接覆盖了。",
    en="Where windows overlap the gradients add up (+=); yours overwrite each other.",
    words="overlapping windows that overwrite dx",
    words_zh="重叠的窗口互相覆盖 dx",
)
def conv2d_backward__overwritten_not_accumulated(dout, x, w, stride, padding):
    padded = torch.zeros_like(_zeros_around(x, padding))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            top, left = i * stride, j * stride
            bottom, right = top + w.shape[2], left + w.shape[3]
            patch = torch.einsum("no,ocuv->ncuv", dout[:, :, i, j], w)
            padded[:, :, top:bottom, left:right] = patch
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dx": _inner(padded, x, padding)}


@misconception(
    zh="dx 中没有用到步长：第 (h, w) 个窗口从 (h·stride, w·stride) 开始。",
    en="dx ignores the stride: window (h, w) starts at (h·stride, w·stride).",
    words="dx with windows one pixel apart",
    words_zh="dx 中窗口的间距为 1",
)
def conv2d_backward__stride_ignored_in_dx(dout, x, w, stride, padding):
    padded = _padded_dx(dout, x, w, stride, padding, apart=1)
    gradients = _layer_gradients(dout, x, w, stride, padding)
    return {**gradients, "dx": _inner(padded, x, padding)}


# Question 4: pooling


def _pooled(windows, mode):
    return windows.amax(dim=(-2, -1)) if mode == "max" else windows.mean(dim=(-2, -1))


def _windows(x, kernel, stride):
    return x.unfold(2, kernel, stride).unfold(3, kernel, stride)


@misconception(
    zh="两种模式反了：'max' 取最大值，'avg' 取平均值。",
    en="The modes are exchanged: 'max' takes the maximum, 'avg' the mean.",
    words="max and avg exchanged",
    words_zh="max 与 avg 互换",
)
def pool2d_forward__max_avg_swapped(x, kernel, stride, mode):
    return _pooled(_windows(x, kernel, stride), {"max": "avg", "avg": "max"}[mode])


@misconception(
    zh="没有用到 stride：窗口每次移动 stride 个像素，不一定等于窗口的边长。",
    en="The stride is not used: windows move by `stride`, which need not be the kernel size.",
    words="windows that move by the kernel size",
    words_zh="步长总等于窗口的边长",
)
def pool2d_forward__stride_is_kernel(x, kernel, stride, mode):
    return _pooled(_windows(x, kernel, kernel), mode)


@misconception(
    zh="平均汇聚漏了除以窗口的元素个数 k²。",
    en="Average pooling lacks the division by the k² entries of a window.",
    words="the sum of a window in place of its mean",
    words_zh="窗口之和代替平均值",
)
def pool2d_forward__sum_not_average(x, kernel, stride, mode):
    windows = _windows(x, kernel, stride)
    return windows.sum(dim=(-2, -1)) if mode == "avg" else windows.amax(dim=(-2, -1))


@misconception(
    zh="不完整的窗口应当丢掉，你给它补零后也算了一个输出。",
    en="Incomplete windows are dropped; you filled them with zeros and kept them.",
    words="incomplete windows filled with zeros",
    words_zh="不完整的窗口补零后保留",
)
def pool2d_forward__zero_padded_ceil(x, kernel, stride, mode):
    below, right = (-(size - kernel) % stride for size in x.shape[2:])
    padded = torch.nn.functional.pad(x, (0, right, 0, below))
    return _pooled(_windows(padded, kernel, stride), mode)


@misconception(
    zh="窗口内全为负数时结果错误：最大值的初值不能是 0。",
    en="Wrong for all-negative windows: the running maximum must not start at 0.",
    words="a maximum that starts at 0",
    words_zh="最大值从 0 开始比较",
)
def pool2d_forward__max_starts_at_zero(x, kernel, stride, mode):
    pooled = _pooled(_windows(x, kernel, stride), mode)
    return pooled.clamp(min=0) if mode == "max" else pooled


def _gathered(shares, x, stride):
    """Adds the shares (N, C, Ho, Wo, k, k) of the windows' pixels up."""
    dx = torch.zeros_like(x)
    rows, columns, kernel = shares.shape[2], shares.shape[3], shares.shape[4]
    for i in range(kernel):
        for j in range(kernel):
            down, right = (slice(k, k + stride * n, stride) for k, n in ((i, rows), (j, columns)))
            dx[:, :, down, right] += shares[..., i, j]
    return dx


def _averages(dout, kernel):
    return (dout / kernel**2)[..., None, None].repeat(1, 1, 1, 1, kernel, kernel)


def _is_first_maximum(windows):
    """1 at the first maximum of each window, 0 elsewhere."""
    flat = windows.flatten(start_dim=-2)
    first = torch.nn.functional.one_hot(flat.argmax(dim=-1), flat.shape[-1])
    return first.reshape(windows.shape).to(windows.dtype)


def _shares(dout, x, kernel, stride, mode):
    if mode == "avg":
        return _averages(dout, kernel)
    return dout[..., None, None] * _is_first_maximum(_windows(x, kernel, stride))


@misconception(
    zh="有并列最大值时梯度只给第一个，否则梯度会被放大。",
    en="With ties the gradient goes to the first maximum only, otherwise it is multiplied.",
    words="the whole gradient for every tied maximum",
    words_zh="每个并列的最大值都得到整份梯度",
)
def pool2d_backward__all_ties_get_gradient(dout, x, kernel, stride, mode):
    shares = _shares(dout, x, kernel, stride, mode)
    if mode == "max":
        windows = _windows(x, kernel, stride)
        largest = windows == windows.amax(dim=(-2, -1), keepdim=True)
        shares = dout[..., None, None] * largest
    return _gathered(shares, x, stride)


@misconception(
    zh="有并列最大值时，本课程把整份梯度给第一个，不平分。",
    en="Among ties this course gives the whole gradient to the first maximum; it is not shared out.",
    words="the gradient shared out among tied maxima",
    words_zh="并列的最大值平分梯度",
)
def pool2d_backward__tie_gradient_split(dout, x, kernel, stride, mode):
    shares = _shares(dout, x, kernel, stride, mode)
    if mode == "max":
        windows = _windows(x, kernel, stride)
        largest = windows == windows.amax(dim=(-2, -1), keepdim=True)
        number = largest.sum(dim=(-2, -1), keepdim=True)
        shares = dout[..., None, None] * largest / number
    return _gathered(shares, x, stride)


@misconception(
    zh="窗口重叠时一个像素的各份梯度要累加（+=），你直接覆盖了。",
    en="Where windows overlap the gradients of a pixel add up (+=); yours overwrite each other.",
    words="overlapping windows that overwrite dx",
    words_zh="重叠的窗口互相覆盖 dx",
)
def pool2d_backward__overwritten_not_accumulated(dout, x, kernel, stride, mode):
    dx = torch.zeros_like(x)
    shares = _shares(dout, x, kernel, stride, mode)
    first = _is_first_maximum(_windows(x, kernel, stride)) > 0
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            top, left = i * stride, j * stride
            patch = dx[:, :, top : top + kernel, left : left + kernel]
            new = shares[:, :, i, j]
            if mode == "max":
                new = torch.where(first[:, :, i, j], new, patch)
            dx[:, :, top : top + kernel, left : left + kernel] = new
    return dx


@misconception(
    zh="平均汇聚的梯度要除以 k²：窗口里每个像素只得到一份。",
    en="Divide the gradient of average pooling by k²: each pixel of a window gets one share.",
    words="the gradient of average pooling without 1/k²",
    words_zh="平均汇聚的梯度没有除以 k²",
)
def pool2d_backward__average_not_divided(dout, x, kernel, stride, mode):
    shares = _shares(dout, x, kernel, stride, mode)
    return _gathered(kernel**2 * shares if mode == "avg" else shares, x, stride)


@misconception(
    zh="最大汇聚的梯度只给取到最大值的像素，你把它平均分给了整个窗口。",
    en="In max pooling only the pixel with the maximum gets the gradient; you spread it over the "
    "window.",
    words="the gradient of average pooling in mode 'max'",
    words_zh="在 max 模式用了平均汇聚的梯度",
)
def pool2d_backward__max_gradient_to_all(dout, x, kernel, stride, mode):
    return _gathered(_averages(dout, kernel), x, stride)


@misconception(
    zh="最大值对取到它的像素的导数是 1，不是像素的值：不要再乘 x。",
    en="The derivative of the maximum with respect to its pixel is 1, not the pixel's value: do not "
    "multiply by x.",
    words="the gradient multiplied by x",
    words_zh="梯度多乘了 x",
)
def pool2d_backward__max_gradient_times_input(dout, x, kernel, stride, mode):
    dx = _gathered(_shares(dout, x, kernel, stride, mode), x, stride)
    return dx * x if mode == "max" else dx
