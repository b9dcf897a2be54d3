"""The project's service without its log, or without its log and its metrics: what each of them costs."""

import os
from typing import Any

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving import live
from mlops_maturity.serving.log import PredictionLog


def forget(*_: Any) -> None:
    """Take it, and do nothing."""


log = PredictionLog("sqlite:///logs/unused.sqlite")
log.put = forget  # type: ignore[method-assign]
app = live.LiveApp(Predictor.load(), log)
if os.environ["WITHOUT"] == "log and metrics":
    app._telemetry.answered = app._telemetry.predicted = forget  # type: ignore[method-assign]
