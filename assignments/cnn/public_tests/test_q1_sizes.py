"""Question 1: sizes, receptive fields, parameters."""

from grader import assert_close, check


@check("p1a", points=0, functions=("conv_output_size",))
def test_conv_output_size(student):
    """三组大小、步长、填充和空洞
    three sets of size, stride, padding and dilation"""
    assert_close(student.conv_output_size(28, 5, 1, 2, 1), 28, what="(28, 5, 1, 2, 1)")
    assert_close(student.conv_output_size(7, 3, 2, 0, 1), 3, what="(7, 3, 2, 0, 1)")
    assert_close(student.conv_output_size(8, 3, 1, 2, 2), 8, what="(8, 3, 1, 2, 2)")


@check("p1b", points=0, functions=("receptive_field",))
def test_receptive_field(student):
    """两个 3×3 的层，第一层的步长为 1 或 2
    two 3×3 layers, the first with stride 1 or 2"""
    for stride, size in (1, 5), (2, 7):
        layers = [{"kernel": 3, "stride": s, "dilation": 1} for s in (stride, 1)]
        assert_close(student.receptive_field(layers), {"size": size, "stride": stride})


@check("p1c", points=0, functions=("count_parameters",))
def test_count_parameters(student):
    """一个卷积层、一个汇聚层、一个全连接层
    a convolution, a pooling and a dense layer"""
    layers = [
        {"type": "conv", "out": 6, "kernel": 5, "stride": 1, "padding": 2, "bias": True},
        {"type": "pool", "kernel": 2, "stride": 2},
        {"type": "linear", "out": 10, "bias": True},
    ]
    expected = {"params": 11926, "macs": 129360, "output_shape": [10, 1, 1]}
    assert_close(student.count_parameters(layers, [1, 28, 28]), expected)
