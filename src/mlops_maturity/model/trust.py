"""Which types a stored model may hold: skops' own list, the library's, and what a project trusts."""

from collections.abc import Iterable

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import PARAMS

# What ordinary estimators are made of beside what skops knows: types of NumPy and scikit-learn that hold numbers, and a
# function that checks an array. A partial is no more than its parts, each of which is looked at by itself.
KNOWN = (
    "functools.partial",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
)


def trusted_of(model: bytes, trusted: Iterable[str]) -> list[str]:
    """The types beyond skops' own that a model may hold.

    Args:
        model: stored with skops.
        trusted: by the project.

    Raises:
        ProjectError: it holds others; the text has the line that would trust them, and says what that means.
    """
    import skops.io

    allowed = {*KNOWN, *trusted}
    if unknown := sorted(set(skops.io.get_untrusted_types(data=model)) - allowed):
        line = f"trusted: [{', '.join(sorted({*trusted, *unknown}))}]"
        raise ProjectError(
            f"the model holds types that are not known to be safe: {', '.join(unknown)}. To trust them means that "
            "their code runs wherever the model is loaded, the service included. If it may, put this line into the "
            f"section `model` of {PARAMS}: `{line}`"
        )
    return sorted(allowed)
