"""Which operators of PyTorch give a forbidden interface away when it runs.

Measured with a `TorchDispatchMode` on PyTorch 2.13 (CPU). Inside `inference_mode` composite
functions show under their own name (`aten.conv2d`, `aten.gru`), outside they are decomposed
(`aten.convolution`; `nn.GRU` into products and sigmoids that anybody may use), so both names are
listed and the tripwire sees more inside `inference_mode`. The names with `cudnn`, `miopen` and
`_thnn` are those of GPUs.

An operator convicts only if a *function* that runs through it is forbidden: where only the module
(`nn.Conv2d`) is, the operator cannot tell it from its function and static reading must.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from grader.interfaces import expand, matches

_NORM = (
    *("aten.batch_norm", "aten.native_batch_norm", "aten._native_batch_norm_legit"),
    *("aten._batch_norm_with_update", "aten._batch_norm_impl_index"),
    *("aten.cudnn_batch_norm", "aten.miopen_batch_norm"),
)
_NLL = (
    *("aten.nll_loss", "aten.nll_loss_nd", "aten.nll_loss_forward"),
    *("aten.nll_loss2d", "aten.nll_loss2d_forward"),
)
_CONVOLUTION = (
    *("aten.convolution", "aten.convolution_overrideable", "aten._convolution"),
    *("aten.cudnn_convolution", "aten.mkldnn_convolution", "aten.thnn_conv2d"),
)
_LSTM = ("aten.lstm", "aten.mkldnn_rnn_layer", "aten._cudnn_rnn", "aten._thnn_fused_lstm_cell")
_GRU = ("aten.gru", "aten._cudnn_rnn", "aten._thnn_fused_gru_cell")

_OPERATORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # convolution
        "F.conv1d": ("aten.conv1d", *_CONVOLUTION),
        "F.conv2d": ("aten.conv2d", *_CONVOLUTION),
        "F.conv3d": ("aten.conv3d", *_CONVOLUTION),
        "F.conv_transpose1d": ("aten.conv_transpose1d", *_CONVOLUTION),
        "F.conv_transpose2d": ("aten.conv_transpose2d", *_CONVOLUTION),
        "F.conv_transpose3d": ("aten.conv_transpose3d", *_CONVOLUTION),
        "F.unfold": ("aten.im2col",),
        "F.fold": ("aten.col2im",),
        # pooling
        "F.max_pool1d": (
            *("aten.max_pool1d", "aten.max_pool1d_with_indices"),
            "aten.max_pool2d_with_indices",
        ),
        "F.max_pool2d": ("aten.max_pool2d", "aten.max_pool2d_with_indices"),
        "F.max_pool3d": ("aten.max_pool3d", "aten.max_pool3d_with_indices"),
        "F.avg_pool1d": ("aten.avg_pool1d", "aten.avg_pool2d"),
        "F.avg_pool2d": ("aten.avg_pool2d",),
        "F.avg_pool3d": ("aten.avg_pool3d",),
        "F.adaptive_avg_pool1d": ("aten.adaptive_avg_pool1d", "aten._adaptive_avg_pool2d"),
        "F.adaptive_avg_pool2d": ("aten.adaptive_avg_pool2d", "aten._adaptive_avg_pool2d"),
        "F.adaptive_avg_pool3d": ("aten.adaptive_avg_pool3d", "aten._adaptive_avg_pool3d"),
        "F.adaptive_max_pool1d": ("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d"),
        "F.adaptive_max_pool2d": ("aten.adaptive_max_pool2d",),
        "F.adaptive_max_pool3d": ("aten.adaptive_max_pool3d",),
        "F.fractional_max_pool2d": ("aten.fractional_max_pool2d",),
        "F.fractional_max_pool3d": ("aten.fractional_max_pool3d",),
        "F.max_unpool2d": ("aten.max_unpool2d",),
        # normalisation and dropout
        "F.batch_norm": _NORM,
        "torch.var_mean": ("aten.var_mean",),
        "F.instance_norm": ("aten.instance_norm",),
        "F.layer_norm": ("aten.layer_norm", "aten.native_layer_norm"),
        "F.group_norm": ("aten.group_norm", "aten.native_group_norm"),
        "F.rms_norm": ("aten.rms_norm", "aten._fused_rms_norm"),
        "F.dropout": ("aten.dropout", "aten.dropout_", "aten.native_dropout"),
        "torch.native_dropout": ("aten.native_dropout",),
        "F.alpha_dropout": ("aten.alpha_dropout",),
        "F.dropout2d": ("aten.feature_dropout",),
        # losses
        "F.cross_entropy": ("aten.cross_entropy_loss", *_NLL),
        "F.nll_loss": _NLL,
        "F.mse_loss": ("aten.mse_loss",),
        "F.l1_loss": ("aten.l1_loss",),
        "F.smooth_l1_loss": ("aten.smooth_l1_loss",),
        "F.huber_loss": ("aten.huber_loss",),
        "F.binary_cross_entropy": ("aten.binary_cross_entropy",),
        "F.binary_cross_entropy_with_logits": ("aten.binary_cross_entropy_with_logits",),
        "F.kl_div": ("aten.kl_div",),
        "F.poisson_nll_loss": ("aten.poisson_nll_loss",),
        "F.soft_margin_loss": ("aten.soft_margin_loss",),
        "F.multi_margin_loss": ("aten.multi_margin_loss",),
        "F.logsigmoid": ("aten.log_sigmoid", "aten.log_sigmoid_forward"),
        # layers and activations
        "F.linear": ("aten.linear",),
        "F.bilinear": ("aten.bilinear", "aten._trilinear"),
        "F.embedding": ("aten.embedding",),
        "F.softmax": ("aten.softmax", "aten._softmax"),
        "F.log_softmax": ("aten.log_softmax", "aten._log_softmax"),
        "F.softplus": ("aten.softplus",),
        "torch.logsumexp": ("aten.logsumexp",),
        "F.scaled_dot_product_attention": (
            "aten.scaled_dot_product_attention",
            "aten._scaled_dot_product_flash_attention",
            "aten._scaled_dot_product_flash_attention_for_cpu",
            "aten._scaled_dot_product_efficient_attention",
            "aten._scaled_dot_product_attention_math",
        ),
        # recurrent modules, whose functions have no public name
        "nn.LSTM": _LSTM,
        "nn.GRU": _GRU,
        "nn.RNN": ("aten.rnn_tanh", "aten.rnn_relu", "aten._cudnn_rnn"),
        "nn.LSTMCell": ("aten.lstm_cell", "aten._thnn_fused_lstm_cell"),
        "nn.GRUCell": ("aten.gru_cell", "aten._thnn_fused_gru_cell"),
        "nn.RNNCell": ("aten.rnn_tanh_cell", "aten.rnn_relu_cell"),
        "nn.utils.rnn.pack_padded_sequence": ("aten._pack_padded_sequence",),
        # Fourier transforms
        **{
            f"torch.fft.{name}": (f"aten.fft_{name}", f"aten._fft_{kind}")
            for kind, names in {
                "c2c": ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn"),
                "r2c": ("rfft", "rfft2", "rfftn", "ihfft"),
                "c2r": ("irfft", "irfft2", "irfftn", "hfft"),
            }.items()
            for name in names
        },
    }
)


def forbidden_operators(patterns: Iterable[str]) -> frozenset[str]:
    """The operators, as "aten.convolution", that forbidden interfaces run through."""
    full = expand(patterns)
    return frozenset(
        operator
        for interface, operators in _OPERATORS.items()
        if matches(expand([interface])[0], full)
        for operator in operators
    )


def interfaces_of(operator: str) -> tuple[str, ...]:
    """The interfaces known to run through `operator`, as patterns write them."""
    return tuple(name for name, operators in _OPERATORS.items() if operator in operators)
