# %% [markdown] lang="zh"
# # 均值与方差
#
# 一个只有一道编程题和一道思考题的小作业，用来试用评分程序。

# %% [markdown] lang="en"
# # Mean and variance
#
# A small assignment with one function and one written question, for trying out the grader.

# %%
import torch

# %% [markdown] lang="zh"
# ## 第 1 题　样本的均值与方差（10 分）
#
# 给定形状为 $(N,)$ 的向量 $\boldsymbol{x}$，返回一个字典：
# `mean` 为 $\mu = \frac{1}{N}\sum_n x_n$，`variance` 为 $\frac{1}{N}\sum_n (x_n-\mu)^2$。

# %% [markdown] lang="en"
# ## Question 1: mean and variance of a sample (10 points)
#
# Given a vector $\boldsymbol{x}$ of shape $(N,)$, return a dict:
# `mean` is $\mu = \frac{1}{N}\sum_n x_n$, `variance` is $\frac{1}{N}\sum_n (x_n-\mu)^2$.


# %%
def moments(x):
    """向量的均值与方差 / Mean and variance of a vector.

    Args:
        x: (N,)

    Returns:
        {"mean": scalar tensor, "variance": scalar tensor}
    """
    # BEGIN SOLUTION
    n = x.numel()
    mean = torch.sum(x) / n
    return {"mean": mean, "variance": torch.sum((x - mean) ** 2) / n}
    # END SOLUTION


# %% active="ipynb"
# from grader import check_here
#
# check_here("moments")

# %% active="ipynb"
# moments(torch.tensor([1.0, 2.0, 3.0, 4.0]))

# %% [markdown] lang="zh"
# ## 思考题（5 分）
#
# 样本方差有时除以 $N$，有时除以 $N-1$。两者有什么不同？

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en"
# ## Written question (5 points)
#
# The variance of a sample is sometimes divided by $N$, sometimes by $N-1$. How do they differ?

# %% [markdown] lang="en" written="w1"
# *Your answer here.*
