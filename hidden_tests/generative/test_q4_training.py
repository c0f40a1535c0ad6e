"""Question 4: training a VAE and a GAN."""

import math

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import softplus

from grader import assert_close, check
from grader.result import Text

DRAWS = 16
PIXELS = 64


def digits(draw):
    """Binary digits with reordered pixels: 1258 to fit and 539 that are held out."""
    x = (torch.tensor(load_digits().data) >= 8).float()[:, draw.permutation(PIXELS)]
    order = draw.permutation(len(x))
    return x[order[:1258]], x[order[1258:]]


def encoded(student, expect, state, x, latent):
    """The posterior as the student's encoder gives it, accepted in form, in float64."""
    value = student.raw.vae_encode(state, x)
    shape = len(x), latent
    for key in "mu", "logvar":
        leaf = value.get(key) if isinstance(value, dict) else None
        expect(
            torch.is_tensor(leaf) and leaf.is_floating_point() and tuple(leaf.shape) == shape,
            f"`vae_encode` 应返回字典，其中 `{key}` 是形状为 {shape} 的浮点张量。",
            f"`vae_encode` must return a dict with a floating tensor `{key}` of shape {shape}.",
        )
    return value["mu"].double(), value["logvar"].double()


def independent_pixels(x_fit, x):
    """The mean log-likelihood of a model that knows the frequency of every pixel."""
    p = (x_fit.double().sum(dim=0) + 1) / (len(x_fit) + 2)
    return (x * p.log() + (1 - x) * (1 - p).log()).sum(dim=1).mean().item()


@check("4a", points=7)
def test_elbo(train, student, draw, expect, quality):
    """没见过的数字上的 ELBO 比独立像素的模型好多少，隐变量 8 维
    by how much the ELBO of held-out digits, 8 latent dimensions, exceeds independent pixels"""
    x_fit, x = digits(draw)
    trained = train("train_vae", x_fit, 8, seed=draw.seed())
    mu, logvar = encoded(student, expect, trained.state, x, 8)
    z = mu + torch.exp(logvar / 2) * draw.normal(DRAWS, len(x), 8)
    rows = z.reshape(-1, 8).float()
    logits = trained.predict("vae_decode", rows, shape=(len(rows), PIXELS))

    x = x.double()
    all_logits = logits.reshape(DRAWS, len(x), PIXELS)
    recon = (x * all_logits - softplus(all_logits)).sum(dim=2).mean().item()
    kl = ((logvar.exp() + mu**2 - 1 - logvar).sum(dim=1) / 2).mean().item()
    gain = recon - kl - independent_pixels(x_fit, x)
    quality(
        gain,
        {3.5: 7, 1.5: 3},
        "ELBO 比独立像素的模型多出的奈特数",
        "The gain of the ELBO over independent pixels, in nats,",
        findings=[
            (
                not math.isfinite(gain),
                "下界不是有限数：模型里有 NaN，或方差大得溢出。",
                "The bound is not finite: NaN in the model, or variances that overflow.",
            ),
            (
                bool(((logits >= 0) & (logits <= 1)).all()),
                "`vae_decode` 的输出都在 0 与 1 之间：应返回 logits，不是概率。",
                "All that `vae_decode` returns lies between 0 and 1: "
                "return logits, not probabilities.",
            ),
            (
                kl < 0.05,
                f"KL 只有 {kl:.2g}：KL 权重过大（或重构项对像素取了平均），后验塌缩到先验。",
                f"The KL is {kl:.2g}: KL weight too large (or the reconstruction averaged over "
                "pixels), the posterior collapsed.",
            ),
            (
                gain < -50,
                f"KL 是 {kl:.0f}：没有 KL 项，变成普通自编码器。",
                f"The KL is {kl:.0f}: no KL term, this is a plain autoencoder.",
            ),
            (
                True,
                f"重构项 {recon:.1f}，KL {kl:.1f}：训练够久了吗？隐藏层够宽吗？"
                "KL 与重构项的系数对吗？",
                f"Reconstruction {recon:.1f}, KL {kl:.1f}: was training long enough, the hidden "
                "layer wide enough, the weight of the KL right?",
            ),
        ],
    )


@check("4b", points=1)
def test_behaviour_of_the_vae(train, student, draw, expect):
    """形状正确，方差有限；逐个编码解码与成批一致；同一种子得到同样的模型
    shapes fit, variances are finite; one by one equals a batch; equal seeds give equal models"""
    x_fit, x = digits(draw)
    seed = draw.seed()
    first, second = (train("train_vae", x_fit[:320], 3, seed=seed) for _ in "12")
    what = Text("同一种子的模型", "models of equal seeds")
    assert_close(second.state, first.state, tolerance=1e-6, what=what)

    rows, z = x[:5], draw.normal(5, 3).float()
    mu, logvar = encoded(student, expect, first.state, rows, 3)
    expect(
        mu.isfinite().all() and logvar.isfinite().all(),
        "编码器给出了 NaN 或无穷。",
        "The encoder gives NaN or infinities.",
    )
    logits = first.predict("vae_decode", z, shape=(5, PIXELS))
    for i in range(5):
        one = slice(i, i + 1)
        single = encoded(student, expect, first.state, rows[one], 3)
        what = Text("逐个编码", "encoding one by one")
        assert_close(single[0], mu[one], tolerance=1e-5, what=what)
        assert_close(single[1], logvar[one], tolerance=1e-5, what=what)
        decoded = first.predict("vae_decode", z[one], shape=(1, PIXELS))
        what = Text("逐个解码", "decoding one by one")
        assert_close(decoded, logits[one], tolerance=1e-5, what=what)


