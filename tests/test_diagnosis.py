"""What is said about a wrong result, in which order, and what is never said."""

import math

import numpy as np
import pytest
import torch

from grader.catalogue import Catalogue, Misconception
from grader.codec import Opaque
from grader.compare import compare
from grader.diagnosis import (
    Observation,
    VariantOutputs,
    assert_close,
    digest,
    explain,
    misconception_diagnosis,
    name_misconceptions,
)
from grader.errors import WrongAnswer
from grader.result import Text
from grader.tolerance import PRECISION, VALUE

T = torch.tensor
nan, inf = math.nan, math.inf
G = torch.Generator().manual_seed(3)


def normal(*shape):
    return torch.randn(shape, generator=G, dtype=torch.float64)


X = normal(20, 5)
Y, M, C = normal(20), normal(4, 6), normal(2, 3, 4)


def diagnosis(actual, expected, arguments=(), others=(), hidden=True, tolerance=VALUE):
    found = compare(actual, expected, tolerance=tolerance)
    observation = Observation("f", arguments, actual, expected, False, found, "1a", tolerance)
    return explain(found[0], observation, others, hidden=hidden)


@pytest.mark.parametrize(
    ("actual", "expected", "code", "words"),
    [
        (None, 1.0, "structure.none", "return"),
        (Opaque("generator"), 1.0, "structure.type", "list(…)"),
        (Opaque("builtins.method"), 1.0, "structure.type", "parentheses"),
        (Opaque("numpy.ndarray"), Y, "structure.type", "from_numpy"),
        ([1.0], Y, "structure.type", "torch.stack"),
        (Y, {"w": Y, "b": 1.0}, "structure.type", "`w`, `b`"),
        ("1", 1, "structure.type", "should be a number"),
        ([1, 2], [1], "structure.length", "1 items and has more"),
        ([1], [1, 2, 3], "structure.length", "3 items and has fewer"),
        ({"w": 1.0, "x": 1.0}, {"w": 1.0}, "structure.extra_key", "`w`"),
        ({"w": 1.0}, {"w": 1.0, "loss": 1.0}, "structure.missing_key", "`loss`"),
        ({"Loss": 1.0}, {"loss": 1.0}, "structure.misspelt_key", "spelling"),
        ({"W": 1.0}, {"w": 1.0}, "structure.misspelt_key", "case"),
        ({"gradient": 1.0}, {"gradients": 1.0}, "structure.misspelt_key", "`gradients`"),
        (T([1, 2]), T([1.0, 2.0]), "dtype", "dtype of the input"),
        (Y, T([1, 2]), "dtype", ".long()"),
        (True, 1.0, "dtype", "floating"),
        (1.0, True, "dtype", "comparison"),
    ],
)
def test_structure_and_dtype(actual, expected, code, words):
    found = diagnosis(actual, expected)
    assert found.code == code
    assert words in f"{found.message.en} {found.hint.en if found.hint else ''}"


def test_a_hidden_key_or_type_of_the_student_is_not_quoted():
    secret = diagnosis({"loss12345": 1.0}, {"loss1234": 1.0})
    assert "12345" not in str(secret)
    assert "12345" in str(diagnosis({"loss12345": 1.0}, {"loss1234": 1.0}, hidden=False).hint)
    assert "12345" not in str(diagnosis(Opaque("main.C12345"), 1.0))
    assert "12345" not in str(diagnosis({"w": 1.0, "12345": 1.0}, {"w": 1.0}))


@pytest.mark.parametrize(
    ("mistake", "expected", "code", "words"),
    [
        (lambda b: b[:, None], Y, "shape.squeeze", "keepdim"),
        (lambda b: b[None], T(1.0), "shape.squeeze", "squeeze"),
        (lambda b: b.T, M, "shape.transposed", ".T"),
        (lambda b: b.permute(2, 0, 1), C, "shape.transposed", ".permute(1, 2, 0)"),
        (lambda b: b.reshape(3, 8), M, "shape.reshape", "flatten"),
        (lambda b: b.reshape(-1), M, "shape.reshape", "flatten"),
        (lambda b: b[:, None] - b, Y, "shape.broadcast", "(N,N)"),
        (lambda b: b + torch.ones(20, 20), T(1.0), "shape.broadcast", "(N,N)"),
        (lambda b: torch.cat([b, b[:1]]), Y, "shape.extra_at_end", "one entry is too many"),
        (lambda b: torch.cat([b[:1], b]), Y, "shape.extra_at_start", "at the start"),
        (lambda b: b[:-1], Y, "shape.missing_at_end", "one entry is missing"),
        (lambda b: b[:, 2:], M, "shape.missing_at_start", "entries are missing"),
        (lambda b: b[:-1].sin(), Y, "shape.missing", "one entry is missing"),
        (lambda b: b[:, :0], C[0, :, :1], "shape.missing", "one entry is missing"),
        (lambda b: b.sum(), Y, "shape.reduced", "axis 0"),
        (lambda b: b.mean(1), M, "shape.reduced", "axis 1"),
        (lambda b: b + Y, T(1.0), "shape.not_reduced", "axis 0"),
        (lambda b: b[:, None] + C[0, :, 0], M[0], "shape.not_reduced", "axis 1"),
        (lambda b: torch.ones(7, 9), M, "shape", "expected (4, 6)"),
        (lambda b: torch.ones(5), Y, "shape.wrong_axis", "over the wrong axis"),
        (lambda b: torch.ones(9), Y, "shape", "expected (20,)"),
    ],
)
def test_shapes(mistake, expected, code, words):
    found = diagnosis(mistake(expected), expected, (("X", X),))
    assert found.code == code
    assert words in f"{found.message.en} {found.hint.en if found.hint else ''}"


