"""The project's service under the web framework alone: no layer for speed, no log, no metrics (level 0 has this)."""

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.service import create_app

app = create_app(Predictor.load())
