"""Hygiene, over everything that the other checks have called."""

from grader import check


@check("h1", points=1)
def test_dtype_and_device(hygiene):
    """结果的 dtype 和设备与输入相同
    results have the dtype and the device of the inputs"""
    hygiene.dtype_and_device()


@check("h2", points=1)
def test_arguments_unchanged(hygiene):
    """传入的参数没有被修改
    arguments are left unchanged"""
    hygiene.arguments_unchanged()


@check("h3", points=1)
def test_precision(hygiene):
    """输入 float64 时，结果有 float64 的精度
    float64 inputs give results of float64 precision"""
    hygiene.precision()


@check("h4", points=1)
def test_repeatable(hygiene):
    """相同的参数得到相同的结果，全局随机数状态不变
    equal arguments give equal results, and the global random state stays as it is"""
    hygiene.repeatable()
