"""What the project asks of GitLab, where it lives."""
