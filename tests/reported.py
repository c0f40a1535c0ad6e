"""One result with everything in it that a report can show, and the course around it."""

import base64
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from grader.course import Assignment, Course, Limits, Question, ScheduledAssignment
from grader.coursegrade import course_grade
from grader.gradebook import Mark
from grader.records import Student
from grader.result import (
    CellRun,
    CheckResult,
    Curve,
    Diagnosis,
    Extent,
    Figure,
    Isolation,
    NotebookRun,
    Part,
    Passage,
    Place,
    SubmissionResult,
    Text,
    Usage,
    Verdict,
    WrittenAnswer,
)
from grader.scoring import AssignmentScore, State, outcome, score_assignment

CST = timezone(timedelta(hours=8))
DUE = datetime(2026, 10, 9, 23, 59, tzinfo=CST)
PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
GD = Assignment(
    id="gd",
    title=Text("梯度下降与学习准则", "Gradient Descent and Learning Criteria"),
    questions=(
        Question("1", Text("损失函数", "Loss functions"), Decimal(18)),
        Question(
            "2",
            Text("一维梯度下降与数值梯度", "Descent on a square, numerical gradients"),
            Decimal(14),
        ),
        Question("3", Text("线性回归的梯度", "The gradient of linear regression"), Decimal(11)),
        Question(
            "4", Text("Softmax 回归的梯度", "The gradient of softmax regression"), Decimal(16)
        ),
        Question("7", Text("训练一个 Softmax 分类器", "Train a softmax classifier"), Decimal(8)),
        Question("h", Text("代码卫生", "Hygiene"), Decimal(4)),
        Question(
            "w1",
            Text(
                "思考题一：学习率的五种情形",
                "Written question 1: five regimes of the learning rate",
            ),
            Decimal(5),
            written=True,
        ),
        Question(
            "w2",
            Text("思考题二：批量大小", "Written question 2: batch size"),
            Decimal(5),
            written=True,
        ),
    ),
    limits=Limits(),
    course=Path("/course"),
)
COURSE = Course(
    Path("/course"),
    "深度学习",
    assignments=(ScheduledAssignment("gd", DUE), ScheduledAssignment("mlp", DUE)),
)
STUDENT = Student("2023110042", "欧阳知行")


def check(name, question, zh, en, points, verdict=Verdict.ACCEPTED, **more):
    points = Decimal(points)
    got = points if verdict is Verdict.ACCEPTED else Decimal(0)
    return CheckResult(name, question, Text(zh, en), verdict, points, got, **more)


MISSING_HALF = Diagnosis(
    "misconception",
    Text(
        "结果恰好是参考值的 2 倍：本课程的平方损失带系数 1/2（nndl 式 2.16）。",
        "Your value is exactly twice ours: the squared loss of this course carries a factor 1/2.",
    ),
    Text("检查 squared_loss 的定义。", "Compare with the definition in the notebook."),
    ("squared_loss.missing_half",),
)
OVERFLOW = Diagnosis(
    "misconception",
    Text(
        "logits 较大时 exp 溢出为 inf/NaN。",
        "exp overflows for large logits: the result holds NaN.",
    ),
    Text(
        "先减去每行的最大值，或使用 logsumexp。",
        "Subtract each row's maximum first, or use logsumexp.",
    ),
    ("cross_entropy_loss.overflow_no_shift",),
)


ANSWER = """学习率 $\\alpha$ 有五种情形：

1. $0 < \\alpha < 1/2$：单调收敛；
2. $1/2 < \\alpha < 1$：**振荡**收敛。

| α | 行为 |
|---|---|
| 0.1 | 收敛 |
"""


