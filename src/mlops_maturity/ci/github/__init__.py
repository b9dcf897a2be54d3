"""What the project asks of GitHub, where it lives."""
