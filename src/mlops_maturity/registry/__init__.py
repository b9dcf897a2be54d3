"""Versions of the model and the one in production."""
