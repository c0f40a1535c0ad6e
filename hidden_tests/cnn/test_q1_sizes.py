"""Question 1: sizes, receptive fields, parameters."""

from grader import check


@check("1a", points=5)
def test_conv_output_size(agree, draw):
    """各种步长、填充和空洞，输出大小都正确，除得尽和除不尽时都对
    the output size is right for all strides, paddings and dilations, with and without remainder"""
    for stride, dilation in (1, 2), (2, 1), (3, 1), (1, 3), (3, 3):
        kernel, padding = draw.integer(2, 6), draw.integer(1, 3)
        size = draw.integer(13, 40)
        agree("conv_output_size", size, kernel, stride, padding, dilation)
        agree("conv_output_size", size + 1, kernel, stride, padding, dilation)
    agree("conv_output_size", draw.integer(5, 40), 1, 2, 0, 2)
    agree("conv_output_size", 5, 5, draw.integer(1, 4), 0, 1)


def stack(draw, strides, dilations):
    """Layers with these strides and dilations in random order, kernels of 2 to 5."""
    strides, dilations = (
        [options[k] for k in draw.permutation(len(options)).tolist()]
        for options in (strides, dilations)
    )
    return [
        {"kernel": draw.integer(2, 6), "stride": stride, "dilation": dilation}
        for stride, dilation in zip(strides, dilations, strict=True)
    ]


@check("1b", points=6)
def test_receptive_field(agree, draw):
    """各种深度的网络，感受野和间距都正确；没有任何层时也对
    receptive field and distance are right for networks of various depths, and for no layer"""
    agree("receptive_field", [])
    agree("receptive_field", stack(draw, [2], [draw.integer(1, 3)]))
    agree("receptive_field", stack(draw, [1, 2], [1, 2]))
    agree("receptive_field", stack(draw, [1, 2, 2, 2], [1, 1, 2, 2]))
    pointwise = {"kernel": 1, "stride": 2, "dilation": 2}
    agree("receptive_field", [*stack(draw, [1, 1, 2, 2, 1], [1, 1, 1, 2, 2]), pointwise])


@check("1c", points={"params": 3, "macs": 2, "output_shape": 1})
def test_count_parameters(agree, draw):
    """参数量、乘加次数和输出形状分别正确
    parameters, multiply-accumulates and output shape are right, each on its own"""
    for height, width, stride in (11, 8, 2), (20, 28, 1), (25, 33, 2):
        biases = (draw.permutation(3) > 0).tolist()
        layers = [
            {
                "type": "conv",
                "out": draw.integer(2, 9),
                "kernel": draw.choice((3, 5)),
                "stride": stride,
                "padding": draw.integer(1, 3),
                "bias": biases[0],
            },
            {"type": "pool", "kernel": draw.choice((2, 3)), "stride": 2},
            {
                "type": "conv",
                "out": draw.integer(2, 9),
                "kernel": 3,
                "stride": draw.choice((1, 2)),
                "padding": 1,
                "bias": biases[1],
            },
            {"type": "linear", "out": draw.integer(2, 11), "bias": biases[2]},
        ]
        agree("count_parameters", layers, [draw.integer(2, 5), height, width])
    agree("count_parameters", layers[:2], [draw.integer(2, 5), 12, 9])