def test_a_hidden_size_of_the_student_is_quoted_only_if_it_follows_from_the_inputs():
    arguments = (("X", X),)
    assert "(20, 5)" in diagnosis(X, Y, arguments).message.en
    assert "(21,)" in diagnosis(normal(21), Y, arguments).message.en
    assert "(100,)" in diagnosis(normal(100), Y, arguments).message.en
    assert "(12345, 5)" not in diagnosis(normal(12345, 5), Y, arguments).message.en
    assert "(?, 5)" in diagnosis(normal(12345, 5), Y, arguments).message.en
    assert "(12345,)" in diagnosis(normal(12345), Y, arguments, hidden=False).message.en


def test_many_axes_cost_no_time():
    assert diagnosis(torch.ones([2] * 16), normal(*[2] * 15)).code == "shape.broadcast"


BIG = X.clone()
BIG[[3, 7]] *= 1e5
ZEROS = X.clone()
ZEROS[4, 2] = 0


@pytest.mark.parametrize(
    ("actual", "arguments", "words", "cause"),
    [
        (Y * nan, (("X", X),), "NaN everywhere", None),
        (Y * inf, (("X", BIG),), "infinite everywhere", "overflow of exp"),
        (BIG.exp() / BIG.exp() + M[0, 0], (("X", BIG),), "2 of 20 rows", "overflow of exp"),
        (Y + ZEROS[:, 2] * 0 / ZEROS[:, 2], (("X", ZEROS),), "1 of 20 entries", "log 0"),
        (Y * nan, (("p", 1.0),), "NaN everywhere", "`p` is 1 here"),
        (Y * nan, (("x", normal(1, 5)),), "NaN everywhere", "one row only"),
        (Y * nan, (("x", normal(0, 5)),), "NaN everywhere", "empty"),
    ],
)
def test_nan_and_infinities(actual, arguments, words, cause):
    expected = torch.ones_like(actual)
    found = diagnosis(actual, expected, arguments)
    assert found.code == "nonfinite"
    assert words in found.message.en
    assert (found.hint is None) if cause is None else (cause in str(found.hint)), found


def test_a_single_nan_and_a_missing_infinity():
    assert diagnosis(nan, 1.0).message.en == "Your result is NaN."
    assert diagnosis(1.0, inf).code == "nonfinite.missing"
    assert diagnosis(-inf, inf).code == "nonfinite"


def test_precision():
    expected = {"w": X}
    found = diagnosis({"w": X.float().double()}, expected, tolerance=PRECISION)
    assert found.code == "precision"
    assert "`w`" in found.message.zh


def test_a_hidden_finding_quotes_no_value_and_a_public_one_does():
    actual, expected = T([1.0, 7.125, 2.0, 4.0]), T([1.0, 3.375, 2.5, 4.0])
    found = diagnosis(actual, expected, (("x", T([0.8125, 0.6875, 5.0, 1.0])),))
    for number in "7.125", "3.375", "0.8125", "0.6875":
        assert number not in str(found)
    assert found.code == "value"
    assert "2 of 4 entries are off, the worst is at [1]" in found.message.en
    public = diagnosis(actual, expected, hidden=False)
    assert "got 7.125, expected 3.375" in public.message.en
    assert "got 'a', expected 'b'" in diagnosis("a", "b", hidden=False).message.en
    assert diagnosis("a", "b").code == "exact"
    assert diagnosis(3, 5).code == "exact"


def test_a_small_error_is_written_as_people_write_it():
    actual = X.clone()
    actual[3, 2] += 0.004 * (X[3, 2].abs() + X.abs().max())
    assert "the largest error is about 0.004, 1 of 100" in diagnosis(actual, X).message.en


