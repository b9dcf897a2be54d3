"""BentoML around the project's predictor."""

from typing import Any

import bentoml

from mlops_maturity.model.predictor import Predictor


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Penguins:
    """The service."""

    def __init__(self) -> None:
        self.predictor = Predictor.load()

    @bentoml.api
    async def predict(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The most probable class, and the probability of each."""
        return self.predictor.answers(self.predictor.of_records(records))
