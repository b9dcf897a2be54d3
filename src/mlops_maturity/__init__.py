"""A machine-learning project at an MLOps maturity level: training, serving, delivery, monitoring and their checks."""
