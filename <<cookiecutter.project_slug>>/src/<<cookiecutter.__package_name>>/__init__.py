"""What is this project's own: its data, features, model and metrics."""
