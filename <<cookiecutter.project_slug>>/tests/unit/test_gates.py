"""A gate opens for a model that is good enough, and for no other."""

import numpy as np
import pytest

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Gates
from << cookiecutter.__package_name >>.training.gates import judge, require_open
from << cookiecutter.__package_name >>.training.metrics import calibration_error, gain, loss

pytestmark = pytest.mark.requirement("0-BASE")

BOUNDS = Gates(beats_trivial=0.5, beats_simple=-0.1)


def test_good_model_passes() -> None:
    require_open(judge({"trivial": 0.6, "simple": -0.05}, BOUNDS))


@pytest.mark.parametrize(
    ("gains", "message"),
    [
        ({"trivial": 0.4, "simple": 0.1}, "beats_trivial: saves 40.0% of the trivial model's loss, must save 50.0%"),
        ({"trivial": 0.6, "simple": -0.2}, "beats_simple: adds 20.0% of the simple model's loss, may add 10.0%"),
        ({"trivial": float("nan"), "simple": 0.1}, "beats_trivial"),
    ],
)
def test_weak_model_does_not(gains: dict[str, float], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        require_open(judge(gains, BOUNDS))


def test_loss_is_the_log_loss_or_the_squared_error() -> None:
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert loss("classification", np.array([1, 0]), probabilities) == pytest.approx(-np.log([0.75, 0.5]).mean())
    assert loss("regression", np.array([1.0, 2.0]), np.array([2.0, 4.0])) == 2.5


def test_gain_is_the_share_of_the_loss_that_is_saved() -> None:
    target, ours, theirs = np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([2.0, 2.0])
    assert gain("regression", target, ours, theirs) == 0.75


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05]])
    assert calibration_error(np.array([0, 1]), probabilities) == pytest.approx(0.45)
