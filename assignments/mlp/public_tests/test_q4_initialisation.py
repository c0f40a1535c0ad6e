"""Question 4: initialisation."""

import torch

from grader import check

SHAPES = {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)}


@check("p4a", points=0, functions=("init_params",))
def test_shapes(student, expect):
    """宽度 [3, 4, 2] 的网络，参数的名字和形状
    names and shapes of the parameters for the sizes [3, 4, 2]"""
    for scheme in "he", "xavier":
        params = student.init_params([3, 4, 2], scheme, 0)
        for key, shape in SHAPES.items():
            value = params.get(key) if isinstance(params, dict) else None
            expect(
                torch.is_tensor(value) and tuple(value.shape) == shape,
                f"{scheme}：结果中 {key} 应是形状为 {shape} 的张量。",
                f"{scheme}: the result should have a tensor {key} of shape {shape}.",
            )