def call(actual, **arguments):
    expected = T([1.0, 2.0, 4.0])
    found = compare(actual * expected.sin(), expected.sin(), tolerance=VALUE)
    actual = actual * expected.sin()
    return Observation("f", tuple(arguments.items()), actual, expected.sin(), mismatches=found)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ({"lam": 0.0}, {"lam": 0.5}, "wrong only where `lam` is not 0"),
        ({"stride": 1}, {"stride": 2}, "`stride` is greater than 1"),
        ({"training": False}, {"training": True}, "`training` is True"),
        ({"x": normal(1, 3)}, {"x": normal(4, 3)}, "`x` has more than one entry along axis 0"),
    ],
)
def test_the_condition_under_which_it_fails(right, wrong, words):
    odd = T([1.1, 1.7, 0.4])
    calls = [call(T(1.0), **right), call(odd, **wrong), call(T(1.0), **right), call(odd, **wrong)]
    found = explain(calls[1].mismatches[0], calls[1], calls)
    assert found.hint is not None
    assert words in found.hint.en
    assert words not in str(explain(calls[1].mismatches[0], calls[1], calls[1:2]).hint)
    mixed = [*calls, call(odd, **right)]
    assert words not in str(explain(calls[1].mismatches[0], calls[1], mixed).hint)


def test_the_leaves_that_are_right_are_named():
    found = diagnosis({"loss": 1.0, "w": Y.sin()}, {"loss": 1.0, "w": Y})
    assert "`w`" in found.message.en
    assert found.hint == Text("正确的部分：`loss`。", "What is right: `loss`.")


@pytest.mark.parametrize("value", [inf, -inf, torch.tensor([1.0, inf]), {"w": [inf]}])
def test_infinity_fulfils_no_relation(value):
    with pytest.raises(WrongAnswer) as caught:
        assert_close(value, value)
    assert caught.value.diagnosis.code == "nonfinite"
    assert "infinite" in caught.value.diagnosis.message.en
    assert_close(value, value, finite=False)
    assert_close(torch.tensor([], dtype=torch.float64), torch.tensor([], dtype=torch.float64))


def test_assert_close():
    assert_close(1.00001, 1.0)
    assert_close(1.4, 1.0, tolerance=0.5)
    with pytest.raises(WrongAnswer) as caught:
        assert_close({"w": nan}, {"w": nan}, what=Text("两次之和", "the sum of both"))
    assert caught.value.diagnosis.message.en == "the sum of both: Your `w` is NaN."
    assert caught.value.diagnosis.message.zh.startswith("两次之和：")
    with pytest.raises(WrongAnswer):
        assert_close(1.0001, 1.0)
    with pytest.raises(WrongAnswer):
        assert_close(1.00001, 1.0, tolerance=1e-9)


# Named variants. The function under test is the mean of squares.


def mean_square(x, *, weight=1.0):
    return weight * (x * x).mean()


def total(x, *, weight):
    return weight * (x * x).sum()


def root(x, *, weight):
    return weight * (x * x).mean().sqrt()


def unshifted(x, *, weight):
    return weight * x.exp().log().square().mean()


def broken(x, *, weight):
    raise ValueError


def catalogue(*calls):
    module = type(math)("solution")
    vars(module)["mean_square"] = mean_square
    wrong = tuple(
        Misconception("mean_square", c.__name__, c, None, Text(c.__name__, c.__name__))
        for c in calls
    )
    return Catalogue(folder=None, solution=module, all_misconceptions=wrong)


INPUTS = [normal(n) * s for n, s in ((5, 1), (8, 1), (3, 3000), (2, 1))]


def observe(student, inputs=INPUTS, dtype=torch.float64, **more):
    made = []
    for x in inputs:
        sent, expected = x.to(dtype), mean_square(x, weight=0.5)
        try:
            actual, raised = student(sent, weight=0.5), False
        except ValueError:
            actual, raised = None, True
        arguments = (("x", sent), ("weight", 0.5))
        made.append(Observation("mean_square", arguments, actual, expected, raised, **more))
    return made


def named(observations, *variants):
    found = name_misconceptions(
        observations, catalogue(*variants), "mean_square", VariantOutputs()
    )
    return [m.name for m in found]


ALL = total, root, unshifted, broken


@pytest.mark.parametrize("student", ALL)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_every_variant_is_named_and_no_other(student, dtype):
    assert named(observe(student, dtype=dtype), *ALL) == [student.__name__]


def test_a_submission_in_float32_is_compared_with_variants_in_float32():
    """exp overflows at 90 in float32 only."""
    inputs = [x / x.abs().max() * 200 for x in INPUTS]
    seen = observe(lambda x, weight: unshifted(x.float(), weight=weight), inputs)
    assert named(seen, *ALL) == ["unshifted"]