def sample():
    checks = (
        check(
            "1a",
            "1",
            "平方损失的数值正确",
            "squared_loss agrees with the reference",
            3,
            Verdict.WRONG_ANSWER,
            functions=("squared_loss",),
            diagnosis=MISSING_HALF,
        ),
        check(
            "1b",
            "1",
            "(N,1) 与 (N,) 混用时不会广播成 N×N",
            "squared_loss does not broadcast (N,1) and (N,) to N×N",
            2,
            functions=("squared_loss",),
        ),
        check(
            "1c",
            "1",
            "0-1 损失正确",
            "zero_one_loss agrees with the reference",
            3,
            functions=("zero_one_loss",),
        ),
        check(
            "1d",
            "1",
            "交叉熵损失正确",
            "cross_entropy_loss agrees with the reference",
            5,
            functions=("cross_entropy_loss",),
        ),
        check(
            "1e",
            "1",
            "logits 很大时交叉熵仍然有限且正确",
            "cross_entropy_loss stays finite and right for extreme logits",
            4,
            Verdict.WRONG_ANSWER,
            functions=("cross_entropy_loss",),
            diagnosis=OVERFLOW,
            evidence="SECRET-EVIDENCE",
        ),
        check(
            "1f",
            "1",
            "每行加一个常数，交叉熵不变",
            "adding a constant per row changes nothing",
            1,
            functions=("cross_entropy_loss",),
        ),
        check(
            "2a",
            "2",
            "θ² 上的梯度下降轨迹正确",
            "gd_on_square follows the right path",
            8,
            functions=("gd_on_square",),
        ),
        check(
            "2d",
            "2",
            "中心差分正确",
            "numerical_gradient is the central difference",
            6,
            Verdict.TIME_LIMIT_EXCEEDED,
            functions=("numerical_gradient",),
            diagnosis=Diagnosis(
                "call_time",
                Text("调用在 10 秒内没有结束。", "The call did not finish within 10 seconds."),
            ),
        ),
        check(
            "3a",
            "3",
            "不带惩罚项时，损失和梯度都正确",
            "loss and gradients are right when nothing is penalised",
            11,
            Verdict.JUDGE_ERROR,
            evidence="Traceback SECRET-TRACEBACK",
        ),
        check(
            "4a",
            "4",
            "损失、W 与 b 的梯度正确",
            "loss and the gradients of W and b are right",
            9,
            Verdict.WRONG_ANSWER,
            functions=("softmax_regression_grad", "cross_entropy_loss"),
            parts=(
                Part("loss", Decimal(3), Decimal(3)),
                Part("W", Decimal(4), Decimal(0)),
                Part("b", Decimal(2), Decimal(2)),
            ),
            diagnosis=Diagnosis(
                "factor",
                Text("W 的每一项都是参考值的 N 倍。", "Every entry of W is N times ours."),
                Text(
                    "损失取平均，梯度也要除以 N。",
                    "The loss is a mean, so the gradient is divided by N.",
                ),
                extent=Extent(12, 12, 0.9, (2, 1)),
            ),
        ),
        check(
            "4b",
            "4",
            "特征放大后仍然稳定",
            "stays stable for large features",
            7,
            functions=("softmax_regression_grad",),
            given_correct=("cross_entropy_loss",),
        ),
        check(
            "7a",
            "7",
            "在手写数字上训练，准确率达到 0.92",
            "trained on digits, accuracy reaches 0.92",
            8,
            functions=("train_softmax_regression", "predict"),
        ),
        check(
            "h1",
            "h",
            "输出的类型与设备跟随输入",
            "dtype and device follow the input",
            4,
            Verdict.FORBIDDEN_API,
            diagnosis=Diagnosis(
                "forbidden", Text("使用了 torch.autograd。", "torch.autograd is used.")
            ),
        ),
        check(
            "p1",
            "1",
            "公开自测：squared_loss([1,2],[0,0]) = 1.25",
            "public: squared_loss([1,2],[0,0]) = 1.25",
            0,
            public=True,
        ),
    )
    student = tuple(2.3 * 0.93**i + 0.05 * (i % 5) for i in range(60))
    return SubmissionResult(
        assignment="gd",
        student=STUDENT.id,
        attempt=2,
        verdict=Verdict.ACCEPTED,
        graded_at=DUE + timedelta(days=3),
        key="k",
        submitted_at=DUE + timedelta(hours=10),
        checks=checks,
        written=(
            WrittenAnswer("w1", Text("思考题一", "w1"), Decimal(5), filled=True, text=ANSWER),
            WrittenAnswer("w2", Text("思考题二", "w2"), Decimal(5), filled=False),
        ),
        notebook=NotebookRun(
            Verdict.ACCEPTED,
            cells=(
                CellRun(3, Verdict.ACCEPTED),
                CellRun(
                    12,
                    Verdict.RUN_TIME_ERROR,
                    0.2,
                    Diagnosis(
                        "cell_error",
                        Text("第 12 个单元抛出了异常。", "Cell 12 raised an exception."),
                        Text("检查两个张量的形状。", "Check the shapes of the two tensors."),
                    ),
                    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 10x784)",
                    4,
                    "logits = X @ W + b",
                    Passage(
                        Place(12, 4),
                        2,
                        (
                            "W = torch.zeros(10, 784)",
                            "b = torch.zeros(10)",
                            "logits = X @ W + b",
                            "probs = torch.softmax(logits, dim=1)",
                        ),
                    ),
                ),
            ),
            repairs=(
                Text("去掉了 !pip install torch", "Removed !pip install torch"),
                Text("补上了缺少的单元编号", "Added missing cell ids"),
            ),
            figures=(Figure(7, "image/png", PIXEL),),
        ),
        isolation=Isolation("linux", 3, "isolated"),
        usage=Usage(12.4, 15.1, 412),
        curves=(Curve("7a", "loss", student, tuple(2.3 * 0.9**i for i in range(60))),),
        grader_version="0.1.0",
    )


MARKS = {
    "w1": Mark(
        "gd", STUDENT.id, "w1", Decimal(4), "第三种情形缺少推导。<b>见</b>讲义。", "助教 王", DUE
    )
}


def grade(result, course=COURSE):
    """Where this homework puts the student: the project is not there yet."""
    score = score_assignment(
        GD, course.assignments[0], outcome(result), {"w1": Decimal(4)}, policy=course.late
    )
    mlp = AssignmentScore("mlp", Text("全连接网络", "Networks"), Decimal(100), State.MISSING)
    return course_grade(course, [score, mlp], Decimal("88"), None)
