"""A gate opens for a model that is good enough, and for no other."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Gates, Params
from << cookiecutter.__package_name >>.training.gates import judge, require_open
from << cookiecutter.__package_name >>.training.metrics import calibration_error, gains, loss, scores, trivial

pytestmark = pytest.mark.requirement("0-BASE")

TARGETS = {"accuracy": 0.9, "log_loss": 0.5}


@pytest.fixture
def bounds(params: Params) -> Gates:
    return params.changed(**{"gates.beats_trivial": 0.5, "gates.beats_simple": -0.1, "gates.targets": {}}).gates


def measured(trivial: float, simple: float, **scores: float) -> dict[str, dict[str, Any]]:
    return {"gains": {"trivial": trivial, "simple": simple}, "scores": {"test": scores}}


def test_good_model_passes(bounds: Gates) -> None:
    require_open(judge(measured(0.6, -0.05), bounds))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (measured(0.4, 0.1), r"beats_trivial: .*: \+40.0%, at least \+50.0% is required"),
        (measured(0.6, -0.2), r"beats_simple: .*: -20.0%, at least -10.0% is required"),
        (measured(float("nan"), 0.1), "beats_trivial"),
    ],
)
@pytest.mark.ml_test_score("Model 5", 1.0)
def test_weak_model_does_not(found: dict[str, dict[str, Any]], message: str, bounds: Gates) -> None:
    with pytest.raises(ProjectError, match=message):
        require_open(judge(found, bounds))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"accuracy": 0.89, "log_loss": 0.4}, r"target_accuracy: .*: 0\.89, at least 0\.9 is required"),
        ({"accuracy": 0.91, "log_loss": 0.6}, r"target_log_loss: .*: 0\.6, at most 0\.5 is required"),
        ({"accuracy": 0.91}, "gates.targets: log_loss is not measured"),
    ],
)
def test_targets_are_met_or_the_gate_stays_closed(scores: dict[str, float], message: str, bounds: Gates) -> None:
    required = bounds.model_copy(update={"targets": TARGETS})
    require_open(judge(measured(0.6, 0.0, accuracy=0.9, log_loss=0.5), required))
    with pytest.raises(ProjectError, match=message):
        require_open(judge(measured(0.6, 0.0, **scores), required))


def test_loss_is_the_log_loss_or_the_squared_error() -> None:
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert loss("classification", np.array([1, 0]), probabilities) == pytest.approx(-np.log([0.75, 0.5]).mean())
    assert loss("regression", np.array([1.0, 2.0]), np.array([2.0, 4.0])) == 2.5


def test_gains_are_shares_of_the_trivial_models_loss() -> None:
    target, ours, simple, trivial = (np.full(2, value) for value in (0.0, 1.0, 1.5, 2.0))
    assert gains("regression", target, ours, trivial, simple) == {"trivial": 0.75, "simple": 1.25 / 4}


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05]])
    assert calibration_error(np.array([0, 1]), probabilities) == pytest.approx(0.45)


def test_scores_of_classes_are_scikit_learns() -> None:
    random = np.random.default_rng(7)
    # Rounded, so that some rows have the same probability.
    target, predicted = random.integers(0, 3, 200), random.dirichlet([1, 1, 1], 200).round(1)
    labels, found = predicted.argmax(axis=1), scores("classification", target, predicted)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(target, labels))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(target, labels))
    assert found["f1_macro"] == pytest.approx(sk.f1_score(target, labels, average="macro"))
    areas = [sk.roc_auc_score(target == number, predicted[:, number]) for number in range(3)]
    assert found["roc_auc"] == pytest.approx(np.mean(areas))


def test_scores_of_values_are_scikit_learns() -> None:
    target, predicted = np.random.default_rng(7).normal(size=(2, 200))
    found = scores("regression", target, predicted)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(target, predicted))
    assert found["r2"] == pytest.approx(sk.r2_score(target, predicted))


def test_class_that_the_model_does_not_know_is_never_right() -> None:
    found = scores("classification", np.array([0, 0, -1, -1]), np.array([[0.9, 0.1]] * 4))
    assert found["accuracy"] == 0.5
    assert found["balanced_accuracy"] == 0.5
    assert "roc_auc" not in found


def test_trivial_model_answers_how_frequent_the_classes_are() -> None:
    assert trivial("classification", np.array([0, 0, 2, 2]), 2, 3).tolist() == [[0.5, 0, 0.5]] * 2
    assert trivial("regression", np.array([1.0, 2.0]), 2, 0).tolist() == [1.5, 1.5]
