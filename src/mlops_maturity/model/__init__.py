"""A model as a file, and asking it."""
