"""Question 3: the convolutional layer."""

import torch

from grader import assert_close, check

# N, C, H, W, O, kh, kw, stride, padding
UNSTRIDED = (
    (2, 3, 7, 6, 4, 3, 2, 1, 1),
    (1, 1, 5, 5, 1, 3, 3, 1, 0),
    (1, 4, 6, 6, 2, 1, 1, 1, 0),
    (2, 3, 4, 5, 5, 4, 5, 1, 0),
    (2, 8, 6, 6, 8, 3, 3, 1, 1),
)
STRIDED = (
    (2, 2, 8, 9, 3, 3, 3, 2, 1),
    (3, 2, 7, 7, 2, 2, 3, 3, 2),
    (1, 2, 9, 8, 3, 3, 3, 2, 0),
)


def layer(draw, shape):
    """Input, kernels, biases, stride and padding."""
    n, c, height, width, o, kh, kw, stride, padding = shape
    x, w = draw.normal(n, c, height, width), draw.normal(o, c, kh, kw)
    return x, w, draw.normal(o), stride, padding


def upstream(draw, shape):
    """Upstream gradient, input, kernels, stride and padding."""
    n, _, height, width, o, kh, kw, stride, padding = shape
    x, w, _, _, _ = layer(draw, shape)
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    return draw.normal(n, o, rows, columns), x, w, stride, padding


@check("3a", points=6)
def test_forward(agree, draw):
    """步长为 1 时，卷积层的输出正确，核与图像的大小和内存布局各不相同
    the layer is right at stride 1, for various sizes of kernel and image and memory layouts"""
    for shape in UNSTRIDED:
        x, w, b, stride, padding = layer(draw, shape)
        agree("conv2d_forward", x, w, b, stride, padding)
    agree("conv2d_forward", draw.strided(x), draw.strided(w), draw.strided(b), stride, padding)


@check("3b", points=6)
def test_strided_forward(agree, draw):
    """步长为 2 和 3 时，卷积层的形状和输出正确
    shape and output of the layer are right at strides 2 and 3"""
    for shape in STRIDED:
        x, w, b, stride, padding = layer(draw, shape)
        agree("conv2d_forward", x, w, b, stride, padding)
        agree("conv2d_forward", draw.strided(x), w, b, stride, padding)


@check("3c", points=3)
def test_properties(student, draw):
    """平移输入，输出也平移；对输入和核都是线性的；1×1 的核就是通道之间的全连接层
    output moves with the input; linear in input and kernels; a 1×1 kernel is a dense layer"""
    forward = student.conv2d_forward
    x, w, b, stride, padding = layer(draw, (2, 3, 12, 10, 4, 3, 3, 2, 1))
    out = forward(x, w, b, stride, padding)
    moved = forward(x.roll((stride, stride), dims=(2, 3)), w, b, stride, padding)
    assert_close(
        moved[:, :, 2:, 2:],
        out[:, :, 1:-1, 1:-1],
        tolerance=1e-9,
        what="平移之后的内部 / the interior after the shift",
    )

    factor, more_x, more_w = draw.number(0.5, 2), draw.normal(*x.shape), draw.normal(*w.shape)
    none = torch.zeros_like(b)
    for both, other in (
        (forward(x + factor * more_x, w, none, 1, 1), forward(more_x, w, none, 1, 1)),
        (forward(x, w + factor * more_w, none, 1, 1), forward(x, more_w, none, 1, 1)),
    ):
        expected = forward(x, w, none, 1, 1) + factor * other
        assert_close(both, expected, tolerance=1e-9, what="线性 / linearity")

    pointwise = draw.normal(5, 3, 1, 1)
    dense = torch.einsum("nchw,oc->nohw", x, pointwise[:, :, 0, 0])
    result = forward(x, pointwise, torch.zeros(5, dtype=torch.float64), 1, 0)
    assert_close(result, dense, tolerance=1e-9, what="1×1 的核 / the 1×1 kernel")


@check("3d", points={"dx": 4, "dw": 3, "db": 2})
def test_backward(agree, draw):
    """步长为 1 时，dx、dw 和 db 分别正确
    dx, dw and db are right at stride 1, each on its own"""
    for shape in UNSTRIDED:
        dout, x, w, stride, padding = upstream(draw, shape)
        agree("conv2d_backward", dout, x, w, stride, padding)
    agree("conv2d_backward", draw.strided(dout), draw.strided(x), draw.strided(w), stride, padding)


@check("3e", points={"dx": 3, "dw": 2})
def test_strided_backward(agree, draw):
    """步长为 2 和 3 时，dx 和 dw 分别正确
    dx and dw are right at strides 2 and 3, each on its own"""
    gradients = agree.using(only=("dx", "dw"))
    for shape in STRIDED:
        dout, x, w, stride, padding = upstream(draw, shape)
        gradients("conv2d_backward", dout, x, w, stride, padding)
        gradients("conv2d_backward", draw.strided(dout), x, draw.strided(w), stride, padding)


@check("3f", points=3)
def test_adjoint(student, reference, draw):
    """反向是前向的伴随：与 dout 的内积既可以在输出上算，也可以在输入上、在核上算
    backward is the adjoint of forward: inner products agree on output, input and kernels"""
    for shape in UNSTRIDED[0], STRIDED[0]:
        dout, x, w, stride, padding = upstream(draw, shape)
        none = torch.zeros(len(w), dtype=torch.float64)
        product = (reference.conv2d_forward(x, w, none, stride, padding) * dout).sum()
        gradients = student.conv2d_backward(dout, x, w, stride, padding)
        products = {
            "dx": (x * gradients["dx"]).sum(),
            "dw": (w * gradients["dw"]).sum(),
            "db": gradients["db"],
        }
        expected = {"dx": product, "dw": product, "db": torch.einsum("nohw->o", dout)}
        assert_close(products, expected, tolerance=1e-9, what="内积 / the inner products")
