"""What a person should know before trusting a model's scores."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_maturity.project.numbers import number, percent

FEWEST_TEST_ROWS = 50
# In shares of the baseline's loss: a gap between train and test set, a gain on the simple model, one on the baseline.
OVERFITS = 0.1
AS_GOOD = 0.01
WEAK = 0.1
# What saves so much of it seldom predicts, but adds up what is known.
SUSPICIOUS = 0.995
# Of the answers that are wrong if they are always the most frequent class, the share that a model must put right.
HARDLY = 0.05


def caveats(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Each reason for doubt, in one sentence that says what to do.

    Args:
        metrics: `scores` by set, `gains` and `rows`, as in metrics.json.
    """
    scores, gains, rows = metrics["scores"], metrics["gains"], metrics["rows"]["test"]
    test, train = scores["test"], scores["train"]
    name = "log_loss" if "log_loss" in test else "mse"
    label = name.replace("_", " ") if name == "log_loss" else "mean squared error"
    if test.get("r2", 0.0) < 0:
        yield (
            f"R² is {number(test['r2'])} on the test set: its own mean would predict it better than the model does; "
            "look for columns that explain the target, and whether the test set differs from the train set"
        )
    elif gains["baseline"] < WEAK:
        side = "below" if gains["baseline"] >= 0 else "above"
        yield (
            f"a weak signal: the {label} is {percent(abs(gains['baseline']))} {side} that of a guess without any "
            "column; look for columns that explain the target before you rely on the model"
        )
    elif gains["baseline"] >= SUSPICIOUS:
        yield (
            f"suspiciously good: the loss is {percent(gains['baseline'])} below the baseline's; are parts of the "
            "target, or what is known only after it, among the columns?"
        )
    accuracy, usual = test.get("accuracy", 1.0), scores["baseline, test"].get("accuracy", 0.0)
    if 1 - accuracy > (1 - HARDLY) * (1 - usual):
        yield (
            f"the accuracy, {number(accuracy)}, is hardly a gain: the most frequent class alone reaches "
            f"{number(usual)}; judge the model by its balanced accuracy"
        )
    if test[name] > 2 * train[name] and test[name] - train[name] > OVERFITS * scores["baseline, test"][name]:
        yield (
            f"overfitting: {label} {number(train[name])} on the train set, {number(test[name])} on the test set; use "
            "a simpler model, more regularisation or more rows"
        )
    if gains["simple"] < AS_GOOD:
        side = "better" if gains["simple"] >= 0 else "worse"
        yield (
            f"a simple model is as good: a single small tree's loss is within {percent(abs(gains['simple']))} of the "
            f"baseline's, and this one's is {side}; prefer the simple one, or look for better features"
        )
    if rows < FEWEST_TEST_ROWS:
        yield f"few rows: the test set has {rows:,}; scores of so few may change much with the next data"
