"""Question 2: the evidence lower bound."""

from grader import assert_close, check
from grader.result import Text

SIZES = (8, 12, 7, 3, 0.5), (1, 6, 5, 2, 1.0), (16, 64, 20, 4, 4.0), (5, 9, 6, 1, 0.0)
"""N, D, H, Z and beta."""


def vae(draw, n, d, h, z):
    """Parameters, binary images and noise."""
    shapes = {
        "We": (d, h), "be": (h,), "Wm": (h, z), "bm": (z,), "Wv": (h, z), "bv": (z,),
        "Wd": (z, h), "bd": (h,), "Wx": (h, d), "bx": (d,),
    }  # fmt: skip
    params = {
        key: draw.normal(*shape, scale=1.5 * shape[0] ** -0.5 if len(shape) == 2 else 0.5)
        for key, shape in shapes.items()
    }
    return params, draw.integers(0, 2, n, d).double(), draw.normal(n, z)


@check("2a", points={"elbo": 3, "recon": 3, "kl": 3})
def test_vae_elbo(agree, draw):
    """各种尺寸和 beta，下界、重构项和 KL 分别正确
    bound, reconstruction and KL are right, each on its own, for various sizes and beta"""
    for n, d, h, z, beta in SIZES:
        params, x, eps = vae(draw, n, d, h, z)
        agree("vae_elbo", params, x, eps, beta)
        grey = draw.strided(draw.uniform(n, d))
        agree("vae_elbo", params, grey, draw.strided(eps), beta)


@check("2b", points=3)
def test_properties_of_the_elbo(student, draw):
    """下界随 beta 线性变化，斜率是 -kl；重构项和 KL 与 beta 无关；与批次内的顺序无关
    the bound is linear in beta with slope -kl, the rest ignores beta; order in a batch is free"""
    params, x, eps = vae(draw, 7, 10, 6, 3)
    plain = student.vae_elbo(params, x, eps, 0.0)
    for beta in 1.0, 2.5:
        other = student.vae_elbo(params, x, eps, beta)
        for key in "recon", "kl":
            what = Text(f"换了 beta 之后的 {key}", f"{key} with another beta")
            assert_close(other[key], plain[key], what=what)
        line = plain["elbo"] - beta * plain["kl"]
        assert_close(other["elbo"], line, what=Text("下界对 beta 的直线", "the line in beta"))

    order = draw.permutation(7)
    shuffled = student.vae_elbo(params, x[order], eps[order], 2.5)
    assert_close(shuffled, other, what=Text("换了顺序之后", "in another order"))


@check("2c", points=4)
def test_iwae_bound(agree, draw):
    """抽样次数和样本数不同时，重要性加权的下界正确
    the importance-weighted bound is right for various numbers of draws and examples"""
    for s, n, offset in (5, 5, 0), (1, 4, 0), (7, 1, 500), (6, 3, 0):
        log_joint, log_q = draw.normal(s, n, scale=3, offset=offset), draw.normal(s, n, scale=2)
        agree("iwae_bound", log_joint, log_q)
        agree("iwae_bound", draw.strided(log_joint), draw.strided(log_q))


@check("2d", points=2)
def test_small_weights(agree, draw):
    """联合概率极小时，下界仍是有限且正确的
    the bound stays finite and right for joint probabilities that are extremely small"""
    for offset in -100, -2000:
        log_joint, log_q = draw.normal(5, 4, scale=3, offset=offset), draw.normal(5, 4, scale=2)
        agree("iwae_bound", log_joint, log_q)
        agree("iwae_bound", log_joint.float(), log_q.float())


@check("2e", points=1)
def test_properties_of_the_bound(student, draw, expect):
    """只抽一次时就是 ELBO 的估计；抽多次时不小于对数权重的平均
    one draw gives the plain estimate; with several it is at least the mean of the log weights"""
    log_joint, log_q = draw.normal(1, 6, scale=3), draw.normal(1, 6)
    single = student.iwae_bound(log_joint, log_q)
    assert_close(single, (log_joint - log_q)[0], what=Text("只抽一次时", "one draw"))

    log_joint, log_q = draw.normal(8, 6, scale=3), draw.normal(8, 6)
    bound = student.iwae_bound(log_joint, log_q)
    expect(
        (bound >= (log_joint - log_q).mean(dim=0) - 1e-6).all(),
        "结果小于对数权重的平均：违背了 Jensen 不等式。",
        "The result is below the mean of the log weights, against Jensen's inequality.",
    )
