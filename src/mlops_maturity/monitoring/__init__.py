"""The model in production: its live data and live performance, and whether they ask for a new model."""