def test_the_right_solution_has_no_name():
    assert named(observe(mean_square), *ALL, mean_square) == []


def test_agreement_must_reach_three_quarters_of_the_calls():
    good, bad = observe(total), observe(lambda x, weight: x[0] * 0.77)
    assert named([*good[:3], bad[3]], total) == ["total"]
    assert named([*good[:2], *bad[2:]], total) == []
    assert named([], total) == []


def test_a_crash_agrees_only_with_a_crash():
    assert named(observe(broken), total, root) == []
    assert named(observe(total), broken) == []


def test_two_that_tie_are_both_named_and_three_are_not():
    def also_total(x, *, weight):
        return weight * sum(v * v for v in x)

    def total_again(x, *, weight):
        return total(x, weight=weight)

    assert named(observe(total), total, also_total, root) == ["total", "also_total"]
    assert named(observe(total), total, also_total, total_again) == []


def test_other_functions_do_not_count():
    seen = [Observation("other", (("x", 1.0),), 1.0, 2.0), *observe(total)]
    assert named(seen, total) == ["total"]


def test_a_variant_cannot_spoil_the_inputs_or_the_random_numbers():
    def spoiler(x, *, weight):
        torch.rand(3)
        return x.zero_()

    seen = observe(total)
    before, state = INPUTS[0].clone(), torch.get_rng_state()
    assert named(seen, spoiler, total) == ["total"]
    assert torch.equal(before, INPUTS[0])
    assert torch.equal(state, torch.get_rng_state())


def test_variants_may_use_numpy_and_inputs_may_be_nested():
    def reference(parameters):
        return {"sum": sum(p.sum() for p in parameters["w"])}

    def with_numpy(parameters):
        arrays = [p.numpy() for p in parameters["w"]]
        return {"sum": np.sum([a.mean() for a in arrays]), "parts": np.array([1.0])}

    module = type(math)("solution")
    vars(module)["f"] = reference
    variant = Misconception("f", "with_numpy", with_numpy, None, Text("", ""))
    known = Catalogue(None, module, (variant,))
    for dtype in torch.float64, torch.float32:
        w = {"w": [X, Y]}
        actual = {"sum": X.to(dtype).mean() + Y.to(dtype).mean(), "parts": T([1.0], dtype=dtype)}
        seen = [Observation("f", (("parameters", w),), actual, reference(w))]
        assert name_misconceptions(seen, known, "f", VariantOutputs()) == (variant,)


def test_the_class_shares_the_outputs_of_the_variants():
    count = []

    def counted(x, *, weight):
        count.append(1)
        return total(x, weight=weight)

    outputs, known = VariantOutputs(), catalogue(counted)
    for _ in range(3):
        name_misconceptions(observe(total), known, "mean_square", outputs)
    assert len(count) == len(INPUTS)
    small = VariantOutputs(capacity=1)
    for _ in range(2):
        name_misconceptions(observe(total), known, "mean_square", small)
    assert len(count) == 3 * len(INPUTS)


def test_a_named_misconception_is_put_in_words():
    hint = Text("提示", "look at N")
    first = Misconception("f", "a", total, hint, Text("求和", "a sum"))
    second = Misconception("f", "b", root, None, Text("开方", "a root"))
    found = misconception_diagnosis([first])
    assert (found.code, found.misconceptions, found.hint) == ("misconception", ("f.a",), hint)
    both = misconception_diagnosis([first, second])
    assert "a sum or a root" in both.message.en
    assert both.misconceptions == ("f.a", "f.b")
    assert misconception_diagnosis([second]).hint is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        (["ab"], ["a", "b"]),
        (["a", ["b"]], [["a"], "b"]),
        (T([1.0, 2.0]), T([1.0, 2.5])),
        (T([1.0]), T([1.0], dtype=torch.float64)),
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        ({"a": 1}, {"b": 1}),
        (0.0, -0.0),
        (None, "None"),
    ],
)
def test_digests_differ_when_values_do(a, b):
    assert digest(a) != digest(b)


def test_digests_do_not_depend_on_the_memory_layout():
    x = normal(3, 4)
    assert digest({"a": (x.T, nan)}) == digest({"a": [x.T.contiguous(), nan]})


def test_a_variant_must_explain_the_calls_that_are_wrong():
    """On calls that are right anyway, every variant agrees that is seldom wrong."""

    def seldom(x, *, weight):
        return (total if len(x) == 3 else mean_square)(x, weight=weight)

    other = observe(lambda x, weight: mean_square(x, weight=weight) + (0.77 if len(x) == 2 else 0))
    more = [*other, *observe(mean_square)]
    assert named(more, seldom) == []
    assert named(observe(seldom), seldom) == ["seldom"]
