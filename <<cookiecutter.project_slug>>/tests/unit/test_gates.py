"""A gate opens for a model that is good enough, and for no other."""

import numpy as np
import pytest

from << cookiecutter.__package_name >>.errors import ProjectError
from << cookiecutter.__package_name >>.params import Gates
from << cookiecutter.__package_name >>.training.gates import judge, require_open
from << cookiecutter.__package_name >>.training.metrics import calibration_error, gains, loss

pytestmark = pytest.mark.requirement("0-BASE")

BOUNDS = Gates(beats_trivial=0.5, beats_simple=-0.1)


def test_good_model_passes() -> None:
    require_open(judge({"trivial": 0.6, "simple": -0.05}, BOUNDS))


@pytest.mark.parametrize(
    ("gains", "message"),
    [
        ({"trivial": 0.4, "simple": 0.1}, r"beats_trivial: .*: \+40.0%, at least \+50.0% is required"),
        ({"trivial": 0.6, "simple": -0.2}, r"beats_simple: .*: -20.0%, at least -10.0% is required"),
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


def test_gains_are_shares_of_the_trivial_models_loss() -> None:
    target, ours, simple, trivial = (np.full(2, value) for value in (0.0, 1.0, 1.5, 2.0))
    assert gains("regression", target, ours, trivial, simple) == {"trivial": 0.75, "simple": 1.25 / 4}


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05]])
    assert calibration_error(np.array([0, 1]), probabilities) == pytest.approx(0.45)
