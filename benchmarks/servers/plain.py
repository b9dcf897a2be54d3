"""The project's service under the web framework alone: no layer for speed, no log, no metrics (level 0 has this)."""

from penguin_species.serving.predictor import Predictor
from penguin_species.serving.service import create_app

app = create_app(Predictor.load())
