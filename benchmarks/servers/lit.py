"""LitServe around the project's predictor."""

import sys
from typing import Any

import litserve

from mlops_maturity.model.predictor import Predictor


class Penguins(litserve.LitAPI):
    """The service."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        """Load the model."""
        self.predictor = Predictor.load()

    def decode_request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """The records of a request."""
        return request["records"]

    def predict(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The most probable class, and the probability of each."""
        return self.predictor.answers(self.predictor.of_records(records))

    def encode_response(self, answers: list[dict[str, Any]]) -> dict[str, Any]:
        """What is sent."""
        return {"predictions": answers}


if __name__ == "__main__":
    server = litserve.LitServer(Penguins(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, log_level="error", generate_client_file=False
    )
