"""MLflow around the project's predictor: saves the model in the folder that is named."""

import sys
from typing import Any

import mlflow.models
import mlflow.pyfunc

from mlops_maturity.model.predictor import Predictor


class Penguins(mlflow.pyfunc.PythonModel):
    """The model."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002
        """Load it."""
        self.predictor = Predictor.load()

    # Without types: MLflow would check the input against them, which takes time.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        """The most probable class, and the probability of each."""
        records = model_input.to_dict("records")
        return self.predictor.answers(self.predictor.of_records(records))


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__)
else:
    mlflow.models.set_model(Penguins())