def ring(draw):
    """8 Gaussians on a ring, turned, scaled and shifted: 2000 to fit and 2000 held out."""
    n = 4000
    angle = 2 * torch.pi * draw.integers(0, 8, n) / 8 + draw.number(0, 2 * torch.pi)
    points = torch.stack([angle.cos(), angle.sin()], dim=1) + draw.normal(n, 2, scale=0.1)
    x = draw.number(0.5, 2.5) * points + draw.normal(2, scale=3)
    return x[:2000].float(), x[2000:]


def energy_distance(fake, real):
    """Unbiased energy distance over the mean distance of two real points; inf if not finite."""

    def apart(a):
        return torch.cdist(a, a).sum() / (len(a) * (len(a) - 1))

    distance = 2 * torch.cdist(fake, real).mean() - apart(fake) - apart(real)
    return distance.nan_to_num(nan=math.inf).item() / apart(real).item()


@check("4c", points=6)
def test_energy_distance(train, draw, quality):
    """生成的点与没见过的点之间的能量距离，两个种子中较好的一个
    the energy distance between generated points and points held out, better of two seeds"""
    x, real = ring(draw)
    distance, smallest = math.inf, math.inf
    for _ in range(2):
        trained = train("train_gan", x, seed=draw.seed())
        fake = trained.predict("gan_sample", len(real), draw.seed(), shape=(len(real), 2))
        found = energy_distance(fake, real)
        if found <= distance:
            distance, smallest = found, (fake.std(dim=0) / real.std(dim=0)).min().item()
        if distance <= 0.02:
            break
    quality(
        distance,
        {0.02: 6, 0.10: 3},
        "能量距离",
        "The energy distance",
        lower_is_better=True,
        findings=[
            (
                not math.isfinite(distance),
                "样本里有 NaN 或无穷。",
                "There are NaN or infinities in the samples.",
            ),
            (
                distance > 0.3 and smallest < 0.5,
                "生成器坍塌到少数几个点。",
                "The generator collapsed to few points.",
            ),
            (
                distance > 0.3,
                "样本不在数据所在的地方：标准化之后，采样时变换回 x 的单位了吗？",
                "The samples are not where the data are: if you standardise, "
                "do you transform samples back to the units of x?",
            ),
            (
                0.024 <= distance <= 0.032,
                "样本像一个高斯分布，没有分成 8 团：训练太短，或生成器没有非线性。",
                "The samples look like a single Gaussian instead of 8 clusters: "
                "training too short, or a generator without nonlinearity.",
            ),
            (
                True,
                "少了几个团，或各团的比例、位置不对：步数够吗？"
                "按题目的做法加上 R1 惩罚和权重平均。",
                "Clusters are missing, or have wrong weights or places: enough steps? "
                "Add the R1 penalty and the averaged weights of the recipe.",
            ),
        ],
    )


@check("4d", points=1)
def test_behaviour_of_the_gan(train, draw, expect):
    """同一种子得到同样的样本，不同种子得到不同的样本，样本各不相同；两条损失曲线都在
    equal seeds give equal samples, others differ, no two points coincide; both curves are there"""
    x, _ = ring(draw)
    trained = train("train_gan", x, seed=draw.seed())
    lengths = [len(trained.history.get(key, [])) for key in ("d_loss", "g_loss")]
    expect(
        lengths[0] == lengths[1],
        "`history` 应有等长的两个列表 `d_loss` 和 `g_loss`。",
        "The `history` needs two lists of equal length, `d_loss` and `g_loss`.",
    )

    n, seed = 300, draw.seed()
    first, again, other = (
        trained.predict("gan_sample", n, s, shape=(n, 2)) for s in (seed, seed, seed + 1)
    )
    assert_close(again, first, tolerance=1e-6, what=Text("同一种子的样本", "equal seeds"))
    expect(
        (other != first).any(dim=1).all(),
        "换了种子，样本却没有变：种子没有起作用。",
        "Another seed gave the same points: the seed has no effect.",
    )
    expect(
        len(first.unique(dim=0)) == n,
        "有的样本完全相同：每个样本要用自己的随机数。",
        "Some points coincide: every one needs random numbers of its own.",
    )
