"""Question 4: training a VAE and a GAN."""

import torch
from sklearn.datasets import load_digits

from grader import check


@check("p4a", points=0, functions=("train_vae", "vae_encode", "vae_decode"))
def test_vae(train, student, expect):
    """200 个数字、2 维隐变量：形状正确，训练损失下降
    200 digits, 2 latent dimensions: shapes fit and the training loss falls"""
    x = (torch.tensor(load_digits().data[:200]) >= 8).float()
    trained = train("train_vae", x, 2, seed=0)
    code = student.raw.vae_encode(trained.state, x[:7])
    for key in "mu", "logvar":
        value = code.get(key) if isinstance(code, dict) else None
        expect(
            torch.is_tensor(value) and tuple(value.shape) == (7, 2),
            f"`vae_encode` 返回的 `{key}` 应是形状为 (7, 2) 的张量。",
            f"`{key}` of `vae_encode` should be a tensor of shape (7, 2).",
        )
    trained.predict("vae_decode", torch.zeros(5, 2), shape=(5, 64))
    loss = trained.history["loss"]
    expect(
        loss[-1] < loss[0],
        "最后一轮的训练损失应低于第一轮。",
        "The training loss of the last epoch should be below that of the first.",
    )


@check("p4b", points=0, functions=("train_gan", "gan_sample"))
def test_gan(train, expect):
    """两团高斯点：样本的形状正确，都是有限数，落在数据附近
    two Gaussian clusters: samples have the right shape, are finite and near the data"""
    generator = torch.Generator().manual_seed(0)
    side = 2.0 * torch.randint(2, (2000, 1), generator=generator) - 1
    x = torch.tensor([[5.0, 1.0]]) + side + 0.2 * torch.randn(2000, 2, generator=generator)
    trained = train("train_gan", x, seed=0)
    points = trained.predict("gan_sample", 500, 0, shape=(500, 2))
    expect(points.isfinite().all(), "样本里有 NaN。", "There is NaN in the samples.")
    expect(
        ((points.mean(dim=0) - x.mean(dim=0)).abs() < 2).all(),
        "样本离数据很远：变换回 x 的单位了吗？",
        "The samples are far from the data: are they in the units of x?",
    )
