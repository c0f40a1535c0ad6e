"""The comparers: what is the same, what is not, and what is said about it."""

import math

import pytest
import torch

from grader.codec import Opaque
from grader.compare import compare, conform, covers, error, floating_leaves, identical, leaves
from grader.tolerance import PRECISION, SINGLE, VALUE

T = torch.tensor
nan, inf = math.nan, math.inf


def f64(*values):
    return T(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1.5, f64(1.5).squeeze()),
        (f64(1.5).squeeze(), 1.5),
        (1, T(1.0)),
        (T(3, dtype=torch.int32), 3),
        (T([1, 2], dtype=torch.uint8), T([1, 2])),
        (f64(1, 2).float(), f64(1, 2)),
        (f64(1, 2).half(), f64(1, 2)),
        ([f64(1)], (f64(1),)),
        ({"b": 1.0, "a": "x"}, {"a": "x", "b": 1.0}),
        (True, T(True)),
        (None, None),
        (f64(inf, -inf, 1), f64(inf, -inf, 1)),
        (f64(1 + 1e-5, 0), f64(1, 0)),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        ([], ()),
        (f64(1.0, 2.0).requires_grad_(), f64(1.0, 2.0)),
        (T([-0.0]), T([0.0])),
    ],
)
def test_the_same(actual, expected):
    assert compare(actual, expected, tolerance=VALUE) == ()
    assert error(actual, expected) <= VALUE
    assert conform(actual, expected) is None


@pytest.mark.parametrize(
    ("actual", "expected", "kind", "leaf"),
    [
        (None, 1.0, "structure", ""),
        (Opaque("generator"), 1.0, "structure", ""),
        (Opaque("generator"), {"w": 1.0}, "structure", ""),
        ([1.0, 2.0], f64(1, 2), "structure", ""),
        (f64(1, 2), [1.0, 2.0], "structure", ""),
        ([1.0], [1.0, 2.0], "structure", ""),
        ({"w": 1.0}, {"w": 1.0, "b": 2.0}, "structure", "b"),
        ({"w": 1.0, "x": 2.0}, {"w": 1.0}, "structure", ""),
        ({"g": [1.0, {}]}, {"g": [1.0, {"b": 2.0}]}, "structure", "g[1].b"),
        ("1", 1, "structure", ""),
        (1, "1", "structure", ""),
        (0, None, "structure", ""),
        (True, 1.0, "dtype", ""),
        (True, 1, "dtype", ""),
        (1, True, "dtype", ""),
        (1.0, 1, "dtype", ""),
        (T(1), T(1.0), "dtype", ""),
        (T([1, 2]), f64(1, 2), "dtype", ""),
        (f64(1, 2), T([1, 2]), "dtype", ""),
        (T([True]), T([1]), "dtype", ""),
        (f64(1), f64(1).squeeze(), "shape", ""),
        (1, f64(1, 1), "shape", ""),
        (f64(1, 2), f64(1, 2).reshape(1, 2), "shape", ""),
        (f64(), f64(1), "shape", ""),
        (nan, 1.0, "nonfinite", ""),
        (nan, nan, "nonfinite", ""),
        (f64(nan, 1), f64(nan, 1), "nonfinite", ""),
        (inf, 1.0, "nonfinite", ""),
        (1e300, inf, "nonfinite", ""),
        (-inf, inf, "nonfinite", ""),
        (f64(1, inf), f64(inf, 1), "nonfinite", ""),
        (1e308, -1e308, "value", ""),
        (1e10, 1e-310, "value", ""),
        (1 + 1e-4, 1.0, "value", ""),
        (f64(0, 1e-4), f64(0, 0), "value", ""),
        ("a", "b", "exact", ""),
        (2, 3, "exact", ""),
        (2**63, 2**63 - 1, "exact", ""),
        (10**400, 5, "exact", ""),
        (T([2**53]), T([2**53 + 1]), "exact", ""),
        (False, True, "exact", ""),
        ((1.0, 2.0), (1.0, 3.0), "value", "[1]"),
        ({1: {"k": 2.0}}, {1: {"k": 3.0}}, "value", "[1].k"),
    ],
)
def test_not_the_same(actual, expected, kind, leaf):
    (found,) = compare(actual, expected, tolerance=VALUE)
    assert (found.kind, found.leaf) == (kind, leaf)
    assert error(actual, expected) > VALUE
    values = kind in ("nonfinite", "value", "exact")
    assert (conform(actual, expected) is None) == values


def test_the_error_is_relative_to_the_largest_entry():
    assert error(f64(1e-9, 1), f64(0, 1)) == pytest.approx(1e-9)
    assert error(f64(2e6), f64(1e6)) == pytest.approx(error(f64(2e-6), f64(1e-6)))
    assert error(f64(3), f64(1)) == pytest.approx(1)
    assert error(0.1, 0.0) == pytest.approx(0.1)
    assert error(2e-4, 1e-4, scale=1.0) == pytest.approx(1e-4, rel=1e-3)


