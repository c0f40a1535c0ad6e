"""Question 5: descent on a quadratic."""

import torch

from grader import check


def positive_definite(draw, size):
    """A symmetric matrix with eigenvalues in [0.5, 5], and the largest of them."""
    vectors, _ = torch.linalg.qr(draw.normal(size, size))
    eigenvalues = draw.uniform(size, low=0.5, high=5)
    A = vectors * eigenvalues @ vectors.T
    return (A + A.T) / 2, eigenvalues.max().item()


def problems(draw):
    for size, ratio, steps in (2, 0.9, 30), (5, 0.5, 20), (3, 1.3, 15):
        A, largest = positive_definite(draw, size)
        yield A, draw.normal(size), draw.normal(size), ratio / largest, steps


@check("5a", points=4)
def test_path(agree, draw):
    """轨迹正确
    the path is right"""
    for problem in problems(draw):
        agree.using(only=("path",))("gd_quadratic", *problem)


@check("5b", points=3)
def test_values(agree, draw):
    """轨迹上每一点的函数值正确
    the values of the function along the path are right"""
    for problem in problems(draw):
        agree.using(only=("values",))("gd_quadratic", *problem)


@check("5c", points=2)
def test_max_stable_lr(agree, draw):
    """使任何起点都收敛的最大学习率正确
    the largest learning rate that converges from every start is right"""
    bound = agree.using(only=("max_stable_lr",))
    for problem in problems(draw):
        bound("gd_quadratic", *problem)
    round_bowl = 4 * torch.eye(3, dtype=torch.float64)
    bound("gd_quadratic", round_bowl, draw.normal(3), draw.normal(3), 0.1, 5)
    bound("gd_quadratic", positive_definite(draw, 3)[0], draw.normal(3), draw.normal(3), 0.1, 0)


@check("5d", points=1)
def test_stability(student, draw, expect):
    """学习率低于临界值时函数值一直下降，高于临界值时一直上升
    values keep falling below the critical learning rate and keep rising above it"""
    A, largest = positive_definite(draw, 4)
    top = torch.linalg.eigh(A).eigenvectors[:, -1]
    for ratio, direction in (0.9, -1), (1.9, -1), (2.1, 1):
        values = student.gd_quadratic(A, 0 * top, top, ratio / largest, 60)["values"]
        expect(
            (direction * values.diff() > 0).all(),
            f"学习率为 {ratio}/λ_max 时，函数值应当一直{'上升' if direction > 0 else '下降'}。",
            f"At learning rate {ratio}/λ_max the values should keep "
            f"{'rising' if direction > 0 else 'falling'}.",
        )
