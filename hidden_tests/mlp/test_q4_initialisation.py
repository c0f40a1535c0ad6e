"""Question 4: initialisation."""

import torch
from scipy import stats

from grader import check

SCHEMES = "he", "xavier"


def differ(a, b):
    return not torch.equal(a, b)


@check("4a", points=2)
def test_form(student, draw, expect):
    """名字、形状、dtype 正确，偏置为 0；种子决定结果，各层互不相同
    names, shapes and dtype are right, biases 0; the seed decides, and layers differ"""
    seed = draw.seed()
    for sizes in [7, 5, 3], [4, 2], [4, 4, 4]:
        for scheme in SCHEMES:
            params = student.init_params(sizes, scheme, seed)
            raw = student.raw.init_params(sizes, scheme, seed)
            expect(
                all(torch.is_tensor(v) and v.dtype == torch.float32 for v in raw.values()),
                "参数应是 float32 张量。",
                "Parameters should be float32 tensors.",
            )
            biases = [value for key, value in params.items() if key.startswith("b")]
            expect(not any(b.any() for b in biases), "偏置应全为 0。", "All biases should be 0.")
            expect(
                not any(differ(raw[key], value) for key, value in params.items()),
                "相同的种子应得到相同的参数。",
                "Equal seeds should give equal parameters.",
            )
            other = student.init_params(sizes, scheme, seed + 1)
            expect(
                all(differ(other[key], params[key]) for key in params if key.startswith("W")),
                "不同的种子应得到不同的权重。",
                "Other seeds should give other weights.",
            )
    for scheme in SCHEMES:
        params = student.init_params([4, 4, 4], scheme, seed)
        expect(
            differ(params["W1"], params["W2"]),
            "两层的权重完全相同：各层应从同一个生成器依次抽取。",
            "Two layers have equal weights: draw them one after the other from one generator.",
        )


@check("4b", points={"he": 3, "xavier": 3})
def test_laws(student, draw, part, distribution):
    """权重服从要求的分布：均值、方差、形状
    weights follow the required law: mean, variance, shape"""
    sizes = [400, 300, 10]
    test = distribution(12)  # 2 schemes, 2 layers, 3 tests each
    for scheme in SCHEMES:
        with part(scheme):
            params = student.init_params(sizes, scheme, draw.seed())
            for k in 1, 2:
                n_in, n_out = sizes[k - 1], sizes[k]
                if scheme == "he":
                    std, kurtosis = (2 / n_in) ** 0.5, 3.0
                    law = stats.norm(0, std)
                else:
                    bound = (6 / (n_in + n_out)) ** 0.5
                    std, kurtosis = bound / 3**0.5, 1.8
                    law = stats.uniform(-bound, 2 * bound)
                test.mean(params[f"W{k}"], 0.0, std)
                test.variance(params[f"W{k}"], std**2, kurtosis)
                test.law(params[f"W{k}"], law)
