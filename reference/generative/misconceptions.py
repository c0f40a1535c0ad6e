"""What goes wrong in assignment generative: one plain mistake per variant, with its sentence.

Only the mistake is wrong: every variant follows the dtype of its inputs, leaves them unchanged and
computes everything else as the reference does. The helpers stand on library functions alone, so
that a variant is the same in every notebook.
"""

import math

import torch
from torch.nn.functional import softplus

from grader.catalogue import misconception

# Question 1: the KL divergence of Gaussians


@misconception(
    zh="KL 散度不可能为负，符号反了。",
    en="A KL divergence is never negative: the sign is flipped.",
    words="the KL with its sign flipped",
    words_zh="符号相反的 KL",
)
def gaussian_kl__sign_flipped(mu, logvar):
    return (1 + logvar - mu**2 - logvar.exp()).sum(dim=1) / 2


@misconception(
    zh="KL 大了一倍：漏了系数 1/2。",
    en="Twice too large: the factor 1/2 is missing.",
    words="the KL without its factor 1/2",
    words_zh="没有系数 1/2 的 KL",
)
def gaussian_kl__half_missing(mu, logvar):
    return (logvar.exp() + mu**2 - 1 - logvar).sum(dim=1)


@misconception(
    zh="对隐变量各维应求和，不是求平均。",
    en="Sum over the latent dimensions, do not average.",
    words="the mean over the latent dimensions",
    words_zh="对隐变量各维取平均",
)
def gaussian_kl__averaged_over_latent(mu, logvar):
    return (logvar.exp() + mu**2 - 1 - logvar).mean(dim=1) / 2


@misconception(
    zh="logvar 是 log σ²，不是 log σ。",
    en="logvar is log σ², not log σ.",
    words="logvar read as log σ",
    words_zh="把 logvar 当作 log σ",
)
def gaussian_kl__logvar_read_as_log_std(mu, logvar):
    return ((2 * logvar).exp() + mu**2 - 1 - 2 * logvar).sum(dim=1) / 2


@misconception(
    zh="logvar 是方差的对数，不是方差：σ² = exp(logvar)。",
    en="logvar is the logarithm of the variance, not the variance: σ² = exp(logvar).",
    words="logvar used as the variance",
    words_zh="把 logvar 当作方差",
)
def gaussian_kl__logvar_read_as_variance(mu, logvar):
    variance = logvar.abs()
    return (variance + mu**2 - 1 - variance.log()).sum(dim=1) / 2


@misconception(
    zh="均值项是 μ²，你漏了平方。",
    en="The term of the mean is μ²; the square is missing.",
    words="μ instead of μ²",
    words_zh="用 μ 代替 μ²",
)
def gaussian_kl__mu_not_squared(mu, logvar):
    return (logvar.exp() + mu - 1 - logvar).sum(dim=1) / 2


@misconception(
    zh="方向反了：要的是 KL(q‖N(0,I))，期望对 q 取，你算的是 KL(N(0,I)‖q)。",
    en="The direction is reversed: KL(q‖N(0,I)) is an expectation under q; yours is KL(N(0,I)‖q).",
    words="KL(N(0,I)‖q)",
    words_zh="KL(N(0,I)‖q)",
)
def gaussian_kl__reverse_kl(mu, logvar):
    return ((1 + mu**2) * torch.exp(-logvar) - 1 + logvar).sum(dim=1) / 2


@misconception(
    zh="漏了常数 -1：μ=0、logvar=0 时 KL 应为 0。",
    en="The constant -1 is missing: for μ=0 and logvar=0 the KL must be 0.",
    words="the KL without its constant -1",
    words_zh="没有常数 -1 的 KL",
)
def gaussian_kl__constant_missing(mu, logvar):
    return (logvar.exp() + mu**2 - logvar).sum(dim=1) / 2


@misconception(
    zh="每个样本返回一个数，形状 (N,)：不要对批次取平均。",
    en="Return one number per example, shape (N,): do not average over the batch.",
    words="the mean over the batch",
    words_zh="对批次取平均",
)
def gaussian_kl__averaged_over_batch(mu, logvar):
    return (logvar.exp() + mu**2 - 1 - logvar).sum(dim=1).mean() / 2