def test_the_error_of_a_result_is_the_largest_over_its_leaves():
    assert error({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 1.0}) == pytest.approx(0.5)
    assert error({"a": 1.0, "b": 2}, {"a": 1.0, "b": 1}) == inf


def test_nan_may_equal_nan_only_when_asked():
    assert error(f64(nan, 1), f64(nan, 1)) == inf
    assert error(f64(nan, 1), f64(nan, 1), nan_equal=True) == 0
    assert error(f64(nan, 1), f64(1, nan), nan_equal=True) == inf
    assert error(nan, inf, nan_equal=True) == inf


def test_a_mismatch_says_where_and_how_many():
    expected = torch.ones(3, 4)
    actual = expected.clone()
    actual[1, 2], actual[2, 0] = 5, 2
    (found,) = compare({"w": actual, "b": 1.0}, {"w": expected, "b": 1.0}, tolerance=VALUE)
    assert (found.leaf, found.worst, found.off, found.total) == ("w", (1, 2), 2, 12)
    assert found.error == pytest.approx(2)
    assert "5" not in repr(found)


def test_infinite_entries_count_apart_from_wrong_ones():
    (found,) = compare(f64(nan, 7, 3), f64(1, 2, 3), tolerance=VALUE)
    assert (found.kind, found.worst, found.off) == ("nonfinite", (0,), 1)


def test_structure_comes_first():
    found = compare({"a": 2.0, "c": T([1.0])}, {"a": 1.0, "b": 1, "c": 1.0}, tolerance=VALUE)
    assert [(m.kind, m.leaf) for m in found] == [
        ("structure", "b"), ("shape", "c"), ("value", "a"),
    ]  # fmt: skip
    first = conform({"a": T([1.0]), "b": None}, {"a": 1.0, "b": 1.0})
    assert first is not None
    assert first.leaf == "b"


def test_only_some_leaves_but_the_shape_of_all():
    expected = {"path": f64(1, 2), "values": f64(1, 2)}
    assert (
        compare({**expected, "values": f64(3, 3)}, expected, tolerance=VALUE, only=("path",)) == ()
    )
    (found,) = compare(
        {"path": f64(0, 0), "values": f64(1)}, expected, tolerance=VALUE, only=("values",)
    )
    assert (found.kind, found.leaf) == ("shape", "values")
    grads = {"grads": {"w": 1.0}, "grad": 1.0}
    (found,) = compare({"grads": {"w": 2.0}, "grad": 2.0}, grads, tolerance=VALUE, only=("grads",))
    assert found.leaf == "grads.w"


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("w", "w", True), ("w", "w[1]", True), ("w", "w.x", True), ("", "w", True),
        ("w", "w2", False), ("w.x", "w", False),
    ],
)  # fmt: skip
def test_a_name_covers_the_leaves_below_it(name, path, expected):
    assert covers(name, path) is expected


@pytest.mark.parametrize("seed", range(20))
def test_correct_float32_results_with_permuted_sums_are_never_rejected(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(33, 257, generator=generator, dtype=torch.float32).double()
    w = torch.randn(257, 10, generator=generator, dtype=torch.float32).double()
    order = torch.randperm(257, generator=generator)
    expected = {"out": x @ w, "loss": (x @ w).square().mean()}
    single = x[:, order].float() @ w[order].float()
    actual = {"out": single, "loss": single.square().sum() / 330}
    assert compare(actual, expected, tolerance=SINGLE) == ()
    assert compare(actual, expected, tolerance=VALUE) == ()
    assert compare(actual, expected, tolerance=PRECISION) != ()
    double = x[:, order] @ w[order]
    assert compare(double, expected["out"], tolerance=PRECISION) == ()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (f64(nan), f64(nan), True),
        (nan, nan, True),
        (f64(0.0), f64(-0.0), False),
        (0.0, -0.0, False),
        (f64(1), f64(1).float(), False),
        (f64(1), f64(1).squeeze(), False),
        (torch.arange(6.0).reshape(2, 3).T, torch.arange(6.0).reshape(2, 3).T.contiguous(), True),
        (1, True, False),
        (1, 1.0, False),
        ([1, "a"], (1, "a"), True),
        ([1], [1, 1], False),
        ({"a": 1, "b": None}, {"b": None, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (Opaque("x"), Opaque("x"), True),
        (f64(1), 1.0, False),
        (torch.zeros(0), torch.zeros(0), True),
    ],
)
def test_identical_means_bit_for_bit(a, b, same):
    assert identical(a, b) is same


def test_leaves_and_their_dtypes():
    value = {"w": [f64(1), T([1])], "loss": 0.5, 3: {"b": T([1.0])}}
    assert [path for path, _ in leaves(value)] == ["w[0]", "w[1]", "loss", "[3].b"]
    found = [(f.path, f.dtype, f.device) for f in floating_leaves(value)]
    assert found == [("w[0]", torch.float64, "cpu"), ("[3].b", torch.float32, "cpu")]
