"""Training: models, evaluation, gates, report, tuning."""

from mlops_maturity.training.inputs import Inputs

__all__ = ["Inputs"]