@misconception(
    zh="括号里的符号错了：写成 -½Σ(1+logσ²-μ²-σ²)，σ² 前也是减号。",
    en="A sign inside the bracket is wrong: in -½Σ(1+logσ²-μ²-σ²) there is a minus before σ², too.",
    words="-½Σ(1+logσ²-μ²+σ²)",
    words_zh="-½Σ(1+logσ²-μ²+σ²)",
)
def gaussian_kl__inner_sign(mu, logvar):
    return -(1 + logvar - mu**2 + logvar.exp()).sum(dim=1) / 2


# Question 1: reparameterisation


def _noise(mu, eps, num_samples, seed):
    """The given noise, or what the seed draws."""
    if eps is not None:
        return eps
    generator = torch.Generator().manual_seed(seed)
    shape = (num_samples, *mu.shape)
    return torch.randn(shape, generator=generator, dtype=mu.dtype).to(mu.device)


@misconception(
    zh="标准差是 exp(logvar/2)，你用了方差。",
    en="The standard deviation is exp(logvar/2); you used the variance.",
    words="μ + exp(logvar)·eps",
    words_zh="μ + exp(logvar)·eps",
)
def reparameterize__std_is_exp_logvar(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return mu + logvar.exp() * _noise(mu, eps, num_samples, seed)


@misconception(
    zh="logvar 不是标准差：先取指数，σ = exp(logvar/2)。",
    en="logvar is no standard deviation: take the exponential, σ = exp(logvar/2).",
    words="μ + logvar·eps",
    words_zh="μ + logvar·eps",
)
def reparameterize__std_is_logvar(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return mu + logvar * _noise(mu, eps, num_samples, seed)


@misconception(
    zh="没有乘以随机噪声 eps，采样变成了常数。",
    en="The noise eps is not used: the sample is a constant.",
    words="μ + σ without eps",
    words_zh="没有 eps 的 μ + σ",
)
def reparameterize__eps_ignored(mu, logvar, *, eps=None, num_samples=None, seed=None):
    noise = _noise(mu, eps, num_samples, seed)
    return mu + torch.exp(logvar / 2) * torch.ones_like(noise)


@misconception(
    zh="返回的只有均值：要加上 σ·eps 才是采样。",
    en="This is the mean alone: a sample is μ + σ·eps.",
    words="μ alone",
    words_zh="只有 μ",
)
def reparameterize__mean_only(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return mu + torch.zeros_like(_noise(mu, eps, num_samples, seed))


@misconception(
    zh="噪声前应是加号：z = μ + σ·eps。",
    en="The noise is added: z = μ + σ·eps.",
    words="μ - σ·eps",
    words_zh="μ - σ·eps",
)
def reparameterize__minus_sign(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return mu - torch.exp(logvar / 2) * _noise(mu, eps, num_samples, seed)


@misconception(
    zh="指数的符号反了：σ = exp(logvar/2)，你得到的是 1/σ。",
    en="The exponent has the wrong sign: σ = exp(logvar/2), and yours is 1/σ.",
    words="μ + exp(-logvar/2)·eps",
    words_zh="μ + exp(-logvar/2)·eps",
)
def reparameterize__std_of_negative(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return mu + torch.exp(-logvar / 2) * _noise(mu, eps, num_samples, seed)


@misconception(
    zh="只有噪声乘以 σ，均值不乘：z = μ + σ·eps。",
    en="σ multiplies the noise, not the mean: z = μ + σ·eps.",
    words="σ·(μ + eps)",
    words_zh="σ·(μ + eps)",
)
def reparameterize__mu_scaled(mu, logvar, *, eps=None, num_samples=None, seed=None):
    return torch.exp(logvar / 2) * (mu + _noise(mu, eps, num_samples, seed))


# Question 1: the Bernoulli log-likelihood


@misconception(
    zh="对数似然不会大于 0，符号反了：你返回的是损失（负对数似然）。",
    en="A log-likelihood of bits is never positive; yours is the loss, its negative.",
    words="the negative log-likelihood",
    words_zh="负对数似然",
)
def bernoulli_log_likelihood__sign_flipped(logits, x):
    return (softplus(logits) - x * logits).sum(dim=1)


@misconception(
    zh="对像素取平均会使重构项小 D 倍，与 KL 不匹配：应求和。",
    en="Averaging over pixels makes the reconstruction D times too small against the KL: sum.",
    words="the mean over the pixels",
    words_zh="对像素取平均",
)
def bernoulli_log_likelihood__averaged_over_pixels(logits, x):
    return (x * logits - softplus(logits)).mean(dim=1)


@misconception(
    zh="sigmoid 饱和后 log 得到 -inf：请用 x·z-softplus(z)。",
    en="The sigmoid saturates and its log is -inf: use x·z - softplus(z).",
    words="the log of the sigmoid, which overflows",
    words_zh="会溢出的 log(sigmoid)",
)
def bernoulli_log_likelihood__log_of_sigmoid_overflows(logits, x):
    p = torch.sigmoid(logits)
    return (x * p.log() + (1 - x) * (1 - p).log()).sum(dim=1)


@misconception(
    zh="log(p+1e-7) 会把很小的概率截断在 -16 左右：请用 x·z-softplus(z)。",
    en="log(p+1e-7) cuts small probabilities off near -16: use x·z - softplus(z).",
    words="log(sigmoid + 1e-7)",
    words_zh="log(sigmoid + 1e-7)",
)
def bernoulli_log_likelihood__clamped_eps(logits, x):
    p = torch.sigmoid(logits)
    return (x * (p + 1e-7).log() + (1 - x) * (1 - p + 1e-7).log()).sum(dim=1)


@misconception(
    zh="漏了像素为 0 的一项：(1-x)·log(1-σ(z))。",
    en="The term of the pixels that are 0 is missing: (1-x)·log(1-σ(z)).",
    words="Σ x·log σ(z) alone",
    words_zh="只有 Σ x·log σ(z)",
)
def bernoulli_log_likelihood__only_positive_term(logits, x):
    return -(x * softplus(-logits)).sum(dim=1)


@misconception(
    zh="输入已经是 logits：sigmoid 只能做一次。",
    en="The inputs are logits: there is only one sigmoid to apply.",
    words="a sigmoid before the logit formula",
    words_zh="在 logit 公式之前多做了一次 sigmoid",
)
def bernoulli_log_likelihood__double_sigmoid(logits, x):
    p = torch.sigmoid(logits)
    return (x * p - softplus(p)).sum(dim=1)


@misconception(
    zh="每个样本返回一个数，形状 (N,)：不要对批次取平均。",
    en="Return one number per example, shape (N,): do not average over the batch.",
    words="the mean over the batch",
    words_zh="对批次取平均",
)
def bernoulli_log_likelihood__mean_over_batch(logits, x):
    return (x * logits - softplus(logits)).sum(dim=1).mean()


@misconception(
    zh="平方误差是高斯分布的对数似然；二值像素要用伯努利分布。",
    en="A squared error is the log-likelihood of a Gaussian; binary pixels are Bernoulli.",
    words="-Σ(x-σ(z))²",
    words_zh="-Σ(x-σ(z))²",
)
def bernoulli_log_likelihood__squared_error(logits, x):
    return -((x - torch.sigmoid(logits)) ** 2).sum(dim=1)


# Question 2: the ELBO


def _encoded(params, x):
    h = torch.tanh(x @ params["We"] + params["be"])
    return h @ params["Wm"] + params["bm"], h @ params["Wv"] + params["bv"]


def _decoded(params, z):
    return torch.tanh(z @ params["Wd"] + params["bd"]) @ params["Wx"] + params["bx"]


def _likelihoods(params, x, eps):
    """log p(x|z) and the KL, one of each per example."""
    mu, logvar = _encoded(params, x)
    return _likelihood(params, x, mu + torch.exp(logvar / 2) * eps), _divergence(mu, logvar)


def _likelihood(params, x, z):
    logits = _decoded(params, z)
    return (x * logits - softplus(logits)).sum(dim=1)


def _divergence(mu, logvar):
    return (logvar.exp() + mu**2 - 1 - logvar).sum(dim=1) / 2


def _bound(recon, kl, beta):
    return {"elbo": recon - beta * kl, "recon": recon, "kl": kl}


@misconception(
    zh="采样时标准差是 exp(logvar/2)，你用了方差 exp(logvar)。",
    en="For the sample the standard deviation is exp(logvar/2); you used the variance.",
    words="z = μ + exp(logvar)·eps",
    words_zh="z = μ + exp(logvar)·eps",
)
def vae_elbo__std_is_exp_logvar(params, x, eps, beta):
    mu, logvar = _encoded(params, x)
    recon = _likelihood(params, x, mu + logvar.exp() * eps)
    return _bound(recon.mean(), _divergence(mu, logvar).mean(), beta)


@misconception(
    zh="logvar 不是标准差：采样时 z = μ + exp(logvar/2)·eps。",
    en="logvar is no standard deviation: the sample is z = μ + exp(logvar/2)·eps.",
    words="z = μ + logvar·eps",
    words_zh="z = μ + logvar·eps",
)
def vae_elbo__std_is_logvar(params, x, eps, beta):
    mu, logvar = _encoded(params, x)
    recon = _likelihood(params, x, mu + logvar * eps)
    return _bound(recon.mean(), _divergence(mu, logvar).mean(), beta)


@misconception(
    zh="z 应是采样值 μ+σ·eps，你直接用了 μ。",
    en="z must be the sample μ+σ·eps; you used μ.",
    words="z = μ",
    words_zh="z = μ",
)
def vae_elbo__latent_is_mean(params, x, eps, beta):
    mu, logvar = _encoded(params, x)
    return _bound(_likelihood(params, x, mu).mean(), _divergence(mu, logvar).mean(), beta)


@misconception(
    zh="重构项要对像素求和，只对批次取平均。",
    en="The reconstruction is summed over the pixels and averaged over the batch only.",
    words="the reconstruction averaged over the pixels",
    words_zh="重构项对像素取平均",
)
def vae_elbo__recon_averaged_over_pixels(params, x, eps, beta):
    recon, kl = _likelihoods(params, x, eps)
    return _bound(recon.mean() / x.shape[1], kl.mean(), beta)


@misconception(
    zh="KL 要对隐变量各维求和，只对批次取平均。",
    en="The KL is summed over the latent dimensions and averaged over the batch only.",
    words="the KL averaged over the latent dimensions",
    words_zh="KL 对隐变量各维取平均",
)
def vae_elbo__kl_averaged_over_latent(params, x, eps, beta):
    recon, kl = _likelihoods(params, x, eps)
    return _bound(recon.mean(), kl.mean() / eps.shape[1], beta)


@misconception(
    zh="ELBO = 重构项 - β·KL，你把 KL 加上去了。",
    en="ELBO = reconstruction - β·KL; you added the KL.",
    words="reconstruction + β·KL",
    words_zh="重构项 + β·KL",
)
def vae_elbo__kl_added(params, x, eps, beta):
    recon, kl = (values.mean() for values in _likelihoods(params, x, eps))
    return {"elbo": recon + beta * kl, "recon": recon, "kl": kl}


@misconception(
    zh="要的是下界本身（越大越好），你返回的是它的相反数，也就是训练用的损失。",
    en="Return the bound itself, which is maximised; yours is its negative, the training loss.",
    words="the negative ELBO",
    words_zh="ELBO 的相反数",
)
def vae_elbo__negative_elbo(params, x, eps, beta):
    recon, kl = (values.mean() for values in _likelihoods(params, x, eps))
    return {"elbo": beta * kl - recon, "recon": recon, "kl": kl}


@misconception(
    zh="elbo 里没有用到 beta：elbo = recon - beta * kl。",
    en="beta is not used in elbo: elbo = recon - beta * kl.",
    words="beta ignored",
    words_zh="忽略了 beta",
)
def vae_elbo__beta_ignored(params, x, eps, beta):
    recon, kl = _likelihoods(params, x, eps)
    return _bound(recon.mean(), kl.mean(), 1)


@misconception(
    zh="三个数都是批次的平均，你对批次求了和。",
    en="All three are means over the batch; yours are sums.",
    words="sums over the batch",
    words_zh="对批次求和",
)
def vae_elbo__summed_over_batch(params, x, eps, beta):
    recon, kl = _likelihoods(params, x, eps)
    return _bound(recon.sum(), kl.sum(), beta)


@misconception(
    zh="重构项是伯努利对数似然，不是平方误差。",
    en="The reconstruction is the Bernoulli log-likelihood, not a squared error.",
    words="a squared error as reconstruction",
    words_zh="用平方误差作重构项",
)
def vae_elbo__mse_reconstruction(params, x, eps, beta):
    mu, logvar = _encoded(params, x)
    p = torch.sigmoid(_decoded(params, mu + torch.exp(logvar / 2) * eps))
    recon = -((x - p) ** 2).sum(dim=1).mean()
    return _bound(recon, _divergence(mu, logvar).mean(), beta)


@misconception(
    zh="返回的 kl 不应乘 beta：beta 只出现在 elbo 里。",
    en="The kl that you return carries no beta: beta belongs in elbo only.",
    words="kl multiplied by beta",
    words_zh="乘了 beta 的 kl",
)
def vae_elbo__beta_inside_kl(params, x, eps, beta):
    recon, kl = (values.mean() for values in _likelihoods(params, x, eps))
    return {"elbo": recon - beta * kl, "recon": recon, "kl": beta * kl}


# Question 2: the importance-weighted bound


@misconception(
    zh="应先对权重取平均再取对数，对数取平均得到的是 ELBO。",
    en="Average the weights, then take the log; the mean of the logs is the ELBO.",
    words="the mean of the log weights",
    words_zh="对数权重的平均",
)
def iwae_bound__mean_of_logs(log_joint, log_q):
    return (log_joint - log_q).mean(dim=0)


@misconception(
    zh="漏了 -log S：是平均不是求和。",
    en="-log S is missing: it is a mean, not a sum.",
    words="the log of the sum of the weights",
    words_zh="权重之和的对数",
)
def iwae_bound__log_sum_not_mean(log_joint, log_q):
    return torch.logsumexp(log_joint - log_q, dim=0)


@misconception(
    zh="应对抽样（轴 0，S）取平均，你对样本（轴 1，N）取了平均。",
    en="The mean is over the draws (axis 0, S); yours is over the examples (axis 1, N).",
    words="the mean over the wrong axis",
    words_zh="在错误的轴上取平均",
)
def iwae_bound__wrong_axis(log_joint, log_q):
    return torch.logsumexp(log_joint - log_q, dim=1) - math.log(log_joint.shape[1])


@misconception(
    zh="exp 下溢为 0（或溢出），对数得到无穷：请用 torch.logsumexp。",
    en="exp underflows to 0 (or overflows) and its log is infinite: use torch.logsumexp.",
    words="log(mean(exp(·))), which underflows",
    words_zh="会下溢的 log(mean(exp(·)))",
)
def iwae_bound__exp_underflow(log_joint, log_q):
    return (log_joint - log_q).exp().mean(dim=0).log()


@misconception(
    zh="权重是 p/q，对数权重是两者之差：log_joint - log_q，你把它们相加了。",
    en="Weights are p/q, their logs differences: log_joint - log_q; you added the two.",
    words="log_joint + log_q as log weights",
    words_zh="以 log_joint + log_q 为对数权重",
)
def iwae_bound__q_added(log_joint, log_q):
    return torch.logsumexp(log_joint + log_q, dim=0) - math.log(len(log_q))


@misconception(
    zh="漏了 log_q：样本来自 q，权重要除以 q。",
    en="log_q is missing: samples come from q, so weights are divided by q.",
    words="log_joint alone as log weights",
    words_zh="只用 log_joint 作对数权重",
)
def iwae_bound__q_ignored(log_joint, log_q):
    return torch.logsumexp(log_joint, dim=0) - math.log(len(log_q))


@misconception(
    zh="最大的对数权重只是近似：要的是所有权重平均的对数。",
    en="The largest log weight is only near it: the log of the mean of all weights is asked for.",
    words="the largest log weight",
    words_zh="最大的对数权重",
)
def iwae_bound__max_instead(log_joint, log_q):
    return (log_joint - log_q).amax(dim=0)


# Question 3: the losses of a GAN


def _d_loss(d_real, d_fake):
    return softplus(-d_real).mean() + softplus(d_fake).mean()


def _g_loss(d_fake, mode):
    if mode == "non_saturating":
        return softplus(-d_fake).mean()
    return -softplus(d_fake).mean()


@misconception(
    zh="真假标签反了：D 应给真样本高分。",
    en="The labels are swapped: D must score real data high.",
    words="real examples labelled 0 and fakes 1",
    words_zh="真样本标 0、假样本标 1",
)
def gan_losses__real_fake_labels_swapped(d_real, d_fake, mode):
    return {"d_loss": _d_loss(-d_real, -d_fake), "g_loss": _g_loss(d_fake, mode)}


@misconception(
    zh="两种生成器损失弄反了：non_saturating 是 -log D(G(z))。",
    en="The two generator losses are exchanged: non_saturating is -log D(G(z)).",
    words="the two generator losses exchanged",
    words_zh="两种生成器损失互换",
)
def gan_losses__modes_swapped(d_real, d_fake, mode):
    other = "minimax" if mode == "non_saturating" else "non_saturating"
    return {"d_loss": _d_loss(d_real, d_fake), "g_loss": _g_loss(d_fake, other)}


@misconception(
    zh="minimax 的生成器损失是 +E log(1-D(G(z)))，要最小化它，符号反了。",
    en="The minimax loss of the generator, to be minimised, is +E log(1-D(G(z))); yours is negated.",
    words="-E log(1-D(G(z))) for minimax",
    words_zh="minimax 用了 -E log(1-D(G(z)))",
)
def gan_losses__minimax_sign_flipped(d_real, d_fake, mode):
    g_loss = _g_loss(d_fake, mode)
    return {
        "d_loss": _d_loss(d_real, d_fake),
        "g_loss": -g_loss if mode == "minimax" else g_loss,
    }


@misconception(
    zh="生成器损失的符号反了：两种形式都要写成越小越好。",
    en="The generator loss has the wrong sign: write both forms so that smaller is better.",
    words="the generator loss negated",
    words_zh="生成器损失取了相反数",
)
def gan_losses__g_loss_negated(d_real, d_fake, mode):
    return {"d_loss": _d_loss(d_real, d_fake), "g_loss": -_g_loss(d_fake, mode)}


@misconception(
    zh="判别器损失是真、假两项之和，不要再除以 2。",
    en="The discriminator loss is the sum of its real and fake terms: do not halve it.",
    words="half of the discriminator loss",
    words_zh="减半的判别器损失",
)
def gan_losses__d_loss_averaged(d_real, d_fake, mode):
    return {"d_loss": _d_loss(d_real, d_fake) / 2, "g_loss": _g_loss(d_fake, mode)}


@misconception(
    zh="输入是 logits，不是概率：D = σ(logit)，不能直接取对数。",
    en="The inputs are logits, not probabilities: D = σ(logit), do not take their logs directly.",
    words="logits used as probabilities",
    words_zh="把 logits 当作概率",
)
def gan_losses__logits_treated_as_probabilities(d_real, d_fake, mode):
    real, fake, missed = d_real.log(), (1 - d_fake).log(), d_fake.log()
    g_loss = -missed.mean() if mode == "non_saturating" else fake.mean()
    return {"d_loss": -real.mean() - fake.mean(), "g_loss": g_loss}


@misconception(
    zh="sigmoid 饱和后 log 得到 -inf：-log D = softplus(-l)，-log(1-D) = softplus(l)。",
    en="The sigmoid saturates and its log is -inf: -log D = softplus(-l), -log(1-D) = softplus(l).",
    words="the log of the sigmoid, which overflows",
    words_zh="会溢出的 log(sigmoid)",
)
def gan_losses__log_of_sigmoid_overflows(d_real, d_fake, mode):
    real, fake = torch.sigmoid(d_real), torch.sigmoid(d_fake)
    d_loss = -real.log().mean() - (1 - fake).log().mean()
    g_loss = -fake.log().mean() if mode == "non_saturating" else (1 - fake).log().mean()
    return {"d_loss": d_loss, "g_loss": g_loss}


@misconception(
    zh="输入已经是 logits，不要再做一次 sigmoid。",
    en="The inputs are logits: do not apply a sigmoid before the logit formula.",
    words="a sigmoid before the logit formula",
    words_zh="在 logit 公式之前多做了一次 sigmoid",
)
def gan_losses__double_sigmoid(d_real, d_fake, mode):
    real, fake = torch.sigmoid(d_real), torch.sigmoid(d_fake)
    return {"d_loss": _d_loss(real, fake), "g_loss": _g_loss(fake, mode)}


@misconception(
    zh="判别器损失漏了真样本的一项：-E log D(x)。",
    en="The term of the real examples is missing in the discriminator loss: -E log D(x).",
    words="the fake term alone",
    words_zh="只有假样本的一项",
)
def gan_losses__only_fake_term(d_real, d_fake, mode):
    return {"d_loss": softplus(d_fake).mean(), "g_loss": _g_loss(d_fake, mode)}


@misconception(
    zh="真、假样本要各自平均再相加；拼在一起平均，个数不同时权重就不对。",
    en="Average real and fake examples each on its own and add: together they get other weights.",
    words="one mean over all n+m examples",
    words_zh="对全部 n+m 个样本取平均",
)
def gan_losses__concatenated_mean(d_real, d_fake, mode):
    d_loss = softplus(torch.cat([-d_real, d_fake])).mean()
    return {"d_loss": d_loss, "g_loss": _g_loss(d_fake, mode)}


@misconception(
    zh="判别器损失的符号反了：它是负对数似然，不会为负。",
    en="The discriminator loss has the wrong sign: as a negative log-likelihood it is positive.",
    words="the discriminator loss negated",
    words_zh="判别器损失取了相反数",
)
def gan_losses__d_loss_sign(d_real, d_fake, mode):
    return {"d_loss": -_d_loss(d_real, d_fake), "g_loss": _g_loss(d_fake, mode)}


# Question 3: the game


def _shares(p, q):
    """p/(p+q) and q/(p+q), 0 where both are 0."""
    total = torch.where(p + q > 0, p + q, 1.0)
    return p / total, q / total


def _d_star(p, q):
    return torch.where(p + q > 0, _shares(p, q)[0], 0.5)


def _value(p, q):
    real, fake = _shares(p, q)
    return (torch.xlogy(p, real) + torch.xlogy(q, fake)).sum()


def _js(p, q):
    real, fake = _shares(p, q)
    return (torch.xlogy(p, 2 * real) + torch.xlogy(q, 2 * fake)).sum() / 2


@misconception(
    zh="最优判别器是 p/(p+q)：它给出样本来自数据的概率，分子是 p。",
    en="The best discriminator is p/(p+q), the probability of being real: p is on top.",
    words="q/(p+q) as discriminator",
    words_zh="以 q/(p+q) 为判别器",
)
def gan_game__d_star_swapped(p, q):
    return {"d_star": _d_star(q, p), "value": _value(p, q), "js": _js(p, q)}


@misconception(
    zh="概率为 0 时 0·log0 得到 NaN，约定其值为 0。",
    en="0·log 0 gives NaN; its value is 0 by convention.",
    words="0·log 0, which is NaN",
    words_zh="得到 NaN 的 0·log 0",
)
def gan_game__nan_on_zero_probability(p, q):
    real, fake = _shares(p, q)
    return {
        "d_star": _d_star(p, q),
        "value": (p * real.log() + q * fake.log()).sum(),
        "js": (p * (2 * real).log() + q * (2 * fake).log()).sum() / 2,
    }


@misconception(
    zh="JS 散度是两个 KL 的平均，漏了系数 1/2。",
    en="The JS divergence is the mean of two KLs: the factor 1/2 is missing.",
    words="the sum of the two KLs as js",
    words_zh="以两个 KL 之和为 js",
)
def gan_game__js_not_halved(p, q):
    return {"d_star": _d_star(p, q), "value": _value(p, q), "js": 2 * _js(p, q)}


@misconception(
    zh="本课程用自然对数：JS 散度的最大值是 ln 2，不是 1。",
    en="Logarithms are natural here: the largest JS divergence is ln 2, not 1.",
    words="js with base 2",
    words_zh="以 2 为底的 js",
)
def gan_game__js_base_2(p, q):
    return {"d_star": _d_star(p, q), "value": _value(p, q), "js": _js(p, q) / math.log(2)}


@misconception(
    zh="JS 散度要分别与混合分布 (p+q)/2 比较；你算的是 KL(p‖q)，支撑集不重叠时它是无穷。",
    en="JS compares with the mixture (p+q)/2; yours is KL(p‖q), which may be infinite.",
    words="KL(p‖q) as js",
    words_zh="以 KL(p‖q) 为 js",
)
def gan_game__js_is_kl(p, q):
    kl = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()
    return {"d_star": _d_star(p, q), "value": _value(p, q), "js": kl}


@misconception(
    zh="博弈的值是 2·JS - 2 ln 2，你漏了常数 -2 ln 2。",
    en="The value of the game is 2·JS - 2 ln 2; the constant is missing.",
    words="2·JS as value",
    words_zh="以 2·JS 为值",
)
def gan_game__value_missing_2log2(p, q):
    js = _js(p, q)
    return {"d_star": _d_star(p, q), "value": 2 * js, "js": js}


@misconception(
    zh="value 的符号反了：它是对数概率的期望，不会为正。",
    en="The value has the wrong sign: an expected log-probability is never positive.",
    words="the value negated",
    words_zh="取了相反数的值",
)
def gan_game__value_sign(p, q):
    return {"d_star": _d_star(p, q), "value": -_value(p, q), "js": _js(p, q)}


@misconception(
    zh="混合分布是 (p+q)/2，漏了除以 2。",
    en="The mixture is (p+q)/2; the division by 2 is missing.",
    words="p+q as mixture in js",
    words_zh="js 中以 p+q 为混合分布",
)
def gan_game__mixture_not_halved(p, q):
    value = _value(p, q)
    return {"d_star": _d_star(p, q), "value": value, "js": value / 2}


# Question 3: gradients


def _leaves(params):
    return {key: value.detach().clone().requires_grad_() for key, value in params.items()}


def _net(params, x):
    return torch.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]


def _players(g_params, d_params, x_real, z):
    """Parameters with gradients, and the logits of real and fake examples."""
    g, d = _leaves(g_params), _leaves(d_params)
    return g, d, _net(d, x_real), _net(d, _net(g, z))


def _slopes(loss, params):
    grads = torch.autograd.grad(loss, list(params.values()), retain_graph=True)
    return dict(zip(params, grads, strict=True))


def _played(d_loss, g_loss, d_grads, g_grads):
    return {
        "d_loss": d_loss.detach(),
        "g_loss": g_loss.detach(),
        "d_grads": d_grads,
        "g_grads": g_grads,
    }


@misconception(
    zh="g_loss 的梯度累加进了判别器：更新 D 前要清零，或对 fake 使用 detach。",
    en="The gradient of g_loss was accumulated into D: clear it, and detach the fakes in D's step.",
    words="d_grads with the gradient of g_loss added",
    words_zh="累加了 g_loss 梯度的 d_grads",
)
def gan_gradients__d_grads_accumulate_g_loss(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    return _played(d_loss, g_loss, _slopes(d_loss + g_loss, d), _slopes(g_loss, g))


@misconception(
    zh="d_loss 的梯度累加进了生成器：D 那一步要用 fake.detach()，或在 G 那一步之前清零。",
    en="The gradient of d_loss was accumulated into G: use fake.detach() in D's step, or clear it.",
    words="g_grads with the gradient of d_loss added",
    words_zh="累加了 d_loss 梯度的 g_grads",
)
def gan_gradients__g_grads_accumulate_d_loss(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    return _played(d_loss, g_loss, _slopes(d_loss, d), _slopes(d_loss + g_loss, g))


@misconception(
    zh="g_loss 里的 fake 也被 detach 了，生成器得不到梯度：detach 只用在 d_loss 里。",
    en="The fakes are detached in g_loss, too, so G gets no gradient: detach them in d_loss only.",
    words="generator gradients of 0, the fakes detached",
    words_zh="fake 被 detach、生成器梯度全为 0",
)
def gan_gradients__generator_detached(g_params, d_params, x_real, z):
    _, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    nothing = {key: torch.zeros_like(value) for key, value in g_params.items()}
    return _played(d_loss, g_loss, _slopes(d_loss, d), nothing)


@misconception(
    zh="生成器应最小化自己的损失，而不是判别器的损失。",
    en="The generator minimises its own loss, not the discriminator's.",
    words="the gradient of d_loss for the generator",
    words_zh="生成器用了 d_loss 的梯度",
)
def gan_gradients__generator_minimises_d_loss(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    return _played(d_loss, g_loss, _slopes(d_loss, d), _slopes(d_loss, g))


@misconception(
    zh="这里要用不饱和的生成器损失 -E log D(G(z))，你用了 minimax 的。",
    en="The non-saturating loss -E log D(G(z)) is asked for; you used that of minimax.",
    words="the minimax loss for the generator",
    words_zh="生成器用了 minimax 损失",
)
def gan_gradients__saturating_generator(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "minimax")
    return _played(d_loss, g_loss, _slopes(d_loss, d), _slopes(g_loss, g))


@misconception(
    zh="判别器梯度的符号反了：d_loss 是要最小化的，不要再取相反数。",
    en="The gradient of D has the wrong sign: d_loss is minimised, do not negate it.",
    words="d_grads negated",
    words_zh="取了相反数的 d_grads",
)
def gan_gradients__d_ascends(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    return _played(d_loss, g_loss, _slopes(-d_loss, d), _slopes(g_loss, g))


@misconception(
    zh="判别器的梯度漏了真样本的一项：d_loss 有真、假两项。",
    en="The real examples are missing in the gradient of D: d_loss has a real and a fake term.",
    words="d_grads of the fakes alone",
    words_zh="只有假样本的 d_grads",
)
def gan_gradients__real_term_missing(g_params, d_params, x_real, z):
    g, d, real, fake = _players(g_params, d_params, x_real, z)
    d_loss, g_loss = _d_loss(real, fake), _g_loss(fake, "non_saturating")
    return _played(d_loss, g_loss, _slopes(softplus(fake).mean(), d), _slopes(g_loss, g))
