"""Question 2: descent on a square, numerical gradients."""

from grader import Text, assert_close, check


@check("2a", points=4)
def test_gd_on_square(agree, draw):
    """各种形状的起点，轨迹都正确
    the path is right for starts of any shape"""
    for shape, lr in ((2, 3), 0.9), ((4,), 0.25), ((), 0.1):
        agree("gd_on_square", draw.normal(*shape), lr, draw.integer(5, 21))


@check("2b", points=3)
def test_regimes(agree, draw):
    """学习率很特殊或一步也不走时，轨迹仍然正确
    the path is right for special learning rates, and when no step is taken"""
    for lr in 0.0, 0.5, 1.0, 1.1:
        agree("gd_on_square", draw.normal(3), lr, 10)
    agree("gd_on_square", draw.normal(3), 0.3, 0)


@check("2c", points=1)
def test_rows_are_copies(student, draw):
    """轨迹的每一行都是自己的副本：第 0 行还是起点，后面的行不等于前面的行
    every row of the path is its own copy: row 0 is still the start, later rows differ"""
    theta0 = draw.normal(3)
    path = student.gd_on_square(theta0, 0.3, 4)
    assert_close(path[0], theta0, what=Text("第 0 行", "row 0"))
    assert_close(path[1:], 0.4 * path[:-1], what=Text("后面的行", "the later rows"))


@check("2d", points=4)
def test_numerical_gradient(agree, draw):
    """中心差分的值正确：检验的是公式本身，所以步长取得很大
    the central difference is right; large steps, for the formula is tested, not its limit"""
    for degree, h in (1, 0.5), (2, 0.1), (3, 0.25), (4, 0.5), (5, 0.1):
        coef = [draw.number(-2, 2) for _ in range(degree + 1)]
        agree("numerical_gradient", coef, draw.normal(4), h)


@check("2e", points=2)
def test_order_of_the_error(student, draw, expect):
    """误差随步长的平方变化，三次函数的误差恰好是已知的
    the error goes with the square of the step, and for a cubic it is known exactly"""
    theta = draw.uniform(4, low=1, high=2)
    h = draw.number(0.1, 0.3)

    cubic = student.numerical_gradient([0.0, 0.0, 0.0, 1.0], theta, h)
    assert_close(
        cubic - 3 * theta**2, 0 * theta + h**2, tolerance=1e-9, what=Text("误差", "the error")
    )

    wide, narrow = (
        student.numerical_gradient([0.0, 0.0, 0.0, 0.0, 1.0], theta, step) - 4 * theta**3
        for step in (h, h / 2)
    )
    expect(
        ((wide / narrow - 4).abs() <= 0.2).all(),
        "步长减半时，四次函数的误差没有变成原来的四分之一。",
        "Halving the step did not divide the error of a quartic by four.",
    )
